/* envelope_parse.c - an envelope read as COSE and CBOR, to say what is wrong with it. */
#include "crypto/cose.h"
#include "ledger/envelope_scan.h"
#include "ledger/field.h"

enum { LABEL_EDGECORD = -65537 };

static void label_read(struct ec_cbor *cbor, int64_t label)
{
	if (ec_cbor_int(cbor) != label)
		ec_cbor_refuse(cbor);
}

static bool protected_read(struct ec_envelope *out, char *why, size_t why_size)
{
	struct ec_cbor cbor = ec_cbor_over(out->protected_header.data, out->protected_header.size);
	if (ec_cbor_map(&cbor, 3) != 3)
		ec_cbor_refuse(&cbor);
	label_read(&cbor, EC_COSE_HEADER_ALG);
	label_read(&cbor, EC_COSE_EDDSA);
	label_read(&cbor, EC_COSE_HEADER_KID);
	ec_cbor_bytes_exact(&cbor, out->author, sizeof out->author);
	label_read(&cbor, LABEL_EDGECORD);
	ec_cbor_array_exact(&cbor, 4);
	out->genesis = ec_cbor_hash(&cbor);
	out->lane = ec_cbor_uint(&cbor, EC_LANE_MAX);
	out->sequence = ec_cbor_uint(&cbor, FIELD_UINT_MAX);
	if (out->sequence == 0)
		ec_cbor_refuse(&cbor);
	out->expiry_ns = ec_cbor_uint(&cbor, FIELD_UINT_MAX);
	return ec_cbor_done(&cbor) ||
	       field_explain(&cbor, "envelope, protected header", why, why_size);
}

/* The four parts, as parts of the bytes. */
static bool parts_read(struct ec_bytes bytes, struct ec_envelope *out, char *why, size_t why_size)
{
	struct ec_cose_sign1 sign1;
	struct ec_text text = ec_text_over(why, why ? why_size : 0);
	if (!ec_cose_sign1_parse(bytes.data, bytes.size, &sign1, why ? &text : NULL))
		return false;
	if (sign1.unprotected_map.size != 1)
		return field_refuse(why, why_size, "envelope: its unprotected header is not empty");
	if (sign1.signature.size != EC_SIGNATURE_SIZE)
		return field_refuse(why, why_size, "envelope: its signature is not of 64 bytes");
	if (sign1.payload.size == 0)
		return field_refuse(why, why_size, "envelope: its payload is empty");
	out->whole = bytes;
	out->protected_header = field_slice(bytes, sign1.protected_map);
	out->payload = field_slice(bytes, sign1.payload);
	memcpy(out->signature, sign1.signature.data, EC_SIGNATURE_SIZE);
	return true;
}

bool envelope_parse(struct ec_bytes bytes, struct ec_envelope *out, char *why, size_t why_size)
{
	return parts_read(bytes, out, why, why_size) && protected_read(out, why, why_size);
}
