/* table.h - a fixed open-addressed map from hashes to small numbers. */
#ifndef EC_TABLE_H
#define EC_TABLE_H

#include "base/bytes.h"

/* One flat block of ec_table_size() bytes. */
struct ec_table;

/* The bytes to set aside for a table.  In: entries_max, how many entries it may hold at once, 1 to
 * UINT32_MAX / 8. */
size_t ec_table_size(uint32_t entries_max);

/* Makes an empty table.  In: a block of zeros of ec_table_size() bytes; the same entries_max;
 * secret, mixed into places so that nobody can choose names that collide. */
void ec_table_init(struct ec_table *table, uint32_t entries_max, uint64_t secret);

/* The value under a name; UINT32_MAX: none. */
uint32_t ec_table_find(const struct ec_table *table, const ec_hash *name);

/* Adds an entry.  In: a name that is not there; value < UINT32_MAX; room for one more. */
void ec_table_put(struct ec_table *table, const ec_hash *name, uint32_t value);

/* Takes an entry out.  In: a name that is there. */
void ec_table_remove(struct ec_table *table, const ec_hash *name);

/* How many entries it holds now. */
uint32_t ec_table_count(const struct ec_table *table);

#endif
