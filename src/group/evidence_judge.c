/* evidence_judge.c - evidence judged with nothing but the genesis, far from any member. */
#include "group/evidence.h"

#include "base/cbor.h"
#include "group/era.h"

#include <inttypes.h>
#include <stdio.h>

static struct ec_bytes bytes_of(struct ec_cbor *cbor)
{
	struct ec_view view = ec_cbor_bytes(cbor, EC_EVIDENCE_SIZE_MAX);
	return (struct ec_bytes){.data = view.data, .size = view.size};
}

bool ec_evidence_read(struct ec_bytes bytes, struct ec_evidence *evidence)
{
	static const char form[] = EC_EVIDENCE_FORM;
	struct ec_cbor cbor = ec_cbor_over(bytes.data, bytes.size);
	ec_cbor_array_exact(&cbor, 6);
	struct ec_view named = ec_cbor_text(&cbor, sizeof form);
	evidence->genesis = ec_cbor_hash(&cbor);
	evidence->era = ec_cbor_uint(&cbor, INT64_MAX);
	evidence->index = (uint32_t)ec_cbor_uint(&cbor, UINT32_MAX);
	evidence->head = bytes_of(&cbor);
	evidence->body = bytes_of(&cbor);
	return ec_cbor_done(&cbor) && named.size == sizeof form - 1 &&
	       memcmp(named.data, form, named.size) == 0;
}

/* By what the era says: its seat's key, its protocol, its domain. */
static bool era_judge(const struct era *era, const struct ec_evidence *evidence, char *why,
                      size_t why_size)
{
	if (evidence->index >= era->roster.n)
		snprintf(why, why_size, "there is no member %u in era %" PRIu64 ", which has %u",
		         evidence->index, evidence->era, era->roster.n);
	else if (era->protocol->guilty(&era->config, evidence->index, evidence->head,
	                               evidence->body))
		return true;
	else
		snprintf(why, why_size,
		         "it does not show that member %u of era %" PRIu64 " broke the protocol "
		         "%s: two words, both signed by its era key for this group and era, of "
		         "which a correct member says one",
		         evidence->index, evidence->era, era->protocol->name);
	return false;
}

bool ec_evidence_judge(const struct ec_genesis *genesis, const struct ec_membership *roster,
                       const void *protocols, const struct ec_crypto *crypto,
                       const struct ec_evidence *evidence, char *why, size_t why_size)
{
	if (!ec_hash_equal(&evidence->genesis, &genesis->hash)) {
		snprintf(why, why_size, "it is of another group: it names another genesis");
		return false;
	}
	if (roster->era != evidence->era) {
		snprintf(why, why_size, "it is of era %" PRIu64 ", the roster is that of %" PRIu64,
		         evidence->era, roster->era);
		return false;
	}
	const struct ec_member_config config = {
		.genesis = genesis, .crypto = crypto, .protocols = protocols};
	struct era *era = era_new(&config, ec_membership_copy(roster), 0, why, why_size);
	if (!era)
		return false;
	bool guilty = era_judge(era, evidence, why, why_size);
	era_free(era);
	return guilty;
}
