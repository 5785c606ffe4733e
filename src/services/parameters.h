/* parameters.h - what the genesis sets for each service, and its bytes there.
 *
 * Each is a CBOR array: a text that names its version, then the fields in the order of the struct,
 * as integers.  The bounds are in parameters.c; anything outside of them makes a genesis unusable.
 */
#ifndef EC_SERVICES_PARAMETERS_H
#define EC_SERVICES_PARAMETERS_H

#include "base/cbor.h"

enum { EC_PARAMETERS_SIZE_MAX = 160 };

struct ec_metering_parameters {
	int64_t ahead_s;         /* how far beyond community time a reading may be dated */
	int64_t late_s;          /* how long after its slot a reading is still taken */
	int64_t interval_wh_max; /* energy through one connection in one slot, either direction */
	int64_t meters_max;      /* of the group */
	int64_t gaps_max;        /* runs of missing slots listed a meter */
	int64_t keep_slots;      /* readings older than this many slots are dropped */
};

struct ec_market_parameters {
	int64_t lead_s;            /* the gate closes this long before the slot starts */
	int64_t ahead_slots;       /* how many slots ahead orders are taken */
	int64_t orders_slot_max;   /* orders in the book of one slot */
	int64_t orders_author_max; /* of which by one author */
	int64_t price_ueur_kwh_min, price_ueur_kwh_max;
	int64_t energy_wh_max;   /* of one order */
	int64_t trades_turn_max; /* trades written in one turn of the clock */
	int64_t keep_slots;      /* trades older than this many slots are dropped */
};

struct ec_settlement_parameters {
	int64_t retail_ueur_kwh;  /* what a home pays for energy that it had not bought */
	int64_t feed_in_ueur_kwh; /* what a home gets for energy that it had not sold */
	int64_t deadline_s;       /* after a slot's end, when missing readings are listed */
	int64_t final_s;          /* after a slot's end, when a missing reading counts as zero */
	int64_t day_offset_s;     /* added to community time to tell days apart; multiple of 900 */
	int64_t keep_days;        /* bills older than this many days are dropped */
	int64_t lines_turn_max;   /* lines of bills written in one turn of the clock */
};

struct ec_store_parameters {
	int64_t writers;          /* roles of which a writer has one; 0: any enrolled key writes */
	int64_t value_bytes_max;  /* of one value */
	int64_t keys_max;         /* of the store */
	int64_t bytes_max;        /* of all keys and values */
	int64_t changes_max;      /* kept for watches, about: older ones are compacted */
	int64_t change_bytes_max; /* likewise, in bytes of their records */
	int64_t leases_max;       /* at once */
	int64_t lease_keys_max;   /* keys bound to one lease */
	int64_t lease_s_max;      /* longest time to live */
	int64_t turn_changes_max; /* keys that lapse, and changes compacted, in a turn of the clock
	                           */
};

/* What fits a small community in real time; `up` and `init` start from these: readings for ten days
 * back and two hours ahead, 25 kWh a slot, 1000 meters, 410 days of readings. */
struct ec_metering_parameters ec_metering_parameters_usual(void);

/* Likewise: the gate closes when its slot starts, a day of slots ahead, prices of -1 to 2 EUR/kWh.
 */
struct ec_market_parameters ec_market_parameters_usual(void);

/* Likewise: 32 and 8 ct/kWh, missing readings listed after two hours, final after ten days. */
struct ec_settlement_parameters ec_settlement_parameters_usual(void);

/* Likewise: any enrolled key writes, 15,000 bytes a value, 100,000 keys in 64 MiB, 10,000 changes
 * in 16 MiB, 1000 leases of 256 keys and a day at most. */
struct ec_store_parameters ec_store_parameters_usual(void);

/* Reads.  Returns: false when the form is another or a field is out of its bounds, or readings
 * would be dropped sooner than a day after the last can come; what stands in `out` is then not to
 * be used.
 */
bool ec_metering_parameters_read(struct ec_bytes bytes, struct ec_metering_parameters *out);

/* Likewise; also false when the lowest price is above the highest, or an author may have more
 * orders than a book. */
bool ec_market_parameters_read(struct ec_bytes bytes, struct ec_market_parameters *out);

/* Likewise; also false when feed-in pays more than retail costs (a home would earn by turning its
 * energy round), what is final was not listed before, or a day begins inside a slot. */
bool ec_settlement_parameters_read(struct ec_bytes bytes, struct ec_settlement_parameters *out);

/* Likewise. */
bool ec_store_parameters_read(struct ec_bytes bytes, struct ec_store_parameters *out);

/* Writes "metering/1".  Returns: the size.  Nothing is judged: what is out of bounds is written,
 * and then refused by the reader. */
size_t ec_metering_parameters_write(const struct ec_metering_parameters *parameters,
                                    uint8_t out[static EC_PARAMETERS_SIZE_MAX]);

/* Likewise "market/1". */
size_t ec_market_parameters_write(const struct ec_market_parameters *parameters,
                                  uint8_t out[static EC_PARAMETERS_SIZE_MAX]);

/* Likewise "settlement/1". */
size_t ec_settlement_parameters_write(const struct ec_settlement_parameters *parameters,
                                      uint8_t out[static EC_PARAMETERS_SIZE_MAX]);

/* Likewise "store/2". */
size_t ec_store_parameters_write(const struct ec_store_parameters *parameters,
                                 uint8_t out[static EC_PARAMETERS_SIZE_MAX]);

#endif
