/* upcalls.h - what a member of a group of replicas is told: views, multicasts, states. */
#ifndef EC_VSYNC_UPCALLS_H
#define EC_VSYNC_UPCALLS_H

#include "base/cbor.h"

enum {
	EC_VSYNC_PREFIX_MAX = 48,  /* bytes of a group's prefix in the store, at least 1 */
	EC_VSYNC_NAME_MAX = 32,    /* bytes of a member's name, UTF-8 */
	EC_VSYNC_MEMBERS_MAX = 16, /* of a view; who comes later waits outside */
};

struct ec_vsync_peer {
	uint64_t id; /* one life of a member: who joins again has another */
	char name[EC_VSYNC_NAME_MAX + 1];
	bool whole; /* has the group's state, as far as who made the view knew */
};

struct ec_vsync_view {
	uint64_t number; /* from 1, one after the other */
	uint64_t epoch;  /* the store's revision that installed it: grows, with gaps */
	uint32_t members;
	struct ec_vsync_peer member[EC_VSYNC_MEMBERS_MAX]; /* the longest present first */
};

struct ec_vsync_message {
	uint64_t epoch;    /* of the view in which it was sent and is delivered */
	uint64_t sender;   /* a member's id */
	uint64_t number;   /* what ec_vsync_multicast() returned to the sender */
	uint64_t revision; /* with `index`: its place in the order of all multicasts */
	uint32_t index;
	struct ec_view bytes; /* borrowed for the call */
};

/* What the library calls, from inside ec_vsync_turn() alone; each may call ec_vsync_multicast(),
 * none may end the handle.  All are given.
 *
 *     [state_brought] view (deliver | refused)* [state_wanted] view ... fenced
 */
struct ec_vsync_calls {
	void *self;
	/* A view begins.  All members that install this view and the next one deliver the same
	 * multicasts in between, in the same order. */
	void (*view)(void *self, const struct ec_vsync_view *view);
	/* The next multicast of the order, one's own among them. */
	void (*deliver)(void *self, const struct ec_vsync_message *message);
	/* A multicast of one's own was not ordered before its view ended, and nobody will ever
	 * deliver it.  `bytes` are those that were sent, borrowed for the call; a call of
	 * ec_vsync_multicast() sends them in the view that begins.  Not `sure`, which comes right
	 * before `fenced` alone: it was on its way, and may have been ordered unseen. */
	void (*refused)(void *self, uint64_t number, struct ec_view bytes, bool sure);
	/* Members have joined, and this one is to tell them the state as of now: after all
	 * multicasts of the view that ended, before the next call of `view`.  Returns: the state,
	 * copied before anything else is called. */
	struct ec_view (*state_wanted)(void *self);
	/* The state to begin with, once, before the first view.  data NULL: there is none, for the
	 * group is new or none of its members that had the state is left. */
	void (*state_brought)(void *self, struct ec_view state);
	/* This member is out: its lease ended, it was excluded, it left, or it cannot go on (`why`
	 * says).  Nothing is called after it.  In: the epoch of the last view that it was in; 0:
	 * none. */
	void (*fenced)(void *self, uint64_t epoch, const char *why);
};

#endif
