/* raft_etcd_world.h - nodes and a network that move as etcd's interaction traces say. */
#ifndef EC_RAFT_ETCD_WORLD_H
#define EC_RAFT_ETCD_WORLD_H

#include "consensus/raft/datadriven_test.h"
#include "consensus/raft/state.h"

enum { NODES = 8, NETWORK = 4096, OUTBOX = 4096 };

struct letter {
	ec_node from, to;
	struct ec_bytes head, body;
};

struct hard { /* what a Ready said last, if it still holds */
	bool known;
	uint64_t term, vote, commit;
};

struct node {
	struct raft *state; /* NULL: not added yet */
	uint64_t now;
	struct ec_effect outbox[OUTBOX];
	uint32_t waiting;
	struct hard hard;
};

struct env {
	uint32_t n, compared, nodes_added;
	bool ticking; /* time passes with each message */
	struct ec_roster_member seat[NODES];
	struct ec_roster roster;
	struct raft_options options;
	struct ec_config config;
	struct ec_pool *pool;
	struct node node[NODES];
	struct letter network[NETWORK];
	uint32_t letters;
	bool lossy[NODES][NODES];
	struct ec_effect *effects;
	const struct block *block;
};

/* A world of this many voters. */
void env_begin(struct env *env, uint32_t voters, uint32_t inflight, bool prevote, bool ticking);
void env_free(struct env *env);
/* One more node, whose log begins behind `index`, of term 1. */
void node_add(struct env *env, uint64_t index);
void step(struct env *env, ec_node who, struct ec_input in);
/* What a node had to say and to save is said and saved; a state that it fetches is here. */
void process(struct env *env, ec_node who);
/* All that is on its way to a node now.  Returns: whether there was anything. */
bool deliver(struct env *env, ec_node to, bool drop);
/* Both, among these, until nothing moves. */
void stabilize(struct env *env, uint64_t set);
void campaign(struct env *env, ec_node who);
void heartbeat(struct env *env, ec_node who);
void propose(struct env *env, ec_node who, const char *text);

#endif
