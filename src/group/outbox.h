/* outbox.h - the acts that wait for the host, in order. */
#ifndef EC_GROUP_OUTBOX_H
#define EC_GROUP_OUTBOX_H

#include "group/member.h"

/* An act without its text, which few have. */
struct act {
	enum ec_act_kind kind;
	uint32_t peer, index, count;
	unsigned code;
	uint64_t token, seq;
	ec_hash id;
	struct ec_bytes bytes, text;
};

/* A ring that grows; its length is bounded by those who stop working while it is long. */
struct outbox {
	struct act *at;
	uint32_t first, count, capacity;
};

enum { OUTBOX_LONG = 4096 }; /* no new work while this many acts wait */

/* Appends an act; takes over its bytes and text. */
void outbox_push(struct outbox *outbox, struct act act);

/* Takes the oldest out; its bytes and text pass to the caller.  Returns: false when empty. */
bool outbox_pop(struct outbox *outbox, struct act *act);

/* Drops every act; the outbox is empty then, and can be used again. */
void outbox_free(struct outbox *outbox);

#endif
