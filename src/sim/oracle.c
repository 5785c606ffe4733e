/* oracle.c - what must hold: agreement, validity, once each, bounds, purity, honest evidence, and
 * in the end progress. */
#include "sim/world.h"

#include "crypto/hash.h"
#include "sim/ledger.h"
#include "sim/protocols.h"

#include <assert.h>
#include <stdlib.h>

enum { HELD_EVERY = 8, SHOW_SIZE = 4096 };

void sim_check_limits(struct sim_world *world, const struct sim_host *host,
                      const struct sim_instance *instance, const struct ec_out *out)
{
	const struct ec_protocol *protocol = instance->protocol;
	const struct ec_limits *limits = &instance->limits;
	unsigned who = host->identity;
	for (uint32_t i = 0; i < out->count; i++) {
		const struct ec_effect *effect = &out->effect[i];
		size_t size = effect->head.size + effect->body.size;
		if (effect->kind == EC_SEND && size > limits->message_max)
			sim_violate(world, "bounds", "member %u sends %zu bytes, its limit is %u",
			            who, size, limits->message_max);
		if (effect->kind == EC_SAVE && size > limits->record_max)
			sim_violate(world, "bounds", "member %u saves %zu bytes, its limit is %u",
			            who, size, limits->record_max);
	}
	if (world->counts.steps % HELD_EVERY == 0) {
		uint32_t held = protocol->held(instance->state, world->held);
		if (held > limits->buffers_held)
			sim_violate(world, "bounds", "member %u holds %u buffers, its limit is %u",
			            who, held, limits->buffers_held);
	}
	if (out->view < instance->view)
		sim_violate(world, "views grow", "member %u went from view %llu to %llu", who,
		            (unsigned long long)instance->view, (unsigned long long)out->view);
	protocol->invariants(instance->state);
}

static void history_add(struct sim_host *host, ec_seq seq, const ec_hash *after)
{
	if (seq > host->history_capacity) {
		host->history_capacity = 2 * seq + 64;
		host->history =
			realloc(host->history, host->history_capacity * sizeof *host->history);
		assert(host->history);
	}
	while (host->history_count < seq)
		host->history[host->history_count++] = (ec_hash){0};
	host->history[seq - 1] = *after;
}

static struct sim_decided *decided_at(struct sim_world *world, ec_seq seq)
{
	if (seq > world->decided_capacity) {
		world->decided_capacity = 2 * seq + 64;
		world->decided =
			realloc(world->decided, world->decided_capacity * sizeof *world->decided);
		assert(world->decided);
	}
	while (world->decided_count < seq)
		world->decided[world->decided_count++] = (struct sim_decided){.host = UINT32_MAX};
	return &world->decided[seq - 1];
}

/* Two FINALs differ: where nothing pins them and the plan keeps no bound, they may; no more is
 * judged then.  Returns: whether it is so. */
static bool beyond_bound(struct sim_world *world)
{
	const struct sim_plan *plan = &world->plan;
	bool beyond = plan->bound_ns && !plan->pinned && !plan->bounded;
	world->counts.fired[SIM_FINAL_CONFLICT] += beyond && !world->over;
	world->over |= beyond;
	return beyond;
}

static void disagree(struct sim_world *world, const struct sim_host *host, ec_seq seq,
                     const struct sim_decided *decided)
{
	char a[8], b[8];
	if (beyond_bound(world))
		return;
	world->forks_reported++;
	sim_name(host, a);
	sim_name(world->host[decided->host], b);
	sim_say(world, "fork at %llu: %s and %s delivered different orders",
	        (unsigned long long)seq, b, a);
	if (!world->plan.forks_expected)
		sim_violate(world, "agreement", "at %llu %s and %s delivered different orders",
		            (unsigned long long)seq, b, a);
}

void sim_check_position(struct sim_world *world, const struct sim_host *host, ec_seq seq,
                        const ec_hash *batch, const ec_hash *after)
{
	history_add(world->host[host->index], seq, after);
	struct sim_decided *decided = decided_at(world, seq);
	if (decided->host == UINT32_MAX)
		*decided =
			(struct sim_decided){.batch = *batch, .after = *after, .host = host->index};
	else if (!ec_hash_equal(&decided->after, after))
		disagree(world, host, seq, decided);
}

/* Who proposed it is decided with it. */
static void proposer_check(struct sim_world *world, const struct sim_host *host,
                           const struct ec_effect *effect)
{
	struct sim_decided *decided = decided_at(world, effect->seq);
	char name[8];
	if (!decided->named)
		decided->node = effect->node;
	decided->named = true;
	if (decided->node != effect->node && !world->plan.forks_expected && !beyond_bound(world))
		sim_violate(world, "agreement",
		            "at %llu %s delivered a proposal of %u, others of %u",
		            (unsigned long long)effect->seq, sim_name(host, name), effect->node,
		            decided->node);
}

/* A protocol may order a batch twice; it is executed where it stands first, at every member and in
 * every life, and nowhere else. */
static void once_check(struct sim_world *world, const struct sim_host *host, ec_seq seq,
                       uint32_t index, enum sim_fate fate)
{
	struct sim_batch *batch = &world->batch[index];
	bool executed = fate != SIM_PASSED_OVER;
	if (world->plan.forks_expected)
		return;
	if (!batch->first)
		batch->first = seq;
	world->counts.duplicates += batch->first != seq;
	if (executed != (batch->first == seq))
		sim_violate(world, "exactly once",
		            "member %u %s batch %u at %llu, it stands at %llu", host->identity,
		            executed ? "executes" : "passes over", index, (unsigned long long)seq,
		            (unsigned long long)batch->first);
}

/* Of rivals one runs, the same everywhere. */
static void rivals_check(struct sim_world *world, const struct sim_host *host, uint32_t index,
                         enum sim_fate fate)
{
	uint32_t *winner = &world->winner[world->batch[index].rivals];
	if (!world->batch[index].rivals || world->plan.forks_expected)
		return;
	world->counts.fired[SIM_RIVAL_REFUSED] += fate == SIM_REFUSED;
	if (fate == SIM_RAN && !*winner)
		*winner = index + 1;
	if ((fate == SIM_RAN) != (*winner == index + 1) && fate != SIM_PASSED_OVER)
		sim_violate(world, "one of rivals wins", "member %u %s batch %u, the winner is %u",
		            host->identity, fate == SIM_RAN ? "runs" : "refuses", index,
		            *winner - 1);
}

/* A sealed protocol orders what it cannot look into; only a Byzantine member proposes junk. */
static bool junk_allowed(const struct sim_world *world, const struct sim_host *host,
                         const struct ec_effect *effect)
{
	const struct sim_era *era = &world->era[host->app.era - 1];
	return era->entry->protocol->sealed && effect->node < era->roster.n &&
	       world->host[era->identity[effect->node]]->byzantine;
}

static bool holds(struct ec_bytes bytes, struct ec_bytes part)
{
	return bytes.size >= part.size &&
	       memmem(bytes.data, bytes.size, part.data, part.size) != NULL;
}

/* Nobody finds in a message a batch that is not yet ordered anywhere. */
void sim_check_secrets(struct sim_world *world, const struct sim_host *host,
                       const struct sim_instance *instance, const struct ec_effect *effect)
{
	const struct sim_era *era = &world->era[instance->era - 1];
	bool keyless = era->entry->keys && !era->shared;
	if (!world->plan.secrets || !era->entry->protocol->sealed || keyless)
		return;
	world->counts.fired[SIM_SECRETS_CHECKED]++;
	for (uint32_t i = 0; i < world->batches; i++) {
		const struct sim_batch *batch = &world->batch[i];
		bool told = holds(effect->head, batch->body) || holds(effect->body, batch->body);
		if (!batch->first && told)
			sim_violate(world, "sealed batches",
			            "member %u says batch %u before it is ordered", host->identity,
			            i);
	}
}

/* What stays: of a revisable order at FINAL. */
static void order_delivered(struct sim_world *world, const struct sim_host *host,
                            const struct ec_effect *effect, uint32_t index, enum sim_fate fate)
{
	ec_hash batch = sim_digest(world, effect->body);
	if (effect->body.size && index == UINT32_MAX && junk_allowed(world, host, effect))
		world->counts.fired[SIM_JUNK_DELIVERED]++;
	else if (effect->body.size && index == UINT32_MAX)
		sim_violate(world, "validity", "member %u delivered at %llu what nobody submitted",
		            host->identity, (unsigned long long)effect->seq);
	world->counts.delivered++;
	sim_check_position(world, host, effect->seq, &batch, &host->app.digest);
	proposer_check(world, host, effect);
	if (index == UINT32_MAX)
		return;
	rivals_check(world, host, index, fate);
	once_check(world, host, effect->seq, index, fate);
}

/* UNDO and FINAL: what is delivered in a total order stays. */
static void total_revised(struct sim_world *world, const struct sim_host *host,
                          const struct sim_instance *instance, const struct ec_effect *effect)
{
	(void)instance;
	sim_violate(world, "order kind", "member %u revises a total order at %llu", host->identity,
	            (unsigned long long)effect->seq);
}

/* What is final stays, and grows up to what is delivered; nothing moves under a fetch. */
static void revisable_revised(struct sim_world *world, const struct sim_host *host,
                              const struct sim_instance *instance, const struct ec_effect *effect)
{
	unsigned long long seq = effect->seq, final = host->app.seq, tip = sim_tip_seq(host);
	unsigned who = host->identity;
	bool undo = effect->kind == EC_UNDO;
	if (instance->fetch.on || seq > tip)
		sim_violate(world, "no gaps", "member %u says %s %llu at %llu%s", who,
		            undo ? "UNDO" : "FINAL", seq, tip,
		            instance->fetch.on ? " while fetching" : "");
	else if (undo && seq < final)
		sim_violate(world, "what is final stays", "member %u undoes to %llu, %llu is final",
		            who, seq, final);
	else if (!undo && seq < final)
		sim_violate(world, "finals grow", "member %u says FINAL %llu after FINAL %llu", who,
		            seq, final);
}

void sim_check_blame(struct sim_world *world, const struct sim_host *host,
                     const struct sim_instance *instance, const struct ec_effect *effect)
{
	const struct sim_era *era = &world->era[instance->era - 1];
	sim_trace_effect(world, host, effect);
	world->counts.fired[SIM_BLAME]++;
	if (host->byzantine)
		return;
	bool known = effect->node < era->roster.n;
	if (!known || !instance->protocol->guilty(&instance->config, effect->node, effect->head,
	                                          effect->body))
		sim_violate(world, "evidence", "member %u blames %u without a proof",
		            host->identity, effect->node);
	else if (!sim_host_of(world, era->identity[effect->node])->byzantine)
		sim_violate(world, "honest members are innocent",
		            "member %u proved the guilt of %u", host->identity,
		            era->identity[effect->node]);
}

/* A life of an instance that nobody hears: from the durable log to START.  Returns: its state. */
static void *life_replayed(struct sim_world *world, const struct sim_host *host,
                           const struct sim_instance *instance, const struct sim_disk *disk,
                           struct ec_text *show)
{
	const struct ec_protocol *protocol = instance->protocol;
	void *state = calloc(1, instance->limits.state);
	assert(state);
	protocol->init(state, &instance->config);
	for (uint32_t i = 0; i <= disk->durable; i++) {
		bool start = i == disk->durable;
		const struct sim_record *record = &disk->record[i];
		struct ec_input input = {
			.kind = EC_START, .seq = host->durable.seq, .digest = host->durable.digest};
		if (!start)
			input = (struct ec_input){.kind = EC_RECORD,
			                          .seq = record->seq,
			                          .head = record->head,
			                          .body = record->body,
			                          .digest = record->digest};
		input.now = sim_clock(host, world->now);
		struct ec_out out = sim_out(world, &world->twin_out, instance);
		protocol->step(state, &input, &out);
		if (!start && out.count)
			sim_violate(world, "silent replay", "a record made member %u speak",
			            host->identity);
		for (uint32_t k = 0; k < out.count; k++) {
			ec_drop(out.effect[k].head);
			ec_drop(out.effect[k].body);
		}
	}
	protocol->invariants(state);
	protocol->show(state, show);
	return state;
}

/* What was written, written out and read again binds like what is in memory: a crash at any moment
 * leaves a log that was all of the log at some moment before. */
static void promises_check(struct sim_world *world, const struct sim_host *host,
                           const struct sim_instance *instance)
{
	char words[SHOW_SIZE], shown[SHOW_SIZE];
	struct ec_text why = ec_text_over(words, sizeof words);
	struct ec_text show = ec_text_over(shown, sizeof shown);
	const struct sim_protocol_entry *entry = world->era[instance->era - 1].entry;
	if (!entry->promises_equal)
		return;
	struct sim_disk all = sim_disk_flushed(&instance->disk);
	void *restored = life_replayed(world, host, instance, &all, &show);
	world->counts.fired[SIM_PROMISES_CHECKED]++;
	if (!entry->promises_equal(instance->state, restored, &why))
		sim_violate(world, "memory equals log", "member %u would forget %s", host->identity,
		            words);
	sim_state_free(world, instance->protocol, restored);
	sim_disk_wipe(&all);
}

void sim_check_replay(struct sim_world *world, struct sim_host *host)
{
	const struct sim_instance *instance = sim_current(host);
	char first[SHOW_SIZE], second[SHOW_SIZE];
	struct ec_text a = ec_text_over(first, sizeof first);
	struct ec_text b = ec_text_over(second, sizeof second);
	if (!instance || !instance->state || host->durable.era != instance->era)
		return;
	void *one = life_replayed(world, host, instance, &instance->disk, &a);
	void *two = life_replayed(world, host, instance, &instance->disk, &b);
	world->counts.fired[SIM_REPLAY_CHECKED]++;
	if (strcmp(first, second) != 0)
		sim_violate(world, "replay", "member %u replays one log to two states: %s; %s",
		            host->identity, first, second);
	sim_state_free(world, instance->protocol, one);
	sim_state_free(world, instance->protocol, two);
	promises_check(world, host, instance);
}

static bool all_agreed(const struct sim_world *world)
{
	if (world->ledger)
		return sim_ledger_agreed(world);
	if (world->batches < world->plan.batches)
		return false;
	for (uint32_t h = 0; h < world->hosts; h++) {
		const struct sim_host *host = world->host[h];
		if (host->byzantine || sim_member_of(world, world->eras, host->identity) == EC_ALL)
			continue;
		if (!host->up || host->app.era != world->eras || host->read_count)
			return false;
		for (uint32_t i = 0; i < world->batches; i++)
			if (!sim_executed(&host->app, i))
				return false;
	}
	return true;
}

/* Known from the histories alone, not from what was reported. */
static bool forked(const struct sim_world *world)
{
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < a; b++) {
			const struct sim_host *x = world->host[a], *y = world->host[b];
			uint64_t both = x->history_count < y->history_count ? x->history_count
			                                                    : y->history_count;
			for (uint64_t i = 0; i < both; i++)
				if (!ec_hash_zero(&x->history[i]) &&
				    !ec_hash_zero(&y->history[i]) &&
				    !ec_hash_equal(&x->history[i], &y->history[i]))
					return true;
		}
	return false;
}

static void not_agreed(struct sim_world *world)
{
	char text[400];
	struct ec_text words = ec_text_over(text, sizeof text);
	for (uint32_t h = 0; h < world->hosts; h++) {
		struct sim_host *host = world->host[h];
		struct sim_instance *instance = sim_current(host);
		char name[8];
		uint32_t missing = 0;
		for (uint32_t i = 0; i < world->batches; i++)
			missing += !sim_executed(&host->app, i);
		ec_text_add(&words, "; %s%s era %u seq %u view %u lacks %u", sim_name(host, name),
		            host->byzantine ? " (Byzantine)" : "", (unsigned)host->app.era,
		            (unsigned)host->app.seq, instance ? (unsigned)instance->view : 0,
		            missing);
	}
	sim_violate(world, "progress", "not all is delivered %u s after healing%s",
	            (unsigned)(world->plan.calm_ns / SIM_S), text);
}

static bool owes(const struct sim_world *world, const struct sim_host *host)
{
	if (world->ledger)
		return sim_ledger_serves(world, host);
	return !host->byzantine && sim_member_of(world, world->eras, host->identity) != EC_ALL;
}

static void all_end(struct sim_world *world)
{
	world->counts.seeds = 1;
	world->counts.virtual_ns = world->now;
	if (world->plan.colluders) {
		world->counts.forked = forked(world);
		world->counts.forks_reported = world->forks_reported > 0;
		if (world->counts.forked && !world->forks_reported)
			sim_violate(world, "every fork is reported",
			            "the histories fork in silence");
		return;
	}
	if (world->over)
		return;
	if (!world->violated && forked(world))
		sim_violate(world, "agreement", "two histories differ");
	if (!world->violated && !all_agreed(world) && world->ledger)
		sim_ledger_not_agreed(world);
	if (!world->violated && !all_agreed(world))
		not_agreed(world);
	for (uint32_t h = 0; h < world->hosts; h++)
		if (owes(world, world->host[h]) && world->host[h]->read_count)
			sim_violate(world, "progress", "member %u left %u reads unanswered", h,
			            world->host[h]->read_count);
}

const struct sim_oracles *sim_oracles_of(enum ec_order order)
{
	static const struct sim_oracles kinds[] = {
		[EC_TOTAL] = {order_delivered, total_revised, all_agreed, all_end},
		[EC_PARTIAL] = {0},
		[EC_REVISABLE] = {order_delivered, revisable_revised, all_agreed, all_end},
	};
	bool known = order < sizeof kinds / sizeof kinds[0] && kinds[order].delivered;
	return known ? &kinds[order] : NULL;
}

ec_hash sim_final_hash(const struct sim_world *world)
{
	ec_hash hash = {0};
	for (uint32_t h = 0; h < world->hosts; h++) {
		const struct sim_app *app = &world->host[h]->app;
		const struct ec_part parts[] = {{hash.b, 32},
		                                {&app->seq, 8},
		                                {app->digest.b, 32},
		                                {&world->counts.steps, 8}};
		hash = ec_sha256_parts(parts, 4);
	}
	return hash;
}
