/* honeybadger_oracle_world.c - members of HoneyBadgerBFT in one memory, for tests: what a member
 * says is compared with all that it ever said; and queues. */
#include "consensus/honeybadger/honeybadger_world.h"

#include <stdlib.h>

static struct world_said *said(struct world *world, ec_node from, uint64_t epoch, uint32_t instance)
{
	if (epoch >= world->epochs)
		return NULL;
	return &world->said[(epoch * world->n + from) * world->n + instance];
}

static void once(struct world *world, bool *known, ec_hash *before, const ec_hash *now,
                 const char *what)
{
	if (*known && !ec_hash_equal(before, now))
		world_violate(world, what);
	*known = true;
	*before = *now;
}

static void vote_hear(struct world *world, struct world_said *of, const struct item *item)
{
	static const char two[] = "promise: a member voted twice in one round";
	uint8_t *before = NULL;
	if (item->vote == ABA_TERM)
		before = &of->term;
	else if (item->round < WORLD_ROUNDS && item->vote == ABA_AUX)
		before = &of->aux[item->round];
	else if (item->round < WORLD_ROUNDS && item->vote == ABA_CONF)
		before = &of->conf[item->round];
	if (!before)
		return;
	if (*before && *before != item->value)
		world_violate(world, two);
	*before = item->value;
}

static void toss_hear(struct world *world, ec_node from, uint64_t epoch, const struct item *item)
{
	if (item->round >= WORLD_ROUNDS)
		return;
	struct world_said *of = said(world, from, epoch, item->instance);
	of->tossed[item->round] = true;
	memcpy(of->toss[item->round], item->share.b, 32);
	for (uint32_t i = 0; i < world->n; i++) {
		const struct world_said *other = said(world, from, epoch, i);
		if (i != item->instance && other->tossed[item->round] &&
		    memcmp(other->toss[item->round], item->share.b, 32) == 0)
			world_violate(world, "coin: two agreements have one coin");
	}
}

/* Who has decided has said TERM; before all have there is no S. */
static void opening_hear(struct world *world, ec_node from, uint64_t epoch)
{
	for (uint32_t i = 0; i < world->is.voters; i++)
		if (!said(world, from, epoch, i)->term)
			world_violate(world, "secrecy: a share of opening before S was fixed");
}

/* A TERM in a record may never be sent by itself, but again after a crash. */
static void terms_hear(struct world *world, ec_node from, uint64_t epoch, struct ec_bytes body)
{
	struct ec_reader reader = ec_reader_over(body.data, body.size);
	while (reader.left && !reader.bad) {
		struct item item;
		hb_item_read(&reader, &item);
		struct world_said *of = said(world, from, epoch, item.instance);
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
		struct world_said *of = said(world, from, epoch, item.instance);
		world->items[item.kind]++;
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

void world_delivered(struct world *world, ec_node from, ec_seq seq)
{
	const struct hb *hb = world_hb(world, from);
	uint64_t epoch = hb->at;
	for (; epoch >= hb->oldest; epoch--) {
		const struct kept *kept = hb_kept(hb, epoch);
		if (kept && kept->placed && kept->first < seq)
			break;
	}
	if (epoch < hb->oldest || from >= world->is.voters)
		return;
	for (uint32_t i = 0; i < world->is.voters; i++) {
		const struct world_said *of = said(world, from, epoch, i);
		if (of && !of->term)
			world_violate(world, "promise: a delivery before its TERMs were saved");
	}
}

void world_hear(struct world *world, ec_node from, struct ec_bytes head, struct ec_bytes body)
{
	struct message m;
	bool known = hb_message_read(head, &m);
	assert(known);
	struct world_said *of = said(world, from, m.epoch, m.kind == ECHO ? m.instance : from);
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

void *world_push(struct world_queue *queue, const void *item)
{
	if (queue->first + queue->count == queue->capacity) {
		if (queue->first > queue->capacity / 2) {
			memmove(queue->item, (char *)queue->item + queue->first * queue->size,
			        queue->count * queue->size);
			queue->first = 0;
		} else {
			queue->capacity = queue->capacity ? 2 * queue->capacity : 16;
			queue->item = realloc(queue->item, queue->capacity * queue->size);
		}
	}
	void *at = (char *)queue->item + (queue->first + queue->count++) * queue->size;
	memcpy(at, item, queue->size);
	return at;
}

void *world_at(const struct world_queue *queue, uint32_t index)
{
	return (char *)queue->item + (queue->first + index) * queue->size;
}

void world_shift(struct world_queue *queue)
{
	queue->first++;
	queue->count--;
}

void world_message_drop(struct world_message *message)
{
	ec_drop(message->head);
	ec_drop(message->body);
}

void world_effect_drop(const struct ec_effect *effect)
{
	ec_drop(effect->head);
	ec_drop(effect->body);
}
