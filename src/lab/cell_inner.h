/* cell_inner.h - what a cell consists of.  Inside the cell's own files only. */
#ifndef EC_LAB_CELL_INNER_H
#define EC_LAB_CELL_INNER_H

#include "consensus/proof.h"
#include "group/instance.h"
#include "lab/cell.h"
#include "sim/event.h"

enum { LAB_FRAME_BYTES = 16, LAB_BODY_MIN = 16 };

struct batch {
	struct ec_bytes body;
	ec_hash digest;
	uint32_t gateway;
	uint64_t came, told, final;
	uint64_t at[LAB_MEMBERS_MAX];  /* when its body is there; 0: not yet on its way */
	uint64_t seq[LAB_MEMBERS_MAX]; /* where each member delivered it last; 0: nowhere */
};

struct member {
	struct instance *instance;
	struct ec_config config;
	struct ec_secret secret;
	struct ec_proof_memo memo;
	uint32_t *waiting; /* batches to submit, oldest first, */
	uint32_t waiting_first, waiting_count;
	uint64_t line_free;                    /* when its line has sent all */
	uint64_t arrives[LAB_MEMBERS_MAX];     /* the last arrival of its link to each */
	struct inputs coming[LAB_MEMBERS_MAX]; /* on the link of each to it */
	uint64_t wake;
	uint32_t saves; /* handed out and not durable */
	bool syncing;
	uint32_t sync_saves;
	uint64_t seq, final; /* where its application stands */
	uint32_t *order;     /* batch at seq - 1; UINT32_MAX: a filler or a repeat */
	ec_hash *digest;     /* of the application at seq */
	uint64_t capacity;
};

struct cell {
	const struct lab_protocol *protocol;
	const struct lab_model *model;
	const struct lab_load *load;
	struct lab_result *result;
	struct ec_pool *pool;
	struct ec_prng prng;
	struct ec_roster roster;
	struct ec_roster_member seat[LAB_MEMBERS_MAX];
	struct ec_shared_keys keys;
	struct ec_shares shares[LAB_MEMBERS_MAX];
	void *options;
	struct member member[LAB_MEMBERS_MAX];
	struct batch *batch;
	uint32_t *agreed; /* batch plus 1 that is final at seq - 1 at somebody */
	uint64_t agreed_capacity;
	uint32_t made, finished; /* batches: submitted; final at all members */
	uint32_t *missing;       /* of each batch: members where it is not final */
	struct sim_events events;
	uint64_t now;
};

/* Adds an event at `time`, ns. */
void lab_later(struct cell *cell, uint64_t time, struct sim_event event);

/* Puts so many bytes on the line from a to b.  Returns: when they arrive. */
uint64_t lab_carry(struct cell *cell, uint32_t a, uint32_t b, size_t bytes);

/* Which batch a body is; UINT32_MAX: none of ours. */
uint32_t lab_batch_of(const struct cell *cell, struct ec_bytes body);

/* Makes room for the application of a member to stand at seq. */
void lab_room_for(struct member *member, uint64_t seq);

/* A member's application takes a delivery; */
void lab_deliver(struct cell *cell, uint32_t at, const struct ec_effect *effect);

/* takes back all after seq; */
void lab_undo(struct cell *cell, uint32_t at, uint64_t seq);

/* hears that no UNDO will reach seq. */
void lab_finalise(struct cell *cell, uint32_t at, uint64_t seq);

/* A client brings the next batch of the load to a member, if there is one. */
void lab_submit_next(struct cell *cell, uint32_t gateway);

#endif
