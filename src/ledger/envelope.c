/* envelope.c - one signed transaction: COSE_Sign1 with the author's key, lane and sequence. */
#include "ledger/envelope.h"
#include "crypto/cose.h"
#include "crypto/hash.h"
#include "ledger/envelope_scan.h"
#include "ledger/field.h"

#include <assert.h>
#include <stdlib.h>

enum {
	LABEL_EDGECORD = -65537,
	PAYLOAD_ITEMS_MAX = 64,
	PROTECTED_SIZE_MAX = 160,
	STACK_SIZE = 2048, /* a signed text up to this needs no memory from the heap */
};

static struct ec_view view_of(struct ec_bytes bytes)
{
	return (struct ec_view){bytes.data, bytes.size};
}

static bool payload_read(struct ec_envelope *out, char *why, size_t why_size)
{
	struct ec_cbor cbor = ec_cbor_over(out->payload.data, out->payload.size);
	uint32_t items = ec_cbor_array(&cbor, PAYLOAD_ITEMS_MAX);
	out->kind = ec_cbor_uint(&cbor, FIELD_UINT_MAX);
	out->body = cbor;
	out->body_items = items ? items - 1 : 0;
	for (uint32_t i = 1; i < items; i++)
		ec_cbor_skip(&cbor);
	return ec_cbor_done(&cbor) || field_explain(&cbor, "envelope, payload", why, why_size);
}

/* Reads the form and makes the id; judges the signature when `crypto` is given. */
static enum ec_envelope_fault form_judge(struct ec_bytes bytes, const struct ec_crypto *crypto,
                                         struct ec_envelope *out, char *why, size_t why_size)
{
	if (!envelope_scan(bytes, out)) {
		if (why)
			envelope_parse(bytes, out, why, why_size);
		return EC_ENVELOPE_FORM;
	}
	if (!payload_read(out, why, why_size))
		return EC_ENVELOPE_FORM;
	uint8_t stack[STACK_SIZE], *text = bytes.size > sizeof stack ? malloc(bytes.size) : stack;
	if (!text)
		abort();
	size_t size = envelope_signed(out, text);
	out->id = ec_sha256(text, size);
	bool good = !crypto || crypto->verify(out->author, text, size, out->signature);
	if (text != stack)
		free(text);
	if (!good)
		field_refuse(why, why_size, "envelope: the signature is not its author's");
	return good ? EC_ENVELOPE_GOOD : EC_ENVELOPE_SIGNATURE;
}

bool ec_envelope_read(struct ec_bytes bytes, struct ec_envelope *out, char *why, size_t why_size)
{
	return form_judge(bytes, NULL, out, why, why_size) == EC_ENVELOPE_GOOD;
}

enum ec_envelope_fault ec_envelope_judge(const struct ec_genesis *genesis,
                                         const struct ec_crypto *crypto, struct ec_bytes bytes,
                                         struct ec_envelope *out, char *why, size_t why_size)
{
	static const uint8_t zeros[EC_SIGNATURE_SIZE];
	bool bare = genesis->flags & EC_GENESIS_UNSIGNED;
	if (bytes.size > genesis->envelope_bytes_max) {
		field_refuse(why, why_size, "envelope: %zu bytes; this group takes %llu",
		             bytes.size, (unsigned long long)genesis->envelope_bytes_max);
		return EC_ENVELOPE_SIZE;
	}
	enum ec_envelope_fault fault = form_judge(bytes, bare ? NULL : crypto, out, why, why_size);
	if (fault != EC_ENVELOPE_GOOD)
		return fault;
	if (!ec_hash_equal(&out->genesis, &genesis->hash)) {
		field_refuse(why, why_size, "envelope: it names another group's genesis");
		return EC_ENVELOPE_GROUP;
	}
	if (bare && memcmp(out->signature, zeros, sizeof zeros) != 0) {
		field_refuse(why, why_size, "envelope: a signature in an unsigned group");
		return EC_ENVELOPE_SIGNATURE;
	}
	return EC_ENVELOPE_GOOD;
}

bool ec_envelope_check(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                       struct ec_bytes bytes, struct ec_envelope *out, char *why, size_t why_size)
{
	return ec_envelope_judge(genesis, crypto, bytes, out, why, why_size) == EC_ENVELOPE_GOOD;
}

static size_t protected_write(const struct ec_envelope_plan *plan, uint8_t out[PROTECTED_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, PROTECTED_SIZE_MAX);
	ec_cbor_write_map(&writer, 3);
	ec_cbor_write_int(&writer, EC_COSE_HEADER_ALG);
	ec_cbor_write_int(&writer, EC_COSE_EDDSA);
	ec_cbor_write_int(&writer, EC_COSE_HEADER_KID);
	ec_cbor_write_bytes(&writer, plan->author->key, EC_KEY_SIZE);
	ec_cbor_write_int(&writer, LABEL_EDGECORD);
	ec_cbor_write_array(&writer, 4);
	ec_cbor_write_hash(&writer, &plan->genesis);
	ec_cbor_write_uint(&writer, plan->lane);
	ec_cbor_write_uint(&writer, plan->sequence);
	ec_cbor_write_uint(&writer, plan->expiry_ns);
	assert(ec_cbor_writer_ok(&writer));
	return writer.out.size;
}

void ec_envelope_salt(const struct ec_secret *author, const ec_hash *id,
                      uint8_t salt[static EC_SALT_SIZE])
{
	static const char purpose[] = "edgecord/salt/1";
	ec_hash key =
		ec_hmac_sha256(author->seed, sizeof author->seed, purpose, sizeof purpose - 1);
	ec_hash value = ec_hmac_sha256(key.b, sizeof key.b, id->b, sizeof id->b);
	memcpy(salt, value.b, EC_SALT_SIZE);
}

size_t ec_envelope_make(const struct ec_envelope_plan *plan, uint8_t *out, size_t size_max,
                        ec_hash *id, uint8_t salt[EC_SALT_SIZE])
{
	assert(plan->sequence > 0 && plan->sequence <= FIELD_UINT_MAX);
	assert(plan->lane <= EC_LANE_MAX && plan->expiry_ns <= FIELD_UINT_MAX);
	uint8_t header[PROTECTED_SIZE_MAX], signature[EC_SIGNATURE_SIZE];
	struct ec_bytes protected_header = {.data = header, .size = protected_write(plan, header)};
	struct ec_bytes payload = {.data = plan->payload, .size = plan->payload_size};
	struct ec_view none = {0}, protected_map = view_of(protected_header);
	size_t size = ec_cose_to_be_signed(protected_map, none, view_of(payload), NULL, 0);
	uint8_t *text = malloc(size);
	if (!text)
		abort();
	ec_cose_to_be_signed(protected_map, none, view_of(payload), text, size);
	ec_hash made = ec_sha256(text, size);
	memset(signature, 0, sizeof signature);
	if (plan->crypto)
		plan->crypto->sign(plan->author, text, size, signature);
	free(text);
	if (id)
		*id = made;
	if (salt)
		ec_envelope_salt(plan->author, &made, salt);
	size = ec_cose_sign1_write(protected_map, view_of(payload), signature, out, size_max);
	return size <= size_max ? size : 0;
}
