/* cluster_net_fake.h - inside of the cluster for tests: events, links, and who is who. */
#ifndef EC_GROUP_CLUSTER_NET_FAKE_H
#define EC_GROUP_CLUSTER_NET_FAKE_H

#include "group/cluster_fake.h"

enum { TOLD_MAX = 1 << 16, NODES_MAX = CLUSTER_MAX };
#define MS           ((uint64_t)1000 * 1000)
#define RECONNECT_NS (20 * MS)

enum event_kind { EVENT_FRAME, EVENT_SYNCED, EVENT_SUBMIT, EVENT_CHECKED, EVENT_LINK, EVENT_WORK };

struct event {
	uint64_t at, number;
	enum event_kind kind;
	uint32_t node, from, life;
	uint64_t link;  /* which making of the link */
	uint8_t *frame; /* SUBMIT: the salt, then the envelope; CHECKED: the batch */
	size_t size;
	uint64_t token;
};

struct cluster {
	struct cluster_plan plan;
	struct world world;
	struct cluster_node node[NODES_MAX];
	uint32_t nodes;
	struct ec_prng prng;
	uint64_t now, number, links;
	struct event *heap;
	size_t heap_count, heap_capacity;
	bool parted[NODES_MAX][NODES_MAX];
	uint64_t link[NODES_MAX][NODES_MAX]; /* 0: down; both directions alike */
	uint64_t link_last[NODES_MAX][NODES_MAX];
	uint64_t sequence[WORLD_AUTHORS_MAX], votes[NODES_MAX];
	struct cluster_told *told;
	uint32_t told_count;
};

void cluster_event_push(struct cluster *c, struct event event);
struct event cluster_event_pop(struct cluster *c); /* In: there is one */

uint64_t cluster_between(struct cluster *c, uint64_t low, uint64_t high);
struct ec_time cluster_time(const struct cluster *c);

void cluster_frame_send(struct cluster *c, uint32_t from, uint32_t to, struct ec_bytes bytes);
uint32_t cluster_peer(struct cluster *c, uint32_t node, uint32_t other);
uint32_t cluster_node_of_peer(struct cluster *c, uint32_t node, uint32_t peer);
void cluster_link_lose(struct cluster *c, uint32_t a, uint32_t b);
void cluster_link_later(struct cluster *c, uint32_t a, uint32_t b);
void cluster_link_make(struct cluster *c, uint32_t a, uint32_t b);

/* cluster_mischief_fake.c - what `from` sends in place of a frame to `to`, with one owner. */
struct ec_bytes cluster_equivocate(struct cluster *c, uint32_t from, uint32_t to,
                                   struct ec_bytes bytes);
/* The same of a sealed batch that is offered: another signature in it. */
struct ec_bytes cluster_forge(struct cluster *c, uint32_t from, struct ec_bytes bytes);

/* cluster_work_fake.c - the time that work takes a node, and what waits until it is free. */
struct cluster_effort {
	uint64_t envelopes, persisted;
};
struct cluster_effort cluster_effort(struct cluster *c, uint32_t node);
void cluster_charge(struct cluster *c, uint32_t node, const struct cluster_effort *before,
                    size_t frame_size);
uint64_t cluster_wake(const struct cluster *c, uint32_t node);       /* 0: never */
void cluster_work_add(struct cluster *c, const struct event *event); /* takes over its frame */
bool cluster_work_submit(struct cluster *c, uint32_t node, uint64_t token, const uint8_t *envelope,
                         size_t size, const uint8_t salt[static EC_SALT_SIZE]);
/* Checks a batch, which takes a while: one of many may be quicker than one before it. */
void cluster_check_later(struct cluster *c, uint32_t node, const struct ec_act *act);
void cluster_work(struct cluster *c, uint32_t node); /* one thing that waits */
void cluster_work_drop(struct cluster *c, uint32_t node);

/* Performs what a member wants done. */
void cluster_acts(struct cluster *c, uint32_t node);

#endif
