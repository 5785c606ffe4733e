/* cluster_fake.c - a few members in one process with virtual time: for tests. */
#include "group/cluster_net_fake.h"

#include "crypto/hash.h"

static bool cheap_verify(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
                         const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	ec_hash hash = ec_hmac_sha256(key, EC_KEY_SIZE, message, size);
	return memcmp(hash.b, signature, sizeof hash.b) == 0;
}

static void cheap_sign(const struct ec_secret *secret, const void *message, size_t size,
                       uint8_t signature[static EC_SIGNATURE_SIZE])
{
	ec_hash hash = ec_hmac_sha256(secret->key, EC_KEY_SIZE, message, size);
	memset(signature, 0, EC_SIGNATURE_SIZE);
	memcpy(signature, hash.b, sizeof hash.b);
}

static const struct ec_crypto cheap = {.verify = cheap_verify, .sign = cheap_sign};

const struct ec_crypto *cluster_crypto(const struct cluster *cluster)
{
	return cluster->plan.unsigned_group ? &cheap : &ec_crypto_ed25519;
}

static void sync_begin(struct cluster *c, uint32_t node)
{
	struct cluster_node *of = &c->node[node];
	if (of->log_waits || of->syncing || of->log_durable == of->log_count)
		return;
	of->syncing = of->log_count - of->log_durable;
	cluster_event_push(c,
	                   (struct event){.at = c->now + cluster_between(c, c->plan.sync_ns / 2,
	                                                                 c->plan.sync_ns * 3 / 2),
	                                  .kind = EVENT_SYNCED,
	                                  .node = node,
	                                  .life = of->life});
}

static void log_append(struct cluster_node *of, struct ec_bytes record)
{
	if (of->log_count == of->log_capacity) {
		of->log_capacity = 2 * of->log_capacity + 64;
		of->log = realloc(of->log, of->log_capacity * sizeof *of->log);
		assert(of->log);
	}
	uint8_t *copy = malloc(record.size);
	assert(copy);
	memcpy(copy, record.data, record.size);
	of->log[of->log_count++] = (struct ec_bytes){.data = copy, .size = record.size};
	of->appends++;
}

static void log_cut(struct cluster_node *of, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		free((void *)(uintptr_t)of->log[first + i].data);
	of->log_count -= count;
	if (!count)
		return;
	memmove(&of->log[first], &of->log[first + count],
	        (of->log_count - first) * sizeof *of->log);
}

static void told_add(struct cluster *c, uint32_t node, const struct ec_act *act)
{
	assert(c->told_count < TOLD_MAX);
	c->told[c->told_count++] = (struct cluster_told){.token = act->token,
	                                                 .seq = act->seq,
	                                                 .id = act->id,
	                                                 .node = node,
	                                                 .at = c->now,
	                                                 .code = act->code};
}

static void beacon_told(const struct cluster *c, struct cluster_node *of, const struct ec_act *act)
{
	of->beacons++;
	of->beacon = (struct cluster_beacon){.token = act->token,
	                                     .seq = act->seq,
	                                     .at = c->now,
	                                     .value = act->id,
	                                     .code = act->code,
	                                     .proof_size = act->bytes.size};
	assert(act->bytes.size <= sizeof of->beacon.proof);
	assert((act->code == EC_BEACON_DONE) == (act->bytes.size > 0));
	if (act->bytes.size)
		memcpy(of->beacon.proof, act->bytes.data, act->bytes.size);
}

static void send(struct cluster *c, uint32_t node, const struct ec_act *act)
{
	uint32_t to = cluster_node_of_peer(c, node, act->peer);
	if (to != UINT32_MAX && c->link[node][to])
		cluster_frame_send(c, node, to, act->bytes);
}

/* The old key is destroyed: a later life has the new one alone. */
static void era_key_put(struct cluster_node *of, const ec_hash *key)
{
	of->key_alone = *key;
	if (!of->has_next_key || memcmp(of->next_key.key, key, EC_KEY_SIZE) != 0)
		return; /* the test gave it another one meanwhile */
	of->era_key = of->next_key;
	of->has_next_key = false;
	of->keys_retired++;
}

static void perform(struct cluster *c, uint32_t node, const struct ec_act *act)
{
	struct cluster_node *of = &c->node[node];
	uint32_t other;
	switch (act->kind) {
	case EC_ACT_SEND:
		send(c, node, act);
		break;
	case EC_ACT_BREAK:
		other = cluster_node_of_peer(c, node, act->peer);
		if (other != UINT32_MAX && c->link[node][other]) {
			cluster_link_lose(c, node, other);
			cluster_link_later(c, node, other);
		}
		break;
	case EC_ACT_LOG:
		log_append(of, act->bytes);
		break;
	case EC_ACT_TRIM:
		assert(act->count <= of->log_durable);
		log_cut(of, 0, act->count);
		of->log_durable -= act->count;
		break;
	case EC_ACT_TELL:
		told_add(c, node, act);
		break;
	case EC_ACT_CHECK:
		cluster_check_later(c, node, act);
		break;
	case EC_ACT_READABLE:
		of->readable = act->token;
		break;
	case EC_ACT_BEACON:
		beacon_told(c, of, act);
		break;
	case EC_ACT_ALARM:
		of->alarms++;
		memcpy(of->alarm, act->text, sizeof of->alarm);
		break;
	case EC_ACT_HALT:
		of->halted = true;
		memcpy(of->halt, act->text, sizeof of->halt);
		break;
	case EC_ACT_MEMBERS:
		for (other = 0; other < c->nodes; other++)
			if (other != node)
				cluster_link_later(c, node, other);
		break;
	case EC_ACT_ERA_KEY:
		era_key_put(of, &act->id);
		break;
	case EC_ACT_CERTIFIED:
	case EC_ACT_NOTE:
		break;
	}
}

static bool crash_due(const struct cluster_node *of)
{
	return of->crash_at_append && of->appends >= of->crash_at_append;
}

void cluster_acts(struct cluster *c, uint32_t node)
{
	struct cluster_node *of = &c->node[node];
	struct ec_act act;
	while (of->member && ec_member_next(of->member, &act)) {
		perform(c, node, &act);
		ec_drop(act.bytes);
		if (crash_due(of)) {
			of->crash_at_append = 0;
			cluster_crash(c, node);
			return;
		}
	}
	if (!of->member)
		return;
	sync_begin(c, node);
	of->wake = ec_member_wake_at(of->member);
}

static struct ec_member_config config_of(struct cluster *c, uint32_t node)
{
	struct cluster_node *of = &c->node[node];
	static const struct ec_service *const none[] = {NULL};
	struct ec_member_config config = {.genesis = c->world.genesis,
	                                  .crypto = cluster_crypto(c),
	                                  .protocols =
	                                          of->protocols ? of->protocols : c->plan.protocols,
	                                  .shares = c->plan.shares,
	                                  .services = of->services       ? of->services
	                                              : c->plan.services ? c->plan.services
	                                                                 : none,
	                                  .store = of->store,
	                                  .pool = of->pool,
	                                  .identity = of->identity,
	                                  .era_key = of->era_key};
	for (size_t i = 0; i < sizeof config.seed; i += 8) {
		uint64_t word = ec_prng_next(&c->prng);
		memcpy(config.seed + i, &word, 8);
	}
	return config;
}

void cluster_start(struct cluster *c, uint32_t node)
{
	struct cluster_node *of = &c->node[node];
	char why[200] = "";
	assert(!of->member);
	of->pool = ec_pool_new(0);
	struct ec_member_config config = config_of(c, node);
	of->member = ec_member_open(&config, why, sizeof why);
	if (!of->member)
		fprintf(stderr, "member %u: %s\n", node, why);
	assert(of->member);
	if (of->has_next_key)
		ec_member_next_era_key(of->member, &of->next_key);
	for (uint32_t i = 0; i < of->log_count; i++) {
		struct ec_bytes record = ec_pool_copy(of->pool, of->log[i].data, of->log[i].size);
		bool taken = ec_member_record(of->member, record, why, sizeof why);
		assert(taken);
		(void)taken;
		ec_drop(record);
	}
	of->halted = false;
	ec_member_start(of->member, cluster_time(c));
	cluster_acts(c, node);
	for (uint32_t other = 0; other < c->nodes; other++)
		if (other != node)
			cluster_link_later(c, node, other);
}

uint64_t cluster_fetches(struct cluster *c, uint32_t node)
{
	struct ec_member_status status = {0};
	if (c->node[node].member)
		ec_member_status(c->node[node].member, &status);
	return c->node[node].fetches + status.fetches;
}

void cluster_crash(struct cluster *c, uint32_t node)
{
	struct cluster_node *of = &c->node[node];
	if (!of->member)
		return;
	struct ec_member *member = of->member;
	of->fetches = cluster_fetches(c, node);
	of->member = NULL;
	ec_member_close(member);
	for (uint32_t other = 0; other < c->nodes; other++)
		cluster_link_lose(c, node, other);
	assert(ec_pool_live(of->pool) == 0);
	ec_pool_free(of->pool);
	uint32_t more = (uint32_t)cluster_between(c, 0, of->log_count - of->log_durable);
	log_cut(of, of->log_durable + more, of->log_count - of->log_durable - more);
	of->log_durable = of->log_count;
	of->syncing = 0;
	cluster_work_drop(c, node);
	ec_store_memory_crash(of->store);
	of->life++;
	of->crashes++;
	of->wake = 0;
}

void cluster_wipe(struct cluster *c, uint32_t node)
{
	struct cluster_node *of = &c->node[node];
	assert(!of->member);
	log_cut(of, 0, of->log_count);
	of->log_durable = 0;
	of->store->close(of->store);
	of->store = ec_store_memory();
	(void)c;
}

void cluster_connect(struct cluster *c, uint32_t a, uint32_t b, bool connected)
{
	c->parted[a][b] = c->parted[b][a] = !connected;
	if (connected)
		cluster_link_later(c, a, b);
	else
		cluster_link_lose(c, a, b);
}

void cluster_break(struct cluster *c, uint32_t a, uint32_t b)
{
	cluster_link_lose(c, a, b);
	cluster_link_later(c, a, b);
}

static void event_happen(struct cluster *c, const struct event *event)
{
	if (event->kind == EVENT_LINK)
		cluster_link_make(c, event->node, event->from);
	else if (event->kind == EVENT_WORK)
		cluster_work(c, event->node);
	else
		cluster_work_add(c, event);
}

/* The node whose wake comes first, at or before `limit`; UINT32_MAX: none. */
static uint32_t first_wake(const struct cluster *c, uint64_t limit)
{
	uint32_t first = UINT32_MAX;
	for (uint32_t i = 0; i < c->nodes; i++) {
		uint64_t wake = cluster_wake(c, i);
		if (!c->node[i].member || !wake || wake > limit)
			continue;
		if (first == UINT32_MAX || wake < cluster_wake(c, first))
			first = i;
	}
	return first;
}

static bool step(struct cluster *c, uint64_t end)
{
	uint64_t next = c->heap_count ? c->heap[0].at : end + 1;
	uint32_t waking = first_wake(c, next < end ? next : end);
	if (waking != UINT32_MAX) {
		if (cluster_wake(c, waking) > c->now)
			c->now = cluster_wake(c, waking);
		struct cluster_effort before = cluster_effort(c, waking);
		c->node[waking].woke = true;
		ec_member_wake(c->node[waking].member, cluster_time(c));
		cluster_acts(c, waking);
		cluster_charge(c, waking, &before, 0);
		return true;
	}
	if (next > end)
		return false;
	struct event event = cluster_event_pop(c);
	if (event.at > c->now)
		c->now = event.at;
	event_happen(c, &event);
	return true;
}

bool cluster_run(struct cluster *c, uint64_t ns, bool (*done)(struct cluster *, void *), void *self)
{
	uint64_t end = c->now + ns;
	do {
		if (done && done(c, self))
			return true;
	} while (step(c, end));
	c->now = end;
	return done && done(c, self);
}

struct cluster *cluster_new(const struct cluster_plan *plan)
{
	struct cluster *c = calloc(1, sizeof *c);
	bool started = ec_crypto_start();
	assert(c && started && plan->members + plan->spare <= NODES_MAX && plan->authors >= 1);
	(void)started;
	c->plan = *plan;
	if (!c->plan.delay_max_ns) {
		c->plan.delay_min_ns = MS / 10;
		c->plan.delay_max_ns = MS;
	}
	if (!c->plan.sync_ns)
		c->plan.sync_ns = MS / 2;
	c->world = world_make(
		&(struct world_plan){.members = plan->members,
	                             .protocol = plan->protocol,
	                             .learners = plan->learners,
	                             .keys = plan->keys,
	                             .authors = plan->authors,
	                             .blocks_kept = 1 << 20,
	                             .service = plan->service,
	                             .services = plan->service_count,
	                             .flags = (plan->unsigned_group ? EC_GENESIS_UNSIGNED : 0u) |
	                                      (plan->roots_apart ? EC_GENESIS_ROOTS_APART : 0u)});
	c->nodes = plan->members + plan->spare;
	c->now = MS;
	ec_prng_seed(&c->prng, plan->seed);
	c->told = calloc(TOLD_MAX, sizeof *c->told);
	for (uint32_t i = 0; i < c->nodes; i++) {
		c->node[i].identity = world_secret('i', i);
		c->node[i].era_key = world_secret('e', 100 + i);
		c->node[i].store = ec_store_memory();
	}
	return c;
}

void cluster_free(struct cluster *c)
{
	for (uint32_t i = 0; i < c->nodes; i++) {
		cluster_crash(c, i);
		log_cut(&c->node[i], 0, c->node[i].log_count);
		free(c->node[i].log);
		free(c->node[i].work);
		c->node[i].store->close(c->node[i].store);
	}
	for (size_t i = 0; i < c->heap_count; i++)
		free(c->heap[i].frame);
	free(c->heap);
	free(c->told);
	world_end(&c->world);
	free(c);
}

struct cluster_node *cluster_node(struct cluster *c, uint32_t node)
{
	assert(node < c->nodes);
	return &c->node[node];
}

const struct world *cluster_world(const struct cluster *c)
{
	return &c->world;
}

struct ec_prng *cluster_prng(struct cluster *c)
{
	return &c->prng;
}

uint64_t cluster_now(const struct cluster *c)
{
	return c->now;
}

const struct cluster_told *cluster_told(const struct cluster *c, uint32_t *count)
{
	*count = c->told_count;
	return c->told;
}
