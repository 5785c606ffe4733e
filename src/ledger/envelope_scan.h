/* envelope_scan.h - the two readers of an envelope's form.  Inside ledger/.
 *
 * Deterministic CBOR has one encoding for each content, so an envelope has one layout: scan matches
 * it byte by byte, at a quarter of the cost, and decides.  Parse reads it as CBOR and says what is
 * wrong with what scan refused.  envelope_fuzz.c holds them equal.
 */
#ifndef EC_LEDGER_ENVELOPE_SCAN_H
#define EC_LEDGER_ENVELOPE_SCAN_H

#include "ledger/envelope.h"

/* Fills everything but id, kind and body, pointing into `bytes`.  Returns: whether it has the form,
 * the payload's inside not looked at. */
bool envelope_scan(struct ec_bytes bytes, struct ec_envelope *out);

/* The same answer and the same parts as envelope_scan()'s; when it is no, with a sentence in `why`
 * (may be NULL). */
bool envelope_parse(struct ec_bytes bytes, struct ec_envelope *out, char *why, size_t why_size);

/* What the author signs (RFC 9052, 4.4), of an envelope that was scanned; its size is at most
 * whole.size. */
size_t envelope_signed(const struct ec_envelope *envelope, uint8_t *out);

#endif
