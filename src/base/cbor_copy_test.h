/* cbor_copy_test.h - writes again what a reader reads: equal bytes show that both agree on what is
 * deterministic.  For tests and fuzz targets only. */
#ifndef EC_CBOR_COPY_TEST_H
#define EC_CBOR_COPY_TEST_H

#include "base/cbor.h"

/* Takes the next item, or the head of one, and writes it again. */
static inline void cbor_copy(struct ec_cbor *in, struct ec_cbor_writer *out)
{
	struct ec_view view;
	switch (ec_cbor_peek(in)) {
	case EC_CBOR_UINT:
		ec_cbor_write_uint(out, ec_cbor_uint(in, UINT64_MAX));
		return;
	case EC_CBOR_BYTES:
		view = ec_cbor_bytes(in, SIZE_MAX);
		ec_cbor_write_bytes(out, view.data, view.size);
		return;
	case EC_CBOR_TEXT:
		view = ec_cbor_text(in, SIZE_MAX);
		ec_cbor_write_text(out, (const char *)view.data, view.size);
		return;
	case EC_CBOR_ARRAY:
		ec_cbor_write_array(out, ec_cbor_array(in, UINT32_MAX));
		return;
	case EC_CBOR_MAP:
		ec_cbor_write_map(out, ec_cbor_map(in, UINT32_MAX));
		return;
	case EC_CBOR_TAG:
		ec_cbor_write_tag(out, ec_cbor_tag(in));
		return;
	case EC_CBOR_BOOL:
		ec_cbor_write_bool(out, ec_cbor_bool(in));
		return;
	case EC_CBOR_NULL:
		ec_cbor_null(in);
		ec_cbor_write_null(out);
		return;
	case EC_CBOR_FLOAT:
		ec_cbor_write_float64(out, ec_cbor_float64(in));
		return;
	default: /* simple values, and integers below INT64_MIN, have no verb to write them */
		view = ec_cbor_span(in);
		ec_cbor_write_item(out, view.data, view.size);
	}
}

#endif
