/* honeybadger_world.c - what HoneyBadgerBFT gives to the world of its tests: what a member says is
 * compared with all that it ever said. */
#include "consensus/honeybadger/honeybadger_world.h"

#include <stdlib.h>

enum { SAID_ROUNDS = 8 };

/* What a member said of a proposal: it says nothing else in any of its lives. */
struct said {
	bool echoed, readied, proposed;
	ec_hash echo, ready, proposal;
	uint8_t aux[SAID_ROUNDS], conf[SAID_ROUNDS], term;
	bool tossed[SAID_ROUNDS];
	uint8_t toss[SAID_ROUNDS][32]; /* the point of its coin share */
};

struct own {
	uint32_t items[ITEM_OPEN + 1];
	uint64_t epochs; /* of `said` */
	struct said *said;
};

const struct hb *honeybadger_of(const struct world *world, ec_node node)
{
	return world->member[node].state;
}

uint32_t honeybadger_items(const struct world *world, enum item_kind kind)
{
	return ((const struct own *)world->own)->items[kind];
}

static struct said *said_of(struct world *world, ec_node from, uint64_t epoch, uint32_t instance)
{
	struct own *own = world->own;
	if (epoch >= own->epochs)
		return NULL;
	return &own->said[(epoch * world->n + from) * world->n + instance];
}

static void once(struct world *world, bool *known, ec_hash *before, const ec_hash *now,
                 const char *what)
{
	if (*known && !ec_hash_equal(before, now))
		world_violate(world, what);
	*known = true;
	*before = *now;
}

static void vote_hear(struct world *world, struct said *of, const struct item *item)
{
	static const char two[] = "promise: a member voted twice in one round";
	uint8_t *before = NULL;
	if (item->vote == ABA_TERM)
		before = &of->term;
	else if (item->round < SAID_ROUNDS && item->vote == ABA_AUX)
		before = &of->aux[item->round];
	else if (item->round < SAID_ROUNDS && item->vote == ABA_CONF)
		before = &of->conf[item->round];
	if (!before)
		return;
	if (*before && *before != item->value)
		world_violate(world, two);
	*before = item->value;
}

static void toss_hear(struct world *world, ec_node from, uint64_t epoch, const struct item *item)
{
	if (item->round >= SAID_ROUNDS)
		return;
	struct said *of = said_of(world, from, epoch, item->instance);
	of->tossed[item->round] = true;
	memcpy(of->toss[item->round], item->share.b, 32);
	for (uint32_t i = 0; i < world->n; i++) {
		const struct said *other = said_of(world, from, epoch, i);
		if (i != item->instance && other->tossed[item->round] &&
		    memcmp(other->toss[item->round], item->share.b, 32) == 0)
			world_violate(world, "coin: two agreements have one coin");
	}
}

/* Who has decided has said TERM; before all have there is no S. */
static void opening_hear(struct world *world, ec_node from, uint64_t epoch)
{
	for (uint32_t i = 0; i < world->is.voters; i++)
		if (!said_of(world, from, epoch, i)->term)
			world_violate(world, "secrecy: a share of opening before S was fixed");
}

/* A TERM in a record may never be sent by itself, but again after a crash. */
static void terms_hear(struct world *world, ec_node from, uint64_t epoch, struct ec_bytes body)
{
	struct ec_reader reader = ec_reader_over(body.data, body.size);
	while (reader.left && !reader.bad) {
		struct item item;
		hb_item_read(&reader, &item);
		struct said *of = said_of(world, from, epoch, item.instance);
		if (of && item.kind == ITEM_VOTE && item.vote == ABA_TERM)
			of->term = item.value;
	}
}

static void bundle_hear(struct world *world, ec_node from, uint64_t epoch, struct ec_bytes body)
{
	struct ec_reader reader = ec_reader_over(body.data, body.size);
	while (reader.left && !reader.bad) {
		struct item item;
		hb_item_read(&reader, &item);
		struct said *of = said_of(world, from, epoch, item.instance);
		((struct own *)world->own)->items[item.kind]++;
		if (!of)
			continue;
		if (item.kind == ITEM_READY)
			once(world, &of->readied, &of->ready, &item.root,
			     "promise: a member said two READY");
		if (item.kind == ITEM_VOTE)
			vote_hear(world, of, &item);
		if (item.kind == ITEM_COIN)
			toss_hear(world, from, epoch, &item);
		if (item.kind == ITEM_OPEN)
			opening_hear(world, from, epoch);
	}
}

/* A delivery stands behind the record of all TERMs of its epoch. */
static void delivered(struct world *world, ec_node from, const struct ec_effect *effect)
{
	ec_seq seq = effect->seq - world->is.base;
	const struct hb *hb = honeybadger_of(world, from);
	uint64_t epoch = hb->at;
	if (effect->stamp)
		world_violate(world, "contract: a stamp");
	for (; epoch >= hb->oldest; epoch--) {
		const struct kept *kept = hb_kept(hb, epoch);
		if (kept && kept->placed && kept->first < seq)
			break;
	}
	if (epoch < hb->oldest || from >= world->is.voters)
		return;
	for (uint32_t i = 0; i < world->is.voters; i++) {
		const struct said *of = said_of(world, from, epoch, i);
		if (of && !of->term)
			world_violate(world, "promise: a delivery before its TERMs were saved");
	}
}

/* What a member says is compared with all that it said before. */
static void said(struct world *world, ec_node from, struct ec_bytes head, struct ec_bytes body)
{
	struct message m;
	bool known = hb_message_read(head, &m);
	assert(known);
	struct said *of = said_of(world, from, m.epoch, m.kind == ECHO ? m.instance : from);
	if (m.kind == SAVED_VOTES)
		terms_hear(world, from, m.epoch, body);
	if (m.kind == VOTES)
		bundle_hear(world, from, m.epoch, body);
	if (!of || (m.kind != ECHO && m.kind != VAL))
		return;
	ec_hash root = rbc_root(body);
	if (m.kind == ECHO)
		once(world, &of->echoed, &of->echo, &root, "promise: a member said two ECHO");
	else
		once(world, &of->proposed, &of->proposal, &root,
		     "promise: a member proposed twice in one epoch");
}

static void saved(struct world *world, ec_node node, const struct ec_effect *effect)
{
	said(world, node, effect->head, effect->body);
}

static void options(const struct world_options *is, void *opaque)
{
	struct honeybadger_options *options = opaque;
	options->interval = is->interval ? is->interval : 8;
	options->batch_bytes_max = is->batch_bytes_max ? is->batch_bytes_max : 256;
	if (!options->proposal_bytes_max)
		options->proposal_bytes_max = 1024;
	if (!options->coins)
		options->coins = HONEYBADGER_SCHEDULED;
}

static void begin(struct world *world)
{
	struct own *own = world->own = calloc(1, sizeof *own);
	own->epochs = world->n > 8 ? 32 : 1024;
	own->said = calloc(own->epochs * world->n * world->n, sizeof *own->said);
}

static void end(struct world *world)
{
	struct own *own = world->own;
	free(own->said);
	free(own);
}

uint32_t honeybadger_batch(struct world *world, ec_node node, const char *text)
{
	return world_batch_at(world, text, (uint64_t)1 << node);
}

void honeybadger_forge(struct world *world, ec_node from, ec_node to, const struct message *message,
                       struct ec_bytes body)
{
	struct ec_bytes head = hb_message_write(world->pool, message);
	world_tell(world, from, to, 0, head, body);
	ec_drop(head);
	ec_drop(body);
}

void honeybadger_propose(struct world *world, ec_node from, uint64_t epoch, struct ec_bytes payload)
{
	struct ec_bytes val[WORLD_MEMBERS];
	struct rbc_group group = hb_group_of(&world->member[from].config);
	struct message message = {.kind = VAL, .epoch = epoch};
	rbc_encode(group, payload, world->pool, val);
	for (ec_node to = 0; to < group.n; to++)
		honeybadger_forge(world, from, to, &message, val[to]);
	ec_drop(payload);
}

const struct world_protocol honeybadger_world = {.protocol = &ec_honeybadger,
                                                 .options = options,
                                                 .promises_equal = honeybadger_promises_equal,
                                                 .busy = true,
                                                 .begin = begin,
                                                 .end = end,
                                                 .said = said,
                                                 .saved = saved,
                                                 .delivered = delivered};
