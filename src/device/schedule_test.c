/* schedule_test.c - who gets an envelope when gateways promise, lie, refuse, or are silent. */
#include "device/schedule.h"

#include "base/prng.h"
#include "base/test.h"

#include <stdlib.h>

#define MS UINT64_C(1000000)

static struct ec_schedule *schedule_new(uint32_t gateways)
{
	struct ec_schedule *schedule = malloc(sizeof *schedule);
	ec_schedule_init(schedule, &(struct ec_schedule_plan){.gateways = gateways,
	                                                      .answer_ns = 1000 * MS,
	                                                      .promise_ns = 10000 * MS,
	                                                      .flying_max = 8});
	return schedule;
}

/* The next action, while every gateway that is asked for can be reached. */
static struct ec_action next_up(struct ec_schedule *schedule, uint64_t now_ns)
{
	struct ec_action action;
	while ((action = ec_schedule_next(schedule, now_ns)).kind == EC_ACTION_CONNECT)
		ec_schedule_up(schedule, action.gateway);
	return action;
}

static void expect(struct ec_action action, enum ec_action_kind kind, uint32_t index,
                   uint32_t gateway)
{
	assert_int_equal(action.kind, kind);
	assert_int_equal(action.index, index);
	assert_int_equal(action.gateway, gateway);
}

static void the_way_of_an_envelope(void **state)
{
	(void)state;
	struct ec_schedule *schedule = schedule_new(2);
	ec_schedule_add(schedule, 5, 0, 1, 0);
	expect(next_up(schedule, 0), EC_ACTION_SUBMIT, 5, 0);
	struct ec_action action = next_up(schedule, 1);
	assert_int_equal(action.kind, EC_ACTION_NONE);
	assert_int_equal(action.wake_ns, 1000 * MS);
	ec_schedule_ordered(schedule, 5, 20 * MS);
	action = next_up(schedule, 20 * MS);
	assert_int_equal(action.kind, EC_ACTION_NONE);
	assert_int_equal(action.wake_ns, 70 * MS);
	expect(next_up(schedule, 70 * MS), EC_ACTION_RECEIPT, 5, 0);
	ec_schedule_unproven(schedule, 5, false, 80 * MS);
	expect(next_up(schedule, 200 * MS), EC_ACTION_RECEIPT, 5, 0);
	ec_schedule_remove(schedule, 5);
	action = next_up(schedule, 9000 * MS);
	assert_int_equal(action.kind, EC_ACTION_NONE);
	assert_int_equal(action.wake_ns, UINT64_MAX);
	assert_int_equal(schedule->gateway[0].flying, 0);
	free(schedule);
}

static void a_broken_promise_goes_to_the_next_gateway(void **state)
{
	(void)state;
	struct ec_schedule *schedule = schedule_new(3);
	ec_schedule_add(schedule, 0, 0, 1, 0);
	expect(next_up(schedule, 0), EC_ACTION_SUBMIT, 0, 0);
	ec_schedule_promised(schedule, 0, 3000 * MS, 10 * MS);
	assert_int_equal(next_up(schedule, 2999 * MS).kind, EC_ACTION_NONE);
	expect(next_up(schedule, 3000 * MS), EC_ACTION_SUBMIT, 0, 1);
	ec_schedule_promised(schedule, 0, UINT64_MAX, 3000 * MS); /* no promise binds for ever */
	expect(next_up(schedule, 13000 * MS), EC_ACTION_SUBMIT, 0, 2);
	expect(next_up(schedule, 14000 * MS), EC_ACTION_SUBMIT, 0, 0);
	assert_int_equal(schedule->moved, 3);
	free(schedule);
}

static void a_gateway_that_is_lost_gives_back_what_it_had(void **state)
{
	(void)state;
	struct ec_schedule *schedule = schedule_new(2);
	for (uint32_t i = 0; i < 4; i++) {
		ec_schedule_add(schedule, i, 0, i + 1, 0);
		expect(next_up(schedule, 0), EC_ACTION_SUBMIT, i, 0);
	}
	ec_schedule_down(schedule, 0, 5 * MS);
	assert_int_equal(schedule->gateway[0].flying, 0);
	for (uint32_t i = 0; i < 4; i++)
		expect(ec_schedule_next(schedule, 5 * MS), EC_ACTION_SUBMIT, i, 1);
	ec_schedule_down(schedule, 1, 6 * MS);
	struct ec_action action = ec_schedule_next(schedule, 6 * MS);
	assert_int_equal(action.kind, EC_ACTION_NONE);
	assert_int_equal(action.wake_ns, 105 * MS);
	expect(ec_schedule_next(schedule, 105 * MS), EC_ACTION_CONNECT, 0, 0);
	ec_schedule_down(schedule, 0, 105 * MS); /* waits longer each time */
	assert_int_equal(ec_schedule_next(schedule, 105 * MS).wake_ns, 106 * MS);
	expect(ec_schedule_next(schedule, 106 * MS), EC_ACTION_CONNECT, 0, 1);
	ec_schedule_down(schedule, 1, 106 * MS);
	assert_int_equal(ec_schedule_next(schedule, 106 * MS).wake_ns, 305 * MS);
	free(schedule);
}

static void sequences_wait_for_the_window(void **state)
{
	(void)state;
	struct ec_schedule *schedule = schedule_new(1);
	schedule->plan.flying_max = 1000;
	for (uint32_t i = 0; i < 200; i++)
		ec_schedule_add(schedule, i, 0, i + 1, 0);
	ec_schedule_add(schedule, 200, 1, 1, 0); /* another lane has its own window */
	uint32_t sent = 0;
	while (next_up(schedule, 0).kind == EC_ACTION_SUBMIT)
		sent++;
	assert_int_equal(sent, EC_WINDOW + 1);
	for (uint32_t i = 1; i < 64; i++)
		ec_schedule_ordered(schedule, i, 1);
	assert_int_equal(next_up(schedule, 2).kind, EC_ACTION_NONE);
	ec_schedule_ordered(schedule, 0, 3);
	for (sent = 0; next_up(schedule, 4).kind == EC_ACTION_SUBMIT;)
		sent++;
	assert_int_equal(sent, 64);
	free(schedule);
}

/* Gateways that mostly fail in every way; one of them is honest.  All is proven in the end, and an
 * envelope is never at two gateways at once. */
static void among_f_plus_1_one_honest_gateway_is_enough(void **state)
{
	(void)state;
	enum { ENVELOPES = 60 };
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct ec_schedule *schedule = schedule_new(3);
		struct ec_prng prng;
		uint32_t honest = (uint32_t)(seed % 3), proven = 0, rounds = 0;
		bool ordered[ENVELOPES] = {false};
		ec_prng_seed(&prng, seed);
		for (uint32_t i = 0; i < ENVELOPES; i++)
			ec_schedule_add(schedule, i, i & 1, i / 2 + 1, 0);
		for (uint64_t now = 0; proven < ENVELOPES; now += 10 * MS) {
			assert_true(++rounds < 100000);
			struct ec_action action = ec_schedule_next(schedule, now);
			bool good = action.gateway == honest;
			uint64_t mood = ec_prng_below(&prng, 5);
			switch (action.kind) {
			case EC_ACTION_CONNECT:
				if (good || mood)
					ec_schedule_up(schedule, action.gateway);
				else
					ec_schedule_down(schedule, action.gateway, now);
				break;
			case EC_ACTION_SUBMIT:
				ordered[action.index] |= good;
				if (good || mood == 0)
					ec_schedule_ordered(schedule, action.index, now);
				else if (mood == 1)
					ec_schedule_refused(schedule, action.index, 0, now);
				else if (mood == 2)
					ec_schedule_promised(schedule, action.index, now + 40 * MS,
					                     now);
				else if (mood == 3)
					ec_schedule_down(schedule, action.gateway, now);
				break;
			case EC_ACTION_RECEIPT:
				if (good && ordered[action.index]) {
					ec_schedule_remove(schedule, action.index);
					proven++;
				} else if (mood < 4) {
					ec_schedule_unproven(schedule, action.index, mood == 0,
					                     now);
				}
				break;
			case EC_ACTION_NONE:
				break;
			}
			uint32_t flying = 0;
			for (uint32_t i = 0; i < 3; i++)
				flying += schedule->gateway[i].flying;
			uint32_t states = 0;
			for (uint32_t i = 0; i < ENVELOPES; i++)
				states += schedule->send[i].state == EC_SEND_SENT ||
				          schedule->send[i].state == EC_SEND_ASKED;
			assert_int_equal(flying, states);
		}
		free(schedule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_way_of_an_envelope),
		cmocka_unit_test(a_broken_promise_goes_to_the_next_gateway),
		cmocka_unit_test(a_gateway_that_is_lost_gives_back_what_it_had),
		cmocka_unit_test(sequences_wait_for_the_window),
		cmocka_unit_test(among_f_plus_1_one_honest_gateway_is_enough),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
