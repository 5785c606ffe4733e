/* receipt_anchor.h - adds to a proof the cloud's word that the cell's history existed. */
#ifndef EC_CLI_RECEIPT_ANCHOR_H
#define EC_CLI_RECEIPT_ANCHOR_H

#include "cli/client_options.h"
#include "ledger/header.h"

/* Asks the cloud for the anchor of the cell that `client` speaks to, waits until one covers the
 * proof's block, and writes the proof anew with it (docs/formats.md, Proof).
 * In: cloud: its options; proof: without an anchor.  Out: the bytes, from malloc.
 * Returns: false after a message on stderr. */
bool ec_receipt_anchor(const struct ec_client_options *options,
                       const struct ec_client_options *cloud, struct ec_client *client,
                       struct ec_bytes proof, uint8_t **out, size_t *out_size);

/* The header of the block that a proof is about.  Returns: false when it is no proof. */
bool ec_receipt_block(struct ec_bytes proof, struct ec_header *header);

#endif
