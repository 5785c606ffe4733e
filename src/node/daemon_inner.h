/* daemon_inner.h - what the daemon's files share; included by daemon*.c only. */
#ifndef EC_NODE_DAEMON_INNER_H
#define EC_NODE_DAEMON_INNER_H

#include "node/bell.h"
#include "node/clients.h"
#include "node/config.h"
#include "node/daemon.h"
#include "node/journal.h"
#include "node/log.h"
#include "node/mesh.h"
#include "node/seen.h"
#include "node/workers.h"

enum {
	FOLLOWERS_MAX = 16,
	LANE_OF_CLIENTS = EC_LANES_MAX - 1,
	LANE_PAUSE = 512,              /* unchecked frames of a link at which it is not read */
	LANE_BYTES_PAUSE = 8 << 20,    /* and bytes */
	CLIENTS_CHECKED_MAX = 1 << 14, /* envelopes being checked at once */
	CHECK_HERE_US_MAX = 100,       /* a check that a thread of its own would make dearer; */
	CHECK_TURN_NS_MAX = 400000,    /* and what all of these may take in a turn of the loop */
	JOBS_MAX = EC_MESH_PEERS_MAX * (LANE_PAUSE + 64) + CLIENTS_CHECKED_MAX + EC_CHECKS_MAX,
};
_Static_assert((int)EC_MESH_PEERS_MAX <= (int)LANE_OF_CLIENTS, "each link has a lane");

/* What the daemon keeps of a peer's link. */
struct line {
	uint32_t life;   /* counts links: frames of an older one are dropped */
	size_t bytes;    /* of frames being checked */
	uint32_t frames; /* the same, counted: of this life or an older one */
	bool paused, up;
	struct ec_proof_memo memo; /* of the checks on the loop */
};

struct follower {
	void (*each)(void *self, uint64_t seq);
	void *self;
};

/* Whether there is a load (daemon_memory.c). */
struct daemon_memory {
	uint64_t envelopes; /* ordered until a second ago */
	uint32_t calm_s;    /* seconds, one after the other, with few more */
	bool loaded;        /* there were many since memory was given back */
};

struct ec_daemon {
	uv_loop_t *loop;
	const struct ec_node_config *config;
	struct ec_journal journal;
	struct ec_genesis *genesis;
	struct ec_secret identity;
	struct ec_pool *pool;
	struct ec_store *store;
	struct ec_member *member;
	struct ec_log *log;
	struct ec_mesh *mesh;
	struct ec_workers *workers;
	struct seen *seen;
	int lock;
	struct bell logged;
	uv_check_t heard_all;
	uv_prepare_t turn_end;
	uv_timer_t wake, second;
	uint64_t wake_at;
	bool open, started, draining, stopping, halted, log_open;
	uint32_t closing; /* parts that still have something on the loop */
	struct line line[EC_MESH_PEERS_MAX];
	struct waiting_table waiting;
	uint32_t checking; /* envelopes with the workers, */
	size_t checking_bytes;
	uint64_t checked_ns; /* spent on checks by this turn of the loop */
	struct follower follower[FOLLOWERS_MAX];
	uint32_t followers;
	void (*on_halt)(void *self, enum ec_node_exit code, const char *why);
	void *on_halt_self;
	void (*gave_way)(void *self); /* NULL: nobody waits for that */
	void *gave_way_self;
	void (*stopped)(void *self);
	void *stopped_self;
	struct ec_daemon_counters counters;
	struct ec_histogram commits;
	uint64_t watchdog_ms, watched_ms;
	struct daemon_memory memory;
	uint64_t clock_seq; /* newest certified block when the clock was looked at */
	uint32_t clock_bad; /* seconds with new blocks in which our clock was off, in a row */
	uint8_t era_key[EC_KEY_SIZE];  /* that alone signs; */
	bool key_waits, key_told;      /* the one before is not destroyed yet; it was said why */
	uint8_t next_key[EC_KEY_SIZE]; /* that the file of a key to come held last; */
	bool next_told;                /* it was said why it cannot be read */
	enum ec_node_exit code;        /* how to end, when it halted or could not open */
	char why_halted[300];
	char alarm[EC_ALARM_MAX];
};

/* Now, in both clocks. */
struct ec_time daemon_time(void);

/* Performs what the member wants, until it wants nothing more. */
void daemon_drain(struct ec_daemon *daemon);

/* It must not go on: says so once, and takes no input from then on. */
void daemon_halt(struct ec_daemon *daemon, enum ec_node_exit code, const char *why);

/* Whether the loop itself should check what takes so long: asking another thread costs some 30 us,
 * and is worth that when there is much to do. */
bool daemon_check_here(const struct ec_daemon *daemon, uint32_t us);

/* Once a second: gives memory back when a load is over (daemon_memory.c). */
void daemon_memory_watch(struct ec_daemon *daemon);

/* Tells who waits for it that another leads, or never will (daemon_giving.c). */
void daemon_gave_way(struct ec_daemon *daemon);

/* ---- the mesh's news (daemon_links.c); self: the daemon; see ec_mesh_config ---- */

/* A peer's link is up or lost: frames of the link before are dropped from then on. */
void daemon_link(void *self, uint32_t peer, bool up);

/* A frame, whose owner passes: checked at once or on a worker, in its link's order, then given to
 * the member.  The link is not read further while too much of it waits. */
void daemon_frame(void *self, uint32_t peer, struct ec_bytes frame);

/* A line of the journal, with the peer's owner as the roster names it; UINT32_MAX: not known. */
void daemon_event(void *self, enum ec_mesh_event event, uint32_t peer, const char *text);

/* So many members say that another node has our key: halts when they are more than may lie. */
void daemon_twin(void *self, uint32_t members);

/* The member's number for a key; UINT32_MAX: a stranger's. */
uint32_t daemon_peer_of(void *self, const uint8_t key[static EC_KEY_SIZE]);

/* Checks a batch that was secret until now: at once or on a worker, then tells the member
 * (daemon_batches.c).  In: act: EC_ACT_CHECK, whose bytes pass to it. */
void daemon_check_batch(struct ec_daemon *daemon, const struct ec_act *act);

/* ---- the member's news for clients (daemon_clients.c) ---- */

/* An envelope is in a block: tells who waits for it, if anybody does.  In: act: EC_ACT_TELL. */
void daemon_tell(struct ec_daemon *daemon, const struct ec_act *act);

/* A read may be answered. */
void daemon_readable(struct ec_daemon *daemon, const struct ec_act *act);

/* What became of an ask for a beacon.  In: act: EC_ACT_BEACON, whose bytes pass to it. */
void daemon_beacon(struct ec_daemon *daemon, const struct ec_act *act);

/* Block `seq` is certified: tells the followers. */
void daemon_certified(struct ec_daemon *daemon, uint64_t seq);

/* ---- the member's news of keys (daemon_keys.c) ---- */

/* Only this era key signs any more: the one before it is destroyed. */
void daemon_era_key(struct ec_daemon *daemon, const uint8_t key[static EC_KEY_SIZE]);

/* Once a second, until it is: tries that again. */
void daemon_keys_watch(struct ec_daemon *daemon);

/* Once a second: the disk, the clock, the peers' genesis, the watchdog (daemon_watch.c). */
void daemon_watch(struct ec_daemon *daemon);

/* The disk alone: free bytes, and whether clients are refused for want of them. */
void daemon_disk_watch(struct ec_daemon *daemon);

/* Why clients are refused while counters.disk_low. */
void daemon_disk_text(const struct ec_daemon *daemon, char *text, size_t text_size);

#endif
