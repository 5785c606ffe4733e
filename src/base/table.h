/* table.h - a fixed open-addressed map from hashes to small numbers. */
#ifndef EC_TABLE_H
#define EC_TABLE_H

#include "base/bytes.h"

/* One flat block of ec_table_size() bytes. */
struct ec_table;

/* In: entries_max >= 1, how many entries it may hold at once. */
size_t ec_table_size(uint32_t entries_max);

/* In: a block of zeros; secret, mixed into places so that nobody can choose names that collide. */
void ec_table_init(struct ec_table *table, uint32_t entries_max, uint64_t secret);

/* The value under a name; UINT32_MAX: none. */
uint32_t ec_table_find(const struct ec_table *table, const ec_hash *name);

/* In: a name that is not there, value < UINT32_MAX; fewer than entries_max entries. */
void ec_table_put(struct ec_table *table, const ec_hash *name, uint32_t value);

/* Changes the value of a name that is there. */
void ec_table_set(struct ec_table *table, const ec_hash *name, uint32_t value);

/* In: a name that is there. */
void ec_table_remove(struct ec_table *table, const ec_hash *name);

uint32_t ec_table_count(const struct ec_table *table);

#endif
