/* daemon_keys.c - the era key on disk: when its reign is over it is destroyed.
 *
 * The member says which key alone signs from now on (EC_ACT_ERA_KEY): its file takes the place of
 * the old one, whose bytes go (keys.c says how no cut between does harm).  It says so once a life,
 * also when it begins with the era that the state on disk is of; so what fails, or is cut off,
 * is done by a later try or a later life.
 */
#include "node/daemon_inner.h"

#include "node/keys.h"

static void say(const struct ec_daemon *daemon, enum ec_journal_level level, const char *text)
{
	char key[2 * 4 + 1];
	struct ec_text hex = ec_text_over(key, sizeof key);
	ec_text_add_hex(&hex, daemon->era_key, 4);
	ec_journal_say(&daemon->journal, level, "era-key", EC_TEXT("key", key),
	               EC_TEXT("text", text));
}

void daemon_keys_watch(struct ec_daemon *daemon)
{
	const struct ec_node_config *config = daemon->config;
	char why[3 * EC_CONFIG_PATH_MAX];
	if (!daemon->key_waits || daemon->halted)
		return;
	if (ec_key_keep(config->era_key, config->next_era_key, daemon->era_key, why, sizeof why)) {
		daemon->key_waits = false;
		say(daemon, EC_INFO, "the keys of earlier eras are destroyed");
	} else if (!daemon->key_told) {
		daemon->key_told = true;
		say(daemon, EC_ERROR, why);
	}
}

void daemon_era_key(struct ec_daemon *daemon, const uint8_t key[static EC_KEY_SIZE])
{
	memcpy(daemon->era_key, key, EC_KEY_SIZE);
	daemon->key_waits = true;
	daemon->key_told = false;
	daemon_keys_watch(daemon);
}
