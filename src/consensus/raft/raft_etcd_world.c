/* raft_etcd_world.c - nodes and a network that move as etcd's interaction traces say. */
#include "consensus/raft/raft_etcd_world.h"

#include "crypto/hash.h"

#include <assert.h>
#include <stdlib.h>

static const struct raft_options quick = {.election_min_ns = RAFT_ELECTION_MIN_NS,
                                          .election_max_ns = RAFT_ELECTION_MAX_NS,
                                          .interval = 1};

void step(struct env *env, ec_node who, struct ec_input in)
{
	struct node *node = &env->node[who];
	struct ec_out out = {.effect = env->effects,
	                     .capacity = ec_raft.limits(&env->config).effects_per_step,
	                     .pool = env->pool};
	in.now = node->now;
	ec_raft.step(node->state, &in, &out);
	for (uint32_t i = 0; i < out.count; i++) {
		assert(node->waiting < OUTBOX);
		node->outbox[node->waiting++] = env->effects[i];
	}
	if (node->state->started && node->state->term)
		ec_raft.invariants(node->state);
}

void node_add(struct env *env, uint64_t index)
{
	ec_node who = env->nodes_added++;
	struct node *node = &env->node[who];
	struct message cut = {.kind = SAVED_CUT,
	                      .node = EC_ALL,
	                      .index = index,
	                      .log_term = index > 0,
	                      .snap = index,
	                      .snap_term = index > 0};
	struct ec_bytes head = raft_message_write(env->pool, &cut);
	env->config.self = who;
	memset(env->config.seed, (int)who + 1, sizeof env->config.seed);
	node->state = calloc(1, ec_raft.limits(&env->config).state);
	node->now = 1;
	ec_raft.init(node->state, &env->config);
	step(env, who, (struct ec_input){.kind = EC_RECORD, .head = head});
	step(env, who, (struct ec_input){.kind = EC_START, .seq = index});
	ec_drop(head);
}

static void letter_drop(struct letter *letter)
{
	ec_drop(letter->head);
	ec_drop(letter->body);
}

static void post(struct env *env, ec_node from, ec_node to, const struct ec_effect *effect)
{
	assert(env->letters < NETWORK);
	env->network[env->letters++] =
		(struct letter){from, to, ec_keep(effect->head), ec_keep(effect->body)};
}

static void receive(struct env *env, struct letter *letter)
{
	struct node *node = &env->node[letter->to];
	struct ec_input in = {
		.kind = EC_RECV, .from = letter->from, .head = letter->head, .body = letter->body};
	if (letter->body.size)
		in.digest = ec_sha256(letter->body.data, letter->body.size);
	assert(ec_raft.check(&env->config, &in));
	bool asks = letter->head.data[0] == PREVOTE || letter->head.data[0] == VOTE;
	if (env->ticking && asks && node->state->role != LEADER)
		node->now += env->options.election_min_ns;
	step(env, letter->to, in);
	letter_drop(letter);
}

void process(struct env *env, ec_node who)
{
	struct node *node = &env->node[who];
	static struct ec_effect taken[OUTBOX];
	uint32_t count = node->waiting;
	memcpy(taken, node->outbox, count * sizeof taken[0]);
	node->waiting = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct letter own = {who, who, ec_keep(taken[i].head), ec_keep(taken[i].body)};
		bool all = taken[i].node == EC_ALL, sends = taken[i].kind == EC_SEND;
		for (ec_node to = 0; sends && to < env->n; to++)
			if (to != who && (all || to == taken[i].node))
				post(env, who, to, &taken[i]);
		if (sends && (all || taken[i].node == who))
			receive(env, &own);
		else
			letter_drop(&own);
		if (taken[i].kind == EC_FETCH)
			step(env, who,
			     (struct ec_input){.kind = EC_FETCHED,
			                       .seq = taken[i].seq,
			                       .digest = taken[i].digest});
		ec_drop(taken[i].head);
		ec_drop(taken[i].body);
	}
}

bool deliver(struct env *env, ec_node to, bool drop)
{
	static struct letter mine[NETWORK];
	uint32_t count = 0, left = 0;
	for (uint32_t i = 0; i < env->letters; i++)
		if (env->network[i].to == to && (drop || env->node[to].state))
			mine[count++] = env->network[i];
		else
			env->network[left++] = env->network[i];
	env->letters = left;
	for (uint32_t i = 0; i < count; i++) {
		env->lossy[mine[i].from][to] |= drop;
		if (drop)
			letter_drop(&mine[i]);
		else
			receive(env, &mine[i]);
	}
	return count;
}

void stabilize(struct env *env, uint64_t set)
{
	for (bool moved = true; moved;) {
		moved = false;
		for (ec_node who = 0; who < env->n; who++)
			if (set >> who & 1 && env->node[who].waiting) {
				process(env, who);
				moved = true;
			}
		for (ec_node who = 0; who < env->n; who++)
			if (set >> who & 1)
				moved |= deliver(env, who, false);
	}
}

void campaign(struct env *env, ec_node who)
{
	struct node *node = &env->node[who];
	if (env->n == 1)
		return; /* it stands by itself */
	if (node->state->deadline > node->now)
		node->now = node->state->deadline;
	step(env, who, (struct ec_input){.kind = EC_WAKE});
}

void heartbeat(struct env *env, ec_node who)
{
	struct node *node = &env->node[who];
	for (ec_node to = 0; to < env->n; to++)
		if (env->lossy[who][to]) {
			env->lossy[who][to] = false;
			step(env, who, (struct ec_input){.kind = EC_LINK, .from = to});
		}
	if (node->state->heartbeat_at > node->now)
		node->now = node->state->heartbeat_at;
	step(env, who, (struct ec_input){.kind = EC_WAKE});
}

void propose(struct env *env, ec_node who, const char *text)
{
	size_t size = strlen(text);
	if (size > 1 && text[0] == '"') {
		text++;
		size -= 2;
	}
	struct ec_bytes body = ec_pool_copy(env->pool, text, size);
	step(env, who,
	     (struct ec_input){.kind = EC_SUBMIT, .body = body, .digest = ec_sha256(text, size)});
	ec_drop(body);
}

void env_begin(struct env *env, uint32_t voters, uint32_t inflight, bool prevote, bool ticking)
{
	env->n = voters;
	env->options = quick;
	env->options.inflight = inflight;
	env->ticking = ticking;
	env->roster = (struct ec_roster){.era = 1, .n = env->n, .member = env->seat};
	for (uint32_t i = 0; i < env->n; i++)
		env->seat[i] = (struct ec_roster_member){.weight = 1, .roles = EC_VOTER};
	env->config = (struct ec_config){.roster = &env->roster,
	                                 .options = &env->options,
	                                 .bug = prevote ? 0 : BUG_NO_PREVOTE};
	env->effects = calloc(ec_raft.limits(&env->config).effects_per_step, sizeof *env->effects);
	env->pool = ec_pool_new(0);
}

void env_free(struct env *env)
{
	for (ec_node who = 0; who < NODES; who++) {
		struct node *node = &env->node[who];
		for (uint32_t i = 0; i < node->waiting; i++) {
			ec_drop(node->outbox[i].head);
			ec_drop(node->outbox[i].body);
		}
		if (!node->state)
			continue;
		struct ec_bytes held[2048];
		uint32_t count = ec_raft.held(node->state, held);
		for (uint32_t i = 0; i < count; i++)
			ec_drop(held[i]);
		free(node->state);
	}
	for (uint32_t i = 0; i < env->letters; i++)
		letter_drop(&env->network[i]);
	assert(ec_pool_live(env->pool) == 0);
	ec_pool_free(env->pool);
	free(env->effects);
	free(env);
}
