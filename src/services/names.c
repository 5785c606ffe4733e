/* names.c - makes the names of the services' state. */
#include "services/names.h"

#include <assert.h>

struct ec_name ec_name_of(const char *prefix)
{
	struct ec_name name = {.size = strlen(prefix)};
	assert(name.size <= EC_NAME_MAX);
	memcpy(name.at, prefix, name.size);
	return name;
}

void ec_name_add(struct ec_name *name, const void *data, size_t size)
{
	assert(size <= EC_NAME_MAX - name->size);
	if (size)
		memcpy(name->at + name->size, data, size);
	name->size += size;
}

void ec_name_add_u64(struct ec_name *name, uint64_t value)
{
	uint8_t bytes[8];
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> (56 - 8 * i));
	ec_name_add(name, bytes, sizeof bytes);
}

static struct ec_name of_key(const char *prefix, const uint8_t key[static 32])
{
	struct ec_name name = ec_name_of(prefix);
	ec_name_add(&name, key, 32);
	return name;
}

static struct ec_name of_number(const char *prefix, uint64_t value)
{
	struct ec_name name = ec_name_of(prefix);
	ec_name_add_u64(&name, value);
	return name;
}

static struct ec_name of_key_number(const char *prefix, const uint8_t key[static 32],
                                    uint64_t value)
{
	struct ec_name name = of_key(prefix, key);
	ec_name_add_u64(&name, value);
	return name;
}

static struct ec_name of_number_key(const char *prefix, uint64_t value,
                                    const uint8_t key[static 32])
{
	struct ec_name name = of_number(prefix, value);
	ec_name_add(&name, key, 32);
	return name;
}

struct ec_name ec_name_meter(const uint8_t key[static 32])
{
	return of_key("meter/", key);
}

struct ec_name ec_name_reading(const uint8_t key[static 32], uint64_t slot_s)
{
	return of_key_number("reading/", key, slot_s);
}

struct ec_name ec_name_gap(const uint8_t key[static 32], uint64_t first_s)
{
	return of_key_number("gap/", key, first_s);
}

struct ec_name ec_name_book(uint64_t slot_s)
{
	return of_number("book/", slot_s);
}

struct ec_name ec_name_side(uint64_t slot_s, const uint8_t key[static 32])
{
	return of_number_key("side/", slot_s, key);
}

struct ec_name ec_name_trade(uint64_t slot_s, uint64_t index)
{
	struct ec_name name = of_number("trade/", slot_s);
	ec_name_add_u64(&name, index);
	return name;
}

struct ec_name ec_name_slot(uint64_t slot_s)
{
	return of_number("slot/", slot_s);
}

struct ec_name ec_name_net(uint64_t slot_s, const uint8_t key[static 32])
{
	return of_number_key("net/", slot_s, key);
}

struct ec_name ec_name_fresh(uint64_t slot_s, const uint8_t key[static 32])
{
	return of_number_key("fresh/", slot_s, key);
}

struct ec_name ec_name_open(uint64_t slot_s)
{
	return of_number("open/", slot_s);
}

struct ec_name ec_name_settled(uint64_t slot_s)
{
	return of_number("settled/", slot_s);
}

struct ec_name ec_name_missing(uint64_t slot_s, const uint8_t key[static 32])
{
	return of_number_key("missing/", slot_s, key);
}

struct ec_name ec_name_bill(const uint8_t key[static 32], uint64_t day)
{
	struct ec_name name = of_key("bill/", key);
	ec_name_add(&name, "/", 1);
	ec_name_add_u64(&name, day);
	return name;
}

struct ec_name ec_name_bills(const uint8_t key[static 32])
{
	return of_key("bills/", key);
}

struct ec_name ec_name_total(const char *service)
{
	struct ec_name name = ec_name_of("total/");
	ec_name_add(&name, service, strlen(service));
	return name;
}

uint64_t ec_name_u64_at(const uint8_t *name, size_t size, size_t offset)
{
	uint64_t value = 0;
	if (offset + 8 > size)
		return 0;
	for (size_t i = 0; i < 8; i++)
		value = value << 8 | name[offset + i];
	return value;
}
