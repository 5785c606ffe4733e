/* instance_test.c - a protocol that goes beyond what its limits() say is stopped at that step; one
 * whose order is revisable starts anew where the host stands. */
#include "group/instance.h"

#include "base/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MESSAGE_MAX = 100, RECORD_MAX = 200, HELD_MAX = 3, STEPS = 600 };

/* What one life does: one effect a step of that size, and holds so many buffers. */
static struct life {
	enum ec_effect_kind kind;
	size_t size;
	uint32_t held;
} life;

static struct ec_limits limits(const struct ec_config *config)
{
	(void)config;
	return (struct ec_limits){.state = 1,
	                          .effects_per_step = 1,
	                          .buffers_held = HELD_MAX,
	                          .message_max = MESSAGE_MAX,
	                          .record_max = RECORD_MAX};
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
	ec_emit(out, (struct ec_effect){.kind = life.kind,
	                                .node = EC_ALL,
	                                .head = ec_pool_take(out->pool, life.size)});
}

static uint32_t held(const void *self, struct ec_bytes *at)
{
	(void)self;
	for (uint32_t i = 0; at && i < life.held; i++)
		at[i] = EC_NO_BYTES;
	return life.held;
}

static const struct ec_protocol fake = {
	.name = "fake", .limits = limits, .init = init, .step = step, .held = held};

static void live(void)
{
	static const struct ec_roster_member member = {.weight = 1, .roles = EC_VOTER};
	static const struct ec_roster roster = {.era = 1, .n = 1, .member = &member};
	struct ec_config config = {.roster = &roster};
	struct ec_secret secret = {0};
	struct ec_pool *pool = ec_pool_new(0);
	struct instance *instance = instance_new(&fake, &config, &secret, pool);
	for (uint64_t i = 1; i <= STEPS; i++) {
		struct ec_effect effect;
		struct ec_bytes proof;
		instance_step(instance, (struct moment){.now = i},
		              (struct ec_input){.kind = EC_WAKE});
		while (instance_effect(instance, &effect, &proof))
			ec_drop(effect.head);
		if (life.kind == EC_SAVE)
			ec_flush_durable(instance->flush, 1);
	}
	life.held = 0;
	instance_free(instance);
	ec_pool_free(pool);
}

/* How a life ends, in a process of its own: the signal, 0 for none. */
static int end_of(struct life of)
{
	int status = 0;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		life = of;
		live();
		_exit(0);
	}
	assert_true(child > 0 && waitpid(child, &status, 0) == child);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void what_fits_goes_on(void **state)
{
	(void)state;
	assert_int_equal(end_of((struct life){EC_SEND, MESSAGE_MAX, HELD_MAX}), 0);
	assert_int_equal(end_of((struct life){EC_SAVE, RECORD_MAX, HELD_MAX}), 0);
}

static void what_does_not_is_a_programmers_error(void **state)
{
	(void)state;
	assert_int_equal(end_of((struct life){EC_SEND, MESSAGE_MAX + 1, 0}), SIGABRT);
	assert_int_equal(end_of((struct life){EC_SAVE, RECORD_MAX + 1, 0}), SIGABRT);
	assert_int_equal(end_of((struct life){EC_SEND, 1, HELD_MAX + 1}), SIGABRT);
}

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
	life = (struct life){.kind = EC_DELIVER};
	for (int revised = 0; revised < 2; revised++) {
		struct ec_protocol protocol = fake;
		struct ec_pool *pool = ec_pool_new(0);
		protocol.order = revised ? EC_REVISABLE : EC_TOTAL;
		struct instance *instance = instance_new(&protocol, &config, &secret, pool);
		instance_start(instance, NULL, moment, 0, &(ec_hash){{0}});
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

/* What its steps were shown, a letter each: R a message, L a link. */
static char shown[16];

static void note_step(void *self, const struct ec_input *input, struct ec_out *out)
{
	(void)self, (void)out;
	size_t size = strlen(shown);
	assert_true(size + 1 < sizeof shown);
	shown[size] = input->kind == EC_RECV ? 'R' : input->kind == EC_LINK ? 'L' : '.';
}

static const struct ec_protocol noting = {
	.name = "noting", .limits = limits, .init = init, .step = note_step, .held = held};

/* A link that is new comes behind what came over the one before, and before what comes over it. */
static void a_new_link_overtakes_no_message(void **state)
{
	(void)state;
	static const struct ec_roster_member member[2] = {{.weight = 1, .roles = EC_VOTER},
	                                                  {.weight = 1, .roles = EC_VOTER}};
	static const struct ec_roster roster = {.era = 1, .n = 2, .member = member};
	static const ec_hash digest;
	struct ec_config config = {.roster = &roster};
	struct ec_secret secret = {0};
	struct ec_pool *pool = ec_pool_new(0);
	struct instance *instance = instance_new(&noting, &config, &secret, pool);
	struct ec_input message = {.kind = EC_RECV, .from = 1};
	life.held = 0;
	instance_start(instance, NULL, (struct moment){.now = 1}, 0, &digest);
	assert_true(instance_receive(instance, &message));
	assert_true(instance_receive(instance, &message));
	instance_linked(instance, 1);
	assert_true(instance_receive(instance, &message));
	while (instance_turn(instance, (struct moment){.now = 2}))
		continue;
	assert_string_equal(shown, ".RRLR");
	assert_int_equal(instance->inbox_of[1], 0);
	assert_int_equal(instance->inbox_bytes[1], 0);
	instance_free(instance);
	ec_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_goes_on),
		cmocka_unit_test(what_does_not_is_a_programmers_error),
		cmocka_unit_test(what_was_done_before_fetched_is_void_where_orders_are_revised),
		cmocka_unit_test(a_new_link_overtakes_no_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
