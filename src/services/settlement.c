/* settlement.c - metered against traded: what each home owes for the difference, slot by slot.
 *
 * Everything happens in turns of the clock, from marks that others left:
 *   fresh/ slot key    something about this home's slot changed: compute its line again
 *   open/ slot         a slot with readings or trades whose missing readings are not listed yet
 *   missing/ slot key  a listed home; its slot becomes final when its time has passed
 * A line is a pure function of the home's reading, its trades and the tariffs (settle()); what is
 * booked is the difference to the line that stood in the bill before.  So a late or corrected
 * reading books only its delta, and the order in which readings arrived leaves no trace.
 * (S1) Supplier's balance = minus the sum of net amounts over all lines ever booked.
 * (S2) A line stands in exactly one bill, and every amount follows from figures in the bill.
 * (S3) A slot is settled only when its market has cleared.
 * (S4) Every traded Wh is settled once: in its own slot's line, or in that of the reading that
 *      covers the slot, never in both. */
#include "services/services.h"

#include "services/names.h"
#include "services/parameters.h"
#include "services/read.h"

#include <assert.h>

enum { DAY_S = 86400, AHEAD_SLOTS = 97, PRUNE_MAX = 8, FRESH_SLOT_AT = 6, MISSING_SLOT_AT = 8 };

#define SECOND_NS ((uint64_t)1000000000)
#define TRADED_WH_MAX                                                               \
	(INT64_C(1) << 36) /* over one reading; with any tariff no amount overflows \
	                    */

/* One turn. */
struct turn {
	struct ec_scratch *scratch;
	struct ec_settlement_parameters rule;
	uint64_t now_ns;
	int64_t budget; /* lines that may still be written */
	struct ec_settlement_total total;
	struct ec_bill bill;
};

static bool reading_get(struct turn *turn, const uint8_t key[static 32], uint64_t slot,
                        struct ec_meter_reading *out)
{
	struct ec_name name = ec_name_reading(key, slot);
	struct ec_bytes value;
	return ec_name_get(turn->scratch, &name, &value) && ec_meter_reading_read(value, out);
}

static bool net_get(struct turn *turn, const uint8_t key[static 32], uint64_t slot,
                    struct ec_net *out)
{
	struct ec_name name = ec_name_net(slot, key);
	struct ec_bytes value;
	*out = (struct ec_net){0};
	return ec_name_get(turn->scratch, &name, &value) && ec_net_read(value, out);
}

static void net_put(struct turn *turn, const uint8_t key[static 32], uint64_t slot,
                    const struct ec_net *net)
{
	uint8_t bytes[EC_RECORD_SIZE_MAX];
	struct ec_name name = ec_name_net(slot, key);
	ec_state_put(turn->scratch, name.at, name.size, bytes, ec_net_write(net, bytes));
}

static bool books_get(struct turn *turn, uint64_t slot, struct ec_slot_books *out)
{
	struct ec_name name = ec_name_settled(slot);
	struct ec_bytes value;
	*out = (struct ec_slot_books){0};
	return ec_name_get(turn->scratch, &name, &value) && ec_slot_books_read(value, out);
}

static void books_put(struct turn *turn, uint64_t slot, const struct ec_slot_books *books)
{
	uint8_t bytes[EC_RECORD_SIZE_MAX];
	struct ec_name name = ec_name_settled(slot);
	ec_state_put(turn->scratch, name.at, name.size, bytes, ec_slot_books_write(books, bytes));
}

static int64_t price_of(struct turn *turn, uint64_t slot)
{
	struct ec_name name = ec_name_slot(slot);
	struct ec_slot_summary summary;
	struct ec_bytes value;
	if (!ec_name_get(turn->scratch, &name, &value) || !ec_slot_summary_read(value, &summary))
		return 0;
	return summary.price_ueur_kwh;
}

/* Whether nothing more can be traded for a slot: it has begun, and its book is gone. */
static bool cleared(struct turn *turn, uint64_t slot)
{
	struct ec_name book = ec_name_book(slot);
	return slot * SECOND_NS <= turn->now_ns && !ec_name_there(turn->scratch, &book);
}

/* What was traded over the slots that a reading covers: its own, and those without readings since
 * the one before it, unless they were made final, or too much for one line.  They are noted as
 * covered by it. */
static int64_t traded_over(struct turn *turn, const uint8_t key[static 32], uint64_t slot,
                           uint64_t span)
{
	uint64_t reach = (uint64_t)turn->rule.final_s / EC_SLOT_S + AHEAD_SLOTS;
	struct ec_net net;
	net_get(turn, key, slot, &net);
	int64_t traded = (int64_t)net.bought_wh - (int64_t)net.sold_wh;
	for (uint64_t i = 1; i < span && i < reach; i++) {
		uint64_t covered = slot - i * EC_SLOT_S;
		if (!net_get(turn, key, covered, &net) || net.final)
			continue;
		traded += (int64_t)net.bought_wh - (int64_t)net.sold_wh;
		if (traded > TRADED_WH_MAX || traded < -TRADED_WH_MAX)
			return traded - ((int64_t)net.bought_wh - (int64_t)net.sold_wh);
		if (net.covered_s != slot) {
			net.covered_s = slot;
			net_put(turn, key, covered, &net);
		}
	}
	return traded;
}

/* The line of a home and slot, from what the state holds now. */
static struct ec_bill_line settle(struct turn *turn, const uint8_t key[static 32], uint64_t slot)
{
	struct ec_meter_reading reading;
	struct ec_net net;
	net_get(turn, key, slot, &net);
	struct ec_bill_line line = {.slot_s = slot,
	                            .status = net.final ? EC_LINE_FINAL : EC_LINE_MISSING,
	                            .bought_wh = net.bought_wh,
	                            .sold_wh = net.sold_wh,
	                            .trade_nano_eur = net.amount_nano_eur};
	if (net.bought_wh || net.sold_wh)
		line.price_ueur_kwh = price_of(turn, slot);
	if (reading_get(turn, key, slot, &reading)) {
		line.status = EC_LINE_METERED;
		line.import_register_wh = reading.import_wh;
		line.export_register_wh = reading.export_wh;
		line.import_wh = reading.interval_import_wh;
		line.export_wh = reading.interval_export_wh;
		line.span = reading.span;
		line.reading = reading.id;
		line.traded_wh = traded_over(turn, key, slot, reading.span);
	} else if (net.final) {
		line.traded_wh = (int64_t)net.bought_wh - (int64_t)net.sold_wh;
	}
	if (line.status != EC_LINE_MISSING)
		line.net_wh = (int64_t)line.import_wh - (int64_t)line.export_wh - line.traded_wh;
	line.net_nano_eur =
		ec_net_amount(line.net_wh, turn->rule.retail_ueur_kwh, turn->rule.feed_in_ueur_kwh);
	return line;
}

/* Drops the oldest bills of a home when a new day begins for it. */
static void bills_prune(struct turn *turn, const uint8_t key[static 32], uint64_t day)
{
	struct ec_name name = ec_name_bills(key);
	struct ec_bytes value;
	uint64_t oldest = day;
	if (ec_name_get(turn->scratch, &name, &value)) {
		struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
		oldest = ec_cbor_uint(&cbor, INT64_MAX);
	}
	if (day < oldest)
		oldest = day;
	for (int i = 0; i < PRUNE_MAX && oldest + (uint64_t)turn->rule.keep_days < day; i++) {
		struct ec_name bill = ec_name_bill(key, oldest++);
		ec_name_delete(turn->scratch, &bill);
	}
	uint8_t bytes[16];
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	ec_cbor_write_uint(&writer, oldest);
	ec_state_put(turn->scratch, name.at, name.size, bytes, writer.out.size);
}

/* Loads the bill of a home's day into turn->bill; a new one when there is none. */
static void bill_load(struct turn *turn, const uint8_t key[static 32], uint64_t day)
{
	struct ec_name name = ec_name_bill(key, day);
	struct ec_bytes value;
	if (ec_name_get(turn->scratch, &name, &value) && ec_bill_read(value, &turn->bill))
		return;
	turn->bill.day = day;
	turn->bill.version = 1;
	turn->bill.retail_ueur_kwh = turn->rule.retail_ueur_kwh;
	turn->bill.feed_in_ueur_kwh = turn->rule.feed_in_ueur_kwh;
	turn->bill.lines = 0;
	memcpy(turn->bill.key, key, sizeof turn->bill.key);
	bills_prune(turn, key, day);
}

static void bill_store(struct turn *turn)
{
	uint8_t bytes[EC_BILL_SIZE_MAX];
	struct ec_name name = ec_name_bill(turn->bill.key, turn->bill.day);
	size_t size = ec_bill_write(&turn->bill, bytes);
	ec_state_put(turn->scratch, name.at, name.size, bytes, size);
}

/* The place of a slot's line in the bill; makes room for a new one, all zeros. */
static struct ec_bill_line *line_place(struct ec_bill *bill, uint64_t slot)
{
	uint32_t at = bill->lines;
	while (at > 0 && bill->line[at - 1].slot_s >= slot)
		at--;
	if (at < bill->lines && bill->line[at].slot_s == slot)
		return &bill->line[at];
	assert(bill->lines < EC_DAY_SLOTS); /* slots of one day, each once */
	memmove(&bill->line[at + 1], &bill->line[at], (bill->lines - at) * sizeof bill->line[0]);
	bill->lines++;
	bill->line[at] = (struct ec_bill_line){.slot_s = slot};
	return &bill->line[at];
}

static uint64_t above_zero(int64_t value)
{
	return value > 0 ? (uint64_t)value : 0;
}

/* Sums for show wrap around rather than trap; what is owed stands in the accounts. */
static void nano_add(int64_t *sum, int64_t amount)
{
	*sum = (int64_t)((uint64_t)*sum + (uint64_t)amount);
}

/* Adds a line to the sums of its slot and of the group, or takes it out again (sign -1). */
static void line_sum(struct turn *turn, struct ec_slot_books *books,
                     const struct ec_bill_line *line, int64_t sign)
{
	uint64_t times = (uint64_t)sign;
	uint64_t retail = above_zero(line->net_wh), feed_in = above_zero(-line->net_wh);
	int64_t paid = line->net_wh > 0 ? -line->net_nano_eur : 0;
	int64_t got = line->net_wh < 0 ? line->net_nano_eur : 0;
	books->metered += times * (line->status == EC_LINE_METERED);
	books->import_wh += times * line->import_wh;
	books->export_wh += times * line->export_wh;
	books->retail_wh += times * retail;
	books->feed_in_wh += times * feed_in;
	nano_add(&books->retail_nano_eur, sign * paid);
	nano_add(&books->feed_in_nano_eur, sign * got);
	turn->total.retail_wh += times * retail;
	turn->total.feed_in_wh += times * feed_in;
	nano_add(&turn->total.retail_nano_eur, sign * paid);
	nano_add(&turn->total.feed_in_nano_eur, sign * got);
}

/* A home that was listed has a reading now. */
static void missing_found(struct turn *turn, const uint8_t key[static 32], uint64_t slot,
                          struct ec_slot_books *books)
{
	struct ec_name name = ec_name_missing(slot, key);
	if (!ec_name_there(turn->scratch, &name))
		return;
	ec_name_delete(turn->scratch, &name);
	if (books->missing)
		books->missing--;
}

/* Computes one line again and books the difference. */
static void line_update(struct turn *turn, const uint8_t key[static 32], uint64_t slot)
{
	struct ec_slot_books books;
	uint8_t supplier[32];
	if (!books_get(turn, slot, &books)) {
		struct ec_name open = ec_name_open(slot);
		ec_name_mark(turn->scratch, &open);
	}
	struct ec_bill_line now = settle(turn, key, slot);
	bill_load(turn, key, (slot + (uint64_t)turn->rule.day_offset_s) / DAY_S);
	struct ec_bill_line *line = line_place(&turn->bill, slot), was = *line;
	ec_account_of("supplier", supplier);
	int64_t delta = now.net_nano_eur - was.net_nano_eur;
	if (delta && !ec_transfer(turn->scratch, supplier, key, delta)) {
		turn->total.blocked++;
		return;
	}
	*line = now;
	bool corrects = was.status && (books.closed_ns || was.status == EC_LINE_METERED);
	turn->bill.version += corrects;
	turn->total.corrections += corrects;
	turn->total.lines += was.status == 0;
	line_sum(turn, &books, &was, -1);
	line_sum(turn, &books, &now, 1);
	if (now.status == EC_LINE_METERED)
		missing_found(turn, key, slot, &books);
	bill_store(turn);
	books_put(turn, slot, &books);
}

/* Writes lines that changed.  Returns: whether all that can be settled now was. */
static bool fresh_run(struct turn *turn)
{
	struct ec_name prefix = ec_name_of("fresh/");
	struct ec_cursor cursor;
	struct ec_bytes value;
	while (ec_name_first(turn->scratch, &prefix, &cursor, &value)) {
		uint64_t slot = ec_name_u64_at(cursor.name, cursor.name_size, FRESH_SLOT_AT);
		if (!cleared(turn, slot))
			return true;
		if (turn->budget-- <= 0)
			return false;
		line_update(turn, cursor.name + FRESH_SLOT_AT + 8, slot);
		ec_state_delete(turn->scratch, cursor.name, cursor.name_size);
	}
	return true;
}

/* Lists a home without a reading of this slot, and has its line written. */
static void missing_list(struct turn *turn, const uint8_t key[static 32], uint64_t slot,
                         struct ec_slot_books *books)
{
	struct ec_name missing = ec_name_missing(slot, key), fresh = ec_name_fresh(slot, key);
	struct ec_name reading = ec_name_reading(key, slot);
	if (ec_name_there(turn->scratch, &reading) || ec_name_there(turn->scratch, &missing))
		return;
	ec_name_mark(turn->scratch, &missing);
	ec_name_mark(turn->scratch, &fresh);
	books->missing++;
}

/* Closes a slot: whoever is known and has no reading of it is listed. */
static void slot_close(struct turn *turn, uint64_t slot)
{
	struct ec_slot_books books;
	struct ec_cursor cursor;
	struct ec_bytes value;
	struct ec_name meters = ec_name_of("meter/"), nets = ec_name_of("net/");
	struct ec_name open = ec_name_open(slot);
	books_get(turn, slot, &books);
	ec_cursor_start(&cursor, meters.at, meters.size);
	while (ec_cursor_next(turn->scratch, &cursor, &value)) {
		struct ec_meter_head head;
		if (ec_meter_head_read(value, &head) && head.first_s <= slot)
			missing_list(turn, cursor.name + meters.size, slot, &books);
	}
	ec_name_add_u64(&nets, slot);
	ec_cursor_start(&cursor, nets.at, nets.size);
	while (ec_cursor_next(turn->scratch, &cursor, &value))
		missing_list(turn, cursor.name + nets.size, slot, &books);
	books.closed_ns = turn->now_ns;
	books_put(turn, slot, &books);
	ec_name_delete(turn->scratch, &open);
	turn->total.slots++;
}

static uint64_t meters_now(struct ec_scratch *scratch)
{
	struct ec_name name = ec_name_total("metering");
	struct ec_metering_total total = {0};
	struct ec_bytes value;
	if (ec_name_get(scratch, &name, &value))
		ec_metering_total_read(value, &total);
	return total.meters;
}

/* The first slot under a prefix.  Returns: false: none. */
static bool first_slot(struct ec_scratch *scratch, const char *text, uint64_t *slot)
{
	struct ec_name prefix = ec_name_of(text);
	struct ec_cursor cursor;
	struct ec_bytes value;
	if (!ec_name_first(scratch, &prefix, &cursor, &value))
		return false;
	*slot = ec_name_u64_at(cursor.name, cursor.name_size, prefix.size);
	return true;
}

static uint64_t after_end_ns(uint64_t slot, int64_t wait_s)
{
	return (slot + EC_SLOT_S + (uint64_t)wait_s) * SECOND_NS;
}

static void settled_prune(struct turn *turn)
{
	uint64_t keep_s = (uint64_t)turn->rule.keep_days * DAY_S, slot;
	for (int i = 0; i < PRUNE_MAX && first_slot(turn->scratch, "settled/", &slot); i++) {
		if ((slot + keep_s) * SECOND_NS >= turn->now_ns)
			return;
		struct ec_name name = ec_name_settled(slot);
		ec_name_delete(turn->scratch, &name);
	}
}

/* Closes the oldest open slot when everybody's reading is there or its deadline has passed.
 * Returns: whether it did. */
static bool close_run(struct turn *turn)
{
	struct ec_slot_books books;
	uint64_t slot;
	if (!first_slot(turn->scratch, "open/", &slot) || !cleared(turn, slot))
		return false;
	books_get(turn, slot, &books);
	bool complete = books.metered > 0 && books.metered >= meters_now(turn->scratch) &&
	                turn->now_ns >= after_end_ns(slot, 0);
	if (!complete && turn->now_ns < after_end_ns(slot, turn->rule.deadline_s))
		return false;
	slot_close(turn, slot);
	settled_prune(turn);
	return true;
}

/* Makes the oldest listed line final when its time has passed.  Returns: whether it did. */
static bool final_run(struct turn *turn)
{
	struct ec_name prefix = ec_name_of("missing/");
	struct ec_cursor cursor;
	struct ec_bytes value;
	struct ec_net net;
	if (!ec_name_first(turn->scratch, &prefix, &cursor, &value))
		return false;
	const uint8_t *key = cursor.name + MISSING_SLOT_AT + 8;
	uint64_t slot = ec_name_u64_at(cursor.name, cursor.name_size, MISSING_SLOT_AT);
	if (turn->now_ns < after_end_ns(slot, turn->rule.final_s))
		return false;
	if (net_get(turn, key, slot, &net) && net.covered_s == 0) {
		struct ec_name fresh = ec_name_fresh(slot, key);
		net.final = 1;
		net_put(turn, key, slot, &net);
		ec_name_mark(turn->scratch, &fresh);
	}
	ec_state_delete(turn->scratch, cursor.name, cursor.name_size);
	return true;
}

static bool parameters_check(struct ec_bytes parameters)
{
	struct ec_settlement_parameters rule;
	return ec_settlement_parameters_read(parameters, &rule);
}

/* Lines first: what is final must not overtake a reading that arrived before. */
static bool turn_run(struct turn *turn)
{
	while (turn->budget > 0) {
		if (!fresh_run(turn))
			return false;
		if (!close_run(turn) && !final_run(turn))
			return true;
		turn->budget--;
	}
	return false;
}

static bool turn(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t before_ns,
                 uint64_t now_ns)
{
	struct turn turn = {.scratch = scratch, .now_ns = now_ns};
	uint8_t bytes[EC_RECORD_SIZE_MAX], was[EC_RECORD_SIZE_MAX];
	struct ec_name name = ec_name_total("settlement");
	struct ec_bytes value;
	(void)before_ns;
	if (!ec_settlement_parameters_read(parameters, &turn.rule))
		return true;
	turn.budget = turn.rule.lines_turn_max;
	if (ec_name_get(scratch, &name, &value))
		ec_settlement_total_read(value, &turn.total);
	size_t was_size = ec_settlement_total_write(&turn.total, was);
	bool done = turn_run(&turn);
	size_t size = ec_settlement_total_write(&turn.total, bytes);
	if (size != was_size || memcmp(bytes, was, size) != 0)
		ec_state_put(scratch, name.at, name.size, bytes, size);
	return done;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t due(struct ec_scratch *scratch, struct ec_bytes parameters)
{
	struct ec_settlement_parameters rule;
	uint64_t slot, at = UINT64_MAX;
	if (!ec_settlement_parameters_read(parameters, &rule))
		return UINT64_MAX;
	if (first_slot(scratch, "fresh/", &slot))
		at = least(at, slot * SECOND_NS);
	if (first_slot(scratch, "missing/", &slot))
		at = least(at, after_end_ns(slot, rule.final_s));
	if (first_slot(scratch, "open/", &slot)) {
		struct turn turn = {.scratch = scratch};
		struct ec_slot_books books;
		books_get(&turn, slot, &books);
		bool complete = books.metered > 0 && books.metered >= meters_now(scratch);
		at = least(at, after_end_ns(slot, complete ? 0 : rule.deadline_s));
	}
	return at;
}

const struct ec_service ec_settlement = {
	.name = "settlement",
	.kind_first = 1,
	.kind_last = 0,
	.parameters_check = parameters_check,
	.turn = turn,
	.due = due,
};
