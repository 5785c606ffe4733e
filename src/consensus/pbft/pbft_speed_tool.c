/* pbft_speed_tool.c - how many steps a second one core does: members in one memory, no signatures,
 * no hashes, no disk.  usage: pbft_speed_tool [MEMBERS [BATCHES]] */
#include "consensus/pbft/messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MEMBERS = 16, QUEUE = 1 << 16 };

struct item {
	ec_node from, to;
	struct ec_bytes head, body;
	ec_hash digest;
	bool signed_;
};

static struct item queue[QUEUE];
static uint32_t first, count;
static void *state[MEMBERS];
static struct ec_out out[MEMBERS];
static struct ec_bytes proof;
static ec_seq snap[MEMBERS];
static uint64_t steps, delivered;

static bool all_true(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
                     const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	(void)key, (void)message, (void)size, (void)signature;
	return true;
}

static void effect_perform(uint32_t n, ec_node node, const struct ec_effect *effect,
                           const ec_hash *digest)
{
	delivered += effect->kind == EC_DELIVER;
	if (effect->kind == EC_SNAP)
		snap[node] = effect->seq;
	for (ec_node to = 0; effect->kind == EC_SEND && to < n; to++) {
		if (effect->node != EC_ALL && effect->node != to)
			continue;
		if (count == QUEUE)
			abort();
		struct item item = {.from = node, .to = to};
		item.head = ec_keep(effect->head);
		item.body = ec_keep(effect->body);
		item.signed_ = effect->flags & EC_SIGN;
		if (effect->body.size)
			item.digest = *digest;
		queue[(first + count++) % QUEUE] = item;
	}
	ec_drop(effect->head);
	ec_drop(effect->body);
}

static void step(uint32_t n, ec_node node, struct ec_input in)
{
	in.now = steps++;
	out[node].count = 0;
	ec_pbft.step(state[node], &in, &out[node]);
	for (uint32_t i = 0; i < out[node].count; i++)
		effect_perform(n, node, &out[node].effect[i], &in.digest);
	if (snap[node]) {
		ec_hash digest = {.b = {1, (uint8_t)snap[node]}};
		struct ec_input done = {.kind = EC_SNAPPED, .seq = snap[node], .digest = digest};
		snap[node] = 0;
		step(n, node, done);
	}
}

static void deliver(uint32_t n)
{
	struct item item = queue[first];
	first = (first + 1) % QUEUE;
	count--;
	step(n, item.to,
	     (struct ec_input){.kind = EC_RECV,
	                       .from = item.from,
	                       .head = item.head,
	                       .body = item.body,
	                       .digest = item.digest,
	                       .proof = item.signed_ ? proof : EC_NO_BYTES});
	ec_drop(item.head);
	ec_drop(item.body);
}

static void run(uint32_t n, uint64_t batches, struct ec_pool *pool)
{
	struct timespec begin, end;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	for (uint64_t offered = 0; delivered < batches * n;) {
		while (offered < batches && out[0].want) {
			struct ec_bytes body = ec_pool_copy(pool, &offered, sizeof offered);
			ec_hash digest = {{0}};
			offered++;
			memcpy(digest.b, &offered, sizeof offered);
			step(n, 0,
			     (struct ec_input){.kind = EC_SUBMIT, .body = body, .digest = digest});
			ec_drop(body);
		}
		deliver(n);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	double seconds =
		(double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	printf("n %u: %llu steps in %.2f s of one core: %.2f million a second, %.0f batches a "
	       "second\n",
	       n, (unsigned long long)steps, seconds, (double)steps / seconds / 1e6,
	       (double)batches / seconds);
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)atoi(argv[1]) : 4;
	uint64_t batches = argc > 2 ? strtoull(argv[2], NULL, 10) : 50000;
	struct ec_pool *pool = ec_pool_new(0);
	static const struct ec_crypto crypto = {.verify = all_true};
	static struct ec_roster_member seats[MEMBERS];
	struct ec_roster roster = {.n = n, .member = seats};
	uint8_t bytes[72] = {0, 0, 0, 0, 1};
	if (n < 1 || n > MEMBERS)
		return 2;
	proof = ec_pool_copy(pool, bytes, sizeof bytes);
	for (ec_node node = 0; node < n; node++)
		seats[node] = (struct ec_roster_member){.weight = 1, .roles = EC_VOTER | EC_LEADER};
	for (ec_node node = 0; node < n; node++) {
		struct ec_config config = {.self = node, .roster = &roster, .crypto = &crypto};
		struct ec_limits limits = ec_pbft.limits(&config);
		state[node] = calloc(1, limits.state);
		out[node] = (struct ec_out){.capacity = limits.effects_per_step, .pool = pool};
		out[node].effect = calloc(limits.effects_per_step, sizeof *out[node].effect);
		ec_pbft.init(state[node], &config);
		step(n, node, (struct ec_input){.kind = EC_START});
		if (node == 0)
			printf("state %zu bytes, %u buffers, %u effects a step\n", limits.state,
			       limits.buffers_held, limits.effects_per_step);
	}
	run(n, batches, pool);
	return 0;
}
