/* ledger_test.c - worlds of real members with ledgers: right ones pass, and whatever is wrong is
 * found by the oracle for that. */
#include "base/test.h"
#include "sim/ledger.h"
#include "sim/protocols.h"

enum { MOVING = 12 }; /* of four members one leaves, after a fifth joined */

static struct sim_world *made_of(uint64_t seed, uint32_t members, uint32_t liars)
{
	struct sim_plan plan;
	sim_plan_from_seed(
		&plan, sim_protocol_find("pbft"), seed,
		&(struct sim_wish){.members = members, .byzantine = liars, .ledger = true});
	plan.jump = 0; /* whose clock is off trades for another day */
	plan.batches = 120;
	plan.ledger_eras = 3;
	plan.chaos_ns = 10 * SIM_S;
	plan.client_ns = plan.chaos_ns / 110;
	return sim_world_new(&plan);
}

static struct sim_world *made(uint64_t seed)
{
	return made_of(seed, 4, 0);
}

/* The newest era of a correct member. */
static uint64_t era_of(const struct sim_world *living)
{
	uint64_t era = 0;
	for (uint32_t h = 0; h < living->hosts; h++)
		if (!living->host[h]->byzantine && living->host[h]->ledger->era > era)
			era = living->host[h]->ledger->era;
	return era;
}

static void a_right_group_passes(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2; seed++) {
		struct sim_world *a = made(seed), *b = made(seed);
		sim_run(a);
		sim_run(b);
		if (a->violated)
			print_message("seed %u: %s\n", (unsigned)seed, a->violation);
		assert_false(a->violated);
		ec_hash x = sim_final_hash(a), y = sim_final_hash(b);
		assert_memory_equal(x.b, y.b, 32); /* one seed is one world */
		assert_int_equal(a->ledger->told, 120);
		assert_true(a->counts.fired[SIM_LEDGER_RECEIPT] >= 120);
		assert_true(a->counts.fired[SIM_LEDGER_CERTIFICATE] > 0);
		assert_true(a->counts.fired[SIM_LEDGER_MONEY] > 0);
		assert_true(a->counts.fired[SIM_LEDGER_TWIN] > 0);
		assert_int_equal(era_of(a), 3); /* among faults */
		sim_world_free(a);
		sim_world_free(b);
	}
}

static void a_member_joins_and_another_leaves(void **state)
{
	(void)state;
	for (uint64_t seed = MOVING; seed <= MOVING + 6; seed += 3) {
		struct sim_world *living = made_of(seed, 5, 1);
		sim_run(living);
		if (living->violated)
			print_message("seed %u: %s\n", (unsigned)seed, living->violation);
		assert_false(living->violated);
		assert_int_equal(era_of(living), 3);
		assert_int_equal(living->ledger->told, 120);
		assert_int_equal(living->counts.fired[SIM_LEDGER_JOINED], 1);
		assert_int_equal(living->counts.fired[SIM_LEDGER_LEFT], 1);
		sim_world_free(living);
	}
}

/* ---- ways in which a world can be wrong ---- */

static struct sim_world *world; /* the one that lives, for its stores */
static struct ec_store right;   /* what a store in memory does */

static void one_computes_another_price(void)
{
	world->ledger->wrong = 1 << 2;
}

static bool believe(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
                    const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	(void)key, (void)message, (void)size, (void)signature;
	return true;
}

/* What d signs is no signature. */
static void scribble(const struct ec_secret *secret, const void *message, size_t size,
                     uint8_t signature[static EC_SIGNATURE_SIZE])
{
	ec_crypto_ed25519.sign(secret, message, size, signature);
	if (memcmp(secret->key, world->ledger->group.era[3].key, EC_KEY_SIZE) == 0)
		signature[0] ^= 1;
}

static void who_joined_computes_another_price(void)
{
	world->ledger->wrong = 1 << 4;
}

/* Its seat is another's. */
static void who_joins_is_not_who_was_voted_in(void)
{
	world->ledger->group.identity[4] = world_secret('i', 40);
}

static void all_believe(void)
{
	static const struct ec_crypto credulous = {.verify = believe, .sign = scribble};
	world->ledger->crypto = &credulous;
}

static bool sync_fails_later(struct ec_store *store)
{
	return world->now < SIM_S && right.sync(store);
}

/* Of two that are told the same, one has a disk that fails. */
static void the_twin_has_another_disk(void)
{
	world->plan.crash = 0; /* with such a disk nobody comes up again */
	for (uint32_t h = 0; h < world->hosts; h++) {
		struct ec_store *store = world->host[h]->ledger->twin_store;
		if (!store)
			continue;
		right = *store;
		store->sync = sync_fails_later;
	}
}

static void a_client_was_told_of_the_future(void)
{
	world->ledger->acknowledged = 1000000;
}

static void an_envelope_stood_before(void)
{
	world->ledger->envelope[7].placed = 1;
}

static bool over(void)
{
	return world->healed && sim_oracles_of(EC_TOTAL)->agreed(world);
}

/* One balance, read at the end, is another than was written. */
static bool next_of_a_thief(struct ec_store *store, const void *after, size_t after_size,
                            struct ec_bytes *name, struct ec_bytes *value)
{
	static uint8_t changed[9];
	if (!right.next(store, after, after_size, name, value))
		return false;
	bool balance = name->size == 36 && memcmp(name->data + 2, "b/", 2) == 0;
	if (!balance || value->size > sizeof changed || !over())
		return true;
	memcpy(changed, value->data, value->size);
	changed[value->size - 1] ^= 1;
	*value = (struct ec_bytes){.data = changed, .size = value->size};
	store->next = right.next;
	return true;
}

static void a_balance_is_not_what_was_written(void)
{
	right = *world->host[1]->ledger->store;
	world->host[1]->ledger->store->next = next_of_a_thief;
}

/* The newest envelope under way is none that a client gave. */
static bool get_while_one_is_nobodys(struct ec_store *store, const void *name, size_t name_size,
                                     struct ec_bytes *value)
{
	struct sim_ledger_world *l = world->ledger;
	struct sim_envelope *last = l->envelopes ? &l->envelope[l->envelopes - 1] : NULL;
	if (last && !last->placed && world->now > SIM_S) {
		last->id.b[0] ^= 1;
		store->get = right.get;
	}
	return right.get(store, name, name_size, value);
}

static void an_envelope_is_nobodys(void)
{
	right = *world->host[1]->ledger->store;
	world->host[1]->ledger->store->get = get_while_one_is_nobodys;
}

static bool is_block(const void *name, size_t size)
{
	return size > 2 && memcmp(name, "Kb", 2) == 0;
}

/* A block's last byte, read at the end, is of its last result: not the one that was written. */
static bool get_of_a_forger(struct ec_store *store, const void *name, size_t name_size,
                            struct ec_bytes *value)
{
	static uint8_t changed[1 << 16];
	if (!right.get(store, name, name_size, value))
		return false;
	if (!is_block(name, name_size) || value->size > sizeof changed || !over())
		return true;
	memcpy(changed, value->data, value->size);
	changed[value->size - 1] ^= 1;
	*value = (struct ec_bytes){.data = changed, .size = value->size};
	return true;
}

/* Anywhere: one member may have been brought a state past all that it could prove. */
static void blocks_are_not_what_was_written(void)
{
	right = *world->host[0]->ledger->store;
	for (uint32_t h = 0; h < world->hosts; h++)
		world->host[h]->ledger->store->get = get_of_a_forger;
}

static bool get_of_a_forgetful(struct ec_store *store, const void *name, size_t name_size,
                               struct ec_bytes *value)
{
	return !(is_block(name, name_size) && over()) && right.get(store, name, name_size, value);
}

static void blocks_are_lost_everywhere(void)
{
	right = *world->host[0]->ledger->store;
	for (uint32_t h = 0; h < world->hosts; h++)
		world->host[h]->ledger->store->get = get_of_a_forgetful;
}

/* A way to spoil a world, and the oracle that must say so. */
struct way {
	const char *oracle;
	void (*spoil)(void);
};

static void found(struct sim_world *made, const struct way *way)
{
	world = made;
	way->spoil();
	sim_run(world);
	if (strncmp(world->violation, way->oracle, strlen(way->oracle)) != 0)
		fail_msg("not '%s' is broken but '%s'", way->oracle, world->violation);
	sim_world_free(world);
}

static void whatever_is_wrong_is_found(void **state)
{
	static const struct way ways[] = {
		{"agreement: ", one_computes_another_price},
		{"validity: ", an_envelope_is_nobodys},
		{"certificates: ", all_believe},
		{"purity: ", the_twin_has_another_disk},
		{"linearizable reads: ", a_client_was_told_of_the_future},
		{"exactly once: envelope 7 stands twice", an_envelope_stood_before},
		{"exactly once: no member can prove", blocks_are_lost_everywhere},
		{"receipts: ", blocks_are_not_what_was_written},
		{"books: ", a_balance_is_not_what_was_written},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		found(made(1), &ways[i]);
}

static void whatever_is_wrong_with_who_joins_is_found(void **state)
{
	static const struct way ways[] = {
		{"agreement: ", who_joined_computes_another_price},
		{"progress: ", who_joins_is_not_who_was_voted_in},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		found(made_of(MOVING, 5, 0), &ways[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_group_passes),
		cmocka_unit_test(a_member_joins_and_another_leaves),
		cmocka_unit_test(whatever_is_wrong_is_found),
		cmocka_unit_test(whatever_is_wrong_with_who_joins_is_found),
	};
	if (!ec_crypto_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
