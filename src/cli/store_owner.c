/* store_owner.c - `edgecord store own` and `owners`: whose keys are whose. */
#include "cli/commands.h"
#include "cli/store_send.h"
#include "doors/store_words.h"

#include <inttypes.h>
#include <stdio.h>

static struct ec_store_words words;

static const char *const role_names[] = {"meter", "trader", "operator", "gateway"};
enum { ROLES = sizeof role_names / sizeof role_names[0], PREFIX_AT = sizeof "owner/" - 1 };

/* "operator,gateway".  Returns: 0 when it is none of roles. */
static uint32_t roles_read(const char *text)
{
	uint32_t roles = 0;
	while (*text) {
		size_t size = strcspn(text, ",");
		int at = 0;
		while (at < ROLES &&
		       (strlen(role_names[at]) != size || memcmp(role_names[at], text, size) != 0))
			at++;
		if (at == ROLES)
			return 0;
		roles |= 1u << at;
		text += size + (text[size] == ',');
	}
	return roles;
}

static int usage(const struct ec_store_command *command, const char *why)
{
	fprintf(stderr, "%s: %s\n", command->client.command, why);
	return EC_EXIT_USAGE;
}

int ec_store_own(const struct ec_store_command *command)
{
	struct ec_store_own_say say = {0};
	struct ec_store_outcome outcome;
	uint8_t key[32];
	const char *owner = command->word[1];
	if (!ec_store_words_bytes(&words, command->word[0], EC_STORE_KEY_MAX, &say.prefix) ||
	    say.prefix.size == 0 || say.prefix.data[say.prefix.size - 1] != '/')
		return usage(command, "a prefix that has an owner is a key that ends in a slash");
	if (ec_hex_read(owner, key, sizeof key))
		say.key = (struct ec_view){key, sizeof key};
	else if (strcmp(owner, "nobody") != 0 && !(say.roles = roles_read(owner)))
		return usage(command, "an owner is a key of 64 hexadecimal digits, some of "
		                      "meter,trader,operator,gateway, or nobody");
	int code = ec_store_send_own(command, &say, &outcome);
	if (code == EC_EXIT_OK && command->client.json)
		printf("{\"revision\":%" PRIu64 "}\n", outcome.revision);
	else if (code == EC_EXIT_OK)
		printf("%s is %s's\n", command->word[0], owner);
	return code;
}

static void owner_say(const struct ec_store_owner *owner, struct ec_text *text)
{
	const char *between = "";
	if (!owner->roles)
		ec_text_add_hex(text, owner->key, sizeof owner->key);
	for (int i = 0; i < ROLES; i++) {
		if (!(owner->roles >> i & 1))
			continue;
		ec_text_add(text, "%s%s", between, role_names[i]);
		between = ",";
	}
}

static void owners_print(const struct ec_store_command *command, struct ec_door_answer *answer)
{
	struct ec_store_owner owner;
	struct ec_bytes name, value;
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	ec_json_put_uint(&json, "seq", answer->seq);
	ec_json_put_bool(&json, "more", answer->more);
	ec_json_key(&json, "items");
	ec_json_open(&json, '[');
	while (ec_door_item_next(answer, &name, &value)) {
		char text[80];
		struct ec_text said = ec_text_over(text, sizeof text);
		if (name.size <= PREFIX_AT || !ec_store_owner_read(value, &owner))
			continue;
		owner_say(&owner, &said);
		ec_json_open(&json, '{');
		ec_json_put_bytes(&json, "prefix", name.data + PREFIX_AT, name.size - PREFIX_AT);
		ec_json_put_text(&json, "owner", text);
		ec_json_close(&json, '}');
		if (command->client.json)
			continue;
		ec_cli_print_plain(stdout, (struct ec_bytes){.data = name.data + PREFIX_AT,
		                                             .size = name.size - PREFIX_AT});
		printf("  %s\n", text);
	}
	ec_json_close(&json, ']');
	ec_json_close(&json, '}');
	if (command->client.json)
		ec_cli_json_print(&json);
	else
		ec_json_free(&json);
}

int ec_store_owners(const struct ec_store_command *command)
{
	struct ec_door_answer answer;
	struct ec_view prefix = {0};
	if (command->words &&
	    !ec_store_words_bytes(&words, command->word[0], EC_STORE_KEY_MAX, &prefix))
		return usage(command, EC_STORE_KEY_FORM);
	struct ec_name name = ec_store_name_owner(prefix);
	struct ec_door_request request = {.kind = EC_DOOR_QUERY,
	                                  .at = command->at,
	                                  .prefix = true,
	                                  .limit = EC_DOOR_LIMIT_MAX,
	                                  .name = {.data = name.at, .size = name.size}};
	struct ec_client *client = ec_client_options_open(&command->client);
	bool good = client && ec_client_options_call(&command->client, client, &request,
	                                             EC_DOOR_VALUES, &answer);
	if (good)
		owners_print(command, &answer);
	ec_client_close(client);
	return good ? EC_EXIT_OK : EC_EXIT_FAILED;
}
