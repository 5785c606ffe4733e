/* ledger_client.c - clients of a world of ledgers: readings, orders and notes, said until told. */
#include "sim/ledger.h"

#include "base/senml.h"
#include "services/parameters.h"

#include <assert.h>

enum { RATE = 900, SLOT_S = 900, PAYLOAD_MAX = EC_SENML_SIZE_MAX + 16, VOTE_MAX = 8192 };
enum { KIND_READING = 1, KIND_ORDER = 2 };

_Static_assert((int)WORLD_AUTHORS_MAX >= (int)SIM_AUTHORS, "authors have keys");
_Static_assert((int)WORLD_MEMBERS_MAX >= (int)SIM_MEMBERS_MAX, "members have keys");

struct world sim_ledger_group(const struct sim_plan *plan)
{
	uint8_t bytes[3][EC_PARAMETERS_SIZE_MAX];
	struct ec_metering_parameters metering = ec_metering_parameters_usual();
	struct ec_market_parameters market = ec_market_parameters_usual();
	struct ec_settlement_parameters settlement = ec_settlement_parameters_usual();
	assert(SIM_DAY_ZERO == WORLD_START_NS);
	const struct ec_service_entry entry[3] = {
		{"metering", {bytes[0], ec_metering_parameters_write(&metering, bytes[0]), NULL}},
		{"market", {bytes[1], ec_market_parameters_write(&market, bytes[1]), NULL}},
		{"settlement",
	         {bytes[2], ec_settlement_parameters_write(&settlement, bytes[2]), NULL}}};
	struct world group = world_make(
		&(struct world_plan){.members = plan->members - plan->moves,
	                             .protocol = plan->protocol->name,
	                             .authors = SIM_AUTHORS,
	                             .flags = plan->seed % 2 ? EC_GENESIS_ROOTS_APART : 0u,
	                             .time_rate = RATE,
	                             .blocks_kept = 1 << 20,
	                             .service = entry,
	                             .services = 3});
	for (uint32_t i = group.members; i < plan->members; i++) {
		group.identity[i] = world_secret('i', i);
		group.era[i] = sim_ledger_key(plan, 1, i);
	}
	return group;
}

/* Where members come and go, the third era keeps the keys of the second: who was away for both
 * changes votes again. */
struct ec_secret sim_ledger_key(const struct sim_plan *plan, uint64_t era, uint32_t identity)
{
	uint32_t set = plan->moves && era > 2 ? 2 : (uint32_t)era;
	return world_secret('e', set * 100 + identity);
}

bool sim_ledger_seated(const struct sim_plan *plan, uint64_t era, uint32_t identity)
{
	uint64_t set = era <= SIM_LEDGER_ERAS_MAX ? plan->era_members[era - 1] : 0;
	return identity < plan->members && (!set || (set >> identity & 1));
}

struct ec_membership *sim_ledger_membership(const struct sim_plan *plan, uint64_t era)
{
	struct ec_membership *membership = world_membership(plan->members, era);
	uint32_t n = 0;
	snprintf(membership->protocol, sizeof membership->protocol, "%s", plan->protocol->name);
	for (uint32_t i = 0; i < plan->members; i++) {
		if (!sim_ledger_seated(plan, era, i))
			continue;
		struct ec_secret key = sim_ledger_key(plan, era, i);
		membership->seat[n] = membership->seat[i];
		memcpy(membership->seat[n++].era_key, key.key, sizeof key.key);
	}
	membership->n = n;
	return membership;
}

uint32_t sim_ledger_submitted(const struct sim_world *world)
{
	return world->ledger->envelopes;
}

/* The quarter-hour that begins next, in community time. */
static uint64_t slot_next(const struct sim_world *world)
{
	uint64_t now_s = SIM_DAY_ZERO / SIM_S + world->now / (SIM_S / RATE);
	return (now_s / SLOT_S + 1) * SLOT_S;
}

static size_t reading_write(struct sim_world *world, uint32_t author, uint8_t out[PAYLOAD_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, PAYLOAD_MAX);
	uint64_t *register_wh = &world->ledger->register_wh[author];
	*register_wh += ec_prng_below(&world->prng, 500);
	struct ec_reading reading = {.name = "home/",
	                             .time_s = slot_next(world),
	                             .import_wh = author & 1 ? 0 : *register_wh,
	                             .export_wh = author & 1 ? *register_wh : 0};
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_uint(&writer, KIND_READING);
	ec_senml_write(&writer, &reading);
	assert(ec_cbor_writer_ok(&writer));
	return writer.out.size;
}

static size_t order_write(struct sim_world *world, uint32_t author, uint8_t out[PAYLOAD_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, PAYLOAD_MAX);
	ec_cbor_write_array(&writer, 5);
	ec_cbor_write_uint(&writer, KIND_ORDER);
	ec_cbor_write_uint(&writer,
	                   slot_next(world) + SLOT_S * (1 + ec_prng_below(&world->prng, 3)));
	ec_cbor_write_uint(&writer, author & 1);
	ec_cbor_write_uint(&writer, 100 + ec_prng_below(&world->prng, 400));
	ec_cbor_write_int(&writer, 100000 + (int64_t)ec_prng_below(&world->prng, 200000));
	assert(ec_cbor_writer_ok(&writer));
	return writer.out.size;
}

/* Envelope `number` may be a vote: the members vote for each further era in a row, the eras spread
 * over the run.  Returns: that era, or 0.  Out: voter. */
static uint64_t vote_due(const struct sim_plan *plan, uint32_t number, uint32_t *voter)
{
	for (uint64_t era = 2; era <= plan->ledger_eras; era++) {
		uint32_t first = (uint32_t)(era - 1) * plan->batches / (plan->ledger_eras + 1);
		for (*voter = 0; number >= first && *voter < plan->members; (*voter)++)
			if (sim_ledger_seated(plan, era - 1, *voter) && first++ == number)
				return era;
	}
	return 0;
}

static void envelope_keep(struct sim_world *world, struct ec_batch_item *item, const ec_hash *id)
{
	struct sim_envelope *it = &world->ledger->envelope[world->ledger->envelopes++];
	it->bytes = ec_pool_copy(world->pool, item->envelope.data, item->envelope.size);
	it->id = *id;
	memcpy(it->salt, item->salt, sizeof it->salt);
	world_envelope_end(item);
}

static void vote_make(struct sim_world *world, uint32_t voter, uint64_t era)
{
	uint8_t payload[VOTE_MAX];
	ec_hash id;
	struct ec_membership *next = sim_ledger_membership(&world->plan, era);
	size_t size = world_vote_for(next, payload, sizeof payload);
	ec_membership_free(next);
	const struct world *group = &world->ledger->group;
	struct ec_batch_item item =
		world_envelope_by(group, &group->identity[voter], 0, era - 1, payload, size, &id);
	envelope_keep(world, &item, &id);
}

/* The next envelope of some author: a reading in lane 0, an order in lane 1, or a note in either.
 */
static uint32_t envelope_make(struct sim_world *world)
{
	struct sim_ledger_world *l = world->ledger;
	uint8_t payload[PAYLOAD_MAX];
	uint32_t number = l->envelopes, voter;
	uint64_t era = vote_due(&world->plan, number, &voter);
	if (era) {
		vote_make(world, voter, era);
		return number;
	}
	uint32_t author = (uint32_t)ec_prng_below(&world->prng, SIM_AUTHORS);
	uint32_t lane = (uint32_t)ec_prng_below(&world->prng, SIM_LANES);
	size_t size = world_note(&number, sizeof number, payload, sizeof payload);
	if (ec_prng_chance(&world->prng, 3, 4))
		size = lane ? order_write(world, author, payload)
		            : reading_write(world, author, payload);
	ec_hash id;
	struct ec_batch_item item = world_envelope(&l->group, author, lane,
	                                           ++l->sequence[author][lane], payload, size, &id);
	envelope_keep(world, &item, &id);
	return number;
}

void sim_ledger_retry(struct sim_world *world, uint32_t envelope)
{
	if (world->ledger->envelope[envelope].told)
		return;
	struct sim_host *host = world->host[ec_prng_below(&world->prng, world->hosts)];
	bool taken = host->up && sim_ledger_submit(world, host, envelope) == EC_ADMITTED;
	sim_later(world,
	          taken ? sim_between(world, SIM_S, 3 * SIM_S)
	                : sim_between(world, 20 * SIM_MS, 300 * SIM_MS),
	          (struct sim_event){.kind = SIM_RETRY, .count = envelope});
}

void sim_ledger_client(struct sim_world *world)
{
	sim_ledger_retry(world, envelope_make(world));
}

void sim_ledger_told(struct sim_world *world, const struct sim_host *host, const struct ec_act *act)
{
	struct sim_ledger_world *l = world->ledger;
	if (host->byzantine || act->token >= l->envelopes)
		return;
	struct sim_envelope *it = &l->envelope[act->token];
	if (!ec_hash_equal(&it->id, &act->id))
		sim_violate(world, "validity", "member %u tells of another envelope than was given",
		            host->identity);
	if (act->seq > l->acknowledged)
		l->acknowledged = act->seq;
	if (it->told)
		return;
	it->told = true;
	it->code = act->code;
	it->seq = act->seq;
	it->index = act->index;
	l->told++;
}

void sim_ledger_served(struct sim_world *world, struct sim_host *host, const struct ec_act *act)
{
	uint32_t left = 0;
	for (uint32_t i = 0; i < host->read_count; i++) {
		const struct sim_read *read = &host->reads[i];
		if (read->ticket != act->token) {
			host->reads[left++] = *read;
			continue;
		}
		world->counts.fired[SIM_LEDGER_READ]++;
		if (!host->byzantine && act->seq < read->seen)
			sim_violate(world, "linearizable reads",
			            "member %u serves a read at block %llu, %llu was told before",
			            host->identity, (unsigned long long)act->seq,
			            (unsigned long long)read->seen);
	}
	host->read_count = left;
}
