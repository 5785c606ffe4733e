/* cells.c - a cloud's node watches what is proven against its cells, and tells its operator. */
#include "doors/cells.h"

#include "base/text.h"
#include "tiers/anchors.h"

static void look(void *self, uint64_t seq)
{
	static const char prefix[] = "fork/";
	struct ec_daemon *daemon = self;
	char room[EC_ALARM_MAX];
	struct ec_text text = ec_text_over(room, sizeof room);
	struct ec_cursor cursor;
	struct ec_bytes value;
	struct ec_fork fork;
	(void)seq;
	ec_cursor_start(&cursor, prefix, strlen(prefix));
	while (ec_ledger_next(ec_member_ledger(ec_daemon_member(daemon)), &cursor, &value))
		if (ec_fork_read(value, &fork))
			ec_text_add(&text,
			            "%s%.*s was restored from an old backup or forked: its block "
			            "%llu is of another history than its block %llu, which is "
			            "anchored",
			            text.size ? "; " : "", (int)(cursor.name_size - strlen(prefix)),
			            (const char *)cursor.name + strlen(prefix),
			            (unsigned long long)fork.other_seq,
			            (unsigned long long)fork.anchored_seq);
	ec_daemon_alarm(daemon, EC_ERROR, room);
}

void ec_cells_watch(struct ec_daemon *daemon)
{
	ec_daemon_on_certified(daemon, look, daemon);
}
