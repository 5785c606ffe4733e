/* store_clients_tool.c - clients of a store that write down what they called and saw, as
 * docs/history.md has it; tests/manifests.py judges it.
 *
 * usage: store_clients_tool KEY OUT SECONDS CLIENTS PAUSE_MS SEED latest|local ADDRESS...
 *
 * A thread a client, with one call under way and a connection of its own, which it changes now and
 * then.  Beside keys there are pairs of keys that are only written together, in one transaction,
 * and read together: a pair stands in the history as one key, so that half a transaction is a value
 * that nobody wrote. */
#include "base/prng.h"
#include "cli/client_options.h"
#include "ledger/envelope.h"
#include "ledger/result.h"
#include "node/keys.h"
#include "services/store.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
	SINGLES = 6,
	KEYS = 8, /* the last of them are pairs */
	CLIENTS_MAX = 256,
	CALL_MS = 3000,
	CONNECT_MS = 1000,
	STAY = 40, /* calls to one node, at most about */
	READERS =
		4, /* one client of so many only reads, and oftener: nobody else is served where */
	READS = 4, /* a member has lost the others, and one that is not told so answers wrongly */
	TEXT = 64,
	ENVELOPE = 4096,
};

enum kind { GET, PUT, DELETE, CAS, KINDS };
static const char *const kind_name[KINDS] = {"get", "put", "delete", "cas"};
/* In 20 calls. */
static const uint32_t kind_weight[KINDS] = {8, 5, 2, 5};

struct seen {
	char value[TEXT]; /* empty: none */
	uint64_t revision;
};

/* What all clients share.  What one saw last of a key is a hint for what another compares with. */
static struct {
	struct ec_secret author;
	FILE *out;
	char **address;
	uint32_t addresses;
	uint64_t end_ns, pause_ns, seed;
	enum ec_door_at at;
	pthread_mutex_t lock;
	struct seen seen[KEYS];
} all;

struct client {
	uint32_t number, node;
	struct ec_prng prng;
	struct ec_client *door;
	uint64_t written, sequence;
};

struct call {
	enum kind kind;
	uint32_t key;
	bool by_revision;
	char value[TEXT];
	struct seen expected, found; /* found: by a get; of what failed, its revision */
	const char *outcome;
	bool revision_told;
	uint64_t call_ns, return_ns;
};

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void pause_for(uint64_t ns)
{
	struct timespec time = {.tv_sec = (time_t)(ns / 1000000000),
	                        .tv_nsec = (long)(ns % 1000000000)};
	nanosleep(&time, NULL);
}

static bool is_pair(uint32_t key)
{
	return key >= SINGLES;
}

/* The keys of the store behind one of the history: one, or the two of a pair. */
static uint32_t names_of(uint32_t key, char name[2][TEXT])
{
	snprintf(name[0], TEXT, is_pair(key) ? "k%u/x" : "k%u", key);
	snprintf(name[1], TEXT, "k%u/y", key);
	return is_pair(key) ? 2 : 1;
}

static struct ec_view view_of(const char *text)
{
	return (struct ec_view){(const uint8_t *)text, strlen(text)};
}

static struct seen seen_last(uint32_t key)
{
	pthread_mutex_lock(&all.lock);
	struct seen seen = all.seen[key];
	pthread_mutex_unlock(&all.lock);
	return seen;
}

static void seen_now(uint32_t key, const char *value, uint64_t revision)
{
	pthread_mutex_lock(&all.lock);
	struct seen *seen = &all.seen[key];
	if (revision >= seen->revision) {
		snprintf(seen->value, sizeof seen->value, "%s", value);
		seen->revision = revision;
	}
	pthread_mutex_unlock(&all.lock);
}

static bool only_reads(const struct client *client)
{
	return client->number % READERS == READERS - 1;
}

static void call_choose(struct client *client, struct call *call)
{
	uint64_t dice = ec_prng_below(&client->prng, 20);
	*call = (struct call){.key = (uint32_t)ec_prng_below(&client->prng, KEYS)};
	if (only_reads(client))
		return;
	while (dice >= kind_weight[call->kind])
		dice -= kind_weight[call->kind++];
	if (call->kind == PUT || call->kind == CAS)
		snprintf(call->value, sizeof call->value, "c%u-%" PRIu64, client->number,
		         ++client->written);
	if (call->kind != CAS)
		return;
	call->expected = seen_last(call->key);
	call->by_revision = ec_prng_chance(&client->prng, 1, 2);
	if (call->by_revision && !call->expected.value[0])
		call->expected.revision = 0;
}

static void compare_add(struct ec_store_txn *txn, const struct call *call, const char *name)
{
	struct ec_store_compare *compare = &txn->compare[txn->compares++];
	bool by_value = !call->by_revision && call->expected.value[0];
	*compare = (struct ec_store_compare){.key = view_of(name), .target = EC_STORE_MOD};
	if (call->kind == DELETE) {
		compare->relation = EC_STORE_GREATER; /* there is one */
	} else if (by_value) {
		compare->target = EC_STORE_VALUE;
		compare->value = view_of(call->expected.value);
	} else {
		compare->number = call->by_revision ? call->expected.revision : 0;
	}
}

/* Signs it as one transaction.  Out: request, whose bytes lie in `envelope`. */
static void write_make(struct client *client, const struct call *call,
                       uint8_t envelope[static ENVELOPE], struct ec_door_request *request)
{
	struct ec_store_txn txn = {0};
	char name[2][TEXT];
	uint8_t payload[ENVELOPE / 2];
	uint32_t names = names_of(call->key, name);
	for (uint32_t i = 0; i < names; i++) {
		struct ec_store_op *op = &txn.op[0][txn.ops[0]++];
		*op = (struct ec_store_op){.is_delete = call->kind == DELETE,
		                           .key = view_of(name[i])};
		if (!op->is_delete)
			op->value = view_of(call->value);
		if (call->kind != PUT)
			compare_add(&txn, call, name[i]);
	}
	struct ec_envelope_plan plan = {.author = &all.author,
	                                .crypto = &ec_crypto_ed25519,
	                                .genesis = ec_client_welcome(client->door)->genesis,
	                                .lane = client->number,
	                                .sequence = ++client->sequence,
	                                .payload = payload,
	                                .payload_size =
	                                        ec_store_txn_write(&txn, payload, sizeof payload)};
	*request = (struct ec_door_request){.kind = EC_DOOR_SUBMIT};
	request->envelope.data = envelope;
	request->envelope.size = ec_envelope_make(&plan, envelope, ENVELOPE, NULL, request->salt);
	if (plan.payload_size == 0 || request->envelope.size == 0)
		abort();
}

/* What became of a write.  In doubt, it is unknown. */
static void written_judge(struct call *call, const struct ec_door_answer *answer)
{
	struct ec_store_outcome outcome;
	call->outcome = "unknown";
	if (answer->kind == EC_DOOR_REFUSED &&
	    (answer->reason == EC_REASON_BUSY || answer->reason == EC_REASON_NOT_READY))
		call->outcome = "refused"; /* before anything was done with it */
	if (answer->kind != EC_DOOR_DONE || answer->code == EC_RESULT_USED)
		return;
	if (answer->code != EC_RESULT_DONE) {
		call->outcome = "refused";
		fprintf(stderr, "a %s was refused: %s\n", kind_name[call->kind],
		        ec_result_text(answer->code));
		return;
	}
	if (!ec_store_outcome_read(answer->detail, &outcome))
		return;
	call->outcome = outcome.succeeded ? "ok" : "failed";
	call->found.revision = outcome.succeeded ? outcome.revision : outcome.mod;
	call->revision_told = outcome.succeeded || call->kind == CAS;
	if (outcome.succeeded)
		seen_now(call->key, call->value, outcome.revision);
}

/* What a read found: both keys of a pair have one value, of one revision. */
static void read_judge(struct call *call, struct ec_door_answer *answer)
{
	struct ec_store_key key;
	struct ec_bytes name, value;
	uint32_t found = 0;
	uint64_t revision[2] = {0};
	char text[2][TEXT] = {0};
	call->outcome = answer->kind == EC_DOOR_VALUES ? "ok" : "refused";
	if (answer->kind != EC_DOOR_VALUES)
		return;
	while (ec_door_item_next(answer, &name, &value)) {
		if (name.size < 4 || memcmp(name.data, "key/", 4) != 0 || found == 2 ||
		    !ec_store_key_read(value, &key))
			continue;
		snprintf(text[found], TEXT, "%.*s", (int)key.value.size,
		         (const char *)key.value.data);
		revision[found++] = key.mod;
	}
	call->found = (struct seen){.revision = revision[0]};
	memcpy(call->found.value, text[0], TEXT);
	call->revision_told = found > 0;
	if (is_pair(call->key) &&
	    (found == 1 || strcmp(text[0], text[1]) != 0 || revision[0] != revision[1]))
		snprintf(call->found.value, TEXT, "torn: %.20s at %" PRIu64, text[1], revision[1]);
	if (found)
		seen_now(call->key, call->found.value, call->found.revision);
}

static void call_write(const struct client *client, const struct call *call)
{
	flockfile(all.out);
	fprintf(all.out, "{\"client\":%u,\"node\":%u,\"key\":\"k%u\",\"op\":\"%s\"", client->number,
	        client->node + 1, call->key, kind_name[call->kind]);
	if (call->kind == PUT || call->kind == CAS)
		fprintf(all.out, ",\"value\":\"%s\"", call->value);
	if (call->kind == CAS && call->by_revision)
		fprintf(all.out, ",\"expected_revision\":%" PRIu64, call->expected.revision);
	else if (call->kind == CAS && call->expected.value[0])
		fprintf(all.out, ",\"expected\":\"%s\"", call->expected.value);
	else if (call->kind == CAS)
		fprintf(all.out, ",\"expected\":null");
	if (call->kind == GET && strcmp(call->outcome, "ok") == 0 && call->found.value[0])
		fprintf(all.out, ",\"result\":\"%s\"", call->found.value);
	else if (call->kind == GET)
		fprintf(all.out, ",\"result\":null");
	if (call->revision_told)
		fprintf(all.out, ",\"revision\":%" PRIu64, call->found.revision);
	fprintf(all.out, ",\"outcome\":\"%s\",\"call_ns\":%" PRIu64, call->outcome, call->call_ns);
	if (strcmp(call->outcome, "unknown") != 0)
		fprintf(all.out, ",\"return_ns\":%" PRIu64, call->return_ns);
	fprintf(all.out, "}\n");
	funlockfile(all.out);
}

/* One call, written down.  Returns: whether the connection is still of use. */
static bool call_make(struct client *client)
{
	struct call call;
	struct ec_door_answer answer;
	uint8_t envelope[ENVELOPE];
	char name[2][TEXT];
	struct ec_door_request request = {.kind = EC_DOOR_STORE, .at = all.at, .limit = 4};
	call_choose(client, &call);
	names_of(call.key, name);
	if (is_pair(call.key))
		name[0][strlen(name[0]) - 1] = 0; /* all that begin with "k6/" */
	request.prefix = is_pair(call.key);
	request.name = (struct ec_bytes){.data = (const uint8_t *)name[0], .size = strlen(name[0])};
	if (call.kind != GET)
		write_make(client, &call, envelope, &request);
	call.call_ns = now_ns();
	bool answered = ec_client_call(client->door, &request, CALL_MS, &answer);
	call.return_ns = now_ns();
	if (!answered)
		call.outcome = "unknown";
	else if (call.kind == GET)
		read_judge(&call, &answer);
	else
		written_judge(&call, &answer);
	call_write(client, &call);
	return answered && answer.kind != EC_DOOR_REFUSED;
}

static void *client_run(void *self)
{
	struct client *client = self;
	static const uint64_t retry_ns = 50000000;
	char why[256];
	while (now_ns() < all.end_ns) {
		if (!client->door)
			client->door = ec_client_open(all.address[client->node], CONNECT_MS, why,
			                              sizeof why);
		bool good = client->door && call_make(client);
		if (!good || ec_prng_chance(&client->prng, 1, STAY)) {
			ec_client_close(client->door);
			client->door = NULL;
			client->node = (uint32_t)ec_prng_below(&client->prng, all.addresses);
		}
		uint64_t usual_ns = only_reads(client) ? all.pause_ns / READS : all.pause_ns;
		pause_for(good ? usual_ns / 2 + ec_prng_below(&client->prng, usual_ns + 1)
		               : retry_ns);
	}
	ec_client_close(client->door);
	return NULL;
}

static int run(uint32_t clients)
{
	static struct client client[CLIENTS_MAX];
	static pthread_t thread[CLIENTS_MAX];
	uint64_t first = ec_cli_sequence();
	for (uint32_t i = 0; i < clients; i++) {
		client[i] =
			(struct client){.number = i, .node = i % all.addresses, .sequence = first};
		ec_prng_seed(&client[i].prng, all.seed * CLIENTS_MAX + i);
		if (pthread_create(&thread[i], NULL, client_run, &client[i]) != 0)
			abort();
	}
	for (uint32_t i = 0; i < clients; i++)
		pthread_join(thread[i], NULL);
	ec_secret_erase(&all.author);
	return fclose(all.out) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	char why[256];
	uint64_t clients = argc > 8 ? strtoull(argv[4], NULL, 10) : 0;
	if (clients < 1 || clients > CLIENTS_MAX) {
		fprintf(stderr,
		        "usage: %s KEY OUT SECONDS CLIENTS PAUSE_MS SEED latest|local "
		        "ADDRESS...\n",
		        argv[0]);
		return 2;
	}
	if (!ec_key_read(argv[1], &all.author, why, sizeof why)) {
		fprintf(stderr, "%s: %s\n", argv[0], why);
		return 2;
	}
	all.out = fopen(argv[2], "w");
	if (!all.out) {
		perror(argv[2]);
		return 2;
	}
	pthread_mutex_init(&all.lock, NULL);
	all.end_ns = now_ns() + strtoull(argv[3], NULL, 10) * 1000000000;
	all.pause_ns = strtoull(argv[5], NULL, 10) * 1000000;
	all.seed = strtoull(argv[6], NULL, 10);
	all.at = strcmp(argv[7], "local") == 0 ? EC_AT_LOCAL : EC_AT_LATEST;
	all.address = argv + 8;
	all.addresses = (uint32_t)(argc - 8);
	return run((uint32_t)clients);
}
