/* certificate.c - signatures of a quorum under one header. */
#include "ledger/header.h"
#include "ledger/field.h"

#include <assert.h>

static const char text_begin[] = "edgecord/certificate/1";
_Static_assert(sizeof text_begin - 1 + 32 == EC_CERTIFICATE_TEXT_SIZE, "text, then a hash");

void ec_certificate_text(const ec_hash *header_hash, uint8_t out[static EC_CERTIFICATE_TEXT_SIZE])
{
	memcpy(out, text_begin, sizeof text_begin - 1);
	memcpy(out + sizeof text_begin - 1, header_hash->b, sizeof header_hash->b);
}

bool ec_certificate_add(struct ec_certificate *certificate, uint32_t index,
                        const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	assert(index < EC_MEMBERS_MAX);
	uint32_t at = certificate->count;
	while (at > 0 && certificate->index[at - 1] > index)
		at--;
	if (at > 0 && certificate->index[at - 1] == index)
		return false;
	assert(certificate->count < EC_MEMBERS_MAX);
	uint32_t above = certificate->count - at;
	memmove(&certificate->index[at + 1], &certificate->index[at], above * sizeof(uint32_t));
	memmove(certificate->signature[at + 1], certificate->signature[at],
	        above * EC_SIGNATURE_SIZE);
	certificate->index[at] = index;
	memcpy(certificate->signature[at], signature, EC_SIGNATURE_SIZE);
	certificate->count++;
	return true;
}

size_t ec_certificate_write(const struct ec_certificate *certificate, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, certificate->count);
	for (uint32_t i = 0; i < certificate->count; i++) {
		ec_cbor_write_array(&writer, 2);
		ec_cbor_write_uint(&writer, certificate->index[i]);
		ec_cbor_write_bytes(&writer, certificate->signature[i], EC_SIGNATURE_SIZE);
	}
	return writer.out.size;
}

bool ec_certificate_read(struct ec_bytes bytes, struct ec_certificate *out)
{
	struct ec_cbor cbor = ec_cbor_over(bytes.data, bytes.size);
	out->count = ec_cbor_array(&cbor, EC_MEMBERS_MAX);
	for (uint32_t i = 0; i < out->count; i++) {
		ec_cbor_array_exact(&cbor, 2);
		out->index[i] = (uint32_t)ec_cbor_uint(&cbor, EC_MEMBERS_MAX - 1);
		if (i > 0 && out->index[i - 1] >= out->index[i])
			ec_cbor_refuse(&cbor);
		ec_cbor_bytes_exact(&cbor, out->signature[i], EC_SIGNATURE_SIZE);
	}
	return ec_cbor_done(&cbor);
}

/* Whether a member of the roster that may vote signed at place `i`. */
static bool signer_good(const struct ec_certificate *certificate, uint32_t i,
                        const struct ec_membership *membership, char *why, size_t why_size)
{
	uint32_t index = certificate->index[i];
	if (i > 0 && certificate->index[i - 1] >= index)
		return field_refuse(why, why_size,
		                    "certificate: member %u stands twice, or out "
		                    "of order",
		                    index);
	if (index >= membership->n)
		return field_refuse(why, why_size, "certificate: member %u is not in the roster",
		                    index);
	if (!(membership->seat[index].roles & EC_VOTER))
		return field_refuse(why, why_size, "certificate: member %u is no voter", index);
	return true;
}

bool ec_certificate_weigh(const struct ec_certificate *certificate,
                          const struct ec_membership *membership, const ec_hash *header_hash,
                          const struct ec_crypto *crypto, uint64_t *weight, char *why,
                          size_t why_size)
{
	uint8_t text[EC_CERTIFICATE_TEXT_SIZE];
	*weight = 0;
	assert(certificate->count <= EC_MEMBERS_MAX);
	ec_certificate_text(header_hash, text);
	for (uint32_t i = 0; i < certificate->count; i++) {
		if (!signer_good(certificate, i, membership, why, why_size))
			return false;
		const struct ec_seat *seat = &membership->seat[certificate->index[i]];
		if (!crypto->verify(seat->era_key, text, sizeof text, certificate->signature[i]))
			return field_refuse(why, why_size,
			                    "certificate: the signature of member %u is bad",
			                    certificate->index[i]);
		*weight += seat->weight;
	}
	return true;
}

bool ec_certificate_check(const struct ec_certificate *certificate,
                          const struct ec_membership *membership, const ec_hash *header_hash,
                          const struct ec_crypto *crypto, char *why, size_t why_size)
{
	uint64_t weight, quorum = ec_membership_quorum(membership);
	if (!ec_certificate_weigh(certificate, membership, header_hash, crypto, &weight, why,
	                          why_size))
		return false;
	if (weight < quorum)
		return field_refuse(why, why_size, "certificate: signed by %llu; a quorum is %llu",
		                    (unsigned long long)weight, (unsigned long long)quorum);
	return true;
}
