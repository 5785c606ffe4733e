/* instance_revise_test.c - where an order is revisable, an instance that is told that the
 * application stands elsewhere starts anew there. */
#include "group/instance.h"

#include "base/test.h"

static struct ec_limits limits(const struct ec_config *config)
{
	(void)config;
	return (struct ec_limits){.state = 1, .effects_per_step = 1};
}

static void init(void *self, const struct ec_config *config)
{
	(void)self;
	(void)config;
}

static void step(void *self, const struct ec_input *input, struct ec_out *out)
{
	(void)self;
	(void)input;
	ec_emit(out, (struct ec_effect){.kind = EC_DELIVER});
}

static uint32_t held(const void *self, struct ec_bytes *at)
{
	(void)self;
	(void)at;
	return 0;
}

static const struct ec_protocol delivering = {
	.name = "delivering", .limits = limits, .init = init, .step = step, .held = held};

static uint32_t applied(struct instance *instance)
{
	struct ec_effect effect;
	struct ec_bytes proof;
	uint32_t count = 0;
	while (instance_effect(instance, &effect, &proof)) {
		count += effect.kind == EC_DELIVER;
		ec_drop(effect.head);
	}
	return count;
}

/* Every step delivers something.  What was emitted before FETCHED is heard rests on what is gone;
 * of a total order it stays. */
static void what_was_done_before_fetched_is_void_where_orders_are_revised(void **state)
{
	static const struct ec_roster_member member = {.weight = 1, .roles = EC_VOTER};
	static const struct ec_roster roster = {.era = 1, .n = 1, .member = &member};
	struct ec_config config = {.roster = &roster};
	struct ec_secret secret = {0};
	struct moment moment = {.now = 1};
	(void)state;
	for (int revised = 0; revised < 2; revised++) {
		struct ec_protocol protocol = delivering;
		struct ec_pool *pool = ec_pool_new(0);
		protocol.order = revised ? EC_REVISABLE : EC_TOTAL;
		struct instance *instance = instance_new(&protocol, &config, &secret, pool);
		instance->started = true;
		instance_step(instance, moment, (struct ec_input){.kind = EC_START});
		assert_false(instance_settled(instance));
		assert_int_equal(applied(instance), 1);
		assert_true(instance_settled(instance));
		instance_step(instance, moment, (struct ec_input){.kind = EC_WAKE});
		instance_tell(instance, (struct ec_input){.kind = EC_SNAPPED});
		instance_stand(instance, (struct ec_input){.kind = EC_FETCHED});
		assert_int_equal(applied(instance), revised ? 0 : 1);
		assert_int_equal(instance_settled(instance), !revised);
		assert_true(instance_turn(instance, moment)); /* SNAPPED: it has not heard yet */
		assert_true(instance_turn(instance, moment)); /* FETCHED */
		assert_int_equal(applied(instance), revised ? 1 : 2);
		assert_true(instance_settled(instance));
		instance_free(instance);
		assert_int_equal(ec_pool_live(pool), 0);
		ec_pool_free(pool);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_done_before_fetched_is_void_where_orders_are_revised),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
