/* keygen_fuzz.c - any bytes as the value of a key generation, which a client gets from a node it
 * need not trust: what is read is written back as the same bytes, and a seat knows what to say. */
#include "crypto/ristretto.h"
#include "ledger/keygen_inside.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ec_keygen keygen;
	static uint8_t again[KEYGEN_VALUE_MAX], payload[EC_KEYGEN_PAYLOAD_MAX];
	const uint8_t seed[32] = {1};
	const struct ec_dkg_deals none = {0};
	if (!ec_crypto_start())
		abort();
	memset(&keygen, 0, sizeof keygen);
	if (!ec_keygen_read((struct ec_bytes){data, size, NULL}, &keygen))
		return 0;
	assert(keygen_write(&keygen, again) == size && memcmp(again, data, size) == 0);
	assert(ec_keygen_seat(&keygen, keygen.seat[0]) == 0);
	assert(keygen.keys_size <= sizeof keygen.keys);
	if (keygen.dkg.phase == EC_DKG_ENROL)
		assert(ec_keygen_next(&ec_ristretto255, &keygen, &none, 0, seed, 0, payload) <=
		       sizeof payload);
	return 0;
}
