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

/* A name of its prefix alone, and what is added to it. */
struct ec_name ec_name_of(const char *prefix);
void ec_name_add(struct ec_name *name, const void *data, size_t size);
void ec_name_add_u64(struct ec_name *name, uint64_t value);

/* metering: "meter/" key; "reading/" key slot; "gap/" key first-slot */
struct ec_name ec_name_meter(const uint8_t key[static 32]);
struct ec_name ec_name_reading(const uint8_t key[static 32], uint64_t slot_s);
struct ec_name ec_name_gap(const uint8_t key[static 32], uint64_t first_s);

/* market: "book/" slot; "side/" slot key; "trade/" slot index; "slot/" slot; "net/" slot key */
struct ec_name ec_name_book(uint64_t slot_s);
struct ec_name ec_name_side(uint64_t slot_s, const uint8_t key[static 32]);
struct ec_name ec_name_trade(uint64_t slot_s, uint64_t index);
struct ec_name ec_name_slot(uint64_t slot_s);
struct ec_name ec_name_net(uint64_t slot_s, const uint8_t key[static 32]);

/* settlement: "fresh/" slot key; "open/" slot; "settled/" slot; "missing/" slot key;
 * "bill/" key "/" day; "bills/" key */
struct ec_name ec_name_fresh(uint64_t slot_s, const uint8_t key[static 32]);
struct ec_name ec_name_open(uint64_t slot_s);
struct ec_name ec_name_settled(uint64_t slot_s);
struct ec_name ec_name_missing(uint64_t slot_s, const uint8_t key[static 32]);
struct ec_name ec_name_bill(const uint8_t key[static 32], uint64_t day);
struct ec_name ec_name_bills(const uint8_t key[static 32]);

/* "total/metering", "total/market", "total/settlement" */
struct ec_name ec_name_total(const char *service);

/* The number that stands at `offset` of a name; 0 when the name is too short. */
uint64_t ec_name_u64_at(const uint8_t *name, size_t size, size_t offset);

/* The state by such names: as ec_state_get and so on. */
bool ec_name_get(struct ec_scratch *scratch, const struct ec_name *name, struct ec_bytes *value);
bool ec_name_there(struct ec_scratch *scratch, const struct ec_name *name);
void ec_name_delete(struct ec_scratch *scratch, const struct ec_name *name);

/* Notes that a name exists, with null as its value. */
void ec_name_mark(struct ec_scratch *scratch, const struct ec_name *name);

/* The first name with a prefix.  Out: cursor on it, and its value.  Returns: false: none. */
bool ec_name_first(struct ec_scratch *scratch, const struct ec_name *prefix,
                   struct ec_cursor *cursor, struct ec_bytes *value);

#endif
