/* cmd_store.h - what `edgecord store` was asked, and its verbs. */
#ifndef EC_CLI_CMD_STORE_H
#define EC_CLI_CMD_STORE_H

#include "cli/client_options.h"

enum { EC_STORE_LINES_MAX = 64 };

/* What the verbs end with, beside enum ec_exit. */
enum { EC_EXIT_NOT_FOUND = 3, EC_EXIT_COMPARE = 4, EC_EXIT_COMPACTED = 5 };

struct ec_store_command;

struct ec_store_verb {
	const char *name;
	uint32_t words_min, words_max;
	int (*run)(const struct ec_store_command *command);
};

struct ec_store_command {
	struct ec_client_options client;
	const struct ec_store_verb *verb;
	const char *word[EC_STORE_LINES_MAX]; /* after the verb */
	uint32_t words;
	const char *key; /* the writer's key file; NULL: none was named */
	const char *after, *if_value, *genesis;
	uint64_t lease, if_revision, limit, revision, count; /* 0: not given */
	enum ec_door_at at;
	uint32_t conditions; /* how many of cas were given */
	bool has_limit, has_at, other_network;
};

/* Each does what its verb says, and says on stderr what went wrong.  Returns: the exit code. */
int ec_store_put(const struct ec_store_command *command);
int ec_store_delete(const struct ec_store_command *command);
int ec_store_cas(const struct ec_store_command *command);
int ec_store_txn(const struct ec_store_command *command);
int ec_store_lease(const struct ec_store_command *command);
int ec_store_get(const struct ec_store_command *command);
int ec_store_range(const struct ec_store_command *command);
int ec_store_watch(const struct ec_store_command *command);
int ec_store_snapshot(const struct ec_store_command *command);
int ec_store_verify(const struct ec_store_command *command);
int ec_store_restore(const struct ec_store_command *command);
int ec_store_abandon(const struct ec_store_command *command);
int ec_store_own(const struct ec_store_command *command);
int ec_store_owners(const struct ec_store_command *command);

#endif
