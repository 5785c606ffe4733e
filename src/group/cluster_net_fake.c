/* cluster_net_fake.c - the events and links of the cluster for tests. */
#include "group/cluster_net_fake.h"

#include "crypto/hash.h"
#include "group/frames.h"

static bool sooner(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->number < b->number;
}

static void event_put(struct cluster *c, struct event event)
{
	if (c->heap_count == c->heap_capacity) {
		c->heap_capacity = 2 * c->heap_capacity + 64;
		c->heap = realloc(c->heap, c->heap_capacity * sizeof *c->heap);
		assert(c->heap);
	}
	size_t at = c->heap_count++;
	while (at && sooner(&event, &c->heap[(at - 1) / 2])) {
		c->heap[at] = c->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	c->heap[at] = event;
}

void cluster_event_push(struct cluster *c, struct event event)
{
	event.number = c->number++;
	event_put(c, event);
}

struct event cluster_event_pop(struct cluster *c)
{
	struct event first = c->heap[0], last = c->heap[--c->heap_count];
	size_t at = 0;
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= c->heap_count)
			break;
		if (child + 1 < c->heap_count && sooner(&c->heap[child + 1], &c->heap[child]))
			child++;
		if (!sooner(&c->heap[child], &last))
			break;
		c->heap[at] = c->heap[child];
		at = child;
	}
	if (c->heap_count)
		c->heap[at] = last;
	return first;
}

uint64_t cluster_between(struct cluster *c, uint64_t low, uint64_t high)
{
	return low + ec_prng_below(&c->prng, high - low + 1);
}

struct ec_time cluster_time(const struct cluster *c)
{
	return (struct ec_time){.now = c->now, .stamp = WORLD_START_NS + c->now};
}

/* Whether this is a batch that `to`, as the leader, wants to know nothing of. */
static bool censored(struct cluster *c, uint32_t to, struct ec_bytes bytes)
{
	struct cluster_node *node = &c->node[to];
	struct ec_member_status status;
	struct ec_frame frame;
	struct ec_batch batch;
	if (!node->censored || !node->member || !ec_frame_read(bytes, &frame) ||
	    frame.kind != EC_FRAME_BODY)
		return false;
	ec_member_status(node->member, &status);
	if (!status.leader_self ||
	    !ec_batch_read(frame.block[0], c->world.genesis->batch_envelopes_max, &batch) ||
	    batch.submitter != node->censored - 1)
		return false;
	ec_hash digest = ec_sha256(frame.block[0].data, frame.block[0].size);
	if (node->starves && ec_hash_zero(&node->starved))
		node->starved = digest;
	return !node->starves || ec_hash_equal(&digest, &node->starved);
}

static void frame_send(struct cluster *c, uint32_t from, uint32_t to, struct ec_bytes bytes)
{
	uint64_t at = c->now + cluster_between(c, c->plan.delay_min_ns, c->plan.delay_max_ns);
	if (at < c->link_last[from][to])
		at = c->link_last[from][to];
	c->link_last[from][to] = at;
	enum ec_frame_kind kind = ec_frame_kind_of(bytes);
	c->node[from].sent[kind]++;
	if (c->node[to].mulls && kind == EC_FRAME_BODY)
		at += bytes.size * MS / 1000;
	bool help = kind == EC_FRAME_CHUNK || (kind == EC_FRAME_OLDER && bytes.size > 200);
	bool header = kind == EC_FRAME_SIGNATURE || kind == EC_FRAME_CERTIFICATE;
	if ((help && c->node[from].silent) || (header && c->node[from].unsaid) ||
	    censored(c, to, bytes))
		return;
	uint8_t *frame = malloc(bytes.size);
	assert(frame);
	memcpy(frame, bytes.data, bytes.size);
	if (help && c->node[from].liar)
		frame[bytes.size - 1 - bytes.size % 7] ^= 1;
	if (kind == EC_FRAME_BEACON_SHARE && c->node[from].misshares)
		frame[bytes.size - 1 - bytes.size % 7] ^= 1;
	if (c->node[from].garbles && ec_prng_chance(&c->prng, 1, 8))
		frame[ec_prng_below(&c->prng, bytes.size)] ^=
			(uint8_t)(1 + ec_prng_below(&c->prng, 255));
	cluster_event_push(c, (struct event){.at = at,
	                                     .kind = EVENT_FRAME,
	                                     .node = to,
	                                     .from = from,
	                                     .link = c->link[from][to],
	                                     .frame = frame,
	                                     .size = bytes.size});
}

void cluster_frame_send(struct cluster *c, uint32_t from, uint32_t to, struct ec_bytes bytes)
{
	struct ec_bytes sent = c->node[from].forges ? cluster_forge(c, from, bytes)
	                                            : cluster_equivocate(c, from, to, bytes);
	frame_send(c, from, to, sent);
	ec_drop(sent);
}

void cluster_delays(struct cluster *c, uint64_t min_ns, uint64_t max_ns)
{
	struct event *under_way = c->heap;
	size_t count = c->heap_count;
	c->plan.delay_min_ns = min_ns;
	c->plan.delay_max_ns = max_ns;
	c->heap = NULL;
	c->heap_count = c->heap_capacity = 0;
	for (uint32_t a = 0; a < c->nodes; a++)
		for (uint32_t b = 0; b < c->nodes; b++)
			if (c->link_last[a][b] > c->now + max_ns)
				c->link_last[a][b] = c->now + max_ns;
	for (size_t i = 0; i < count; i++) {
		struct event event = under_way[i];
		if (event.kind == EVENT_FRAME && event.at > c->now + max_ns)
			event.at = c->now + max_ns;
		event_put(c, event); /* of one time, the one that was sent first comes first */
	}
	free(under_way);
}

uint32_t cluster_peer(struct cluster *c, uint32_t node, uint32_t other)
{
	return ec_member_peer(c->node[node].member, c->node[other].identity.key);
}

void cluster_link_lose(struct cluster *c, uint32_t a, uint32_t b)
{
	if (!c->link[a][b])
		return;
	c->link[a][b] = c->link[b][a] = 0;
	const uint32_t ends[2] = {a, b};
	for (int i = 0; i < 2; i++) {
		struct cluster_node *node = &c->node[ends[i]];
		if (!node->member)
			continue;
		uint32_t peer = cluster_peer(c, ends[i], ends[1 - i]);
		if (peer != UINT32_MAX)
			ec_member_link(node->member, cluster_time(c), peer, false);
		cluster_acts(c, ends[i]);
	}
}

void cluster_link_later(struct cluster *c, uint32_t a, uint32_t b)
{
	cluster_event_push(c, (struct event){.at = c->now + cluster_between(c, MS, RECONNECT_NS),
	                                     .kind = EVENT_LINK,
	                                     .node = a,
	                                     .from = b});
}

void cluster_link_make(struct cluster *c, uint32_t a, uint32_t b)
{
	if (c->link[a][b] || c->parted[a][b] || !c->node[a].member || !c->node[b].member)
		return;
	uint32_t of_b = cluster_peer(c, a, b), of_a = cluster_peer(c, b, a);
	if (of_b == UINT32_MAX || of_a == UINT32_MAX) {
		cluster_link_later(c, a, b);
		return;
	}
	c->link[a][b] = c->link[b][a] = ++c->links;
	ec_member_link(c->node[a].member, cluster_time(c), of_b, true);
	ec_member_link(c->node[b].member, cluster_time(c), of_a, true);
	cluster_acts(c, a);
	cluster_acts(c, b);
}

uint32_t cluster_node_of_peer(struct cluster *c, uint32_t node, uint32_t peer)
{
	for (uint32_t other = 0; other < c->nodes; other++)
		if (other != node && cluster_peer(c, node, other) == peer)
			return other;
	return UINT32_MAX;
}
