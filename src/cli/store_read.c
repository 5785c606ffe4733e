/* store_read.c - what `edgecord store` reads: a key, a range, or the changes as they come. */
#include "cli/cmd_store.h"
#include "cli/commands.h"
#include "doors/store_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static struct ec_store_words words;

static void put_bytes(struct ec_json *json, const char *name, struct ec_view bytes)
{
	ec_json_put_bytes(json, name, bytes.data, bytes.size);
}

static void put_key(struct ec_json *json, struct ec_bytes name, const struct ec_store_key *key)
{
	static const size_t before = sizeof "key/" - 1;
	put_bytes(json, "key", (struct ec_view){name.data + before, name.size - before});
	put_bytes(json, "value", key->value);
	ec_json_put_uint(json, "create", key->create);
	ec_json_put_uint(json, "mod", key->mod);
	ec_json_put_uint(json, "version", key->version);
	ec_json_put_uint(json, "lease", key->lease);
}

/* The next key of an answer; the head, if it comes before, is read, too. */
static bool key_next(struct ec_door_answer *answer, struct ec_store_head *head,
                     struct ec_bytes *name, struct ec_store_key *key)
{
	struct ec_bytes value;
	while (ec_door_item_next(answer, name, &value)) {
		if (name->size > 4 && memcmp(name->data, "key/", 4) == 0 &&
		    ec_store_key_read(value, key))
			return true;
		ec_store_head_read(value, head);
	}
	return false;
}

static void put_place(struct ec_json *json, const struct ec_door_answer *answer,
                      const struct ec_store_head *head)
{
	ec_json_put_uint(json, "revision", head->revision);
	ec_json_put_uint(json, "seq", answer->seq);
	ec_json_put_uint(json, "certified", answer->certified);
}

static int get_print(const struct ec_store_command *command, struct ec_door_answer *answer)
{
	struct ec_store_head head = {0};
	struct ec_store_key key;
	struct ec_bytes name;
	if (!key_next(answer, &head, &name, &key)) {
		fprintf(stderr, "%s: there is no such key at revision %" PRIu64 "\n",
		        command->client.command, head.revision);
		return EC_EXIT_NOT_FOUND;
	}
	if (!command->client.json) {
		fwrite(key.value.data, 1, key.value.size, stdout);
		putchar('\n');
		return EC_EXIT_OK;
	}
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	put_place(&json, answer, &head);
	put_key(&json, name, &key);
	ec_json_close(&json, '}');
	ec_cli_json_print(&json);
	return EC_EXIT_OK;
}

static void range_print(const struct ec_store_command *command, struct ec_door_answer *answer)
{
	struct ec_store_head head = {0};
	struct ec_store_key key;
	struct ec_bytes name, last = EC_NO_BYTES;
	struct ec_json json = {0};
	uint32_t count = 0;
	ec_json_open(&json, '{');
	ec_json_key(&json, "items");
	ec_json_open(&json, '[');
	for (; key_next(answer, &head, &name, &key); count++, last = name) {
		if (command->client.json) {
			ec_json_open(&json, '{');
			put_key(&json, name, &key);
			ec_json_close(&json, '}');
			continue;
		}
		ec_cli_print_plain(stdout, (struct ec_bytes){name.data + 4, name.size - 4, NULL});
		printf("  ");
		ec_cli_print_plain(stdout, (struct ec_bytes){key.value.data, key.value.size, NULL});
		putchar('\n');
	}
	ec_json_close(&json, ']');
	put_place(&json, answer, &head);
	ec_json_put_bool(&json, "more", answer->more);
	if (answer->more && last.size > 4)
		put_bytes(&json, "next", (struct ec_view){last.data + 4, last.size - 4});
	ec_json_close(&json, '}');
	if (command->client.json) {
		ec_cli_json_print(&json);
		return;
	}
	ec_json_free(&json);
	fprintf(stderr, "%u keys at revision %" PRIu64 "%s\n", count, head.revision,
	        answer->more ? "; there are more: --after the last one" : "");
}

static bool view_take(const struct ec_store_command *command, const char *text,
                      struct ec_bytes *out)
{
	struct ec_view view;
	if (!ec_store_words_bytes(&words, text, EC_STORE_KEY_MAX, &view)) {
		fprintf(stderr, "%s: %s\n", command->client.command, EC_STORE_KEY_FORM);
		return false;
	}
	*out = (struct ec_bytes){.data = view.data, .size = view.size};
	return true;
}

static int ask(const struct ec_store_command *command, bool range)
{
	struct ec_door_request request = {.kind = EC_DOOR_STORE,
	                                  .at = command->at,
	                                  .prefix = range,
	                                  .limit = range ? (uint32_t)command->limit : 1};
	struct ec_door_answer answer;
	if (command->words && !view_take(command, command->word[0], &request.name))
		return EC_EXIT_USAGE;
	if (command->after && !view_take(command, command->after, &request.after))
		return EC_EXIT_USAGE;
	if (!range && request.name.size == 0) {
		fprintf(stderr, "%s: %s\n", command->client.command, EC_STORE_KEY_FORM);
		return EC_EXIT_USAGE;
	}
	struct ec_client *client = ec_client_options_open(&command->client);
	if (!client)
		return EC_EXIT_FAILED;
	int code = EC_EXIT_FAILED;
	if (ec_client_options_call(&command->client, client, &request, EC_DOOR_VALUES, &answer)) {
		code = EC_EXIT_OK;
		if (range)
			range_print(command, &answer);
		else
			code = get_print(command, &answer);
	}
	ec_client_close(client);
	return code;
}

int ec_store_get(const struct ec_store_command *command)
{
	return ask(command, false);
}

int ec_store_range(const struct ec_store_command *command)
{
	return ask(command, true);
}

static void change_print(const struct ec_store_command *command, struct ec_bytes name,
                         const struct ec_store_change *change)
{
	static const char *const kinds[] = {"put", "delete", "lapse"};
	uint64_t revision = ec_name_u64_at(name.data, name.size, sizeof "change/" - 1);
	uint64_t index = ec_name_u64_at(name.data, name.size, sizeof "change/" - 1 + 8);
	if (!command->client.json) {
		printf("%" PRIu64 "  %s  ", revision, kinds[change->kind]);
		ec_cli_print_plain(stdout,
		                   (struct ec_bytes){change->key.data, change->key.size, NULL});
		printf("  ");
		ec_cli_print_plain(stdout,
		                   (struct ec_bytes){change->value.data, change->value.size, NULL});
		putchar('\n');
		return;
	}
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	ec_json_put_uint(&json, "revision", revision);
	ec_json_put_uint(&json, "index", index);
	ec_json_put_text(&json, "change", kinds[change->kind]);
	put_bytes(&json, "key", change->key);
	if (change->kind == EC_STORE_PUT)
		put_bytes(&json, "value", change->value);
	ec_json_put_uint(&json, "create", change->create);
	ec_json_put_uint(&json, "version", change->version);
	ec_json_put_uint(&json, "lease", change->lease);
	ec_json_close(&json, '}');
	ec_cli_json_print(&json);
}

/* Where a watch stands; it outlives its connection. */
struct watch {
	const struct ec_store_command *command;
	struct ec_door_request request;
	uint64_t shown;
};

/* Shows changes until the connection is lost, or it is done.  Returns: -1: lost; else the exit
 * code. */
static int watch_on(struct watch *watch, struct ec_client *client)
{
	const struct ec_store_command *command = watch->command;
	struct ec_door_answer answer;
	while (ec_client_call(client, &watch->request, command->client.timeout_ms, &answer)) {
		struct ec_store_change change;
		struct ec_bytes name, value;
		if (answer.kind == EC_DOOR_REFUSED &&
		    (answer.reason == EC_REASON_BUSY || answer.reason == EC_REASON_NOT_READY))
			return -1;
		if (answer.kind != EC_DOOR_CHANGES) {
			ec_client_options_refused(&command->client, &answer);
			return answer.reason == EC_REASON_PRUNED ? EC_EXIT_COMPACTED
			                                         : EC_EXIT_FAILED;
		}
		while (ec_door_item_next(&answer, &name, &value)) {
			if (!ec_store_change_read(value, &change))
				continue;
			change_print(command, name, &change);
			if (++watch->shown == command->count)
				return fflush(stdout) == 0 ? EC_EXIT_OK : EC_EXIT_FAILED;
		}
		if (fflush(stdout) != 0)
			return EC_EXIT_FAILED;
		watch->request.revision = answer.next_revision;
		watch->request.index = answer.next_index;
	}
	return -1;
}

/* Where a watch begins that was told no revision: behind all that was acknowledged before now.  It
 * is asked for once, so that nothing is missed should the first node be lost at once. */
static bool watch_begin(struct watch *watch)
{
	struct ec_door_request request = {
		.kind = EC_DOOR_STORE, .at = EC_AT_LATEST, .prefix = true, .limit = 1};
	struct ec_store_head head = {0};
	struct ec_store_key key;
	struct ec_bytes name;
	struct ec_door_answer answer;
	const struct ec_client_options *options = &watch->command->client;
	struct ec_client *client = ec_client_options_open(options);
	bool good = client &&
	            ec_client_options_call(options, client, &request, EC_DOOR_VALUES, &answer);
	if (good)
		key_next(&answer, &head, &name, &key);
	watch->request.revision = head.revision + 1;
	ec_client_close(client);
	return good;
}

/* The nodes that --node means, in turn: a watch goes on at another one where the last one ended. */
int ec_store_watch(const struct ec_store_command *command)
{
	enum { ROUNDS_EMPTY_MAX = 20 };
	static const struct timespec pause = {.tv_nsec = 500000000};
	struct watch watch = {.command = command,
	                      .request = {.kind = EC_DOOR_WATCH,
	                                  .revision = command->revision,
	                                  .limit = EC_DOOR_LIMIT_MAX - 1}};
	if (command->words && !view_take(command, command->word[0], &watch.request.name))
		return EC_EXIT_USAGE;
	if (command->revision == 0 && !watch_begin(&watch))
		return EC_EXIT_FAILED;
	for (int empty = 0; empty < ROUNDS_EMPTY_MAX; empty++) {
		uint32_t at = 0;
		struct ec_client *client;
		while ((client = ec_client_options_next(&command->client, &at))) {
			int code = watch_on(&watch, client);
			ec_client_close(client);
			if (code >= 0)
				return code;
			empty = 0;
		}
		nanosleep(&pause, NULL);
	}
	fprintf(stderr, "%s: no node answers any more\n", command->client.command);
	return EC_EXIT_FAILED;
}
