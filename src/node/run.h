/* run.h - a node as a process: its loop, signals, systemd; doors come by a hook. */
#ifndef EC_NODE_RUN_H
#define EC_NODE_RUN_H

#include "node/config.h"
#include "node/daemon.h"

/* What stands in front of a daemon on the same loop; node/ knows no door. */
struct ec_node_doors {
	void *self;
	/* Opens them.  Returns: false with a sentence in `why`. */
	bool (*open)(void *self, struct ec_daemon *daemon, char *why, size_t why_size);
	/* Closes what was opened, withdraws from the daemon, then calls `done`; also after an open
	 * that failed. */
	void (*stop)(void *self, void (*done)(void *self), void *done_self);
};

struct ec_node_options {
	const char *config;       /* path of the configuration file */
	const char *const *flags; /* NAME=VALUE, see config.h; NULL: none */
	bool rejoin;              /* data set aside, a new era key: come back as a learner */
	bool json;                /* what is wrong before there is a journal is a JSON line, too */
	bool check;               /* only says what is wrong with the configuration */
	struct ec_node_doors doors; /* open NULL: none */
};

/* Prepares a node whose data is gone or diverged: the data goes aside, the old era key and the next
 * one are destroyed (what they promised is not remembered), a new one is made.  Nobody may run it
 * meanwhile.
 * Out: key: the new era key, which the group's members must vote for. */
bool ec_node_renew(const struct ec_node_config *config, uint8_t key[static EC_KEY_SIZE], char *why,
                   size_t why_size);

/* Runs one node until it is told to stop.  Messages go to standard error.
 * Returns: enum ec_node_exit, as the exit code of the process. */
int ec_node_run(const struct ec_node_options *options);

#endif
