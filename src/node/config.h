/* config.h - the configuration of one node: a YAML file, then the environment, then flags.
 *
 *   data: data                     folder of the log and the state      (all paths: relative to
 *   genesis: genesis               the group's genesis file              the file's own folder)
 *   identity: identity.key         secret key of this node, mode 0600
 *   era_key: era.key               secret key of its seat in the era, mode 0600
 *   next_era_key: next.key         of an era to come, in era_key's folder; may be missing; goes
 *                                  into era_key's place when it is in force, the old key destroyed
 *   listen: 127.0.0.1:7000         for peers
 *   doors: {binary: 127.0.0.1:7001, http: 127.0.0.1:7002}
 *   peers:                         where the other members listen
 *     - {key: IDENTITY-KEY-IN-HEX, address: HOST:PORT}
 *   store:                         what this node signs of what is written over HTTP (none, if
 *     key: rest.key                missing): in this key's name, mode 0600, for who sends this
 *     token: rest.token            token, 64 hexadecimal digits in a file of mode 0600, and only
 *     prefix: site/                keys that begin so (default: all)
 *   cloud: [HOST:PORT]             binary doors of the group that anchors this one
 *   cloud_genesis: ../cloud/genesis
 *   log: {level: info, format: text}
 *   limits: {workers: 0, bodies_mib: 16, clients: 65536, segment_mib: 16}
 *   timeout_ms: 0                  first time-out of the protocol; 0: its own
 *
 * Every setting but `peers` and `cloud` can also stand in the environment (EDGECORD_LISTEN,
 * EDGECORD_DOORS_BINARY, EDGECORD_LOG_LEVEL, ...) or in a flag NAME=VALUE (listen=...,
 * log.level=...) which goes before the environment, which goes before the file.
 */
#ifndef EC_NODE_CONFIG_H
#define EC_NODE_CONFIG_H

#include "crypto/sign.h"
#include "group/member.h"
#include "node/journal.h"

enum {
	EC_CONFIG_PATH_MAX = 1024,
	EC_CONFIG_HOST_MAX = 256,
	EC_CONFIG_PREFIX_MAX = 80,
	EC_CONFIG_PEERS_MAX = 128
};

struct ec_address {
	char host[EC_CONFIG_HOST_MAX]; /* a name, an IPv4 or an IPv6 address; empty: none */
	uint16_t port;
};

struct ec_config_peer {
	uint8_t key[EC_KEY_SIZE];
	struct ec_address address;
};

struct ec_protocol;

struct ec_node_config {
	char path[EC_CONFIG_PATH_MAX]; /* of the file */
	char data[EC_CONFIG_PATH_MAX], genesis[EC_CONFIG_PATH_MAX];
	char identity[EC_CONFIG_PATH_MAX], era_key[EC_CONFIG_PATH_MAX];
	char next_era_key[EC_CONFIG_PATH_MAX], cloud_genesis[EC_CONFIG_PATH_MAX];
	char store_key[EC_CONFIG_PATH_MAX], store_token[EC_CONFIG_PATH_MAX]; /* empty: none */
	char store_prefix[EC_CONFIG_PREFIX_MAX + 1];
	struct ec_address listen, binary, http;
	uint32_t peers, clouds;
	struct ec_config_peer peer[EC_CONFIG_PEERS_MAX];
	struct ec_address cloud[EC_CONFIG_PEERS_MAX];
	enum ec_journal_level log_level;
	bool log_json;
	uint32_t workers, bodies_mib, clients, segment_mib, timeout_ms; /* 0: the usual */
	const struct ec_protocol *const *protocols; /* NULL ends; NULL: all of this program */
	struct ec_shares_source shares;             /* of tests; none otherwise */
};

/* Whether every variable of the environment that begins with EDGECORD_ is one that a program of
 * ours reads.  Returns: false with a sentence in `why`: one is misspelt. */
bool ec_environment_check(char *why, size_t why_size);

/* Reads all.  In: flags: "NAME=VALUE" texts, NULL ends; NULL: none.
 * Returns: newly allocated, ended by free(); NULL with a sentence in `why`: file, line, what was
 * expected, what came. */
struct ec_node_config *ec_node_config_read(const char *path, const char *const *flags, char *why,
                                           size_t why_size);

/* "HOST:PORT" or "[IPV6]:PORT".  Returns: false when it is none. */
bool ec_address_read(const char *text, struct ec_address *address);

/* Whether only programs of this machine reach it: localhost, 127.0.0.0/8 or ::1, as they are
 * written.  Any other name counts as reachable from outside. */
bool ec_address_is_local(const struct ec_address *address);

#endif
