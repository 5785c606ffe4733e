/* beacon.c - a random beacon from the coin that members share. */
#include "crypto/beacon.h"

#include <assert.h>

enum { NAME_SIZE = 6 + sizeof(ec_hash) + 8 };

/* The name of a round's coin, in `at`. */
static struct ec_bytes name_of(const ec_hash *domain, uint64_t round, uint8_t at[static NAME_SIZE])
{
	struct ec_writer writer = ec_writer_over(at, NAME_SIZE);
	ec_write_raw(&writer, "beacon", 6);
	ec_write_hash(&writer, domain);
	ec_write_u64(&writer, round);
	assert(ec_writer_ok(&writer) && writer.size == NAME_SIZE);
	return (struct ec_bytes){.data = at, .size = NAME_SIZE};
}

void ec_beacon_share(const struct ec_threshold_crypto *crypto, const struct ec_threshold_key *key,
                     uint32_t self, const struct ec_threshold_secret *secret, const ec_hash *domain,
                     uint64_t round, const uint8_t random[static 32],
                     struct ec_threshold_share *share)
{
	uint8_t name[NAME_SIZE];
	crypto->coin_share(crypto->group, key, self, secret, name_of(domain, round, name), random,
	                   share);
}

bool ec_beacon_share_good(const struct ec_threshold_crypto *crypto,
                          const struct ec_threshold_key *key, const ec_hash *domain, uint64_t round,
                          uint32_t from, const struct ec_threshold_share *share)
{
	uint8_t name[NAME_SIZE];
	return from < key->n && crypto->coin_share_good(crypto->group, key, from,
	                                                name_of(domain, round, name), share);
}

static bool share_good(const struct ec_threshold_crypto *crypto, const struct ec_threshold_key *key,
                       const struct ec_beacon *beacon, uint32_t from,
                       const struct ec_threshold_share *share)
{
	return ec_beacon_share_good(crypto, key, &beacon->domain, beacon->round, from, share);
}

bool ec_beacon_ready(const struct ec_threshold_key *key, const struct ec_beacon *beacon)
{
	return beacon->count == key->needed;
}

bool ec_beacon_has(const struct ec_beacon *beacon, uint32_t from)
{
	for (uint32_t i = 0; i < beacon->count; i++)
		if (beacon->from[i] == from)
			return true;
	return false;
}

bool ec_beacon_add(const struct ec_threshold_crypto *crypto, const struct ec_threshold_key *key,
                   struct ec_beacon *beacon, uint32_t from, const struct ec_threshold_share *share)
{
	uint32_t place = 0;
	while (place < beacon->count && beacon->from[place] < from)
		place++;
	if (ec_beacon_has(beacon, from) || ec_beacon_ready(key, beacon) ||
	    !share_good(crypto, key, beacon, from, share))
		return false;
	for (uint32_t i = beacon->count++; i > place; i--) {
		beacon->from[i] = beacon->from[i - 1];
		beacon->share[i] = beacon->share[i - 1];
	}
	beacon->from[place] = from;
	beacon->share[place] = *share;
	return true;
}

ec_hash ec_beacon_value(const struct ec_threshold_crypto *crypto,
                        const struct ec_threshold_key *key, const struct ec_beacon *beacon)
{
	uint8_t name[NAME_SIZE];
	assert(ec_beacon_ready(key, beacon));
	return crypto->coin_combine(crypto->group, key, beacon->from, beacon->share,
	                            name_of(&beacon->domain, beacon->round, name));
}

bool ec_beacon_good(const struct ec_threshold_crypto *crypto, const struct ec_threshold_key *key,
                    const struct ec_beacon *beacon, ec_hash *value, struct ec_text *why)
{
	if (!ec_beacon_ready(key, beacon)) {
		ec_text_add(why, "it holds %u shares, exactly %u are needed", beacon->count,
		            key->needed);
		return false;
	}
	for (uint32_t i = 0; i < beacon->count; i++) {
		bool ascends = i == 0 || beacon->from[i - 1] < beacon->from[i];
		if (ascends && share_good(crypto, key, beacon, beacon->from[i], &beacon->share[i]))
			continue;
		ec_text_add(why, "the share of voter %u is not good", beacon->from[i]);
		return false;
	}
	*value = ec_beacon_value(crypto, key, beacon);
	return true;
}

void ec_beacon_shares_write(struct ec_cbor_writer *writer, const struct ec_beacon *beacon)
{
	assert(beacon->count <= EC_THRESHOLD_NEEDED_MAX);
	ec_cbor_write_array(writer, beacon->count);
	for (uint32_t i = 0; i < beacon->count; i++) {
		ec_cbor_write_array(writer, 2);
		ec_cbor_write_uint(writer, beacon->from[i]);
		ec_cbor_write_bytes(writer, beacon->share[i].b, sizeof beacon->share[i]);
	}
}

void ec_beacon_shares_read(struct ec_cbor *cbor, struct ec_beacon *beacon)
{
	beacon->count = ec_cbor_array(cbor, EC_THRESHOLD_NEEDED_MAX);
	for (uint32_t i = 0; i < beacon->count; i++) {
		ec_cbor_array_exact(cbor, 2);
		beacon->from[i] = (uint32_t)ec_cbor_uint(cbor, EC_THRESHOLD_MEMBERS_MAX - 1);
		if (i > 0 && beacon->from[i] <= beacon->from[i - 1])
			ec_cbor_refuse(cbor);
		ec_cbor_bytes_exact(cbor, beacon->share[i].b, sizeof beacon->share[i]);
	}
}
