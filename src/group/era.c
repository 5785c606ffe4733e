/* era.c - what never changes about one era. */
#include "group/era.h"

#include "base/codec.h"
#include "base/quorum.h"
#include "crypto/hash.h"
#include "group/frames.h"
#include "group/records.h"

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

static const struct ec_protocol *protocol_find(const struct ec_protocol *const *protocols,
                                               const char *name)
{
	for (const struct ec_protocol *const *at = protocols; *at; at++)
		if (strcmp((*at)->name, name) == 0)
			return *at;
	return NULL;
}

/* What a step emits must fit into a frame and a record of the log. */
static const char *too_large(const struct ec_limits *limits)
{
	if (limits->message_max > EC_FRAME_BODY_MAX)
		return "with so many members and these options a message may be larger than a "
		       "frame takes (6 MiB): shorten its interval of checkpoints, or what it keeps";
	if (limits->record_max > RECORD_BYTES_MAX)
		return "with so many members and these options a record may be larger than the log "
		       "takes (32 MiB): shorten its interval of checkpoints, or what it keeps";
	return NULL;
}

/* The keys that the members share, read.  Out: keys, allocated, or NULL where there are none. */
static const char *keys_read(const struct ec_crypto *crypto, const struct ec_membership *membership,
                             struct ec_shared_keys **keys)
{
	*keys = NULL;
	if (!membership->keys_size)
		return NULL;
	struct ec_shared_keys *read = malloc(sizeof *read);
	if (!read)
		abort();
	const char *wrong =
		ec_membership_keys(membership, crypto->threshold, &read->coin, &read->seal);
	if (wrong)
		free(read);
	else
		*keys = read;
	return wrong;
}

/* Reads the options into where config->options points to.  A time-out of 0: that of the options. */
static const char *misfit(const struct ec_protocol *protocol,
                          const struct ec_membership *membership, uint64_t timeout_ns,
                          const struct ec_config *config, void *options)
{
	struct ec_bytes encoded = {.data = membership->options, .size = membership->options_size};
	const char *wrong = NULL;
	if (protocol->order == EC_PARTIAL)
		return "it makes no total order, which blocks need";
	if (protocol->order == EC_REVISABLE && protocol->sealed)
		return "its batches are sealed and its order may be revised: no member does both";
	for (uint32_t i = 0; !protocol->weighs && i < membership->n; i++)
		if (membership->seat[i].weight != 1)
			return "it counts heads, so every member must have weight 1";
	if (options)
		wrong = protocol->options_read(encoded, timeout_ns, options);
	else if (encoded.size)
		wrong = "it has no options";
	if (!wrong)
		wrong = protocol->misfit(config);
	if (wrong)
		return wrong;
	if (protocol->terms(config).interval % EC_BLOCK_POSITIONS)
		return "its interval of checkpoints is no multiple of 64, where blocks end";
	struct ec_limits limits = protocol->limits(config);
	return too_large(&limits);
}

/* A block for the options of a protocol; NULL: it has none. */
static void *options_new(const struct ec_protocol *protocol)
{
	void *options = protocol->options_size ? calloc(1, protocol->options_size) : NULL;
	if (protocol->options_size && !options)
		abort();
	return options;
}

const char *ec_member_misfit(const void *protocols, const struct ec_membership *membership)
{
	const struct ec_protocol *protocol = protocol_find(protocols, membership->protocol);
	struct ec_roster roster = ec_membership_roster(membership);
	struct ec_shared_keys keys;
	bool keyed = membership->keys_size != 0;
	if (!protocol)
		return "this program does not have it";
	const char *wrong =
		keyed ? ec_membership_keys_lay(membership, &keys.coin, &keys.seal) : NULL;
	if (wrong)
		return wrong;
	void *options = options_new(protocol);
	struct ec_config config = {
		.roster = &roster, .options = options, .keys = keyed ? &keys : NULL};
	wrong = misfit(protocol, membership, 0, &config, options);
	free(options);
	return wrong;
}

bool roster_served(const void *protocols, const struct ec_membership *membership)
{
	return !ec_member_misfit(protocols, membership);
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
	era->quorum = ec_membership_quorum(era->membership);
	era->liars = ec_membership_liars(era->membership) ? ec_faults_byzantine(era->voters) : 0;
	era->self = ec_membership_find(era->membership, config->identity.key);
	era->config.self = era->self;
	era->config.roster = &era->roster;
	era->config.crypto = config->crypto;
	era->config.domain = ec_genesis_domain(config->genesis, era->membership);
	seed_of_era(config, era);
	memset(era->index_of, 0xff, sizeof era->index_of);
	memset(era->peer_of, 0xff, sizeof era->peer_of);
}

/* Why an era of this roster cannot run here; NULL: it can. */
static const char *protocol_take(const struct ec_member_config *config, struct era *era)
{
	era->protocol = protocol_find(config->protocols, era->membership->protocol);
	if (!era->protocol)
		return "this program has no such protocol";
	const char *wrong = keys_read(config->crypto, era->membership, &era->keys);
	if (wrong)
		return wrong;
	era->config.keys = era->keys;
	era->options = options_new(era->protocol);
	era->config.options = era->options;
	wrong = misfit(era->protocol, era->membership, config->protocol_timeout_ns, &era->config,
	               era->options);
	if (!wrong)
		era->terms = era->protocol->terms(&era->config);
	return wrong;
}

struct era *era_new(const struct ec_member_config *config, struct ec_membership *membership,
                    uint64_t base, char *why, size_t why_size)
{
	struct era *era = calloc(1, sizeof *era);
	if (!era)
		abort();
	era->membership = membership;
	era->config.base = base;
	fill(config, era);
	const char *wrong = protocol_take(config, era);
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
	free(era->options);
	free(era->keys);
	free(era);
}

size_t era_batch_bytes_max(const struct era *era)
{
	uint32_t most = era->terms.batch_bytes_max;
	return most < BATCH_BYTES_MAX ? most : BATCH_BYTES_MAX;
}
