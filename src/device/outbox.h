/* outbox.h - what a device has signed and may not forget: one file, appended and synced.
 *
 * An envelope is in the file, on disk, before anything of it leaves the device; so a sequence is
 * never used twice and a reading is never lost to a power cut.  It is deleted by a record that need
 * not be durable: after a crash the device only asks for a receipt again.
 *
 *   file    record...
 *   record  u32 size || first 8 bytes of SHA-256(body) || body        (size: of the body)
 *   body    u8 ENTRY,  u64 lane, sequence, slot, expiry, id, salt, block envelope
 *         | u8 GONE,   id
 *         | u8 BEGIN,  u64 last sequence of lanes 0 and 1, u64 last slot, id of the last reading;
 *                      the first of a file that was written anew, and where the slot went back
 *
 * A file that ends inside a record, or with one that does not match its hash, is cut there when it
 * is opened: that record was never acknowledged by a sync.  Damage before the end is refused. */
#ifndef EC_DEVICE_OUTBOX_H
#define EC_DEVICE_OUTBOX_H

#include "base/bytes.h"

enum {
	EC_OUTBOX_ENTRIES_MAX = 4096, /* 42 days of readings */
	EC_OUTBOX_ENVELOPE_MAX = 1024,
	EC_OUTBOX_LANES = 2,
};

enum ec_device_lane { EC_LANE_READINGS, EC_LANE_ORDERS };

/* One envelope that waits for its receipt. */
struct ec_outbox_entry {
	bool used;
	uint64_t lane, sequence;
	uint64_t slot_s, expiry_ns;
	ec_hash id;
	uint8_t salt[32];
	uint64_t offset; /* of the envelope in the file */
	uint32_t size;
};

struct ec_outbox {
	int file, folder;    /* the file, and the folder that it is in */
	char name[256];      /* in the folder */
	bool broken;         /* the disk failed: nothing may be sent any more */
	uint64_t size, dead; /* bytes of the file; of them, of deleted entries */
	uint64_t cut;        /* bytes that were cut off when it was opened */
	uint64_t last_sequence[EC_OUTBOX_LANES], last_slot_s;
	ec_hash last_reading; /* its id; zero: none yet */
	uint32_t count;
	struct ec_outbox_entry entry[EC_OUTBOX_ENTRIES_MAX];
};

/* Opens or makes the file, and locks it against a second process.  Returns: newly allocated, ended
 * by ec_outbox_close(); NULL with a sentence in `why`. */
struct ec_outbox *ec_outbox_open(const char *path, char *why, size_t why_size);

/* Gives the lock back, closes the file, frees; NULL is good.  Nothing is lost: the file has it all.
 */
void ec_outbox_close(struct ec_outbox *outbox);

enum ec_outbox_result { EC_OUTBOX_DONE, EC_OUTBOX_FULL, EC_OUTBOX_BROKEN };

/* Adds an envelope and syncs.  In: entry with lane, sequence = last + 1, slot, expiry, id and salt;
 * envelope of 1..EC_OUTBOX_ENVELOPE_MAX bytes.  Out: its place in outbox->entry. */
enum ec_outbox_result ec_outbox_add(struct ec_outbox *outbox, const struct ec_outbox_entry *entry,
                                    struct ec_bytes envelope, uint32_t *index);

/* Reads an envelope back.  Returns: its size; 0 when the disk failed. */
size_t ec_outbox_read(struct ec_outbox *outbox, uint32_t index,
                      uint8_t out[static EC_OUTBOX_ENVELOPE_MAX]);

/* Forgets an entry.  In: a used one.  Now and then writes the file anew, without the dead. */
void ec_outbox_remove(struct ec_outbox *outbox, uint32_t index);

/* Takes the last slot back, so that there may be readings of slots behind it again: those that are
 * there were refused.  Sequences and the chain go on.  In: slot_s: earlier than the last. */
void ec_outbox_rewind(struct ec_outbox *outbox, uint64_t slot_s);

/* The entry with this id; UINT32_MAX: none. */
uint32_t ec_outbox_find(const struct ec_outbox *outbox, const ec_hash *id);

#endif
