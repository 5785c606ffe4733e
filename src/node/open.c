/* open.c - the parts of a daemon that need no loop: keys, genesis, data folder, store, member.
 *
 * An era key that has promised something must never promise again without its memory: beside the
 * key file stands a mark once it was used with a data folder, and with the mark an empty data
 * folder is refused (a member that lost its disk comes back by --rejoin, with a new era key).
 * Which of the two key files is in force the member decides, by the roster; what a cut left of a
 * key that was being destroyed goes here, under the folder's lock.
 */
#include "node/open.h"

#include "consensus/ghostdag/ghostdag.h"
#include "consensus/honeybadger/honeybadger.h"
#include "consensus/multipaxos/multipaxos.h"
#include "consensus/paxos/paxos.h"
#include "consensus/pbft/pbft.h"
#include "consensus/raft/raft.h"
#include "node/daemon_inner.h"
#include "node/file.h"
#include "node/folder.h"
#include "node/keys.h"
#include "node/store_lmdb.h"
#include "services/services.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

/* All protocols that a node of this program can run. */
static const struct ec_protocol *const protocols[] = {
	&ec_pbft, &ec_honeybadger, &ec_ghostdag, &ec_raft, &ec_multipaxos, &ec_paxos, NULL};

const struct ec_protocol *ec_daemon_protocol(const char *name, struct ec_text *names)
{
	const struct ec_protocol *found = NULL;
	for (uint32_t i = 0; protocols[i]; i++) {
		ec_text_add(names, "%s%s", i ? ", " : "", protocols[i]->name);
		if (strcmp(protocols[i]->name, name) == 0)
			found = protocols[i];
	}
	return found;
}

const char *ec_daemon_misfit(const struct ec_membership *membership)
{
	return ec_member_misfit(protocols, membership);
}

bool ec_daemon_evidence(const struct ec_genesis *genesis, const struct ec_membership *roster,
                        const struct ec_evidence *evidence, char *why, size_t why_size)
{
	return ec_evidence_judge(genesis, roster, protocols, &ec_crypto_ed25519, evidence, why,
	                         why_size);
}

/* Returns: NULL with a sentence in `why`. */
static struct ec_genesis *genesis_read(const char *path, char *why, size_t why_size)
{
	char reason[200];
	size_t size;
	uint8_t *data = file_read(path, EC_GENESIS_SIZE_MAX, &size);
	if (!data) {
		snprintf(why, why_size, "%s: the genesis cannot be read: %s", path,
		         strerror(errno));
		return NULL;
	}
	struct ec_genesis *genesis = ec_genesis_read(data, size, reason, sizeof reason);
	free(data);
	if (!genesis)
		snprintf(why, why_size, "%s: not a genesis: %s", path, reason);
	return genesis;
}

bool node_genesis_good(const char *path, char *why, size_t why_size)
{
	char reason[200];
	struct ec_genesis *genesis = genesis_read(path, why, why_size);
	if (!genesis)
		return false;
	bool good = ec_ledger_serves(genesis, ec_services, reason, sizeof reason);
	if (!good)
		snprintf(why, why_size, "%s: %s", path, reason);
	ec_genesis_free(genesis);
	return good;
}

static bool genesis_open(struct ec_daemon *daemon, char *why, size_t why_size)
{
	daemon->code = EC_NODE_USAGE;
	daemon->genesis = genesis_read(daemon->config->genesis, why, why_size);
	return daemon->genesis != NULL;
}

/* The mark of a used era key. */
static bool era_key_mark(struct ec_daemon *daemon, bool is_new, char *why, size_t why_size)
{
	char path[EC_CONFIG_PATH_MAX + 8];
	snprintf(path, sizeof path, "%s.used", daemon->config->era_key);
	bool used = access(path, F_OK) == 0;
	if (used && is_new) {
		snprintf(why, why_size,
		         "%s is empty, but the era key %s has been in use: what it promised is "
		         "lost, so it must not promise again; start with --rejoin to come back "
		         "with a new era key, or put the data folder back",
		         daemon->config->data, daemon->config->era_key);
		daemon->code = EC_NODE_HALTED;
		return false;
	}
	if (used || file_replace(path, "", 0, 0600))
		return true;
	snprintf(why, why_size, "%s: %s", path, strerror(errno));
	return false;
}

static bool folder_open(struct ec_daemon *daemon, char *why, size_t why_size)
{
	struct ec_folder_owner owner = {.genesis = daemon->genesis->hash};
	bool is_new;
	memcpy(owner.identity_key, daemon->identity.key, sizeof owner.identity_key);
	daemon->lock = ec_folder_open(daemon->config->data, &owner, &is_new, why, why_size);
	daemon->code = daemon->lock == EC_FOLDER_FOREIGN ? EC_NODE_USAGE : EC_NODE_FAILED;
	return daemon->lock >= 0 && era_key_mark(daemon, is_new, why, why_size);
}

static bool store_open(struct ec_daemon *daemon, char *why, size_t why_size)
{
	char folder[EC_CONFIG_PATH_MAX + 8];
	snprintf(folder, sizeof folder, "%s/state", daemon->config->data);
	daemon->store = ec_store_lmdb(folder, why, why_size);
	return daemon->store != NULL;
}

/* In: era_key and next_key (NULL: none) are read already. */
static bool member_open(struct ec_daemon *daemon, const struct ec_secret *era_key,
                        const struct ec_secret *next_key, char *why, size_t why_size)
{
	const struct ec_node_config *config = daemon->config;
	struct ec_member_config member = {
		.genesis = daemon->genesis,
		.crypto = &ec_crypto_ed25519,
		.protocols = config->protocols ? config->protocols : protocols,
		.services = ec_services,
		.store = daemon->store,
		.pool = daemon->pool,
		.identity = daemon->identity,
		.era_key = *era_key,
		.seen = seen_by(daemon->seen),
		.shares = config->shares,
		.bodies_bytes_max = (uint64_t)config->bodies_mib << 20,
		.clients_max = config->clients,
		.protocol_timeout_ns = (uint64_t)config->timeout_ms * 1000000};
	if (getrandom(member.seed, sizeof member.seed, 0) != sizeof member.seed) {
		snprintf(why, why_size, "no randomness: %s", strerror(errno));
		return false;
	}
	daemon->code = EC_NODE_HALTED; /* what is in the store does not fit together */
	daemon->member = ec_member_open(&member, why, why_size);
	ec_secret_erase(&member.identity);
	ec_secret_erase(&member.era_key);
	if (daemon->member && next_key)
		ec_member_next_era_key(daemon->member, next_key);
	return daemon->member != NULL;
}

static bool keys_finish(const struct ec_node_config *config, char *why, size_t why_size)
{
	return ec_key_finish(config->era_key, why, why_size) &&
	       ec_key_finish(config->next_era_key, why, why_size);
}

static bool keys_and_member_open(struct ec_daemon *daemon, char *why, size_t why_size)
{
	struct ec_secret era_key, next_key;
	const char *next_path = daemon->config->next_era_key;
	bool next = access(next_path, F_OK) == 0;
	daemon->code = EC_NODE_USAGE;
	bool good = ec_key_read(daemon->config->era_key, &era_key, why, why_size) &&
	            (!next || ec_key_read(next_path, &next_key, why, why_size)) &&
	            folder_open(daemon, why, why_size) &&
	            keys_finish(daemon->config, why, why_size) &&
	            store_open(daemon, why, why_size) &&
	            member_open(daemon, &era_key, next ? &next_key : NULL, why, why_size);
	if (good && next)
		memcpy(daemon->next_key, next_key.key, EC_KEY_SIZE);
	ec_secret_erase(&era_key);
	ec_secret_erase(&next_key);
	return good;
}

bool daemon_parts_open(struct ec_daemon *daemon, char *why, size_t why_size)
{
	daemon->code = EC_NODE_FAILED;
	daemon->pool = ec_pool_new(0);
	daemon->seen = seen_new();
	if (!daemon->pool) {
		snprintf(why, why_size, "no memory");
		return false;
	}
	daemon->code = EC_NODE_USAGE;
	return ec_key_read(daemon->config->identity, &daemon->identity, why, why_size) &&
	       genesis_open(daemon, why, why_size) && keys_and_member_open(daemon, why, why_size);
}

void daemon_parts_close(struct ec_daemon *daemon)
{
	if (daemon->member)
		ec_member_close(daemon->member);
	if (daemon->store)
		daemon->store->close(daemon->store);
	if (daemon->genesis)
		ec_genesis_free(daemon->genesis);
	ec_pool_free(daemon->pool);
	seen_free(daemon->seen);
	if (daemon->lock >= 0)
		close(daemon->lock);
	ec_secret_erase(&daemon->identity);
}
