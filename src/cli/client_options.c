/* client_options.c - what all commands that talk to a node share. */
#include "cli/client_options.h"

#include "base/text.h"
#include "cli/node_address.h"
#include "cli/option_numbers.h"
#include "node/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { TIMEOUT_S = 10, TIMEOUT_S_MAX = 86400 };

static const struct argp_option options[] = {
	{"node", 'n', "HOST:PORT|DIR", 0,
         "Binary door of a node, or the folder of a group or node of a local network (default: "
         "$EDGECORD_NODE, or 127.0.0.1:7460)",
         1},
	{"timeout", 't', "SECONDS", 0, "How long to wait for an answer (default 10)", 1},
	{"json", 'j', NULL, 0, "Print JSON", 1},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct ec_client_options *out = state->input;
	switch (key) {
	case 'n':
		out->node = argument;
		return 0;
	case 't':
		out->timeout_ms = 1000 * (uint32_t)ec_option_whole(state, "timeout", argument, 1,
		                                                   TIMEOUT_S_MAX);
		return 0;
	case 'j':
		out->json = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp ec_client_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

struct ec_client_options ec_client_options_usual(const char *command)
{
	const char *node = getenv("EDGECORD_NODE");
	return (struct ec_client_options){.command = command,
	                                  .node = node && *node ? node : "127.0.0.1:7460",
	                                  .timeout_ms = TIMEOUT_S * 1000};
}

struct ec_client *ec_client_options_next(const struct ec_client_options *client_options,
                                         uint32_t *at)
{
	char why[512];
	struct ec_node_addresses addresses;
	struct ec_client *client = NULL;
	uint32_t first = *at;
	if (ec_node_addresses_of(client_options->node, &addresses, why, sizeof why)) {
		for (; *at < addresses.count && !client; ++*at)
			client = ec_client_open(addresses.address[*at], client_options->timeout_ms,
			                        why, sizeof why);
	} else if (!why[0] && first == 0) {
		*at = 1;
		client = ec_client_open(client_options->node, client_options->timeout_ms, why,
		                        sizeof why);
	}
	if (!client && first == 0)
		fprintf(stderr, "%s: %s\n", client_options->command, why);
	return client;
}

struct ec_client *ec_client_options_open(const struct ec_client_options *client_options)
{
	uint32_t at = 0;
	return ec_client_options_next(client_options, &at);
}

void ec_client_options_refused(const struct ec_client_options *client_options,
                               const struct ec_door_answer *answer)
{
	const char *command = client_options->command;
	fprintf(stderr, "%s: refused: %s: ", command, ec_reason_text(answer->reason));
	ec_cli_print_plain(stderr, answer->text);
	fprintf(stderr, "\n%s: what to do: %s\n", command, ec_reason_remedy(answer->reason));
}

bool ec_client_options_call(const struct ec_client_options *client_options,
                            struct ec_client *client, const struct ec_door_request *request,
                            enum ec_door_kind wanted, struct ec_door_answer *answer)
{
	const char *command = client_options->command;
	if (!ec_client_call(client, request, client_options->timeout_ms, answer)) {
		const char *lost = ec_client_lost(client);
		if (lost)
			fprintf(stderr, "%s: %s\n", command, lost);
		else
			fprintf(stderr, "%s: no answer from %s in %u s (--timeout)\n", command,
			        client_options->node, client_options->timeout_ms / 1000);
		return false;
	}
	if (answer->kind == EC_DOOR_REFUSED) {
		ec_client_options_refused(client_options, answer);
		return false;
	}
	if (answer->kind != wanted) {
		fprintf(stderr, "%s: the node answered %s instead of %s\n", command,
		        ec_door_kind_name(answer->kind), ec_door_kind_name(wanted));
		return false;
	}
	return true;
}

static uint8_t *stream_read(FILE *stream, size_t size_max, size_t *size)
{
	uint8_t *at = malloc(size_max + 1);
	if (!at)
		abort();
	*size = fread(at, 1, size_max + 1, stream);
	if (!ferror(stream) && *size <= size_max)
		return at;
	if (*size > size_max)
		errno = EFBIG;
	free(at);
	return NULL;
}

/* A pipe or a device has no size. */
static uint8_t *special_read(const char *path, size_t size_max, size_t *size)
{
	FILE *stream = fopen(path, "r");
	if (!stream)
		return NULL;
	uint8_t *at = stream_read(stream, size_max, size);
	int error = errno;
	fclose(stream);
	errno = error;
	return at;
}

uint8_t *ec_cli_file_read(const char *command, const char *path, size_t size_max, size_t *size)
{
	struct stat is;
	uint8_t *at = NULL;
	if (strcmp(path, "-") == 0)
		at = stream_read(stdin, size_max, size);
	else if (stat(path, &is) == 0 && !S_ISREG(is.st_mode))
		at = special_read(path, size_max, size);
	else
		at = file_read(path, size_max, size);
	if (!at && errno == EFBIG)
		fprintf(stderr, "%s: %s has more than %zu bytes\n", command, path, size_max);
	else if (!at)
		fprintf(stderr, "%s: cannot read %s: %s\n", command, path, strerror(errno));
	return at;
}

struct ec_genesis *ec_cli_genesis_read(const char *command, const char *path)
{
	char why[512];
	size_t size;
	uint8_t *data = ec_cli_file_read(command, path, EC_GENESIS_SIZE_MAX, &size);
	if (!data)
		return NULL;
	struct ec_genesis *genesis = ec_genesis_read(data, size, why, sizeof why);
	free(data);
	if (!genesis)
		fprintf(stderr, "%s: %s: %s\n", command, path, why);
	return genesis;
}

static bool stream_write(FILE *stream, const void *data, size_t size)
{
	return fwrite(data, 1, size, stream) == size && fflush(stream) == 0;
}

/* Into what stands there and is no file: nothing may take the place of a device. */
static bool special_write(const char *path, const void *data, size_t size)
{
	FILE *stream = fopen(path, "w");
	if (!stream)
		return false;
	bool good = stream_write(stream, data, size);
	int error = errno;
	fclose(stream);
	errno = error;
	return good;
}

bool ec_cli_file_write(const char *command, const char *path, const void *data, size_t size)
{
	struct stat is;
	bool good;
	if (strcmp(path, "-") == 0)
		good = stream_write(stdout, data, size);
	else if (lstat(path, &is) == 0 && !S_ISREG(is.st_mode))
		good = special_write(path, data, size);
	else
		good = file_replace(path, data, size, 0644);
	if (!good)
		fprintf(stderr, "%s: cannot write %s: %s\n", command, path, strerror(errno));
	return good;
}

void ec_cli_json_print(struct ec_json *json)
{
	printf("%s\n", json->at);
	ec_json_free(json);
}

size_t ec_cli_name_read(const char *text, uint8_t out[static EC_DOOR_NAME_MAX])
{
	size_t size = strlen(text);
	if (strncmp(text, "0x", 2) == 0) {
		size_t bytes = (size - 2) / 2;
		return bytes <= EC_DOOR_NAME_MAX && ec_hex_read(text + 2, out, bytes) ? bytes : 0;
	}
	if (size > EC_DOOR_NAME_MAX)
		return 0;
	memcpy(out, text, size);
	return size;
}

void ec_cli_print_hex(const void *data, size_t size)
{
	const uint8_t *at = data;
	for (size_t i = 0; i < size; i++)
		printf("%02x", at[i]);
}

void ec_cli_print_plain(FILE *out, struct ec_bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];
		if (byte >= 0x20 && byte < 0x7f && byte != '\\')
			putc(byte, out);
		else
			fprintf(out, "\\x%02x", byte);
	}
}

void ec_cli_time(uint64_t ns, char out[static 32])
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm utc;
	char text[24];
	if (!gmtime_r(&seconds, &utc) ||
	    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc) == 0)
		text[0] = 0;
	snprintf(out, 32, "%.19s.%03uZ", text, (unsigned)(ns / 1000000 % 1000));
}

uint64_t ec_cli_sequence(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
