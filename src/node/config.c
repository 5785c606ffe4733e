/* config.c - the configuration of one node: a YAML file, then the environment, then flags. */
#include "node/config.h"

#include "base/text.h"
#include "node/config_file.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NAME_MAX_SIZE = 64 };

bool ec_address_read(const char *text, struct ec_address *address)
{
	const char *colon = strrchr(text, ':'), *host = text;
	char *end;
	if (!colon || colon == text || !isdigit((unsigned char)colon[1]))
		return false;
	unsigned long port = strtoul(colon + 1, &end, 10);
	size_t size = (size_t)(colon - text);
	if (*end || port > UINT16_MAX)
		return false;
	if (host[0] == '[' && colon[-1] == ']') {
		host++;
		size -= 2;
	} else if (memchr(host, ':', size)) {
		return false; /* an IPv6 address stands in brackets */
	}
	if (size == 0 || size >= sizeof address->host)
		return false;
	memcpy(address->host, host, size);
	address->host[size] = 0;
	address->port = (uint16_t)port;
	return true;
}

bool ec_address_is_local(const struct ec_address *address)
{
	struct in_addr four;
	struct in6_addr six;
	if (inet_pton(AF_INET, address->host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, address->host, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	return strcmp(address->host, "localhost") == 0;
}

/* One setting that a text can give: how it is read, and into what. */
enum kind { PATH, ADDRESS, LEVEL, FORMAT, NUMBER, PREFIX_TEXT };
struct setting {
	const char *name;
	enum kind kind;
	size_t at;
	uint32_t number_max;
	const char *usual; /* when nobody says; NULL: must be said; "": may be missing */
};
#define AT(field) offsetof(struct ec_node_config, field)

static const struct setting settings[] = {
	{"data", PATH, AT(data), 0, "data"},
	{"genesis", PATH, AT(genesis), 0, "genesis"},
	{"identity", PATH, AT(identity), 0, "identity.key"},
	{"era_key", PATH, AT(era_key), 0, "era.key"},
	{"next_era_key", PATH, AT(next_era_key), 0, "next.key"},
	{"cloud_genesis", PATH, AT(cloud_genesis), 0, ""},
	{"listen", ADDRESS, AT(listen), 0, NULL},
	{"store.key", PATH, AT(store_key), 0, ""},
	{"store.token", PATH, AT(store_token), 0, ""},
	{"store.prefix", PREFIX_TEXT, AT(store_prefix), 0, ""},
	{"doors.binary", ADDRESS, AT(binary), 0, ""},
	{"doors.http", ADDRESS, AT(http), 0, ""},
	{"log.level", LEVEL, AT(log_level), 0, "info"},
	{"log.format", FORMAT, AT(log_json), 0, "text"},
	{"limits.workers", NUMBER, AT(workers), 64, "0"},
	{"limits.bodies_mib", NUMBER, AT(bodies_mib), 1024, "0"},
	{"limits.clients", NUMBER, AT(clients), 1 << 20, "0"},
	{"limits.segment_mib", NUMBER, AT(segment_mib), 1024, "0"},
	{"timeout_ms", NUMBER, AT(timeout_ms), 600000, "0"},
};
enum { SETTINGS = sizeof settings / sizeof *settings };

static const char *const expected[] = {
	[PATH] = "a path",
	[ADDRESS] = "HOST:PORT, or [IPV6]:PORT",
	[LEVEL] = "debug, info, warning or error",
	[FORMAT] = "text or json",
	[NUMBER] = "a whole number",
	[PREFIX_TEXT] = "a text of at most 80 bytes, without control characters",
};

/* A path counts from the folder of the configuration file. */
static bool path_set(const struct ec_node_config *config, const char *value, char *out)
{
	const char *slash = strrchr(config->path, '/');
	size_t folder = slash && value[0] != '/' ? (size_t)(slash - config->path + 1) : 0;
	size_t size = strlen(value);
	if (!size || folder + size >= EC_CONFIG_PATH_MAX)
		return false;
	memcpy(out, config->path, folder);
	memcpy(out + folder, value, size + 1);
	return true;
}

static bool number_set(const char *value, uint32_t number_max, uint32_t *out)
{
	char *end;
	errno = 0;
	unsigned long number = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)value[0]) || *end || errno || number > number_max)
		return false;
	*out = (uint32_t)number;
	return true;
}

static bool prefix_set(const char *value, char *out)
{
	size_t size = strlen(value);
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
			return false;
	if (size > EC_CONFIG_PREFIX_MAX)
		return false;
	memcpy(out, value, size + 1);
	return true;
}

static bool setting_set(struct ec_node_config *config, const struct setting *setting,
                        const char *value)
{
	void *at = (uint8_t *)config + setting->at;
	switch (setting->kind) {
	case PATH:
		return path_set(config, value, at);
	case ADDRESS:
		return ec_address_read(value, at);
	case LEVEL:
		return ec_journal_level_read(value, at);
	case FORMAT:
		*(bool *)at = strcmp(value, "json") == 0;
		return *(bool *)at || strcmp(value, "text") == 0;
	case NUMBER:
		return number_set(value, setting->number_max, at);
	case PREFIX_TEXT:
		return prefix_set(value, at);
	}
	return false;
}

static const char PREFIX[] = "EDGECORD_";

/* EDGECORD_ and the name in capitals, dots as underscores. */
static void variable_of(const char *name, char variable[static NAME_MAX_SIZE])
{
	memcpy(variable, PREFIX, sizeof PREFIX);
	size_t size = strlen(variable);
	assert(size + strlen(name) < NAME_MAX_SIZE);
	for (; *name; name++)
		variable[size++] = *name == '.' ? '_' : (char)toupper((unsigned char)*name);
	variable[size] = 0;
}

static const char *environment(const char *name)
{
	char variable[NAME_MAX_SIZE];
	variable_of(name, variable);
	return getenv(variable);
}

static bool variable_known(const char *entry, size_t size)
{
	/* Of the other commands, and of the tests. */
	static const char *const others[] = {"NODE",  "KEY",           "SHARED",
	                                     "BUILD", "BENCH_SECONDS", "SEED"};
	char variable[NAME_MAX_SIZE];
	for (size_t i = 0; i < SETTINGS + sizeof others / sizeof *others; i++) {
		variable_of(i < SETTINGS ? settings[i].name : others[i - SETTINGS], variable);
		if (strlen(variable) == size && memcmp(variable, entry, size) == 0)
			return true;
	}
	return false;
}

bool ec_environment_check(char *why, size_t why_size)
{
	for (char **entry = environ; *entry; entry++) {
		size_t size = strcspn(*entry, "=");
		if (strncmp(*entry, PREFIX, strlen(PREFIX)) != 0 || variable_known(*entry, size))
			continue;
		snprintf(why, why_size,
		         "the environment has %.*s, which is no setting; unset it, or mend its "
		         "name: EDGECORD_NODE, or EDGECORD_ and a setting of node.yaml in capitals "
		         "(EDGECORD_DOORS_HTTP)",
		         (int)size, *entry);
		return false;
	}
	return true;
}

/* The last flag with this name. */
static const char *flag(const char *const *flags, const char *name)
{
	const char *value = NULL;
	size_t size = strlen(name);
	for (; flags && *flags; flags++)
		if (strncmp(*flags, name, size) == 0 && (*flags)[size] == '=')
			value = *flags + size + 1;
	return value;
}

static bool flags_known(const char *const *flags, char *why, size_t why_size)
{
	for (; flags && *flags; flags++) {
		const char *equals = strchr(*flags, '=');
		size_t size = equals ? (size_t)(equals - *flags) : 0;
		bool known = false;
		for (size_t i = 0; i < SETTINGS; i++)
			known |= strlen(settings[i].name) == size &&
			         memcmp(settings[i].name, *flags, size) == 0;
		if (!known) {
			snprintf(why, why_size, "%s: no setting NAME=VALUE with a known name",
			         *flags);
			return false;
		}
	}
	return true;
}

/* One setting from wherever it is said with the most weight. */
static bool setting_find(struct ec_node_config *config, const struct setting *setting,
                         const struct config_file *file, const char *const *flags, char *why,
                         size_t why_size)
{
	const char *value = flag(flags, setting->name), *where = "flag";
	if (!value) {
		value = environment(setting->name);
		where = "environment";
	}
	if (!value) {
		value = config_file_value(file, setting->name);
		where = config->path;
	}
	if (!value)
		value = setting->usual;
	if (!value) {
		snprintf(why, why_size, "%s: `%s` is missing; expected %s", config->path,
		         setting->name, expected[setting->kind]);
		return false;
	}
	if (!*value && setting->usual && !*setting->usual)
		return true;
	if (setting_set(config, setting, value))
		return true;
	snprintf(why, why_size, "%s: %s: `%s` is not %s", where, setting->name, value,
	         expected[setting->kind]);
	if (setting->kind == NUMBER)
		snprintf(why + strlen(why), why_size - strlen(why), " up to %u",
		         setting->number_max);
	return false;
}

/* Peers are told apart by key and by address: a doubled one is two nodes with one key. */
static bool peers_take(struct ec_node_config *config, const struct config_file *file, char *why,
                       size_t why_size)
{
	for (uint32_t i = 0; i < file->peers_count; i++) {
		const struct config_file_peer *peer = &file->peers[i];
		struct ec_config_peer *out = &config->peer[i];
		if (!ec_hex_read(peer->key, out->key, EC_KEY_SIZE)) {
			snprintf(why, why_size,
			         "%s: peer %u: `%s` is no key: 64 hexadecimal digits", config->path,
			         i + 1, peer->key);
			return false;
		}
		if (!ec_address_read(peer->address, &out->address)) {
			snprintf(why, why_size, "%s: peer %u: `%s` is not %s", config->path, i + 1,
			         peer->address, expected[ADDRESS]);
			return false;
		}
		for (uint32_t k = 0; k < i; k++) {
			const struct ec_config_peer *other = &config->peer[k];
			bool key = memcmp(other->key, out->key, EC_KEY_SIZE) == 0;
			bool address = strcmp(other->address.host, out->address.host) == 0 &&
			               other->address.port == out->address.port;
			if (key || address) {
				snprintf(why, why_size, "%s: peers %u and %u have one %s",
				         config->path, k + 1, i + 1, key ? "key" : "address");
				return false;
			}
		}
	}
	config->peers = file->peers_count;
	for (; config->clouds < file->cloud_count; config->clouds++)
		if (!ec_address_read(file->cloud[config->clouds], &config->cloud[config->clouds])) {
			snprintf(why, why_size, "%s: cloud: `%s` is not %s", config->path,
			         file->cloud[config->clouds], expected[ADDRESS]);
			return false;
		}
	return true;
}

static bool all_take(struct ec_node_config *config, const struct config_file *file,
                     const char *const *flags, char *why, size_t why_size)
{
	if (!flags_known(flags, why, why_size))
		return false;
	for (size_t i = 0; i < SETTINGS; i++)
		if (!setting_find(config, &settings[i], file, flags, why, why_size))
			return false;
	if (!config->store_key[0] != !config->store_token[0] ||
	    (config->store_prefix[0] && !config->store_key[0])) {
		snprintf(why, why_size,
		         "%s: store.key and store.token go together, and store.prefix with them",
		         config->path);
		return false;
	}
	return peers_take(config, file, why, why_size);
}

struct ec_node_config *ec_node_config_read(const char *path, const char *const *flags, char *why,
                                           size_t why_size)
{
	struct ec_node_config *config = calloc(1, sizeof *config);
	if (!config || strlen(path) >= sizeof config->path) {
		snprintf(why, why_size, "%s: the path is too long, or no memory", path);
		free(config);
		return NULL;
	}
	strcpy(config->path, path);
	struct config_file *file = config_file_read(path, why, why_size);
	if (!file || !all_take(config, file, flags, why, why_size)) {
		config_file_free(file);
		free(config);
		return NULL;
	}
	config_file_free(file);
	return config;
}
