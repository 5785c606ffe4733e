/* client_example_main.c - a program that stands on libedgecord-client alone: asks for the state.
 *
 *     cc -Isrc src/doors/client_example_main.c build/libedgecord-client.a -lsodium
 *     ./a.out 127.0.0.1:7460 trade/
 *
 * Shows the first name that begins so.  Exit code 0: there is one; 1: there is none, or nobody
 * answered; 2: usage.
 */
#include "doors/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 5000 };

static void hex_print(struct ec_bytes bytes)
{
	for (size_t i = 0; i < bytes.size; i++)
		printf("%02x", bytes.data[i]);
}

/* Asks for what a quorum certified, and shows it.  Returns: the exit code. */
static int show(struct ec_client *client, const char *name)
{
	struct ec_door_request request = {
		.kind = EC_DOOR_QUERY,
		.at = EC_AT_CERTIFIED,
		.prefix = true,
		.limit = 1,
		.name = {.data = (const uint8_t *)name, .size = strlen(name)}};
	struct ec_door_answer answer;
	struct ec_bytes found, value;
	if (!ec_client_call(client, &request, WAIT_MS, &answer)) {
		const char *lost = ec_client_lost(client);
		fprintf(stderr, "no answer: %s\n", lost ? lost : "none came in time");
		return 1;
	}
	if (answer.kind != EC_DOOR_VALUES) {
		fprintf(stderr, "refused: %.*s\n", (int)answer.text.size,
		        (const char *)answer.text.data);
		return 1;
	}
	if (!ec_door_item_next(&answer, &found, &value)) {
		fprintf(stderr, "block %" PRIu64 " has no such name\n", answer.seq);
		return 1;
	}
	printf("block %" PRIu64 ": ", answer.seq);
	hex_print(found);
	printf(" = ");
	hex_print(value);
	printf("\n");
	return 0;
}

int main(int argc, char **argv)
{
	char why[300];
	if (argc != 3) {
		fprintf(stderr, "usage: %s HOST:PORT PREFIX\n", argv[0]);
		return 2;
	}
	if (!ec_crypto_start())
		return 1;
	struct ec_client *client = ec_client_open(argv[1], WAIT_MS, why, sizeof why);
	if (!client) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	const struct ec_door_answer *welcome = ec_client_welcome(client);
	printf("network %.*s, group %.*s\n", (int)welcome->network.size,
	       (const char *)welcome->network.data, (int)welcome->group.size,
	       (const char *)welcome->group.data);
	int code = show(client, argv[2]);
	ec_client_close(client);
	return code;
}
