/* cose.c - COSE_Sign1 (RFC 9052, 4.2 and 4.4) with EdDSA. */
#include "crypto/cose.h"

#include <assert.h>

static const char CONTEXT[] = "Signature1";

static bool refuse(struct ec_text *why, const char *what, const struct ec_cbor *cbor)
{
	if (!why)
		return false;
	ec_text_add(why, "%s", what);
	if (cbor) {
		ec_text_add(why, ": ");
		ec_cbor_explain(cbor, why);
	}
	return false;
}

/* Reads the map inside the protected header's byte string. */
static bool protected_read(struct ec_cose_sign1 *out, struct ec_text *why)
{
	if (out->protected_map.size == 0)
		return true; /* RFC 9052, 3: the empty map may be an empty string */
	struct ec_cbor cbor = ec_cbor_over(out->protected_map.data, out->protected_map.size);
	uint32_t pairs = ec_cbor_map(&cbor, EC_COSE_HEADER_MAX);
	if (pairs == 0)
		out->protected_map.size = 0;
	for (uint32_t i = 0; i < pairs && !cbor.error; i++) {
		bool number = ec_cbor_peek(&cbor) == EC_CBOR_UINT;
		struct ec_cbor key = cbor;
		uint64_t label = number ? ec_cbor_uint(&key, UINT64_MAX) : 0;
		ec_cbor_skip(&cbor);
		enum ec_cbor_type type = ec_cbor_peek(&cbor);
		bool integer = type == EC_CBOR_UINT || type == EC_CBOR_NINT;
		if (label == EC_COSE_HEADER_ALG && integer)
			out->algorithm = ec_cbor_int(&cbor);
		else if (label == EC_COSE_HEADER_KID)
			out->key_id = ec_cbor_bytes(&cbor, EC_COSE_HEADER_MAX);
		else
			ec_cbor_skip(&cbor);
	}
	return ec_cbor_done(&cbor) || refuse(why, "the protected header", &cbor);
}

bool ec_cose_sign1_parse(const void *data, size_t size, struct ec_cose_sign1 *out,
                         struct ec_text *why)
{
	*out = (struct ec_cose_sign1){0};
	struct ec_cbor cbor = ec_cbor_over(data, size);
	if (ec_cbor_tag(&cbor) != EC_COSE_TAG)
		ec_cbor_refuse(&cbor);
	ec_cbor_array_exact(&cbor, 4);
	out->protected_map = ec_cbor_bytes(&cbor, EC_COSE_HEADER_MAX);
	bool map = ec_cbor_peek(&cbor) == EC_CBOR_MAP;
	out->unprotected_map = ec_cbor_span(&cbor);
	if (!map || out->unprotected_map.size > EC_COSE_HEADER_MAX)
		ec_cbor_refuse(&cbor);
	out->payload = ec_cbor_bytes(&cbor, EC_CBOR_SIZE_MAX);
	out->signature = ec_cbor_bytes(&cbor, EC_COSE_SIGNATURE_MAX);
	if (!ec_cbor_done(&cbor))
		return refuse(why, "not a COSE_Sign1", &cbor);
	return protected_read(out, why);
}

static bool map_empty(struct ec_view map)
{
	return map.size == 0 || (map.size == 1 && map.data[0] == 0xa0);
}

size_t ec_cose_to_be_signed(struct ec_view protected_map, struct ec_view external,
                            struct ec_view payload, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, 4);
	ec_cbor_write_text(&writer, CONTEXT, sizeof CONTEXT - 1);
	ec_cbor_write_bytes(&writer, protected_map.data,
	                    map_empty(protected_map) ? 0 : protected_map.size);
	ec_cbor_write_bytes(&writer, external.data, external.size);
	ec_cbor_write_bytes(&writer, payload.data, payload.size);
	ec_cbor_writer_ok(&writer); /* the size says whether it fitted */
	return writer.out.size;
}

size_t ec_cose_sign1_write(struct ec_view protected_map, struct ec_view payload,
                           const uint8_t signature[static EC_SIGNATURE_SIZE], uint8_t *out,
                           size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_tag(&writer, EC_COSE_TAG);
	ec_cbor_write_array(&writer, 4);
	ec_cbor_write_bytes(&writer, protected_map.data,
	                    map_empty(protected_map) ? 0 : protected_map.size);
	ec_cbor_write_map(&writer, 0);
	ec_cbor_write_bytes(&writer, payload.data, payload.size);
	ec_cbor_write_bytes(&writer, signature, EC_SIGNATURE_SIZE);
	ec_cbor_writer_ok(&writer);
	return writer.out.size;
}

bool ec_cose_sign1_verify(const struct ec_crypto *crypto, const uint8_t key[static EC_KEY_SIZE],
                          const struct ec_cose_sign1 *sign1, uint8_t *scratch, size_t scratch_max,
                          struct ec_text *why)
{
	if (sign1->algorithm != EC_COSE_EDDSA)
		return refuse(why, "the protected header does not name EdDSA", NULL);
	if (sign1->signature.size != EC_SIGNATURE_SIZE)
		return refuse(why, "the signature is not one of 64 bytes", NULL);
	size_t size = ec_cose_to_be_signed(sign1->protected_map, (struct ec_view){0},
	                                   sign1->payload, scratch, scratch_max);
	if (size > scratch_max)
		return refuse(why, "it is larger than this caller takes", NULL);
	if (!crypto->verify(key, scratch, size, sign1->signature.data))
		return refuse(why, "the signature is not by this key over this content", NULL);
	return true;
}
