/* frames.c - what members say to each other, as bytes. */
#include "group/frames.h"

#include "base/codec.h"
#include "consensus/proof.h"
#include "group/member.h"
#include "ledger/header.h"
#include "ledger/tie.h"

#include <assert.h>

enum {
	HEAD_SIZE_MAX = 1 << 20,      /* of a protocol's head */
	FRONTIER_SIZE_MAX = 16 << 10, /* 64 hashes and room */
	LINKS_SIZE_MAX = 4 << 20,     /* era links: about 100 bytes a member and change of era */
};
_Static_assert(EC_FRAME_HEAD_SIZE + 12 + HEAD_SIZE_MAX + EC_PROOF_SIZE_MAX + EC_FRAME_BODY_MAX <=
                       EC_FRAME_SIZE_MAX,
               "a message fits into a frame");
_Static_assert(EC_FRAME_HEAD_SIZE + 20 + EC_HEADER_SIZE_MAX + FRONTIER_SIZE_MAX + LINKS_SIZE_MAX +
                               EC_CERTIFICATE_SIZE_MAX + EC_TIE_SIZE_MAX <=
                       EC_FRAME_SIZE_MAX,
               "a snapshot's description fits into a frame");

struct shape {
	uint32_t blocks;
	size_t size_max[EC_FRAME_BLOCKS_MAX];
};

/* clang-format off */
static const struct shape SHAPE[EC_FRAME_KINDS] = {
	[EC_FRAME_STANDING]    = {0, {0}},
	[EC_FRAME_MESSAGE]     = {3, {HEAD_SIZE_MAX, EC_PROOF_SIZE_MAX, EC_FRAME_BODY_MAX}},
	[EC_FRAME_BODY]        = {1, {EC_FRAME_BODY_MAX}},
	[EC_FRAME_BODY_WANT]   = {0, {0}},
	[EC_FRAME_BODY_HAVE]   = {0, {0}},
	[EC_FRAME_BODY_OLD]    = {0, {0}},
	[EC_FRAME_SIGNATURE]   = {1, {EC_SIGNATURE_SIZE}},
	[EC_FRAME_CERTIFICATE] = {2, {EC_CERTIFICATE_SIZE_MAX, EC_HEADER_SIZE_MAX}},
	[EC_FRAME_STATE_WANT]  = {0, {0}},
	[EC_FRAME_SNAPSHOT]    = {5, {EC_HEADER_SIZE_MAX, FRONTIER_SIZE_MAX, LINKS_SIZE_MAX,
	                              EC_CERTIFICATE_SIZE_MAX, EC_TIE_SIZE_MAX}},
	[EC_FRAME_CHUNK]       = {1, {EC_FRAME_BODY_MAX}},
	[EC_FRAME_ABSENT]      = {0, {0}},
	[EC_FRAME_OLDER_WANT]  = {0, {0}},
	[EC_FRAME_OLDER]       = {1, {EC_FRAME_BODY_MAX}},
	[EC_FRAME_BEACON_WANT]  = {0, {0}},
	[EC_FRAME_BEACON_SHARE] = {1, {EC_SHARE_SIZE}},
};
/* clang-format on */

enum ec_frame_kind ec_frame_kind_of(struct ec_bytes bytes)
{
	if (bytes.size == 0 || bytes.data[0] >= EC_FRAME_KINDS)
		return 0;
	return (enum ec_frame_kind)bytes.data[0];
}

bool ec_frame_read(struct ec_bytes bytes, struct ec_frame *frame)
{
	struct ec_reader reader = ec_reader_over(bytes.data, bytes.size);
	*frame = (struct ec_frame){.kind = ec_frame_kind_of(bytes)};
	if (!frame->kind)
		return false;
	ec_read_u8(&reader);
	frame->era = ec_read_u64(&reader);
	frame->seq = ec_read_u64(&reader);
	frame->index = ec_read_u32(&reader);
	frame->name = ec_read_hash(&reader);
	const struct shape *shape = &SHAPE[frame->kind];
	for (uint32_t i = 0; i < shape->blocks; i++) {
		size_t size;
		const uint8_t *at = ec_read_block(&reader, shape->size_max[i], &size);
		if (at)
			frame->block[i] = ec_slice(bytes, (size_t)(at - bytes.data), size);
	}
	return ec_reader_done(&reader);
}

struct ec_bytes ec_frame_write(struct ec_pool *pool, const struct ec_frame *frame)
{
	assert(frame->kind > 0 && frame->kind < EC_FRAME_KINDS);
	const struct shape *shape = &SHAPE[frame->kind];
	size_t size = EC_FRAME_HEAD_SIZE;
	for (uint32_t i = 0; i < shape->blocks; i++) {
		assert(frame->block[i].size <= shape->size_max[i]);
		size += 4 + frame->block[i].size;
	}
	struct ec_bytes bytes = ec_pool_take(pool, size);
	struct ec_writer writer = ec_writer_over(ec_writable(bytes), size);
	ec_write_u8(&writer, (uint8_t)frame->kind);
	ec_write_u64(&writer, frame->era);
	ec_write_u64(&writer, frame->seq);
	ec_write_u32(&writer, frame->index);
	ec_write_hash(&writer, &frame->name);
	for (uint32_t i = 0; i < shape->blocks; i++)
		ec_write_block(&writer, frame->block[i].data, frame->block[i].size);
	assert(ec_writer_ok(&writer) && writer.size == size);
	return bytes;
}
