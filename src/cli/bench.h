/* bench.h - the parts of `edgecord bench`: a cell of its own, a load, and what came of it. */
#ifndef EC_CLI_BENCH_H
#define EC_CLI_BENCH_H

#include "base/histogram.h"
#include "cli/make_network.h"
#include "cli/processes.h"
#include "cli/protocol_option.h"
#include "consensus/consensus.h"
#include "crypto/sign.h"
#include "doors/client.h"
#include "ledger/genesis.h"

enum {
	BENCH_CLIENTS_MAX = 4096,
	BENCH_AUTHORS = 16,
	BENCH_LANES = 1000,
	BENCH_DEPTH_MAX = 48, /* below the window of a lane */
	BENCH_ENVELOPE_MAX = 4096,
	BENCH_NODES_MAX = EC_NETWORK_NODES_MAX,
	BENCH_KEYS = 10000, /* that the puts of store mode go to */
};

enum bench_mode { BENCH_ORDER, BENCH_LEDGER, BENCH_SIGNED, BENCH_STORE, BENCH_MODES };

struct bench_options {
	enum bench_mode mode;
	bool rest, json, keep;
	uint32_t clients, depth, members, payload_bytes;
	uint32_t at;                        /* the node that all clients talk to, from 1; 0: all */
	bool at_leader;                     /* whoever leads when the load begins */
	double seconds, open_rate;          /* open_rate 0: closed loop */
	double warm_s;                      /* load that comes before, and is not counted */
	uint64_t writes;                    /* ends after so many were acknowledged; 0: by time */
	const struct ec_protocol *protocol; /* of the cell, */
	struct ec_option_pairs pairs;       /* its options */
	const char *folder;                 /* where the cell is made; NULL: data/bench.PID */
};

/* What this machine can do at best, measured in the same run. */
struct bench_limits {
	double syncs_s;       /* fdatasync of a 4 KiB write, one after another */
	double round_trips_s; /* of one byte over a TCP connection to itself */
	/* Ed25519 signatures of 200 bytes checked, a core, all cores at work: right before the load
	 * and right after it, as a machine that is shared does not run evenly. */
	double verifies_before_s, verifies_after_s;
	uint32_t cores;
};

/* Measures for some seconds, in a file in `folder`.  Out: all but verifies_after_s, which is 0.
 * Returns: false with a sentence in `why`. */
bool bench_limits_measure(const char *folder, struct bench_limits *limits, char *why,
                          size_t why_size);

/* Out: verifies_after_s.  Returns: false with a sentence in `why`. */
bool bench_limits_verifies_again(struct bench_limits *limits, char *why, size_t why_size);

/* The mean of both. */
double bench_limits_verifies(const struct bench_limits *limits);

/* The cell under test. */
struct bench_cell {
	struct ec_network *network;
	struct ec_processes processes;
	uint32_t members;
	bool executes; /* at rest every member shows the root of a state */
	bool keyed;    /* the members made keys that they share, before the load */
	struct ec_client *client[BENCH_NODES_MAX]; /* one to each member, for questions */
	struct ec_secret author[BENCH_AUTHORS];
	ec_hash genesis;
};

/* Makes the network in `folder`, starts its nodes and waits until all are ready; where the protocol
 * seals batches and the group executes, its members make their keys.  In: cell: zeros.
 * Returns: false with a sentence in `why`; ended by bench_cell_stop() in either case. */
bool bench_cell_start(const struct bench_options *options, const char *folder,
                      struct bench_cell *cell, char *why, size_t why_size);

/* Closes the connections, stops the processes, erases the authors' keys; the folder stays. */
void bench_cell_stop(struct bench_cell *cell);

/* The member that says it leads.  Returns: its number, from 1; 0 with a sentence in `why` when none
 * says so within some seconds. */
uint32_t bench_cell_leader(struct bench_cell *cell, char *why, size_t why_size);

/* What the members say of themselves, and what their processes used. */
struct bench_count {
	uint64_t seq, ids, executed, syncs, signatures, messages, bytes;
	uint64_t epoch; /* where nobody leads: the epoch in which it stands; else 0 */
	ec_hash ids_hash, state_root;
	uint64_t cpu_ns, memory_bytes, resident_bytes; /* as struct ec_usage has them */
};

/* Asks every member.  Returns: false with a sentence when one does not answer. */
bool bench_cell_count(struct bench_cell *cell, struct bench_count count[BENCH_NODES_MAX], char *why,
                      size_t why_size);

/* Waits until all members stand at the same block and stay there, one with a state root where they
 * execute, at most `wait_ms`.  Returns:
 * false with a sentence.  In and out: count, as by bench_cell_count(). */
bool bench_cell_settle(struct bench_cell *cell, uint32_t wait_ms,
                       struct bench_count count[BENCH_NODES_MAX], char *why, size_t why_size);

/* Makes the envelopes of the load: one author and lane a client, sequences ascending.  In store
 * mode each puts a value of payload_bytes, another one each time, to one of BENCH_KEYS keys: which,
 * a generator of the client's number says. */
struct bench_mill;

/* In signed mode they are signed here, `each` for every client.  Returns: owned by the caller; out
 * of memory ends the program. */
struct bench_mill *bench_mill_new(const struct bench_options *options,
                                  const struct bench_cell *cell, uint32_t each);

/* NULL is good. */
void bench_mill_free(struct bench_mill *mill);

/* The next envelope of a client.  Out: envelope, borrowed until the next call for this client;
 * salt.  Returns: false when the ones signed beforehand are used up. */
bool bench_mill_next(struct bench_mill *mill, uint32_t client, struct ec_bytes *envelope,
                     uint8_t salt[static 32]);

/* What a load did. */
struct bench_result {
	struct ec_histogram latency;
	uint64_t acknowledged, refused, lost; /* refused: asked again or not, but answered */
	uint64_t unsent; /* open loop: were due when time was over, no client could take them */
	double seconds;  /* from the first submission to the last answer */
	bool used_up;    /* the envelopes signed beforehand */
	uint64_t cpu_ns; /* of this process */
	uint64_t memory_bytes_max[BENCH_NODES_MAX]; /* of each member, five times a second */
	char first_refusal[256];
};

/* Loads the cell for options->seconds, or until options->writes were acknowledged.  In the open
 * loop what was due and never sent counts with the latency that it had when time was over. Returns:
 * false with a sentence when it cannot connect. */
bool bench_load(const struct bench_options *options, const struct bench_cell *cell,
                struct bench_mill *mill, struct bench_result *result, char *why, size_t why_size);

/* One connection of the load, over the binary door or HTTP. */
struct bench_link;

/* Connects, as options->rest says.  Returns: owned by the caller; NULL with a sentence in `why`. */
struct bench_link *bench_link_open(const struct bench_options *options,
                                   const struct ec_network_node *node, char *why, size_t why_size);

/* Closes it, whatever is under way; NULL is good. */
void bench_link_close(struct bench_link *link);

/* Its socket, to be polled. */
int bench_link_fd(const struct bench_link *link);

/* Whether there is something left to be sent. */
bool bench_link_wants_write(const struct bench_link *link);

/* Queues one submission; sent by the next turn.  In: envelope: copied.  Returns: false when the
 * connection is lost. */
bool bench_link_push(struct bench_link *link, uint64_t token, struct ec_bytes envelope,
                     const uint8_t salt[static 32]);

/* Sends and receives.  Returns: false when the connection is lost. */
bool bench_link_turn(struct bench_link *link);

/* The next answer that came.  Returns: false when there is none.  Out: token; over HTTP answers
 * come in the order of submission. done: executed with result `done`; else why, a sentence. */
bool bench_link_next(struct bench_link *link, uint64_t *token, bool *done, char *why,
                     size_t why_size);

/* Monotonic, ns. */
uint64_t bench_now(void);

#endif
