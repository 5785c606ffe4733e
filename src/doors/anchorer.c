/* anchorer.c - a cell's node enters its newest certified header in the cloud. */
#include "doors/anchorer.h"

#include "doors/client.h"
#include "ledger/ledger.h"
#include "tiers/standing.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	TURN_MS = 2000,
	CONNECT_MS = 2000,
	ANSWER_MS = 10000,
	ENVELOPE_MAX = 1 << 18,
	REPORTS_LANE = 1, /* sequences of its own: those of the anchors may be used already */
};

/* A turn: ask (on the pool), build (on the loop, where the ledger is), submit (on the pool). */
enum step { IDLE, ASKING, SUBMITTING };

struct ec_anchorer {
	struct ec_daemon *daemon;
	const struct ec_secret *identity;
	struct ec_address *cloud;
	uint32_t clouds, turn_ms;
	ec_hash cloud_genesis;
	char cell[EC_TEXT_MAX];
	uv_timer_t timer;
	uv_work_t work;
	enum step step;
	bool stopping;
	void (*stopped)(void *self);
	void *stopped_self;
	uint32_t next; /* of the cloud's gateways to be tried */
	struct ec_anchorer_counters counters;
	struct ec_lag lag;
	/* Of the turn under way. */
	struct ec_client *client;
	bool reached;
	bool forked;         /* the cloud keeps two histories of this cell, */
	uint64_t forked_era; /* and one of a retired roster of this era; 0: none */
	struct ec_anchored cloud_has;
	uint8_t *envelope;
	size_t envelope_size;
	uint64_t sent; /* the block of the header in it */
	bool reports;  /* it is a report of two histories, no anchor */
	uint8_t salt[EC_SALT_SIZE];
	struct ec_door_answer answer;
	char why[160];
};

static void step_done(uv_work_t *work, int status);

/* On the pool: asks the cloud for what it keeps of this cell.  Out: value, empty when there is
 * nothing; borrowed until the next answer.  Returns: false when it did not answer. */
static bool kept_ask(const struct ec_anchorer *anchorer, const char *prefix, struct ec_bytes *value)
{
	uint8_t name[EC_NAME_MAX];
	struct ec_bytes its_name;
	struct ec_door_request request = {
		.kind = EC_DOOR_QUERY,
		.at = EC_AT_LOCAL,
		.limit = 1,
		.name = {.data = name, .size = ec_anchors_name(prefix, anchorer->cell, name)}};
	struct ec_door_answer answer;
	if (!ec_client_call(anchorer->client, &request, ANSWER_MS, &answer) ||
	    answer.kind != EC_DOOR_VALUES)
		return false;
	if (!ec_door_item_next(&answer, &its_name, value))
		*value = EC_NO_BYTES;
	return true;
}

/* On the pool. */
static void forks_ask(struct ec_anchorer *anchorer)
{
	struct ec_bytes value;
	struct ec_fork fork;
	anchorer->reached = anchorer->reached && kept_ask(anchorer, EC_FORKS, &value);
	anchorer->forked = anchorer->reached && value.size > 0;
	anchorer->reached = anchorer->reached && kept_ask(anchorer, EC_RETIRED_FORKS, &value);
	anchorer->forked_era =
		anchorer->reached && value.size && ec_fork_read(value, &fork) ? fork.era : 0;
}

/* On the pool: connects, and asks what the cloud holds of this cell. */
static void ask(uv_work_t *work)
{
	struct ec_anchorer *anchorer = work->data;
	const struct ec_address *address = &anchorer->cloud[anchorer->next % anchorer->clouds];
	char text[EC_CONFIG_HOST_MAX + 8];
	struct ec_bytes value;
	struct ec_anchored *has = &anchorer->cloud_has;
	snprintf(text, sizeof text, "%s:%u", address->host, address->port);
	*has = (struct ec_anchored){0};
	anchorer->reached = false;
	anchorer->client = ec_client_open(text, CONNECT_MS, anchorer->why, sizeof anchorer->why);
	if (!anchorer->client)
		return;
	anchorer->reached = kept_ask(anchorer, "anchor/", &value);
	has->known = anchorer->reached && value.size && ec_anchor_read(value, &has->last);
	/* Afterwards: the stamp of an anchor that came in between is a later one, which accuses
	 * nobody; an earlier one would. */
	anchorer->reached = anchorer->reached && kept_ask(anchorer, "stamp/", &value);
	if (anchorer->reached && value.size) {
		struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
		has->stamp_ns = ec_cbor_uint(&cbor, INT64_MAX);
	}
	forks_ask(anchorer);
	if (!anchorer->reached)
		snprintf(anchorer->why, sizeof anchorer->why, "%.120s did not answer", text);
}

/* On the pool. */
static void submit(uv_work_t *work)
{
	struct ec_anchorer *anchorer = work->data;
	struct ec_bytes envelope = {.data = anchorer->envelope, .size = anchorer->envelope_size};
	anchorer->reached = ec_client_submit(anchorer->client, envelope, anchorer->salt, ANSWER_MS,
	                                     &anchorer->answer);
	if (!anchorer->reached)
		snprintf(anchorer->why, sizeof anchorer->why, "the cloud took it and fell silent");
}

static void turn_end(struct ec_anchorer *anchorer)
{
	ec_client_close(anchorer->client);
	free(anchorer->envelope);
	anchorer->client = NULL;
	anchorer->envelope = NULL;
	anchorer->step = IDLE;
	if (strcmp(anchorer->why, anchorer->counters.last) != 0)
		ec_journal_say(ec_daemon_journal(anchorer->daemon), EC_INFO, "anchor",
		               EC_TEXT("text", anchorer->why));
	snprintf(anchorer->counters.last, sizeof anchorer->counters.last, "%s", anchorer->why);
}

/* Everything about the header that is to be anchored; owned. */
struct parts {
	struct ec_bytes links, header, certificate, consistency, last;
};

static void parts_drop(struct parts *parts)
{
	ec_drop(parts->links);
	ec_drop(parts->header);
	ec_drop(parts->certificate);
	ec_drop(parts->consistency);
	ec_drop(parts->last);
}

/* In: other: as below. */
static bool parts_get(const struct ec_anchorer *anchorer, uint64_t seq, const ec_hash *other,
                      struct parts *parts)
{
	struct ec_ledger *ledger = ec_member_ledger(ec_daemon_member(anchorer->daemon));
	uint64_t last = anchorer->cloud_has.last.seq;
	*parts = (struct parts){0};
	if (!ec_ledger_certified_header(ledger, &parts->header, &parts->certificate) ||
	    !ec_ledger_era_links(ledger, &parts->links))
		return false;
	if (!anchorer->cloud_has.known || last >= seq)
		return true;
	return (other || ec_ledger_consistency(ledger, last - 1, seq, &parts->consistency)) &&
	       ec_ledger_inclusion(ledger, last, seq, &parts->last);
}

static uint64_t wall_us(void)
{
	uv_timeval64_t wall;
	return uv_gettimeofday(&wall) == 0
	               ? (uint64_t)wall.tv_sec * 1000000 + (uint64_t)wall.tv_usec
	               : 0;
}

/* Makes the envelope of header `seq`: an anchor, whose sequence is the header's, so that one header
 * is taken from one member at most once; or with `other` a report that this header stands in our
 * history where the anchored one should. */
static bool envelope_make(struct ec_anchorer *anchorer, uint64_t seq, const ec_hash *other)
{
	struct parts parts;
	bool good = parts_get(anchorer, seq, other, &parts);
	uint8_t *payload = malloc(ENVELOPE_MAX);
	anchorer->envelope = malloc(ENVELOPE_MAX);
	if (good && payload && anchorer->envelope) {
		struct ec_anchor_plan plan = {.cell = anchorer->cell,
		                              .links = parts.links,
		                              .header = parts.header,
		                              .certificate = parts.certificate,
		                              .consistency = parts.consistency,
		                              .last = parts.last,
		                              .other = other};
		struct ec_envelope_plan envelope = {.author = anchorer->identity,
		                                    .crypto = &ec_crypto_ed25519,
		                                    .genesis = anchorer->cloud_genesis,
		                                    .lane = other ? REPORTS_LANE : 0,
		                                    .sequence = other ? wall_us() : seq,
		                                    .payload = payload};
		envelope.payload_size = ec_anchor_payload(&plan, payload, ENVELOPE_MAX);
		if (envelope.payload_size)
			anchorer->envelope_size = ec_envelope_make(
				&envelope, anchorer->envelope, ENVELOPE_MAX, NULL, anchorer->salt);
		good = envelope.payload_size && anchorer->envelope_size;
	}
	free(payload);
	parts_drop(&parts);
	return good && anchorer->envelope;
}

/* What our own history has to be compared with the cloud's. */
static struct ec_history_end history_end(const struct ec_anchorer *anchorer)
{
	struct ec_member *member = ec_daemon_member(anchorer->daemon);
	struct ec_ledger *ledger = ec_member_ledger(member);
	struct ec_history_end end = {.seq = ec_ledger_certified(ledger)};
	uint64_t last = anchorer->cloud_has.known ? anchorer->cloud_has.last.seq : 0;
	struct ec_member_status status;
	struct ec_header header;
	struct ec_bytes bytes;
	ec_member_status(member, &status);
	end.ready = status.ready && !status.fetching;
	if (end.seq && ec_ledger_header(ledger, end.seq, &bytes)) {
		if (ec_header_read(bytes, &header))
			end.stamp_ns = header.stamp_ns, end.era = header.era;
		ec_drop(bytes);
	}
	uint64_t at = last < end.seq ? last : end.seq;
	if (at && ec_ledger_header(ledger, at, &bytes)) {
		end.found = true;
		end.header = ec_header_hash(bytes);
		ec_drop(bytes);
	}
	return end;
}

/* Tells the operator what is wrong with our history; or that nothing is, once that is certain. */
static void standing_tell(struct ec_anchorer *anchorer, enum ec_standing standing, uint64_t seq)
{
	char text[EC_ALARM_MAX];
	unsigned long long ours = seq, last = anchorer->cloud_has.last.seq;
	anchorer->counters.other = standing == EC_STANDING_OTHER;
	if (standing == EC_STANDING_OTHER) {
		snprintf(text, sizeof text,
		         "%s was restored from an old backup or forked: the cloud anchored another "
		         "history (block %llu); stop the cell and put its newest data back",
		         anchorer->cell, last);
		ec_daemon_alarm(anchorer->daemon, EC_ERROR, text);
	} else if (standing == EC_STANDING_LOST) {
		snprintf(text, sizeof text,
		         "the cloud anchored block %llu of %s, and this node does not get there: "
		         "the cell was restored from an old backup, or this node is cut off",
		         last, anchorer->cell);
		ec_daemon_alarm(anchorer->daemon, EC_WARNING, text);
	} else if (standing != EC_STANDING_BEHIND) {
		ec_daemon_alarm(anchorer->daemon, EC_INFO, "");
	}
	snprintf(anchorer->why, sizeof anchorer->why,
	         standing == EC_STANDING_OTHER ? "another history than ours is anchored: block %llu"
	                                       : "nothing newer than block %llu",
	         standing == EC_STANDING_OTHER || ours < last ? last : ours);
}

static void asked(struct ec_anchorer *anchorer)
{
	if (!anchorer->reached) {
		anchorer->counters.unreached++;
		anchorer->next++;
		turn_end(anchorer);
		return;
	}
	const struct ec_anchored *has = &anchorer->cloud_has;
	const struct ec_history_end ours = history_end(anchorer);
	enum ec_standing standing = ec_standing_judge(has, &ours, &anchorer->lag);
	anchorer->counters.block = has->known ? has->last.seq : 0;
	standing_tell(anchorer, standing, ours.seq);
	anchorer->reports = standing == EC_STANDING_OTHER;
	bool reported = anchorer->forked || (ours.era && anchorer->forked_era >= ours.era);
	if (anchorer->reports ? reported : standing != EC_STANDING_NEWER) {
		turn_end(anchorer);
		return;
	}
	if (!envelope_make(anchorer, ours.seq, anchorer->reports ? &ours.header : NULL)) {
		snprintf(anchorer->why, sizeof anchorer->why,
		         "block %llu cannot be tied to the last anchor",
		         (unsigned long long)ours.seq);
		turn_end(anchorer);
		return;
	}
	anchorer->step = SUBMITTING;
	anchorer->sent = ours.seq;
	if (uv_queue_work(ec_daemon_loop(anchorer->daemon), &anchorer->work, submit, step_done))
		turn_end(anchorer);
}

static void submitted(struct ec_anchorer *anchorer)
{
	const struct ec_door_answer *answer = &anchorer->answer;
	if (!anchorer->reached) {
		anchorer->counters.unreached++;
	} else if (anchorer->reports && answer->kind == EC_DOOR_DONE &&
	           answer->code == EC_RESULT_DONE) {
		snprintf(anchorer->why, sizeof anchorer->why,
		         "two histories of %.63s are shown to the cloud, which keeps them in its "
		         "block %llu",
		         anchorer->cell, (unsigned long long)answer->seq);
	} else if (answer->kind == EC_DOOR_DONE && answer->code == EC_RESULT_DONE) {
		anchorer->counters.anchored++;
		anchorer->counters.block = anchorer->sent;
		snprintf(anchorer->why, sizeof anchorer->why, "anchored in block %llu of the cloud",
		         (unsigned long long)answer->seq);
	} else {
		anchorer->counters.refused++;
		if (answer->kind == EC_DOOR_DONE)
			snprintf(anchorer->why, sizeof anchorer->why, "refused: %s%s%.*s",
			         ec_result_text(answer->code), answer->text.size ? ": " : "",
			         (int)answer->text.size, (const char *)answer->text.data);
		else
			snprintf(anchorer->why, sizeof anchorer->why, "refused: %.*s",
			         (int)answer->text.size, (const char *)answer->text.data);
		anchorer->next++;
	}
	turn_end(anchorer);
}

static void freed(uv_handle_t *handle)
{
	struct ec_anchorer *anchorer = handle->data;
	void (*stopped)(void *self) = anchorer->stopped;
	void *self = anchorer->stopped_self;
	free(anchorer->cloud);
	free(anchorer);
	stopped(self);
}

static void step_done(uv_work_t *work, int status)
{
	struct ec_anchorer *anchorer = work->data;
	if (status != 0 || anchorer->stopping)
		turn_end(anchorer);
	else if (anchorer->step == ASKING)
		asked(anchorer);
	else
		submitted(anchorer);
	if (anchorer->stopping && anchorer->step == IDLE)
		uv_close((uv_handle_t *)&anchorer->timer, freed);
}

static void turn(uv_timer_t *timer)
{
	struct ec_anchorer *anchorer = timer->data;
	struct ec_member_status status;
	ec_member_status(ec_daemon_member(anchorer->daemon), &status);
	if (anchorer->step != IDLE || status.self >= status.n)
		return;
	uv_timeval64_t wall;
	if (uv_gettimeofday(&wall) != 0)
		return;
	uint64_t number = (uint64_t)wall.tv_sec * 1000 / anchorer->turn_ms;
	if (number % status.n != status.self)
		return;
	anchorer->counters.turns++;
	anchorer->step = ASKING;
	if (uv_queue_work(timer->loop, &anchorer->work, ask, step_done))
		anchorer->step = IDLE;
}

struct ec_anchorer *ec_anchorer_open(struct ec_daemon *daemon,
                                     const struct ec_anchorer_config *config)
{
	assert(config->clouds > 0);
	struct ec_anchorer *anchorer = calloc(1, sizeof *anchorer);
	if (!anchorer)
		return NULL;
	anchorer->cloud = calloc(config->clouds, sizeof *anchorer->cloud);
	if (!anchorer->cloud) {
		free(anchorer);
		return NULL;
	}
	memcpy(anchorer->cloud, config->cloud, config->clouds * sizeof *anchorer->cloud);
	anchorer->clouds = config->clouds;
	anchorer->daemon = daemon;
	anchorer->identity = config->identity;
	anchorer->cloud_genesis = config->cloud_genesis;
	anchorer->turn_ms = config->turn_ms ? config->turn_ms : TURN_MS;
	snprintf(anchorer->cell, sizeof anchorer->cell, "%s", ec_daemon_genesis(daemon)->group);
	anchorer->work.data = anchorer;
	anchorer->timer.data = anchorer;
	uv_timer_init(ec_daemon_loop(daemon), &anchorer->timer);
	uv_timer_start(&anchorer->timer, turn, anchorer->turn_ms, anchorer->turn_ms);
	return anchorer;
}

void ec_anchorer_stop(struct ec_anchorer *anchorer, void (*done)(void *self), void *self)
{
	anchorer->stopping = true;
	anchorer->stopped = done;
	anchorer->stopped_self = self;
	uv_timer_stop(&anchorer->timer);
	if (anchorer->step == IDLE)
		uv_close((uv_handle_t *)&anchorer->timer, freed);
}

void ec_anchorer_counters(const struct ec_anchorer *anchorer, struct ec_anchorer_counters *out)
{
	*out = anchorer->counters;
}
