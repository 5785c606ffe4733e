/* protocol_option.c - a protocol and its options on the command line. */
#include "cli/protocol_option.h"

#include "base/codec.h"
#include "cli/option_numbers.h"
#include "node/daemon.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_COUNT_MAX = 16 };

/* Whether the simulator alone has a protocol of this name, to be judged by (src/sim). */
static bool of_simulator(const char *name)
{
	return strcmp(name, "longest") == 0 || strcmp(name, "sequencer") == 0;
}

const struct ec_protocol *ec_option_protocol(struct argp_state *state, const char *name)
{
	char room[200];
	struct ec_text names = ec_text_over(room, sizeof room);
	const struct ec_protocol *protocol = ec_daemon_protocol(name, &names);
	if (!protocol && of_simulator(name))
		argp_error(state,
		           "--protocol: %s is for `edgecord sim` alone, and no node runs it "
		           "(docs/protocols.md); there are: %s",
		           name, names.at);
	if (!protocol)
		argp_error(state, "--protocol: there is no '%s'; there are: %s", name, names.at);
	return protocol;
}

static bool refuse(const struct ec_protocol *protocol, const char *pair, char *why, size_t why_size)
{
	char room[200];
	struct ec_text names = ec_text_over(room, sizeof room);
	for (const struct ec_option *option = protocol->option; option && option->name; option++)
		ec_text_add(&names, "%s%s", names.size ? ", " : "", option->name);
	snprintf(why, why_size,
	         "'%.60s' is no option of %s: expected NAME=NUMBER with a name of: %s", pair,
	         protocol->name, names.size ? names.at : "(it has none)");
	return false;
}

/* Sets the value that a pair names. */
static bool value_set(const struct ec_protocol *protocol, const char *pair, uint64_t *value,
                      char *why, size_t why_size)
{
	const char *equals = strchr(pair, '=');
	for (uint32_t i = 0; equals && protocol->option && protocol->option[i].name; i++) {
		const struct ec_option *option = &protocol->option[i];
		size_t size = strlen(option->name);
		uint64_t most = UINT64_MAX >> (64 - 8 * option->size);
		if ((size_t)(equals - pair) != size || memcmp(option->name, pair, size) != 0)
			continue;
		if (ec_whole_number(equals + 1, 0, most, &value[i]))
			return true;
		snprintf(why, why_size,
		         "%s of %s is a whole number from 0 to %" PRIu64 ", not '%.60s'",
		         option->name, protocol->name, most, equals + 1);
		return false;
	}
	return refuse(protocol, pair, why, why_size);
}

/* Whether the protocol takes them. */
static bool judge(const struct ec_protocol *protocol, struct ec_bytes encoded, char *why,
                  size_t why_size)
{
	void *options = calloc(1, protocol->options_size + 1);
	if (!options)
		abort();
	const char *wrong =
		protocol->options_read ? protocol->options_read(encoded, 0, options) : NULL;
	free(options);
	if (wrong)
		snprintf(why, why_size, "%s: %s", protocol->name, wrong);
	return !wrong;
}

bool ec_protocol_options(const struct ec_protocol *protocol, const char *const *pair,
                         uint32_t count, uint8_t out[static EC_OPTIONS_MAX], size_t *size,
                         char *why, size_t why_size)
{
	uint64_t value[OPTIONS_COUNT_MAX] = {0};
	bool set = false;
	*size = 0;
	for (uint32_t i = 0; i < count; i++)
		if (!value_set(protocol, pair[i], value, why, why_size))
			return false;
	struct ec_writer writer = ec_writer_over(out, EC_OPTIONS_MAX);
	for (uint32_t i = 0; protocol->option && protocol->option[i].name; i++) {
		assert(i < OPTIONS_COUNT_MAX);
		set |= value[i] != 0;
		if (protocol->option[i].size == 1)
			ec_write_u8(&writer, (uint8_t)value[i]);
		else if (protocol->option[i].size == 4)
			ec_write_u32(&writer, (uint32_t)value[i]);
		else
			ec_write_u64(&writer, value[i]);
	}
	assert(ec_writer_ok(&writer));
	*size = set ? writer.size : 0;
	return judge(protocol, (struct ec_bytes){.data = out, .size = *size}, why, why_size);
}

void ec_option_pair(struct argp_state *state, struct ec_option_pairs *pairs, const char *pair)
{
	if (pairs->count == EC_OPTION_PAIRS_MAX)
		argp_error(state, "--option: more than %d of them", EC_OPTION_PAIRS_MAX);
	pairs->pair[pairs->count++] = pair;
}

void ec_option_pairs_encode(struct argp_state *state, const struct ec_protocol *protocol,
                            struct ec_option_pairs *pairs)
{
	char why[400];
	if (!ec_protocol_options(protocol, pairs->pair, pairs->count, pairs->encoded,
	                         &pairs->encoded_size, why, sizeof why))
		argp_error(state, "--option: %s", why);
}

bool ec_option_pairs_name(const struct ec_option_pairs *pairs, const char *name)
{
	size_t size = strlen(name);
	for (uint32_t i = 0; i < pairs->count; i++)
		if (strncmp(pairs->pair[i], name, size) == 0 && pairs->pair[i][size] == '=')
			return true;
	return false;
}

void ec_protocol_option_put(const struct ec_protocol *protocol, const char *name, uint32_t value,
                            uint8_t options[static EC_OPTIONS_MAX], size_t *size)
{
	uint8_t changed[EC_OPTIONS_MAX] = {0};
	char why[400];
	size_t at = 0, whole = 0;
	bool found = false;
	for (const struct ec_option *option = protocol->option; option && option->name; option++) {
		if (strcmp(option->name, name) == 0 && option->size == sizeof value) {
			at = whole;
			found = true;
		}
		whole += option->size;
	}
	if (!found || whole > sizeof changed || (*size && *size != whole) || (!*size && !value))
		return;
	memcpy(changed, options, *size);
	struct ec_writer writer = ec_writer_over(changed + at, sizeof value);
	ec_write_u32(&writer, value);
	if (!judge(protocol, (struct ec_bytes){.data = changed, .size = whole}, why, sizeof why))
		return;
	memcpy(options, changed, whole);
	*size = whole;
}
