/* vsync.c - a member of a group of replicas over the binary door: signs, sends, and goes on at
 * another gateway when one is silent or gone.
 *
 * (C1) An envelope is signed once and sent until it has its answer, to whatever gateway: the order
 *      executes it once.
 * (C2) One envelope a lane is under way, so that its sequence never falls behind the window. */
#include "vsync/vsync.h"

#include "crypto/verifier.h"
#include "doors/client.h"
#include "ledger/envelope.h"
#include "ledger/result.h"
#include "vsync/member.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	WATCH_MS = 5000, /* that a gateway holds a watch without an answer */
	RETRY_MS = 100,  /* after a round of all gateways */
	RETRY_MAX_MS = 2000,
	ENVELOPE_OVERHEAD = 512,
	READ_TOKEN = 1,
	ADDRESS_MAX = 128,
};

/* What one lane has under way. */
struct errand {
	uint8_t *envelope;
	size_t size;
	uint8_t salt[32];
	uint64_t sequence;
	uint64_t token, sent_ms; /* token 0: not sent at this gateway, or to be sent again */
	uint64_t again_ms;
	uint32_t sends; /* how often it was sent */
};

struct ec_vsync {
	struct vsync_member *member;
	struct ec_vsync_options options;
	char prefix[EC_VSYNC_PREFIX_MAX + 1];
	char address[EC_VSYNC_GATEWAYS_MAX][ADDRESS_MAX];
	uint32_t gateway, failures;
	uint64_t connect_at_ms;
	struct ec_client *client;
	bool known; /* the group's genesis is */
	ec_hash genesis;
	uint64_t token;
	bool reading;
	uint64_t read_ms, read_again_ms; /* when it was asked; until when not to ask */
	struct errand errand[VSYNC_LANES];
	uint8_t *payload;
	size_t payload_max;
	char trouble[400];
};

static const struct ec_crypto signer = {.sign = ec_sign};

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct ec_vsync_options ec_vsync_options_usual(void)
{
	return (struct ec_vsync_options){.name = "",
	                                 .lease_s = 5,
	                                 .patience_ms = 2000,
	                                 .value_max = 8192,
	                                 .state_max = 4 << 20};
}

/* Returns: what is wrong with them; NULL: nothing. */
static const char *options_judge(const struct ec_vsync_options *options)
{
	if (options->gateways == 0 || options->gateways > EC_VSYNC_GATEWAYS_MAX)
		return "name 1 to 16 gateways of the group";
	for (uint32_t i = 0; i < options->gateways; i++)
		if (!options->gateway[i] || strlen(options->gateway[i]) >= ADDRESS_MAX)
			return "a gateway is no HOST:PORT of at most 127 bytes";
	if (!options->secret)
		return "who writes? the secret of an enrolled key is needed";
	if (!options->prefix || !*options->prefix || strlen(options->prefix) > EC_VSYNC_PREFIX_MAX)
		return "the prefix of the group's keys has 1 to 48 bytes";
	if (!options->name || strlen(options->name) > EC_VSYNC_NAME_MAX ||
	    !ec_utf8_ok(options->name, strlen(options->name)))
		return "a member's name has at most 32 bytes of UTF-8";
	if (options->lane + 1 >= EC_LANE_STRICT)
		return "the lane is one of 0 to 998";
	if (options->lease_s == 0 || options->lease_s > UINT32_MAX || options->patience_ms == 0)
		return "a lease has at least 1 s, and patience is more than none";
	if (options->value_max < 2048 || options->value_max > EC_STORE_VALUE_MAX)
		return "a value has 2048 to 65280 bytes";
	if (options->state_max >
	    (uint64_t)VSYNC_PIECES_MAX * (options->value_max - VSYNC_FRAME_SIZE))
		return "a state has at most as many bytes as 1024 values";
	return NULL;
}

static uint64_t random_id(void)
{
	uint64_t id;
	do {
		ec_random(&id, sizeof id);
		id >>= 2; /* a lease's id is below 2^63, and the next ones are, too */
	} while (id == 0);
	return id;
}

struct ec_vsync *ec_vsync_join(const struct ec_vsync_options *options,
                               const struct ec_vsync_calls *calls, char *why, size_t why_size)
{
	const char *wrong = options_judge(options);
	struct ec_vsync *group = wrong ? NULL : calloc(1, sizeof *group);
	if (!group) {
		snprintf(why, why_size, "%s", wrong ? wrong : "no memory");
		return NULL;
	}
	group->options = *options;
	for (uint32_t i = 0; i < options->gateways; i++) {
		snprintf(group->address[i], ADDRESS_MAX, "%s", options->gateway[i]);
		group->options.gateway[i] = group->address[i];
	}
	snprintf(group->prefix, sizeof group->prefix, "%s", options->prefix);
	uint64_t keep_ms = options->keep_ms ? options->keep_ms : options->lease_s * 1000 / 3;
	struct vsync_config config = {
		.prefix = {(const uint8_t *)group->prefix, strlen(group->prefix)},
		.name = options->name,
		.id = random_id(),
		.lease = random_id(),
		.lease_s = options->lease_s,
		.keep_ms = keep_ms < 60000 ? (uint32_t)keep_ms : 60000,
		.value_max = options->value_max,
		.state_max = options->state_max,
		.calls = *calls};
	group->member = vsync_member_new(&config);
	group->payload_max = options->value_max + VSYNC_PAYLOAD_OVERHEAD;
	group->payload = malloc(group->payload_max);
	for (int i = 0; i < VSYNC_LANES; i++)
		group->errand[i].envelope = malloc(group->payload_max + ENVELOPE_OVERHEAD);
	if (!group->payload || !group->errand[0].envelope || !group->errand[1].envelope)
		abort();
	return group;
}

void ec_vsync_close(struct ec_vsync *group)
{
	if (!group)
		return;
	ec_client_close(group->client);
	vsync_member_free(group->member);
	for (int i = 0; i < VSYNC_LANES; i++)
		free(group->errand[i].envelope);
	free(group->payload);
	free(group);
}

uint64_t ec_vsync_multicast(struct ec_vsync *group, const void *bytes, size_t size)
{
	return vsync_member_multicast(group->member, bytes, size);
}

size_t ec_vsync_bytes_max(const struct ec_vsync *group)
{
	return vsync_member_bytes_max(group->member);
}

void ec_vsync_leave(struct ec_vsync *group)
{
	vsync_member_leave(group->member);
}

const char *ec_vsync_trouble(const struct ec_vsync *group)
{
	return group->trouble;
}

/* ---- gateways ---- */

/* Leaves this gateway; what was under way will be sent to the next one. */
static void gateway_leave(struct ec_vsync *group, const char *why)
{
	if (group->client)
		snprintf(group->trouble, sizeof group->trouble, "%s: %s",
		         group->address[group->gateway], why);
	ec_client_close(group->client);
	group->client = NULL;
	group->reading = false;
	group->read_again_ms = 0;
	for (int i = 0; i < VSYNC_LANES; i++)
		group->errand[i].token = group->errand[i].again_ms = 0;
	group->gateway = (group->gateway + 1) % group->options.gateways;
	group->failures++;
	uint64_t rounds = group->failures / group->options.gateways;
	uint64_t pause = rounds * RETRY_MS < RETRY_MAX_MS ? rounds * RETRY_MS : RETRY_MAX_MS;
	group->connect_at_ms = now_ms() + pause;
}

static void gateway_connect(struct ec_vsync *group)
{
	char why[300];
	if (now_ms() < group->connect_at_ms)
		return;
	group->client = ec_client_open(group->address[group->gateway], group->options.patience_ms,
	                               why, sizeof why);
	if (!group->client) {
		snprintf(group->trouble, sizeof group->trouble, "%s", why);
		gateway_leave(group, why);
		return;
	}
	const struct ec_door_answer *welcome = ec_client_welcome(group->client);
	if (!group->known) {
		group->known = true;
		group->genesis = welcome->genesis;
	} else if (!ec_hash_equal(&group->genesis, &welcome->genesis)) {
		gateway_leave(group, "it is of another group than the first one");
		return;
	}
	if (welcome->envelope_max < group->payload_max + ENVELOPE_OVERHEAD)
		vsync_member_lose(group->member,
		                  "the group takes no envelopes as large as its values: value_max");
}

/* ---- envelopes ---- */

/* Signs what a lane wants to say next. */
static void errand_make(struct ec_vsync *group, enum vsync_lane lane, uint64_t now)
{
	struct errand *errand = &group->errand[lane];
	size_t size =
		vsync_member_write(group->member, lane, now, group->payload, group->payload_max);
	if (size == 0)
		return;
	struct timespec wall;
	clock_gettime(CLOCK_REALTIME, &wall);
	uint64_t sequence = (uint64_t)wall.tv_sec * 1000000 + (uint64_t)wall.tv_nsec / 1000;
	errand->sequence = sequence > errand->sequence ? sequence : errand->sequence + 1;
	struct ec_envelope_plan plan = {.author = group->options.secret,
	                                .crypto = &signer,
	                                .genesis = group->genesis,
	                                .lane = group->options.lane + (uint64_t)lane,
	                                .sequence = errand->sequence,
	                                .payload = group->payload,
	                                .payload_size = size};
	ec_hash id;
	errand->size = ec_envelope_make(&plan, errand->envelope,
	                                group->payload_max + ENVELOPE_OVERHEAD, &id, errand->salt);
	assert(errand->size > 0);
	errand->token = errand->again_ms = 0;
	errand->sends = 0;
}

/* Sends it, unless it is on its way.  Returns: false when the connection is lost. */
static bool errand_send(struct ec_vsync *group, struct errand *errand, uint64_t now)
{
	struct ec_door_request request = {
		.kind = EC_DOOR_SUBMIT,
		.envelope = {.data = errand->envelope, .size = errand->size}};
	if (errand->size == 0 || errand->token || now < errand->again_ms)
		return true;
	memcpy(request.salt, errand->salt, sizeof request.salt);
	request.token = errand->token = READ_TOKEN + ++group->token;
	errand->sent_ms = now;
	errand->sends++;
	return ec_client_send(group->client, &request);
}

static bool read_send(struct ec_vsync *group, uint64_t now)
{
	struct ec_door_request request;
	if (group->reading || now < group->read_again_ms)
		return true;
	vsync_member_read(group->member, &request);
	request.token = READ_TOKEN;
	group->reading = true;
	group->read_ms = now;
	return ec_client_send(group->client, &request);
}

/* ---- answers ---- */

static void text_of(const struct ec_door_answer *answer, char out[static 200])
{
	snprintf(out, 200, "%.*s", (int)answer->text.size, (const char *)answer->text.data);
	for (char *at = out; *at; at++)
		if (*at < 0x20 || *at > 0x7e)
			*at = '?';
}

static void errand_answered(struct ec_vsync *group, enum vsync_lane lane, uint64_t now,
                            const struct ec_door_answer *answer)
{
	struct errand *errand = &group->errand[lane];
	struct ec_store_outcome outcome;
	char text[200];
	text_of(answer, text);
	if (answer->kind == EC_DOOR_DONE) {
		bool told = ec_store_outcome_read(answer->detail, &outcome);
		/* Below the window: of one that was sent before, it may be its own former self. */
		bool unsure = answer->code == EC_RESULT_OLD && errand->sends > 1;
		struct vsync_written written = {.code = unsure ? EC_RESULT_USED : answer->code,
		                                .seq = answer->seq,
		                                .outcome = told ? &outcome : NULL,
		                                .why = text};
		errand->size = errand->token = 0;
		group->failures = 0;
		vsync_member_written(group->member, lane, now, &written);
	} else if (answer->reason == EC_REASON_BUSY) {
		errand->token = 0;
		errand->again_ms = now + (answer->retry_ms ? answer->retry_ms : RETRY_MS);
	} else if (answer->retry_ms || answer->reason == EC_REASON_STOPPING) {
		gateway_leave(group, text);
	} else {
		vsync_member_lose(group->member, *text ? text : ec_reason_text(answer->reason));
	}
}

static void read_answered(struct ec_vsync *group, uint64_t now, const struct ec_door_answer *answer)
{
	char text[200];
	group->reading = false;
	if (answer->kind == EC_DOOR_REFUSED && answer->reason == EC_REASON_BUSY) {
		group->read_again_ms = now + (answer->retry_ms ? answer->retry_ms : RETRY_MS);
	} else if (answer->kind == EC_DOOR_REFUSED && answer->reason != EC_REASON_PRUNED) {
		text_of(answer, text);
		if (answer->reason == EC_REASON_NOT_FOUND)
			vsync_member_lose(group->member, text);
		else
			gateway_leave(group, text);
	} else {
		group->failures = 0;
		group->trouble[0] = 0;
		vsync_member_answer(group->member, now, answer);
	}
}

/* Takes one answer.  In: its bytes are borrowed from the client. */
static void answer_take(struct ec_vsync *group, uint64_t now, const struct ec_door_answer *answer)
{
	if (answer->kind == EC_DOOR_BYE || answer->kind == EC_DOOR_ACCEPTED)
		return; /* the connection's end is seen by the next turn */
	if (answer->token == READ_TOKEN && group->reading) {
		read_answered(group, now, answer);
		return;
	}
	for (int lane = 0; lane < VSYNC_LANES; lane++)
		if (group->errand[lane].token && answer->token == group->errand[lane].token) {
			errand_answered(group, (enum vsync_lane)lane, now, answer);
			return;
		}
}

/* Whether the gateway was silent for too long about anything. */
static bool is_late(const struct ec_vsync *group, uint64_t now)
{
	uint64_t patience = group->options.patience_ms;
	bool late = group->reading && now > group->read_ms + WATCH_MS + patience;
	for (int i = 0; i < VSYNC_LANES; i++)
		late = late ||
		       (group->errand[i].token && now > group->errand[i].sent_ms + patience);
	return late;
}

/* ---- turns ---- */

/* Makes and sends what there is to be said and asked. */
static void speak(struct ec_vsync *group)
{
	uint64_t now = now_ms();
	bool good = true;
	for (int lane = 0; lane < VSYNC_LANES && good && !vsync_member_over(group->member);
	     lane++) {
		if (group->errand[lane].size == 0)
			errand_make(group, (enum vsync_lane)lane, now);
		good = errand_send(group, &group->errand[lane], now);
	}
	good = good && (vsync_member_over(group->member) || read_send(group, now));
	if (!good) {
		const char *lost = ec_client_lost(group->client);
		gateway_leave(group, lost ? lost : "it takes nothing");
	}
}

bool ec_vsync_turn(struct ec_vsync *group)
{
	struct ec_door_answer answer;
	if (!vsync_member_over(group->member) && !group->client)
		gateway_connect(group);
	if (group->client && !vsync_member_over(group->member)) {
		struct ec_client *client = group->client;
		ec_client_turn(client);
		while (group->client == client && !vsync_member_over(group->member) &&
		       ec_client_next(client, &answer))
			answer_take(group, now_ms(), &answer);
	}
	if (group->client && ec_client_lost(group->client))
		gateway_leave(group, ec_client_lost(group->client));
	else if (group->client && is_late(group, now_ms()))
		gateway_leave(group, "it does not answer");
	if (group->client && !vsync_member_over(group->member))
		speak(group);
	return !vsync_member_over(group->member);
}

int ec_vsync_fd(const struct ec_vsync *group)
{
	return group->client ? ec_client_fd(group->client) : -1;
}

short ec_vsync_events(const struct ec_vsync *group)
{
	return group->client ? ec_client_events(group->client) : 0;
}

int ec_vsync_wait_ms(struct ec_vsync *group)
{
	uint64_t now = now_ms(), due = vsync_member_due(group->member, now);
	if (!group->client)
		due = group->connect_at_ms;
	for (int i = 0; i < VSYNC_LANES; i++)
		if (group->errand[i].token && due > group->errand[i].sent_ms + RETRY_MS)
			due = now + RETRY_MS;
	for (int i = 0; i < VSYNC_LANES; i++)
		if (group->errand[i].again_ms && due > group->errand[i].again_ms)
			due = group->errand[i].again_ms;
	if (group->read_again_ms > now && due > group->read_again_ms)
		due = group->read_again_ms;
	due = due < now + 1000 ? due : now + 1000;
	return due > now ? (int)(due - now) : 0;
}

bool ec_vsync_run(struct ec_vsync *group, uint32_t ms)
{
	uint64_t until = now_ms() + ms;
	bool in = ec_vsync_turn(group);
	for (uint64_t now; in && (now = now_ms()) < until;) {
		int wait_ms = ec_vsync_wait_ms(group), left_ms = (int)(until - now);
		struct pollfd ready = {.fd = ec_vsync_fd(group), .events = ec_vsync_events(group)};
		poll(&ready, 1, wait_ms < left_ms ? wait_ms : left_ms);
		in = ec_vsync_turn(group);
	}
	return in;
}
