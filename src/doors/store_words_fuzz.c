/* store_words_fuzz.c - any lines as a transaction of the store: what is taken is one, and comes
 * back the same from its payload; what is refused has a sentence. */
#include "base/cbor.h"
#include "doors/store_words.h"

#include <assert.h>
#include <stdlib.h>

static struct ec_store_words words;
static struct ec_store_txn again;
static uint8_t payload[2 << 20], twice[2 << 20];

static void must_be_a_payload(void)
{
	size_t size = ec_store_txn_write(&words.txn, payload, sizeof payload);
	assert(size > 0);
	struct ec_cbor cbor = ec_cbor_over(payload, size);
	uint32_t items = ec_cbor_array(&cbor, 4);
	ec_cbor_uint(&cbor, EC_STORE_KIND_TXN);
	bool good = !cbor.error && ec_store_txn_read(cbor, items - 1, &again);
	assert(good);
	size_t size_twice = ec_store_txn_write(&again, twice, sizeof twice);
	assert(size_twice == size && memcmp(payload, twice, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), why[160];
	assert(text);
	memcpy(text, data, size);
	text[size] = 0;
	words.used = 0;
	words.txn = (struct ec_store_txn){0};
	for (char *line = text, *end; line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = 0;
		why[0] = 0;
		bool taken = ec_store_words_line(&words, line, why, sizeof why);
		assert(taken || why[0]);
	}
	must_be_a_payload();
	free(text);
	return 0;
}
