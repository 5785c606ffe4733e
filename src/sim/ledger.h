/* ledger.h - worlds whose hosts run the real member of src/group: its ledger, keys and signatures.
 *
 * Links, disks, faults and Byzantine members are those of every other world; what travels is a
 * frame, what is saved is a record of the member.  Clients sign envelopes, try one gateway after
 * another with the same until a correct member tells them its place, and read.  Community time runs
 * at 900, a quarter-hour a second, so that orders are cleared and paid.
 */
#ifndef EC_SIM_LEDGER_H
#define EC_SIM_LEDGER_H

#include "group/member.h"
#include "ledger/test_world.h"
#include "sim/world.h"

enum { SIM_AUTHORS = 8, SIM_LANES = 2 };

/* An envelope, and what a client was told of it. */
struct sim_envelope {
	struct ec_bytes bytes;
	uint8_t salt[EC_SALT_SIZE];
	ec_hash id;
	bool told;
	unsigned code;
	uint64_t seq;
	uint32_t index;
	uint32_t placed; /* times that it stands in the order as an original */
};

struct sim_ledger_world {
	struct world group; /* genesis and keys */
	const struct ec_protocol *protocols[2];
	struct sim_envelope envelope[SIM_BATCHES_MAX];
	uint32_t envelopes, told;
	uint64_t sequence[SIM_AUTHORS][SIM_LANES], register_wh[SIM_AUTHORS];
	uint64_t wrong;                 /* planted: identities that compute other results */
	const struct ec_crypto *crypto; /* what members verify with; planted: one that believes */
	uint64_t acknowledged;          /* the newest block that a client was told of */
};

struct sim_ledger_host {
	struct ec_member *member; /* NULL: down */
	struct ec_member *twin;   /* of one host a world: is told the same, must do the same */
	struct ec_store *store, *twin_store;
	bool twinned;
	uint64_t linked;              /* hosts whose link the member knows as up */
	uint64_t known;               /* hosts that the member takes for peers */
	uint32_t peer[SIM_HOSTS_MAX]; /* of a host that is linked: the member's number for it */
	uint64_t wake_scheduled;      /* in time of the world; 0: not */
	uint64_t era;                 /* of this life, as its member says */
	bool joined, left;            /* by a change of era, in any life */
	uint64_t checked;             /* blocks that were judged */
	uint64_t fetches;             /* of this life, counted */
};

/* ---- ledger_host.c ---- */
/* Makes a world of ledgers of it: its group, and a store and a log for each host, all down. */
void sim_ledger_begin(struct sim_world *world);
/* Frees its group and envelopes, once its hosts are ended; also where there is none. */
void sim_ledger_end(struct sim_world *world);
/* Frees a host's member and store; also where there is none. */
void sim_ledger_host_end(struct sim_host *host);
/* Opens the member of a host from its store and log; it is told nothing of links yet. */
void sim_ledger_start(struct sim_world *world, struct sim_host *host);
void sim_ledger_stop(struct sim_host *host); /* loses power */
void sim_ledger_wipe(struct sim_host *host); /* loses its store, too; it is up again or not */
/* A frame, or the news of a link, reaches a host that is up.  Borrows the item. */
void sim_ledger_receive(struct sim_world *world, struct sim_host *host,
                        const struct sim_item *item);
/* Wakes the member if its time has come. */
void sim_ledger_wake(struct sim_world *world, struct sim_host *host);
/* `count` more records of the member's log are durable. */
void sim_ledger_saved(struct sim_world *world, struct sim_host *host, uint32_t count);

/* Gives an envelope, by its index, to the member of a host that is up.  Returns: its answer. */
enum ec_admission sim_ledger_submit(struct sim_world *world, struct sim_host *host,
                                    uint32_t envelope);
/* A client asks the member of a host for a read; judged by sim_ledger_served(). */
void sim_ledger_read(struct sim_world *world, struct sim_host *host);
/* The member of a host is asked to hand over to any other.  Returns: whether it leads and reaches
 * one. */
bool sim_ledger_hand_over(struct sim_world *world, struct sim_host *host);

/* ---- ledger_links.c ---- */
/* The number that a host's member has for who runs at another; UINT32_MAX: that is no peer. */
uint32_t sim_ledger_peer(const struct sim_world *world, const struct sim_host *host,
                         uint32_t other);
/* Which identity is linked under a number of this member; UINT32_MAX: none. */
uint32_t sim_ledger_identity(const struct sim_world *world, const struct sim_host *host,
                             uint32_t peer);
/* Whether each takes the other for a peer; both are up. */
bool sim_ledger_acquainted(const struct sim_world *world, uint32_t a, uint32_t b);
/* The hosts that its member takes for peers, a bit each. */
uint64_t sim_ledger_known(const struct sim_world *world, const struct sim_host *host);
/* The roster changed: links to those who are new in it, none to those whom it forgot. */
void sim_ledger_members(struct sim_world *world, struct sim_host *host);
/* Breaks the links to a peer, and makes them anew soon. */
void sim_ledger_part(struct sim_world *world, struct sim_host *host, uint32_t peer);

/* ---- ledger_client.c ---- */
/* The group of a plan: its genesis, keys and services, with owner; ended by world_end(). */
struct world sim_ledger_group(const struct sim_plan *plan);
/* Whether an identity has a seat in the roster that clients vote for. */
bool sim_ledger_seated(const struct sim_plan *plan, uint64_t era, uint32_t identity);
/* A client makes the next envelope, and tries to give it to some host. */
void sim_ledger_client(struct sim_world *world);
/* How many envelopes clients have made. */
uint32_t sim_ledger_submitted(const struct sim_world *world);
/* Tries an envelope at some host, and again later, until its client was told of it. */
void sim_ledger_retry(struct sim_world *world, uint32_t envelope);
/* A member says what became of an envelope; a Byzantine one is not believed. */
void sim_ledger_told(struct sim_world *world, const struct sim_host *host,
                     const struct ec_act *act);
/* A member says that a read may be done: it must see every block that a client was told of before
 * it was asked for. */
void sim_ledger_served(struct sim_world *world, struct sim_host *host, const struct ec_act *act);

/* The key of an identity in an era. */
struct ec_secret sim_ledger_key(const struct sim_plan *plan, uint64_t era, uint32_t identity);
/* The roster of an era, with owner. */
struct ec_membership *sim_ledger_membership(const struct sim_plan *plan, uint64_t era);

/* ---- ledger_oracle.c ---- */
/* After every input of a correct member: its new blocks. */
void sim_ledger_check(struct sim_world *world, struct sim_host *host);
/* Whether the newest certificate of a correct member is good, and for the block that stands. */
void sim_ledger_check_certificate(struct sim_world *world, const struct sim_host *host);
/* Whether a correct host has a seat in the newest era: who has none yet, or left, owes nothing. */
bool sim_ledger_serves(const struct sim_world *world, const struct sim_host *host);
/* Whether every envelope has its place, and all correct members stand at one certified block. */
bool sim_ledger_agreed(const struct sim_world *world);
/* Time is up and sim_ledger_agreed() says no: progress is violated; where everyone stands is told.
 */
void sim_ledger_not_agreed(struct sim_world *world);
/* Receipts and books; then every member is closed, and must have left nothing.  In: all agreed. */
void sim_ledger_check_end(struct sim_world *world);

#endif
