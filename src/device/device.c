/* device.c - an end device: from registers and wishes to envelopes, and from proofs to silence.
 *
 * (D1) An envelope is on disk before ec_schedule_add() knows it.
 * (D2) Readings are chained: each names the id of the one made before it, over restarts, too.
 * (D3) An entry leaves the outbox only by a valid receipt or, an order, by its expiry.
 * (D4) A reading that a rule refused is in the outbox as a new envelope before the old one leaves
 *      it, REFUSALS_MAX times. */
#include "device/device.h"

#include "base/senml.h"
#include "ledger/result.h"

#include <assert.h>

enum {
	PAYLOAD_MAX = EC_SENML_SIZE_MAX + 16,
	EXPIRY_MARGIN_S = 60,
	REFUSALS_MAX = 5, /* waits of 1, 2, 4, 8, 16 s */
};
#define AGAIN_FIRST_NS UINT64_C(1000000000)
_Static_assert(PAYLOAD_MAX + 400 <= EC_OUTBOX_ENVELOPE_MAX, "an envelope fits the outbox");
_Static_assert((int)EC_SCHEDULE_MAX == (int)EC_OUTBOX_ENTRIES_MAX, "one index for both");

/* What is signed for one payload. */
struct draft {
	uint64_t lane, slot_s, expiry_ns;
	uint8_t payload[PAYLOAD_MAX];
	size_t size;
};

void ec_device_start(struct ec_device *device, const struct ec_device_config *config,
                     uint64_t now_ns)
{
	*device = (struct ec_device){.config = *config};
	ec_schedule_init(&device->schedule, &config->plan);
	for (uint32_t i = 0; i < EC_OUTBOX_ENTRIES_MAX; i++) {
		const struct ec_outbox_entry *entry = &config->outbox->entry[i];
		if (entry->used)
			ec_schedule_add(&device->schedule, i, entry->lane, entry->sequence, now_ns);
	}
}

/* Signs a draft, keeps it, and has it sent.  refusals: how often its reading was refused. */
static enum ec_outbox_result keep(struct ec_device *device, const struct draft *draft,
                                  unsigned refusals, uint64_t at_ns)
{
	const struct ec_device_config *config = &device->config;
	uint8_t envelope[EC_OUTBOX_ENVELOPE_MAX];
	uint32_t index;
	struct ec_outbox_entry entry = {.lane = draft->lane,
	                                .sequence = config->outbox->last_sequence[draft->lane] + 1,
	                                .slot_s = draft->slot_s,
	                                .expiry_ns = draft->expiry_ns};
	bool bare = config->genesis->flags & EC_GENESIS_UNSIGNED;
	struct ec_envelope_plan plan = {.author = config->secret,
	                                .crypto = bare ? NULL : config->crypto,
	                                .genesis = config->genesis->hash,
	                                .lane = draft->lane,
	                                .sequence = entry.sequence,
	                                .expiry_ns = draft->expiry_ns,
	                                .payload = draft->payload,
	                                .payload_size = draft->size};
	size_t size = ec_envelope_make(&plan, envelope, sizeof envelope, &entry.id, entry.salt);
	assert(size > 0);
	enum ec_outbox_result result = ec_outbox_add(
		config->outbox, &entry, (struct ec_bytes){.data = envelope, .size = size}, &index);
	if (result != EC_OUTBOX_DONE)
		return result;
	device->refusals[index] = (uint8_t)refusals;
	ec_schedule_add(&device->schedule, index, entry.lane, entry.sequence, at_ns);
	return result;
}

static void gap_note(struct ec_device *device, uint64_t first_s, uint64_t last_s)
{
	struct ec_device_gap *last = device->gaps ? &device->gap[device->gaps - 1] : NULL;
	if (last && last->last_s + EC_DEVICE_SLOT_S >= first_s) {
		last->last_s = last_s; /* the same gap goes on */
		return;
	}
	if (device->gaps == EC_DEVICE_GAPS_MAX) {
		memmove(device->gap, device->gap + 1,
		        (EC_DEVICE_GAPS_MAX - 1) * sizeof device->gap[0]);
		device->gaps--;
	}
	device->gap[device->gaps++] = (struct ec_device_gap){first_s, last_s};
}

static enum ec_device_result result_of(enum ec_outbox_result result)
{
	switch (result) {
	case EC_OUTBOX_DONE:
		return EC_DEVICE_DONE;
	case EC_OUTBOX_FULL:
		return EC_DEVICE_FULL;
	default:
		return EC_DEVICE_BROKEN;
	}
}

enum ec_device_result ec_device_reading(struct ec_device *device,
                                        const struct ec_device_meter *meter, uint64_t now_ns)
{
	const struct ec_outbox *outbox = device->config.outbox;
	uint64_t slot_s = meter->time_s - EC_DEVICE_SLOT_S, last_s = outbox->last_slot_s;
	struct ec_reading reading = {.time_s = meter->time_s,
	                             .import_wh = meter->import_wh,
	                             .export_wh = meter->export_wh,
	                             .uncertain = meter->uncertain,
	                             .chained = !ec_hash_zero(&outbox->last_reading),
	                             .previous = outbox->last_reading};
	assert(meter->time_s % EC_DEVICE_SLOT_S == 0);
	if (reading.chained && slot_s <= last_s)
		return EC_DEVICE_KNOWN;
	memcpy(reading.name, device->config.name, sizeof reading.name);
	struct draft draft = {.lane = EC_LANE_READINGS, .slot_s = slot_s};
	struct ec_cbor_writer writer = ec_cbor_writer_over(draft.payload, sizeof draft.payload);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_uint(&writer, 1);
	ec_senml_write(&writer, &reading);
	bool fitted = ec_cbor_writer_ok(&writer);
	assert(fitted);
	draft.size = writer.out.size;
	enum ec_outbox_result result = keep(device, &draft, 0, now_ns);
	uint64_t first_s = reading.chained ? last_s + EC_DEVICE_SLOT_S : slot_s;
	if (result == EC_OUTBOX_FULL)
		gap_note(device, first_s, slot_s);
	else if (result == EC_OUTBOX_DONE && first_s < slot_s)
		gap_note(device, first_s, slot_s - EC_DEVICE_SLOT_S);
	device->readings += result == EC_OUTBOX_DONE;
	return result_of(result);
}

enum ec_device_result ec_device_order(struct ec_device *device, const struct ec_device_order *order,
                                      uint64_t now_ns)
{
	struct draft draft = {
		.lane = EC_LANE_ORDERS, .slot_s = order->slot_s, .expiry_ns = order->expiry_ns};
	struct ec_cbor_writer writer = ec_cbor_writer_over(draft.payload, sizeof draft.payload);
	ec_cbor_write_array(&writer, 5);
	ec_cbor_write_uint(&writer, 2);
	ec_cbor_write_uint(&writer, order->slot_s);
	ec_cbor_write_uint(&writer, order->offer);
	ec_cbor_write_uint(&writer, order->energy_wh);
	ec_cbor_write_int(&writer, order->price_ueur_kwh);
	bool fitted = ec_cbor_writer_ok(&writer);
	assert(fitted);
	draft.size = writer.out.size;
	enum ec_outbox_result result = keep(device, &draft, 0, now_ns);
	device->orders += result == EC_OUTBOX_DONE;
	return result_of(result);
}

static void forget(struct ec_device *device, uint32_t index)
{
	ec_schedule_remove(&device->schedule, index);
	ec_outbox_remove(device->config.outbox, index);
}

void ec_device_expire(struct ec_device *device, uint64_t community_ns,
                      void (*each)(void *self, const struct ec_outbox_entry *entry), void *self)
{
	const uint64_t margin_ns = (uint64_t)EXPIRY_MARGIN_S * 1000000000;
	for (uint32_t i = 0; i < EC_OUTBOX_ENTRIES_MAX; i++) {
		const struct ec_outbox_entry *entry = &device->config.outbox->entry[i];
		enum ec_send_state state = device->schedule.send[i].state;
		if (!entry->used || !entry->expiry_ns || state >= EC_SEND_ORDERED ||
		    entry->expiry_ns + margin_ns > community_ns)
			continue;
		device->expired++;
		each(self, entry);
		forget(device, i);
	}
}

/* Whether the same reading may be taken later: the group's clock was behind, its tables full, the
 * key not enrolled yet.  USED is what the second copy of an envelope gets: the first was taken. */
static bool may_pass_later(unsigned result_code)
{
	return result_code != EC_RESULT_MALFORMED && result_code != EC_RESULT_UNKNOWN &&
	       result_code != EC_RESULT_USED;
}

/* Signs a refused reading once more.  Returns: false when that was done often enough, or cannot. */
static bool sign_again(struct ec_device *device, uint32_t index, struct ec_bytes payload,
                       uint64_t now_ns)
{
	const struct ec_outbox_entry *entry = &device->config.outbox->entry[index];
	unsigned refusals = device->refusals[index];
	struct draft draft = {.lane = entry->lane, .slot_s = entry->slot_s};
	if (entry->lane != EC_LANE_READINGS || refusals == REFUSALS_MAX)
		return false;
	assert(payload.size <= sizeof draft.payload); /* the device made it */
	memcpy(draft.payload, payload.data, payload.size);
	draft.size = payload.size;
	uint64_t at_ns = now_ns + (AGAIN_FIRST_NS << refusals);
	return keep(device, &draft, refusals + 1, at_ns) == EC_OUTBOX_DONE;
}

/* A reading that is given up, of a slot that had not ended when it was refused: our clock was
 * ahead. The slot that had just ended then is still to be read. */
static void clock_ahead(struct ec_device *device, const struct ec_outbox_entry *entry,
                        uint64_t refused_ns)
{
	struct ec_outbox *outbox = device->config.outbox;
	uint64_t slots = refused_ns / 1000000000 / EC_DEVICE_SLOT_S;
	uint64_t before_s = slots > 2 ? (slots - 2) * EC_DEVICE_SLOT_S : 0;
	if (entry->lane == EC_LANE_READINGS && entry->slot_s > before_s + EC_DEVICE_SLOT_S &&
	    outbox->last_slot_s > before_s)
		ec_outbox_rewind(outbox, before_s);
}

/* A valid receipt.  Out: why, when it says that the envelope was refused. */
static void proven(struct ec_device *device, uint32_t index, const struct ec_proof_report *report,
                   uint64_t now_ns, struct ec_text *why)
{
	const struct ec_outbox_entry *entry = &device->config.outbox->entry[index];
	device->proven += report->result_code == EC_RESULT_DONE;
	if (report->result_code != EC_RESULT_DONE) {
		bool again = may_pass_later(report->result_code) &&
		             sign_again(device, index, report->envelope.payload, now_ns);
		device->signed_again += again;
		device->rejected += !again;
		if (!again && report->result_code == EC_RESULT_RULE)
			clock_ahead(device, entry, report->time_ns);
		ec_text_add(why, "the %s of slot %llu was refused%s: %s: ",
		            entry->lane == EC_LANE_READINGS ? "reading" : "order",
		            (unsigned long long)entry->slot_s, again ? " and is signed again" : "",
		            ec_result_name(report->result_code));
		ec_cbor_diagnose(report->result_detail.data, report->result_detail.size, why);
	}
	forget(device, index);
}

bool ec_device_proof(struct ec_device *device, uint32_t index, struct ec_bytes proof,
                     uint64_t now_ns, char *why, size_t why_size)
{
	const struct ec_outbox_entry *entry = &device->config.outbox->entry[index];
	struct ec_proof_report report;
	struct ec_text text = ec_text_over(why, why_size);
	assert(index < EC_OUTBOX_ENTRIES_MAX);
	if (!entry->used)
		return false;
	if (proof.size == 0) {
		ec_text_add(&text, "there is no receipt yet");
		ec_schedule_unproven(&device->schedule, index, false, now_ns);
		return false;
	}
	ec_proof_judge(device->config.genesis, NULL, device->config.crypto, proof, &report);
	bool own = report.claim == 0 && ec_hash_equal(&report.envelope.id, &entry->id);
	bool good = ec_proof_certified(&report) && own;
	if (good) {
		proven(device, index, &report, now_ns, &text);
	} else {
		ec_text_add(&text, "%s",
		            !ec_proof_certified(&report) ? report.why
		                                         : "it is of another envelope");
		ec_schedule_unproven(&device->schedule, index, true, now_ns);
	}
	ec_proof_report_end(&report);
	return good;
}
