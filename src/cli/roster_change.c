/* roster_change.c - the next era's roster of a group of a local network. */
#include "cli/roster_change.h"

#include "base/text.h"
#include "cli/client_options.h"
#include "cli/node_address.h"
#include "cli/payload.h"
#include "cli/protocol_option.h"
#include "cli/up.h"
#include "ledger/envelope.h"
#include "ledger/keygen.h"
#include "ledger/result.h"
#include "node/daemon.h"
#include "node/file.h"
#include "node/keys.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	CONNECT_MS = 3000,
	ANSWER_MS = 30000,
	RETRY_MS_MAX = 1000,
	NOTE_EVERY_US = 10000,
	CALM_NS = 500 * 1000 * 1000,
	LANE_OF_NOTES = 998, /* so that no note of one command makes a vote of another too old */
};

/* Tokens of votes, apart from those of calls. */
static const uint64_t VOTES_FROM = (uint64_t)1 << 32;

static bool fail(char *why, size_t why_size, const char *what, const char *detail)
{
	snprintf(why, why_size, "%s: %.200s", what, detail);
	return false;
}

/* The first node that answers, but for the one in seat `not_asked` of the group's folder. */
static struct ec_client *connect_any(const struct ec_network_group *group, uint32_t not_asked,
                                     char *why, size_t why_size)
{
	struct ec_node_addresses addresses;
	struct ec_client *client = NULL;
	if (!ec_node_addresses_of(group->folder, &addresses, why, why_size))
		return NULL;
	for (uint32_t i = 0; i < addresses.count && !client; i++)
		if (i != not_asked)
			client = ec_client_open(addresses.address[i], CONNECT_MS, why, why_size);
	return client;
}

static struct ec_genesis *genesis_of(const struct ec_network_group *group, char *why,
                                     size_t why_size)
{
	char path[FILE_PATH_MAX];
	size_t size;
	uint8_t *bytes = file_path(path, group->folder, "genesis")
	                         ? file_read(path, EC_GENESIS_SIZE_MAX, &size)
	                         : NULL;
	if (!bytes) {
		fail(why, why_size, "cannot read the group's genesis", strerror(errno));
		return NULL;
	}
	struct ec_genesis *genesis = ec_genesis_read(bytes, size, why, why_size);
	free(bytes);
	return genesis;
}

static struct ec_node_says says(struct ec_client *client)
{
	struct ec_door_answer answer;
	if (!ec_client_call(client, &(struct ec_door_request){.kind = EC_DOOR_STATUS}, ANSWER_MS,
	                    &answer) ||
	    answer.kind != EC_DOOR_TEXT)
		return (struct ec_node_says){0};
	json_t *json = json_loadb((const char *)answer.text.data, answer.text.size, 0, NULL);
	const json_t *member = json_object_get(json, "member");
	const char *protocol = json_string_value(json_object_get(json, "protocol"));
	struct ec_node_says said = {
		.era = (uint64_t)json_integer_value(json_object_get(json, "era")),
		.voter = json_is_true(json_object_get(json, "voter")),
		.ready = json_is_true(json_object_get(json, "ready")),
		.keyed = json_is_true(json_object_get(json, "keyed")),
		.leads = json_is_true(json_object_get(json, "leads")),
		.view = (uint64_t)json_integer_value(json_object_get(json, "view")),
		.member = json_is_integer(member) ? (uint32_t)json_integer_value(member)
	                                          : UINT32_MAX};
	const char *next = json_string_value(json_object_get(json, "next_era_key"));
	const char *leader = json_string_value(json_object_get(json, "leader"));
	said.next_waits = next && ec_hex_read(next, said.next_key, sizeof said.next_key);
	snprintf(said.leader, sizeof said.leader, "%s", leader ? leader : "");
	snprintf(said.protocol, sizeof said.protocol, "%s", protocol ? protocol : "");
	json_decref(json);
	return said;
}

struct ec_node_says ec_node_ask(const struct ec_network_node *node)
{
	struct ec_node_addresses addresses;
	struct ec_node_says said = {0};
	char why[512];
	struct ec_client *client =
		ec_node_addresses_of(node->folder, &addresses, why, sizeof why)
			? ec_client_open(addresses.address[0], CONNECT_MS, why, sizeof why)
			: NULL;
	if (client)
		said = says(client);
	ec_client_close(client);
	return said;
}

/* The roster in force: what the last change left in the state, or the genesis's. */
static struct ec_membership *in_force(struct ec_client *client, const struct ec_genesis *genesis,
                                      char *why, size_t why_size)
{
	static const char name[] = "r/next";
	struct ec_door_request request = {
		.kind = EC_DOOR_QUERY,
		.at = EC_AT_LATEST,
		.limit = 1,
		.name = {.data = (const uint8_t *)name, .size = sizeof name - 1}};
	struct ec_door_answer answer;
	struct ec_bytes its_name, value;
	uint64_t era = says(client).era;
	if (era == genesis->membership->era) {
		size_t size;
		uint8_t *bytes = ec_membership_write(genesis->membership, &size);
		value = (struct ec_bytes){.data = bytes, .size = size};
		struct ec_membership *copy = ec_membership_read(value, why, why_size);
		free(bytes);
		return copy;
	}
	if (!ec_client_call(client, &request, ANSWER_MS, &answer) ||
	    answer.kind != EC_DOOR_VALUES || !ec_door_item_next(&answer, &its_name, &value)) {
		fail(why, why_size, "the group does not tell its roster",
		     "is a quorum of its nodes running?");
		return NULL;
	}
	return ec_membership_read(value, why, why_size);
}

bool ec_roster_change_begin(struct ec_roster_change *change, const struct ec_network_group *group,
                            uint32_t patience_ms, uint32_t not_asked, char *why, size_t why_size)
{
	*change = (struct ec_roster_change){.group = group, .patience_ms = patience_ms};
	change->genesis = genesis_of(group, why, why_size);
	change->client = change->genesis ? connect_any(group, not_asked, why, why_size) : NULL;
	if (change->client)
		change->now = in_force(change->client, change->genesis, why, why_size);
	return change->now != NULL;
}

void ec_roster_change_end(struct ec_roster_change *change)
{
	ec_client_close(change->client);
	ec_membership_free(change->now);
	ec_membership_free(change->next);
	ec_genesis_free(change->genesis);
}

void ec_roster_change_plan(struct ec_roster_change *change, uint32_t more)
{
	const struct ec_membership *now = change->now;
	struct ec_membership *next = ec_membership_new(now->n + more);
	next->era = now->era + 1;
	memcpy(next->protocol, now->protocol, sizeof next->protocol);
	memcpy(next->options, now->options, sizeof next->options);
	next->options_size = now->options_size;
	memcpy(next->seat, now->seat, now->n * sizeof *now->seat);
	change->next = next;
}

void ec_roster_change_drop(struct ec_roster_change *change, uint32_t seat)
{
	struct ec_membership *next = change->next;
	assert(seat < next->n);
	next->n--;
	memmove(&next->seat[seat], &next->seat[seat + 1], (next->n - seat) * sizeof *next->seat);
}

/* Submits, and again while the gateway says that it cannot take it yet: its links may just come
 * back.  Returns: whether there was an answer. */
static bool submit(struct ec_roster_change *change, struct ec_bytes envelope, const uint8_t *salt,
                   struct ec_door_answer *answer)
{
	for (uint64_t left_ms = change->patience_ms;;) {
		if (!ec_client_submit(change->client, envelope, salt, change->patience_ms, answer))
			return false;
		uint32_t wait_ms = answer->kind == EC_DOOR_REFUSED ? answer->retry_ms : 0;
		if (wait_ms > RETRY_MS_MAX)
			wait_ms = RETRY_MS_MAX;
		if (!wait_ms || wait_ms > left_ms)
			return true;
		usleep(wait_ms * 1000);
		left_ms -= wait_ms;
	}
}

/* One signed transaction. */
struct signed_one {
	uint8_t bytes[EC_PAYLOAD_SIZE_MAX], salt[EC_SALT_SIZE];
	size_t size; /* 0: it did not fit */
};

static void sign(const struct ec_roster_change *change, const struct ec_secret *author,
                 uint64_t lane, const void *payload, size_t size, struct signed_one *out)
{
	bool bare = change->genesis->flags & EC_GENESIS_UNSIGNED;
	struct ec_envelope_plan plan = {.author = author,
	                                .crypto = bare ? NULL : &ec_crypto_ed25519,
	                                .genesis = change->genesis->hash,
	                                .lane = lane,
	                                .sequence = ec_cli_sequence(),
	                                .payload = payload,
	                                .payload_size = size};
	out->size = ec_envelope_make(&plan, out->bytes, sizeof out->bytes, NULL, out->salt);
}

/* Whether it was executed; why not in `why`. */
static bool judge(const struct ec_door_answer *answer, char *why, size_t why_size)
{
	if (answer->kind != EC_DOOR_DONE) {
		snprintf(why, why_size, "refused: %.*s", (int)answer->text.size,
		         (const char *)answer->text.data);
		return false;
	}
	return answer->code == EC_RESULT_DONE ||
	       fail(why, why_size, "refused", ec_result_text(answer->code));
}

/* Signs and submits one payload.  Returns: whether it was executed; why not in `why`. */
static bool say(struct ec_roster_change *change, const struct ec_secret *author, uint64_t lane,
                const void *payload, size_t size, char *why, size_t why_size)
{
	struct signed_one one;
	struct ec_door_answer answer;
	sign(change, author, lane, payload, size, &one);
	struct ec_bytes envelope = {.data = one.bytes, .size = one.size};
	if (!envelope.size || !submit(change, envelope, one.salt, &answer))
		return fail(why, why_size, "no answer", "the gateway was lost, or no quorum runs");
	return judge(&answer, why, why_size);
}

/* One member's signed vote, if its key is here and it may vote.  Out: there.  Returns: false when
 * the key cannot be read. */
static bool vote_sign(struct ec_roster_change *change, uint32_t i, struct ec_bytes payload,
                      struct signed_one *vote, bool *there, char *why, size_t why_size)
{
	char path[FILE_PATH_MAX];
	struct ec_secret secret;
	*there = false;
	if (!file_path(path, change->group->node[i].folder, "identity.key") ||
	    access(path, R_OK) != 0)
		return true;
	if (!ec_key_read(path, &secret, why, why_size))
		return false;
	uint32_t seat = ec_membership_find(change->now, secret.key);
	*there = seat < change->now->n && (change->now->seat[seat].roles & EC_VOTER);
	if (*there)
		sign(change, &secret, 0, payload.data, payload.size, vote);
	ec_secret_erase(&secret);
	return true;
}

static bool vote_send(struct ec_roster_change *change, const struct signed_one *vote,
                      uint64_t token)
{
	struct ec_door_request request = {.kind = EC_DOOR_SUBMIT,
	                                  .token = token,
	                                  .envelope = {.data = vote->bytes, .size = vote->size}};
	memcpy(request.salt, vote->salt, sizeof request.salt);
	return vote->size && ec_client_send(change->client, &request);
}

/* Submits all votes at once, so that they need no more than a block, and those again that the
 * gateway could not take yet.  Returns: whether each was executed; why not in `why`. */
static bool votes_submit(struct ec_roster_change *change, const struct signed_one *vote,
                         uint64_t count, char *why, size_t why_size)
{
	struct ec_door_answer answer;
	uint64_t done = 0, left_ms = change->patience_ms;
	bool good = true;
	for (uint64_t i = 0; i < count; i++)
		good = good && vote_send(change, &vote[i], VOTES_FROM + i);
	while (good && done < count) {
		good = ec_client_wait(change->client, change->patience_ms, &answer);
		if (!good || answer.token < VOTES_FROM || answer.token >= VOTES_FROM + count ||
		    answer.kind == EC_DOOR_ACCEPTED)
			continue;
		uint32_t wait_ms = answer.kind == EC_DOOR_REFUSED ? answer.retry_ms : 0;
		if (wait_ms > RETRY_MS_MAX)
			wait_ms = RETRY_MS_MAX;
		if (!wait_ms || wait_ms > left_ms) {
			if (!judge(&answer, why, why_size))
				return false;
			done++;
			continue;
		}
		usleep(wait_ms * 1000);
		left_ms -= wait_ms;
		good = vote_send(change, &vote[answer.token - VOTES_FROM], answer.token);
	}
	return good || fail(why, why_size, "no answer", "the gateway was lost, or no quorum runs");
}

/* The transaction that votes for the next roster, from malloc. */
static struct ec_bytes ballot_make(const struct ec_roster_change *change)
{
	size_t size;
	uint8_t *roster = ec_membership_write(change->next, &size);
	uint8_t *payload = malloc(size + 16);
	if (!payload)
		abort();
	struct ec_cbor_writer writer = ec_cbor_writer_over(payload, size + 16);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_uint(&writer, 4);
	ec_cbor_write_bytes(&writer, roster, size);
	free(roster);
	return (struct ec_bytes){.data = payload, .size = writer.out.size};
}

/* Votes as often as is needed.  The vote that completes a quorum ends the era. */
static bool votes(struct ec_roster_change *change, char *why, size_t why_size)
{
	struct ec_bytes payload = ballot_make(change);
	uint64_t wanted = ec_membership_quorum(change->now), count = 0;
	struct signed_one *vote = calloc(wanted, sizeof *vote);
	if (!vote)
		abort();
	bool good = true;
	for (uint32_t i = 0; good && i < change->group->nodes && count < wanted; i++) {
		bool there;
		good = vote_sign(change, i, payload, &vote[count], &there, why, why_size);
		count += there;
	}
	if (good && count < wanted)
		snprintf(why, why_size,
		         "%llu votes are needed and only %llu members' keys are here",
		         (unsigned long long)wanted, (unsigned long long)count);
	good = good && count >= wanted && votes_submit(change, vote, count, why, why_size);
	free((void *)payload.data);
	free(vote);
	return good;
}

/* The key of a node that has a seat before and after the change, and so an account. */
static bool author_of(const struct ec_roster_change *change, struct ec_secret *secret, char *why,
                      size_t why_size)
{
	char path[FILE_PATH_MAX];
	const struct ec_network_group *group = change->group;
	for (uint32_t i = 0; i < group->nodes; i++) {
		const uint8_t *key = group->node[i].identity_key;
		if (ec_membership_find(change->now, key) < change->now->n &&
		    ec_membership_find(change->next, key) < change->next->n)
			return file_path(path, group->node[i].folder, "identity.key") &&
			       ec_key_read(path, secret, why, why_size);
	}
	return fail(why, why_size, "nobody can submit notes", "all members change");
}

/* Submits notes until commits flow again in the new era; measures the longest pause. */
static bool measure(struct ec_roster_change *change, char *why, size_t why_size)
{
	struct ec_secret secret;
	uint8_t payload[EC_PAYLOAD_SIZE_MAX];
	uint64_t begin = up_now(), last = begin, changed = 0;
	size_t size = ec_payload_note("the era changes", payload, why, why_size);
	if (!author_of(change, &secret, why, why_size))
		return false;
	while (!changed || up_now() - changed < CALM_NS) {
		if (up_now() - begin > (uint64_t)change->patience_ms * 1000000) {
			ec_secret_erase(&secret);
			return fail(why, why_size, "the era did not change in time",
			            "is a quorum of its nodes running?");
		}
		if (say(change, &secret, LANE_OF_NOTES, payload, size, why, why_size)) {
			uint64_t now = up_now();
			if (now - last > change->pause_ns)
				change->pause_ns = now - last;
			last = now;
			change->commits++;
		}
		if (!changed && says(change->client).era == change->next->era)
			changed = up_now();
		usleep(NOTE_EVERY_US);
	}
	ec_secret_erase(&secret);
	return true;
}

/* The first voter of the roster in force whose identity key is here. */
static bool opener_of(struct ec_roster_change *change, struct ec_secret *secret, char *why,
                      size_t why_size)
{
	for (uint32_t i = 0; i < change->group->nodes; i++) {
		char path[FILE_PATH_MAX];
		if (!file_path(path, change->group->node[i].folder, "identity.key") ||
		    access(path, R_OK) != 0)
			continue;
		if (!ec_key_read(path, secret, why, why_size))
			return false;
		uint32_t seat = ec_membership_find(change->now, secret->key);
		if (seat < change->now->n && change->now->seat[seat].roles & EC_VOTER)
			return true;
	}
	ec_secret_erase(secret);
	return fail(why, why_size, "nobody can have keys made",
	            "no voter's identity key is in the group's folder");
}

/* How the generation stands.  Returns: false when no node tells. */
static bool generation_ask(struct ec_roster_change *change, struct ec_keygen *keygen)
{
	uint8_t name[EC_KEYGEN_NAME_SIZE];
	struct ec_door_request request = {.kind = EC_DOOR_QUERY,
	                                  .at = EC_AT_LATEST,
	                                  .limit = 1,
	                                  .name = {.data = name, .size = sizeof name}};
	struct ec_door_answer answer;
	struct ec_bytes its_name, value;
	ec_keygen_name(keygen->era, keygen->opener, name);
	return ec_client_call(change->client, &request, ANSWER_MS, &answer) &&
	       answer.kind == EC_DOOR_VALUES && ec_door_item_next(&answer, &its_name, &value) &&
	       its_name.size == sizeof name && ec_keygen_read(value, keygen);
}

static bool generation_wait(struct ec_roster_change *change, struct ec_keygen *keygen, char *why,
                            size_t why_size)
{
	uint64_t begin = up_now();
	while (!generation_ask(change, keygen) || keygen->dkg.phase < EC_DKG_DONE) {
		if (up_now() - begin > (uint64_t)change->patience_ms * 1000000)
			return fail(why, why_size, "the keys were not made in time",
			            "is a quorum of the nodes running?");
		usleep(NOTE_EVERY_US);
	}
	if (keygen->dkg.phase == EC_DKG_DONE)
		return true;
	return fail(why, why_size, "the members could not make their keys",
	            "too many of them were silent, or were caught cheating");
}

bool ec_roster_change_keys(struct ec_roster_change *change, char *why, size_t why_size)
{
	uint8_t payload[EC_KEYGEN_PAYLOAD_MAX];
	struct ec_keygen keygen = {.era = change->next->era};
	struct ec_secret secret;
	if (change->next->n > EC_THRESHOLD_MEMBERS_MAX)
		return fail(why, why_size, "no keys can be made", "at most 64 members share keys");
	if (!opener_of(change, &secret, why, why_size))
		return false;
	memcpy(keygen.opener, secret.key, sizeof keygen.opener);
	uint64_t phase_ns =
		(uint64_t)change->patience_ms * 1000000 / 4 * change->genesis->time_rate;
	size_t size = ec_keygen_open(change->next, phase_ns, payload);
	bool good = say(change, &secret, 0, payload, size, why, why_size);
	ec_secret_erase(&secret);
	if (!good || !generation_wait(change, &keygen, why, why_size))
		return false;
	memcpy(change->next->keys, keygen.keys, keygen.keys_size);
	change->next->keys_size = keygen.keys_size;
	return true;
}

bool ec_roster_change_keys_again(struct ec_roster_change *change, char *why, size_t why_size)
{
	return !change->now->keys_size || ec_roster_change_keys(change, why, why_size);
}

bool ec_roster_change_vote(struct ec_roster_change *change, char *why, size_t why_size)
{
	why[0] = 0;
	if (!change->first_named)
		ec_roster_first_put(change->now, says(change->client).leader, change->next);
	return votes(change, why, why_size) && measure(change, why, why_size);
}

bool ec_roster_change_to_keys(const struct ec_network_group *group, uint32_t patience_ms, char *why,
                              size_t why_size)
{
	struct ec_roster_change change;
	bool good = ec_roster_change_begin(&change, group, patience_ms, UINT32_MAX, why, why_size);
	if (good) {
		ec_roster_change_plan(&change, 0);
		good = ec_roster_change_keys(&change, why, why_size) &&
		       ec_roster_change_vote(&change, why, why_size);
	}
	ec_roster_change_end(&change);
	return good;
}
