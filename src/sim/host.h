/* host.h - what one host of a world has: its application, its instances with their logs, what is on
 * its way to it, and what its clients wait for.
 */
#ifndef EC_SIM_HOST_H
#define EC_SIM_HOST_H

#include "group/flush.h"
#include "sim/disk.h"
#include "sim/plan.h"

enum {
	SIM_HOSTS_MAX = 2 * SIM_MEMBERS_MAX,
	SIM_EARLY_MAX = 512,    /* messages of the next era that wait at a host */
	SIM_KEPT = 4,           /* snapshots that a host can serve */
	SIM_OUTGOING_MAX = 64,  /* messages signed by one tree */
	SIM_HELD_MAX = 1 << 16, /* references of one instance */
	SIM_READS_MAX = 64,
};

/* Everything that the application is: its copy is a snapshot. */
struct sim_app {
	ec_seq seq;
	ec_hash digest; /* of the chain of what was delivered */
	uint64_t era;
	ec_seq era_seq; /* the instance of this era delivers from the next position on */
	ec_hash era_digest;
	uint64_t executed[SIM_BATCHES_MAX / 64];
	uint64_t won[SIM_BATCHES_MAX / 64]; /* rivalries that are decided */
};

/* What became of a delivery. */
enum sim_fate {
	SIM_PASSED_OVER, /* a filler, or known before */
	SIM_RAN,
	SIM_REFUSED, /* a rival won before; counted as executed */
};

/* A delivery that may be taken back. */
struct sim_tentative {
	uint32_t batch; /* UINT32_MAX: none that a client submitted */
	ec_node node;
	uint64_t stamp;
	ec_hash digest;
	struct ec_bytes head, body; /* owned */
	struct sim_app after;
};

struct sim_fetch {
	bool on;
	ec_seq seq;
	ec_hash digest;
	ec_node hint;
	uint32_t asked;
	uint64_t tried; /* identities */
};

/* An instance of its era's protocol at a host: it has a log from its first life on. */
struct sim_instance {
	bool exists;
	uint64_t era;
	const struct ec_protocol *protocol;
	ec_node self;
	ec_seq base; /* its first delivery is the next position */
	struct ec_config config;
	struct ec_limits limits;
	void *state; /* NULL: down */
	struct ec_flush *flush;
	struct sim_disk disk;
	bool syncing;
	uint64_t wake, wake_scheduled; /* on the host's clock */
	uint64_t view;
	bool patient; /* it has timers: without them a view says nothing of patience */
	uint32_t want;
	ec_node lead;
	struct sim_fetch fetch;
	ec_seq snapping;     /* asked for and not yet answered; of a script */
	uint64_t retired_at; /* when it began to serve laggards only; 0: it is the current one */
};

/* What travels; or LINK when `link`; or, between real members, the end of a link when `down`. */
struct sim_item {
	uint64_t arrives;
	bool link, down, body_asked, mutant;
	uint32_t from_host;
	uint64_t era;
	ec_node from;
	struct ec_bytes head, body, proof;
	ec_hash digest;
};

struct sim_queue {
	struct sim_item *item; /* a ring */
	uint32_t first, count, capacity;
};

struct sim_link { /* one direction */
	struct sim_queue queue;
	bool up;
	bool blocked; /* holds its messages back */
	bool cut;     /* stays broken until a heal */
	bool echoing; /* `echo` will be heard again */
	struct sim_item echo;
	uint64_t last_arrival, scheduled; /* when the event for the head is due; 0: none */
};

struct sim_read {
	uint64_t ticket, since;
	ec_seq seen; /* acknowledged before it began */
};

struct sim_host {
	uint32_t index, identity;
	bool byzantine, up, twin, slow;
	uint32_t mischief; /* enum sim_mischief */
	uint64_t faces;    /* the hosts that it speaks to */
	uint64_t life;
	uint64_t born, clock_zero; /* when this life began: by the world, by its own clock */
	uint32_t clock_permille;   /* how fast that clock runs */
	uint64_t day_offset;       /* its time of day minus the world's, modulo 2^64 */
	uint64_t busy_until;
	struct sim_app app, durable, kept[SIM_KEPT]; /* what is final */
	uint32_t kept_count;
	struct sim_tentative *tail; /* of a revisable order: behind `app` */
	uint32_t tail_count, tail_capacity;
	uint64_t pin_known, pin_told; /* numbers of pins: in any life; by the instance, in this */
	struct sim_instance instance[2]; /* by era & 1 */
	struct sim_queue self, early;
	bool entering;                     /* the application named the next era */
	bool starting;                     /* its log is being replayed */
	uint64_t arrived[SIM_BATCHES_MAX]; /* when the body came here, in world time; 0: not yet */
	uint64_t submitted[SIM_BATCHES_MAX]; /* in which turn of this host */
	uint16_t queue[SIM_BATCHES_MAX];
	uint32_t queue_first, queue_count;
	uint64_t turn, turn_view;
	bool waiting; /* since was not 0 at the last step */
	struct sim_read reads[SIM_READS_MAX];
	uint32_t read_count;
	bool read_again;  /* those that wait, in the era that began */
	ec_hash *history; /* of a correct one: the application after each position */
	uint64_t history_count, history_capacity;
	struct sim_ledger_host *ledger; /* in a world of ledgers */
	struct sim_queue past;          /* what a Byzantine one said before */
	uint32_t swap_from, swap_to;    /* batches: the first is named as the second */
	uint64_t swap_until;
	struct sim_said *said; /* by it and its twin; NULL: it has none */
};

#endif
