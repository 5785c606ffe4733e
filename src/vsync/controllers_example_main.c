/* controllers_example_main.c - controllers that share flow rules, and a switch that obeys them: a
 * program that stands on libedgecord-vsync alone.
 *
 *     cc -Isrc src/vsync/controllers_example_main.c build/libedgecord-vsync.a \
 *             build/libedgecord-client.a -lsodium -lcrypto
 *     ./a.out switch /tmp/switch
 *     ./a.out control NAME KEY-FILE /tmp/switch 127.0.0.1:7460 ...       each in a terminal of its
 * own
 *
 * A controller reads lines "MATCH ACTION", as "10.0.0.7 port3", and tells the others; what comes
 * back by the order all of them set, at the same place.  Each writes every rule to the switch, so
 * that none is missed when one dies; the switch keeps the newest epoch, refuses what comes with an
 * older one, and knows by its version a rule that it has.  At the end of its input a controller
 * leaves.
 */
#include "vsync/vsync.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	RULES_MAX = 1024,
	WORD_MAX = 40,
	LINE_SIZE = 256,
	STATE_SIZE = RULES_MAX * 160,
	AGAIN_SIZE = 1 << 16
};

/* A rule; its version is its place in the order of all of them. */
struct rule {
	char match[WORD_MAX], action[WORD_MAX];
	uint64_t revision, index;
};

struct table {
	struct rule rule[RULES_MAX];
	uint32_t rules;
};

/* Takes a rule in, if it is newer than what the table has.  Returns: whether it was. */
static bool table_set(struct table *table, const struct rule *rule)
{
	uint32_t at = 0;
	while (at < table->rules && strcmp(table->rule[at].match, rule->match) != 0)
		at++;
	if (at == RULES_MAX)
		return false;
	const struct rule *old = &table->rule[at];
	if (at < table->rules && (old->revision > rule->revision ||
	                          (old->revision == rule->revision && old->index >= rule->index)))
		return false;
	table->rules += at == table->rules;
	table->rule[at] = *rule;
	return true;
}

/* ---- the switch ---- */

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	return address;
}

/* Obeys one line: "EPOCH", which it keeps, or "EPOCH REVISION INDEX MATCH ACTION". */
static void switch_obey(struct table *table, uint64_t *epoch, const char *line)
{
	struct rule rule;
	uint64_t its;
	int fields = sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %39s %39s", &its,
	                    &rule.revision, &rule.index, rule.match, rule.action);
	if (fields < 1)
		return;
	if (its < *epoch) {
		printf("refused %s\n", line);
		return;
	}
	if (its > *epoch)
		printf("epoch %" PRIu64 "\n", its);
	*epoch = its;
	if (fields == 5 && table_set(table, &rule))
		printf("applied %s\n", line);
}

static int switch_run(const char *path)
{
	static struct table table;
	struct sockaddr_un address = address_of(path);
	uint64_t epoch = 0;
	char line[LINE_SIZE];
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("ready\n");
	for (ssize_t size; (size = recv(fd, line, sizeof line - 1, 0)) >= 0;) {
		line[size] = 0;
		switch_obey(&table, &epoch, line);
	}
	return 1;
}

/* ---- a controller ---- */

struct controller {
	struct ec_vsync *group;
	struct table table;
	struct sockaddr_un device;
	int socket;
	bool in;
	char state[STATE_SIZE];
	char again[AGAIN_SIZE]; /* lines that were read and could not be sent */
};

static void device_tell(struct controller *controller, uint64_t epoch, const struct rule *rule)
{
	char line[LINE_SIZE];
	int size = rule ? snprintf(line, sizeof line, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %s %s",
	                           epoch, rule->revision, rule->index, rule->match, rule->action)
	                : snprintf(line, sizeof line, "%" PRIu64, epoch);
	if (sendto(controller->socket, line, (size_t)size, 0,
	           (struct sockaddr *)&controller->device, sizeof controller->device) < 0)
		printf("the switch is not there: %s\n", strerror(errno));
}

static void on_view(void *self, const struct ec_vsync_view *view)
{
	struct controller *controller = self;
	printf("view %" PRIu64 " %" PRIu64, view->number, view->epoch);
	for (uint32_t i = 0; i < view->members; i++)
		printf(" %s", view->member[i].name);
	printf("\n");
	controller->in = true;
	device_tell(controller, view->epoch, NULL);
	for (uint32_t i = 0; i < controller->table.rules; i++)
		device_tell(controller, view->epoch, &controller->table.rule[i]);
}

static void on_deliver(void *self, const struct ec_vsync_message *message)
{
	struct controller *controller = self;
	struct rule rule = {.revision = message->revision, .index = message->index};
	char line[LINE_SIZE];
	snprintf(line, sizeof line, "%.*s", (int)message->bytes.size,
	         (const char *)message->bytes.data);
	if (sscanf(line, "%39s %39s", rule.match, rule.action) != 2)
		return;
	printf("rule %" PRIu64 " %" PRIu64 " %" PRIu64 " %s %s\n", message->epoch, rule.revision,
	       rule.index, rule.match, rule.action);
	table_set(&controller->table, &rule);
	device_tell(controller, message->epoch, &rule);
}

/* Keeps a line for later, while there is room. */
static void again_add(struct controller *controller, struct ec_view line)
{
	size_t size = strlen(controller->again);
	snprintf(controller->again + size, AGAIN_SIZE - size, "%.*s\n", (int)line.size,
	         (const char *)line.data);
}

/* Sends it again in the view that begins; what may have been ordered is left alone. */
static void on_refused(void *self, uint64_t number, struct ec_view bytes, bool sure)
{
	struct controller *controller = self;
	printf("%s %" PRIu64 " %.*s\n", sure ? "refused" : "unsure", number, (int)bytes.size,
	       (const char *)bytes.data);
	if (sure && ec_vsync_multicast(controller->group, bytes.data, bytes.size) == 0)
		again_add(controller, bytes);
}

static struct ec_view on_state_wanted(void *self)
{
	struct controller *controller = self;
	size_t size = 0;
	for (uint32_t i = 0; i < controller->table.rules; i++) {
		const struct rule *rule = &controller->table.rule[i];
		size += (size_t)snprintf(controller->state + size, STATE_SIZE - size,
		                         "%" PRIu64 " %" PRIu64 " %s %s\n", rule->revision,
		                         rule->index, rule->match, rule->action);
	}
	return (struct ec_view){(uint8_t *)controller->state, size};
}

static void on_state_brought(void *self, struct ec_view state)
{
	struct controller *controller = self;
	int used;
	struct rule rule;
	controller->table.rules = 0;
	snprintf(controller->state, STATE_SIZE, "%.*s", (int)state.size, (const char *)state.data);
	for (const char *at = controller->state;
	     sscanf(at, "%" SCNu64 " %" SCNu64 " %39s %39s\n%n", &rule.revision, &rule.index,
	            rule.match, rule.action, &used) == 4;
	     at += used)
		table_set(&controller->table, &rule);
	printf("state %u%s\n", controller->table.rules, state.data ? "" : " anew");
}

static void on_fenced(void *self, uint64_t epoch, const char *why)
{
	struct controller *controller = self;
	printf("fenced %" PRIu64 " %s\n", epoch, why);
	controller->in = false;
}

/* Multicasts a line: one that could not be sent before, or the next of the input.
 * Returns: false at its end. */
static bool input_take(struct controller *controller)
{
	char line[LINE_SIZE];
	size_t old = strcspn(controller->again, "\n");
	if (controller->again[0]) {
		if (ec_vsync_multicast(controller->group, controller->again, old) > 0)
			memmove(controller->again, controller->again + old + 1,
			        strlen(controller->again + old + 1) + 1);
		return true;
	}
	if (!fgets(line, sizeof line, stdin))
		return false;
	struct ec_view bytes = {(uint8_t *)line, strcspn(line, "\n")};
	if (ec_vsync_multicast(controller->group, bytes.data, bytes.size) == 0)
		again_add(controller, bytes);
	return true;
}

/* One life in the group.  Returns: whether to join again. */
static bool live(struct controller *controller)
{
	bool input = true, in = true;
	while (in) {
		bool ready = controller->in && input;
		struct pollfd wait[2] = {{.fd = ec_vsync_fd(controller->group),
		                          .events = ec_vsync_events(controller->group)},
		                         {.fd = ready ? STDIN_FILENO : -1, .events = POLLIN}};
		poll(wait, 2,
		     ready && controller->again[0] ? 0 : ec_vsync_wait_ms(controller->group));
		if (ready && (wait[1].revents || controller->again[0]))
			input = input_take(controller);
		if (ready && !input)
			ec_vsync_leave(controller->group);
		in = ec_vsync_turn(controller->group);
	}
	return input;
}

static bool secret_read(const char *path, struct ec_secret *secret)
{
	uint8_t seed[EC_SEED_SIZE];
	char text[2 * EC_SEED_SIZE + 1] = {0};
	FILE *file = fopen(path, "r");
	bool good = file && fread(text, 1, sizeof text - 1, file) == sizeof text - 1 &&
	            ec_hex_read(text, seed, sizeof seed);
	if (file)
		fclose(file);
	if (good)
		ec_secret_from_seed(secret, seed);
	else
		fprintf(stderr, "%s: no key\n", path);
	return good;
}

static int control_run(int count, char **word)
{
	static struct controller controller;
	struct ec_vsync_options options = ec_vsync_options_usual();
	struct ec_vsync_calls calls = {&controller,     on_view,          on_deliver, on_refused,
	                               on_state_wanted, on_state_brought, on_fenced};
	struct ec_secret secret;
	char why[300];
	if (!ec_crypto_start() || !secret_read(word[1], &secret))
		return 1;
	options.name = word[0];
	options.secret = &secret;
	options.prefix = "controllers/";
	options.lease_s = 2;
	options.patience_ms = 1000;
	for (int i = 3; i < count && options.gateways < EC_VSYNC_GATEWAYS_MAX; i++)
		options.gateway[options.gateways++] = word[i];
	controller.device = address_of(word[2]);
	controller.socket = socket(AF_UNIX, SOCK_DGRAM, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0); /* poll() sees what was not read */
	for (bool again = true; again;) {
		controller.group = ec_vsync_join(&options, &calls, why, sizeof why);
		if (!controller.group) {
			fprintf(stderr, "%s\n", why);
			return 2;
		}
		again = live(&controller);
		ec_vsync_close(controller.group);
	}
	ec_secret_erase(&secret);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "switch") == 0)
		return switch_run(argv[2]);
	if (argc >= 6 && strcmp(argv[1], "control") == 0)
		return control_run(argc - 2, argv + 2);
	fprintf(stderr,
	        "usage: %s switch PATH\n       %s control NAME KEY-FILE PATH HOST:PORT...\n",
	        argv[0], argv[0]);
	return 2;
}
