/* vrf_fuzz.c - proofs and keys that are any bytes prove nothing; an honest proof proves one output,
 * and with a byte turned none. */
#include "crypto/vrf.h"

#include "base/codec.h"
#include "crypto/sign.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void bytes_take(struct ec_reader *reader, uint8_t *out, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[i] = ec_read_u8(reader); /* zeros behind the end */
}

static void honest_check(enum ec_vrf_suite suite, const uint8_t sk[static 32],
                         struct ec_reader *reader)
{
	struct ec_vrf_secret secret;
	uint8_t proof[EC_VRF_PROOF_SIZE], proved[EC_VRF_OUTPUT_SIZE], output[EC_VRF_OUTPUT_SIZE];
	uint8_t turn = ec_read_u8(reader);
	uint8_t *at = &proof[ec_read_u8(reader) % sizeof proof];
	if (!ec_vrf_secret_from(&secret, suite, sk))
		return;
	assert(ec_vrf_prove(&secret, reader->at, reader->left, proof));
	assert(ec_vrf_verify(suite, secret.key, reader->at, reader->left, proof, proved));
	assert(ec_vrf_output(suite, proof, output));
	assert(memcmp(output, proved, sizeof output) == 0);
	*at ^= turn;
	assert(ec_vrf_verify(suite, secret.key, reader->at, reader->left, proof, output) ==
	       (turn == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ec_reader reader = ec_reader_over(data, size);
	enum ec_vrf_suite suite =
		ec_read_u8(&reader) & 1 ? EC_VRF_RISTRETTO255 : EC_VRF_EDWARDS25519_TAI;
	uint8_t key[32], proof[EC_VRF_PROOF_SIZE], output[EC_VRF_OUTPUT_SIZE];
	if (!ec_crypto_start())
		return 0;
	bytes_take(&reader, key, sizeof key);
	struct ec_reader again = reader;
	honest_check(suite, key, &again);
	bytes_take(&reader, proof, sizeof proof);
	ec_vrf_output(suite, proof, output);
	assert(!ec_vrf_verify(suite, key, reader.at, reader.left, proof, output));
	return 0;
}
