/* rbc_world.c - members that broadcast one payload in one memory, for tests. */
#include "consensus/honeybadger/rbc_world.h"

#include "crypto/merkle.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAYLOAD_MAX = 400, MEMBERS_MAX = RBC_MEMBERS_MAX + 2, CRASHES_MAX = 12 };

enum message_kind { VAL, ECHO, READY };

struct message {
	enum message_kind kind;
	uint32_t from, to;
	ec_hash root;         /* of READY */
	struct ec_bytes body; /* of the others */
};

struct member {
	struct rbc rbc;
	bool liar;
	struct rbc_say record[2]; /* durable */
	uint32_t records;
	bool done;
	enum rbc_result result;
	uint8_t payload[PAYLOAD_MAX];
	size_t payload_size;
};

struct rbc_world {
	const struct rbc_world_options *options;
	struct rbc_group group;
	struct ec_pool *pool;
	struct ec_prng prng;
	uint32_t members, proposer, crashes;
	struct member member[MEMBERS_MAX];
	struct message *message;
	uint32_t messages, capacity;
	struct ec_bytes payload[2], codeword[2][RBC_MEMBERS_MAX];
	const char *violation;
};

static void violate(struct rbc_world *world, const char *what)
{
	if (!world->violation)
		world->violation = what;
}

static uint32_t below(struct rbc_world *world, uint32_t bound)
{
	return (uint32_t)ec_prng_below(&world->prng, bound);
}

/* Takes over the body. */
static void message_put(struct rbc_world *world, struct message message)
{
	if (world->messages == world->capacity) {
		world->capacity = world->capacity ? 2 * world->capacity : 256;
		world->message = realloc(world->message, world->capacity * sizeof *world->message);
		assert(world->message);
	}
	world->message[world->messages++] = message;
}

void rbc_world_bodies(struct rbc_group group, const struct ec_bytes *payload, const uint32_t *which,
                      struct ec_pool *pool, struct ec_bytes *body)
{
	struct ec_erasure code = {.n = group.n, .needed = group.n - 2 * group.f};
	ec_hash leaf[RBC_MEMBERS_MAX] = {0}, path[EC_MERKLE_PATH_MAX];
	struct ec_bytes all[2][RBC_MEMBERS_MAX];
	for (uint32_t p = 0; p < 2; p++)
		rbc_encode(group, payload[p], pool, all[p]);
	for (uint32_t i = 0; i < group.n; i++) {
		size_t size = ec_erasure_shard_size(code, payload[which[i]].size);
		struct ec_bytes from = all[which[i]][i];
		body[i] = ec_pool_copy(pool, from.data, from.size);
		leaf[i] = ec_merkle_leaf(from.data + from.size - size, size);
	}
	ec_hash root = ec_merkle_root(leaf, group.n);
	for (uint32_t i = 0; i < group.n; i++) {
		uint32_t length = ec_merkle_path(leaf, group.n, i, path);
		memcpy(ec_writable(body[i]), root.b, sizeof root);
		memcpy(ec_writable(body[i]) + sizeof root, path, length * sizeof *path);
		ec_drop(all[0][i]);
		ec_drop(all[1][i]);
	}
}

/* ---- what members say ---- */

static void say_send(struct rbc_world *world, uint32_t from, uint32_t to, const struct rbc_say *say)
{
	message_put(world, (struct message){.kind = say->kind == RBC_ECHO ? ECHO : READY,
	                                    .from = from,
	                                    .to = to,
	                                    .root = say->root,
	                                    .body = ec_keep(say->body)});
}

static void record_judge(struct rbc_world *world, struct member *member, const struct rbc_say *say)
{
	for (uint32_t i = 0; i < member->records; i++)
		if (member->record[i].kind == say->kind)
			violate(world, "once: a correct member says something of a kind twice");
}

/* Saves and says what is due. */
static void flush(struct rbc_world *world, uint32_t index)
{
	struct member *member = &world->member[index];
	struct rbc_say say;
	while (!member->liar && rbc_next(&member->rbc, &say)) {
		record_judge(world, member, &say);
		if (world->violation)
			return;
		member->record[member->records] = say;
		ec_keep(member->record[member->records++].body);
		for (uint32_t to = 0; to < world->members; to++)
			say_send(world, index, to, &say);
	}
}

static void delivered_judge(struct rbc_world *world, uint32_t index, struct ec_bytes payload)
{
	struct member *member = &world->member[index];
	bool before = member->done;
	bool same = member->payload_size == payload.size &&
	            memcmp(member->payload, payload.data ? payload.data : member->payload,
	                   payload.size) == 0;
	if (before && (member->result != member->rbc.result || !same))
		violate(world, "once: a member delivers something else after a crash");
	member->done = true;
	member->result = member->rbc.result;
	member->payload_size = payload.size;
	if (payload.size > 0)
		memcpy(member->payload, payload.data, payload.size);
}

/* After each input: delivery, invariants, references, what is to be said. */
static void member_step(struct rbc_world *world, uint32_t index)
{
	struct member *member = &world->member[index];
	struct ec_bytes payload, held[MEMBERS_MAX];
	bool pending = member->rbc.result == RBC_PENDING;
	if (rbc_delivered(&member->rbc, world->pool, &payload) != RBC_PENDING && pending)
		delivered_judge(world, index, payload);
	rbc_invariants(&member->rbc);
	uint32_t count = rbc_held(&member->rbc, held);
	if (count > world->group.n + 2 || (!pending && count > 2))
		violate(world, "bounds: more buffers are held than one a member");
	flush(world, index);
}

static void message_take(struct rbc_world *world, const struct message *message)
{
	struct member *member = &world->member[message->to];
	uint32_t shard = message->kind == VAL ? message->to : message->from;
	if (member->liar)
		return;
	if (message->kind != READY && !rbc_check(world->group, shard, message->body)) {
		if (!world->member[message->from].liar)
			violate(world, "check: what a correct member sent is refused");
		return;
	}
	if (message->kind == VAL && message->from == world->proposer)
		rbc_val(&member->rbc, message->body);
	else if (message->kind == ECHO)
		rbc_echo(&member->rbc, message->from, message->body);
	else if (message->kind == READY)
		rbc_ready(&member->rbc, message->from, &message->root);
	member_step(world, message->to);
}

/* ---- what goes wrong ---- */

static void val_send(struct rbc_world *world, uint32_t to, uint32_t which)
{
	message_put(world, (struct message){.kind = VAL,
	                                    .from = world->proposer,
	                                    .to = to,
	                                    .body = ec_keep(world->codeword[which][to])});
}

static void propose(struct rbc_world *world)
{
	enum rbc_proposer proposer = world->options->proposer;
	for (uint32_t to = 0; to < world->group.n; to++) {
		if (proposer == PROPOSER_SILENT ||
		    (proposer == PROPOSER_PARTIAL && below(world, 3) == 0))
			continue;
		val_send(world, to, proposer == PROPOSER_TWO_FACED ? below(world, 2) : 0);
	}
}

static struct ec_bytes forged(struct rbc_world *world, struct ec_bytes body)
{
	struct ec_bytes copy = ec_pool_copy(world->pool, body.data, body.size - below(world, 2));
	ec_writable(copy)[below(world, (uint32_t)copy.size)] ^= (uint8_t)(1 + below(world, 255));
	return copy;
}

/* One lie to one member: a true word, another's shard, a forged one, a root that is none's. */
static void lie(struct rbc_world *world, uint32_t from)
{
	struct message m = {.kind = (enum message_kind)below(world, 3),
	                    .from = from,
	                    .to = below(world, world->members)};
	uint32_t place = m.kind == VAL && m.to < world->group.n ? m.to : from;
	if (below(world, 4) == 0)
		place = below(world, world->group.n);
	struct ec_bytes body = world->codeword[below(world, 2)][place];
	m.root = rbc_root(body);
	if (below(world, 8) == 0)
		m.root.b[0] ^= 1;
	if (m.kind != READY)
		m.body = below(world, 4) == 0 ? forged(world, body) : ec_keep(body);
	message_put(world, m);
}

static void lies(struct rbc_world *world)
{
	for (uint32_t i = 0; i < world->group.n; i++)
		for (uint32_t count = world->member[i].liar ? 3 * world->members : 0; count;
		     count--)
			lie(world, i);
}

static void link_new(struct rbc_world *world, uint32_t from, uint32_t to)
{
	const struct member *member = &world->member[from];
	struct rbc_say say;
	if (member->liar)
		return;
	if (from == world->proposer && to < world->group.n)
		val_send(world, to, 0);
	for (uint32_t i = 0; rbc_said(&member->rbc, i, &say); i++)
		say_send(world, from, to, &say);
}

/* What is under way to and from the member is lost, and all that it did not save. */
static void crash(struct rbc_world *world, uint32_t index)
{
	struct member *member = &world->member[index];
	uint32_t kept = 0;
	for (uint32_t i = 0; i < world->messages; i++) {
		struct message *message = &world->message[i];
		if (message->from == index || message->to == index)
			ec_drop(message->body);
		else
			world->message[kept++] = *message;
	}
	world->messages = kept;
	rbc_free(&member->rbc);
	rbc_init(&member->rbc, world->group, index, world->options->trusting);
	for (uint32_t i = 0; i < member->records; i++)
		rbc_restore(&member->rbc, &member->record[i]);
	if (index == world->proposer)
		rbc_val(&member->rbc, world->codeword[0][index]);
	member_step(world, index);
	for (uint32_t other = 0; other < world->members; other++) {
		if (other == index)
			continue;
		link_new(world, index, other);
		link_new(world, other, index);
	}
}

/* ---- the course of a world ---- */

static bool waits(const struct rbc_world *world, const struct message *message)
{
	uint32_t half = world->group.n / 2;
	switch (world->options->schedule) {
	case SCHEDULE_STARVED:
		return message->to == world->options->seed % world->group.n;
	case SCHEDULE_HALVES:
		return (message->from < half) != (message->to < half);
	default:
		return false;
	}
}

static uint32_t message_choose(struct rbc_world *world)
{
	if (world->options->schedule == SCHEDULE_LAST_FIRST)
		return world->messages - 1;
	uint32_t start = below(world, world->messages);
	for (uint32_t i = 0; i < world->messages; i++) {
		uint32_t at = (start + i) % world->messages;
		if (!waits(world, &world->message[at]))
			return at;
	}
	return start;
}

static void run(struct rbc_world *world)
{
	propose(world);
	lies(world);
	while (world->messages && !world->violation) {
		if (world->options->crashes && world->crashes < CRASHES_MAX &&
		    below(world, 3 * world->members) == 0) {
			uint32_t index = below(world, world->members);
			world->crashes += !world->member[index].liar;
			if (!world->member[index].liar)
				crash(world, index);
			continue;
		}
		uint32_t at = message_choose(world);
		struct message message = world->message[at];
		world->message[at] = world->message[--world->messages];
		message_take(world, &message);
		ec_drop(message.body);
	}
}

static void outcome_judge(struct rbc_world *world)
{
	const struct member *first = NULL;
	bool correct = world->options->proposer == PROPOSER_CORRECT;
	uint32_t done = 0, members = 0;
	for (uint32_t i = 0; i < world->members; i++) {
		const struct member *member = &world->member[i];
		members += !member->liar;
		if (member->liar || !member->done)
			continue;
		done += member->rbc.result != RBC_PENDING; /* in its last life */
		first = first ? first : member;
		if (member->result != first->result ||
		    member->payload_size != first->payload_size ||
		    memcmp(member->payload, first->payload, first->payload_size) != 0)
			violate(world, "agreement: two correct members deliver different things");
		if (correct &&
		    (member->result != RBC_PAYLOAD ||
		     member->payload_size != world->payload[0].size ||
		     memcmp(member->payload, world->payload[0].data, member->payload_size) != 0))
			violate(world, "validity: not what a correct proposer sent");
	}
	if (first && done < members)
		violate(world, "totality: some correct members deliver, some do not");
	if (correct && !first)
		violate(world, "validity: nothing is delivered of a correct proposer");
}

static void codewords_make(struct rbc_world *world)
{
	enum rbc_proposer proposer = world->options->proposer;
	uint32_t which[RBC_MEMBERS_MAX];
	for (uint32_t p = 0; p < 2; p++) {
		uint8_t text[PAYLOAD_MAX];
		size_t size = 1 + below(world, PAYLOAD_MAX);
		if (p == 1 && proposer == PROPOSER_GARBAGE)
			size = world->payload[0].size;
		for (size_t i = 0; i < size; i++)
			text[i] = (uint8_t)ec_prng_next(&world->prng);
		world->payload[p] = ec_pool_copy(world->pool, text, size);
		rbc_encode(world->group, world->payload[p], world->pool, world->codeword[p]);
	}
	if (proposer != PROPOSER_GARBAGE && proposer != PROPOSER_SIZES)
		return;
	for (uint32_t i = 0; i < world->group.n; i++) {
		which[i] = below(world, 2);
		ec_drop(world->codeword[0][i]);
	}
	rbc_world_bodies(world->group, world->payload, which, world->pool, world->codeword[0]);
}

static void liars_choose(struct rbc_world *world)
{
	uint32_t left = world->options->liars ? world->group.f : 0;
	if (world->options->proposer != PROPOSER_CORRECT) {
		world->member[world->proposer].liar = true;
		left -= left > 0;
	}
	while (left > 0) {
		uint32_t index = below(world, world->group.n);
		if (index == world->proposer || world->member[index].liar)
			continue;
		world->member[index].liar = true;
		left--;
	}
}

static void world_free(struct rbc_world *world)
{
	for (uint32_t i = 0; i < world->messages; i++)
		ec_drop(world->message[i].body);
	for (uint32_t i = 0; i < world->members; i++) {
		struct member *member = &world->member[i];
		rbc_free(&member->rbc);
		for (uint32_t j = 0; j < member->records; j++)
			ec_drop(member->record[j].body);
	}
	for (uint32_t p = 0; p < 2; p++) {
		ec_drop(world->payload[p]);
		for (uint32_t i = 0; i < world->group.n; i++)
			ec_drop(world->codeword[p][i]);
	}
	if (ec_pool_live(world->pool) != 0)
		violate(world, "references: a buffer is owned by nobody");
	else
		ec_pool_free(world->pool);
	free(world->message);
}

const char *rbc_world_run(const struct rbc_world_options *options)
{
	struct rbc_world *world = calloc(1, sizeof *world);
	assert(world && options->n + options->learners <= MEMBERS_MAX);
	world->options = options;
	world->group = (struct rbc_group){options->n, (options->n - 1) / 3, PAYLOAD_MAX};
	world->members = options->n + options->learners;
	world->pool = ec_pool_new(0);
	ec_prng_seed(&world->prng, options->seed);
	world->proposer = below(world, options->n);
	for (uint32_t i = 0; i < world->members; i++)
		rbc_init(&world->member[i].rbc, world->group, i, options->trusting);
	codewords_make(world);
	liars_choose(world);
	run(world);
	if (!world->violation)
		outcome_judge(world);
	world_free(world);
	const char *violation = world->violation;
	free(world);
	return violation;
}
