/* cluster_mischief_fake.c - a leader of the cluster for tests that proposes one batch to some and
 * another to others; a member whose sealed batches are no good. */
#include "group/cluster_net_fake.h"

#include "consensus/pbft/messages.h"
#include "consensus/proof.h"
#include "crypto/hash.h"
#include "group/frames.h"
#include "group/veil_fake.h"

/* A proposal in a frame: its head is the same whatever batch it is for. */
static bool proposal(struct ec_bytes bytes, struct ec_frame *frame)
{
	struct message message;
	return ec_frame_read(bytes, frame) && frame->kind == EC_FRAME_MESSAGE &&
	       pbft_message_read(frame->block[EC_MESSAGE_HEAD], &message) &&
	       message.kind == PREPREPARE;
}

struct ec_bytes cluster_equivocate(struct cluster *c, uint32_t from, uint32_t to,
                                   struct ec_bytes bytes)
{
	struct cluster_node *node = &c->node[from];
	const struct ec_genesis *genesis = c->world.genesis;
	struct ec_frame frame;
	if (node->equivocates != to + 1 || !proposal(bytes, &frame))
		return ec_keep(bytes);
	struct ec_bytes other =
		world_batch(&c->world, node->pool, from, WORLD_START_NS + c->now, true, NULL, 0);
	ec_hash domain = ec_genesis_domain(genesis, genesis->membership);
	frame.name = ec_sha256(other.data, other.size);
	frame.index = 0;
	ec_hash leaf = ec_proof_leaf(&domain, frame.block[EC_MESSAGE_HEAD], &frame.name);
	struct ec_bytes proof;
	ec_proof_make(cluster_crypto(c), &node->era_key, &domain, &leaf, 1, node->pool, &proof);
	frame.block[EC_MESSAGE_PROOF] = proof;
	frame.block[EC_MESSAGE_BODY] = other;
	struct ec_bytes written = ec_frame_write(node->pool, &frame);
	ec_drop(proof);
	ec_drop(other);
	return written;
}

struct ec_bytes cluster_forge(struct cluster *c, uint32_t from, struct ec_bytes bytes)
{
	struct ec_pool *pool = c->node[from].pool;
	struct ec_frame frame;
	if (!ec_frame_read(bytes, &frame) || frame.kind != EC_FRAME_MESSAGE ||
	    !veil_offers(frame.block[EC_MESSAGE_HEAD]))
		return ec_keep(bytes);
	struct ec_bytes batch = ec_pool_copy(pool, frame.block[EC_MESSAGE_BODY].data,
	                                     frame.block[EC_MESSAGE_BODY].size);
	ec_writable(batch)[batch.size - EC_SALT_SIZE - 3] ^= 1; /* the end of an envelope */
	frame.block[EC_MESSAGE_BODY] = batch;
	frame.name = ec_sha256(batch.data, batch.size);
	struct ec_bytes written = ec_frame_write(pool, &frame);
	ec_drop(batch);
	return written;
}
