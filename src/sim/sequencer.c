/* sequencer.c - member 0 numbers batches, a majority saves them; crash faults only, and no order
 * while member 0 is away.
 *
 * propose(seq, body)  0 to all, after its SAVE
 * ack(seq)            to 0, after the receiver's SAVE
 * commit(seq)         0 to all, when a majority acknowledged: everything up to seq is decided
 * query(ticket)       to 0: someone wants to read
 * answer(ticket, seq) 0 to who asked: whatever is acknowledged by now stands at seq or before
 *
 * (I1) A member delivers in order, what it saved, and nothing above the highest commit it heard of.
 * (I2) A member has no answer to a ticket that it did not ask for.
 */
#include "sim/sequencer.h"

#include "base/codec.h"
#include "consensus/alike.h"

#include <assert.h>

enum { ENTRIES = 2048, HEAD_SIZE = 17 };
enum bug { SPEAK_FIRST = 1, READ_HERE };
enum kind { PROPOSE = 1, ACK, COMMIT, QUERY, ANSWER };

struct head {
	enum kind kind;
	ec_seq seq;      /* 0 in a query */
	uint64_t ticket; /* 0 in what is no query and no answer */
};

struct entry {
	struct ec_bytes body;
	uint64_t acks;
};

struct sequencer {
	ec_node self;
	uint32_t n, bug;
	ec_seq last, committed, delivered;
	bool started;
	uint64_t asked, answered, served; /* tickets: the newest */
	ec_seq read_at;                   /* for `answered` */
	struct entry entry[ENTRIES];      /* [seq] */
};

static const char *const bugs[] = {"speaks before it saves", "serves reads where it stands", NULL};

static struct ec_limits limits(const struct ec_config *config)
{
	(void)config;
	return (struct ec_limits){.state = sizeof(struct sequencer),
	                          .effects_per_step = 3 * ENTRIES,
	                          .buffers_held = ENTRIES,
	                          .message_max = 1 << 16,
	                          .record_max = 1 << 16};
}

static struct ec_terms terms(const struct ec_config *config)
{
	(void)config;
	return (struct ec_terms){.interval = ENTRIES, .batch_bytes_max = 1 << 15};
}

const char *sim_never_misfit(const struct ec_config *config)
{
	(void)config;
	return NULL;
}

static void init(void *self, const struct ec_config *config)
{
	struct sequencer *s = self;
	memset(s, 0, sizeof *s);
	s->self = config->self;
	s->n = config->roster->n;
	s->bug = config->bug;
}

static bool head_read(struct ec_bytes bytes, struct head *head)
{
	struct ec_reader reader = ec_reader_over(bytes.data, bytes.size);
	*head = (struct head){.kind = (enum kind)ec_read_u8(&reader)};
	head->seq = ec_read_u64(&reader);
	head->ticket = ec_read_u64(&reader);
	return ec_reader_done(&reader) && head->kind >= PROPOSE && head->kind <= ANSWER &&
	       head->seq < ENTRIES;
}

static bool check(const struct ec_config *config, const struct ec_input *input)
{
	struct head head;
	if (!head_read(input->head, &head))
		return false;
	bool to_first = head.kind == ACK || head.kind == QUERY, has_body = input->body.size > 0;
	return (to_first ? config->self == 0 : input->from == 0) &&
	       has_body == (head.kind == PROPOSE);
}

static struct ec_bytes head_make(struct ec_out *out, struct head head)
{
	struct ec_bytes bytes = ec_pool_take(out->pool, HEAD_SIZE);
	struct ec_writer writer = ec_writer_over(ec_writable(bytes), HEAD_SIZE);
	ec_write_u8(&writer, (uint8_t)head.kind);
	ec_write_u64(&writer, head.seq);
	ec_write_u64(&writer, head.ticket);
	return bytes;
}

static void say(struct ec_out *out, ec_node to, enum kind kind, ec_seq seq, struct ec_bytes body,
                uint32_t flags)
{
	ec_emit(out, (struct ec_effect){.kind = EC_SEND,
	                                .flags = flags,
	                                .node = to,
	                                .head = head_make(out, (struct head){kind, seq, 0}),
	                                .body = ec_keep(body)});
}

static void say_of_read(struct ec_out *out, ec_node to, struct head head)
{
	ec_emit(out, (struct ec_effect){.kind = EC_SEND, .node = to, .head = head_make(out, head)});
}

static void entry_keep(struct sequencer *s, ec_seq seq, struct ec_bytes body)
{
	ec_drop(s->entry[seq].body);
	s->entry[seq].body = ec_keep(body);
	if (seq > s->last)
		s->last = seq;
}

static void save(struct ec_out *out, ec_seq seq, struct ec_bytes body)
{
	ec_emit(out, (struct ec_effect){.kind = EC_SAVE,
	                                .seq = seq,
	                                .head = head_make(out, (struct head){PROPOSE, seq, 0}),
	                                .body = ec_keep(body)});
}

static void deliver(struct sequencer *s, struct ec_out *out)
{
	while (s->started && s->delivered < s->committed && s->entry[s->delivered + 1].body.size) {
		s->delivered++;
		ec_emit(out, (struct ec_effect){.kind = EC_DELIVER,
		                                .seq = s->delivered,
		                                .body = ec_keep(s->entry[s->delivered].body)});
	}
}

static bool known(const struct sequencer *s, struct ec_bytes body)
{
	for (ec_seq seq = 1; seq <= s->last; seq++)
		if (ec_bytes_equal(s->entry[seq].body, body))
			return true;
	return false;
}

/* A host submits again in every life what it waits for. */
static void submitted(struct sequencer *s, struct ec_bytes body, struct ec_out *out)
{
	ec_seq seq = s->last + 1;
	if (known(s, body))
		return;
	entry_keep(s, seq, body);
	if (s->bug == SPEAK_FIRST)
		say(out, EC_ALL, PROPOSE, seq, body, EC_EAGER);
	save(out, seq, body);
	if (s->bug != SPEAK_FIRST)
		say(out, EC_ALL, PROPOSE, seq, body, 0);
}

static void propose_received(struct sequencer *s, ec_seq seq, struct ec_bytes body,
                             struct ec_out *out)
{
	if (s->self != 0 && !s->entry[seq].body.size) {
		entry_keep(s, seq, body);
		save(out, seq, body);
	}
	say(out, 0, ACK, seq, EC_NO_BYTES, 0);
	deliver(s, out);
}

static void ack_received(struct sequencer *s, ec_node from, ec_seq seq, struct ec_out *out)
{
	ec_seq before = s->committed;
	s->entry[seq].acks |= (uint64_t)1 << from;
	while (s->committed < s->last &&
	       (uint32_t)__builtin_popcountll(s->entry[s->committed + 1].acks) > s->n / 2)
		s->committed++;
	if (s->committed > before)
		say(out, EC_ALL, COMMIT, s->committed, EC_NO_BYTES, 0);
}

static void serve(struct sequencer *s, struct ec_out *out)
{
	if (!s->started || s->answered <= s->served || s->delivered < s->read_at)
		return;
	s->served = s->answered;
	ec_emit(out,
	        (struct ec_effect){.kind = EC_SERVE, .seq = s->delivered, .ticket = s->answered});
}

static void read_asked(struct sequencer *s, uint64_t ticket, struct ec_out *out)
{
	s->asked = ticket;
	if (s->bug == READ_HERE) {
		s->answered = ticket;
		return;
	}
	say_of_read(out, 0, (struct head){QUERY, 0, ticket});
}

static void received(struct sequencer *s, const struct ec_input *input, struct ec_out *out)
{
	struct head head;
	bool ok = head_read(input->head, &head);
	assert(ok);
	if (head.kind == PROPOSE)
		propose_received(s, head.seq, input->body, out);
	if (head.kind == ACK)
		ack_received(s, input->from, head.seq, out);
	if (head.kind == COMMIT && head.seq > s->committed)
		s->committed = head.seq;
	if (head.kind == QUERY)
		say_of_read(out, input->from, (struct head){ANSWER, s->last, head.ticket});
	if (head.kind == ANSWER && head.ticket > s->answered && head.ticket <= s->asked) {
		s->answered = head.ticket;
		s->read_at = head.seq;
	}
	deliver(s, out);
}

/* The other end may have lost anything: it is told everything again. */
static void link_new(struct sequencer *s, ec_node from, struct ec_out *out)
{
	for (ec_seq seq = 1; seq <= s->last && s->self == 0; seq++)
		if (s->entry[seq].body.size)
			say(out, from, PROPOSE, seq, s->entry[seq].body, 0);
	if (s->self == 0 && s->committed)
		say(out, from, COMMIT, s->committed, EC_NO_BYTES, 0);
	for (ec_seq seq = 1; seq <= s->last && from == 0; seq++)
		if (s->entry[seq].body.size)
			say(out, from, ACK, seq, EC_NO_BYTES, 0);
	if (from == 0 && s->asked > s->answered)
		say_of_read(out, 0, (struct head){QUERY, 0, s->asked});
}

static void started(struct sequencer *s, ec_seq seq, struct ec_out *out)
{
	s->started = true;
	s->delivered = seq;
	if (s->committed < seq)
		s->committed = seq;
	if (s->last < seq)
		s->last = seq;
	for (ec_seq i = 1; i <= s->last && s->self == 0; i++)
		if (s->entry[i].body.size)
			say(out, EC_ALL, PROPOSE, i, s->entry[i].body, 0);
}

static void step(void *self, const struct ec_input *input, struct ec_out *out)
{
	struct sequencer *s = self;
	if (input->kind == EC_RECORD)
		entry_keep(s, input->seq, input->body);
	if (input->kind == EC_START)
		started(s, input->seq, out);
	if (input->kind == EC_RECV)
		received(s, input, out);
	if (input->kind == EC_LINK)
		link_new(s, input->from, out);
	if (input->kind == EC_SUBMIT)
		submitted(s, input->body, out);
	if (input->kind == EC_READ)
		read_asked(s, input->ticket, out);
	serve(s, out);
	out->lead = 0;
	out->want = s->started && s->last + 1 < ENTRIES;
}

static uint32_t held(const void *self, struct ec_bytes *at)
{
	const struct sequencer *s = self;
	uint32_t count = 0;
	for (ec_seq seq = 1; seq <= s->last; seq++)
		if (s->entry[seq].body.buffer)
			at[count++] = s->entry[seq].body;
	return count;
}

static void invariants(const void *self)
{
	const struct sequencer *s = self;
	if (s->started)
		assert(s->delivered <= s->committed); /* (I1) */
	assert(s->answered <= s->asked);              /* (I2) */
}

static void show(const void *self, struct ec_text *text)
{
	const struct sequencer *s = self;
	ec_text_add(text, "delivered %u of %u", (unsigned)s->delivered, (unsigned)s->last);
}

static void show_head(struct ec_bytes bytes, struct ec_text *text)
{
	static const char *const names[] = {"", "propose", "ack", "commit", "query", "answer"};
	struct head head;
	if (!head_read(bytes, &head))
		return;
	ec_text_add(text, "%s", names[head.kind]);
	if (head.kind != QUERY)
		ec_text_add(text, " %u", (unsigned)head.seq);
	if (head.ticket)
		ec_text_add(text, " ticket %u", (unsigned)head.ticket);
}

/* What was accepted is in the log. */
static bool promises_equal(const void *lived, const void *restored, struct ec_text *why)
{
	const struct sequencer *a = lived, *b = restored;
	for (ec_seq seq = 1; seq <= a->last; seq++) {
		if (ec_bytes_equal(a->entry[seq].body, b->entry[seq].body))
			continue;
		ec_text_add(why, "the batch at position %u", (unsigned)seq);
		return false;
	}
	return true;
}

const struct ec_protocol sim_sequencer = {.name = "sequencer",
                                          .order = EC_TOTAL,
                                          .reads = true,
                                          .faults = ec_faults_of_crash,
                                          .bugs = bugs,
                                          .terms = terms,
                                          .misfit = sim_never_misfit,
                                          .limits = limits,
                                          .init = init,
                                          .check = check,
                                          .guilty = ec_never_guilty,
                                          .step = step,
                                          .held = held,
                                          .invariants = invariants,
                                          .show = show,
                                          .show_head = show_head};

const struct sim_protocol_entry sim_sequencer_entry = {
	.protocol = &sim_sequencer, .plain = true, .promises_equal = promises_equal};
