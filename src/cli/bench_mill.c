/* bench_mill.c - the envelopes of a load: a pattern a client, with its sequence put in.
 *
 * Sequences begin at 2^32, so that each takes nine bytes and stands at one place of the pattern.
 * So do the key and the first bytes of the value of a put, all of one length. */
#include "cli/bench.h"

#include "base/prng.h"
#include "ledger/envelope.h"
#include "services/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t SEQUENCE_FIRST = 1ull << 32;

enum { PAYLOAD_MAX = 2048 };

#define KEY_FORM "bench/%010u"
enum { KEY_SIZE = 16 };

/* One client's envelopes. */
struct pattern {
	uint8_t bytes[BENCH_ENVELOPE_MAX];
	size_t size, sequence_at, key_at, value_at; /* key_at 0: it puts nothing */
	uint64_t sequence;
	struct ec_prng keys;
};

struct bench_mill {
	enum bench_mode mode;
	uint32_t clients, each;
	uint8_t payload[PAYLOAD_MAX];
	size_t payload_size, value_at, value_size; /* of the value that is put, in the payload */
	struct pattern *pattern;
	/* signed mode: envelope k of client c at (c * each + k) * stride; salts alike, 32 bytes */
	size_t stride;
	uint8_t *ready, *salts;
	uint32_t *used;
};

/* Puts a value to a key, both still to be filled in. */
static void put_make(struct bench_mill *mill, const uint8_t *value, size_t size)
{
	static struct ec_store_txn txn;
	char key[KEY_SIZE + 1];
	snprintf(key, sizeof key, KEY_FORM, 0u);
	txn.ops[0] = 1;
	txn.op[0][0].key = (struct ec_view){.data = (const uint8_t *)key, .size = KEY_SIZE};
	txn.op[0][0].value = (struct ec_view){.data = value, .size = size};
	mill->payload_size = ec_store_txn_write(&txn, mill->payload, sizeof mill->payload);
	const uint8_t *at = memmem(mill->payload, mill->payload_size, value, size);
	assert(mill->payload_size > 0 && at);
	mill->value_at = (size_t)(at - mill->payload);
	mill->value_size = size;
}

/* [6, bytes]: a note, of about as many bytes as asked for; or a put. */
static void payload_make(struct bench_mill *mill, uint32_t bytes)
{
	uint8_t note[PAYLOAD_MAX - 128] = {0};
	size_t size = bytes < sizeof note ? bytes : sizeof note;
	for (size_t i = 0; i < size; i++)
		note[i] = (uint8_t)(i * 7 + 13);
	if (mill->mode == BENCH_STORE) {
		put_make(mill, note, size);
		return;
	}
	struct ec_cbor_writer out = ec_cbor_writer_over(mill->payload, sizeof mill->payload);
	ec_cbor_write_array(&out, 2);
	ec_cbor_write_uint(&out, 6);
	ec_cbor_write_bytes(&out, note, size);
	bool fitted = ec_cbor_writer_ok(&out);
	assert(fitted);
	mill->payload_size = out.out.size;
}

static size_t envelope_make(const struct bench_mill *mill, const struct bench_cell *cell,
                            uint32_t client, uint64_t sequence, uint8_t *out, uint8_t *salt)
{
	struct ec_envelope_plan plan = {.author = &cell->author[client % BENCH_AUTHORS],
	                                .crypto = mill->mode == BENCH_SIGNED ? &ec_crypto_ed25519
	                                                                     : NULL,
	                                .genesis = cell->genesis,
	                                .lane = client / BENCH_AUTHORS % BENCH_LANES,
	                                .sequence = sequence,
	                                .payload = mill->payload,
	                                .payload_size = mill->payload_size};
	size_t size = ec_envelope_make(&plan, out, BENCH_ENVELOPE_MAX, NULL, salt);
	assert(size > 0);
	return size;
}

/* Finds where the sequence stands, by what differs when its first byte differs. */
static void pattern_make(struct bench_mill *mill, const struct bench_cell *cell, uint32_t client)
{
	uint8_t other[BENCH_ENVELOPE_MAX], salt[32];
	struct pattern *pattern = &mill->pattern[client];
	pattern->sequence = SEQUENCE_FIRST;
	pattern->size = envelope_make(mill, cell, client, SEQUENCE_FIRST, pattern->bytes, salt);
	size_t size = envelope_make(mill, cell, client, SEQUENCE_FIRST | 1ull << 56, other, salt);
	assert(size == pattern->size);
	while (pattern->bytes[pattern->sequence_at] == other[pattern->sequence_at])
		pattern->sequence_at++;
	assert(pattern->sequence_at + 8 < size);
	ec_prng_seed(&pattern->keys, client + 1);
	if (mill->mode != BENCH_STORE)
		return;
	char key[KEY_SIZE + 1];
	snprintf(key, sizeof key, KEY_FORM, 0u);
	const uint8_t *at = memmem(pattern->bytes, size, key, KEY_SIZE);
	const uint8_t *payload = memmem(pattern->bytes, size, mill->payload, mill->payload_size);
	assert(at && payload);
	pattern->key_at = (size_t)(at - pattern->bytes);
	pattern->value_at = (size_t)(payload - pattern->bytes) + mill->value_at;
}

/* Another key, by chance; the first bytes of the value are the sequence, as far as it goes. */
static void put_fill(struct bench_mill *mill, struct pattern *pattern)
{
	uint64_t sequence = pattern->sequence;
	char key[KEY_SIZE + 1];
	snprintf(key, sizeof key, KEY_FORM, (unsigned)ec_prng_below(&pattern->keys, BENCH_KEYS));
	memcpy(pattern->bytes + pattern->key_at, key, KEY_SIZE);
	for (size_t i = 0; i < mill->value_size && i < 8; i++, sequence >>= 8)
		pattern->bytes[pattern->value_at + i] = (uint8_t)sequence;
}

/* Signs all that a client will submit. */
static void sign_ahead(struct bench_mill *mill, const struct bench_cell *cell, uint32_t client)
{
	for (uint32_t k = 0; k < mill->each; k++) {
		uint8_t envelope[BENCH_ENVELOPE_MAX];
		size_t place = (size_t)client * mill->each + k;
		size_t size = envelope_make(mill, cell, client, SEQUENCE_FIRST + k, envelope,
		                            mill->salts + place * 32);
		assert(size == mill->pattern[client].size);
		memcpy(mill->ready + place * mill->stride, envelope, size);
	}
}

struct bench_mill *bench_mill_new(const struct bench_options *options,
                                  const struct bench_cell *cell, uint32_t each)
{
	struct bench_mill *mill = calloc(1, sizeof *mill);
	if (!mill)
		abort();
	mill->mode = options->mode;
	mill->clients = options->clients;
	mill->each = each;
	payload_make(mill, options->payload_bytes);
	mill->pattern = calloc(mill->clients, sizeof *mill->pattern);
	mill->used = calloc(mill->clients, sizeof *mill->used);
	if (!mill->pattern || !mill->used)
		abort();
	for (uint32_t client = 0; client < mill->clients; client++)
		pattern_make(mill, cell, client);
	if (mill->mode != BENCH_SIGNED)
		return mill;
	for (uint32_t client = 0; client < mill->clients; client++)
		if (mill->pattern[client].size > mill->stride)
			mill->stride = mill->pattern[client].size;
	size_t count = (size_t)mill->clients * each;
	mill->ready = malloc(count * mill->stride);
	mill->salts = malloc(count * 32);
	if (!mill->ready || !mill->salts)
		abort();
	for (uint32_t client = 0; client < mill->clients; client++)
		sign_ahead(mill, cell, client);
	return mill;
}

bool bench_mill_next(struct bench_mill *mill, uint32_t client, struct ec_bytes *envelope,
                     uint8_t salt[static 32])
{
	struct pattern *pattern = &mill->pattern[client];
	envelope->size = pattern->size;
	envelope->buffer = NULL;
	if (mill->mode == BENCH_SIGNED) {
		if (mill->used[client] == mill->each)
			return false;
		size_t place = (size_t)client * mill->each + mill->used[client]++;
		envelope->data = mill->ready + place * mill->stride;
		memcpy(salt, mill->salts + place * 32, 32);
		return true;
	}
	if (pattern->key_at)
		put_fill(mill, pattern);
	uint64_t sequence = pattern->sequence++;
	for (int i = 7; i >= 0; i--, sequence >>= 8)
		pattern->bytes[pattern->sequence_at + (size_t)i] = (uint8_t)sequence;
	envelope->data = pattern->bytes;
	memset(salt, (int)client + 1, 32);
	return true;
}

void bench_mill_free(struct bench_mill *mill)
{
	if (!mill)
		return;
	free(mill->pattern);
	free(mill->used);
	free(mill->ready);
	free(mill->salts);
	free(mill);
}
