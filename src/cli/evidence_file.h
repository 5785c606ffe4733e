/* evidence_file.h - a file of evidence judged offline, and what is said of it. */
#ifndef EC_CLI_EVIDENCE_FILE_H
#define EC_CLI_EVIDENCE_FILE_H

#include "group/evidence.h"
#include "ledger/proof.h"

struct ec_evidence_report {
	enum ec_verdict verdict; /* EC_VALID: the member is guilty; EC_IF_NONE_LIED: if the members
	                            whose word leads to the roster did not lie */
	char why[512];           /* when it is neither */
	struct ec_evidence evidence;
	struct ec_seat seat; /* of the guilty */
	char protocol[EC_TEXT_MAX], eras[EC_ERAS_TEXT_MAX];
};

/* Whether a file begins as evidence does, so that it is to be judged as that. */
bool ec_evidence_is(struct ec_bytes file);

/* Judges evidence by the genesis, in the name of a command.  In: through: the file of a proof of
 * the group, in whose era links the roster of the evidence's era is looked for; NULL: only the
 * genesis's is known; cloud judges the proof's anchor, or is NULL.  Out: report, which points into
 * `evidence`. Returns: false after a line on stderr: the proof cannot be read. */
bool ec_evidence_file_judge(const char *command, const struct ec_genesis *genesis,
                            const struct ec_genesis *cloud, struct ec_bytes evidence,
                            const char *through, struct ec_evidence_report *report);

/* Whether it holds: the member is guilty. */
bool ec_evidence_holds(const struct ec_evidence_report *report);

/* On stdout: the verdict, who is guilty of what, what is not proven; as one JSON object if `json`.
 */
void ec_evidence_print(const struct ec_genesis *genesis, const struct ec_evidence_report *report,
                       bool json);

#endif
