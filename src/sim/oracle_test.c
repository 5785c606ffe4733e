/* oracle_test.c - every oracle can fail: a right protocol, spoilt in one way, is found by the
 * oracle for that and by no other.
 */
#include "base/test.h"
#include "sim/sequencer.h"
#include "sim/world.h"

#include <stdio.h>

enum { SEEDS = 100, SEEDS_OF_PBFT = 50, AT = 5, BEYOND = 1 << 20 };

/* One way to spoil what a right step did. */
struct spoilt {
	const char *oracle;
	void (*step)(const struct ec_input *input, struct ec_out *out);
	uint32_t bug; /* instead: one of the sequencer's own */
	bool audit, twins, calm;
};

static struct ec_protocol protocol;
static const struct spoilt *spoilt;
static uint32_t steps, looks;
static struct ec_bytes leak; /* given back when the world is over */

static void step(void *self, const struct ec_input *input, struct ec_out *out)
{
	sim_sequencer.step(self, input, out);
	steps++;
	if (spoilt->step)
		spoilt->step(input, out);
}

static struct ec_effect *find(struct ec_out *out, enum ec_effect_kind kind)
{
	for (uint32_t i = 0; i < out->count; i++)
		if (out->effect[i].kind == kind && out->effect[i].seq == AT)
			return &out->effect[i];
	return NULL;
}

static void effects_drop(struct ec_out *out, enum ec_effect_kind kind, ec_seq from)
{
	uint32_t left = 0;
	for (uint32_t i = 0; i < out->count; i++) {
		struct ec_effect effect = out->effect[i];
		if (effect.kind != kind || effect.seq < from) {
			out->effect[left++] = effect;
			continue;
		}
		ec_drop(effect.head);
		ec_drop(effect.body);
	}
	out->count = left;
}

static void when_submitted(const struct ec_input *input, struct ec_out *out,
                           struct ec_effect effect)
{
	if (input->kind == EC_SUBMIT)
		ec_emit(out, effect);
}

/* ---- the ways ---- */

static void remembers_outside(const struct ec_input *input, struct ec_out *out)
{
	(void)input;
	out->want = out->want ? 1 + (steps & 1) : 0;
}

static void speaks_too_long(const struct ec_input *input, struct ec_out *out)
{
	if (input->kind == EC_SUBMIT)
		ec_emit(out, (struct ec_effect){.kind = EC_SEND,
		                                .node = 0,
		                                .head = ec_pool_take(out->pool, 70000)});
}

static void goes_back(const struct ec_input *input, struct ec_out *out)
{
	(void)input;
	out->view = steps & 1;
}

static void loses_patience(const struct ec_input *input, struct ec_out *out)
{
	(void)input;
	out->view = 1;
}

static void keeps_for_ever(const struct ec_input *input, struct ec_out *out)
{
	(void)out;
	if (input->kind == EC_SUBMIT && !leak.size)
		leak = ec_keep(input->body);
}

static void speaks_while_replaying(const struct ec_input *input, struct ec_out *out)
{
	if (input->kind == EC_RECORD)
		ec_emit(out, (struct ec_effect){.kind = EC_SEND, .node = 0});
}

static void does_not_save(const struct ec_input *input, struct ec_out *out)
{
	(void)input;
	effects_drop(out, EC_SAVE, AT);
}

static void makes_up(const struct ec_input *input, struct ec_out *out)
{
	struct ec_effect *deliver = find(out, EC_DELIVER);
	(void)input;
	if (!deliver)
		return;
	ec_drop(deliver->body);
	deliver->body = ec_pool_copy(out->pool, "made up", 7);
}

static void fills_for_itself(const struct ec_input *input, struct ec_out *out)
{
	struct ec_effect *deliver = find(out, EC_DELIVER);
	(void)input;
	if (!deliver || steps % 3)
		return;
	ec_drop(deliver->body);
	deliver->body = EC_NO_BYTES;
}

static void names_another_proposer(const struct ec_input *input, struct ec_out *out)
{
	struct ec_effect *deliver = find(out, EC_DELIVER);
	(void)input;
	if (deliver)
		deliver->node = steps & 1;
}

static void leaves_one_out(const struct ec_input *input, struct ec_out *out)
{
	struct ec_effect *deliver = find(out, EC_DELIVER);
	(void)input;
	if (deliver)
		deliver->seq++;
}

static void delivers_no_more(const struct ec_input *input, struct ec_out *out)
{
	(void)input;
	effects_drop(out, EC_DELIVER, AT);
}

static void takes_back(const struct ec_input *input, struct ec_out *out)
{
	when_submitted(input, out, (struct ec_effect){.kind = EC_UNDO, .seq = 1});
}

static void blames(const struct ec_input *input, struct ec_out *out)
{
	when_submitted(input, out, (struct ec_effect){.kind = EC_BLAME, .node = 1});
}

static void snaps_the_future(const struct ec_input *input, struct ec_out *out)
{
	when_submitted(input, out, (struct ec_effect){.kind = EC_SNAP, .seq = BEYOND});
}

static void fetches_twice(const struct ec_input *input, struct ec_out *out)
{
	when_submitted(input, out, (struct ec_effect){.kind = EC_FETCH, .seq = BEYOND});
	when_submitted(input, out, (struct ec_effect){.kind = EC_FETCH, .seq = BEYOND});
}

static bool guilty(const struct ec_config *config, ec_node node, struct ec_bytes head,
                   struct ec_bytes body)
{
	(void)config, (void)node, (void)head, (void)body;
	return true;
}

static bool check(const struct ec_config *config, const struct ec_input *input)
{
	return ++looks % 100 && sim_sequencer.check(config, input);
}

static void show(const void *self, struct ec_text *text)
{
	sim_sequencer.show(self, text);
	ec_text_add(text, ", shown %u times", ++looks);
}

/* Lives worlds until one breaks a property, with every check that there is where asked. */
static void found(const struct spoilt *how)
{
	const struct sim_protocol_entry entry = {.protocol = &protocol,
	                                         .plain = true,
	                                         .promises_equal =
	                                                 sim_sequencer_entry.promises_equal};
	char text[512] = "";
	spoilt = how;
	for (uint64_t seed = 1; seed <= SEEDS && !text[0]; seed++) {
		struct sim_plan plan;
		sim_plan_from_seed(&plan, &entry, seed,
		                   &(struct sim_wish){.members = 4, .bug = how->bug});
		plan.audit = how->audit;
		plan.twins_check = how->twins;
		plan.calm = how->calm;
		struct sim_world *world = sim_world_new(&plan);
		sim_run(world);
		snprintf(text, sizeof text, "%s", world->violated ? world->violation : "");
		ec_drop(leak);
		leak = EC_NO_BYTES;
		sim_world_free(world);
	}
	if (!how->oracle)
		assert_string_equal(text, "");
	else if (strncmp(text, how->oracle, strlen(how->oracle)) != 0)
		fail_msg("not '%s' is broken but '%s'", how->oracle, text);
}

static struct ec_terms terms(const struct ec_config *config)
{
	struct ec_terms patient = sim_sequencer.terms(config);
	patient.timeout_ns = SIM_S;
	return patient;
}

static void reset(void)
{
	protocol = sim_sequencer;
	protocol.terms = terms;
	protocol.step = step;
	steps = looks = 0;
}

static void what_is_right_breaks_none(void **state)
{
	(void)state;
	reset();
	found(&(struct spoilt){.audit = true, .twins = true});
}

static void each_spoilt_step_is_found_by_its_oracle(void **state)
{
	static const struct spoilt ways[] = {
		{.oracle = "purity: ", .step = remembers_outside, .twins = true},
		{.oracle = "bounds: ", .step = speaks_too_long},
		{.oracle = "views grow: ", .step = goes_back},
		{.oracle = "patience: ", .step = loses_patience, .calm = true},
		{.oracle = "ownership: ", .step = keeps_for_ever},
		{.oracle = "silent replay: ", .step = speaks_while_replaying},
		{.oracle = "memory equals log: ", .step = does_not_save, .audit = true},
		{.oracle = "validity: ", .step = makes_up},
		{.oracle = "agreement: ", .step = fills_for_itself},
		{.oracle = "agreement: at 5 ", .step = names_another_proposer},
		{.oracle = "agreement: ", .bug = 1},
		{.oracle = "linearizable reads: ", .bug = 2},
		{.oracle = "no gaps: ", .step = leaves_one_out},
		{.oracle = "progress: ", .step = delivers_no_more},
		{.oracle = "order kind: ", .step = takes_back},
		{.oracle = "evidence: ", .step = blames},
		{.oracle = "snapshots in order: ", .step = snaps_the_future},
		{.oracle = "one fetch: ", .step = fetches_twice},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		reset();
		found(&ways[i]);
	}
}

static void what_is_told_beside_steps_is_judged(void **state)
{
	(void)state;
	reset();
	protocol.guilty = guilty;
	found(&(struct spoilt){.oracle = "honest members are innocent: ", .step = blames});
	reset();
	protocol.check = check;
	found(&(struct spoilt){.oracle = "honest messages pass: "});
	reset();
	protocol.show = show;
	found(&(struct spoilt){.oracle = "replay: ", .audit = true});
}

/* Without timers a view is a count of rounds, and nobody loses patience. */
static void patience_is_asked_of_who_has_timers(void **state)
{
	(void)state;
	reset();
	protocol.terms = sim_sequencer.terms;
	found(&(struct spoilt){.step = loses_patience, .calm = true});
}

/* PBFT may order a batch twice; the application must not do it twice. */
static void who_executes_twice_is_found(void **state)
{
	uint32_t wrong = 0;
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS_OF_PBFT; seed++)
		for (int again = 0; again < 2; again++) {
			struct sim_plan plan;
			sim_plan_from_seed(
				&plan, sim_protocol_find("pbft"), seed,
				&(struct sim_wish){.members = UINT32_MAX, .byzantine = UINT32_MAX});
			if (plan.ledger)
				continue;
			struct sim_world *world = sim_world_new(&plan);
			world->executes_again = again;
			sim_run(world);
			wrong += world->violated;
			if (world->violated) {
				assert_true(again);
				assert_memory_equal(world->violation, "exactly once: ", 14);
			}
			assert_true(world->counts.duplicates == 0 || world->violated || !again);
			sim_world_free(world);
		}
	assert_true(wrong > 0);
}

static void another_order_kind_is_not_judged_as_total(void **state)
{
	(void)state;
	assert_non_null(sim_oracles_of(EC_TOTAL));
	assert_null(sim_oracles_of(EC_PARTIAL));
	assert_non_null(sim_oracles_of(EC_REVISABLE));
	assert_null(sim_oracles_of((enum ec_order)99));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_right_breaks_none),
		cmocka_unit_test(each_spoilt_step_is_found_by_its_oracle),
		cmocka_unit_test(what_is_told_beside_steps_is_judged),
		cmocka_unit_test(patience_is_asked_of_who_has_timers),
		cmocka_unit_test(who_executes_twice_is_found),
		cmocka_unit_test(another_order_kind_is_not_judged_as_total),
	};
	if (!ec_crypto_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
