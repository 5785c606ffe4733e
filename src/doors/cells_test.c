/* cells_test.c - every cell that showed two histories is named to the cloud's operator. */
#include "base/test.h"
#include "doors/cells.h"
#include "tiers/anchors.h"

#include <stdio.h>

enum { CELLS_MAX = 8 };

/* What the cloud's state holds, in the order of its names, and what came of it. */
struct ec_daemon {
	struct {
		char name[EC_NAME_MAX];
		struct ec_fork fork;
	} kept[CELLS_MAX];
	size_t count, next;
	uint8_t value[EC_ANCHOR_SIZE_MAX];
	char alarm[EC_ALARM_MAX];
	void (*each)(void *self, uint64_t seq);
};

struct ec_member *ec_daemon_member(struct ec_daemon *daemon)
{
	return (struct ec_member *)(void *)daemon;
}

struct ec_ledger *ec_member_ledger(struct ec_member *member)
{
	return (struct ec_ledger *)(void *)member;
}

void ec_daemon_on_certified(struct ec_daemon *daemon, void (*each)(void *self, uint64_t seq),
                            void *self)
{
	assert_ptr_equal(self, daemon);
	daemon->each = each;
}

void ec_daemon_alarm(struct ec_daemon *daemon, enum ec_journal_level level, const char *text)
{
	assert_int_equal(level, EC_ERROR);
	snprintf(daemon->alarm, sizeof daemon->alarm, "%s", text);
}

void ec_cursor_start(struct ec_cursor *cursor, const void *prefix, size_t prefix_size)
{
	*cursor = (struct ec_cursor){.prefix_size = prefix_size};
	memcpy(cursor->prefix, prefix, prefix_size);
}

bool ec_ledger_next(struct ec_ledger *ledger, struct ec_cursor *cursor, struct ec_bytes *value)
{
	struct ec_daemon *daemon = (struct ec_daemon *)(void *)ledger;
	size_t i = cursor->begun ? daemon->next : 0;
	while (i < daemon->count &&
	       memcmp(daemon->kept[i].name, cursor->prefix, cursor->prefix_size) != 0)
		i++;
	if (i == daemon->count)
		return false;
	const struct ec_fork *fork = &daemon->kept[i].fork;
	cursor->begun = true;
	cursor->name_size = strlen(daemon->kept[i].name);
	memcpy(cursor->name, daemon->kept[i].name, cursor->name_size);
	struct ec_cbor_writer writer = ec_cbor_writer_over(daemon->value, sizeof daemon->value);
	ec_cbor_write_array(&writer, fork->era ? 5 : 4);
	ec_cbor_write_uint(&writer, fork->anchored_seq);
	ec_cbor_write_hash(&writer, &fork->anchored);
	ec_cbor_write_uint(&writer, fork->other_seq);
	ec_cbor_write_hash(&writer, &fork->other);
	if (fork->era)
		ec_cbor_write_uint(&writer, fork->era);
	*value = (struct ec_bytes){.data = daemon->value, .size = writer.out.size};
	daemon->next = i + 1;
	return true;
}

static void keep(struct ec_daemon *daemon, const char *name, uint64_t era)
{
	snprintf(daemon->kept[daemon->count].name, EC_NAME_MAX, "%s", name);
	daemon->kept[daemon->count++].fork =
		(struct ec_fork){.anchored_seq = 90, .other_seq = 81, .era = era};
}

static void all_of_a_network_fit(void **state)
{
	(void)state;
	struct ec_daemon daemon = {0};
	ec_cells_watch(&daemon);
	daemon.each(&daemon, 1);
	assert_string_equal(daemon.alarm, "");
	for (int i = 1; i <= 4; i++) {
		char name[EC_NAME_MAX], said[64];
		snprintf(name, sizeof name, "fork/cell%d", i);
		keep(&daemon, name, 0);
		daemon.each(&daemon, 1);
		for (int j = 1; j <= i; j++) {
			snprintf(said, sizeof said, "cell%d was restored from an old backup", j);
			assert_non_null(strstr(daemon.alarm, said));
		}
	}
}

static void a_retired_roster_is_told_apart(void **state)
{
	(void)state;
	struct ec_daemon daemon = {0};
	ec_cells_watch(&daemon);
	keep(&daemon, "fork-retired/cell7", 3);
	daemon.each(&daemon, 1);
	assert_string_equal(daemon.alarm,
	                    "cell7 was restored to before a change of roster, or its former "
	                    "members forked it: block 81, by its retired roster of era 3, is of "
	                    "another history than block 90, which is anchored");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_a_network_fit),
		cmocka_unit_test(a_retired_roster_is_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
