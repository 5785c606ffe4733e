/* fake_daemon.h - a daemon of one for the tests of doors: included by tests only.
 *
 * It orders what is submitted every 2 ms and certifies 10 ms later.  The first word of an envelope
 * says what becomes of it: `bad` (its form), `forged`, `foreign`, `busy`, `down` (not ready),
 * `hold` (never done), `rule` (done, refused by a rule), `put` (done, and a change of its store);
 * all others are done.  Its store has a key k/NNN a revision, and its history a second change in
 * every even revision, of the key `other`.  Its state has 300
 * names a/000 to a/299 and one name, big, of 60,000 bytes.  It answers asks for beacons at once, or
 * when it orders, or never.
 */
#ifndef EC_DOORS_FAKE_DAEMON_H
#define EC_DOORS_FAKE_DAEMON_H

#include "base/test.h"

#include "crypto/hash.h"
#include "node/daemon.h"
#include "services/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { FAKE_QUEUE = 8192, FAKE_NAMES = 300, FAKE_BIG = 60000, FAKE_BLOCKS = 65536 };

enum { FAKE_AT_ONCE, FAKE_LATER, FAKE_NEVER };

struct fake_submission {
	ec_hash id;
	void (*accepted)(void *self, const ec_hash *id);
	ec_daemon_done *done;
	void *self; /* NULL: withdrawn */
	bool held, rule, put;
	struct ec_bytes envelope; /* where the daemon has a judge */
};

struct ec_daemon {
	uv_loop_t *loop;
	uv_timer_t order, certify;
	struct ec_genesis genesis;
	struct ec_membership membership;
	struct ec_seat seat[4];
	struct ec_pool *pool;
	struct fake_submission queue[FAKE_QUEUE];
	uint32_t queued;
	/* Says what becomes of an envelope, in the place of its first word; NULL: none does. */
	void (*judge)(struct ec_daemon *daemon, struct ec_bytes envelope,
	              struct ec_outcome *outcome);
	_Atomic uint32_t forgotten; /* what a test watches from its own thread is atomic */
	struct {
		ec_daemon_ready *ready;
		void *self;
	} read[64];
	uint32_t reads;
	struct {
		ec_daemon_beacon_done *done;
		void *self;
		uint64_t seq;
	} beacon[64];
	_Atomic uint32_t beacons;
	enum ec_beacon_end beacon_end; /* what becomes of all of certified blocks */
	_Atomic int beacon_when;       /* FAKE_... */
	struct {
		void (*each)(void *self, uint64_t seq);
		void *self;
	} follower[4];
	_Atomic uint64_t seq, certified; /* a test may set them, too */
	uint64_t certificates, envelopes, pruned;
	const char *alarm;
	_Atomic bool no_certificates, no_reads, disk_low;
	bool leaderless;
	const char *stays;     /* why it hands over to nobody; NULL: it does, */
	_Atomic uint32_t heir; /* to this one last, less 1 */
	const char *not_ready; /* what the member says when it takes no clients; NULL: it does */
	uint32_t members_foreign;
	ec_hash last_id;
	uint8_t big[FAKE_BIG], value[16];
	struct ec_service_entry store; /* its genesis has one */
	_Atomic uint64_t store_revision, store_compacted, store_restoring;
	uint8_t record[EC_STORE_RECORD_MAX];
};

/* The value of block N is 0x44, N; its proof the word "proof". */
static void fake_beacon_tell(struct ec_daemon *daemon, uint64_t seq, ec_daemon_beacon_done *done,
                             void *self)
{
	struct ec_beacon_answer answer = {.end = daemon->beacon_end, .seq = seq};
	if (seq == 0)
		answer.seq = daemon->certified;
	if (seq > daemon->certified || answer.seq == 0)
		answer.end = EC_BEACON_NOT_YET;
	if (answer.end == EC_BEACON_DONE) {
		answer.value = (ec_hash){{0x44, (uint8_t)answer.seq}};
		answer.proof = (struct ec_bytes){.data = (const uint8_t *)"proof", .size = 5};
	}
	done(self, &answer);
}

static void fake_beacons_tell(struct ec_daemon *daemon)
{
	uint32_t count = daemon->beacons;
	if (daemon->beacon_when == FAKE_NEVER)
		return;
	daemon->beacons = 0;
	for (uint32_t i = 0; i < count; i++)
		if (daemon->beacon[i].self)
			fake_beacon_tell(daemon, daemon->beacon[i].seq, daemon->beacon[i].done,
			                 daemon->beacon[i].self);
}

static void fake_order(uv_timer_t *timer)
{
	struct ec_daemon *daemon = timer->data;
	struct fake_submission work[FAKE_QUEUE];
	uint32_t count = 0, kept = 0, reads = daemon->reads;
	for (uint32_t i = 0; i < daemon->queued; i++) {
		if (daemon->queue[i].held && daemon->queue[i].self)
			daemon->queue[kept++] = daemon->queue[i];
		else if (daemon->queue[i].self)
			work[count++] = daemon->queue[i];
	}
	daemon->queued = kept;
	if (count)
		daemon->seq++;
	for (uint32_t i = 0; i < count; i++) {
		struct ec_outcome outcome = {
			.kind = EC_OUTCOME_DONE, .id = work[i].id, .seq = daemon->seq, .index = i};
		if (work[i].rule) {
			outcome.code = EC_RESULT_RULE;
			snprintf(outcome.why, sizeof outcome.why, "the fake's rule");
		}
		if (work[i].put) {
			daemon->store_revision++;
			outcome.detail =
				(struct ec_bytes){.data = (const uint8_t *)"\x07", .size = 1};
		}
		if (daemon->judge)
			daemon->judge(daemon, work[i].envelope, &outcome);
		ec_drop(work[i].envelope);
		daemon->last_id = work[i].id;
		daemon->envelopes++;
		work[i].done(work[i].self, &outcome);
	}
	daemon->reads = 0;
	for (uint32_t i = 0; i < reads; i++)
		if (daemon->read[i].self)
			daemon->read[i].ready(daemon->read[i].self, EC_ADMITTED);
	fake_beacons_tell(daemon);
}

static void fake_certify(uv_timer_t *timer)
{
	struct ec_daemon *daemon = timer->data;
	if (daemon->no_certificates || daemon->certified == daemon->seq)
		return;
	daemon->certified = daemon->seq;
	daemon->certificates++;
	for (int i = 0; i < 4; i++)
		if (daemon->follower[i].self)
			daemon->follower[i].each(daemon->follower[i].self, daemon->certified);
}

static struct ec_daemon *fake_daemon_new(uv_loop_t *loop)
{
	struct ec_daemon *daemon = calloc(1, sizeof *daemon);
	assert(daemon);
	daemon->loop = loop;
	daemon->pool = ec_pool_new(0);
	daemon->alarm = "cell1: \"two\" histories";
	daemon->seq = daemon->certified = 1;
	daemon->genesis = (struct ec_genesis){.hash = {{0x11}},
	                                      .network = "net \"quoted\"",
	                                      .group = "cell",
	                                      .membership = &daemon->membership,
	                                      .time_rate = 900,
	                                      .envelope_bytes_max = 4096};
	daemon->genesis.service = &daemon->store;
	daemon->genesis.services = 1;
	snprintf(daemon->store.name, sizeof daemon->store.name, "store");
	daemon->membership = (struct ec_membership){.era = 1, .n = 4, .seat = daemon->seat};
	for (int i = 0; i < 4; i++)
		snprintf(daemon->seat[i].owner, EC_TEXT_MAX, "owner %d", i);
	memset(daemon->big, 'b', sizeof daemon->big);
	uv_timer_init(loop, &daemon->order);
	uv_timer_init(loop, &daemon->certify);
	daemon->order.data = daemon->certify.data = daemon;
	uv_timer_start(&daemon->order, fake_order, 2, 2);
	uv_timer_start(&daemon->certify, fake_certify, 10, 10);
	return daemon;
}

static void fake_daemon_close(struct ec_daemon *daemon)
{
	uv_close((uv_handle_t *)&daemon->order, NULL);
	uv_close((uv_handle_t *)&daemon->certify, NULL);
}

static void fake_daemon_free(struct ec_daemon *daemon)
{
	ec_pool_free(daemon->pool);
	free(daemon);
}

uv_loop_t *ec_daemon_loop(struct ec_daemon *daemon)
{
	return daemon->loop;
}

struct ec_member *ec_daemon_member(struct ec_daemon *daemon)
{
	return (struct ec_member *)(void *)daemon;
}

struct ec_ledger *ec_member_ledger(struct ec_member *member)
{
	return (struct ec_ledger *)(void *)member;
}

static struct ec_daemon *fake_of(const void *member_or_ledger)
{
	return (struct ec_daemon *)(uintptr_t)member_or_ledger;
}

const struct ec_membership *ec_member_membership(const struct ec_member *member)
{
	return &fake_of(member)->membership;
}

const struct ec_genesis *ec_daemon_genesis(const struct ec_daemon *daemon)
{
	return &daemon->genesis;
}

struct ec_pool *ec_daemon_pool(struct ec_daemon *daemon)
{
	return daemon->pool;
}

static bool fake_begins(struct ec_bytes bytes, const char *word)
{
	return bytes.size >= strlen(word) && memcmp(bytes.data, word, strlen(word)) == 0;
}

void ec_daemon_submit(struct ec_daemon *daemon, struct ec_bytes envelope,
                      const uint8_t salt[static EC_SALT_SIZE],
                      void (*accepted)(void *self, const ec_hash *id), ec_daemon_done *done,
                      void *self)
{
	(void)salt;
	ec_hash id = ec_sha256(envelope.data, envelope.size);
	struct ec_outcome no = {.kind = EC_OUTCOME_DONE, .id = id};
	no.fault = fake_begins(envelope, "bad")       ? EC_ENVELOPE_FORM
	           : fake_begins(envelope, "forged")  ? EC_ENVELOPE_SIGNATURE
	           : fake_begins(envelope, "foreign") ? EC_ENVELOPE_GROUP
	                                              : EC_ENVELOPE_GOOD;
	if (no.fault)
		no.kind = EC_OUTCOME_REFUSED;
	if (fake_begins(envelope, "busy") || daemon->queued == FAKE_QUEUE)
		no.kind = EC_OUTCOME_BUSY;
	if (fake_begins(envelope, "down"))
		no.kind = EC_OUTCOME_NOT_READY;
	if (no.kind != EC_OUTCOME_DONE) {
		snprintf(no.why, sizeof no.why, "the fake says so");
		done(self, &no);
		return;
	}
	daemon->queue[daemon->queued++] =
		(struct fake_submission){id,
	                                 accepted,
	                                 done,
	                                 self,
	                                 fake_begins(envelope, "hold"),
	                                 fake_begins(envelope, "rule"),
	                                 fake_begins(envelope, "put"),
	                                 daemon->judge ? ec_keep(envelope) : EC_NO_BYTES};
	if (accepted)
		accepted(self, &id);
}

void ec_daemon_read(struct ec_daemon *daemon, ec_daemon_ready *ready, void *self)
{
	bool refuses = daemon->no_reads || daemon->not_ready;
	if (refuses || daemon->reads == 64) {
		ready(self, refuses ? EC_NOT_READY : EC_BUSY);
		return;
	}
	daemon->read[daemon->reads].ready = ready;
	daemon->read[daemon->reads++].self = self;
}

void ec_daemon_beacon(struct ec_daemon *daemon, uint64_t seq, ec_daemon_beacon_done *done,
                      void *self)
{
	if (daemon->beacon_when == FAKE_AT_ONCE || daemon->beacons == 64) {
		fake_beacon_tell(daemon, seq, done, self);
		return;
	}
	daemon->beacon[daemon->beacons].done = done;
	daemon->beacon[daemon->beacons].seq = seq;
	daemon->beacon[daemon->beacons++].self = self;
}

const char *ec_daemon_hand_over(struct ec_daemon *daemon, uint32_t heir)
{
	if (!daemon->stays)
		daemon->heir = heir + 1;
	return daemon->stays;
}

void ec_daemon_forget(struct ec_daemon *daemon, void *self)
{
	for (uint32_t i = 0; i < daemon->beacons; i++) {
		if (daemon->beacon[i].self == self) {
			daemon->beacon[i].self = NULL;
			daemon->forgotten++;
		}
	}
	for (uint32_t i = 0; i < daemon->queued; i++) {
		if (daemon->queue[i].self == self) {
			daemon->queue[i].self = NULL;
			daemon->forgotten++;
		}
	}
	for (uint32_t i = 0; i < daemon->reads; i++)
		if (daemon->read[i].self == self)
			daemon->read[i].self = NULL;
	for (int i = 0; i < 4; i++)
		if (daemon->follower[i].self == self)
			daemon->follower[i].self = NULL;
}

void ec_daemon_on_certified(struct ec_daemon *daemon, void (*each)(void *self, uint64_t seq),
                            void *self)
{
	int i = 0;
	while (daemon->follower[i].self)
		i++;
	assert(i < 4);
	daemon->follower[i].each = each;
	daemon->follower[i].self = self;
}

void ec_daemon_counters(const struct ec_daemon *daemon, struct ec_daemon_counters *counters)
{
	*counters = (struct ec_daemon_counters){.log_syncs = 3,
	                                        .log_records = 9,
	                                        .log_sync_ns = 1500000,
	                                        .log_torn_bytes = 11,
	                                        .clock_offset_ns = -1250000000,
	                                        .envelopes_refused = {[EC_ENVELOPE_SIGNATURE] = 7},
	                                        .forgeries = {[EC_FORGERY_HEADER] = 5},
	                                        .disk_bytes_free = 1000,
	                                        .disk_low = daemon->disk_low,
	                                        .members_foreign = daemon->members_foreign};
}

/* Two envelopes: one took 1.5 ms, one 30 ms. */
const char *ec_daemon_alarmed(const struct ec_daemon *daemon)
{
	return daemon->alarm;
}

const struct ec_histogram *ec_daemon_commits(const struct ec_daemon *daemon)
{
	static struct ec_histogram commits;
	(void)daemon;
	commits = (struct ec_histogram){0};
	ec_histogram_add(&commits, 1500000, 1);
	ec_histogram_add(&commits, 30000000, 1);
	return &commits;
}

uint64_t ec_ledger_tally(const struct ec_ledger *ledger, uint64_t kind, unsigned code)
{
	(void)ledger;
	return 100 * kind + code;
}

void ec_member_status(const struct ec_member *member, struct ec_member_status *status)
{
	struct ec_daemon *daemon = fake_of(member);
	*status = (struct ec_member_status){.era = 1,
	                                    .view = 2,
	                                    .seq = daemon->seq,
	                                    .certified = daemon->certified,
	                                    .self = 1,
	                                    .leader = daemon->leaderless ? UINT32_MAX : 2,
	                                    .leaderless = daemon->leaderless,
	                                    .keyed = daemon->leaderless,
	                                    .n = 4,
	                                    .links_up = 3,
	                                    .ready = !daemon->not_ready,
	                                    .quorum = true,
	                                    .voter = true,
	                                    .protocol = "pbft",
	                                    .signatures_checked = daemon->envelopes,
	                                    .guilty = 1,
	                                    .liar = UINT32_MAX};
	if (daemon->not_ready)
		snprintf(status->not_ready, sizeof status->not_ready, "%s", daemon->not_ready);
}

/* One waits where nobody leads. */
const uint8_t *ec_member_next_key(const struct ec_member *member)
{
	static const uint8_t key[EC_KEY_SIZE] = {0xab};
	return fake_of(member)->leaderless ? key : NULL;
}

bool ec_member_guilty(const struct ec_member *member, uint32_t number, struct ec_guilty *guilty)
{
	static const uint8_t key[EC_KEY_SIZE] = {0xcd};
	(void)member;
	*guilty = (struct ec_guilty){.era = 1,
	                             .index = 3,
	                             .seat = 3,
	                             .identity_key = key,
	                             .evidence = {.data = (const uint8_t *)"proof", .size = 5}};
	return number == 0;
}

struct ec_ledger_at ec_ledger_at(const struct ec_ledger *ledger)
{
	struct ec_daemon *daemon = fake_of(ledger);
	return (struct ec_ledger_at){.position = daemon->seq,
	                             .seq = daemon->seq,
	                             .header = {{0x22}},
	                             .time_ns = 77,
	                             .envelopes = daemon->envelopes};
}

uint64_t ec_ledger_certified(const struct ec_ledger *ledger)
{
	return fake_of(ledger)->certified;
}

uint64_t ec_ledger_certificates(const struct ec_ledger *ledger)
{
	return fake_of(ledger)->certificates;
}

#include "doors/fake_ledger.h"

#endif
