/* veil_fake.c - a sealed protocol for tests of a member.
 *
 * offer(body)            to 0: a batch under its veil
 * place(seq, node, body) 0 to all, after its SAVE
 * at(seq)                to 0, on a new link: where the sender stands
 * state(seq, digest)     0 to who stands below what 0 still has
 *
 * (I1) A member keeps what it was given until it is delivered, VEIL_OWN_MAX at the most.
 * (I2) Member 0 has the places after its newest checkpoint, WINDOW at the most.
 */
#include "group/veil_fake.h"

#include "base/codec.h"
#include "base/quorum.h"

#include <assert.h>

enum { INTERVAL = 64, WINDOW = 3 * INTERVAL, HEAD_SIZE = 53, MEMBERS_MAX = 8 };
enum { QUEUE = MEMBERS_MAX * VEIL_OWN_MAX, BODY_MAX = 64 << 10, EPOCH = 16 };
enum kind { OFFER = 1, PLACE, AT, STATE };

struct head {
	enum kind kind;
	ec_seq seq;
	ec_node node;
	uint64_t stamp;
	ec_hash digest;
};

struct place {
	ec_seq seq;
	ec_node node;
	uint64_t stamp;
	struct ec_bytes body; /* under its veil */
};

struct veil {
	ec_node self, turn;
	uint32_t n;
	ec_seq base, delivered, last, stable; /* last: placed by 0 */
	ec_hash stable_digest;
	bool started, fetching, had_shares;
	struct ec_bytes own[VEIL_OWN_MAX]; /* as it was given */
	struct place queue[QUEUE];         /* at 0, without seq: [node][i] */
	struct place place[WINDOW];        /* at 0: [seq % WINDOW] */
};

struct ec_bytes veil_turned(struct ec_pool *pool, struct ec_bytes body)
{
	struct ec_bytes turned = ec_pool_take(pool, body.size);
	for (size_t i = 0; i < body.size; i++)
		ec_writable(turned)[i] = body.data[i] ^ 0x5a;
	return turned;
}

static uint32_t faults(const struct ec_roster *roster)
{
	(void)roster;
	return 0;
}

static struct ec_limits limits(const struct ec_config *config)
{
	(void)config;
	return (struct ec_limits){.state = sizeof(struct veil),
	                          .effects_per_step = 4 * WINDOW,
	                          .buffers_held = WINDOW + QUEUE + VEIL_OWN_MAX,
	                          .message_max = BODY_MAX + HEAD_SIZE,
	                          .record_max = BODY_MAX + HEAD_SIZE};
}

static struct ec_terms terms(const struct ec_config *config)
{
	(void)config;
	return (struct ec_terms){.interval = INTERVAL, .batch_bytes_max = BODY_MAX};
}

static const char *misfit(const struct ec_config *config)
{
	return config->roster->n > MEMBERS_MAX ? "it takes 8 members" : NULL;
}

static void init(void *self, const struct ec_config *config)
{
	struct veil *v = self;
	memset(v, 0, sizeof *v);
	v->self = config->self;
	v->n = config->roster->n;
	v->base = config->base;
	v->had_shares = config->shares != NULL;
}

static bool head_read(struct ec_bytes bytes, struct head *head)
{
	struct ec_reader reader = ec_reader_over(bytes.data, bytes.size);
	*head = (struct head){.kind = (enum kind)ec_read_u8(&reader)};
	head->seq = ec_read_u64(&reader);
	head->node = ec_read_u32(&reader);
	head->stamp = ec_read_u64(&reader);
	head->digest = ec_read_hash(&reader);
	return ec_reader_done(&reader) && head->kind >= OFFER && head->kind <= STATE;
}

bool veil_offers(struct ec_bytes bytes)
{
	struct head head;
	return head_read(bytes, &head) && head.kind == OFFER;
}

static struct ec_bytes head_make(struct ec_out *out, const struct head *head)
{
	struct ec_bytes bytes = ec_pool_take(out->pool, HEAD_SIZE);
	struct ec_writer writer = ec_writer_over(ec_writable(bytes), HEAD_SIZE);
	ec_write_u8(&writer, (uint8_t)head->kind);
	ec_write_u64(&writer, head->seq);
	ec_write_u32(&writer, head->node);
	ec_write_u64(&writer, head->stamp);
	ec_write_hash(&writer, &head->digest);
	assert(ec_writer_ok(&writer) && writer.size == HEAD_SIZE);
	return bytes;
}

static bool check(const struct ec_config *config, const struct ec_input *input)
{
	struct head head;
	if (!head_read(input->head, &head) || input->body.size > BODY_MAX)
		return false;
	bool to_first = head.kind == OFFER || head.kind == AT;
	bool has_body = head.kind == OFFER || head.kind == PLACE;
	return (to_first ? config->self == 0 : input->from == 0) &&
	       has_body == (input->body.size > 0) && head.node < config->roster->n;
}

/* Takes over the body. */
static void say(struct ec_out *out, ec_node to, const struct head *head, struct ec_bytes body)
{
	ec_emit(out,
	        (struct ec_effect){
			.kind = EC_SEND, .node = to, .head = head_make(out, head), .body = body});
}

static void offer(struct ec_out *out, struct ec_bytes body)
{
	say(out, 0, &(struct head){.kind = OFFER}, veil_turned(out->pool, body));
}

static void say_at(const struct veil *v, struct ec_out *out)
{
	say(out, 0, &(struct head){.kind = AT, .seq = v->delivered}, EC_NO_BYTES);
}

static struct place *place_at(struct veil *v, ec_seq seq)
{
	return &v->place[seq % WINDOW];
}

static struct head head_of(const struct place *place)
{
	return (struct head){
		.kind = PLACE, .seq = place->seq, .node = place->node, .stamp = place->stamp};
}

static void place_keep(struct veil *v, struct place place)
{
	struct place *kept = place_at(v, place.seq);
	ec_drop(kept->body);
	*kept = place;
	ec_keep(kept->body);
	if (place.seq > v->last)
		v->last = place.seq;
}

/* The next that is offered, of whose turn it is; NULL: none. */
static struct place *offered(struct veil *v)
{
	for (uint32_t i = 0; i < MEMBERS_MAX; i++) {
		uint32_t node = (v->turn + i) % MEMBERS_MAX;
		struct place *first = &v->queue[node * VEIL_OWN_MAX];
		if (!first->body.size)
			continue;
		v->turn = node + 1;
		return first;
	}
	return NULL;
}

static void place_all(struct veil *v, uint64_t stamp, struct ec_out *out)
{
	struct place *next;
	while (v->started && v->last < v->stable + WINDOW - 1 && (next = offered(v))) {
		struct place place = *next;
		for (uint32_t i = 0; i + 1 < VEIL_OWN_MAX; i++)
			next[i] = next[i + 1];
		next[VEIL_OWN_MAX - 1] = (struct place){0};
		place.seq = v->last + 1;
		place.stamp = stamp;
		place_keep(v, place);
		struct head head = head_of(&place);
		ec_emit(out, (struct ec_effect){.kind = EC_SAVE,
		                                .seq = place.seq,
		                                .head = head_make(out, &head),
		                                .body = ec_keep(place.body)});
		say(out, EC_ALL, &head, place.body);
	}
}

/* Whoever is linked anew offers all of its own again. */
static void offer_received(struct veil *v, ec_node from, struct ec_bytes body)
{
	struct place *queue = &v->queue[from * VEIL_OWN_MAX];
	for (uint32_t i = 0; i < WINDOW; i++)
		if (v->place[i].node == from && ec_bytes_equal(v->place[i].body, body))
			return;
	for (uint32_t i = 0; i < VEIL_OWN_MAX; i++) {
		if (ec_bytes_equal(queue[i].body, body))
			return;
		if (queue[i].body.size)
			continue;
		queue[i] = (struct place){.node = from, .body = ec_keep(body)};
		return;
	}
}

static void own_delivered(struct veil *v, struct ec_bytes body)
{
	for (uint32_t i = 0; i < VEIL_OWN_MAX; i++)
		if (ec_bytes_equal(v->own[i], body)) {
			ec_drop(v->own[i]);
			v->own[i] = EC_NO_BYTES;
		}
}

static void place_received(struct veil *v, const struct head *head, struct ec_bytes body,
                           struct ec_out *out)
{
	if (!v->started || v->fetching || head->seq != v->delivered + 1)
		return;
	struct ec_bytes batch = veil_turned(out->pool, body);
	v->delivered++;
	own_delivered(v, batch);
	ec_emit(out, (struct ec_effect){.kind = EC_DELIVER,
	                                .seq = head->seq,
	                                .node = head->node,
	                                .stamp = head->stamp,
	                                .body = batch});
	if ((head->seq - v->base) % INTERVAL == 0)
		ec_emit(out, (struct ec_effect){.kind = EC_SNAP, .seq = head->seq});
}

static void at_received(struct veil *v, ec_node from, ec_seq at, struct ec_out *out)
{
	ec_seq oldest = v->last >= WINDOW ? v->last - WINDOW + 1 : 1;
	while (oldest <= v->last && place_at(v, oldest)->seq != oldest)
		oldest++;
	if (at + 1 < oldest) {
		say(out, from,
		    &(struct head){.kind = STATE, .seq = v->stable, .digest = v->stable_digest},
		    EC_NO_BYTES);
		return;
	}
	for (ec_seq seq = at + 1; seq <= v->last; seq++) {
		struct head head = head_of(place_at(v, seq));
		say(out, from, &head, ec_keep(place_at(v, seq)->body));
	}
}

static void state_received(struct veil *v, const struct head *head, struct ec_out *out)
{
	if (v->fetching || head->seq <= v->delivered)
		return;
	v->fetching = true;
	ec_emit(out,
	        (struct ec_effect){.kind = EC_FETCH, .seq = head->seq, .digest = head->digest});
}

static void received(struct veil *v, const struct ec_input *input, struct ec_out *out)
{
	struct head head;
	bool ok = head_read(input->head, &head);
	assert(ok);
	if (head.kind == OFFER)
		offer_received(v, input->from, input->body);
	if (head.kind == PLACE)
		place_received(v, &head, input->body, out);
	if (head.kind == AT)
		at_received(v, input->from, head.seq, out);
	if (head.kind == STATE)
		state_received(v, &head, out);
}

static void link_new(const struct veil *v, ec_node from, struct ec_out *out)
{
	if (from != 0 || !v->started)
		return;
	say_at(v, out);
	for (uint32_t i = 0; i < VEIL_OWN_MAX; i++)
		if (v->own[i].size)
			offer(out, v->own[i]);
}

/* The newest checkpoint: member 0 forgets the records of what is before it. */
static void stable_set(struct veil *v, const struct ec_input *input, struct ec_out *out)
{
	v->stable = input->seq;
	v->stable_digest = input->digest;
	if (v->last < v->stable)
		v->last = v->stable;
	if (v->self != 0)
		return;
	struct head head = {.kind = STATE, .seq = v->stable, .digest = v->stable_digest};
	ec_emit(out, (struct ec_effect){.kind = EC_SAVE,
	                                .flags = EC_CUT,
	                                .seq = v->stable,
	                                .head = head_make(out, &head)});
}

static void stands(struct veil *v, const struct ec_input *input, struct ec_out *out)
{
	v->delivered = input->seq;
	v->fetching = false;
	stable_set(v, input, out);
	say_at(v, out);
}

static void recorded(struct veil *v, const struct ec_input *input)
{
	struct head head;
	if (head_read(input->head, &head) && head.kind == PLACE)
		place_keep(v, (struct place){head.seq, head.node, head.stamp, input->body});
}

static void submitted(struct veil *v, struct ec_bytes body, struct ec_out *out)
{
	for (uint32_t i = 0; i < VEIL_OWN_MAX; i++) {
		if (v->own[i].size)
			continue;
		v->own[i] = ec_keep(body);
		offer(out, body);
		return;
	}
	assert(!"more was submitted than was wanted");
}

static void step(void *self, const struct ec_input *input, struct ec_out *out)
{
	struct veil *v = self;
	if (input->kind == EC_RECORD)
		recorded(v, input);
	if (input->kind == EC_START)
		v->started = true;
	if (input->kind == EC_START || (input->kind == EC_FETCHED && input->seq >= v->delivered))
		stands(v, input, out);
	if (input->kind == EC_SNAPPED)
		stable_set(v, input, out);
	if (input->kind == EC_RECV)
		received(v, input, out);
	if (input->kind == EC_LINK)
		link_new(v, input->from, out);
	if (input->kind == EC_SUBMIT)
		submitted(v, input->body, out);
	if (v->self == 0 && input->kind != EC_RECORD)
		place_all(v, input->stamp, out);
	out->want = 0;
	for (uint32_t i = 0; i < VEIL_OWN_MAX; i++)
		out->want += v->started && !v->own[i].size;
	out->lead = EC_ALL;
	out->view = v->delivered / EPOCH + 1;
}

static uint32_t bytes_held(struct ec_bytes bytes, struct ec_bytes *at, uint32_t count)
{
	if (!bytes.buffer)
		return count;
	if (at)
		at[count] = bytes;
	return count + 1;
}

static uint32_t held(const void *self, struct ec_bytes *at)
{
	const struct veil *v = self;
	uint32_t count = 0;
	for (uint32_t i = 0; i < VEIL_OWN_MAX; i++)
		count = bytes_held(v->own[i], at, count);
	for (uint32_t i = 0; i < QUEUE; i++)
		count = bytes_held(v->queue[i].body, at, count);
	for (uint32_t i = 0; i < WINDOW; i++)
		count = bytes_held(v->place[i].body, at, count);
	return count;
}

static void invariants(const void *self)
{
	const struct veil *v = self;
	if (v->self == 0 && v->started)
		assert(v->last < v->stable + WINDOW); /* (I2) */
}

static void show(const void *self, struct ec_text *text)
{
	const struct veil *v = self;
	ec_text_add(text, "delivered %u", (unsigned)v->delivered);
}

static void show_head(struct ec_bytes bytes, struct ec_text *text)
{
	struct head head;
	if (head_read(bytes, &head))
		ec_text_add(text, "kind %d of %u", (int)head.kind, (unsigned)head.seq);
}

static bool guilty(const struct ec_config *config, ec_node node, struct ec_bytes head,
                   struct ec_bytes body)
{
	(void)config, (void)node, (void)head, (void)body;
	return false;
}

bool veil_had_shares(const void *self)
{
	return ((const struct veil *)self)->had_shares;
}

static const char *const bugs[] = {NULL};

const struct ec_protocol veil = {.name = "veil",
                                 .order = EC_TOTAL,
                                 .sealed = true,
                                 .faults = faults,
                                 .bugs = bugs,
                                 .terms = terms,
                                 .misfit = misfit,
                                 .limits = limits,
                                 .init = init,
                                 .check = check,
                                 .guilty = guilty,
                                 .step = step,
                                 .held = held,
                                 .invariants = invariants,
                                 .show = show,
                                 .show_head = show_head};
