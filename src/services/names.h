/* names.h - where the services keep what they know: the names of the state (DESIGN.md, table).
 *
 * Numbers stand in names as eight bytes, big endian, so that names are in the order of numbers.
 * A slot is named by the community time, in seconds, at which it starts. */
#ifndef EC_SERVICES_NAMES_H
#define EC_SERVICES_NAMES_H

#include "ledger/service.h"

enum { EC_SLOT_S = 900 };

struct ec_name {
	uint8_t at[EC_NAME_MAX];
	size_t size;
};

/* A name of its prefix alone, with its slash. */
struct ec_name ec_name_of(const char *prefix);

/* Adds bytes as they are.  In: room for them below EC_NAME_MAX, else the program ends. */
void ec_name_add(struct ec_name *name, const void *data, size_t size);

/* Adds a number, as eight bytes, big endian. */
void ec_name_add_u64(struct ec_name *name, uint64_t value);

/* ---- metering ---- */

/* "meter/" key: where a meter stands (struct ec_meter_head). */
struct ec_name ec_name_meter(const uint8_t key[static 32]);

/* "reading/" key slot: registers at the end of the slot (struct ec_meter_reading). */
struct ec_name ec_name_reading(const uint8_t key[static 32], uint64_t slot_s);

/* "gap/" key first-slot: a run of slots without readings, by its first (struct ec_gap). */
struct ec_name ec_name_gap(const uint8_t key[static 32], uint64_t first_s);

/* ---- market ---- */

/* "book/" slot: how full its book is (struct ec_book). */
struct ec_name ec_name_book(uint64_t slot_s);

/* "side/" slot key: an author's orders there (struct ec_side). */
struct ec_name ec_name_side(uint64_t slot_s, const uint8_t key[static 32]);

/* "trade/" slot index: from 0, in the order in which they were made (struct ec_trade). */
struct ec_name ec_name_trade(uint64_t slot_s, uint64_t index);

/* "slot/" slot: how it cleared (struct ec_slot_summary). */
struct ec_name ec_name_slot(uint64_t slot_s);

/* "net/" slot key: what a party bought and sold in it (struct ec_net). */
struct ec_name ec_name_net(uint64_t slot_s, const uint8_t key[static 32]);

/* ---- settlement ---- */

/* "fresh/" slot key: a mark; this line is to be computed again. */
struct ec_name ec_name_fresh(uint64_t slot_s, const uint8_t key[static 32]);

/* "open/" slot: a mark; its missing readings are not listed yet. */
struct ec_name ec_name_open(uint64_t slot_s);

/* "settled/" slot: sums over it (struct ec_slot_books). */
struct ec_name ec_name_settled(uint64_t slot_s);

/* "missing/" slot key: a mark; a home that was listed without a reading. */
struct ec_name ec_name_missing(uint64_t slot_s, const uint8_t key[static 32]);

/* "bill/" key "/" day: a bill (struct ec_bill).  In: day: (slot + day_offset_s) / 86400. */
struct ec_name ec_name_bill(const uint8_t key[static 32], uint64_t day);

/* "bills/" key: the oldest day whose bill is kept, a CBOR integer. */
struct ec_name ec_name_bills(const uint8_t key[static 32]);

/* "total/" service: sums since the group began.  In: service: "metering", "market" or "settlement".
 */
struct ec_name ec_name_total(const char *service);

/* The number that stands at `offset` of a name; 0 when the name is too short. */
uint64_t ec_name_u64_at(const uint8_t *name, size_t size, size_t offset);

/* As ec_state_get(): the value is borrowed until the next put or delete.  Returns: false: none. */
bool ec_name_get(struct ec_scratch *scratch, const struct ec_name *name, struct ec_bytes *value);

/* Whether there is a value; as a read, this too ends no borrowing. */
bool ec_name_there(struct ec_scratch *scratch, const struct ec_name *name);

/* As ec_state_delete(): what is not there may be deleted. */
void ec_name_delete(struct ec_scratch *scratch, const struct ec_name *name);

/* Notes that a name exists, with null as its value. */
void ec_name_mark(struct ec_scratch *scratch, const struct ec_name *name);

/* The first name with a prefix.  Out: cursor on it, and its value.  Returns: false: none. */
bool ec_name_first(struct ec_scratch *scratch, const struct ec_name *prefix,
                   struct ec_cursor *cursor, struct ec_bytes *value);

#endif
