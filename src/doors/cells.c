/* cells.c - a cloud's node watches what is proven against its cells, and tells its operator. */
#include "doors/cells.h"

#include "base/text.h"
#include "tiers/anchors.h"

static void fork_add(struct ec_text *text, const char *cell, int size, const struct ec_fork *fork)
{
	unsigned long long other = fork->other_seq, anchored = fork->anchored_seq;
	if (fork->era)
		ec_text_add(text,
		            "%.*s was restored to before a change of roster, or its former members "
		            "forked it: block %llu, by its retired roster of era %llu, is of "
		            "another history than block %llu, which is anchored",
		            size, cell, other, (unsigned long long)fork->era, anchored);
	else
		ec_text_add(text,
		            "%.*s was restored from an old backup or forked: its block %llu is of "
		            "another history than its block %llu, which is anchored",
		            size, cell, other, anchored);
}

/* Adds every cell that is named under a prefix. */
static void forks_add(struct ec_daemon *daemon, const char *prefix, struct ec_text *text)
{
	struct ec_cursor cursor;
	struct ec_bytes value;
	struct ec_fork fork;
	int skip = (int)strlen(prefix);
	ec_cursor_start(&cursor, prefix, strlen(prefix));
	while (ec_ledger_next(ec_member_ledger(ec_daemon_member(daemon)), &cursor, &value))
		if (ec_fork_read(value, &fork)) {
			ec_text_add(text, "%s", text->size ? "; " : "");
			fork_add(text, (const char *)cursor.name + skip,
			         (int)cursor.name_size - skip, &fork);
		}
}

static void look(void *self, uint64_t seq)
{
	struct ec_daemon *daemon = self;
	char room[EC_ALARM_MAX];
	struct ec_text text = ec_text_over(room, sizeof room);
	(void)seq;
	forks_add(daemon, EC_FORKS, &text);
	forks_add(daemon, EC_RETIRED_FORKS, &text);
	ec_daemon_alarm(daemon, EC_ERROR, room);
}

void ec_cells_watch(struct ec_daemon *daemon)
{
	ec_daemon_on_certified(daemon, look, daemon);
}
