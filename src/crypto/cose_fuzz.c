/* cose_fuzz.c - any bytes as a COSE_Sign1: views stay inside, and no signature is taken for good.
 */
#include "crypto/cose.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(struct ec_view view, const uint8_t *data, size_t size)
{
	return view.size == 0 ||
	       (view.data >= data && view.size <= size - (size_t)(view.data - data));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ec_cose_sign1 sign1;
	char said[256];
	struct ec_text why = ec_text_over(said, sizeof said);
	if (!ec_cose_sign1_parse(data, size, &sign1, &why)) {
		assert(why.size > 0);
		return 0;
	}
	assert(inside(sign1.protected_map, data, size) &&
	       inside(sign1.unprotected_map, data, size));
	assert(inside(sign1.payload, data, size) && inside(sign1.signature, data, size));
	assert(inside(sign1.key_id, data, size));
	uint8_t *scratch = malloc(size), key[EC_KEY_SIZE] = {1};
	assert(scratch);
	assert(!ec_cose_sign1_verify(&ec_crypto_ed25519, key, &sign1, scratch, size, &why));
	assert(sign1.signature.size != EC_SIGNATURE_SIZE || !strstr(said, "larger"));
	free(scratch);
	return 0;
}
