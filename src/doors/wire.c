/* wire.c - the binary door's messages; the list of fields of each stands once in either direction.
 */
#include "doors/wire.h"

#include <assert.h>

static const char magic[8] = {'e', 'd', 'g', 'e', 'c', 'o', 'r', 'd'};

static struct ec_bytes read_bytes(struct ec_reader *in, size_t size_max)
{
	size_t size;
	const uint8_t *data = ec_read_block(in, size_max, &size);
	return (struct ec_bytes){.data = data, .size = size};
}

static void read_copy(struct ec_reader *in, void *out, size_t size)
{
	const uint8_t *data = ec_read_raw(in, size);
	if (data)
		memcpy(out, data, size);
}

static bool read_bool(struct ec_reader *in)
{
	uint8_t value = ec_read_u8(in);
	if (value > 1)
		in->bad = true;
	return value == 1;
}

static void write_bytes(struct ec_writer *out, struct ec_bytes bytes)
{
	ec_write_block(out, bytes.data, bytes.size);
}

static void hello_read(struct ec_reader *in, struct ec_door_request *request)
{
	const uint8_t *at = ec_read_raw(in, sizeof magic);
	if (at && memcmp(at, magic, sizeof magic) != 0)
		in->bad = true;
	request->version = ec_read_u16(in);
}

static void submit_read(struct ec_reader *in, struct ec_door_request *request)
{
	request->flags = ec_read_u8(in);
	if (request->flags > EC_DOOR_PROMISE)
		in->bad = true;
	read_copy(in, request->salt, sizeof request->salt);
	request->envelope = read_bytes(in, in->left);
}

static void query_read(struct ec_reader *in, struct ec_door_request *request)
{
	uint8_t at = ec_read_u8(in);
	request->at = (enum ec_door_at)at;
	request->min_seq = ec_read_u64(in);
	request->prefix = read_bool(in);
	request->limit = ec_read_u32(in);
	request->name = read_bytes(in, EC_DOOR_NAME_MAX);
	request->after = read_bytes(in, EC_DOOR_NAME_MAX);
	if (at > EC_AT_LATEST || request->limit < 1 || request->limit > EC_DOOR_LIMIT_MAX)
		in->bad = true;
	if (!request->prefix && (request->name.size == 0 || request->after.size > 0))
		in->bad = true;
}

static void store_read(struct ec_reader *in, struct ec_door_request *request)
{
	query_read(in, request);
	if (request->name.size > EC_DOOR_KEY_MAX || request->after.size > EC_DOOR_KEY_MAX)
		in->bad = true;
}

static void watch_read(struct ec_reader *in, struct ec_door_request *request)
{
	request->revision = ec_read_u64(in);
	request->index = ec_read_u64(in);
	request->limit = ec_read_u32(in);
	request->name = read_bytes(in, EC_DOOR_KEY_MAX);
	if (request->limit < 1 || request->limit > EC_DOOR_LIMIT_MAX ||
	    (request->revision == 0 && request->index > 0))
		in->bad = true;
}

bool ec_door_request_read(const void *frame, size_t size, struct ec_door_request *request)
{
	struct ec_reader in = ec_reader_over(frame, size);
	*request = (struct ec_door_request){0};
	request->kind = (enum ec_door_kind)ec_read_u8(&in);
	request->token = ec_read_u64(&in);
	switch (request->kind) {
	case EC_DOOR_HELLO:
		hello_read(&in, request);
		break;
	case EC_DOOR_SUBMIT:
		submit_read(&in, request);
		break;
	case EC_DOOR_QUERY:
		query_read(&in, request);
		break;
	case EC_DOOR_STORE:
		store_read(&in, request);
		break;
	case EC_DOOR_WATCH:
		watch_read(&in, request);
		break;
	case EC_DOOR_RECEIPT:
	case EC_DOOR_DEPTH:
	case EC_DOOR_RESULT:
		request->id = ec_read_hash(&in);
		break;
	case EC_DOOR_STATE_PROOF:
		request->name = read_bytes(&in, EC_DOOR_NAME_MAX);
		if (request->name.size == 0)
			in.bad = true;
		break;
	case EC_DOOR_TIE:
		request->block = ec_read_u64(&in);
		request->seq = ec_read_u64(&in);
		if (request->block == 0 || request->block > request->seq)
			in.bad = true;
		break;
	case EC_DOOR_BEACON:
		request->block = ec_read_u64(&in);
		break;
	case EC_DOOR_LEAD:
		read_copy(&in, request->key, sizeof request->key);
		request->era = ec_read_u64(&in);
		request->view = ec_read_u64(&in);
		read_copy(&in, request->signature, sizeof request->signature);
		break;
	case EC_DOOR_STATUS:
	case EC_DOOR_COUNT:
	case EC_DOOR_FOLLOW:
		break;
	default:
		return false;
	}
	return ec_reader_done(&in);
}

static void request_fields_write(const struct ec_door_request *request, struct ec_writer *out)
{
	switch (request->kind) {
	case EC_DOOR_HELLO:
		ec_write_raw(out, magic, sizeof magic);
		ec_write_u16(out, (uint16_t)request->version);
		break;
	case EC_DOOR_SUBMIT:
		ec_write_u8(out, (uint8_t)request->flags);
		ec_write_raw(out, request->salt, sizeof request->salt);
		write_bytes(out, request->envelope);
		break;
	case EC_DOOR_QUERY:
	case EC_DOOR_STORE:
		ec_write_u8(out, (uint8_t)request->at);
		ec_write_u64(out, request->min_seq);
		ec_write_u8(out, request->prefix);
		ec_write_u32(out, request->limit);
		write_bytes(out, request->name);
		write_bytes(out, request->after);
		break;
	case EC_DOOR_RECEIPT:
	case EC_DOOR_DEPTH:
	case EC_DOOR_RESULT:
		ec_write_hash(out, &request->id);
		break;
	case EC_DOOR_STATE_PROOF:
		write_bytes(out, request->name);
		break;
	case EC_DOOR_TIE:
		ec_write_u64(out, request->block);
		ec_write_u64(out, request->seq);
		break;
	case EC_DOOR_BEACON:
		ec_write_u64(out, request->block);
		break;
	case EC_DOOR_LEAD:
		ec_write_raw(out, request->key, sizeof request->key);
		ec_write_u64(out, request->era);
		ec_write_u64(out, request->view);
		ec_write_raw(out, request->signature, sizeof request->signature);
		break;
	case EC_DOOR_WATCH:
		ec_write_u64(out, request->revision);
		ec_write_u64(out, request->index);
		ec_write_u32(out, request->limit);
		write_bytes(out, request->name);
		break;
	default:
		assert(request->kind == EC_DOOR_STATUS || request->kind == EC_DOOR_COUNT ||
		       request->kind == EC_DOOR_FOLLOW);
	}
}

/* Puts the size before what was written. */
static size_t frame_close(struct ec_writer *out)
{
	assert(out->size - EC_DOOR_FRAME_HEAD <= UINT32_MAX);
	if (ec_writer_ok(out)) {
		struct ec_writer head = ec_writer_over(out->at, EC_DOOR_FRAME_HEAD);
		ec_write_u32(&head, (uint32_t)(out->size - EC_DOOR_FRAME_HEAD));
	}
	return out->size;
}

size_t ec_door_request_write(const struct ec_door_request *request, uint8_t *out, size_t size_max)
{
	struct ec_writer writer = ec_writer_over(out, size_max);
	ec_write_u32(&writer, 0);
	ec_write_u8(&writer, (uint8_t)request->kind);
	ec_write_u64(&writer, request->token);
	request_fields_write(request, &writer);
	return frame_close(&writer);
}

static void welcome_read(struct ec_reader *in, struct ec_door_answer *answer)
{
	answer->version = ec_read_u16(in);
	answer->genesis = ec_read_hash(in);
	read_copy(in, answer->key, sizeof answer->key);
	answer->envelope_max = ec_read_u32(in);
	answer->network = read_bytes(in, EC_DOOR_NAME_MAX);
	answer->group = read_bytes(in, EC_DOOR_NAME_MAX);
}

static void accepted_read(struct ec_reader *in, struct ec_door_answer *answer)
{
	answer->id = ec_read_hash(in);
	answer->deadline_ns = ec_read_u64(in);
	read_copy(in, answer->signature, sizeof answer->signature);
}

static void place_read(struct ec_reader *in, struct ec_door_answer *answer)
{
	answer->code = ec_read_u16(in);
	answer->seq = ec_read_u64(in);
	answer->index = ec_read_u32(in);
}

static void values_read(struct ec_reader *in, struct ec_door_answer *answer)
{
	answer->seq = ec_read_u64(in);
	answer->certified = ec_read_u64(in);
	answer->time_ns = ec_read_u64(in);
	if (answer->kind == EC_DOOR_CHANGES) {
		answer->revision = ec_read_u64(in);
		answer->next_revision = ec_read_u64(in);
		answer->next_index = ec_read_u64(in);
	}
	answer->more = read_bool(in);
	answer->count = ec_read_u32(in);
	size_t size = in->left;
	answer->items = (struct ec_bytes){.data = ec_read_raw(in, size), .size = size};
	struct ec_reader items = ec_reader_over(answer->items.data, size);
	for (uint32_t i = 0; i < answer->count && !items.bad; i++) {
		read_bytes(&items, EC_DOOR_NAME_MAX);
		read_bytes(&items, items.left);
	}
	if (!ec_reader_done(&items))
		in->bad = true;
}

static void counts_read(struct ec_reader *in, struct ec_door_answer *answer)
{
	answer->seq = ec_read_u64(in);
	answer->ids = ec_read_u64(in);
	answer->ids_hash = ec_read_hash(in);
	answer->state_root = ec_read_hash(in);
	answer->syncs = ec_read_u64(in);
	answer->signatures = ec_read_u64(in);
	answer->messages = ec_read_u64(in);
	answer->bytes = ec_read_u64(in);
}

static bool answer_fields_read(struct ec_reader *in, struct ec_door_answer *answer)
{
	switch (answer->kind) {
	case EC_DOOR_WELCOME:
		welcome_read(in, answer);
		return true;
	case EC_DOOR_ACCEPTED:
		accepted_read(in, answer);
		return true;
	case EC_DOOR_DONE:
		answer->id = ec_read_hash(in);
		place_read(in, answer);
		answer->text = read_bytes(in, in->left);
		answer->detail = read_bytes(in, in->left);
		return true;
	case EC_DOOR_OUTCOME:
		answer->lookup = ec_read_u8(in);
		place_read(in, answer);
		return true;
	case EC_DOOR_REFUSED:
		answer->reason = ec_read_u16(in);
		answer->retry_ms = ec_read_u32(in);
		answer->text = read_bytes(in, in->left);
		return true;
	case EC_DOOR_BYE:
		answer->reason = ec_read_u16(in);
		answer->text = read_bytes(in, in->left);
		return true;
	case EC_DOOR_VALUES:
	case EC_DOOR_CHANGES:
		values_read(in, answer);
		return true;
	case EC_DOOR_PROOF:
		answer->lookup = ec_read_u8(in);
		answer->proof = read_bytes(in, in->left);
		return true;
	case EC_DOOR_TEXT:
		answer->text = read_bytes(in, in->left);
		return true;
	case EC_DOOR_COUNTS:
		counts_read(in, answer);
		return true;
	case EC_DOOR_CERTIFIED:
		answer->seq = ec_read_u64(in);
		answer->header = read_bytes(in, in->left);
		return true;
	default:
		return false;
	}
}

bool ec_door_answer_read(const void *frame, size_t size, struct ec_door_answer *answer)
{
	struct ec_reader in = ec_reader_over(frame, size);
	*answer = (struct ec_door_answer){0};
	answer->kind = (enum ec_door_kind)ec_read_u8(&in);
	answer->token = ec_read_u64(&in);
	return answer_fields_read(&in, answer) && ec_reader_done(&in);
}

static void place_write(struct ec_writer *out, const struct ec_door_answer *answer)
{
	ec_write_u16(out, (uint16_t)answer->code);
	ec_write_u64(out, answer->seq);
	ec_write_u32(out, answer->index);
}

static void welcome_write(struct ec_writer *out, const struct ec_door_answer *answer)
{
	ec_write_u16(out, (uint16_t)answer->version);
	ec_write_hash(out, &answer->genesis);
	ec_write_raw(out, answer->key, sizeof answer->key);
	ec_write_u32(out, answer->envelope_max);
	write_bytes(out, answer->network);
	write_bytes(out, answer->group);
}

static void values_write(struct ec_writer *out, const struct ec_door_answer *answer)
{
	ec_write_u64(out, answer->seq);
	ec_write_u64(out, answer->certified);
	ec_write_u64(out, answer->time_ns);
	if (answer->kind == EC_DOOR_CHANGES) {
		ec_write_u64(out, answer->revision);
		ec_write_u64(out, answer->next_revision);
		ec_write_u64(out, answer->next_index);
	}
	ec_write_u8(out, answer->more);
	ec_write_u32(out, answer->count);
	ec_write_raw(out, answer->items.data, answer->items.size);
}

static void counts_write(struct ec_writer *out, const struct ec_door_answer *answer)
{
	ec_write_u64(out, answer->seq);
	ec_write_u64(out, answer->ids);
	ec_write_hash(out, &answer->ids_hash);
	ec_write_hash(out, &answer->state_root);
	ec_write_u64(out, answer->syncs);
	ec_write_u64(out, answer->signatures);
	ec_write_u64(out, answer->messages);
	ec_write_u64(out, answer->bytes);
}

static void answer_fields_write(struct ec_writer *out, const struct ec_door_answer *answer)
{
	switch (answer->kind) {
	case EC_DOOR_WELCOME:
		welcome_write(out, answer);
		break;
	case EC_DOOR_ACCEPTED:
		ec_write_hash(out, &answer->id);
		ec_write_u64(out, answer->deadline_ns);
		ec_write_raw(out, answer->signature, sizeof answer->signature);
		break;
	case EC_DOOR_DONE:
		ec_write_hash(out, &answer->id);
		place_write(out, answer);
		write_bytes(out, answer->text);
		write_bytes(out, answer->detail);
		break;
	case EC_DOOR_OUTCOME:
		ec_write_u8(out, (uint8_t)answer->lookup);
		place_write(out, answer);
		break;
	case EC_DOOR_REFUSED:
		ec_write_u16(out, (uint16_t)answer->reason);
		ec_write_u32(out, answer->retry_ms);
		write_bytes(out, answer->text);
		break;
	case EC_DOOR_BYE:
		ec_write_u16(out, (uint16_t)answer->reason);
		write_bytes(out, answer->text);
		break;
	case EC_DOOR_VALUES:
	case EC_DOOR_CHANGES:
		values_write(out, answer);
		break;
	case EC_DOOR_PROOF:
		ec_write_u8(out, (uint8_t)answer->lookup);
		write_bytes(out, answer->proof);
		break;
	case EC_DOOR_TEXT:
		write_bytes(out, answer->text);
		break;
	case EC_DOOR_COUNTS:
		counts_write(out, answer);
		break;
	default:
		assert(answer->kind == EC_DOOR_CERTIFIED);
		ec_write_u64(out, answer->seq);
		write_bytes(out, answer->header);
	}
}

size_t ec_door_answer_write(const struct ec_door_answer *answer, uint8_t *out, size_t size_max)
{
	struct ec_writer writer = ec_writer_over(out, size_max);
	ec_write_u32(&writer, 0);
	ec_write_u8(&writer, (uint8_t)answer->kind);
	ec_write_u64(&writer, answer->token);
	answer_fields_write(&writer, answer);
	return frame_close(&writer);
}

bool ec_door_item_next(struct ec_door_answer *answer, struct ec_bytes *name, struct ec_bytes *value)
{
	struct ec_reader items = ec_reader_over(answer->items.data, answer->items.size);
	*name = read_bytes(&items, EC_DOOR_NAME_MAX);
	*value = read_bytes(&items, items.left);
	if (items.bad)
		return false;
	answer->items.data = items.at;
	answer->items.size = items.left;
	return true;
}

void ec_door_promise(const ec_hash *id, uint64_t deadline_ns,
                     uint8_t out[static EC_DOOR_PROMISE_SIZE])
{
	static const char begin[] = "edgecord/accepted/1";
	_Static_assert(sizeof begin - 1 + 32 + 8 == EC_DOOR_PROMISE_SIZE, "the text of a promise");
	struct ec_writer writer = ec_writer_over(out, EC_DOOR_PROMISE_SIZE);
	ec_write_raw(&writer, begin, sizeof begin - 1);
	ec_write_hash(&writer, id);
	ec_write_u64(&writer, deadline_ns);
	assert(writer.size == EC_DOOR_PROMISE_SIZE);
}

void ec_door_wish(const ec_hash *genesis, const struct ec_door_request *lead,
                  uint8_t out[static EC_DOOR_WISH_SIZE])
{
	static const char begin[] = "edgecord/lead/1";
	_Static_assert(sizeof begin - 1 + 32 + EC_KEY_SIZE + 16 == EC_DOOR_WISH_SIZE,
	               "the text of a wish");
	struct ec_writer writer = ec_writer_over(out, EC_DOOR_WISH_SIZE);
	ec_write_raw(&writer, begin, sizeof begin - 1);
	ec_write_hash(&writer, genesis);
	ec_write_raw(&writer, lead->key, sizeof lead->key);
	ec_write_u64(&writer, lead->era);
	ec_write_u64(&writer, lead->view);
	assert(writer.size == EC_DOOR_WISH_SIZE);
}

const char *ec_door_kind_name(unsigned kind)
{
	static const char *const request[] = {
		"?",     "HELLO",  "SUBMIT", "QUERY",  "RECEIPT", "STATE_PROOF", "RESULT", "STATUS",
		"COUNT", "FOLLOW", "TIE",    "BEACON", "DEPTH",   "STORE",       "WATCH",  "LEAD"};
	static const char *const answer[] = {"WELCOME", "ACCEPTED",  "DONE",    "REFUSED",
	                                     "VALUES",  "PROOF",     "OUTCOME", "TEXT",
	                                     "COUNTS",  "CERTIFIED", "BYE",     "CHANGES"};
	if (kind <= EC_DOOR_LEAD)
		return request[kind];
	if (kind >= EC_DOOR_WELCOME && kind <= EC_DOOR_CHANGES)
		return answer[kind - EC_DOOR_WELCOME];
	return "?";
}
