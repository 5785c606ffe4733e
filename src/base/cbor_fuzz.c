/* cbor_fuzz.c - any bytes: the reader ends, agrees with the notation, and what it takes is
 * written again as the same bytes. */
#include "base/cbor.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes again what is read.  Ours: strings, numbers and heads by their verbs, the rest copied. */
static void item_copy(struct ec_cbor *in, struct ec_cbor_writer *out)
{
	enum ec_cbor_type type = ec_cbor_peek(in);
	struct ec_view view;
	if (type == EC_CBOR_UINT) {
		ec_cbor_write_uint(out, ec_cbor_uint(in, UINT64_MAX));
	} else if (type == EC_CBOR_ARRAY) {
		ec_cbor_write_array(out, ec_cbor_array(in, UINT32_MAX));
	} else if (type == EC_CBOR_MAP) {
		ec_cbor_write_map(out, ec_cbor_map(in, UINT32_MAX));
	} else if (type == EC_CBOR_TAG) {
		ec_cbor_write_tag(out, ec_cbor_tag(in));
	} else if (type == EC_CBOR_FLOAT) {
		ec_cbor_write_float64(out, ec_cbor_float64(in));
	} else if (type == EC_CBOR_TEXT) {
		view = ec_cbor_text(in, SIZE_MAX);
		ec_cbor_write_text(out, (const char *)view.data, view.size);
	} else {
		view = ec_cbor_span(in);
		ec_cbor_write_item(out, view.data, view.size);
	}
}

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
		item_copy(&cbor, &writer);
	assert(ec_cbor_writer_ok(&writer) && writer.out.size == size);
	assert(memcmp(again, data, size) == 0);
	free(again);
	return 0;
}
