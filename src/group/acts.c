/* acts.c - what is handed to the host. */
#include "group/state.h"

#include <stdarg.h>
#include <stdio.h>

void act_send(struct ec_member *m, uint32_t peer, struct ec_bytes frame)
{
	assert(peer < EC_PEERS_MAX && m->peer[peer].up);
	m->counters.messages_sent++;
	m->counters.bytes_sent += frame.size;
	outbox_push(&m->outbox, (struct act){.kind = EC_ACT_SEND, .peer = peer, .bytes = frame});
}

void act_frame(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	if (link_up(m, peer))
		act_send(m, peer, ec_frame_write(m->config.pool, frame));
}

void act_frame_to_all(struct ec_member *m, const struct ec_frame *frame)
{
	struct ec_bytes bytes = ec_frame_write(m->config.pool, frame);
	for (uint32_t peer = 0; peer < m->peers; peer++)
		if (m->peer[peer].up)
			act_send(m, peer, ec_keep(bytes));
	ec_drop(bytes);
}

void act_log(struct ec_member *m, const struct record *record)
{
	records_append(&m->records, record);
	outbox_push(&m->outbox, (struct act){.kind = EC_ACT_LOG,
	                                     .bytes = record_write(m->config.pool, record)});
}

__attribute__((format(printf, 2, 0))) static struct ec_bytes
text_of(struct ec_member *m, const char *format, va_list arguments)
{
	char text[sizeof((struct ec_act *)0)->text];
	vsnprintf(text, sizeof text, format, arguments);
	return ec_pool_copy(m->config.pool, text, strlen(text));
}

void act_text(struct ec_member *m, enum ec_act_kind kind, uint32_t peer, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	struct ec_bytes text = text_of(m, format, arguments);
	va_end(arguments);
	outbox_push(&m->outbox, (struct act){.kind = kind, .peer = peer, .text = text});
}

void member_halt(struct ec_member *m, const char *format, ...)
{
	if (m->halted)
		return;
	m->halted = true;
	va_list arguments;
	va_start(arguments, format);
	struct ec_bytes text = text_of(m, format, arguments);
	va_end(arguments);
	outbox_push(&m->outbox, (struct act){.kind = EC_ACT_HALT, .text = text});
}
