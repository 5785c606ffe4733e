/* disk.h - the log of one instance on a simulated disk: what was appended, and up to where a power
 * cut would find it. */
#ifndef EC_SIM_DISK_H
#define EC_SIM_DISK_H

#include "consensus/consensus.h"
#include "base/prng.h"

struct sim_record {
	ec_seq seq;
	bool cut;
	struct ec_bytes head, body;
	ec_hash digest;
};

/* record[0..durable) survive a crash, in the order of their replay: the newest CUT first. */
struct sim_disk {
	struct sim_record *record;
	uint32_t count, capacity;
	uint32_t durable;
	bool stalled;
};

/* Appends a record that is not yet durable; takes over head and body. */
void sim_disk_append(struct sim_disk *disk, struct sim_record record);

/* `count` more are durable; a CUT among them forgets earlier records with seq at or below its own.
 * In: count <= how many are not durable. */
void sim_disk_sync(struct sim_disk *disk, uint32_t count);

/* Forgets the `count` oldest.  In: they are durable. */
void sim_disk_trim(struct sim_disk *disk, uint32_t count);

/* How many are not durable. */
uint32_t sim_disk_unsynced(const struct sim_disk *disk);

/* Power is cut: the first `keep` of the unsynced happen to survive.  Returns: how many were lost.
 */
uint32_t sim_disk_cut_power(struct sim_disk *disk, uint32_t keep);

/* How many of the unsynced a reader finds after a cut that kept each by chance: the chain of hashes
 * breaks at the first hole.  Out: holes, whether anything survived behind it. */
uint32_t sim_disk_torn(const struct sim_disk *disk, struct ec_prng *prng, bool *holes);

/* A second one with the same records, all of them durable. */
struct sim_disk sim_disk_flushed(const struct sim_disk *disk);

/* Drops everything; the log is empty then. */
void sim_disk_wipe(struct sim_disk *disk);

/* The references that its records hold, for audits, as ec_protocol.held.  at may be NULL to count.
 */
uint32_t sim_disk_held(const struct sim_disk *disk, struct ec_bytes *at);

#endif
