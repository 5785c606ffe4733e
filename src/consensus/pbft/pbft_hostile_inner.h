/* pbft_hostile_inner.h - what the two files of the hostile world share. */
#ifndef EC_PBFT_HOSTILE_INNER_H
#define EC_PBFT_HOSTILE_INNER_H

#include "consensus/pbft/pbft_hostile_world.h"
#include "consensus/pbft/pbft_world.h"

enum {
	N = 4,
	SELF = 1,
	K = 4,
	BATCHES_N = 6,
	CLAIMS = 6,
	RECORDS = 512,
	PROOF = 72,
	BODY_MAX = 16384
};

struct hostile {
	const uint8_t *data;
	size_t left;
	struct ec_pool *pool;
	struct ec_config config;
	struct ec_roster roster;
	struct ec_roster_member seats[N];
	struct pbft_options options;
	struct ec_limits limits;
	void *state;
	struct ec_effect *effects;
	struct ec_bytes *held;
	struct ec_out out;
	uint64_t now;
	struct world_message own[256]; /* sent to oneself, not yet heard */
	uint32_t own_first, own_count;
	struct world_record record[RECORDS];
	uint32_t records;
	ec_seq applied, snap, fetch;
	struct ec_bytes batch[BATCHES_N], proof;
	struct { /* the last VIEW-CHANGE of each liar */
		uint64_t view;
		ec_hash digest;
		struct ec_bytes body;
		ec_seq low;
		uint32_t count;
		struct claim claim[CLAIMS];
	} change[N];
	struct hostile_counts counts;
};

/* The next decision of the data. */
uint32_t hostile_pick(struct hostile *h, uint32_t below);

/* A message reaches the member, if check() lets it. */
void hostile_hear(struct hostile *h, ec_node from, struct ec_bytes head, struct ec_bytes body,
                  bool proven);

/* What liars tell. */
ec_node hostile_liar(struct hostile *h);
void hostile_short(struct hostile *h, enum kind kind);
void hostile_change(struct hostile *h);
void hostile_new_view(struct hostile *h);
void hostile_relay(struct hostile *h);
void hostile_garbage(struct hostile *h);

#endif
