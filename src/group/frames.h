/* frames.h - what members say to each other, as bytes.
 *
 *   u8 kind || u64 era || u64 seq || u32 index || 32 bytes name || blocks, each with a u32 length
 *
 * Little-endian; every kind has its own number of blocks, each with its own bound; nothing is left
 * over.  The link itself (TLS) says who speaks.
 */
#ifndef EC_GROUP_FRAMES_H
#define EC_GROUP_FRAMES_H

#include "base/bytes.h"

enum ec_frame_kind {
	/* First on each link, and when we fell behind.  era; seq: newest block, which clients may
	 * have been told of before it is certified; name: the genesis hash; index: 1 while its disk
	 * is empty and it has promised nothing, else 0. */
	EC_FRAME_STANDING = 1,
	/* Of a protocol instance.  era; name: digest of the body (zero: none); index: 1 when the
	 * body is left out since the receiver has it.  Blocks: head, proof, body. */
	EC_FRAME_MESSAGE,
	EC_FRAME_BODY,      /* a batch.  Blocks: its bytes */
	EC_FRAME_BODY_WANT, /* name: digest of a batch that a message left out */
	EC_FRAME_BODY_HAVE, /* name: digest of a batch that is not delivered; ask for it */
	EC_FRAME_BODY_OLD,  /* name: digest of one that was announced and that we have delivered */
	/* A header signature.  era, seq, name: hash of the header.  Blocks: the signature */
	EC_FRAME_SIGNATURE,
	/* For laggards.  era, seq, name: hash of the header.  Blocks: certificate, header */
	EC_FRAME_CERTIFICATE,
	/* Asks for the snapshot of that header hash (zero: the newest); seq as it is known; index:
	 * UINT32_MAX for its description, else the chunk. */
	EC_FRAME_STATE_WANT,
	/* name: header hash; index: bits.  Blocks: header, frontier, links, certificate, tie (empty
	 * when the certificate is of the header itself) */
	EC_FRAME_SNAPSHOT,
	EC_FRAME_CHUNK,  /* name: header hash; index: chunk.  Blocks: its bytes */
	EC_FRAME_ABSENT, /* name, index as asked: what was wanted is not here */
	/* Asks for block seq, with that header hash, and some below it; index: the slice. */
	EC_FRAME_OLDER_WANT,
	EC_FRAME_OLDER, /* seq, name, index as asked.  Blocks: the slice's bytes */
	/* Asks for a share of the beacon of block seq of that era. */
	EC_FRAME_BEACON_WANT,
	EC_FRAME_BEACON_SHARE, /* era, seq as asked.  Blocks: the share */
	EC_FRAME_KINDS,
};

enum {
	EC_FRAME_BLOCKS_MAX = 5,
	EC_FRAME_HEAD_SIZE = 1 + 8 + 8 + 4 + 32,
	EC_FRAME_BODY_MAX = 6 << 20, /* of a protocol's body, a batch, a chunk */
};

struct ec_frame {
	enum ec_frame_kind kind;
	uint64_t era, seq;
	uint32_t index;
	ec_hash name;
	struct ec_bytes block[EC_FRAME_BLOCKS_MAX]; /* read: parts of the frame */
};

/* Block numbers of a MESSAGE, a CERTIFICATE and a SNAPSHOT. */
enum { EC_MESSAGE_HEAD, EC_MESSAGE_PROOF, EC_MESSAGE_BODY };
enum { EC_CERTIFICATE_BYTES, EC_CERTIFICATE_HEADER };
enum {
	EC_SNAPSHOT_HEADER,
	EC_SNAPSHOT_FRONTIER,
	EC_SNAPSHOT_LINKS,
	EC_SNAPSHOT_CERTIFICATE,
	EC_SNAPSHOT_TIE
};

/* Reads any bytes.  Returns: false when they are not exactly one frame within its bounds.  Out: its
 * blocks are parts of `bytes`, of the same owners. */
bool ec_frame_read(struct ec_bytes bytes, struct ec_frame *frame);

/* The kind that the first byte claims; 0: none.  Nothing else is looked at. */
enum ec_frame_kind ec_frame_kind_of(struct ec_bytes bytes);

/* Its bytes, with one owner; the blocks are copied.  In: blocks within the bounds of its kind. */
struct ec_bytes ec_frame_write(struct ec_pool *pool, const struct ec_frame *frame);

#endif
