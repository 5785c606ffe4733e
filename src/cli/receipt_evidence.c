/* receipt_evidence.c - fetches what proves that a member broke its protocol. */
#include "cli/receipt_evidence.h"

#include "base/text.h"
#include "group/evidence.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static bool is(const json_t *guilty, const char *key, const char *who)
{
	const char *text = json_string_value(json_object_get(guilty, key));
	return text && strcmp(text, who) == 0;
}

/* Bytes of a node's hexadecimal digits, from malloc; NULL: they are none, or too many. */
static uint8_t *bytes_of(const char *hex, size_t *size)
{
	*size = hex ? strlen(hex) / 2 : 0;
	uint8_t *bytes = *size && *size <= EC_EVIDENCE_SIZE_MAX ? malloc(*size) : NULL;
	if (bytes && ec_hex_read(hex, bytes, *size))
		return bytes;
	free(bytes);
	return NULL;
}

/* What one node has against a member.  Returns: NULL: nothing, or no answer. */
static uint8_t *ask(const struct ec_client_options *options, struct ec_client *client,
                    const char *who, size_t *size)
{
	struct ec_door_request request = {.kind = EC_DOOR_STATUS};
	struct ec_door_answer answer;
	uint8_t *bytes = NULL;
	size_t i;
	json_t *guilty;
	if (!ec_client_options_call(options, client, &request, EC_DOOR_TEXT, &answer))
		return NULL;
	json_t *json = json_loadb((const char *)answer.text.data, answer.text.size, 0, NULL);
	json_array_foreach(
		json_object_get(json, "guilty"), i,
		guilty) if (!bytes && (is(guilty, "owner", who) || is(guilty, "identity_key", who)))
		bytes = bytes_of(json_string_value(json_object_get(guilty, "evidence")), size);
	json_decref(json);
	return bytes;
}

uint8_t *ec_receipt_evidence(const struct ec_client_options *options, const char *who, size_t *size)
{
	struct ec_client *client;
	uint8_t *bytes = NULL;
	uint32_t at = 0;
	bool asked = false;
	while (!bytes && (client = ec_client_options_next(options, &at))) {
		asked = true;
		bytes = ask(options, client, who, size);
		ec_client_close(client);
	}
	if (!bytes && asked)
		fprintf(stderr,
		        "%s: no node that answered has evidence against '%.100s'; `edgecord "
		        "status --node` of each shows whom it holds for proven guilty, by owner, "
		        "and with --json by identity_key\n",
		        options->command, who);
	return bytes;
}
