/* certify.c - the newest certificate, and those that end eras. */
#include "ledger/inside.h"

#include <assert.h>
#include <stdlib.h>

static struct ec_bytes certificate_bytes(const struct ec_certificate *certificate)
{
	size_t size = ec_certificate_write(certificate, NULL, 0);
	uint8_t *bytes = malloc(size);
	if (!bytes)
		abort();
	size_t again = ec_certificate_write(certificate, bytes, size);
	assert(again == size);
	(void)again;
	return (struct ec_bytes){.data = bytes, .size = size};
}

static void era_end_certify(struct ec_ledger *ledger, uint64_t seq,
                            const struct ec_certificate *certificate)
{
	for (uint32_t i = 0; i < ledger->ends_count; i++) {
		struct era_end *end = &ledger->ends[i];
		if (end->seq != seq || end->certificate.size > 0)
			continue;
		end->certificate = certificate_bytes(certificate);
		end->dirty = true;
	}
}

void ec_ledger_certify(struct ec_ledger *ledger, uint64_t seq,
                       const struct ec_certificate *certificate)
{
	struct ec_bytes header;
	assert(seq <= ledger->final_seq);
	era_end_certify(ledger, seq, certificate);
	if (seq <= ledger->certified_seq || !ec_ledger_header(ledger, seq, &header))
		return;
	ledger->certificates++;
	bytes_free(&ledger->certificate);
	bytes_free(&ledger->certified_header);
	ledger->certified_seq = seq;
	ledger->certificate = certificate_bytes(certificate);
	ledger->certified_header = bytes_copy(header.data, header.size);
	ledger->certificate_dirty = true;
	ec_drop(header);
}

uint64_t ec_ledger_certified(const struct ec_ledger *ledger)
{
	return ledger->certified_seq;
}

uint64_t ec_ledger_certificates(const struct ec_ledger *ledger)
{
	return ledger->certificates;
}

bool ec_ledger_certified_header(struct ec_ledger *ledger, struct ec_bytes *header,
                                struct ec_bytes *certificate)
{
	const struct ec_bytes *kept = &ledger->certified_header, *proof = &ledger->certificate;
	if (ledger->certified_seq == 0)
		return false;
	*header = ec_pool_copy(ledger->config.pool, kept->data, kept->size);
	*certificate = ec_pool_copy(ledger->config.pool, proof->data, proof->size);
	return true;
}

enum ec_lookup ec_ledger_result(struct ec_ledger *ledger, const ec_hash *id, unsigned *code,
                                uint64_t *seq, uint32_t *index)
{
	struct id_place place;
	if (!id_find(ledger, id, &place))
		return older_missing(ledger) ? EC_ELSEWHERE : EC_UNKNOWN;
	if (seq)
		*seq = place.seq;
	if (index)
		*index = place.index;
	if (code)
		*code = place.code;
	return place.seq <= ledger->final_seq ? EC_FOUND : EC_NOT_YET;
}
