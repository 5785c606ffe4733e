/* honeybadger_speed_tool.c - what one core does: members in one memory, no keys, no disk, no check
 * of shards.  usage: honeybadger_speed_tool [MEMBERS [EPOCHS [BATCHES [BYTES]]]], of each proposal
 */
#include "consensus/honeybadger/honeybadger.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MEMBERS = 64, QUEUE = 1 << 20 };

struct item {
	ec_node from, to;
	struct ec_bytes head, body;
};

static struct item queue[QUEUE];
static uint32_t first, count;
static void *state[MEMBERS];
static struct ec_out out[MEMBERS];
static struct ec_config config[MEMBERS];
static uint64_t snap[MEMBERS], steps, delivered, bytes, submitted;

static void effect_perform(uint32_t n, ec_node node, const struct ec_effect *effect)
{
	delivered += effect->kind == EC_DELIVER && node == 0;
	if (effect->kind == EC_SNAP)
		snap[node] = effect->seq;
	for (ec_node to = 0; effect->kind == EC_SEND && to < n; to++) {
		if (effect->node != EC_ALL && effect->node != to)
			continue;
		if (count == QUEUE)
			abort();
		queue[(first + count++) % QUEUE] =
			(struct item){node, to, ec_keep(effect->head), ec_keep(effect->body)};
		bytes += to != node ? effect->head.size + effect->body.size : 0;
	}
	ec_drop(effect->head);
	ec_drop(effect->body);
}

static void step(uint32_t n, ec_node node, struct ec_input in)
{
	in.now = ++steps;
	out[node].count = 0;
	ec_honeybadger.step(state[node], &in, &out[node]);
	for (uint32_t i = 0; i < out[node].count; i++)
		effect_perform(n, node, &out[node].effect[i]);
}

static void members_begin(uint32_t n, struct ec_pool *pool, struct ec_roster *roster)
{
	for (ec_node i = 0; i < n; i++) {
		config[i] = (struct ec_config){.self = i, .roster = roster, .domain = {.b = {1}}};
		struct ec_limits limits = ec_honeybadger.limits(&config[i]);
		state[i] = calloc(1, limits.state);
		out[i] = (struct ec_out){.capacity = limits.effects_per_step, .pool = pool};
		out[i].effect = calloc(limits.effects_per_step, sizeof *out[i].effect);
		ec_honeybadger.init(state[i], &config[i]);
	}
	for (ec_node i = 0; i < n; i++)
		step(n, i, (struct ec_input){.kind = EC_START});
}

static void settle(uint32_t n)
{
	for (bool moved = true; moved;) {
		moved = count > 0;
		while (count) {
			struct item item = queue[first];
			first = (first + 1) % QUEUE;
			count--;
			step(n, item.to,
			     (struct ec_input){.kind = EC_RECV,
			                       .from = item.from,
			                       .head = item.head,
			                       .body = item.body});
			ec_drop(item.head);
			ec_drop(item.body);
		}
		for (ec_node i = 0; i < n; i++) {
			uint64_t seq = snap[i];
			snap[i] = 0;
			if (seq)
				step(n, i, (struct ec_input){.kind = EC_SNAPPED, .seq = seq});
			if (!seq && !out[i].wake)
				continue;
			step(n, i, (struct ec_input){.kind = EC_WAKE});
			moved = true;
		}
	}
}

static void submit(uint32_t n, struct ec_pool *pool, uint32_t batches, size_t size)
{
	for (ec_node i = 0; i < n; i++)
		for (uint32_t k = 0; k < batches; k++) {
			struct ec_input in = {.kind = EC_SUBMIT, .body = ec_pool_take(pool, size)};
			memset(ec_writable(in.body), 0, size);
			submitted++;
			memcpy(in.digest.b, &submitted, sizeof submitted);
			step(n, i, in);
			ec_drop(in.body);
		}
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)atoi(argv[1]) : 4;
	uint32_t epochs = argc > 2 ? (uint32_t)atoi(argv[2]) : 100;
	uint32_t batches = argc > 3 ? (uint32_t)atoi(argv[3]) : 1;
	size_t size = argc > 4 ? (size_t)atoi(argv[4]) : 1024;
	struct ec_roster_member seats[MEMBERS];
	if (n < 1 || n > MEMBERS || batches > 16 || !size)
		return 2;
	for (uint32_t i = 0; i < n; i++)
		seats[i] = (struct ec_roster_member){.weight = 1, .roles = EC_VOTER};
	struct ec_roster roster = {.n = n, .member = seats};
	struct ec_pool *pool = ec_pool_new(0);
	members_begin(n, pool, &roster);
	double begin = seconds();
	for (uint32_t epoch = 0; epoch < epochs; epoch++) {
		submit(n, pool, batches, size);
		settle(n);
	}
	double took = seconds() - begin, at = (double)epochs;
	printf("n %u: %.0f steps/s; an epoch: %.2f ms of one member, %.0f KiB sent by one, %.1f "
	       "batches\n",
	       n, (double)steps / took, took * 1e3 / at / n, (double)bytes / at / n / 1024,
	       (double)delivered / at);
	return 0;
}
