/* member_fuzz.c - whatever may stand under a group's prefix, in whatever order it comes, to a
 * member that goes on speaking meanwhile.
 *
 * A byte says what comes next: a change of a key, a range, or what became of what was said. */
#include "ledger/result.h"
#include "vsync/inside.h"

#include <stdlib.h>

struct feed {
	const uint8_t *at;
	size_t left;
	uint64_t revision, now_ms;
	uint8_t answer[1024];
	struct vsync_member *member;
};

static uint8_t byte(struct feed *feed)
{
	if (feed->left == 0)
		return 0;
	feed->left--;
	return *feed->at++;
}

static void on_view(void *self, const struct ec_vsync_view *view)
{
	struct feed *feed = self;
	if (view->members == 0 || view->members > EC_VSYNC_MEMBERS_MAX)
		abort();
	vsync_member_multicast(feed->member, "view", 4);
}

static void on_deliver(void *self, const struct ec_vsync_message *message)
{
	struct feed *feed = self;
	if (message->bytes.size > 0 && message->bytes.data[0] == 'x')
		vsync_member_multicast(feed->member, message->bytes.data, message->bytes.size);
}

static void on_refused(void *self, uint64_t number, struct ec_view bytes, bool sure)
{
	struct feed *feed = self;
	if (number == 0)
		abort();
	if (sure)
		vsync_member_multicast(feed->member, bytes.data, bytes.size);
}

static struct ec_view on_state_wanted(void *self)
{
	(void)self;
	return (struct ec_view){(const uint8_t *)"state", 5};
}

static void on_state_brought(void *self, struct ec_view state)
{
	(void)self;
	(void)state;
}

static void on_fenced(void *self, uint64_t epoch, const char *why)
{
	(void)self;
	(void)epoch;
	if (!*why)
		abort();
}

/* A key of the group with small numbers, into `out`.  Returns: its size. */
static size_t key_make(struct feed *feed, uint8_t out[static VSYNC_KEY_MAX])
{
	struct vsync_key key = {.kind = (enum vsync_kind)(1 + byte(feed) % VSYNC_STATE)};
	key.a = byte(feed);
	key.b = byte(feed);
	return vsync_key_write((struct ec_view){(const uint8_t *)"g/", 2}, key, out);
}

static struct ec_view value_make(struct feed *feed)
{
	size_t size = byte(feed);
	size = size < feed->left ? size : feed->left;
	struct ec_view value = {feed->at, size};
	feed->at += size;
	feed->left -= size;
	return value;
}

static void change(struct feed *feed)
{
	uint8_t key[VSYNC_KEY_MAX], how = byte(feed);
	uint8_t bytes[EC_STORE_RECORD_OVERHEAD + 512];
	static uint8_t record[EC_STORE_RECORD_MAX];
	struct ec_view its = {key, key_make(feed, key)};
	struct ec_writer out = ec_writer_over(bytes, sizeof bytes);
	feed->revision += how >> 4;
	struct ec_store_change said = {.kind = how & 1 ? EC_STORE_LAPSE : EC_STORE_PUT,
	                               .key = its,
	                               .value = {key, 0},
	                               .create = how & 2 ? 1 : feed->revision,
	                               .version = 1};
	if (said.kind == EC_STORE_PUT)
		said.value = value_make(feed);
	struct ec_name name = ec_store_name_change(feed->revision, 0);
	ec_write_block(&out, name.at, name.size);
	ec_write_block(&out, record, ec_store_change_write(&said, record));
	struct ec_door_answer answer = {.kind = EC_DOOR_CHANGES,
	                                .seq = feed->revision,
	                                .next_revision = feed->revision + 1,
	                                .count = 1,
	                                .items = {.data = bytes, .size = out.size}};
	vsync_member_answer(feed->member, feed->now_ms, &answer);
}

static void range(struct feed *feed)
{
	uint8_t key[VSYNC_KEY_MAX], bytes[EC_STORE_RECORD_OVERHEAD + 1024];
	static uint8_t record[EC_STORE_RECORD_MAX];
	struct ec_door_answer pruned = {.kind = EC_DOOR_REFUSED, .reason = EC_REASON_PRUNED};
	struct ec_door_answer answer = {.kind = EC_DOOR_VALUES, .seq = feed->revision, .count = 2};
	struct ec_writer out = ec_writer_over(bytes, sizeof bytes);
	struct ec_store_head head = {.revision = feed->revision};
	struct ec_name name = ec_store_name_head();
	uint8_t how = byte(feed);
	vsync_member_answer(feed->member, feed->now_ms, &pruned);
	ec_write_block(&out, name.at, name.size);
	ec_write_block(&out, record, ec_store_head_write(&head, record));
	struct ec_view its = {key, key_make(feed, key)};
	struct ec_store_key stands = {.create = how & 2 ? 1 : feed->revision,
	                              .mod = feed->revision,
	                              .version = 1,
	                              .value = value_make(feed)};
	name = ec_store_name_key(its);
	ec_write_block(&out, name.at, name.size);
	ec_write_block(&out, record, ec_store_key_write(&stands, record));
	answer.more = how & 1;
	answer.items = (struct ec_bytes){.data = bytes, .size = out.size};
	vsync_member_answer(feed->member, feed->now_ms, &answer);
}

static void say(struct feed *feed, enum vsync_lane lane)
{
	static uint8_t payload[4096 + VSYNC_PAYLOAD_OVERHEAD];
	uint8_t how = byte(feed);
	struct ec_store_outcome outcome = {.revision = feed->revision, .succeeded = how & 1};
	struct vsync_written written = {.code = how & 4 ? how % EC_RESULT_COUNT : EC_RESULT_DONE,
	                                .seq = feed->revision,
	                                .outcome = how & 2 ? &outcome : NULL,
	                                .why = ""};
	if (vsync_member_write(feed->member, lane, feed->now_ms, payload, sizeof payload) == 0)
		return;
	vsync_member_written(feed->member, lane, feed->now_ms, &written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed feed = {.at = data, .left = size, .revision = 1, .now_ms = 1};
	struct vsync_config config = {.prefix = {(const uint8_t *)"g/", 2},
	                              .name = "a",
	                              .id = 1,
	                              .lease = 1,
	                              .lease_s = 1,
	                              .keep_ms = 1000,
	                              .value_max = 4096,
	                              .state_max = 8192,
	                              .calls = {&feed, on_view, on_deliver, on_refused,
	                                        on_state_wanted, on_state_brought, on_fenced}};
	feed.member = vsync_member_new(&config);
	vsync_member_answer(feed.member, 1, &(struct ec_door_answer){.kind = EC_DOOR_VALUES});
	while (feed.left > 0) {
		uint8_t what = byte(&feed);
		feed.now_ms += what;
		if (what % 4 == 0)
			change(&feed);
		else if (what % 4 == 1)
			say(&feed, VSYNC_LANE_KEYS);
		else if (what % 4 == 2)
			say(&feed, VSYNC_LANE_LEASE);
		else
			range(&feed);
		vsync_member_due(feed.member, feed.now_ms);
	}
	vsync_member_free(feed.member);
	return 0;
}
