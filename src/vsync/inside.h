/* inside.h - a member of a group of replicas from inside; for its own files. */
#ifndef EC_VSYNC_INSIDE_H
#define EC_VSYNC_INSIDE_H

#include "doors/growing.h"
#include "vsync/member.h"

enum {
	VSYNC_PRESENT_MAX = 64, /* that are told apart; of more, nobody asks them into a view */
	VSYNC_RANK_MS = 300,   /* how much longer each waits before it does what the first should */
	VSYNC_ACK_MS = 200,    /* how long a record may wait to be acknowledged */
	VSYNC_ACK_RECORDS = 4, /* that many are acknowledged at once */
	VSYNC_BACKOFF_MS = 50,
	VSYNC_REFUSED_MS = 10000,   /* refused for so long: it cannot go on */
	VSYNC_RANGE_MAX = 64 << 20, /* bytes of a range of all keys */
};

enum vsync_phase {
	VSYNC_READING,  /* all keys of the group */
	VSYNC_GRANTING, /* wants its lease */
	VSYNC_ENTERING, /* wants to be present */
	VSYNC_HERE,     /* is; in the view or not */
	VSYNC_OVER,
};

enum vsync_errand {
	VSYNC_NO_ERRAND,
	VSYNC_ENTER,
	VSYNC_INSTALL,
	VSYNC_SAY,
	VSYNC_BRING,
	VSYNC_ACKNOWLEDGE,
};

struct vsync_present {
	uint64_t id, create, acknowledged;
	char name[EC_VSYNC_NAME_MAX + 1];
};

struct vsync_record {
	uint64_t revision;
	struct vsync_key key;
	bool is_void; /* a piece of a state that was not brought whole in its view */
};

/* The transaction over keys that is under way. */
struct vsync_under_way {
	enum vsync_errand errand;
	bool answered, told; /* it is in a block; and what its compares came to */
	bool showed;         /* its record has come */
	uint64_t seq, revision;
	uint64_t count;    /* SAY: of its key; 0: nothing is to be expected of it any more */
	uint32_t messages; /* SAY: in its record */
	size_t bytes;      /* BRING: of the state in its record */
};

struct vsync_member {
	struct vsync_config config;
	uint8_t prefix[EC_VSYNC_PREFIX_MAX];
	char name[EC_VSYNC_NAME_MAX + 1];
	enum vsync_phase phase;
	bool leaving;

	/* What was read. */
	bool checking; /* a range came in pages: whether it is still present */
	uint32_t pages;
	uint8_t own_key[VSYNC_KEY_MAX];
	size_t own_key_size;
	bool ranging;            /* all keys, for the first time or since changes were missed */
	uint64_t range_revision; /* of its first page */
	struct ec_growing range; /* items, as member_read.c frames them */
	uint8_t after[EC_STORE_KEY_MAX];
	size_t after_size;
	uint64_t place_revision, place_index; /* the next change */
	uint64_t seen;                        /* all changes up to this revision came */
	uint64_t newest;                      /* the revision of the last record */

	/* Who is present, and the view in force. */
	struct vsync_present present[VSYNC_PRESENT_MAX]; /* by create revision */
	uint32_t presents;
	struct ec_vsync_view view;
	bool in, whole;
	uint64_t create;    /* of our presence */
	uint64_t delivered; /* the newest record that we took in, when whole */
	uint64_t unacknowledged, unacknowledged_since;
	uint64_t differs_since; /* since when others are present than the view names; 0: not */

	struct vsync_record record[VSYNC_RECORDS_MAX]; /* by revision */
	uint32_t records, own;                         /* own: multicasts of ours */

	/* The state on its way to us, and what came meanwhile; from us. */
	struct ec_growing incoming, held, outgoing;
	uint64_t pieces_in, pieces_out;
	size_t outgoing_at;
	bool bringing;

	/* What we say. */
	struct ec_growing queue; /* u64 number, u32 size, bytes */
	uint64_t said, count;    /* numbers and keys given */
	bool shut;       /* a multicast failed: the view has ended, and we shall hear of it */
	bool piece_next; /* pieces and multicasts take turns */
	struct vsync_under_way keys;
	bool lease_under_way;
	uint64_t keep_at_ms, hold_until_ms[VSYNC_LANES], refused_since_ms[VSYNC_LANES];
};

#ifdef EC_PLANTED
/* Whether this member has a bug; never, in other builds. */
static inline bool vsync_planted(const struct vsync_member *member, enum vsync_bug bug)
{
	return member->config.bug == (uint32_t)bug;
}
#else
#define vsync_planted(member, bug) ((void)(member), false)
#endif

/* Takes in one change of the group's keys, or what a range showed of it.
 * In: kind: what it did; create: of its key; value: when put. */
struct vsync_change {
	uint64_t revision;
	struct vsync_key key;
	bool put;
	uint64_t create;
	struct ec_view value;
};

/* Takes in the next change of the order; may call upcalls. */
void vsync_change_came(struct vsync_member *member, uint64_t now_ms,
                       const struct vsync_change *change);

/* Enters a presence, or what it now says; keeps them by create revision. */
void vsync_present_put(struct vsync_member *member, uint64_t id, uint64_t create,
                       struct ec_view value);

/* Enters a record.  Returns: false when there are too many, and the member is lost. */
bool vsync_record_put(struct vsync_member *member, uint64_t revision, struct vsync_key key);

/* Ends it: refuses what is queued, then calls `fenced`.  In: sure: whether the order has shown that
 * what is on its way is not in it. */
void vsync_end(struct vsync_member *member, const char *why, bool sure);

/* Frees what the answered transaction over keys holds, once the reads have come past it.
 * In: seq, more: of the newest answer to WATCH. */
void vsync_settle(struct vsync_member *member, uint64_t now_ms, uint64_t seq, bool more);

/* Whether others are present than the view in force names.  Out: next: the view that should be. */
bool vsync_view_differs(const struct vsync_member *member, struct ec_vsync_view *next);

/* The place of a presence among all; VSYNC_PRESENT_MAX: it is none of them. */
uint32_t vsync_present_find(const struct vsync_member *member, uint64_t id);

#endif
