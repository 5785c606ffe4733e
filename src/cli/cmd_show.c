/* cmd_show.c - `edgecord show`: any file of ours, in the diagnostic notation of CBOR (RFC 8949, 8).
 */
#include "base/cbor.h"
#include "cli/client_options.h"
#include "cli/commands.h"
#include "crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILE_SIZE_MAX = 16 << 20, TITLE_MAX = 64 };

struct arguments {
	const char *path;
	bool json;
};

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0,
         "Print JSON: what it is, its size and hash, and the notation as text", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	switch (key) {
	case 'j':
		out->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (out->path)
			argp_error(state, "one file, not '%s' as well", argument);
		out->path = argument;
		return 0;
	case ARGP_KEY_END:
		if (!out->path)
			argp_error(state, "which file? ('-' is standard input)");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What the bytes say that they are: our formats begin with their name. */
static void title_read(const uint8_t *data, size_t size, char title[static TITLE_MAX])
{
	struct ec_cbor cbor = ec_cbor_over(data, size);
	snprintf(title, TITLE_MAX, "CBOR");
	if (ec_cbor_peek(&cbor) == EC_CBOR_TAG && ec_cbor_tag(&cbor) == 18) {
		snprintf(title, TITLE_MAX, "COSE_Sign1: an envelope");
		return;
	}
	if (ec_cbor_peek(&cbor) != EC_CBOR_ARRAY || ec_cbor_array(&cbor, UINT32_MAX) == 0 ||
	    ec_cbor_peek(&cbor) != EC_CBOR_TEXT)
		return;
	struct ec_view text = ec_cbor_text(&cbor, TITLE_MAX - 1);
	if (text.data && text.size > 9 && memcmp(text.data, "edgecord/", 9) == 0)
		snprintf(title, TITLE_MAX, "%.*s", (int)text.size, (const char *)text.data);
}

/* What is wrong with bytes that are no CBOR, without what could be read of them. */
static void wrong_write(const uint8_t *data, size_t size, struct ec_text *text)
{
	struct ec_cbor cbor = ec_cbor_over(data, size);
	ec_cbor_skip(&cbor);
	if (ec_cbor_done(&cbor))
		return;
	text->size = 0;
	text->cut = false;
	ec_cbor_explain(&cbor, text);
}

static bool show(const struct arguments *arguments, const uint8_t *data, size_t size)
{
	char title[TITLE_MAX], hex[65];
	size_t room =
		8 * size + 4096; /* a byte string takes two letters a byte, a float 24 for 3 */
	char *diagnosis = malloc(room);
	if (!diagnosis)
		abort();
	struct ec_text text = ec_text_over(diagnosis, room), digits = ec_text_over(hex, sizeof hex);
	ec_hash hash = ec_sha256(data, size);
	ec_text_add_hex(&digits, hash.b, sizeof hash.b);
	title_read(data, size, title);
	bool good = ec_cbor_diagnose(data, size, &text);
	if (!good)
		wrong_write(data, size, &text);
	if (good && arguments->json) {
		struct ec_json json = {0};
		ec_json_open(&json, '{');
		ec_json_put_text(&json, "title", title);
		ec_json_put_uint(&json, "size", size);
		ec_json_put_text(&json, "sha256", hex);
		ec_json_put_text(&json, "text", diagnosis);
		ec_json_put_bool(&json, "cut", text.cut);
		ec_json_close(&json, '}');
		ec_cli_json_print(&json);
	} else if (good)
		printf("/ %s, %zu bytes, SHA-256 %s /\n%s%s\n", title, size, hex, diagnosis,
		       text.cut ? " / cut /" : "");
	else
		fprintf(stderr, "edgecord show: %s (%zu bytes) is not deterministic CBOR: %s\n",
		        arguments->path, size, diagnosis);
	free(diagnosis);
	return good;
}

int ec_cmd_show(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		"FILE",
		"Shows a genesis, proof, header, envelope, or any other CBOR.\v"
		"The notation is that of RFC 8949, section 8. Exit code 0: shown; 1: not "
		"deterministic CBOR, with the place; 2: usage, or the file cannot be read.",
		NULL,
		NULL,
		NULL};
	struct arguments arguments = {0};
	size_t size;
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	uint8_t *data = ec_cli_file_read(argv[0], arguments.path, FILE_SIZE_MAX, &size);
	if (!data)
		return EC_EXIT_USAGE;
	bool good = show(&arguments, data, size);
	free(data);
	return good ? EC_EXIT_OK : EC_EXIT_FAILED;
}
