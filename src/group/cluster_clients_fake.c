/* cluster_clients_fake.c - what clients of the cluster for tests ask for. */
#include "group/cluster_net_fake.h"

static bool submit(struct cluster *c, uint32_t node, const struct ec_secret *author,
                   uint64_t *sequence, uint64_t token, const void *payload, size_t size)
{
	struct cluster_node *of = &c->node[node];
	struct ec_envelope_plan plan = {.author = author,
	                                .crypto = c->plan.unsigned_group ? NULL : cluster_crypto(c),
	                                .genesis = c->world.genesis->hash,
	                                .sequence = *sequence + 1,
	                                .payload = payload,
	                                .payload_size = size};
	uint8_t bytes[WORLD_ENVELOPE_MAX], salt[EC_SALT_SIZE];
	if (!of->member)
		return false;
	size_t made = ec_envelope_make(&plan, bytes, sizeof bytes, NULL, salt);
	assert(made > 0);
	bool taken = cluster_work_submit(c, node, token, bytes, made, salt);
	*sequence += taken;
	return taken;
}

bool cluster_submit_payload(struct cluster *c, uint32_t node, uint32_t author, uint64_t token,
                            const void *payload, size_t size)
{
	return submit(c, node, &c->world.author[author], &c->sequence[author], token, payload,
	              size);
}

bool cluster_submit_own(struct cluster *c, uint32_t node, uint64_t token, const void *payload,
                        size_t size)
{
	return submit(c, node, &c->node[node].identity, &c->votes[node], token, payload, size);
}

bool cluster_vote(struct cluster *c, struct ec_membership *next, uint32_t node, uint64_t token)
{
	uint8_t payload[WORLD_ENVELOPE_MAX];
	size_t size = world_vote_for(next, payload, sizeof payload);
	return cluster_submit_own(c, node, token, payload, size);
}

bool cluster_submit(struct cluster *c, uint32_t node, uint64_t token)
{
	uint8_t payload[64];
	size_t size = world_note(&token, sizeof token, payload, sizeof payload);
	return cluster_submit_payload(c, node, (uint32_t)(token % c->plan.authors), token, payload,
	                              size);
}

enum ec_admission cluster_read(struct cluster *c, uint32_t node, uint64_t token)
{
	enum ec_admission admission = ec_member_read(c->node[node].member, cluster_time(c), token);
	cluster_acts(c, node);
	return admission;
}

void cluster_beacon(struct cluster *c, uint32_t node, uint64_t token, uint64_t seq)
{
	ec_member_beacon(c->node[node].member, cluster_time(c), token, seq);
	cluster_acts(c, node);
}

const char *cluster_hand_over(struct cluster *c, uint32_t node, uint32_t heir)
{
	const char *why = ec_member_hand_over(c->node[node].member, cluster_time(c), heir);
	cluster_acts(c, node);
	return why;
}
