/* plan.h - what one seed expands to: how large the world is, and what goes wrong in it. */
#ifndef EC_SIM_PLAN_H
#define EC_SIM_PLAN_H

#include "consensus/consensus.h"

struct sim_protocol_entry;

enum {
	SIM_MEMBERS_MAX = 16,
	SIM_ERAS_MAX = 4,
	SIM_LEDGER_ERAS_MAX = 3,
	SIM_BATCHES_MAX = 512,
	SIM_OPTIONS_SIZE = 8192
};

/* What a Byzantine member does; several at once. */
enum sim_mischief {
	SIM_WITHHOLD = 1,    /* some messages never leave */
	SIM_DELAY = 2,       /* some leave late */
	SIM_MUTATE = 4,      /* heads are changed a little, and signed again */
	SIM_REPLAY = 8,      /* says again what it said before, in older views and eras too */
	SIM_EQUIVOCATE = 16, /* twins: one says this to some, the other that to others */
	SIM_AMNESIA = 32,    /* comes back without its log */
	SIM_LIE = 64,        /* serves wrong bulk state */
	SIM_MUTE = 128,      /* says nothing at all */
	SIM_JUNK = 512,      /* submits batches of its own making to a sealed protocol */
	SIM_SWAP = 256,      /* for a while names one batch for another, in all that it says */
};

/* Chances are a mille, a second and member, unless said otherwise; times in ns. */
struct sim_plan {
	uint64_t seed;
	const struct ec_protocol
		*protocol; /* of the first era, and of every one that is not `other` */
	const struct sim_protocol_entry *entry;
	uint64_t options[SIM_OPTIONS_SIZE / 8]; /* of the protocol, if it has any, without keys */
	const struct sim_protocol_entry *other; /* of every second era; NULL: none */
	uint64_t other_options[SIM_OPTIONS_SIZE / 8];
	char options_text[160];
	uint32_t bug;
	bool bounded; /* what is said reaches everyone within bound_ns, whatever fails */
	bool pinned;  /* a quorum pins positions of a revisable order: what is FINAL waits for it */
	uint32_t pin_every;  /* positions */
	uint64_t bound_ns;   /* of a revisable order; kept where `bounded` */
	bool calm;           /* nothing fails, and much comes at once */
	bool forks_expected; /* beyond f: they are reported and break no property */
	bool manual;         /* a script moves everything */
	bool ledger;         /* real members with keys and ledgers (ledger.h) */
	bool moves;          /* of these one joins in the second era, another leaves in the third */
	const char *proofs;  /* folder for receipts, or NULL */
	uint32_t adversary;  /* enum sim_adversary_kind */
	uint64_t pick_ns;    /* from choice to choice of an adversary */
	bool secrets; /* messages of sealed protocols are searched for what they should hide */
	bool notes, twins_check, real_signatures, audit;
	uint32_t members, byzantine, colluders;
	uint32_t mischief[SIM_MEMBERS_MAX]; /* by identity; 0: correct */
	uint32_t batches, eras;
	uint32_t ledger_eras;       /* that clients of a world of ledgers vote for */
	uint32_t drift_permille;    /* how much a life's clock of timers may be off, either way */
	uint32_t twice_permille;    /* of the messages are heard again behind later ones */
	uint64_t chaos_ns, calm_ns; /* the two phases; the second is a bound */
	uint64_t client_ns;         /* between batches, at the mean */
	uint64_t delay_min_ns, delay_max_ns, step_ns, sync_min_ns, sync_max_ns;
	uint64_t fault_ns; /* between faults, at the mean; 0: none */
	uint32_t crash, breaks, partition, block, stall, slow, jump, isolate,
		ambush;              /* weights of faults */
	uint32_t body_lost_permille; /* a body that does not reach a host early */
	uint32_t absent_permille;    /* of the helpers that have no such state at hand */
	uint32_t reads_permille;
	bool keys_stay;          /* from era to era */
	uint64_t fault_max_ns;   /* how long a partition, a stall or slowness may last */
	uint32_t persist_every;  /* the application saves itself; 0: at snapshots only */
	uint32_t link_items_max; /* a fuller link breaks */
	uint32_t roles[SIM_MEMBERS_MAX];
	uint64_t era_members[SIM_ERAS_MAX]; /* of a script or of ledgers, by identity; 0: all */
};

/* What is asked of worlds, whatever their seeds. */
struct sim_wish {
	uint32_t members, byzantine; /* UINT32_MAX: by the seed */
	uint32_t colluders;          /* 0: none; UINT32_MAX: f + 1 */
	uint32_t bug;
	const struct sim_protocol_entry *other; /* every second era is served by it; NULL: none */
	bool adversary;     /* all worlds that may, else 1 in 8, have a scheduler that is one */
	bool ledger;        /* all of real members with ledgers, else 1 in 100 */
	bool no_ledger;     /* none of them: the same worlds as with a planted bug */
	const char *proofs; /* folder for the receipts of worlds of ledgers; NULL: nowhere */
};

/* The world of a seed: the same plan on every machine, but for what is wished.  Out: plan, flat but
 * for what it borrows from the entry and the wish. */
void sim_plan_from_seed(struct sim_plan *plan, const struct sim_protocol_entry *entry,
                        uint64_t seed, const struct sim_wish *wish);

/* A quiet world for scripts, of `members` members, 1..SIM_MEMBERS_MAX, in which nothing moves by
 * itself.  In: bug as in ec_config. */
void sim_plan_manual(struct sim_plan *plan, const struct sim_protocol_entry *entry,
                     uint32_t members, uint32_t bug);

/* Whether one of its protocols is sealed: clients go to few gateways then. */
bool sim_plan_sealed(const struct sim_plan *plan);

/* What members of such a world verify and share with: stand-ins, or the real thing. */
const struct ec_crypto *sim_crypto_of(const struct sim_plan *plan);

#endif
