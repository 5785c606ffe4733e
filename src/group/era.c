/* era.c - what never changes about one era. */
#include "group/era.h"

#include "base/codec.h"
#include "consensus/quorum.h"
#include "crypto/hash.h"
#include "group/frames.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct ec_membership *membership_copy(const struct ec_membership *from, char *why, size_t why_size)
{
	struct ec_membership same = *from;
	size_t size;
	uint8_t *bytes = ec_membership_write(&same, &size);
	if (!bytes) {
		snprintf(why, why_size, "the roster does not encode");
		return NULL;
	}
	struct ec_membership *copy =
		ec_membership_read((struct ec_bytes){.data = bytes, .size = size}, why, why_size);
	free(bytes);
	return copy;
}

static const struct ec_protocol *protocol_find(const struct ec_member_config *config,
                                               const char *name)
{
	for (const struct ec_protocol *const *at = config->protocols; *at; at++)
		if (strcmp((*at)->name, name) == 0)
			return *at;
	return NULL;
}

/* A roster's options, little-endian: u32 interval, u32 batch bytes, u64 first time-out in ns; what
 * is not there is the default. */
static void options_read(struct era *era, uint64_t timeout_ns)
{
	const struct ec_membership *membership = era->membership;
	struct ec_reader reader = ec_reader_over(membership->options, membership->options_size);
	if (strcmp(membership->protocol, "pbft") != 0)
		return;
	era->pbft.interval = ec_read_u32(&reader);
	era->pbft.batch_bytes_max = ec_read_u32(&reader);
	era->pbft.timeout_ns = ec_read_u64(&reader);
	if (reader.bad)
		era->pbft = (struct pbft_options){0};
	if (era->pbft.interval > PBFT_INTERVAL_MAX || era->pbft.interval % 64)
		era->pbft.interval = 0;
	if (era->pbft.batch_bytes_max > PBFT_BATCH_BYTES_MAX)
		era->pbft.batch_bytes_max = 0;
	if (timeout_ns)
		era->pbft.timeout_ns = timeout_ns;
	era->config.options = &era->pbft;
}

static void seed_of_era(const struct ec_member_config *config, struct era *era)
{
	uint8_t number[8];
	struct ec_writer writer = ec_writer_over(number, sizeof number);
	ec_write_u64(&writer, era->number);
	ec_hash seed = ec_hmac_sha256(config->seed, sizeof config->seed, number, sizeof number);
	memcpy(era->config.seed, seed.b, sizeof era->config.seed);
}

static void fill(const struct ec_member_config *config, struct era *era)
{
	era->number = era->membership->era;
	era->roster = ec_membership_roster(era->membership);
	era->voters = ec_voters(&era->roster);
	era->quorum = ec_quorum_byzantine(era->voters);
	era->self = ec_membership_find(era->membership, config->identity.key);
	era->config.self = era->self;
	era->config.roster = &era->roster;
	era->config.crypto = config->crypto;
	era->config.domain = ec_genesis_domain(config->genesis, era->membership);
	seed_of_era(config, era);
	options_read(era, config->protocol_timeout_ns);
	memset(era->index_of, 0xff, sizeof era->index_of);
	memset(era->peer_of, 0xff, sizeof era->peer_of);
}

/* Why an era of this roster cannot run here; NULL: it can. */
static const char *misfit(const struct era *era)
{
	if (!era->protocol)
		return "this program has no such protocol";
	if (era->protocol->order != EC_TOTAL)
		return "it makes no total order, which blocks need";
	for (uint32_t i = 0; !era->protocol->weighs && i < era->roster.n; i++)
		if (era->roster.member[i].weight != 1)
			return "it counts heads, so every member must have weight 1";
	return NULL;
}

struct era *era_new(const struct ec_member_config *config, struct ec_membership *membership,
                    uint64_t base, char *why, size_t why_size)
{
	struct era *era = calloc(1, sizeof *era);
	if (!era)
		abort();
	era->membership = membership;
	era->base = base;
	fill(config, era);
	era->protocol = protocol_find(config, membership->protocol);
	const char *wrong = misfit(era);
	if (!wrong)
		return era;
	snprintf(why, why_size, "protocol \"%s\" of era %llu: %s", membership->protocol,
	         (unsigned long long)era->number, wrong);
	era_free(era);
	return NULL;
}

void era_free(struct era *era)
{
	ec_membership_free(era->membership);
	free(era);
}

uint64_t era_timeout_ns(const struct era *era)
{
	return era->pbft.timeout_ns ? era->pbft.timeout_ns : PBFT_TIMEOUT_NS;
}

uint32_t era_interval(const struct era *era)
{
	return era->pbft.interval ? era->pbft.interval : PBFT_INTERVAL;
}

size_t era_batch_bytes_max(const struct era *era)
{
	uint32_t options = era->pbft.batch_bytes_max;
	return options && options < BATCH_BYTES_MAX ? options : BATCH_BYTES_MAX;
}
