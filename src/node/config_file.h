/* config_file.h - the YAML of a configuration file as texts, its form checked; for config.c. */
#ifndef EC_NODE_CONFIG_FILE_H
#define EC_NODE_CONFIG_FILE_H

#include <stddef.h>
#include <stdint.h>

struct config_file_peer {
	char *key, *address;
};

struct config_file_doors {
	char *binary, *http;
};

struct config_file_store {
	char *key, *token, *prefix;
};

struct config_file_log {
	char *level, *format;
};

struct config_file_limits {
	char *workers, *bodies_mib, *clients, *segment_mib;
};

/* NULL: not in the file. */
struct config_file {
	char *data, *genesis, *identity, *era_key, *next_era_key, *cloud_genesis, *listen;
	char *timeout_ms;
	struct config_file_doors doors;
	struct config_file_store store;
	struct config_file_log log;
	struct config_file_limits limits;
	struct config_file_peer *peers;
	uint32_t peers_count;
	char **cloud;
	uint32_t cloud_count;
};

/* Reads a configuration file.  Returns: ended by config_file_free(); NULL with file and line in
 * `why`: not to be read, no YAML, an unknown or doubled key, another form than expected. */
struct config_file *config_file_read(const char *path, char *why, size_t why_size);

/* Frees it and all its texts; NULL is good. */
void config_file_free(struct config_file *file);

/* The text of a scalar setting ("doors.http"); NULL: not in the file, or never in one. */
const char *config_file_value(const struct config_file *file, const char *name);

#endif
