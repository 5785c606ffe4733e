/* metering.c - registers of meters, slot by slot: what arrived, what is missing, what it means.
 *
 * A reading states two cumulative registers at the end of a slot.  The energy of an interval is the
 * difference to the meter's reading before it, `span` slots earlier; a late reading for a missing
 * slot splits such an interval in two.
 * (M1) Registers never decrease from a reading to the next, unless the meter was replaced between.
 * (M2) The intervals of a meter add up to newest minus first register, whatever was late.
 * (M3) Every slot from a meter's first to its newest has a reading or stands in a gap run (until
 *      runs are dropped by number); the slots at both sides of a run have readings.
 * (M4) Every reading placed, and every one whose interval changed by it, is marked fresh. */
#include "services/services.h"

#include "base/senml.h"
#include "services/names.h"
#include "services/parameters.h"
#include "services/read.h"

#include <assert.h>

enum { SPAN_ENERGY_MAX = 672, PRUNE_MAX = 4 };
static const char NEIGHBOUR_GONE[] = "the readings beside this one are no longer kept";

/* One reading on its way in. */
struct entry {
	struct ec_scratch *scratch;
	struct ec_metering_parameters rule;
	const struct ec_transaction *transaction;
	struct ec_reading reading;
	struct ec_meter_head head;
	uint64_t slot;              /* that the reading ends */
	uint64_t before_s, after_s; /* neighbours with readings; 0: none */
	struct ec_meter_reading before, at, after;
};

static bool reading_get(const struct entry *entry, uint64_t slot, struct ec_meter_reading *out)
{
	struct ec_name name = ec_name_reading(entry->transaction->author, slot);
	struct ec_bytes value;
	return ec_name_get(entry->scratch, &name, &value) && ec_meter_reading_read(value, out);
}

static void reading_put(const struct entry *entry, uint64_t slot, const struct ec_meter_reading *it)
{
	uint8_t bytes[EC_RECORD_SIZE_MAX];
	struct ec_name name = ec_name_reading(entry->transaction->author, slot);
	struct ec_name fresh = ec_name_fresh(slot, entry->transaction->author);
	ec_state_put(entry->scratch, name.at, name.size, bytes, ec_meter_reading_write(it, bytes));
	ec_name_mark(entry->scratch, &fresh);
}

static bool head_get(struct entry *entry)
{
	struct ec_name name = ec_name_meter(entry->transaction->author);
	struct ec_bytes value;
	return ec_name_get(entry->scratch, &name, &value) &&
	       ec_meter_head_read(value, &entry->head);
}

static void head_put(const struct entry *entry)
{
	uint8_t bytes[EC_RECORD_SIZE_MAX];
	struct ec_name name = ec_name_meter(entry->transaction->author);
	size_t size = ec_meter_head_write(&entry->head, bytes);
	ec_state_put(entry->scratch, name.at, name.size, bytes, size);
}

static void gap_put(const struct entry *entry, struct ec_gap gap)
{
	assert(gap.first_s <= gap.last_s);
	uint8_t bytes[EC_RECORD_SIZE_MAX];
	struct ec_name name = ec_name_gap(entry->transaction->author, gap.first_s);
	ec_state_put(entry->scratch, name.at, name.size, bytes, ec_gap_write(&gap, bytes));
}

/* The run of missing slots that `slot` lies in; at most gaps_max steps. */
static bool gap_find(const struct entry *entry, uint64_t slot, struct ec_gap *out)
{
	struct ec_name prefix = ec_name_of("gap/");
	struct ec_cursor cursor;
	struct ec_bytes value;
	ec_name_add(&prefix, entry->transaction->author, 32);
	ec_cursor_start(&cursor, prefix.at, prefix.size);
	while (ec_cursor_next(entry->scratch, &cursor, &value)) {
		if (!ec_gap_read(value, out) || out->first_s > slot)
			return false;
		if (slot <= out->last_s)
			return true;
	}
	return false;
}

static void gap_drop_oldest(struct entry *entry)
{
	struct ec_name prefix = ec_name_of("gap/");
	struct ec_cursor cursor;
	struct ec_bytes value;
	ec_name_add(&prefix, entry->transaction->author, 32);
	if (!ec_name_first(entry->scratch, &prefix, &cursor, &value))
		return;
	ec_state_delete(entry->scratch, cursor.name, cursor.name_size);
	entry->head.gaps--;
}

static void gap_open(struct entry *entry, uint64_t first, uint64_t last)
{
	gap_put(entry, (struct ec_gap){first, last});
	if (++entry->head.gaps > (uint64_t)entry->rule.gaps_max)
		gap_drop_oldest(entry);
}

/* Takes one slot out of its run, which may leave two. */
static void gap_fill(struct entry *entry, struct ec_gap gap)
{
	struct ec_name name = ec_name_gap(entry->transaction->author, gap.first_s);
	ec_name_delete(entry->scratch, &name);
	entry->head.gaps--;
	if (gap.first_s < entry->slot)
		gap_open(entry, gap.first_s, entry->slot - EC_SLOT_S);
	if (entry->slot < gap.last_s)
		gap_open(entry, entry->slot + EC_SLOT_S, gap.last_s);
}

/* The totals, changed by one reading. */
static void total_add(const struct entry *entry, struct ec_metering_total change)
{
	uint8_t bytes[EC_RECORD_SIZE_MAX];
	struct ec_name name = ec_name_total("metering");
	struct ec_metering_total total = {0};
	struct ec_bytes value;
	if (ec_name_get(entry->scratch, &name, &value))
		ec_metering_total_read(value, &total);
	total.readings += change.readings;
	total.late += change.late;
	total.corrections += change.corrections;
	total.meters += change.meters;
	total.missing_slots += change.missing_slots;
	ec_state_put(entry->scratch, name.at, name.size, bytes,
	             ec_metering_total_write(&total, bytes));
}

static uint64_t meters_now(const struct entry *entry)
{
	struct ec_name name = ec_name_total("metering");
	struct ec_metering_total total = {0};
	struct ec_bytes value;
	if (ec_name_get(entry->scratch, &name, &value))
		ec_metering_total_read(value, &total);
	return total.meters;
}

/* The rule of time that a reading breaks; NULL: none. */
static const char *time_refusal(const struct entry *entry)
{
	uint64_t now_s = entry->transaction->time_ns / 1000000000;
	uint64_t time_s = entry->reading.time_s;
	if (time_s % EC_SLOT_S != 0)
		return "a reading is dated at the end of a quarter-hour: a multiple of 900 s";
	if (time_s > now_s + (uint64_t)entry->rule.ahead_s)
		return "the reading is dated too far ahead of community time: check the clock";
	if (time_s + (uint64_t)entry->rule.late_s < now_s)
		return "the reading comes later than this group takes readings";
	return NULL;
}

/* Sets out interval and span of `it` by the reading `before` it. */
static void interval_set(struct ec_meter_reading *it, uint64_t slot,
                         const struct ec_meter_reading *before, uint64_t before_s)
{
	assert(before_s < slot);
	assert(before->import_wh <= it->import_wh && before->export_wh <= it->export_wh);
	it->interval_import_wh = it->import_wh - before->import_wh;
	it->interval_export_wh = it->export_wh - before->export_wh;
	it->span = (slot - before_s) / EC_SLOT_S;
}

/* Whether registers go on from one reading to a later one, and by a credible amount. */
static const char *step_refusal(const struct entry *entry, const struct ec_meter_reading *from,
                                uint64_t from_s, const struct ec_meter_reading *to, uint64_t to_s)
{
	uint64_t span = (to_s - from_s) / EC_SLOT_S;
	uint64_t slots = span < SPAN_ENERGY_MAX ? span : SPAN_ENERGY_MAX;
	uint64_t energy_max = slots * (uint64_t)entry->rule.interval_wh_max;
	if (to->import_wh < from->import_wh)
		return "the import register would decrease: a replaced meter sends a correction";
	if (to->export_wh < from->export_wh)
		return "the export register would decrease: a replaced meter sends a correction";
	if (to->import_wh - from->import_wh > energy_max ||
	    to->export_wh - from->export_wh > energy_max)
		return "more energy than this connection can carry in the time";
	return NULL;
}

/* Finds the readings at both sides of the slot: `before_s` names the earlier one (0: none).
 * Returns: false when one of them is no longer kept. */
static bool neighbours_find(struct entry *entry, uint64_t before_s)
{
	struct ec_gap gap;
	entry->before_s = before_s;
	if (before_s && !reading_get(entry, before_s, &entry->before))
		return false;
	if (entry->slot >= entry->head.last_s)
		return true;
	entry->after_s = entry->slot + EC_SLOT_S;
	if (gap_find(entry, entry->after_s, &gap))
		entry->after_s = gap.last_s + EC_SLOT_S;
	return reading_get(entry, entry->after_s, &entry->after);
}

/* Puts the reading between its neighbours.  Returns: the rule that it breaks; NULL: none. */
static const char *place(struct entry *entry)
{
	struct ec_meter_reading *at = &entry->at, *after = &entry->after;
	bool begins = at->flags & EC_READING_REPLACED;
	bool goes_on = entry->after_s && after->span > 0; /* not a replacement */
	const char *why = NULL;
	if (entry->before_s && !begins) {
		why = step_refusal(entry, &entry->before, entry->before_s, at, entry->slot);
		if (why)
			return why;
		interval_set(at, entry->slot, &entry->before, entry->before_s);
	}
	if (goes_on) {
		why = step_refusal(entry, at, entry->slot, after, entry->after_s);
		if (why)
			return why;
		interval_set(after, entry->after_s, at, entry->slot);
		reading_put(entry, entry->after_s, after);
	}
	reading_put(entry, entry->slot, at);
	return NULL;
}

/* Drops readings that are older than the group keeps them; a few at a time. */
static void prune(struct entry *entry)
{
	uint64_t keep_s = (uint64_t)entry->rule.keep_slots * EC_SLOT_S;
	for (int i = 0; i < PRUNE_MAX && entry->head.oldest_s + keep_s < entry->slot; i++) {
		struct ec_name name =
			ec_name_reading(entry->transaction->author, entry->head.oldest_s);
		ec_name_delete(entry->scratch, &name);
		entry->head.oldest_s += EC_SLOT_S;
	}
}

static enum ec_result refuse(const struct entry *entry, const char *why)
{
	ec_result_reason(entry->scratch, why);
	return EC_RESULT_RULE;
}

static enum ec_result first_received(struct entry *entry)
{
	if (meters_now(entry) >= (uint64_t)entry->rule.meters_max)
		return EC_RESULT_FULL;
	if (entry->reading.correction == EC_CORRECTION_VALUE)
		return refuse(entry, "there is no reading of this slot to correct");
	entry->head = (struct ec_meter_head){entry->slot, entry->slot, entry->slot, 0};
	reading_put(entry, entry->slot, &entry->at);
	head_put(entry);
	total_add(entry, (struct ec_metering_total){.readings = 1, .meters = 1});
	return EC_RESULT_DONE;
}

static enum ec_result next_received(struct entry *entry)
{
	uint64_t last = entry->head.last_s, missing = (entry->slot - last) / EC_SLOT_S - 1;
	if (entry->reading.correction == EC_CORRECTION_VALUE)
		return refuse(entry, "there is no reading of this slot to correct");
	if (!neighbours_find(entry, last))
		return refuse(entry, NEIGHBOUR_GONE);
	const char *why = place(entry);
	if (why)
		return refuse(entry, why);
	if (missing)
		gap_open(entry, last + EC_SLOT_S, entry->slot - EC_SLOT_S);
	entry->head.last_s = entry->slot;
	prune(entry);
	head_put(entry);
	bool replaced = entry->reading.correction == EC_CORRECTION_REPLACED;
	total_add(entry, (struct ec_metering_total){
				 .readings = 1, .corrections = replaced, .missing_slots = missing});
	return EC_RESULT_DONE;
}

static enum ec_result late_received(struct entry *entry, struct ec_gap gap)
{
	if (entry->reading.correction != EC_CORRECTION_NONE)
		return refuse(entry, "there is no reading of this slot to correct");
	if (!neighbours_find(entry, gap.first_s - EC_SLOT_S))
		return refuse(entry, NEIGHBOUR_GONE);
	const char *why = place(entry);
	if (why)
		return refuse(entry, why);
	gap_fill(entry, gap);
	head_put(entry);
	total_add(entry, (struct ec_metering_total){
				 .readings = 1, .late = 1, .missing_slots = (uint64_t)-1});
	return EC_RESULT_DONE;
}

static enum ec_result correction_received(struct entry *entry, const struct ec_meter_reading *old)
{
	if (entry->reading.correction != EC_CORRECTION_VALUE)
		return refuse(entry, "this slot has a reading already; send a correction");
	entry->at.flags |= EC_READING_CORRECTED | (old->flags & EC_READING_REPLACED);
	if (!neighbours_find(entry, old->span ? entry->slot - old->span * EC_SLOT_S : 0))
		return refuse(entry, NEIGHBOUR_GONE);
	const char *why = place(entry);
	if (why)
		return refuse(entry, why);
	total_add(entry, (struct ec_metering_total){.readings = 1, .corrections = 1});
	return EC_RESULT_DONE;
}

static enum ec_result reading_received(struct entry *entry)
{
	struct ec_meter_reading old;
	struct ec_gap gap;
	const char *why = time_refusal(entry);
	if (why)
		return refuse(entry, why);
	if (!head_get(entry))
		return first_received(entry);
	if (entry->slot > entry->head.last_s)
		return next_received(entry);
	if (reading_get(entry, entry->slot, &old))
		return correction_received(entry, &old);
	if (gap_find(entry, entry->slot, &gap))
		return late_received(entry, gap);
	return refuse(entry,
	              "the reading is older than this meter's first, or than its listed gaps");
}

static bool check(uint64_t kind, struct ec_cbor body, uint64_t items)
{
	struct ec_reading reading;
	(void)kind;
	return items == 1 && ec_senml_read(&body, &reading) && ec_cbor_done(&body);
}

static bool parameters_check(struct ec_bytes parameters)
{
	struct ec_metering_parameters rule;
	return ec_metering_parameters_read(parameters, &rule);
}

static enum ec_result execute(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t kind,
                              const struct ec_transaction *transaction)
{
	struct entry entry = {.scratch = scratch, .transaction = transaction};
	struct ec_cbor body = transaction->body;
	(void)kind;
	if (!ec_metering_parameters_read(parameters, &entry.rule) ||
	    !ec_senml_read(&body, &entry.reading))
		return EC_RESULT_MALFORMED;
	if (!(transaction->author_roles & EC_ROLE_METER))
		return EC_RESULT_FORBIDDEN;
	entry.slot = entry.reading.time_s - EC_SLOT_S;
	entry.at = (struct ec_meter_reading){
		.import_wh = entry.reading.import_wh,
		.export_wh = entry.reading.export_wh,
		.id = transaction->id,
		.previous = entry.reading.previous,
	};
	if (entry.reading.uncertain)
		entry.at.flags |= EC_READING_UNCERTAIN;
	if (entry.reading.correction == EC_CORRECTION_REPLACED)
		entry.at.flags |= EC_READING_REPLACED;
	return reading_received(&entry);
}

const struct ec_service ec_metering = {
	.name = "metering",
	.kind_first = 1,
	.kind_last = 1,
	.check = check,
	.parameters_check = parameters_check,
	.execute = execute,
};
