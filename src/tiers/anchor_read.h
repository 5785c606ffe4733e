/* anchor_read.h - the transaction of an anchor, read.  Inside tiers/. */
#ifndef EC_TIERS_ANCHOR_READ_H
#define EC_TIERS_ANCHOR_READ_H

#include "crypto/merkle.h"
#include "ledger/header.h"
#include "tiers/anchors.h"

/* An anchor as it is sent; points into the transaction. */
struct anchor_sent {
	char cell[EC_TEXT_MAX];
	uint32_t links;
	struct ec_cbor link; /* stands before the first of them */
	struct ec_bytes header_bytes;
	struct ec_header header;
	struct ec_certificate certificate;
	bool fork; /* not to be anchored: shows `other`, by the path `last` */
	ec_hash other;
	uint32_t consistency_count, last_count;
	ec_hash consistency[EC_MERKLE_PATH_MAX], last[EC_MERKLE_PATH_MAX];
};

/* One era link; points into the transaction. */
struct anchor_link {
	struct ec_bytes header_bytes, roster;
	struct ec_header header;
	struct ec_certificate certificate;
};

/* Reads one.  In: the cursor stands after the kind.  Returns: false when it is not of the form. */
bool anchor_sent_read(struct ec_cbor *body, struct anchor_sent *out);

/* Reads the next era link and moves on.  In: at, a copy of sent.link at first, and at most
 * sent.links times.  Returns: false when it is not of the form. */
bool anchor_link_read(struct ec_cbor *at, struct anchor_link *out);

#endif
