/* receipt_evidence.h - fetches what proves that a member broke its protocol. */
#ifndef EC_CLI_RECEIPT_EVIDENCE_H
#define EC_CLI_RECEIPT_EVIDENCE_H

#include "cli/client_options.h"

/* Asks one node of those that --node means after another: whoever heard both words has it.  In:
 * who: the member's owner, or its identity key in hexadecimal.  Returns: the evidence from malloc,
 * *size bytes, not judged; NULL after a line on stderr. */
uint8_t *ec_receipt_evidence(const struct ec_client_options *options, const char *who,
                             size_t *size);

#endif
