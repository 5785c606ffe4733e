/* anchors.h - the cloud's service that takes certified headers of cells (kind 5).
 *
 * It keeps in the state, under a prefix and the cell's name:
 *   "anchor/"   [seq, header hash, history root] of the newest anchored header (docs/formats.md)
 *   "anchors/"  how many were taken, a CBOR integer
 *   "stamp/"    the stamp of that header, ns, a CBOR integer
 *   "fork/"     [seq, header hash, other seq, other header hash]: the anchored header, and one that
 *               the cell certified too and that cannot stand in one history with it: the cell was
 *               restored from an old backup, or signed twice.  Never taken back.
 *   "fork-retired/"  the same and the era of the other header, which no roster signed that the cell
 *               has now: it was restored to before a change of roster, or former members kept
 *               their keys and signed.  One of a later era takes its place; "fork/" is not touched.
 *   "roster/"   [cell's genesis hash, roster bytes] of the era that the cell has reached
 * It has no parameters: the genesis of each cell stands in the cloud's genesis. */
#ifndef EC_TIERS_ANCHORS_H
#define EC_TIERS_ANCHORS_H

#include "ledger/header.h"
#include "ledger/service.h"

enum {
	EC_ANCHOR_LINKS_MAX = 64, /* era links in one transaction */
	EC_ANCHOR_SIZE_MAX = 128, /* bytes of a value under "anchor/" or "fork/" */
};

#define EC_FORKS         "fork/"
#define EC_RETIRED_FORKS "fork-retired/"

extern const struct ec_service ec_anchors;

/* What "anchor/" keeps of a cell: its newest anchored header. */
struct ec_anchor {
	uint64_t seq;
	ec_hash header, history_root;
};

/* Reads it out of the state.  Returns: false, and `out` undefined, when the form is another. */
bool ec_anchor_read(struct ec_bytes value, struct ec_anchor *out);

/* The name of a cell's anchor.  In: cell, 1..63 bytes.  Returns: its size. */
size_t ec_anchor_name(const char *cell, uint8_t out[static EC_NAME_MAX]);

/* What "fork/" and "fork-retired/" keep of a cell. */
struct ec_fork {
	uint64_t anchored_seq, other_seq;
	ec_hash anchored, other;
	uint64_t era; /* of the other, by a retired roster; 0: by that of the cell's own era */
};

/* Likewise. */
bool ec_fork_read(struct ec_bytes value, struct ec_fork *out);

/* A name of the service: prefix, with its slash, and the cell.  Returns: its size. */
size_t ec_anchors_name(const char *prefix, const char *cell, uint8_t out[static EC_NAME_MAX]);

/* What a member puts into an anchor transaction; every part as docs/formats.md has it. */
struct ec_anchor_plan {
	const char *cell;
	struct ec_bytes links;       /* CBOR array of era links */
	struct ec_bytes header;      /* its bytes */
	struct ec_bytes certificate; /* CBOR array */
	struct ec_bytes consistency; /* CBOR array; empty: none, for a cell's first anchor */
	struct ec_bytes last;        /* likewise */
	/* A report of a fork instead: the hash of the header that stands in this history where the
	 * anchored one should, and `last` its path; of the header's own and no path when that is
	 * not above the anchored one.  NULL: an anchor. */
	const ec_hash *other;
};

/* The payload.  Returns: its size, 0 when it does not fit. */
size_t ec_anchor_payload(const struct ec_anchor_plan *plan, uint8_t *out, size_t size_max);

#endif
