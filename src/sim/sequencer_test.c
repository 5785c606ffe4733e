/* sequencer_test.c - the smallest protocol in the world of protocols' tests (protocol_world.h):
 * what a protocol for crash faults needs there; and each oracle of that world finds what it is for.
 */
#include "base/test.h"
#include "consensus/protocol_random_world.h"
#include "sim/sequencer.h"

#include <string.h>

enum { SPEAK_FIRST = 1, READ_HERE, ACK = 2 }; /* as sequencer.c numbers bugs and messages */

static uint32_t bug;

static void draw(uint64_t seed, struct world_options *is, void *options)
{
	(void)seed, (void)options;
	is->bug = bug;
}

static struct world_protocol sequencer(void)
{
	return (struct world_protocol){.protocol = &sim_sequencer,
	                               .promises_equal = sim_sequencer_entry.promises_equal};
}

static const char *schedules(const struct world_protocol *of, struct world_sums *sums)
{
	const struct world_random random = {.of = of,
	                                    .seeds = 60,
	                                    .moves = 1000,
	                                    .batches = 60,
	                                    .heard = 20,
	                                    .down = 2,
	                                    .time_ms = 100,
	                                    .time_in = 3,
	                                    .parts_in = 4,
	                                    .finish_ms = 1000,
	                                    .draw = draw};
	bool asked;
	return world_random(&random, sums, &asked);
}

static void random_schedules_agree_and_heal(void **state)
{
	struct world_protocol of = sequencer();
	struct world_sums sums;
	(void)state;
	bug = 0;
	const char *violation = schedules(&of, &sums);
	if (violation)
		fail_msg("%s", violation);
	assert_true(sums.delivered > 1000 && sums.served > 100);
}

static void planted_bugs_are_found(void **state)
{
	static const char *const property[] = {"", "agreement: ", "reads: "};
	struct world_protocol of = sequencer();
	struct world_sums sums;
	(void)state;
	for (bug = SPEAK_FIRST; bug <= READ_HERE; bug++) {
		const char *violation = schedules(&of, &sums);
		print_message("bug %u: %s\n", bug, violation ? violation : "-");
		assert_non_null(violation);
		assert_non_null(strstr(violation, property[bug]));
	}
}

static void a_crash_at_every_save_is_survived(void **state)
{
	struct world_protocol of = sequencer();
	(void)state;
	for (ec_node node = 0; node < 3; node++) {
		struct world_killing how = {.of = &of, .is = {.n = 3}, .node = node, .other = 2};
		uint32_t saves;
		assert_null(world_kill_at_every_save(&how, &saves));
		assert_true(saves >= 6);
	}
}

/* What is wrong with members that otherwise do all that they should. */
static enum wrong {
	GAP,
	OTHER_ORDER,
	NO_PROPOSER,
	UNDOES,
	VIEW_BACK,
	IMPURE,
	TOO_LONG,
	FALSE_STATE,
	UNBOUND,
	REFUSES,
	FALSE_BLAME,
	FORGETS_BUFFER,
	EARLY,
	SILENT,
	STALE_READ,
	WRONGS
} wrong;

static uint32_t steps;

static struct ec_effect *deliver_of(struct ec_out *out)
{
	for (uint32_t i = 0; i < out->count; i++)
		if (out->effect[i].kind == EC_DELIVER)
			return &out->effect[i];
	return NULL;
}

static void effects_spoil(const struct ec_input *in, struct ec_out *out)
{
	struct ec_effect *deliver = deliver_of(out);
	bool late = deliver && deliver->seq > 3;
	if (wrong == GAP && late)
		deliver->seq++;
	if (wrong == OTHER_ORDER && late)
		deliver->node = 2;
	if (wrong == NO_PROPOSER && late)
		deliver->node = EC_ALL;
	if (wrong == UNDOES && late)
		ec_emit(out, (struct ec_effect){.kind = EC_UNDO});
	if (wrong == FALSE_STATE && in->kind == EC_START && in->seq > 3)
		ec_emit(out, (struct ec_effect){.kind = EC_FETCH, .seq = in->seq + 1});
	if (wrong == FALSE_BLAME && late)
		ec_emit(out, (struct ec_effect){.kind = EC_BLAME});
	if (wrong == EARLY && in->kind == EC_RECORD)
		ec_emit(out, (struct ec_effect){.kind = EC_NOTE});
	for (uint32_t i = 0; i < out->count; i++) {
		struct ec_effect *effect = &out->effect[i];
		if (wrong == STALE_READ && effect->kind == EC_SERVE)
			effect->seq = 0;
		if (wrong == SILENT && effect->kind == EC_DELIVER && effect->seq > 3)
			effect->kind = EC_NOTE;
	}
}

static void step_spoilt(void *self, const struct ec_input *in, struct ec_out *out)
{
	sim_sequencer.step(self, in, out);
	steps++;
	if (wrong == VIEW_BACK)
		out->view = 10000000 - steps;
	if (wrong == IMPURE)
		out->want = 1 + steps % 2;
	effects_spoil(in, out);
}

static bool check_spoilt(const struct ec_config *config, const struct ec_input *in)
{
	bool refused = wrong == REFUSES && in->from == 2 && in->head.data[0] == ACK;
	return sim_sequencer.check(config, in) && !refused;
}

static struct ec_limits limits_spoilt(const struct ec_config *config)
{
	struct ec_limits limits = sim_sequencer.limits(config);
	limits.message_max = wrong == TOO_LONG ? 18 : limits.message_max;
	return limits;
}

/* What a member forgot: for the oracle, not for the sanitizer. */
static struct ec_bytes forgotten[4096];
static uint32_t many;

static uint32_t held_spoilt(const void *self, struct ec_bytes *at)
{
	uint32_t count = sim_sequencer.held(self, at);
	if (!count || wrong != FORGETS_BUFFER)
		return count;
	forgotten[many++ % 4096] = at[count - 1];
	return count - 1;
}

static bool promises_spoilt(const void *lived, const void *restored, struct ec_text *why)
{
	return wrong != UNBOUND && sim_sequencer_entry.promises_equal(lived, restored, why);
}

static void each_oracle_finds_what_it_is_for(void **state)
{
	static const char *const property[WRONGS] = {[GAP] = "order: ",
	                                             [OTHER_ORDER] = "agreement: ",
	                                             [NO_PROPOSER] = "validity: ",
	                                             [UNDOES] = "contract: ",
	                                             [VIEW_BACK] = "contract: ",
	                                             [IMPURE] = "purity: ",
	                                             [TOO_LONG] = "limits: ",
	                                             [FALSE_STATE] = "claims: ",
	                                             [UNBOUND] = "promise: ",
	                                             [REFUSES] = "check: ",
	                                             [FALSE_BLAME] = "evidence: ",
	                                             [FORGETS_BUFFER] = "ownership: ",
	                                             [EARLY] = "replay: ",
	                                             [SILENT] = "liveness: ",
	                                             [STALE_READ] = "reads: "};
	struct ec_protocol spoilt = sim_sequencer;
	struct world_protocol of = {.protocol = &spoilt, .promises_equal = promises_spoilt};
	struct world_sums sums;
	(void)state;
	spoilt.step = step_spoilt;
	spoilt.check = check_spoilt;
	spoilt.limits = limits_spoilt;
	spoilt.held = held_spoilt;
	bug = 0;
	for (wrong = 0; wrong < WRONGS; wrong++) {
		const char *violation = schedules(&of, &sums);
		print_message("%u: %s\n", wrong, violation ? violation : "-");
		assert_non_null(violation);
		assert_non_null(strstr(violation, property[wrong]));
	}
	assert_true(forgotten[0].size > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_schedules_agree_and_heal),
		cmocka_unit_test(planted_bugs_are_found),
		cmocka_unit_test(a_crash_at_every_save_is_survived),
		cmocka_unit_test(each_oracle_finds_what_it_is_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
