/* sealed_test.c - worlds of a sealed protocol: batches go to few gateways, junk is ordered and runs
 * nothing, and no message says a batch before it is ordered.
 *
 * The protocol is `longest` behind a mask: what is submitted is masked, what is delivered unmasked.
 */
#include "base/test.h"
#include "crypto/hash.h"
#include "sim/longest.h"
#include "sim/world.h"

enum { SEEDS = 24, JUNKER = 1 };

static struct ec_protocol protocol;
static uint8_t mask;

static struct ec_bytes masked(struct ec_pool *pool, struct ec_bytes body)
{
	struct ec_bytes copy = ec_pool_copy(pool, body.data, body.size);
	for (size_t i = 0; i < copy.size; i++)
		ec_writable(copy)[i] ^= mask;
	return copy;
}

static void step(void *self, const struct ec_input *input, struct ec_out *out)
{
	struct ec_input hidden = *input;
	if (input->kind == EC_SUBMIT) {
		hidden.body = masked(out->pool, input->body);
		hidden.digest = ec_sha256(hidden.body.data, hidden.body.size);
	}
	sim_longest.step(self, &hidden, out);
	if (input->kind == EC_SUBMIT)
		ec_drop(hidden.body);
	for (uint32_t i = 0; i < out->count; i++) {
		struct ec_effect *effect = &out->effect[i];
		if (effect->kind != EC_DELIVER || !effect->body.size)
			continue;
		struct ec_bytes plain = masked(out->pool, effect->body);
		ec_drop(effect->body);
		effect->body = plain;
	}
}

static struct sim_world *lived(const struct sim_protocol_entry *entry, uint64_t seed, bool junk)
{
	struct sim_plan plan;
	sim_plan_from_seed(&plan, entry, seed, &(struct sim_wish){.members = 5});
	plan.secrets = true;
	if (junk)
		plan.mischief[JUNKER] = SIM_JUNK;
	struct sim_world *world = sim_world_new(&plan);
	sim_run(world);
	return world;
}

static struct sim_protocol_entry sealed(uint8_t by)
{
	struct sim_protocol_entry entry = sim_longest_entry;
	mask = by;
	protocol = sim_longest;
	protocol.sealed = true;
	protocol.step = step;
	entry.protocol = &protocol;
	return entry;
}

static void junk_is_ordered_and_runs_nothing(void **state)
{
	struct sim_protocol_entry entry = sealed(0x5a);
	struct sim_counts sum = {0};
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct sim_world *world = lived(&entry, seed, true);
		if (world->violated)
			fail_msg("seed %u: %s", (unsigned)seed, world->violation);
		sim_counts_add(&sum, &world->counts);
		sim_world_free(world);
	}
	assert_true(sum.fired[SIM_JUNK_SUBMITTED] > 0);
	assert_true(sum.fired[SIM_JUNK_DELIVERED] > 0);
	assert_true(sum.fired[SIM_SECRETS_CHECKED] > 0);
}

/* The same junk, where everyone could have looked into it. */
static void junk_of_an_open_protocol_breaks_validity(void **state)
{
	struct sim_protocol_entry entry = sealed(0x5a);
	struct sim_plan plan;
	struct sim_instance *instance;
	(void)state;
	protocol.sealed = false;
	sim_plan_manual(&plan, &entry, 4, 0);
	struct sim_world *world = sim_world_new(&plan);
	world->host[JUNKER]->byzantine = true;
	sim_start(world, world->host[0]);
	instance = sim_current(world->host[0]);
	struct ec_bytes body = ec_pool_copy(world->pool, "junk", 4);
	sim_deliver(
		world, world->host[0], instance,
		&(struct ec_effect){.kind = EC_DELIVER, .seq = 1, .node = JUNKER, .body = body});
	ec_drop(body);
	sim_final(world, world->host[0], instance, 1);
	assert_true(world->violated);
	assert_memory_equal(world->violation, "validity: ", 10);
	sim_world_free(world);
}

static void junk_of_a_correct_member_breaks_validity(void **state)
{
	struct sim_protocol_entry entry = sealed(0x5a);
	(void)state;
	struct sim_plan plan;
	sim_plan_manual(&plan, &entry, 4, 0);
	struct sim_world *world = sim_world_new(&plan);
	sim_start(world, world->host[0]);
	struct sim_instance *instance = sim_current(world->host[0]);
	struct ec_bytes body = ec_pool_copy(world->pool, "junk", 4);
	sim_deliver(
		world, world->host[0], instance,
		&(struct ec_effect){.kind = EC_DELIVER, .seq = 1, .node = JUNKER, .body = body});
	ec_drop(body);
	sim_final(world, world->host[0], instance, 1);
	assert_true(world->violated);
	assert_memory_equal(world->violation, "validity: ", 10);
	sim_world_free(world);
}

static void what_is_said_in_clear_is_found(void **state)
{
	struct sim_protocol_entry entry = sealed(0);
	struct sim_world *world = lived(&entry, 3, false);
	(void)state;
	assert_true(world->violated);
	assert_memory_equal(world->violation, "sealed batches: ", 16);
	sim_world_free(world);
}

/* Nobody but its gateways has a batch before it is delivered. */
static void batches_are_not_spread(void **state)
{
	struct sim_protocol_entry entry = sealed(0x5a);
	struct sim_plan plan;
	struct sim_event event;
	uint32_t early = 0;
	(void)state;
	sim_plan_from_seed(&plan, &entry, 1, &(struct sim_wish){.members = 5});
	struct sim_world *world = sim_world_new(&plan);
	for (int i = 0; i < 10; i++)
		sim_client(world);
	while (sim_events_take(&world->events, &event))
		early += event.kind == SIM_BODY && event.time < plan.chaos_ns;
	assert_in_range(early, 10, 20);
	sim_world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(junk_is_ordered_and_runs_nothing),
		cmocka_unit_test(junk_of_an_open_protocol_breaks_validity),
		cmocka_unit_test(junk_of_a_correct_member_breaks_validity),
		cmocka_unit_test(what_is_said_in_clear_is_found),
		cmocka_unit_test(batches_are_not_spread),
	};
	if (!ec_crypto_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
