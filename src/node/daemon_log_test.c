/* daemon_log_test.c - a node with one client writes its log on its loop, and loses nothing by it.
 */
#include "node/test_house.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SYNCS = 300, NOTES_MAX = 1500 };

static pthread_t loop;
static atomic_uint here, elsewhere;

/* The system's disk may be slow, and nobody cuts the power. */
int fdatasync(int fd)
{
	(void)fd;
	atomic_fetch_add(pthread_equal(pthread_self(), loop) ? &here : &elsewhere, 1);
	return 0;
}

static void note_send(struct house *house, struct sent *sent)
{
	house_send(house, 0, 0, sent);
	HOUSE_UNTIL(house, sent->answers);
	assert_int_equal(sent->outcome.kind, EC_OUTCOME_DONE);
}

static void one_client_wakes_no_writer(void **state)
{
	static struct house house;
	struct sent sent = {0};
	house_begin(&house, *state, 0);
	loop = pthread_self();
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		house_open(&house, i);
	HOUSE_UNTIL(&house, house_all_ready(&house));
	/* LMDB syncs on the loop, too: two or three times in 64 blocks. */
	uint32_t begun = atomic_load(&here), notes = 0;
	for (; notes < NOTES_MAX && atomic_load(&here) - begun < SYNCS; notes++)
		note_send(&house, &sent);
	assert_in_range(notes, 1, NOTES_MAX - 1);
	assert_true(atomic_load(&elsewhere) > 0);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		house_stop(&house, i);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		house_open(&house, i);
	HOUSE_UNTIL(&house, house_all_ready(&house));
	struct ec_ledger *ledger = ec_member_ledger(ec_daemon_member(house.daemon[0]));
	HOUSE_UNTIL(&house, ec_ledger_at(ledger).seq >= sent.outcome.seq);
	house_end(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_client_wakes_no_writer, folder_make,
	                                        folder_end),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
