/* raft_check_test.c - the door: what no member says is refused; and which options a roster may ask
 * for. */
#include "base/test.h"
#include "consensus/raft/raft_world.h"

static struct world *world;

static bool passes(ec_node from, struct message message, const char *body)
{
	memcpy(&message.tag, world->domain.b, sizeof message.tag);
	struct ec_bytes head = raft_message_write(world->pool, &message);
	struct ec_input in = {.kind = EC_RECV,
	                      .from = from,
	                      .head = head,
	                      .body = {.data = (const uint8_t *)body, .size = strlen(body)}};
	bool good = ec_raft.check(&world->member[0].config, &in);
	ec_drop(head);
	return good;
}

/* Members 0 and 1 may lead, 2 votes, 3 learns. */
static void what_no_member_says_is_refused(void **state)
{
	(void)state;
	world = world_new(&raft_world, (struct world_options){.n = 4, .voters = 3, .leaders = 3});
	struct message append = {
		.kind = APPEND, .term = 3, .index = 5, .log_term = 2, .entry_term = 3, .origin = 1};
	assert_true(passes(1, append, "x"));
	assert_false(passes(2, append, "x")); /* it may not lead */
	assert_false(passes(1, append, ""));  /* a batch has bytes */
	struct message wrong = append;
	wrong.origin = 3; /* proposed by a learner */
	assert_false(passes(1, wrong, "x"));
	wrong = append;
	wrong.origin = EC_ALL; /* a filler has none */
	assert_false(passes(1, wrong, "x"));
	assert_true(passes(1, wrong, ""));
	wrong = append;
	wrong.entry_term = 4; /* of a later term than its leader's */
	assert_false(passes(1, wrong, "x"));
	wrong.entry_term = 1; /* terms decrease */
	assert_false(passes(1, wrong, "x"));
	wrong = append;
	wrong.index = 0; /* nothing stands there, so it has no term */
	assert_false(passes(1, wrong, "x"));
	wrong = append;
	wrong.term = NUMBER_TOLD_MAX + 1;
	assert_false(passes(1, wrong, "x"));
	assert_false(passes(3, (struct message){.kind = VOTED, .term = 2, .word = 1}, ""));
	assert_true(passes(2, (struct message){.kind = VOTED, .term = 2, .word = 1}, ""));
	assert_false(passes(2, (struct message){.kind = VOTED, .term = 2, .word = 2}, ""));
	assert_false(passes(2, (struct message){.kind = VOTED, .term = 2}, "x"));
	assert_false(passes(2, (struct message){.kind = VOTED}, "")); /* term 0 */
	assert_true(passes(3, (struct message){.kind = ACK, .term = 2, .index = 4}, ""));
	assert_true(passes(3, (struct message){.kind = ASK_READ, .term = 2, .ticket = 1}, ""));
	assert_false(passes(3, (struct message){.kind = ASK_READ, .term = 2}, ""));
	assert_false(passes(0, (struct message){.kind = INSTALL, .term = 2}, ""));
	assert_false(passes(0, (struct message){.kind = SAVED_TERM, .term = 2}, ""));
	assert_null(world_free(world));
}

static const char *read_options(const struct raft_options *is, uint64_t timeout_ns,
                                struct raft_options *out)
{
	uint8_t at[64];
	struct ec_writer writer = ec_writer_over(at, sizeof at);
	ec_write_u64(&writer, is->election_min_ns);
	ec_write_u64(&writer, is->election_max_ns);
	ec_write_u64(&writer, is->heartbeat_ns);
	const uint32_t words[] = {is->window,   is->interval, is->batch_bytes_max,
	                          is->inflight, is->first,    is->lease};
	for (int i = 0; i < 6; i++)
		ec_write_u32(&writer, words[i]);
	return ec_raft.options_read((struct ec_bytes){.data = at, .size = writer.size}, timeout_ns,
	                            out);
}

static void options_have_bounds(void **state)
{
	static const uint64_t ms = 1000 * 1000;
	struct raft_options out;
	uint32_t size = 0;
	(void)state;
	for (const struct ec_option *option = ec_raft.option; option->name; option++)
		size += option->size;
	assert_int_equal(size, 48);
	assert_null(read_options(&(struct raft_options){0}, 0, &out));
	assert_null(ec_raft.options_read(EC_NO_BYTES, 0, &out));
	assert_non_null(
		ec_raft.options_read((struct ec_bytes){(const uint8_t *)"x", 1, NULL}, 0, &out));
	assert_null(read_options(&(struct raft_options){.lease = 1, .first = 2}, 0, &out));
	assert_int_equal(out.first, 2);
	static const struct raft_options wrong[] = {
		{.election_min_ns = 1},
		{.election_min_ns = 2 * RAFT_ELECTION_MAX_NS},
		{.election_min_ns = 300 * 1000 * 1000, .election_max_ns = 300 * 1000 * 1000},
		{.election_min_ns = 300 * 1000 * 1000, .heartbeat_ns = 200 * 1000 * 1000},
		{.interval = RAFT_INTERVAL_MAX + 1},
		{.interval = 64, .window = 128},
		{.window = RAFT_WINDOW_MAX + 1},
		{.batch_bytes_max = RAFT_BATCH_BYTES_MAX + 1},
		{.inflight = RAFT_INFLIGHT_MAX + 1},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_non_null(read_options(&wrong[i], 0, &out));
	/* A host's time-out stands for theirs, and what depends on it goes along. */
	assert_null(
		read_options(&(struct raft_options){.election_max_ns = 400 * ms}, 1000 * ms, &out));
	struct ec_config config = {.options = &out};
	assert_int_equal(ec_raft.terms(&config).timeout_ns, 1000 * ms);
	assert_int_equal(raft_options_of(&config).election_max_ns, 2000 * ms);
	assert_int_equal(raft_options_of(&config).heartbeat_ns, 200 * ms);
}

static void rosters_that_cannot_be_served(void **state)
{
	struct ec_roster_member member[65] = {{.roles = EC_VOTER}};
	struct ec_roster roster = {.n = 3, .member = member};
	struct raft_options options = {.first = 4};
	struct ec_config config = {.roster = &roster};
	(void)state;
	assert_null(ec_raft.misfit(&config));
	config.options = &options;
	assert_non_null(ec_raft.misfit(&config)); /* who leads first is no member */
	config.options = NULL;
	roster.n = 65;
	assert_non_null(ec_raft.misfit(&config));
	roster.n = 3;
	member[0].roles = 0;
	assert_non_null(ec_raft.misfit(&config));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_no_member_says_is_refused),
		cmocka_unit_test(options_have_bounds),
		cmocka_unit_test(rosters_that_cannot_be_served),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
