/* ledger_oracle.c - what must hold of ledgers: equal blocks, certificates, once each, receipts that
 * anyone can verify, books that add up, and in the end every envelope in its place. */
#include "sim/ledger.h"

#include "ledger/proof.h"
#include "services/names.h"
#include "services/read.h"

#include <assert.h>

struct looking {
	struct sim_world *world;
	const struct sim_host *host;
};

static uint32_t envelope_find(const struct sim_ledger_world *l, const ec_hash *id)
{
	for (uint32_t i = 0; i < l->envelopes; i++)
		if (ec_hash_equal(&l->envelope[i].id, id))
			return i;
	return UINT32_MAX;
}

static void placed(void *self, const ec_hash *id, uint64_t seq, uint32_t index, unsigned code,
                   struct ec_bytes detail)
{
	struct looking *looking = self;
	struct sim_ledger_world *l = looking->world->ledger;
	uint32_t number = envelope_find(l, id);
	(void)index;
	(void)detail;
	if (number == UINT32_MAX)
		sim_violate(looking->world, "validity",
		            "block %llu of member %u holds what nobody "
		            "signed",
		            (unsigned long long)seq, looking->host->identity);
	else if (!ec_result_turned_away(code) && ++l->envelope[number].placed > 1)
		sim_violate(looking->world, "exactly once",
		            "envelope %u stands twice, again in "
		            "block %llu",
		            number, (unsigned long long)seq);
}

static ec_hash header_hash(struct ec_ledger *ledger, uint64_t seq, struct ec_header *header)
{
	struct ec_bytes bytes;
	if (!ec_ledger_header(ledger, seq, &bytes))
		return (ec_hash){0}; /* it came with a state */
	bool read = ec_header_read(bytes, header);
	ec_hash hash = ec_header_hash(bytes);
	ec_drop(bytes);
	return read ? hash : (ec_hash){0};
}

void sim_ledger_check(struct sim_world *world, struct sim_host *host)
{
	struct sim_ledger_host *l = host->ledger;
	struct ec_ledger *ledger = ec_member_ledger(l->member);
	struct ec_ledger_at at = ec_ledger_at(ledger);
	struct ec_member_status status;
	struct ec_header header;
	while (l->checked < at.seq && !world->violated) {
		uint64_t seq = ++l->checked;
		ec_hash hash = header_hash(ledger, seq, &header);
		if (ec_hash_zero(&hash))
			continue;
		bool first =
			seq > world->decided_count || world->decided[seq - 1].host == UINT32_MAX;
		world->counts.fired[SIM_LEDGER_BLOCK] += !first;
		sim_check_position(world, host, seq, &header.state_root, &hash);
		if (first)
			ec_ledger_results(ledger, seq, placed, &(struct looking){world, host});
		world->counts.delivered++;
	}
	host->app.seq = at.seq;
	host->app.digest = at.header;
	ec_member_status(l->member, &status);
	world->counts.fired[SIM_LEDGER_FETCH] += status.fetches - l->fetches;
	l->fetches = status.fetches;
}

void sim_ledger_check_certificate(struct sim_world *world, const struct sim_host *host)
{
	struct ec_bytes header, bytes;
	struct ec_certificate certificate;
	struct ec_header read;
	char why[160] = "it is not one";
	if (!ec_ledger_certified_header(ec_member_ledger(host->ledger->member), &header, &bytes))
		return;
	ec_hash hash = ec_header_hash(header);
	bool good = ec_header_read(header, &read) && ec_certificate_read(bytes, &certificate);
	struct ec_membership *signers = sim_ledger_membership(&world->plan, good ? read.era : 1);
	good = good && ec_certificate_check(&certificate, signers, &hash, &ec_crypto_ed25519, why,
	                                    sizeof why);
	ec_membership_free(signers);
	if (!good)
		sim_violate(world, "certificates", "member %u has a bad one: %s", host->identity,
		            why);
	else if (read.seq <= world->decided_count &&
	         world->decided[read.seq - 1].host != UINT32_MAX &&
	         !ec_hash_equal(&world->decided[read.seq - 1].after, &hash))
		sim_violate(world, "certificates", "block %llu is certified and another stands",
		            (unsigned long long)read.seq);
	world->counts.fired[SIM_LEDGER_CERTIFICATE]++;
	ec_drop(header);
	ec_drop(bytes);
}

/* The newest era that a correct member stands in. */
static uint64_t era_newest(const struct sim_world *world)
{
	uint64_t era = 1;
	for (uint32_t h = 0; h < world->hosts; h++)
		if (!world->host[h]->byzantine && world->host[h]->ledger->era > era)
			era = world->host[h]->ledger->era;
	return era;
}

bool sim_ledger_serves(const struct sim_world *world, const struct sim_host *host)
{
	return !host->byzantine &&
	       sim_ledger_seated(&world->plan, era_newest(world), host->identity);
}

bool sim_ledger_agreed(const struct sim_world *world)
{
	const struct sim_ledger_world *l = world->ledger;
	uint64_t seq = 0;
	if (l->envelopes < world->plan.batches || l->told < l->envelopes)
		return false;
	for (uint32_t h = 0; h < world->hosts; h++) {
		const struct sim_host *host = world->host[h];
		if (!sim_ledger_serves(world, host))
			continue;
		if (!host->up || host->read_count || (seq && host->app.seq != seq))
			return false;
		seq = host->app.seq;
		if (ec_ledger_certified(ec_member_ledger(host->ledger->member)) != seq)
			return false;
	}
	return seq > 0;
}

void sim_ledger_not_agreed(struct sim_world *world)
{
	char text[400];
	struct ec_text words = ec_text_over(text, sizeof text);
	for (uint32_t h = 0; h < world->hosts; h++) {
		const struct sim_host *host = world->host[h];
		struct ec_member_status status = {0};
		char name[8];
		if (host->ledger->member)
			ec_member_status(host->ledger->member, &status);
		ec_text_add(&words, "; %s%s view %u block %u certified %u %s", sim_name(host, name),
		            host->byzantine ? " (Byzantine)" : "", (unsigned)status.view,
		            (unsigned)status.seq, (unsigned)status.certified, status.not_ready);
	}
	sim_violate(world, "progress", "%u of %u envelopes have a place %u s after healing%s",
	            world->ledger->told, world->ledger->envelopes,
	            (unsigned)(world->plan.calm_ns / SIM_S), text);
}

/* What a receipt shows of an envelope. */
enum shown { SHOWS_PLACE, SHOWS_REPEAT, SHOWS_WRONG };

/* Whoever got its state from others may know of a repeat only that it was turned away.  What was
 * turned away and stands in the order once more, side by side, is found where it was last, turned
 * away again: that is as good an answer. */
static enum shown report_judge(const struct sim_envelope *it, const struct ec_proof_report *report)
{
	if (!ec_hash_equal(&report->envelope.id, &it->id))
		return SHOWS_WRONG;
	bool same = report->block.seq == it->seq && report->index == it->index &&
	            report->result_code == it->code;
	if (same)
		return SHOWS_PLACE;
	if (ec_result_turned_away(report->result_code))
		return ec_result_turned_away(it->code) && it->code != EC_RESULT_USED ? SHOWS_PLACE
		                                                                     : SHOWS_REPEAT;
	if (it->code == EC_RESULT_USED)
		return report->block.seq < it->seq ? SHOWS_PLACE : SHOWS_WRONG;
	return ec_result_turned_away(it->code) ? SHOWS_PLACE : SHOWS_WRONG;
}

/* A receipt convinces whoever has the genesis, and says what the client was told.  Returns: whether
 * it shows the envelope's place. */
static bool receipt_judge(struct sim_world *world, const struct sim_host *host, uint32_t number,
                          struct ec_bytes proof)
{
	const struct sim_envelope *it = &world->ledger->envelope[number];
	struct ec_proof_report report;
	enum shown shown = SHOWS_WRONG;
	ec_proof_judge(world->ledger->group.genesis, NULL, &ec_crypto_ed25519, proof, &report);
	world->counts.fired[SIM_LEDGER_RECEIPT]++;
	if (!ec_proof_certified(&report))
		sim_violate(world, "receipts", "that of envelope %u by member %u: %s", number,
		            host->identity, report.why);
	else if ((shown = report_judge(it, &report)) == SHOWS_WRONG)
		sim_violate(world, "receipts",
		            "envelope %u: member %u proves block %llu, index %u, result %u; told "
		            "were block %llu, index %u, result %u",
		            number, host->identity, (unsigned long long)report.block.seq,
		            (unsigned)report.index, report.result_code, (unsigned long long)it->seq,
		            it->index, it->code);
	ec_proof_report_end(&report);
	return shown == SHOWS_PLACE;
}

/* Leaves bytes in the folder that was asked for: others may judge them, too. */
static void leave(struct sim_world *world, const char *name, const void *data, size_t size)
{
	char path[512];
	if (!world->plan.proofs)
		return;
	snprintf(path, sizeof path, "%s/%llu-%s", world->plan.proofs,
	         (unsigned long long)world->plan.seed, name);
	FILE *file = fopen(path, "wb");
	bool written = file && fwrite(data, 1, size, file) == size;
	written &= file && fclose(file) == 0;
	if (!written)
		sim_violate(world, "proofs", "%s cannot be written", path);
}

static void proof_leave(struct sim_world *world, uint32_t number, struct ec_bytes proof)
{
	char name[32];
	snprintf(name, sizeof name, "%u.proof", number);
	leave(world, name, proof.data, proof.size);
}

/* Every envelope is where its client was told, and somebody can prove it. */
static void envelope_judge(struct sim_world *world, uint32_t number)
{
	const struct sim_envelope *it = &world->ledger->envelope[number];
	uint32_t shown = 0;
	for (uint32_t h = 0; h < world->hosts && !world->violated; h++) {
		const struct sim_host *host = world->host[h];
		struct ec_bytes proof;
		if (host->byzantine)
			continue;
		struct ec_ledger *ledger = ec_member_ledger(host->ledger->member);
		if (ec_ledger_receipt(ledger, &it->id, &proof) != EC_FOUND)
			continue; /* a state was brought past it */
		bool place = receipt_judge(world, host, number, proof);
		if (place && !shown)
			proof_leave(world, number, proof);
		shown += place;
		ec_drop(proof);
	}
	if (!shown)
		sim_violate(world, "exactly once",
		            "no member can prove envelope %u, told to be in block %llu", number,
		            (unsigned long long)it->seq);
}

static uint64_t trades(struct ec_ledger *ledger)
{
	struct ec_name name = ec_name_total("market");
	struct ec_market_total total = {0};
	struct ec_bytes value;
	return ec_ledger_get(ledger, name.at, name.size, &value) &&
	                       ec_market_total_read(value, &total)
	               ? total.trades
	               : 0;
}

static void books_judge(struct sim_world *world, struct sim_host *host)
{
	struct ec_ledger *ledger = ec_member_ledger(host->ledger->member);
	char why[200] = "";
	if (!ec_ledger_persist(ledger, ec_ledger_at(ledger).seq, why, sizeof why))
		sim_violate(world, "books", "of member %u: %s", host->identity, why);
	world->counts.fired[SIM_LEDGER_MONEY] += trades(ledger) > 0;
}

void sim_ledger_check_end(struct sim_world *world)
{
	leave(world, "genesis", world->ledger->group.file, world->ledger->group.file_size);
	for (uint32_t i = 0; i < world->ledger->envelopes && !world->violated; i++)
		envelope_judge(world, i);
	for (uint32_t h = 0; h < world->hosts && !world->violated; h++)
		if (!world->host[h]->byzantine)
			books_judge(world, world->host[h]);
	for (uint32_t h = 0; h < world->hosts; h++)
		if (world->host[h]->up)
			sim_ledger_stop(world->host[h]);
	if (!world->violated)
		sim_check_references(world);
}
