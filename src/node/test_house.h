/* test_house.h - four daemons on one loop, with folders, keys and links; included by tests only. */
#ifndef EC_NODE_TEST_HOUSE_H
#define EC_NODE_TEST_HOUSE_H

#include "node/config.h"
#include "node/daemon.h"
#include "node/keys.h"
#include "node/test_folder.h"

#include "base/test.h"
#include "ledger/test_world.h"

#include <signal.h>

enum { HOUSE_MEMBERS = 4, HOUSE_AUTHORS = 8, HOUSE_PATIENCE_MS = 60000 };

struct house {
	uv_loop_t loop;
	uv_timer_t deadline;
	bool late;
	struct world world;
	const char *folder;
	struct ec_node_config config[HOUSE_MEMBERS];
	struct ec_daemon *daemon[HOUSE_MEMBERS];
	uint64_t sequence[HOUSE_AUTHORS]; /* used so far */
	uint32_t stopped;
};

static inline void house_deadline(uv_timer_t *timer)
{
	((struct house *)timer->data)->late = true;
}

/* Runs until it is so, or fails after a while. */
#define HOUSE_UNTIL(house, condition)                                                     \
	do {                                                                              \
		(house)->late = false;                                                    \
		uv_timer_start(&(house)->deadline, house_deadline, HOUSE_PATIENCE_MS, 0); \
		while (!(condition) && !(house)->late)                                    \
			uv_run(&(house)->loop, UV_RUN_ONCE);                              \
		if (!(condition))                                                         \
			fail_msg("never came: %s", #condition);                           \
	} while (0)

static inline void house_path(const struct house *house, uint32_t i, const char *name,
                              char path[static EC_CONFIG_PATH_MAX])
{
	snprintf(path, EC_CONFIG_PATH_MAX, "%.900s/%u-%s", house->folder, i, name);
}

/* Keys, genesis and configuration of member i, in files. */
static inline void house_furnish(struct house *house, uint32_t i)
{
	struct ec_node_config *config = &house->config[i];
	char why[300];
	house_path(house, i, "data", config->data);
	house_path(house, i, "genesis", config->genesis);
	house_path(house, i, "identity.key", config->identity);
	house_path(house, i, "era.key", config->era_key);
	house_path(house, i, "next.key", config->next_era_key);
	snprintf(config->listen.host, sizeof config->listen.host, "127.0.0.1");
	config->log_level = EC_ERROR;
	config->workers = 1;
	config->segment_mib = 1;
	assert_true(file_replace(config->genesis, house->world.file, house->world.file_size, 0644));
	assert_true(ec_key_write(config->identity, &house->world.identity[i], why, sizeof why));
	assert_true(ec_key_write(config->era_key, &house->world.era[i], why, sizeof why));
}

/* In: plan: members and authors are filled in; protocols: all that the nodes know, NULL: the
 * program's. */
static inline void house_begin_plan(struct house *house, const char *folder, struct world_plan plan,
                                    const struct ec_protocol *const *protocols)
{
	plan.members = HOUSE_MEMBERS;
	plan.authors = HOUSE_AUTHORS;
	memset(house, 0, sizeof *house);
	signal(SIGPIPE, SIG_IGN); /* as the node's process does: a socket's other end may be gone */
	house->folder = folder;
	house->world = world_make(&plan);
	uv_loop_init(&house->loop);
	uv_timer_init(&house->loop, &house->deadline);
	house->deadline.data = house;
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++) {
		house->config[i].protocols = protocols;
		house_furnish(house, i);
	}
}

/* Of another protocol than PBFT when it is given, which then is all that the nodes know. */
static inline void house_begin_of(struct house *house, const char *folder, uint32_t flags,
                                  const struct ec_protocol *const *protocols)
{
	struct world_plan plan = {.protocol = protocols ? protocols[0]->name : NULL,
	                          .flags = flags};
	house_begin_plan(house, folder, plan, protocols);
}

static inline void house_begin(struct house *house, const char *folder, uint32_t flags)
{
	house_begin_of(house, folder, flags, NULL);
}

/* Opens member i; it learns where those before it live, and the others of it at their next life. */
static inline void house_open(struct house *house, uint32_t i)
{
	struct ec_node_config *config = &house->config[i];
	char why[600];
	config->peers = 0;
	for (uint32_t k = 0; k < HOUSE_MEMBERS; k++) {
		if (k == i || !house->config[k].listen.port)
			continue;
		struct ec_config_peer *peer = &config->peer[config->peers++];
		memcpy(peer->key, house->world.identity[k].key, EC_KEY_SIZE);
		peer->address = house->config[k].listen;
	}
	enum ec_node_exit code;
	house->daemon[i] = ec_daemon_open(&house->loop, config, &code, why, sizeof why);
	if (!house->daemon[i])
		fail_msg("member %u: %s", i, why);
	config->listen.port = ec_daemon_port(house->daemon[i]);
}

static inline void house_stopped(void *self)
{
	((struct house *)self)->stopped++;
}

static inline void house_stop(struct house *house, uint32_t i)
{
	if (!house->daemon[i])
		return;
	house->stopped = 0;
	ec_daemon_stop(house->daemon[i], house_stopped, house);
	HOUSE_UNTIL(house, house->stopped == 1);
	ec_daemon_free(house->daemon[i]);
	house->daemon[i] = NULL;
}

static inline void house_end(struct house *house)
{
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		house_stop(house, i);
	uv_close((uv_handle_t *)&house->deadline, NULL);
	uv_run(&house->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&house->loop), 0);
	world_end(&house->world);
}

static inline struct ec_member_status house_status(const struct house *house, uint32_t i)
{
	struct ec_member_status status;
	ec_member_status(ec_daemon_member(house->daemon[i]), &status);
	return status;
}

static inline bool house_ready(const struct house *house, uint32_t i)
{
	return house_status(house, i).ready;
}

static inline bool house_all_ready(const struct house *house)
{
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		if (house->daemon[i] && !house_ready(house, i))
			return false;
	return true;
}

/* What became of one submission. */
struct sent {
	uint32_t accepted, answers;
	struct ec_outcome outcome;
	ec_hash id;
};

static inline void sent_accepted(void *self, const ec_hash *id)
{
	struct sent *sent = self;
	sent->accepted++;
	sent->id = *id;
}

static inline void sent_done(void *self, const struct ec_outcome *outcome)
{
	struct sent *sent = self;
	sent->answers++;
	sent->outcome = *outcome;
}

/* Submits a note by `author` to member i. */
static inline void house_send(struct house *house, uint32_t i, uint32_t author, struct sent *sent)
{
	uint8_t payload[64];
	size_t size = world_note("hello", 5, payload, sizeof payload);
	struct ec_batch_item item = world_envelope(&house->world, author, 1,
	                                           ++house->sequence[author], payload, size, NULL);
	struct ec_bytes envelope = ec_pool_copy(ec_daemon_pool(house->daemon[i]),
	                                        item.envelope.data, item.envelope.size);
	memset(sent, 0, sizeof *sent);
	ec_daemon_submit(house->daemon[i], envelope, item.salt, sent_accepted, sent_done, sent);
	ec_drop(envelope);
	world_envelope_end(&item);
}

#endif
