/* read.h - what the services keep in the state, as others read it: values under services/names.h.
 *
 * Every value is one CBOR array with the fields of its struct in their order; hashes and keys are
 * byte strings, everything else integers, those without a sign below 2^63.  Each struct is followed
 * by its reader and its writer, under a comment that says where in the state it stands.  A reader
 * copies out of `value`; when that is not of the form it returns false and leaves the struct
 * undefined.  A writer returns the size; EC_RECORD_SIZE_MAX is enough for all but a bill. */
#ifndef EC_SERVICES_READ_H
#define EC_SERVICES_READ_H

#include "base/cbor.h"

enum {
	EC_RECORD_SIZE_MAX = 256,
	EC_DAY_SLOTS = 96,
	EC_BILL_SIZE_MAX = 24000,
};

/* "meter/": where one meter stands.  Slots are named by their start. */
struct ec_meter_head {
	uint64_t first_s, last_s; /* slots of its first and newest reading */
	uint64_t oldest_s;        /* readings before this slot are dropped */
	uint64_t gaps;            /* runs of missing slots that are listed */
};

/* Under ec_name_meter(). */
bool ec_meter_head_read(struct ec_bytes value, struct ec_meter_head *out);
size_t ec_meter_head_write(const struct ec_meter_head *in, uint8_t out[static EC_RECORD_SIZE_MAX]);

/* "reading/": registers at the end of a slot.  The interval is the difference to the meter's
 * reading `span` slots before; span 0: there is none (first reading, or the meter was replaced). */
struct ec_meter_reading {
	uint64_t import_wh, export_wh;
	uint64_t interval_import_wh, interval_export_wh;
	uint64_t span;
	uint64_t flags;   /* enum ec_reading_flag */
	ec_hash id;       /* of the envelope */
	ec_hash previous; /* as the device chained it; zero: not */
};
enum ec_reading_flag {
	EC_READING_UNCERTAIN = 1,
	EC_READING_REPLACED = 2,
	EC_READING_CORRECTED = 4
};

/* Under ec_name_reading(). */
bool ec_meter_reading_read(struct ec_bytes value, struct ec_meter_reading *out);
size_t ec_meter_reading_write(const struct ec_meter_reading *in,
                              uint8_t out[static EC_RECORD_SIZE_MAX]);

/* "gap/": a run of slots without readings, both inclusive. */
struct ec_gap {
	uint64_t first_s, last_s;
};

/* Under ec_name_gap(). */
bool ec_gap_read(struct ec_bytes value, struct ec_gap *out);
size_t ec_gap_write(const struct ec_gap *in, uint8_t out[static EC_RECORD_SIZE_MAX]);

/* "order/": an order in the book; its side and price stand in the name. */
struct ec_book_order {
	uint8_t author[32];
	uint64_t energy_wh; /* what is left of it */
	int64_t price_ueur_kwh;
	ec_hash id;
};

/* Under "order/" slot side price place id, a name that market.c alone makes. */
bool ec_order_read(struct ec_bytes value, struct ec_book_order *out);
size_t ec_order_write(const struct ec_book_order *in, uint8_t out[static EC_RECORD_SIZE_MAX]);

/* "book/": how many orders stand in it, and their energy. */
struct ec_book {
	uint64_t bids, offers, bid_wh, offer_wh;
};

/* Under ec_name_book(). */
bool ec_book_read(struct ec_bytes value, struct ec_book *out);
size_t ec_book_write(const struct ec_book *in, uint8_t out[static EC_RECORD_SIZE_MAX]);

/* "side/": what one author has in the book of a slot. */
struct ec_side {
	uint64_t side; /* enum ec_side_of: the only one on which the author may order */
	uint64_t orders;
};

/* Under ec_name_side(). */
bool ec_side_read(struct ec_bytes value, struct ec_side *out);
size_t ec_side_write(const struct ec_side *in, uint8_t out[static EC_RECORD_SIZE_MAX]);

/* "trade/" */
struct ec_trade {
	uint8_t buyer[32], seller[32];
	uint64_t energy_wh;
	int64_t price_ueur_kwh, amount_nano_eur; /* the buyer pays, the seller gets */
	ec_hash bid, offer;                      /* ids of the two orders */
};

/* Under ec_name_trade(). */
bool ec_trade_read(struct ec_bytes value, struct ec_trade *out);
size_t ec_trade_write(const struct ec_trade *in, uint8_t out[static EC_RECORD_SIZE_MAX]);

/* "slot/": how a slot cleared.  Without trades the price says nothing and is 0. */
struct ec_slot_summary {
	int64_t price_ueur_kwh, price_low, price_high; /* the interval of equilibrium prices */
	uint64_t energy_wh, trades;
	uint64_t bids, offers, bid_wh, offer_wh; /* the book when the gate closed */
	int64_t amount_nano_eur;
	uint64_t left_wh; /* still to be written as trades while clearing; 0 afterwards */
	uint64_t closed_ns;
};

/* Under ec_name_slot(). */
bool ec_slot_summary_read(struct ec_bytes value, struct ec_slot_summary *out);
size_t ec_slot_summary_write(const struct ec_slot_summary *in,
                             uint8_t out[static EC_RECORD_SIZE_MAX]);

/* "net/": what one party bought and sold in a slot. */
struct ec_net {
	uint64_t bought_wh, sold_wh;
	int64_t amount_nano_eur; /* what it got (below 0: paid) for it */
	uint64_t covered_s;      /* the slot whose reading covers this one; 0: none */
	uint64_t final;          /* 1: settled as if nothing had been metered */
};

/* Under ec_name_net(). */
bool ec_net_read(struct ec_bytes value, struct ec_net *out);
size_t ec_net_write(const struct ec_net *in, uint8_t out[static EC_RECORD_SIZE_MAX]);

/* "settled/": one slot of the whole group.  Amounts are what homes paid and got. */
struct ec_slot_books {
	uint64_t closed_ns; /* when its missing readings were listed; 0: open */
	uint64_t metered;   /* homes with a reading */
	uint64_t missing;   /* homes without, once closed */
	uint64_t import_wh, export_wh, retail_wh, feed_in_wh;
	int64_t retail_nano_eur, feed_in_nano_eur;
};

/* Under ec_name_settled(). */
bool ec_slot_books_read(struct ec_bytes value, struct ec_slot_books *out);
size_t ec_slot_books_write(const struct ec_slot_books *in, uint8_t out[static EC_RECORD_SIZE_MAX]);

/* One line of a bill: a home in a slot.
 *     net = import - export - traded,  amount = -net * retail when net > 0, else -net * feed-in */
enum ec_line_status {
	EC_LINE_METERED = 1,
	EC_LINE_MISSING = 2, /* no reading; a later one covers its energy, or it comes late */
	EC_LINE_FINAL = 3,   /* no reading came in time: nothing counts as metered */
};
struct ec_bill_line {
	uint64_t slot_s, status;
	uint64_t import_register_wh, export_register_wh; /* at the slot's end */
	uint64_t import_wh, export_wh, span;             /* since the reading `span` slots before */
	uint64_t bought_wh, sold_wh;                     /* by trades in this slot, at this price */
	int64_t price_ueur_kwh, trade_nano_eur;
	int64_t traded_wh; /* bought - sold over the slots that this reading settles */
	int64_t net_wh, net_nano_eur;
	ec_hash reading; /* its envelope's id; zero: none */
};

/* "bill/": one home's day.  Amounts are what the home gets; below 0 it pays. */
struct ec_bill {
	uint8_t key[32];
	uint64_t day;     /* (slot + offset) / 86400 */
	uint64_t version; /* 1 and one more for each correction after a slot was closed */
	int64_t retail_ueur_kwh, feed_in_ueur_kwh;
	uint32_t lines;
	struct ec_bill_line line[EC_DAY_SLOTS];
};

/* Under ec_name_bill().  Reading judges the form alone, with at most EC_DAY_SLOTS lines; the
 * figures are judged by ec_bill_check(). */
bool ec_bill_read(struct ec_bytes value, struct ec_bill *out);
size_t ec_bill_write(const struct ec_bill *in, uint8_t out[static EC_BILL_SIZE_MAX]);

/* Sums over the lines of a bill. */
struct ec_bill_total {
	uint64_t import_wh, export_wh, bought_wh, sold_wh, retail_wh, feed_in_wh, missing;
	int64_t trade_nano_eur, net_nano_eur, total_nano_eur;
};

/* "total/...": each since the group began. */
struct ec_metering_total {
	uint64_t readings, late, corrections, meters, missing_slots;
};

/* Under ec_name_total("metering"). */
bool ec_metering_total_read(struct ec_bytes value, struct ec_metering_total *out);
size_t ec_metering_total_write(const struct ec_metering_total *in,
                               uint8_t out[static EC_RECORD_SIZE_MAX]);

struct ec_market_total {
	uint64_t orders, trades, energy_wh, slots;
	int64_t amount_nano_eur;
	int64_t price_min, price_max; /* of slots with trades; both 0 before the first */
};

/* Under ec_name_total("market"). */
bool ec_market_total_read(struct ec_bytes value, struct ec_market_total *out);
size_t ec_market_total_write(const struct ec_market_total *in,
                             uint8_t out[static EC_RECORD_SIZE_MAX]);

struct ec_settlement_total {
	uint64_t slots, lines, corrections, retail_wh, feed_in_wh;
	int64_t retail_nano_eur, feed_in_nano_eur; /* what homes paid, what they got */
	uint64_t blocked; /* lines not booked because an account's range would be left */
};

/* Under ec_name_total("settlement"). */
bool ec_settlement_total_read(struct ec_bytes value, struct ec_settlement_total *out);
size_t ec_settlement_total_write(const struct ec_settlement_total *in,
                                 uint8_t out[static EC_RECORD_SIZE_MAX]);

/* How many slots after a meter's newest reading have none although their deadline, so long after
 * their end, has passed: of a home that is off. */
uint64_t ec_meter_overdue(const struct ec_meter_head *head, uint64_t deadline_s, uint64_t time_ns);

/* The sums.  In: a bill that need not be checked: sums of money then wrap modulo 2^64. */
struct ec_bill_total ec_bill_total(const struct ec_bill *bill);

/* What `net_wh` beyond what was traded costs: nano-EUR that the home gets; below 0 it pays. */
int64_t ec_net_amount(int64_t net_wh, int64_t retail_ueur_kwh, int64_t feed_in_ueur_kwh);

/* Whether every figure of a bill follows from the others: lines ascend within the day, each
 * interval is the difference of its registers where the reading before is a line as well, trades at
 * one price, nets and amounts by the tariffs.  Out: the first line that does not; may be NULL. */
bool ec_bill_check(const struct ec_bill *bill, uint32_t *wrong);

/* The recount of a group's money by its bills: every line that was booked moved its amount between
 * a home and the supplier, and every trade moved its own between two homes. */
struct ec_recount {
	uint64_t bills, lines;
	int64_t trade_nano_eur, net_nano_eur;
};

/* Adds a bill that was checked, in whatever order they come.  In: recount, at first all zeros. */
void ec_recount_add(struct ec_recount *recount, const struct ec_bill *bill);

/* Whether trades cancel out and the supplier's side equals the sum of the bills: holds when every
 * bill was added, none was dropped, and no line is still on its way. */
bool ec_recount_conserved(const struct ec_recount *recount,
                          const struct ec_settlement_total *total);

#endif
