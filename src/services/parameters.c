/* parameters.c - the services' parameters: bounds, and their bytes in the genesis. */
#include "services/parameters.h"

#include "services/store.h"

#include <assert.h>

#define DAY_S      86400
#define ENERGY_MAX 100000000 /* 100 MWh in a slot or an order */
#define PRICE_MAX  10000000  /* 10 EUR/kWh: a full order is then at most 10^15 nano-EUR */

struct field {
	int64_t min, max;
};

/* clang-format off */
static const struct field metering_fields[] = {
	{0, DAY_S},            /* ahead_s */
	{900, 366 * DAY_S},    /* late_s */
	{1, ENERGY_MAX},       /* interval_wh_max */
	{1, 10000},            /* meters_max */
	{1, 1000},             /* gaps_max */
	{96, 96 * 36600},      /* keep_slots */
};
static const struct field market_fields[] = {
	{0, DAY_S},                  /* lead_s */
	{1, 96 * 31},                /* ahead_slots */
	{2, 4096},                   /* orders_slot_max */
	{1, 64},                     /* orders_author_max */
	{-PRICE_MAX, PRICE_MAX},     /* price_ueur_kwh_min */
	{-PRICE_MAX, PRICE_MAX},     /* price_ueur_kwh_max */
	{1, ENERGY_MAX},             /* energy_wh_max */
	{1, 4096},                   /* trades_turn_max */
	{96, 96 * 36600},            /* keep_slots */
};
static const struct field settlement_fields[] = {
	{-PRICE_MAX, PRICE_MAX},     /* retail_ueur_kwh */
	{-PRICE_MAX, PRICE_MAX},     /* feed_in_ueur_kwh */
	{900, 30 * DAY_S},           /* deadline_s */
	{900, 366 * DAY_S},          /* final_s */
	{0, DAY_S - 900},            /* day_offset_s */
	{1, 36600},                  /* keep_days */
	{1, 1024},                   /* lines_turn_max */
};
static const struct field store_fields[] = {
	{0, 15},                     /* writers */
	{1, EC_STORE_VALUE_MAX},     /* value_bytes_max */
	{1, 10000000},               /* keys_max */
	{1, INT64_C(1) << 40},       /* bytes_max */
	{512, 10000000},             /* changes_max: more than one revision has */
	{INT64_C(1) << 21, INT64_C(1) << 40}, /* change_bytes_max: likewise */
	{1, 100000},                 /* leases_max */
	{1, 256},                    /* lease_keys_max: one revision ends a lease */
	{1, 366 * DAY_S},            /* lease_s_max */
	{1, 1024},                   /* turn_changes_max */
};
/* clang-format on */

enum {
	METERING_FIELDS = sizeof metering_fields / sizeof metering_fields[0],
	MARKET_FIELDS = sizeof market_fields / sizeof market_fields[0],
	SETTLEMENT_FIELDS = sizeof settlement_fields / sizeof settlement_fields[0],
	STORE_FIELDS = sizeof store_fields / sizeof store_fields[0],
	FIELDS_MAX = 10,
};
_Static_assert(METERING_FIELDS <= FIELDS_MAX && MARKET_FIELDS <= FIELDS_MAX, "they fit");
_Static_assert(SETTLEMENT_FIELDS <= FIELDS_MAX && STORE_FIELDS <= FIELDS_MAX, "they fit");
_Static_assert(sizeof(struct ec_metering_parameters) == METERING_FIELDS * sizeof(int64_t),
               "a bound a field");
_Static_assert(sizeof(struct ec_market_parameters) == MARKET_FIELDS * sizeof(int64_t),
               "a bound a field");
_Static_assert(sizeof(struct ec_settlement_parameters) == SETTLEMENT_FIELDS * sizeof(int64_t),
               "a bound a field");
_Static_assert(sizeof(struct ec_store_parameters) == STORE_FIELDS * sizeof(int64_t),
               "a bound a field");

static bool fields_read(struct ec_bytes bytes, const char *version, const struct field *field,
                        uint32_t fields, void *out)
{
	struct ec_cbor cbor = ec_cbor_over(bytes.data, bytes.size);
	ec_cbor_array_exact(&cbor, fields + 1);
	struct ec_view text = ec_cbor_text(&cbor, strlen(version));
	bool good = text.data && text.size == strlen(version) &&
	            memcmp(text.data, version, text.size) == 0;
	int64_t values[FIELDS_MAX] = {0};
	for (uint32_t i = 0; i < fields; i++) {
		values[i] = ec_cbor_int(&cbor);
		good = good && values[i] >= field[i].min && values[i] <= field[i].max;
	}
	memcpy(out, values, fields * sizeof values[0]);
	return ec_cbor_done(&cbor) && good;
}

static size_t fields_write(const char *version, uint32_t fields, const void *in,
                           uint8_t out[static EC_PARAMETERS_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_PARAMETERS_SIZE_MAX);
	ec_cbor_write_array(&writer, fields + 1);
	ec_cbor_write_string(&writer, version);
	int64_t values[FIELDS_MAX];
	memcpy(values, in, fields * sizeof values[0]);
	for (uint32_t i = 0; i < fields; i++)
		ec_cbor_write_int(&writer, values[i]);
	bool fitted = ec_cbor_writer_ok(&writer);
	assert(fitted);
	return writer.out.size;
}

struct ec_metering_parameters ec_metering_parameters_usual(void)
{
	return (struct ec_metering_parameters){
		.ahead_s = 2 * 3600,
		.late_s = 10 * DAY_S,
		.interval_wh_max = 25000,
		.meters_max = 1000,
		.gaps_max = 96,
		.keep_slots = 96 * 410,
	};
}

struct ec_market_parameters ec_market_parameters_usual(void)
{
	return (struct ec_market_parameters){
		.lead_s = 0,
		.ahead_slots = 96,
		.orders_slot_max = 2000,
		.orders_author_max = 4,
		.price_ueur_kwh_min = -1000000,
		.price_ueur_kwh_max = 2000000,
		.energy_wh_max = 25000,
		.trades_turn_max = 256,
		.keep_slots = 96 * 410,
	};
}

struct ec_settlement_parameters ec_settlement_parameters_usual(void)
{
	return (struct ec_settlement_parameters){
		.retail_ueur_kwh = 320000,
		.feed_in_ueur_kwh = 80000,
		.deadline_s = 2 * 3600,
		.final_s = 10 * DAY_S,
		.day_offset_s = 0,
		.keep_days = 410,
		.lines_turn_max = 32,
	};
}

struct ec_store_parameters ec_store_parameters_usual(void)
{
	return (struct ec_store_parameters){
		.writers = 0,
		.value_bytes_max = 15000,
		.keys_max = 100000,
		.bytes_max = 64 << 20,
		.changes_max = 10000,
		.change_bytes_max = 16 << 20,
		.leases_max = 1000,
		.lease_keys_max = 256,
		.lease_s_max = DAY_S,
		.turn_changes_max = 256,
	};
}

bool ec_metering_parameters_read(struct ec_bytes bytes, struct ec_metering_parameters *out)
{
	return fields_read(bytes, "metering/1", metering_fields, METERING_FIELDS, out) &&
	       out->keep_slots * 900 >= out->late_s + DAY_S;
}

bool ec_market_parameters_read(struct ec_bytes bytes, struct ec_market_parameters *out)
{
	return fields_read(bytes, "market/1", market_fields, MARKET_FIELDS, out) &&
	       out->price_ueur_kwh_min <= out->price_ueur_kwh_max &&
	       out->orders_author_max <= out->orders_slot_max;
}

bool ec_settlement_parameters_read(struct ec_bytes bytes, struct ec_settlement_parameters *out)
{
	return fields_read(bytes, "settlement/1", settlement_fields, SETTLEMENT_FIELDS, out) &&
	       out->feed_in_ueur_kwh <= out->retail_ueur_kwh && out->deadline_s <= out->final_s &&
	       out->day_offset_s % 900 == 0;
}

bool ec_store_parameters_read(struct ec_bytes bytes, struct ec_store_parameters *out)
{
	return fields_read(bytes, "store/2", store_fields, STORE_FIELDS, out);
}

size_t ec_metering_parameters_write(const struct ec_metering_parameters *parameters,
                                    uint8_t out[static EC_PARAMETERS_SIZE_MAX])
{
	return fields_write("metering/1", METERING_FIELDS, parameters, out);
}

size_t ec_market_parameters_write(const struct ec_market_parameters *parameters,
                                  uint8_t out[static EC_PARAMETERS_SIZE_MAX])
{
	return fields_write("market/1", MARKET_FIELDS, parameters, out);
}

size_t ec_settlement_parameters_write(const struct ec_settlement_parameters *parameters,
                                      uint8_t out[static EC_PARAMETERS_SIZE_MAX])
{
	return fields_write("settlement/1", SETTLEMENT_FIELDS, parameters, out);
}

size_t ec_store_parameters_write(const struct ec_store_parameters *parameters,
                                 uint8_t out[static EC_PARAMETERS_SIZE_MAX])
{
	return fields_write("store/2", STORE_FIELDS, parameters, out);
}
