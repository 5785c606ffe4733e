/* verify_report.h - what `edgecord verify` prints about a judged proof. */
#ifndef EC_CLI_VERIFY_REPORT_H
#define EC_CLI_VERIFY_REPORT_H

#include "ledger/proof.h"

/* A certified header that the user kept from an earlier day. */
struct ec_checkpoint {
	bool given;
	struct ec_header header;
	struct ec_bytes tie; /* to the proof's block; empty: none */
};

struct ec_verify_view {
	const struct ec_genesis *genesis;
	const struct ec_proof_report *report;
	const struct ec_checkpoint *checkpoint;
	bool cloud_given, name_given;
};

/* Whether a proof is valid, or probabilistic: all that it shows holds, by a quorum or by less. */
bool ec_verify_holds(const struct ec_proof_report *report);

/* Judges a proof that holds once more by a checkpoint, which is trusted as it is: another header of
 * the same block is a fork (invalid); one of another block needs what ties the two (else unusable),
 * and a tie that does not lead from one to the other is a fork, too. */
void ec_verify_checkpoint(struct ec_proof_report *report, const struct ec_checkpoint *checkpoint);

/* Whether a proof that holds is about this name (of the state, or an envelope's id in hexadecimal):
 * else it is made invalid. */
void ec_verify_name(struct ec_proof_report *report, const char *name);

/* Whether a bill, when a proof that holds is about one, follows from its own figures: else the
 * proof is made invalid, with the line that does not (verify_bill.c). */
void ec_verify_bill(struct ec_proof_report *report);

/* Whether a proof is about a name under "bill/". */
bool ec_verify_is_bill(const struct ec_proof_report *report);

/* On stdout, a line a slot, and the sums; nothing when the value is no bill. */
void ec_verify_print_bill(struct ec_bytes value);

/* On stdout, for a person: the verdict, who signed what and when, what is proven and what is not.
 */
void ec_verify_print_text(const struct ec_verify_view *view);

/* The same as one JSON object; when invalid or unusable with `why`. */
void ec_verify_print_json(const struct ec_verify_view *view);

#endif
