/* cbor_fuzz.c - any bytes: the reader ends, agrees with the notation, and what it takes is
 * written again as the same bytes. */
#include "base/cbor.h"
#include "base/cbor_copy_test.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char said[4096];
	struct ec_text text = ec_text_over(said, sizeof said);
	struct ec_cbor cbor = ec_cbor_over(data, size);
	ec_cbor_skip(&cbor);
	bool good = ec_cbor_done(&cbor);
	assert(ec_cbor_diagnose(data, size, &text) == good);
	if (!good) {
		assert(cbor.error_at <= size);
		return 0;
	}
	uint8_t *again = malloc(size);
	assert(again);
	struct ec_cbor_writer writer = ec_cbor_writer_over(again, size);
	cbor = ec_cbor_over(data, size);
	while (cbor.frame[cbor.depth].left)
		cbor_copy(&cbor, &writer);
	assert(ec_cbor_writer_ok(&writer) && writer.out.size == size);
	assert(memcmp(again, data, size) == 0);
	free(again);
	return 0;
}
