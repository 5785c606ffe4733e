/* bodies_test.c - batches held and clients that wait: order, bounds, turns. */
#include "base/prng.h"
#include "base/test.h"
#include "crypto/hash.h"
#include "group/bodies.h"
#include "group/clients.h"

struct held {
	struct ec_pool *pool;
	struct bodies *bodies;
};

static struct held begin(void)
{
	return (struct held){ec_pool_new(0), bodies_new(1000, 5)};
}

static void end(struct held *held)
{
	bodies_free(held->bodies);
	assert_int_equal(ec_pool_live(held->pool), 0);
	ec_pool_free(held->pool);
}

static ec_hash digest_of(uint32_t number)
{
	return ec_sha256(&number, sizeof number);
}

static struct body body_of(struct held *held, uint32_t number, uint32_t source, size_t size)
{
	return (struct body){.digest = digest_of(number),
	                     .bytes = ec_pool_take(held->pool, size),
	                     .arrived = number,
	                     .began = number,
	                     .source = source};
}

static enum bodies_put put(struct held *held, uint32_t number, uint32_t source, size_t size)
{
	struct body body = body_of(held, number, source, size);
	enum bodies_put result = bodies_put(held->bodies, &body);
	ec_drop(body.bytes);
	return result;
}

static enum bodies_put keep(struct held *held, uint32_t number, uint32_t source, size_t size)
{
	struct body body = body_of(held, number, source, size);
	enum bodies_put result = bodies_keep(held->bodies, &body);
	ec_drop(body.bytes);
	return result;
}

static void assert_next(struct held *held, uint32_t source, uint32_t number)
{
	struct body *body = bodies_submit(held->bodies, source);
	assert_non_null(body);
	assert_int_equal(body->arrived, number);
}

/* `first`: when the oldest that is not submitted arrived. */
static void assert_waiting(struct held *held, uint32_t count, uint64_t first)
{
	const struct body *body = bodies_first_waiting(held->bodies, BODIES_SOURCES);
	assert_int_equal(bodies_waiting(held->bodies, BODIES_SOURCES), count);
	assert_int_equal(body ? body->arrived : 0, first);
}

static void test_sources_take_turns(void **state)
{
	(void)state;
	struct held held = begin();
	for (uint32_t i = 1; i <= 3; i++)
		put(&held, i, 7, 10);
	put(&held, 4, 9, 10);
	put(&held, 5, BODIES_OWN, 10);
	assert_waiting(&held, 5, 1);
	assert_next(&held, BODIES_SOURCES, 1);
	assert_waiting(&held, 4, 2);
	assert_next(&held, BODIES_SOURCES, 4);
	assert_next(&held, BODIES_SOURCES, 5);
	assert_next(&held, BODIES_SOURCES, 2);
	assert_waiting(&held, 1, 3);
	assert_int_equal(bodies_oldest(held.bodies)->arrived, 1);
	ec_hash gone = digest_of(3);
	bodies_delivered(held.bodies, &gone, 9);
	assert_waiting(&held, 0, 0);
	bodies_resubmit(held.bodies, 9, 9);
	assert_waiting(&held, 4, 1);
	assert_next(&held, BODIES_OWN, 5);
	assert_null(bodies_submit(held.bodies, BODIES_OWN));
	assert_next(&held, BODIES_SOURCES, 1);
	end(&held);
}

static void test_each_source_is_bounded(void **state)
{
	(void)state;
	struct held held = begin();
	assert_int_equal(put(&held, 1, 7, 900), BODIES_NEW);
	assert_int_equal(put(&held, 2, 7, 200), BODIES_FULL);
	assert_int_equal(put(&held, 3, 8, 200), BODIES_NEW);
	assert_int_equal(keep(&held, 2, 7, 200), BODIES_NEW); /* for a message */
	assert_int_equal(put(&held, 2, 8, 200), BODIES_HELD);
	assert_int_equal(bodies_bytes(held.bodies), 1100);
	end(&held);
}

static void test_delivered_ones_stay_a_while(void **state)
{
	(void)state;
	struct held held = begin();
	enum { MANY = BODIES_DIGESTS_MAX + 10 };
	for (uint32_t i = 1; i <= MANY; i++) {
		ec_hash digest = digest_of(i);
		assert_int_equal(put(&held, i, 7, 10), BODIES_NEW);
		assert_false(bodies_delivered(held.bodies, &digest, i));
		assert_true(bodies_delivered(held.bodies, &digest, i));
		assert_int_equal(put(&held, i, 7, 10), BODIES_HELD);
	}
	assert_int_equal(bodies_count(held.bodies), 0);
	ec_hash old = digest_of(1), newer = digest_of(MANY - BODIES_RECENT_MAX);
	assert_null(bodies_find(held.bodies, &old));
	assert_false(bodies_was_delivered(held.bodies, &old));
	assert_true(bodies_was_delivered(held.bodies, &newer));
	assert_null(bodies_find(held.bodies, &newer));
	assert_int_equal(put(&held, MANY - BODIES_RECENT_MAX, 7, 10), BODIES_LATE);
	/* One that a message waits for comes back, but waits for no delivery. */
	assert_int_equal(keep(&held, MANY - BODIES_RECENT_MAX, 7, 10), BODIES_NEW);
	assert_non_null(bodies_find(held.bodies, &newer));
	assert_int_equal(bodies_count(held.bodies), 0);
	end(&held);
}

/* One that is only kept waits when its gateway says that it does, or when another leads. */
static void test_kept_ones_wait_later(void **state)
{
	(void)state;
	struct held held = begin();
	ec_hash first = digest_of(1), done = digest_of(2), large = digest_of(4);
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(keep(&held, i, 7, 10), BODIES_NEW);
	assert_int_equal(keep(&held, 1, 8, 10), BODIES_HELD);
	assert_int_equal(keep(&held, 4, 7, 1001), BODIES_NEW); /* more than a source may bring */
	assert_int_equal(bodies_count(held.bodies), 0);
	assert_int_equal(bodies_passed(held.bodies), 0);
	assert_false(bodies_delivered(held.bodies, &done, 5));
	bodies_wait(held.bodies, bodies_find(held.bodies, &first), 6, 16);
	assert_waiting(&held, 1, 6);
	assert_int_equal(bodies_passed(held.bodies), 16);
	bodies_resubmit(held.bodies, 7, 17);
	assert_waiting(&held, 2, 6);
	assert_true(bodies_find(held.bodies, &large)->idle);
	assert_next(&held, 7, 6);
	assert_next(&held, 7, 7);
	assert_false(bodies_delivered(held.bodies, &first, 18));
	assert_int_equal(bodies_passed(held.bodies), 18);
	for (uint32_t i = 0; i < BODIES_RECENT_MAX; i++) /* they are bounded together */
		assert_int_equal(keep(&held, 10 + i, 7, 10), BODIES_NEW);
	assert_null(bodies_find(held.bodies, &large));
	end(&held);
}

static bool add(struct clients *clients, struct ec_pool *pool, uint64_t token, uint32_t id)
{
	struct client client = {
		.token = token, .id = digest_of(id), .envelope = ec_pool_take(pool, 100)};
	bool added = clients_add(clients, &client);
	ec_drop(client.envelope);
	return added;
}

static uint64_t done(struct clients *clients, uint32_t id)
{
	ec_hash name = digest_of(id);
	uint64_t token = 0;
	return clients_done(clients, &name, &token) ? token : 0;
}

static void test_clients_wait_in_order(void **state)
{
	(void)state;
	struct ec_pool *pool = ec_pool_new(0);
	struct clients *clients = clients_new(4, 5);
	for (uint32_t i = 1; i <= 3; i++)
		assert_true(add(clients, pool, i, i));
	assert_true(add(clients, pool, 4, 2)); /* another client, the same envelope */
	assert_false(add(clients, pool, 5, 5));
	assert_int_equal(clients_queue(clients), 3);
	clients_batch(clients);
	assert_int_equal(clients_queued(clients)->token, 2);
	assert_int_equal(done(clients, 2), 4);
	assert_int_equal(done(clients, 2), 2);
	assert_int_equal(done(clients, 2), 0);
	assert_int_equal(clients_queued(clients)->token, 3);
	clients_requeue(clients);
	assert_int_equal(clients_queued(clients)->token, 1);
	assert_int_equal(clients_waiting(clients), 2);
	assert_true(add(clients, pool, 6, 6));
	ec_hash ids[3], six = digest_of(6);
	assert_int_equal(clients_ids(clients, ids), 3);
	assert_memory_equal(&ids[2], &six, sizeof six);
	clients_free(clients);
	assert_int_equal(ec_pool_live(pool), 0);
	ec_pool_free(pool);
}

static void delivered(struct held *held, uint32_t number, uint64_t awake)
{
	ec_hash digest = digest_of(number);
	assert_false(bodies_delivered(held->bodies, &digest, awake));
}

static void test_who_is_passed_over(void **state)
{
	(void)state;
	struct held held = begin();
	assert_int_equal(bodies_passed(held.bodies), 0);
	for (uint32_t i = 1; i <= 4; i++)
		put(&held, i, 7, 10);
	put(&held, 5, 8, 10);
	put(&held, 6, 8, 10);
	assert_int_equal(bodies_passed(held.bodies), 1);
	/* A long row that gets its turns is not passed over; 8, whose turn never comes, is. */
	delivered(&held, 1, 100);
	delivered(&held, 2, 200);
	assert_int_equal(bodies_passed(held.bodies), 5);
	delivered(&held, 5, 300);
	assert_int_equal(bodies_passed(held.bodies), 200);
	/* 4 does not count for 3, which came before it. */
	delivered(&held, 4, 400);
	assert_int_equal(bodies_passed(held.bodies), 200);
	delivered(&held, 6, 500);
	delivered(&held, 3, 600);
	assert_int_equal(bodies_passed(held.bodies), 0);
	/* What comes later waits since it came. */
	put(&held, 700, 7, 10);
	assert_int_equal(bodies_passed(held.bodies), 700);
	end(&held);
}

/* Its own gateway's word is what counts for where it stands: 7 brought 3 of 8 first. */
static void test_a_gateway_claims_its_own(void **state)
{
	(void)state;
	struct held held = begin();
	for (uint32_t i = 1; i <= 3; i++)
		put(&held, i, 7, 10);
	put(&held, 4, 8, 10);
	delivered(&held, 4, 50);
	ec_hash digest = digest_of(3);
	bodies_claimed(held.bodies, bodies_find(held.bodies, &digest), 8, 60);
	assert_int_equal(bodies_from(held.bodies, 7), 2);
	assert_int_equal(bodies_from(held.bodies, 8), 1);
	assert_int_equal(bodies_bytes_from(held.bodies, 8), 10);
	assert_int_equal(bodies_bytes(held.bodies), 30);
	/* Turns for 7 are none for it any more: its clock runs since those of 8. */
	delivered(&held, 1, 100);
	delivered(&held, 2, 200);
	assert_int_equal(bodies_passed(held.bodies), 50);
	assert_next(&held, 8, 3);
	assert_null(bodies_submit(held.bodies, 7));
	delivered(&held, 3, 300);
	assert_int_equal(bodies_passed(held.bodies), 0);
	/* What stands behind one that leaves waits from then, and nobody claims ours. */
	put(&held, 310, 7, 10);
	put(&held, 320, 7, 10);
	digest = digest_of(310);
	bodies_claimed(held.bodies, bodies_find(held.bodies, &digest), 8, 400);
	delivered(&held, 310, 410);
	assert_int_equal(bodies_passed(held.bodies), 400);
	put(&held, 420, BODIES_OWN, 10);
	digest = digest_of(420);
	bodies_claimed(held.bodies, bodies_find(held.bodies, &digest), 7, 430);
	assert_int_equal(bodies_from(held.bodies, BODIES_OWN), 1);
	end(&held);
}

/* By a walk over all: what bodies_stray() need not do. */
static struct body *stray_walked(struct bodies *bodies)
{
	struct body *body = bodies_oldest(bodies);
	while (body && (body->submitted || body->ordered || body->source == BODIES_OWN))
		body = bodies_after(bodies, body);
	return body;
}

/* Something befalls one of the oldest. */
static void stray_step(struct held *held, struct ec_prng *prng, uint32_t number)
{
	struct bodies *bodies = held->bodies;
	struct body *body = bodies_oldest(bodies);
	uint64_t which = ec_prng_below(prng, 16);
	for (uint64_t i = ec_prng_below(prng, 12); i && body && bodies_after(bodies, body); i--)
		body = bodies_after(bodies, body);
	if (which < 2)
		put(held, number, ec_prng_chance(prng, 1, 4) ? BODIES_OWN : 7 + (uint32_t)which, 1);
	else if (!body)
		return;
	else if (which < 5)
		bodies_submit(bodies, ec_prng_chance(prng, 1, 2) ? BODIES_OWN : 8);
	else if (which == 5 && ec_prng_chance(prng, 1, 8))
		bodies_resubmit(bodies, number, number);
	else if (which == 6)
		keep(held, number, 7, 1);
	else if (which == 7)
		bodies_claimed(bodies, body, 9, number);
	else if (which == 8)
		bodies_unsubmit(bodies, body);
	else if (which <= 12)
		bodies_ordered(bodies, body, which != 12);
	else
		bodies_delivered(bodies, &body->digest, number);
}

static void test_strays_are_found_without_a_walk(void **state)
{
	(void)state;
	struct held held = begin();
	struct ec_prng prng;
	uint32_t found = 0, changes = 0;
	ec_prng_seed(&prng, 1);
	struct body *last = NULL;
	for (uint32_t number = 1; number < 20000; number++) {
		stray_step(&held, &prng, number);
		struct body *body = bodies_stray(held.bodies);
		assert_ptr_equal(body, stray_walked(held.bodies));
		found += body != NULL;
		changes += body != last;
		last = body;
	}
	assert_true(found > 1000 && found < 19000 && changes > 500);
	end(&held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources_take_turns),
		cmocka_unit_test(test_each_source_is_bounded),
		cmocka_unit_test(test_delivered_ones_stay_a_while),
		cmocka_unit_test(test_kept_ones_wait_later),
		cmocka_unit_test(test_who_is_passed_over),
		cmocka_unit_test(test_a_gateway_claims_its_own),
		cmocka_unit_test(test_strays_are_found_without_a_walk),
		cmocka_unit_test(test_clients_wait_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
