/* rbc.c - reliable broadcast (Cachin and Tessaro 2005; Miller et al. 2016, figure 2).
 *
 * Ours:
 *   - The size of the payload and the index of the shard are part of its Merkle leaf, and the index
 *     is that of the member who must hold it: nobody can echo the shard of another.
 *   - What was decoded is encoded again, and its root compared.  The root commits to n shards:
 *     either they are those of one payload, and every choice of n - 2f of them gives it, or for no
 *     choice the roots agree, and all deliver nothing.
 *   - Quorums are for any n: two sets of n - f members share more than f, so a correct one, and n -
 * f ECHOs hold n - 2f by correct members, whose shards reach everybody.
 *
 * (R1) One ECHO and one READY, for one root each, whatever comes.
 * (R2) A shard is kept for a member only if its ECHO counts, and for none once the result stands.
 * (R3) READY was said if anything was delivered, except by learners.
 * (R4) A payload is held only where one was delivered. */
#include "consensus/honeybadger/rbc.h"

#include "crypto/merkle.h"

#include <assert.h>

static struct ec_erasure code_of(struct rbc_group group)
{
	assert(group.n >= 1 && group.n <= RBC_MEMBERS_MAX);
	assert(3 * group.f < group.n);
	assert(group.payload_max <= EC_ERASURE_PAYLOAD_MAX);
	return (struct ec_erasure){.n = group.n, .needed = group.n - 2 * group.f};
}

/* How many hashes lead from a leaf to the root of n (RFC 9162, 2.1.3.1): where a subtree is cut
 * short by the end of the leaves, leaves stand higher. */
static uint32_t path_length(uint32_t n, uint32_t index)
{
	assert(index < n);
	uint32_t length = 0;
	for (uint32_t last = n - 1; last > 0; last >>= 1, index >>= 1)
		length += index != last || (index & 1);
	return length;
}

static size_t shard_offset(uint32_t n, uint32_t index)
{
	return sizeof(ec_hash) * (1 + path_length(n, index));
}

size_t rbc_body_max(struct rbc_group group)
{
	return sizeof(ec_hash) * (1 + RBC_PATH_MAX) +
	       ec_erasure_shard_size(code_of(group), group.payload_max);
}

void rbc_encode(struct rbc_group group, struct ec_bytes payload, struct ec_pool *pool,
                struct ec_bytes *body)
{
	struct ec_erasure code = code_of(group);
	assert(payload.size <= group.payload_max);
	size_t shard_size = ec_erasure_shard_size(code, payload.size);
	uint8_t *shard[RBC_MEMBERS_MAX];
	ec_hash leaf[RBC_MEMBERS_MAX], path[EC_MERKLE_PATH_MAX];
	for (uint32_t i = 0; i < group.n; i++) {
		body[i] = ec_pool_take(pool, shard_offset(group.n, i) + shard_size);
		shard[i] = ec_writable(body[i]) + shard_offset(group.n, i);
	}
	ec_erasure_encode(code, payload.data, payload.size, shard);
	for (uint32_t i = 0; i < group.n; i++)
		leaf[i] = ec_merkle_leaf(shard[i], shard_size);
	ec_hash root = ec_merkle_root(leaf, group.n);
	for (uint32_t i = 0; i < group.n; i++) {
		uint32_t length = ec_merkle_path(leaf, group.n, i, path);
		assert(length == path_length(group.n, i));
		memcpy(ec_writable(body[i]), root.b, sizeof root);
		memcpy(ec_writable(body[i]) + sizeof root, path, length * sizeof *path);
	}
}

bool rbc_check(struct rbc_group group, uint32_t index, struct ec_bytes body)
{
	struct ec_erasure code = code_of(group);
	if (index >= group.n || body.size < shard_offset(group.n, index))
		return false;
	uint32_t length = path_length(group.n, index);
	size_t size = body.size - shard_offset(group.n, index), payload_size;
	const uint8_t *shard = body.data + shard_offset(group.n, index);
	if (!ec_erasure_shard_good(code, index, shard, size, group.payload_max, &payload_size))
		return false;
	ec_hash root, path[RBC_PATH_MAX], leaf = ec_merkle_leaf(shard, size);
	memcpy(path, body.data + sizeof root, length * sizeof *path);
	return ec_merkle_path_root(&leaf, index, group.n, path, length, &root) &&
	       memcmp(root.b, body.data, sizeof root) == 0;
}

ec_hash rbc_root(struct ec_bytes body)
{
	ec_hash root;
	assert(body.size >= sizeof root);
	memcpy(root.b, body.data, sizeof root);
	return root;
}

void rbc_init(struct rbc *rbc, struct rbc_group group, uint32_t self, bool trusting)
{
	code_of(group);
	*rbc = (struct rbc){.group = group, .self = self, .trusting = trusting};
}

static uint64_t bit(uint32_t member)
{
	assert(member < RBC_MEMBERS_MAX);
	return (uint64_t)1 << member;
}

static bool echo_for(const struct rbc *rbc, uint32_t member, const ec_hash *root)
{
	return rbc->shard[member].size > 0 &&
	       memcmp(rbc->shard[member].data, root->b, sizeof *root) == 0;
}

static uint32_t echoes_count(const struct rbc *rbc, const ec_hash *root)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < rbc->group.n; i++)
		count += echo_for(rbc, i, root);
	return count;
}

static uint32_t readies_count(const struct rbc *rbc, const ec_hash *root)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < rbc->group.n; i++)
		count += (rbc->readies & bit(i)) && ec_hash_equal(&rbc->ready[i], root);
	return count;
}

/* Something was heard for this root: whether that is enough for our READY, and to deliver. */
static void root_heard(struct rbc *rbc, const ec_hash *root)
{
	uint32_t n = rbc->group.n, f = rbc->group.f;
	uint32_t echoes = echoes_count(rbc, root), readies = readies_count(rbc, root);
	bool said = rbc->ready_due || rbc->readied || rbc->self >= n;
	if (!said && (echoes >= n - f || readies >= f + 1)) {
		rbc->ready_due = true;
		rbc->ready_root = *root;
	}
	if (!rbc->ripe && readies >= (rbc->certain ? f + 1 : 2 * f + 1) && echoes >= n - 2 * f) {
		rbc->ripe = true;
		rbc->ripe_root = *root;
	}
}

void rbc_val(struct rbc *rbc, struct ec_bytes body)
{
	if (rbc->self < rbc->group.n && rbc->own.size == 0)
		rbc->own = ec_keep(body);
}

void rbc_echo(struct rbc *rbc, uint32_t from, struct ec_bytes body)
{
	if (from >= rbc->group.n || (rbc->echoes & bit(from)) || rbc->result != RBC_PENDING)
		return;
	rbc->echoes |= bit(from);
	rbc->shard[from] = ec_keep(body);
	ec_hash root = rbc_root(body);
	root_heard(rbc, &root);
}

void rbc_ready(struct rbc *rbc, uint32_t from, const ec_hash *root)
{
	if (from >= rbc->group.n || (rbc->readies & bit(from)))
		return;
	rbc->readies |= bit(from);
	rbc->ready[from] = *root;
	root_heard(rbc, root);
}

static struct rbc_say echo_of(const struct rbc *rbc)
{
	return (struct rbc_say){RBC_ECHO, rbc_root(rbc->own), rbc->own};
}

static struct rbc_say ready_of(const struct rbc *rbc)
{
	return (struct rbc_say){.kind = RBC_READY, .root = rbc->ready_root};
}

bool rbc_next(struct rbc *rbc, struct rbc_say *say)
{
	if (rbc->own.size > 0 && !rbc->echoed) {
		rbc->echoed = true;
		*say = echo_of(rbc);
		return true;
	}
	if (rbc->ready_due) {
		rbc->ready_due = false;
		rbc->readied = true;
		*say = ready_of(rbc);
		return true;
	}
	return false;
}

bool rbc_said(const struct rbc *rbc, uint32_t index, struct rbc_say *say)
{
	if (rbc->echoed && index == 0)
		*say = echo_of(rbc);
	else if (rbc->readied && index == (rbc->echoed ? 1 : 0))
		*say = ready_of(rbc);
	else
		return false;
	return true;
}

void rbc_restore(struct rbc *rbc, const struct rbc_say *say)
{
	assert(rbc->self < rbc->group.n);
	if (say->kind == RBC_ECHO) {
		assert(!rbc->echoed);
		rbc_val(rbc, say->body);
		rbc->echoed = true;
		rbc_echo(rbc, rbc->self, rbc->own);
	} else {
		assert(!rbc->readied);
		rbc->readied = true;
		rbc->ready_due = false;
		rbc->ready_root = say->root;
		rbc_ready(rbc, rbc->self, &say->root);
	}
}

/* The leaf of shard i of what was encoded again.  One that is held is compared with it byte by
 * byte, and its leaf stands in the path of the shard beside it, if that is held too: the rest is
 * hashed. Returns: false when it is not the one that is held. */
static bool leaf_again(const struct rbc *rbc, uint32_t i, const uint8_t *shard, size_t size,
                       ec_hash *leaf)
{
	uint32_t n = rbc->group.n, beside = i ^ 1;
	size_t offset = shard_offset(n, i);
	bool held = echo_for(rbc, i, &rbc->ripe_root);
	if (held && (rbc->shard[i].size != offset + size ||
	             memcmp(rbc->shard[i].data + offset, shard, size) != 0))
		return false;
	if (held && beside < n && echo_for(rbc, beside, &rbc->ripe_root))
		memcpy(leaf->b, rbc->shard[beside].data + sizeof *leaf, sizeof *leaf);
	else
		*leaf = ec_merkle_leaf(shard, size);
	return true;
}

/* Whether the n shards of this payload have the ripe root. */
static bool encodes_to(const struct rbc *rbc, struct ec_bytes payload, struct ec_pool *pool)
{
#ifdef EC_PLANTED
	if (rbc->trusting)
		return true;
#endif
	struct ec_erasure code = code_of(rbc->group);
	size_t size = ec_erasure_shard_size(code, payload.size);
	struct ec_bytes room = ec_pool_take(pool, rbc->group.n * size);
	uint8_t *shard[RBC_MEMBERS_MAX];
	ec_hash leaf[RBC_MEMBERS_MAX];
	for (uint32_t i = 0; i < rbc->group.n; i++)
		shard[i] = ec_writable(room) + i * size;
	ec_erasure_encode(code, payload.data, payload.size, shard);
	bool good = true;
	for (uint32_t i = 0; good && i < rbc->group.n; i++)
		good = leaf_again(rbc, i, shard[i], size, &leaf[i]);
	ec_hash again = good ? ec_merkle_root(leaf, rbc->group.n) : (ec_hash){{0}};
	ec_drop(room);
	return good && ec_hash_equal(&again, &rbc->ripe_root);
}

/* What n - 2f shards of the ripe root decode to.  Out: payload, with RBC_PAYLOAD: one owner. */
static enum rbc_result decode(const struct rbc *rbc, struct ec_pool *pool, struct ec_bytes *payload)
{
	struct ec_erasure code = code_of(rbc->group);
	const uint8_t *shard[RBC_MEMBERS_MAX];
	size_t size = 0; /* of the payload, as the first one tells; the others must tell the same */
	uint32_t count = 0;
	for (uint32_t i = 0; i < rbc->group.n && count < code.needed; i++) {
		if (!echo_for(rbc, i, &rbc->ripe_root))
			continue;
		size_t offset = shard_offset(rbc->group.n, i), told = 0;
		shard[count] = rbc->shard[i].data + offset;
		bool good =
			ec_erasure_shard_good(code, i, shard[count], rbc->shard[i].size - offset,
		                              rbc->group.payload_max, &told);
		assert(good);
		size = count++ == 0 ? told : size;
	}
	assert(count == code.needed);
	struct ec_bytes block = ec_pool_take(pool, ec_erasure_block_size(code, size));
	uint8_t none[1];
	if (ec_erasure_decode(code, shard, block.size ? ec_writable(block) : none)) {
		*payload = ec_slice(block, 0, size);
		if (encodes_to(rbc, *payload, pool))
			return RBC_PAYLOAD;
	}
	ec_drop(block);
	*payload = EC_NO_BYTES;
	return RBC_NOTHING;
}

static void shards_drop(struct rbc *rbc)
{
	for (uint32_t i = 0; i < rbc->group.n; i++) {
		ec_drop(rbc->shard[i]);
		rbc->shard[i] = EC_NO_BYTES;
	}
}

void rbc_certain(struct rbc *rbc)
{
	rbc->certain = true;
	for (uint32_t i = 0; i < rbc->group.n; i++)
		if (rbc->readies & bit(i))
			root_heard(rbc, &rbc->ready[i]);
}

enum rbc_result rbc_delivered(struct rbc *rbc, struct ec_pool *pool, struct ec_bytes *payload)
{
	if (rbc->ripe && rbc->result == RBC_PENDING) {
		rbc->result = decode(rbc, pool, &rbc->payload);
		shards_drop(rbc);
	}
	*payload = rbc->payload;
	return rbc->result;
}

void rbc_forget(struct rbc *rbc)
{
	ec_drop(rbc->payload);
	rbc->payload = EC_NO_BYTES;
}

void rbc_free(struct rbc *rbc)
{
	rbc_forget(rbc);
	shards_drop(rbc);
	ec_drop(rbc->own);
	rbc->own = EC_NO_BYTES;
}

uint32_t rbc_held(const struct rbc *rbc, struct ec_bytes *at)
{
	uint32_t count = 0;
	const struct ec_bytes *ends[] = {&rbc->own, &rbc->payload};
	for (uint32_t i = 0; i < rbc->group.n + 2; i++) {
		struct ec_bytes bytes = i < rbc->group.n ? rbc->shard[i] : *ends[i - rbc->group.n];
		if (bytes.size == 0)
			continue;
		if (at)
			at[count] = bytes;
		count++;
	}
	return count;
}

void rbc_invariants(const struct rbc *rbc)
{
	/* (R1) */
	assert(!rbc->echoed || rbc->own.size > 0);
	assert(!(rbc->readied && rbc->ready_due));
	if (rbc->self >= rbc->group.n)
		assert(!rbc->echoed && !rbc->readied && !rbc->ready_due);
	/* (R2) */
	for (uint32_t i = 0; i < RBC_MEMBERS_MAX; i++) {
		bool counts = i < rbc->group.n && (rbc->echoes & bit(i));
		assert((rbc->shard[i].size > 0) == (counts && rbc->result == RBC_PENDING));
	}
	/* (R3) */
	if (rbc->result != RBC_PENDING && rbc->self < rbc->group.n)
		assert(rbc->readied || rbc->ready_due);
	if (rbc->result != RBC_PENDING)
		assert(rbc->ripe);
	/* (R4) */
	if (rbc->payload.size > 0)
		assert(rbc->result == RBC_PAYLOAD);
}
