/* payload.h - payloads of transactions from what a person writes on a command line. */
#ifndef EC_CLI_PAYLOAD_H
#define EC_CLI_PAYLOAD_H

#include "base/bytes.h"

enum { EC_PAYLOAD_SIZE_MAX = 64 << 10 };

/* Each writes a payload (docs/formats.md, Envelope).  Returns: its size; 0 with a sentence in `why`
 * when the text is not of its form.  Out: payload of EC_PAYLOAD_SIZE_MAX bytes. */

/* Any text. */
size_t ec_payload_note(const char *text, uint8_t *payload, char *why, size_t why_size);

/* "KEY:NANO-EUR" */
size_t ec_payload_pay(const char *text, uint8_t *payload, char *why, size_t why_size);

/* "SLOT:bid|offer:WH:MICRO-EUR-PER-KWH" */
size_t ec_payload_order(const char *text, uint8_t *payload, char *why, size_t why_size);

/* "NAME:TIME-S:IMPORT-WH:EXPORT-WH" */
size_t ec_payload_reading(const char *text, uint8_t *payload, char *why, size_t why_size);

/* "KEY:ROLES:NAME"; roles: names joined by + of meter, trader, operator, gateway */
size_t ec_payload_enrol(const char *text, uint8_t *payload, char *why, size_t why_size);

#endif
