/* honeybadger_hostile_world.c - one member to whom nobody tells the truth for long.
 *
 * Three members live as they should, so that epochs go on; what they say to the fourth is turned on
 * the way, or said by nobody: more lies than the protocol bears.  The fourth may come to believe
 * anything, but no assertion of it may be reached, and it stays within its limits. */
#include "consensus/honeybadger/honeybadger_hostile_world.h"

#include "consensus/honeybadger/honeybadger_world.h"

enum { N = 4, SELF = 1, K = 2 };

struct liars {
	const uint8_t *data;
	size_t left;
	struct world *world;
	struct hostile_counts counts;
};

static uint32_t pick(struct liars *h, uint32_t below)
{
	if (!h->left)
		return 0;
	h->left--;
	return *h->data++ % below;
}

static ec_node liar(struct liars *h)
{
	static const ec_node liars[] = {0, 2, 3};
	return liars[pick(h, 3)];
}

static uint64_t epoch_any(struct liars *h)
{
	uint32_t far = pick(h, 40);
	uint64_t at = honeybadger_of(h->world, SELF)->at;
	if (far == 1)
		return NUMBER_MAX - pick(h, 3);
	uint64_t near = at + pick(h, 5);
	return near > 2 ? near - 2 : 1;
}

static void item_any(struct liars *h, struct item *item)
{
	*item = (struct item){.kind = (enum item_kind)(1 + pick(h, 4)),
	                      .instance = pick(h, N),
	                      .round = pick(h, 4),
	                      .vote = (uint8_t)pick(h, ABA_KINDS),
	                      .value = (uint8_t)(1 + pick(h, 3))};
	memset(item->root.b, (int)pick(h, 3), sizeof item->root.b);
	memset(item->share.b, (int)pick(h, 3), sizeof item->share.b);
}

static struct ec_bytes bundle_any(struct liars *h)
{
	uint8_t bytes[1024];
	struct ec_writer writer = ec_writer_over(bytes, sizeof bytes);
	for (uint32_t count = 1 + pick(h, 6); count; count--) {
		struct item item;
		item_any(h, &item);
		hb_item_write(&writer, &item);
	}
	return ec_pool_copy(h->world->pool, bytes, writer.size);
}

/* A proposal by a liar: an empty one, or one that is said to be sealed. */
static struct ec_bytes shard_any(struct liars *h, uint32_t receiver)
{
	struct ec_bytes val[N], payload = ec_pool_take(h->world->pool, 1 + pick(h, 250));
	memset(ec_writable(payload), (int)pick(h, 3), payload.size);
	rbc_encode(hb_group_of(&h->world->member[SELF].config), payload, h->world->pool, val);
	for (uint32_t i = 0; i < N; i++)
		if (i != receiver)
			ec_drop(val[i]);
	ec_drop(payload);
	return val[receiver];
}

static ec_seq claimed_any(struct liars *h)
{
	ec_seq near = h->world->member[SELF].applied / K + pick(h, 12);
	uint32_t far = pick(h, 40);
	return far == 1 ? (NUMBER_MAX - 8) / K * K : (near > 4 ? near - 4 : 1) * K;
}

static void forge(struct liars *h)
{
	struct world *world = h->world;
	struct message m = {.kind = (enum kind)(1 + pick(h, CLAIM)), .epoch = epoch_any(h)};
	struct ec_bytes body = EC_NO_BYTES;
	ec_node from = liar(h);
	if (m.kind == VAL)
		body = shard_any(h, SELF);
	m.instance = m.kind == ECHO ? pick(h, N) : 0;
	if (m.kind == ECHO)
		body = shard_any(h, from);
	if (m.kind == VOTES)
		body = bundle_any(h);
	m.oldest = m.kind == AT ? 1 + pick(h, 4) * (m.epoch / 4) : 0;
	if (m.kind == CLAIM) {
		m.seq = claimed_any(h);
		m.first = m.seq - 1 - pick(h, 2) % m.seq;
		m.epoch = 1 + m.first - (m.first ? pick(h, 4) % (m.first + 1) : 0);
		m.digest.b[0] = (uint8_t)pick(h, 2);
	}
	h->counts.forged++;
	honeybadger_forge(world, from, SELF, &m, body);
}

/* All the others claim one state, of which some is true, and say that nothing else helps. */
static void claim_together(struct liars *h)
{
	struct world *world = h->world;
	const struct world_member *other = &world->member[0];
	uint64_t at = honeybadger_of(world, SELF)->at;
	struct message claim = {.kind = CLAIM, .seq = claimed_any(h)}, stands = {.kind = AT};
	claim.first = claim.seq - 1 - pick(h, 2) % claim.seq;
	claim.epoch = 1 + claim.first - (claim.first ? pick(h, 4) % (claim.first + 1) : 0);
	if (claim.seq <= other->applied && pick(h, 4))
		claim.digest = other->at[claim.seq].state;
	stands.oldest = at + pick(h, 3);
	stands.epoch = stands.oldest + pick(h, 3);
	for (ec_node node = 0; node < N; node++) {
		if (node == SELF)
			continue;
		honeybadger_forge(world, node, SELF, &claim, EC_NO_BYTES);
		honeybadger_forge(world, node, SELF, &stands, EC_NO_BYTES);
	}
}

/* A byte of what is next on a link is another one. */
static void turn(struct liars *h, ec_node from)
{
	struct world_queue *link = &h->world->link[from][SELF];
	if (!link->count)
		return;
	struct world_message *message = world_at(link, 0);
	struct ec_bytes *which = pick(h, 3) && message->body.size ? &message->body : &message->head;
	struct ec_bytes other = ec_pool_copy(h->world->pool, which->data, which->size);
	uint32_t at = (pick(h, 256) << 8 | pick(h, 256)) % (uint32_t)other.size;
	ec_writable(other)[at] ^= (uint8_t)(1 + pick(h, 255));
	ec_drop(*which);
	*which = other;
	h->counts.turned++;
}

static void live_again(struct liars *h)
{
	struct world_member *member = &h->world->member[SELF];
	if (member->life > 8)
		return;
	world_crash(h->world, SELF);
	world_restart(h->world, SELF);
	h->counts.lives++;
}

static void submit(struct liars *h)
{
	char text[8] = "batch ";
	text[6] = (char)('a' + pick(h, 26));
	if (h->world->batches < 200)
		honeybadger_batch(h->world, pick(h, N), text);
	world_submit(h->world);
}

static void act(struct liars *h)
{
	ec_node from = pick(h, N);
	switch (pick(h, 32)) {
	case 6:
		if (pick(h, 4) == 1)
			claim_together(h);
		break;
	case 0:
		forge(h);
		break;
	case 1:
		turn(h, liar(h));
		break;
	case 2:
		submit(h);
		break;
	case 3:
		if (from != SELF)
			world_break(h->world, from, SELF, pick(h, 3), pick(h, 3));
		break;
	case 4:
		if (pick(h, 8) == 1)
			live_again(h);
		break;
	case 5:
		h->world->member[SELF].stalled = pick(h, 2);
		world_disk(h->world, SELF, pick(h, 4));
		break;
	default:
		for (uint32_t i = 0; i < 12; i++)
			world_deliver(h->world, pick(h, N), pick(h, N));
		world_wakes(h->world);
	}
}

struct hostile_counts honeybadger_hostile_run(const uint8_t *data, size_t size)
{
	static const char *const always[] = {"limits", "purity", "contract", "replay", "ownership"};
	struct liars h = {.data = data, .left = size};
	struct honeybadger_options options = {0};
	struct world_options is = {.n = N, .interval = K, .options = &options};
	char line[256];
	is.keys = pick(&h, 4) ? WORLD_CHEAP_KEYS : WORLD_NO_KEYS;
	options.coins = pick(&h, 2) ? HONEYBADGER_THROWN : HONEYBADGER_SCHEDULED;
	h.world = world_new(&honeybadger_world, is);
	while (h.left)
		act(&h);
	struct ec_text text = ec_text_over(line, sizeof line);
	ec_honeybadger.show(h.world->member[SELF].state, &text);
	h.counts.refused = h.world->refused;
	h.counts.delivered = (uint32_t)h.world->member[SELF].applied;
	h.counts.fetches = h.world->fetches;
	h.counts.views = (uint32_t)(honeybadger_of(h.world, SELF)->at % 10000);
	const char *violation = world_free(h.world);
	for (size_t i = 0; violation && i < sizeof always / sizeof always[0]; i++)
		assert(strncmp(violation, always[i], strlen(always[i])) != 0);
	return h.counts;
}
