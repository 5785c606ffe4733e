/* daemon_keys.c - the era key on disk: when its reign is over it is destroyed.
 *
 * The member says which key alone signs from now on (EC_ACT_ERA_KEY): its file takes the place of
 * the old one, whose bytes go (keys.c says how no cut between does harm).  It says so once a life,
 * also when it begins with the era that the state on disk is of; so what fails, or is cut off,
 * is done by a later try or a later life.
 */
#include "node/daemon_inner.h"

#include "node/keys.h"

#include <unistd.h>

static void say(const struct ec_daemon *daemon, enum ec_journal_level level,
                const uint8_t key[static EC_KEY_SIZE], const char *text)
{
	char begin[2 * 4 + 1];
	struct ec_text hex = ec_text_over(begin, sizeof begin);
	ec_text_add_hex(&hex, key, 4);
	ec_journal_say(&daemon->journal, level, "era-key", EC_TEXT("key", begin),
	               EC_TEXT("text", text));
}

/* A key that was put there while we run waits for the roster that names it. */
static void next_key_watch(struct ec_daemon *daemon)
{
	const char *path = daemon->config->next_era_key;
	char why[3 * EC_CONFIG_PATH_MAX];
	struct ec_secret secret = {0};
	if (access(path, F_OK) != 0)
		return;
	if (!ec_key_read(path, &secret, why, sizeof why)) {
		if (!daemon->next_told)
			say(daemon, EC_ERROR, secret.key, why);
		daemon->next_told = true;
	} else if (memcmp(secret.key, daemon->next_key, EC_KEY_SIZE) != 0) {
		memcpy(daemon->next_key, secret.key, EC_KEY_SIZE);
		daemon->next_told = false;
		ec_member_next_era_key(daemon->member, &secret);
		say(daemon, EC_INFO, secret.key, "waits for the era whose roster names it");
	}
	ec_secret_erase(&secret);
}

void daemon_keys_watch(struct ec_daemon *daemon)
{
	const struct ec_node_config *config = daemon->config;
	char why[3 * EC_CONFIG_PATH_MAX];
	if (daemon->halted)
		return;
	next_key_watch(daemon);
	if (!daemon->key_waits)
		return;
	if (ec_key_keep(config->era_key, config->next_era_key, daemon->era_key, why, sizeof why)) {
		daemon->key_waits = false;
		say(daemon, EC_INFO, daemon->era_key, "the keys of earlier eras are destroyed");
	} else if (!daemon->key_told) {
		daemon->key_told = true;
		say(daemon, EC_ERROR, daemon->era_key, why);
	}
}

void daemon_era_key(struct ec_daemon *daemon, const uint8_t key[static EC_KEY_SIZE])
{
	memcpy(daemon->era_key, key, EC_KEY_SIZE);
	daemon->key_waits = true;
	daemon->key_told = false;
	daemon_keys_watch(daemon);
}
