/* sealing.c - what a proposal is, and keeping it secret until S is fixed (section 4.3).
 *
 *   payload   u8 0                             no batches
 *             u8 1, list                       in an era without keys
 *             u8 2, sealed key, ciphertext     in one with keys: the list under a fresh key
 *   list      u32 count, then each batch as a block
 *
 * A proposal says epoch and proposer in the label of both seals, so that nobody can propose what
 * another sealed.  Whatever is no payload holds nothing, at everyone: its bytes are the same at
 * everyone, and so is all that is computed of them.  What is sealed is opened by f+1 shares, which
 * are looked at only if they do not give the key that was committed to; when all that are combined
 * are good, it is the ciphertext that is not, and it holds nothing. */
#include "consensus/honeybadger/state.h"

#include "crypto/cipher.h"
#include "crypto/hash.h"

enum form { FORM_EMPTY, FORM_PLAIN, FORM_SEALED };

_Static_assert((int)EC_SEALED_KEY_SIZE == (int)EC_CIPHER_KEY_SIZE, "a key of the cipher is sealed");

ec_hash hb_draw(struct hb *self)
{
	uint8_t count[8];
	struct ec_writer writer = ec_writer_over(count, sizeof count);
	ec_write_u64(&writer, ++self->drawn);
	return ec_hmac_sha256(self->config.seed, sizeof self->config.seed, count, sizeof count);
}

static struct ec_bytes label(const struct hb *self, uint64_t epoch, uint32_t instance,
                             uint8_t at[static LABEL_SIZE])
{
	struct ec_writer writer = ec_writer_over(at, LABEL_SIZE);
	ec_write_hash(&writer, &self->config.domain);
	ec_write_u64(&writer, epoch);
	ec_write_u32(&writer, planted(&self->config, BUG_LABEL) ? 0 : instance);
	assert(ec_writer_ok(&writer));
	return (struct ec_bytes){.data = at, .size = writer.size};
}

static struct ec_bytes list_make(struct ec_pool *pool, const struct pending *const *batch,
                                 uint32_t count)
{
	struct ec_writer writer = ec_writer_over(NULL, 0);
	struct ec_bytes list = EC_NO_BYTES;
	for (int pass = 0; pass < 2; pass++) {
		ec_write_u32(&writer, count);
		for (uint32_t i = 0; i < count; i++)
			ec_write_block(&writer, batch[i]->bytes.data, batch[i]->bytes.size);
		if (pass == 0) {
			list = ec_pool_take(pool, writer.size);
			writer = ec_writer_over(ec_writable(list), list.size);
		}
	}
	return list;
}

static struct ec_bytes seal(struct hb *self, struct ec_pool *pool, uint64_t epoch,
                            struct ec_bytes list)
{
	uint8_t at[LABEL_SIZE];
	struct ec_sealed sealed;
	struct ec_bytes named = label(self, epoch, self->seat, at);
	ec_hash key = hb_draw(self), random = hb_draw(self);
	self->config.crypto->threshold->seal(self->config.crypto->threshold->group,
	                                     hb_seal_key(self), named, key.b, random.b, &sealed);
	struct ec_bytes payload =
		ec_pool_take(pool, 1 + sizeof sealed.b + list.size + EC_CIPHER_TAG_SIZE);
	uint8_t *bytes = ec_writable(payload);
	bytes[0] = FORM_SEALED;
	memcpy(bytes + 1, sealed.b, sizeof sealed.b);
	ec_cipher_seal(key.b, named, list.data, list.size, bytes + 1 + sizeof sealed.b);
	ec_erase(&key, sizeof key);
	ec_erase(&random, sizeof random);
	return payload;
}

struct ec_bytes hb_payload_make(struct hb *self, struct ec_pool *pool, uint64_t epoch,
                                const struct pending *const *batch, uint32_t count)
{
	static const uint8_t empty = FORM_EMPTY;
	if (!count)
		return ec_pool_copy(pool, &empty, 1);
	struct ec_bytes list = list_make(pool, batch, count), payload;
	if (self->keyed) {
		payload = seal(self, pool, epoch, list);
	} else {
		payload = ec_pool_take(pool, 1 + list.size);
		ec_writable(payload)[0] = FORM_PLAIN;
		memcpy(ec_writable(payload) + 1, list.data, list.size);
	}
	ec_drop(list);
	assert(payload.size <= self->group.payload_max);
	return payload;
}

/* Returns: how many batches the list holds; 0 where it is no list, wholly. */
static uint32_t list_count(const struct hb *self, struct ec_bytes list)
{
	struct ec_reader reader = ec_reader_over(list.data, list.size);
	uint32_t count = ec_read_u32(&reader);
	size_t sum = 0;
	if (reader.bad || count > self->batches_max)
		return 0;
	for (uint32_t i = 0; i < count; i++) {
		size_t size = 0;
		ec_read_block(&reader, self->options.batch_bytes_max, &size);
		if (reader.bad || size == 0)
			return 0;
		sum += size;
	}
	return ec_reader_done(&reader) && sum <= self->options.proposal_bytes_max ? count : 0;
}

/* Takes over the list. */
static void opened(struct hb *self, struct live *live, uint32_t instance, struct ec_bytes list)
{
	struct proposal *proposal = hb_proposal(self, live, instance);
	proposal->batches = list.size ? list_count(self, list) : 0;
	if (!proposal->batches) {
		ec_drop(list);
		list = EC_NO_BYTES;
	}
	assert(!proposal->list.size);
	proposal->list = list;
	live->opened |= bit(instance);
}

static const struct ec_sealed *sealed_of(struct ec_bytes payload)
{
	return (const struct ec_sealed *)(const void *)(payload.data + 1);
}

static void judge_sealed(struct hb *self, struct live *live, uint32_t instance,
                         struct ec_bytes payload)
{
	uint8_t at[LABEL_SIZE];
	const struct ec_threshold_crypto *crypto = self->config.crypto->threshold;
	struct ec_bytes named = label(self, live->epoch, instance, at);
	bool whole = payload.size >= 1 + EC_SEALED_SIZE + EC_CIPHER_TAG_SIZE;
	if (whole &&
	    crypto->sealed_good(crypto->group, hb_seal_key(self), named, sealed_of(payload)))
		live->good |= bit(instance);
	else if (!planted(&self->config, BUG_BAD_SEAL))
		opened(self, live, instance, EC_NO_BYTES);
}

void hb_payload_judge(struct hb *self, struct live *live, uint32_t instance,
                      struct ec_bytes payload, struct ec_pool *pool)
{
	uint8_t form = payload.size ? payload.data[0] : FORM_EMPTY;
	assert(!((live->good | live->opened) & bit(instance)));
	if (self->keyed && form == FORM_SEALED)
		judge_sealed(self, live, instance, payload);
	else if (!self->keyed && form == FORM_PLAIN)
		opened(self, live, instance,
		       ec_pool_copy(pool, payload.data + 1, payload.size - 1));
	else
		opened(self, live, instance, EC_NO_BYTES);
}

void hb_share_make(struct hb *self, const struct live *live, uint32_t instance,
                   struct ec_threshold_share *share)
{
	const struct rbc *rbc = &hb_proposal(self, live, instance)->rbc;
	ec_hash random = hb_draw(self);
	assert(self->sharing && live->good & bit(instance));
	self->config.crypto->threshold->open_share(
		self->config.crypto->threshold->group, hb_seal_key(self), self->seat,
		&self->config.shares->seal, sealed_of(rbc->payload), random.b, share);
	ec_erase(&random, sizeof random);
}

/* Drops the shares among the first `needed` that are bad.  Returns: whether all were good. */
static bool shares_verify(struct hb *self, struct live *live, uint32_t instance,
                          const uint32_t *from, uint32_t needed)
{
	struct proposal *proposal = hb_proposal(self, live, instance);
	const struct ec_threshold_share *share = hb_shares(self, live, instance);
	bool good = true;
	for (uint32_t i = 0; i < needed; i++) {
		if (proposal->verified & bit(from[i]))
			continue;
		if (self->config.crypto->threshold->open_share_good(
			    self->config.crypto->threshold->group, hb_seal_key(self), from[i],
			    sealed_of(proposal->rbc.payload), &share[from[i]])) {
			proposal->verified |= bit(from[i]);
		} else {
			proposal->heard &= ~bit(from[i]);
			good = false;
		}
	}
	return good;
}

/* The plaintext under the key that the shares gave; none: the cipher does not fit it. */
static struct ec_bytes decipher(const struct hb *self, const struct live *live, uint32_t instance,
                                const uint8_t *key, struct ec_pool *pool)
{
	uint8_t at[LABEL_SIZE];
	struct ec_bytes payload = hb_proposal(self, live, instance)->rbc.payload;
	size_t skip = 1 + EC_SEALED_SIZE, size = payload.size - skip - EC_CIPHER_TAG_SIZE;
	if (!size)
		return EC_NO_BYTES;
	struct ec_bytes list = ec_pool_take(pool, size);
	if (ec_cipher_open(key, label(self, live->epoch, instance, at), payload.data + skip,
	                   payload.size - skip, ec_writable(list)))
		return list;
	ec_drop(list);
	return EC_NO_BYTES;
}

void hb_payload_open(struct hb *self, struct live *live, uint32_t instance, struct ec_pool *pool)
{
	struct proposal *proposal = hb_proposal(self, live, instance);
	uint32_t needed = hb_seal_key(self)->needed, from[EC_THRESHOLD_NEEDED_MAX];
	struct ec_threshold_share share[EC_THRESHOLD_NEEDED_MAX];
	uint8_t at[LABEL_SIZE], key[EC_SEALED_KEY_SIZE];
	struct ec_bytes named = label(self, live->epoch, instance, at);
	while (set_count(proposal->heard) >= needed) {
		/* Those that are known to be good first. */
		uint64_t sets[2] = {proposal->verified, proposal->heard & ~proposal->verified};
		uint32_t count = 0;
		for (int k = 0; k < 2; k++)
			for (uint64_t left = sets[k]; left && count < needed; left &= left - 1)
				from[count++] = (uint32_t)__builtin_ctzll(left);
		for (uint32_t i = 0; i < needed; i++)
			share[i] = hb_shares(self, live, instance)[from[i]];
		bool fits = self->config.crypto->threshold->open_combine(
			self->config.crypto->threshold->group, hb_seal_key(self), from, share,
			named, sealed_of(proposal->rbc.payload), key);
		if (fits)
			opened(self, live, instance, decipher(self, live, instance, key, pool));
		else if (shares_verify(self, live, instance, from, needed))
			opened(self, live, instance, EC_NO_BYTES);
		if (live->opened & bit(instance))
			return;
	}
}
