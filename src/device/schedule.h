/* schedule.h - which envelope goes to which gateway when: pure, of fixed size.
 *
 * Each envelope goes to one gateway at a time.  The gateway's signed promise, or a time-out without
 * one, says until when; then the same envelope goes to the next gateway.  Once it is in a block, a
 * receipt is asked for until one is judged valid; only that ends it.  A device that knows f+1
 * gateways so reaches an honest one.
 *
 *     WAITING --send--> SENT --done--> ORDERED --ask--> ASKED --valid receipt--> gone
 *        ^                |               ^               |
 *        +--- too late ---+               +- none, bad ---+    (each time to the next gateway) */
#ifndef EC_DEVICE_SCHEDULE_H
#define EC_DEVICE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	EC_SCHEDULE_MAX = 4096,
	EC_GATEWAYS_MAX = 16,
	EC_WINDOW = 64, /* sequences of a lane that the ledger tells apart */
};

struct ec_schedule_plan {
	uint32_t gateways;   /* 1..EC_GATEWAYS_MAX */
	uint32_t first;      /* which of them to begin with */
	uint64_t answer_ns;  /* how long to wait for an answer without a promise */
	uint64_t promise_ns; /* longest promise that is waited for */
	uint32_t flying_max; /* envelopes at one gateway at once */
};

enum ec_send_state { EC_SEND_NONE, EC_SEND_WAITING, EC_SEND_SENT, EC_SEND_ORDERED, EC_SEND_ASKED };

struct ec_send {
	enum ec_send_state state;
	uint32_t gateway, tries;
	uint64_t at_ns; /* when something is to happen next */
	uint64_t lane, sequence;
};

struct ec_gateway {
	bool up;
	uint64_t retry_ns; /* when down: not before */
	uint32_t failures; /* in a row */
	uint32_t flying;
};

struct ec_schedule {
	struct ec_schedule_plan plan;
	uint64_t moved; /* envelopes that went on to another gateway */
	uint64_t liars; /* receipts that were not valid */
	struct ec_gateway gateway[EC_GATEWAYS_MAX];
	struct ec_send send[EC_SCHEDULE_MAX];
};

enum ec_action_kind { EC_ACTION_NONE, EC_ACTION_SUBMIT, EC_ACTION_RECEIPT, EC_ACTION_CONNECT };

struct ec_action {
	enum ec_action_kind kind;
	uint32_t index, gateway;
	uint64_t wake_ns; /* of NONE: when to ask again at the latest; UINT64_MAX: after an event */
};

/* Nothing to send, no gateway up.  In: plan: copied; flying_max at least 1. */
void ec_schedule_init(struct ec_schedule *schedule, const struct ec_schedule_plan *plan);

/* A new envelope at a free index. */
void ec_schedule_add(struct ec_schedule *schedule, uint32_t index, uint64_t lane, uint64_t sequence,
                     uint64_t now_ns);

/* An envelope is gone: its receipt was valid, or it expired. */
void ec_schedule_remove(struct ec_schedule *schedule, uint32_t index);

/* What to do now; what it says counts as done.  Call until it says NONE. */
struct ec_action ec_schedule_next(struct ec_schedule *schedule, uint64_t now_ns);

/* A gateway can be spoken to. */
void ec_schedule_up(struct ec_schedule *schedule, uint32_t gateway);

/* A gateway cannot be spoken to, also when a CONNECT failed: what was with it goes to the next one,
 * and it is tried again after 100 ms, doubling to 5 s. */
void ec_schedule_down(struct ec_schedule *schedule, uint32_t gateway, uint64_t now_ns);

/* ---- What came for an envelope; answers that fit no state any more are passed over. ---- */

/* A promise that was verified, until deadline_ns by the device's clock: waits for it, though no
 * longer than plan.promise_ns. */
void ec_schedule_promised(struct ec_schedule *schedule, uint32_t index, uint64_t deadline_ns,
                          uint64_t now_ns);

/* A gateway says that it is in a block: a receipt is asked for next. */
void ec_schedule_ordered(struct ec_schedule *schedule, uint32_t index, uint64_t now_ns);

/* A gateway does not take it, or does not answer for its receipt: the next one is asked, after
 * retry_ns (a span of time, no moment), or longer when this was not the first time. */
void ec_schedule_refused(struct ec_schedule *schedule, uint32_t index, uint64_t retry_ns,
                         uint64_t now_ns);

/* There is no receipt yet: asked for again, and every fourth time sent again, elsewhere.  In: lied:
 * there was one, and it was not valid: counted, and sent again, elsewhere, at once. */
void ec_schedule_unproven(struct ec_schedule *schedule, uint32_t index, bool lied, uint64_t now_ns);

#endif
