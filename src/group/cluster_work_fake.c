/* cluster_work_fake.c - the time that work takes a node of the cluster for tests.
 *
 * A node does one thing at a time; what arrives meanwhile waits in the order in which it came.
 * Without costs everything is done at the moment when it arrives. */
#include "group/cluster_net_fake.h"

#include "crypto/hash.h"

struct cluster_effort cluster_effort(struct cluster *c, uint32_t node)
{
	struct ec_member *member = c->node[node].member;
	if (!member)
		return (struct cluster_effort){0};
	struct ec_ledger_at at = ec_ledger_at(ec_member_ledger(member));
	return (struct cluster_effort){at.envelopes, at.persisted_position};
}

void cluster_charge(struct cluster *c, uint32_t node, const struct cluster_effort *before,
                    size_t frame_size)
{
	struct cluster_node *of = &c->node[node];
	struct cluster_effort after = cluster_effort(c, node);
	uint64_t cost = frame_size ? c->plan.frame_ns + frame_size * c->plan.byte_ns : 0;
	if (!of->member)
		return;
	cost += (after.envelopes - before->envelopes) * c->plan.envelope_ns;
	cost += after.persisted != before->persisted ? c->plan.persist_ns : 0;
	of->free_at = (of->free_at > c->now ? of->free_at : c->now) + cost;
}

uint64_t cluster_wake(const struct cluster *c, uint32_t node)
{
	const struct cluster_node *of = &c->node[node];
	/* One that would always rather go on by itself lets what waits have its turn. */
	uint64_t free_at = of->free_at + (of->woke && of->work_count);
	return of->wake && of->wake < free_at ? free_at : of->wake;
}

static void frame_arrived(struct cluster *c, const struct event *event)
{
	struct cluster_node *of = &c->node[event->node];
	struct ec_checked checked;
	if (!of->member || c->link[event->node][event->from] != event->link)
		return;
	uint32_t peer = cluster_peer(c, event->node, event->from);
	if (peer == UINT32_MAX)
		return;
	struct ec_bytes frame = ec_pool_copy(of->pool, event->frame, event->size);
	ec_member_check(of->member, peer, frame, &of->memo, &checked);
	ec_member_frame(of->member, cluster_time(c), peer, frame, &checked);
	ec_drop(frame);
	cluster_acts(c, event->node);
}

static void log_synced(struct cluster *c, const struct event *event)
{
	struct cluster_node *of = &c->node[event->node];
	if (!of->member || of->life != event->life)
		return;
	uint32_t count = of->syncing;
	of->syncing = 0;
	of->log_durable += count;
	ec_member_logged(of->member, cluster_time(c), count);
	cluster_acts(c, event->node);
}

void cluster_check_later(struct cluster *c, uint32_t node, const struct ec_act *act)
{
	uint64_t about = c->node[node].check_ns ? c->node[node].check_ns : c->plan.check_ns;
	uint64_t takes = cluster_between(c, about / 2, about * 3 / 2);
	struct event event = {.at = c->now + takes,
	                      .kind = EVENT_CHECKED,
	                      .node = node,
	                      .life = c->node[node].life,
	                      .token = act->token,
	                      .size = act->bytes.size,
	                      .frame = malloc(act->bytes.size)};
	assert(event.frame);
	memcpy(event.frame, act->bytes.data, act->bytes.size);
	c->node[node].checks++;
	cluster_event_push(c, event);
}

static void batch_checked(struct cluster *c, const struct event *event)
{
	struct cluster_node *of = &c->node[event->node];
	struct ec_checked checked;
	if (!of->member || of->life != event->life)
		return;
	struct ec_bytes batch = ec_pool_copy(of->pool, event->frame, event->size);
	ec_hash digest = ec_sha256(batch.data, batch.size);
	ec_member_check_batch(of->member, batch, &digest, &checked);
	ec_member_checked(of->member, cluster_time(c), event->token, &checked);
	ec_drop(batch);
	cluster_acts(c, event->node);
}

static bool submitted(struct cluster *c, const struct event *event)
{
	struct cluster_node *of = &c->node[event->node];
	if (!of->member)
		return false;
	struct ec_bytes envelope =
		ec_pool_copy(of->pool, event->frame + EC_SALT_SIZE, event->size - EC_SALT_SIZE);
	enum ec_admission admission =
		ec_member_admits(of->member, cluster_time(c), 0, envelope.size);
	if (admission == EC_ADMITTED)
		admission = ec_member_submit(of->member, cluster_time(c), event->token, envelope,
		                             event->frame);
	ec_drop(envelope);
	of->admitted += admission == EC_ADMITTED;
	of->busy += admission == EC_BUSY;
	cluster_acts(c, event->node);
	return admission == EC_ADMITTED;
}

bool cluster_work_submit(struct cluster *c, uint32_t node, uint64_t token, const uint8_t *envelope,
                         size_t size, const uint8_t salt[static EC_SALT_SIZE])
{
	struct event event = {.kind = EVENT_SUBMIT,
	                      .node = node,
	                      .token = token,
	                      .size = EC_SALT_SIZE + size,
	                      .frame = malloc(EC_SALT_SIZE + size)};
	assert(event.frame);
	memcpy(event.frame, salt, EC_SALT_SIZE);
	memcpy(event.frame + EC_SALT_SIZE, envelope, size);
	if (c->plan.envelope_ns) {
		cluster_work_add(c, &event);
		return c->node[node].member != NULL;
	}
	bool taken = submitted(c, &event);
	free(event.frame);
	return taken;
}

static void handle(struct cluster *c, const struct event *event)
{
	struct cluster_effort before = cluster_effort(c, event->node);
	c->node[event->node].woke = false;
	if (event->kind == EVENT_FRAME)
		frame_arrived(c, event);
	else if (event->kind == EVENT_SUBMIT)
		submitted(c, event);
	else if (event->kind == EVENT_CHECKED)
		batch_checked(c, event);
	else
		log_synced(c, event);
	cluster_charge(c, event->node, &before, event->size);
	free(event->frame);
}

static void work_push(struct cluster_node *of, const struct event *event)
{
	if (of->work_first + of->work_count == of->work_capacity) {
		of->work_capacity = 2 * of->work_count + 64;
		struct event *work = malloc(of->work_capacity * sizeof *work);
		assert(work);
		if (of->work_count)
			memcpy(work, of->work + of->work_first, of->work_count * sizeof *work);
		free(of->work);
		of->work = work;
		of->work_first = 0;
	}
	of->work[of->work_first + of->work_count++] = *event;
}

static void work_later(struct cluster *c, uint32_t node)
{
	struct cluster_node *of = &c->node[node];
	uint64_t at = of->free_at > c->now ? of->free_at : c->now;
	cluster_event_push(c, (struct event){.at = at, .kind = EVENT_WORK, .node = node});
}

void cluster_work_add(struct cluster *c, const struct event *event)
{
	struct cluster_node *of = &c->node[event->node];
	if (!of->work_count && of->free_at <= c->now) {
		handle(c, event);
		return;
	}
	work_push(of, event);
	if (of->work_count == 1)
		work_later(c, event->node);
}

void cluster_work(struct cluster *c, uint32_t node)
{
	struct cluster_node *of = &c->node[node];
	if (!of->work_count)
		return;
	if (of->free_at <= c->now) {
		struct event event = of->work[of->work_first++];
		of->work_count--;
		handle(c, &event);
	}
	if (of->work_count)
		work_later(c, node);
}

void cluster_work_drop(struct cluster *c, uint32_t node)
{
	struct cluster_node *of = &c->node[node];
	for (uint32_t i = 0; i < of->work_count; i++)
		free(of->work[of->work_first + i].frame);
	of->work_first = of->work_count = 0;
	of->free_at = c->now;
}
