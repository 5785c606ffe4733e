/* admission.h - whether our era key may vote, in eras whose protocol stands crashes only. */
#ifndef EC_GROUP_ADMISSION_H
#define EC_GROUP_ADMISSION_H

#include "crypto/sign.h"
#include "group/frames.h"
#include "group/member.h"
#include "group/records.h"

struct reign;

struct admission {
	bool unseen; /* its disk was empty, and nothing that it brought is in the order yet */
	bool asking, logging;       /* whether the others are new, too; a record is on its way */
	uint64_t since;             /* when we began to ask */
	uint64_t withheld_era;      /* up to which our keys may not; 0: they may */
	bool is_new[EC_PEERS_MAX];  /* of a peer: it said last that its disk is empty; */
	bool was_new[EC_PEERS_MAX]; /* it did so ever, in our life */
	bool heard[EC_PEERS_MAX];   /* it said where it stands, in our life */
};

/* At the start of a life, once the log was read: asks the others where that is needed. */
void admission_start(struct ec_member *m);

/* Whether we ask, and so take part in nothing yet. */
bool admission_asking(const struct ec_member *m);

/* Whether our key is known to have no vote in a reign: it is muted. */
bool admission_withheld(const struct ec_member *m, const struct reign *reign);

/* A peer says where it stands.  Returns: whether its disk was empty, and it now takes part: then it
 * passed over what was said to it. */
bool admission_heard(struct ec_member *m, uint32_t peer, const struct ec_frame *standing);

/* Takes part, or follows, once enough is known of the others. */
void admission_turn(struct ec_member *m);

/* Whether a batch of our own must stand in the order first, before we are ready for an era in which
 * we vote. */
bool admission_unseen(const struct ec_member *m);

/* Makes that batch, when it can be ordered. */
void admission_show(struct ec_member *m);

/* This batch stands in the order of the era in force. */
void admission_delivered(struct ec_member *m, const ec_hash *digest);

/* Whether what comes next must wait: we ask, or a record of ours is not durable yet. */
bool admission_waits(const struct ec_member *m);

/* When to look again whether enough is known; 0: not. */
uint64_t admission_wake(const struct ec_member *m);

/* A WITHHELD record of an earlier life. */
void admission_recorded(struct ec_member *m, const struct record *record);

/* One that we wrote is durable. */
void admission_durable(struct ec_member *m);

/* Writes it anew when it comes to stand first in a long log. */
void admission_carry(struct ec_member *m);

#endif
