/* verify_report.h - what `edgecord verify` prints about a judged proof. */
#ifndef EC_CLI_VERIFY_REPORT_H
#define EC_CLI_VERIFY_REPORT_H

#include "ledger/proof.h"

/* A certified header that the user kept from an earlier day. */
struct ec_checkpoint {
	bool given;
	struct ec_header header;
	ec_hash hash;
};

struct ec_verify_view {
	const struct ec_genesis *genesis;
	const struct ec_proof_report *report;
	const struct ec_checkpoint *checkpoint;
	bool cloud_given;
};

/* Judges a valid proof once more by a checkpoint: another header of the same block is a fork
 * (invalid); one of another group or block cannot be compared (unusable). */
void ec_verify_checkpoint(struct ec_proof_report *report, const struct ec_checkpoint *checkpoint);

void ec_verify_print_text(const struct ec_verify_view *view);
void ec_verify_print_json(const struct ec_verify_view *view);

#endif
