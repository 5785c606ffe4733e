/* config_file.c - the YAML of a configuration file as texts, its form checked, by libcyaml. */
#include "node/config_file.h"

#include "base/text.h"
#include "node/config.h"
#include "node/file.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_SIZE_MAX = 1 << 20, VALUE_MAX = 1000 };

#define TEXT(name, structure, field)                                                             \
	CYAML_FIELD_STRING_PTR(name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, field, \
	                       0, VALUE_MAX)
#define NEEDED(name, structure, field) \
	CYAML_FIELD_STRING_PTR(name, CYAML_FLAG_POINTER, structure, field, 0, VALUE_MAX)

static const cyaml_schema_field_t doors_fields[] = {
	TEXT("binary", struct config_file_doors, binary),
	TEXT("http", struct config_file_doors, http),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t store_fields[] = {
	TEXT("key", struct config_file_store, key),
	TEXT("token", struct config_file_store, token),
	TEXT("prefix", struct config_file_store, prefix),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t log_fields[] = {
	TEXT("level", struct config_file_log, level),
	TEXT("format", struct config_file_log, format),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t limits_fields[] = {
	TEXT("workers", struct config_file_limits, workers),
	TEXT("bodies_mib", struct config_file_limits, bodies_mib),
	TEXT("clients", struct config_file_limits, clients),
	TEXT("segment_mib", struct config_file_limits, segment_mib),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t peer_fields[] = {
	NEEDED("key", struct config_file_peer, key),
	NEEDED("address", struct config_file_peer, address),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t peer_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_file_peer, peer_fields),
};

static const cyaml_schema_value_t cloud_value = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, VALUE_MAX),
};

static const cyaml_schema_field_t file_fields[] = {
	TEXT("data", struct config_file, data),
	TEXT("genesis", struct config_file, genesis),
	TEXT("identity", struct config_file, identity),
	TEXT("era_key", struct config_file, era_key),
	TEXT("next_era_key", struct config_file, next_era_key),
	TEXT("cloud_genesis", struct config_file, cloud_genesis),
	TEXT("listen", struct config_file, listen),
	TEXT("timeout_ms", struct config_file, timeout_ms),
	CYAML_FIELD_MAPPING("doors", CYAML_FLAG_OPTIONAL, struct config_file, doors, doors_fields),
	CYAML_FIELD_MAPPING("store", CYAML_FLAG_OPTIONAL, struct config_file, store, store_fields),
	CYAML_FIELD_MAPPING("log", CYAML_FLAG_OPTIONAL, struct config_file, log, log_fields),
	CYAML_FIELD_MAPPING("limits", CYAML_FLAG_OPTIONAL, struct config_file, limits,
                            limits_fields),
	CYAML_FIELD_SEQUENCE("peers", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config_file,
                             peers, &peer_value, 0, EC_CONFIG_PEERS_MAX),
	CYAML_FIELD_SEQUENCE("cloud", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config_file,
                             cloud, &cloud_value, 0, EC_CONFIG_PEERS_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t file_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config_file, file_fields),
};

/* The first words of the library about an error, and the first line that it names. */
struct complaint {
	char text[256];
	unsigned line;
};

static void complain(cyaml_log_t level, void *self, const char *format, va_list arguments)
	__attribute__((format(printf, 3, 0)));

static void complain(cyaml_log_t level, void *self, const char *format, va_list arguments)
{
	struct complaint *complaint = self;
	char text[256];
	(void)level;
	vsnprintf(text, sizeof text, format, arguments);
	text[strcspn(text, "\n")] = 0;
	const char *line = strstr(text, "(line: ");
	if (line && !complaint->line)
		sscanf(line, "(line: %u", &complaint->line);
	else if (!complaint->text[0] && strncmp(text, "Load: ", 6) == 0)
		snprintf(complaint->text, sizeof complaint->text, "%s", text + 6);
}

static cyaml_config_t settings(struct complaint *complaint)
{
	return (cyaml_config_t){.log_fn = complain,
	                        .log_ctx = complaint,
	                        .mem_fn = cyaml_mem,
	                        .log_level = CYAML_LOG_WARNING};
}

/* The library names the line before an unexpected key: looks for the key itself. */
static unsigned key_line(const char *text, const char *key, unsigned from)
{
	unsigned line = 1;
	size_t size = strlen(key);
	for (const char *at = text; at;
	     at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL, line++) {
		const char *word = at + strspn(at, " \t-{");
		if (line >= from && strncmp(word, key, size) == 0 && word[size] == ':')
			return line;
	}
	return from;
}

static void why_set(const char *path, const char *text, struct complaint *complaint,
                    cyaml_err_t error, char *why, size_t why_size)
{
	static const char unexpected[] = "Unexpected key: ";
	if (!complaint->text[0])
		snprintf(complaint->text, sizeof complaint->text, "%s", cyaml_strerror(error));
	if (strncmp(complaint->text, unexpected, sizeof unexpected - 1) == 0)
		complaint->line =
			key_line(text, complaint->text + sizeof unexpected - 1, complaint->line);
	snprintf(why, why_size, "%s:%u: %s", path, complaint->line, complaint->text);
}

struct config_file *config_file_read(const char *path, char *why, size_t why_size)
{
	size_t size;
	struct complaint complaint = {0};
	cyaml_config_t config = settings(&complaint);
	struct config_file *file = NULL;
	uint8_t *text = file_read(path, FILE_SIZE_MAX, &size);
	if (!text) {
		snprintf(why, why_size, "%s: the configuration cannot be read: %s", path,
		         strerror(errno));
		return NULL;
	}
	cyaml_err_t error =
		cyaml_load_data(text, size, &config, &file_schema, (cyaml_data_t **)&file, NULL);
	if (!error && !file) {
		snprintf(why, why_size, "%s: the configuration is empty", path);
	} else if (error) {
		why_set(path, (const char *)text, &complaint, error, why, why_size);
		file = NULL;
	}
	free(text);
	return file;
}

void config_file_free(struct config_file *file)
{
	struct complaint complaint = {0};
	cyaml_config_t config = settings(&complaint);
	if (file)
		cyaml_free(&config, &file_schema, file, 0);
}

const char *config_file_value(const struct config_file *file, const char *name)
{
	const struct {
		const char *name, *value;
	} values[] = {
		{"data", file->data},
		{"genesis", file->genesis},
		{"identity", file->identity},
		{"era_key", file->era_key},
		{"next_era_key", file->next_era_key},
		{"cloud_genesis", file->cloud_genesis},
		{"listen", file->listen},
		{"timeout_ms", file->timeout_ms},
		{"doors.binary", file->doors.binary},
		{"doors.http", file->doors.http},
		{"store.key", file->store.key},
		{"store.token", file->store.token},
		{"store.prefix", file->store.prefix},
		{"log.level", file->log.level},
		{"log.format", file->log.format},
		{"limits.workers", file->limits.workers},
		{"limits.bodies_mib", file->limits.bodies_mib},
		{"limits.clients", file->limits.clients},
		{"limits.segment_mib", file->limits.segment_mib},
	};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		if (strcmp(values[i].name, name) == 0)
			return values[i].value;
	return NULL;
}
