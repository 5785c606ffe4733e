/* mischief.c - what Byzantine members do: at the host, under a protocol that itself is correct. */
#include "group/frames.h"
#include "sim/ledger.h"

#include <assert.h>

enum { PAST_MAX = 64, RECENT = 6 };

struct ec_bytes sim_sign(struct sim_world *world, const struct sim_host *host, uint64_t era,
                         struct ec_bytes head, const ec_hash *digest)
{
	const struct sim_era *e = &world->era[era - 1];
	ec_node self = sim_member_of(world, era, host->identity);
	assert(self != EC_ALL);
	struct ec_bytes proof;
	ec_hash leaf = ec_proof_leaf(&e->domain, head, digest);
	const struct ec_crypto *crypto = host->instance[era & 1].config.crypto;
	ec_proof_make(crypto, &e->secret[self], &e->domain, &leaf, 1, world->pool, &proof);
	return proof;
}

/* One small change of one byte (small scope: most of what breaks protocols is one off). */
static uint8_t byte_mutate(struct sim_world *world, uint8_t byte)
{
	switch (ec_prng_below(&world->prng, 5)) {
	case 0:
		return byte + 1;
	case 1:
		return byte - 1;
	case 2:
		return byte ^ (uint8_t)(1u << ec_prng_below(&world->prng, 8));
	case 3:
		return byte == 0xff ? 0xfe : 0xff;
	default:
		return byte == 0 ? 1 : 0;
	}
}

static void head_mutate(struct sim_world *world, struct sim_item *item)
{
	if (item->head.size == 0)
		return;
	struct ec_bytes head = ec_pool_copy(world->pool, item->head.data, item->head.size);
	uint8_t *byte = ec_writable(head) + ec_prng_below(&world->prng, head.size);
	*byte = byte_mutate(world, *byte);
	ec_drop(item->head);
	item->head = head;
}

/* The protocol's head inside a frame of a real member, signed again; else a byte of the frame. */
static void frame_mutate(struct sim_world *world, const struct sim_host *host,
                         struct sim_item *item)
{
	struct ec_frame frame;
	if (!ec_frame_read(item->head, &frame) || frame.kind != EC_FRAME_MESSAGE ||
	    frame.era == 0 || frame.era > world->eras || ec_prng_chance(&world->prng, 1, 4)) {
		head_mutate(world, item);
		return;
	}
	struct ec_bytes *head = &frame.block[EC_MESSAGE_HEAD];
	struct sim_item inner = {.head = ec_pool_copy(world->pool, head->data, head->size)};
	head_mutate(world, &inner);
	*head = inner.head;
	struct ec_bytes proof = EC_NO_BYTES;
	if (frame.block[EC_MESSAGE_PROOF].size)
		proof = sim_sign(world, host, frame.era, inner.head, &frame.name);
	frame.block[EC_MESSAGE_PROOF] = proof;
	struct ec_bytes bytes = ec_frame_write(world->pool, &frame);
	ec_drop(item->head);
	ec_drop(inner.head);
	ec_drop(proof);
	item->head = bytes;
}

/* Where the digest of some batch stands in these bytes, or NULL. */
static uint8_t *digest_in(struct sim_world *world, uint8_t *at, size_t size)
{
	uint32_t first = (uint32_t)ec_prng_below(&world->prng, world->batches);
	for (uint32_t i = 0; i < world->batches; i++) {
		const struct sim_batch *batch = &world->batch[(first + i) % world->batches];
		uint8_t *found = memmem(at, size, batch->digest.b, sizeof batch->digest.b);
		if (found)
			return found;
	}
	return NULL;
}

/* Another batch is named than was meant. */
static bool digest_mutate(struct sim_world *world, struct ec_bytes *bytes)
{
	if (bytes->size < sizeof(ec_hash) || world->batches == 0)
		return false;
	struct ec_bytes copy = ec_pool_copy(world->pool, bytes->data, bytes->size);
	uint8_t *at = digest_in(world, ec_writable(copy), copy.size);
	const struct sim_batch *other = &world->batch[ec_prng_below(&world->prng, world->batches)];
	if (at)
		memcpy(at, other->digest.b, sizeof other->digest.b);
	ec_drop(at ? *bytes : copy);
	if (at)
		*bytes = copy;
	return at;
}

/* What is no batch is changed inside, and the digest that the head may have of it, too. */
static void body_mutate(struct sim_world *world, struct sim_item *item)
{
	ec_hash before = item->digest;
	if (!digest_mutate(world, &item->body)) {
		struct ec_bytes copy = ec_pool_copy(world->pool, item->body.data, item->body.size);
		ec_writable(copy)[ec_prng_below(&world->prng, copy.size)] ^= 1;
		ec_drop(item->body);
		item->body = copy;
	}
	item->digest = sim_digest(world, item->body);
	struct ec_bytes head = ec_pool_copy(world->pool, item->head.data, item->head.size);
	uint8_t *at = memmem(ec_writable(head), head.size, before.b, sizeof before.b);
	if (at)
		memcpy(at, item->digest.b, sizeof before.b);
	ec_drop(item->head);
	item->head = head;
}

static void message_mutate(struct sim_world *world, struct sim_host *host, struct sim_item *item)
{
	bool batch = item->body.size && sim_batch_find(world, item->body) != UINT32_MAX;
	if (item->body.size && !batch && ec_prng_chance(&world->prng, 1, 2))
		body_mutate(world, item);
	else if (ec_prng_chance(&world->prng, 1, 2) || !digest_mutate(world, &item->head))
		head_mutate(world, item);
	if (item->proof.size == 0 || ec_prng_chance(&world->prng, 1, 8))
		return; /* an old signature under a new text */
	ec_drop(item->proof);
	item->proof = EC_NO_BYTES;
	if (ec_prng_chance(&world->prng, 7, 8))
		item->proof = sim_sign(world, host, item->era, item->head, &item->digest);
}

void sim_mutate(struct sim_world *world, struct sim_host *host, struct sim_item *item)
{
	struct ec_bytes head = ec_keep(item->head), body = ec_keep(item->body);
	if (world->ledger)
		frame_mutate(world, host, item);
	else
		message_mutate(world, host, item);
	bool changed = !ec_bytes_equal(head, item->head) || !ec_bytes_equal(body, item->body);
	item->mutant |= changed; /* a batch may have been named for itself */
	world->counts.fired[SIM_MUTATED] += changed;
	ec_drop(head);
	ec_drop(body);
}

bool sim_rename(struct sim_world *world, struct ec_bytes *bytes, const ec_hash *from,
                const ec_hash *to)
{
	uint8_t *at = bytes->size ? memmem(bytes->data, bytes->size, from->b, 32) : NULL;
	if (!at)
		return false;
	struct ec_bytes copy = ec_pool_copy(world->pool, bytes->data, bytes->size);
	while ((at = memmem(ec_writable(copy), copy.size, from->b, 32)))
		memcpy(at, to->b, 32);
	ec_drop(*bytes);
	*bytes = copy;
	return true;
}

/* Whether its own check() would take this. */
static bool plausible(const struct sim_world *world, const struct sim_host *host,
                      const struct sim_item *item)
{
	struct ec_input input = sim_item_input(item);
	return sim_protocol_of(world, item->era)
	        ->check(&host->instance[item->era & 1].config, &input);
}

static void sign_again(struct sim_world *world, const struct sim_host *host, struct sim_item *item)
{
	item->digest = sim_digest(world, item->body);
	if (item->proof.size == 0)
		return;
	ec_drop(item->proof);
	item->proof = sim_sign(world, host, item->era, item->head, &item->digest);
}

/* Among the newest batches one that these bytes name, or else any. */
static uint32_t swap_victim(struct sim_world *world, struct ec_bytes plan)
{
	uint32_t first = world->batches - RECENT;
	uint32_t any = (uint32_t)ec_prng_below(&world->prng, RECENT);
	for (uint32_t i = 0; i < RECENT && plan.size; i++) {
		uint32_t batch = first + (any + i) % RECENT;
		if (memmem(plan.data, plan.size, world->batch[batch].digest.b, 32))
			return batch;
	}
	return first + any;
}

/* Anew now and then, and for what says much at once: a plan of a view, for one. */
static void swap_draw(struct sim_world *world, struct sim_host *host, const struct sim_item *item)
{
	bool plan = item->body.size && sim_batch_find(world, item->body) == UINT32_MAX &&
	            ec_prng_chance(&world->prng, 1, 2);
	if (world->batches < RECENT || (world->now < host->swap_until && !plan))
		return;
	uint32_t first = world->batches - RECENT;
	host->swap_from = swap_victim(world, plan ? item->body : EC_NO_BYTES);
	host->swap_to = first + (uint32_t)ec_prng_below(&world->prng, RECENT);
	host->swap_until = world->now + sim_between(world, 200 * SIM_MS, 4 * SIM_S);
}

/* A consistent liar: what it proposes, votes for and plans names another batch. */
static void swap(struct sim_world *world, struct sim_host *host, struct sim_item *item)
{
	swap_draw(world, host, item);
	if (host->swap_from == host->swap_to)
		return;
	const struct sim_batch *from = &world->batch[host->swap_from];
	const struct sim_batch *to = &world->batch[host->swap_to];
	struct sim_item said = sim_item_copy(item);
	bool changed = sim_rename(world, &said.head, &from->digest, &to->digest);
	if (ec_bytes_equal(said.body, from->body)) {
		ec_drop(said.body);
		said.body = ec_keep(to->body);
		changed = true;
	} else {
		changed |= sim_rename(world, &said.body, &from->digest, &to->digest);
	}
	if (changed)
		sign_again(world, host, &said);
	if (!changed || !plausible(world, host, &said)) {
		sim_item_drop(said);
		return;
	}
	sim_item_drop(*item);
	*item = said;
	item->mutant = true;
	world->counts.fired[SIM_SWAPPED]++;
}

/* What it said in an earlier era under the same head is said again, signed anew. */
static void old_words(struct sim_world *world, struct sim_host *host, struct sim_item *item)
{
	if (item->body.size == 0 || sim_batch_find(world, item->body) != UINT32_MAX)
		return;
	for (uint32_t i = 0; i < host->past.count; i++) {
		const struct sim_item *old = sim_queue_at(&host->past, i);
		if (old->era >= item->era || old->body.size == 0 ||
		    !ec_bytes_equal(old->head, item->head))
			continue;
		ec_drop(item->body);
		item->body = ec_keep(old->body);
		sign_again(world, host, item);
		item->mutant = true;
		world->counts.fired[SIM_OLD_WORDS]++;
		return;
	}
	if (host->past.count == PAST_MAX)
		sim_item_drop(sim_queue_pop(&host->past));
	sim_queue_push(&host->past, sim_item_copy(item));
}

void sim_lie(struct sim_world *world, struct sim_host *host, struct sim_item *item)
{
	if (host->mischief & SIM_SWAP)
		swap(world, host, item);
	if (host->mischief & SIM_REPLAY)
		old_words(world, host, item);
}

static void remember(struct sim_world *world, struct sim_host *host, const struct sim_item *item)
{
	if (!ec_prng_chance(&world->prng, 1, 8))
		return;
	if (host->past.count == PAST_MAX)
		sim_item_drop(sim_queue_pop(&host->past));
	sim_queue_push(&host->past, sim_item_copy(item));
}

bool sim_mangle(struct sim_world *world, struct sim_host *host, struct sim_item *item,
                uint64_t *delay)
{
	uint32_t how = host->mischief;
	if (how & SIM_REPLAY)
		remember(world, host, item);
	if ((how & SIM_MUTE) || ((how & SIM_WITHHOLD) && ec_prng_chance(&world->prng, 1, 6))) {
		world->counts.fired[SIM_WITHHELD]++;
		return false;
	}
	if ((how & SIM_DELAY) && ec_prng_chance(&world->prng, 1, 10)) {
		world->counts.fired[SIM_DELAYED]++;
		*delay = sim_between(world, SIM_MS, 1500 * SIM_MS);
	}
	/* A bad frame costs a real link, and all is said again. */
	if ((how & SIM_MUTATE) && ec_prng_chance(&world->prng, 1, world->ledger ? 200 : 12))
		sim_mutate(world, host, item);
	return true;
}

/* Something said before is said again to someone, sometimes as if it were of this era. */
static void say_again(struct sim_world *world, struct sim_host *host)
{
	if (!host->past.count)
		return;
	uint32_t which = (uint32_t)ec_prng_below(&world->prng, host->past.count);
	uint32_t to = (uint32_t)ec_prng_below(&world->prng, world->hosts);
	ec_node now = sim_member_of(world, host->app.era, host->identity);
	if (world->host[to]->identity == host->identity)
		return;
	struct sim_item item = sim_item_copy(sim_queue_at(&host->past, which));
	if (now != EC_ALL && ec_prng_chance(&world->prng, 1, 3)) {
		item.era = host->app.era;
		item.from = now;
		if (item.proof.size && ec_prng_chance(&world->prng, 1, 2)) {
			ec_drop(item.proof);
			item.proof = sim_sign(world, host, item.era, item.head, &item.digest);
		}
	}
	item.mutant = true;
	world->counts.fired[SIM_REPLAYED] += world->link[host->index][to].up && world->host[to]->up;
	sim_post(world, host->index, to, item, 0);
}

/* A batch that no client made, or one of a client with a byte of it changed. */
static void junk(struct sim_world *world, struct sim_host *host)
{
	struct sim_instance *instance = sim_current(host);
	bool takes = instance && instance->state && instance->protocol->sealed && instance->want &&
	             (instance->lead == EC_ALL || instance->lead == instance->self) &&
	             sim_room(instance);
	if (!takes || !world->batches || !ec_prng_chance(&world->prng, 1, 4))
		return;
	struct ec_bytes like = world->batch[ec_prng_below(&world->prng, world->batches)].body;
	struct ec_bytes body = ec_pool_copy(world->pool, like.data, like.size);
	ec_writable(body)[ec_prng_below(&world->prng, body.size)] ^= 0x80;
	world->counts.fired[SIM_JUNK_SUBMITTED]++;
	sim_step(world, host, instance,
	         &(struct ec_input){.kind = EC_SUBMIT,
	                            .body = body,
	                            .digest = sim_digest(world, body),
	                            .stamp = sim_stamp(world, host)});
	ec_drop(body);
}

void sim_mischief(struct sim_world *world, struct sim_host *host)
{
	if (!host->up)
		return;
	if (host->mischief & SIM_REPLAY)
		say_again(world, host);
	if (host->mischief & SIM_JUNK)
		junk(world, host);
	if ((host->mischief & SIM_AMNESIA) && ec_prng_chance(&world->prng, 1, 20)) {
		sim_crash(world, host, 0);
		for (int i = 0; i < 2; i++)
			sim_disk_wipe(&host->instance[i].disk);
		if (host->ledger)
			sim_ledger_wipe(host);
		world->counts.fired[SIM_FORGOT]++;
		sim_restart(world, host);
	}
}
