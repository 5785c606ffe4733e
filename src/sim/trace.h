/* trace.h - what happened, in lines: for golden files and for people. */
#ifndef EC_SIM_TRACE_H
#define EC_SIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>

struct sim_trace {
	bool on;
	bool live; /* to standard output at once */
	char *text;
	size_t size, capacity;
};

struct sim_world;
struct sim_host;
struct sim_instance;
struct sim_record;
struct ec_effect;
struct ec_bytes;
struct ec_protocol;

/* Appends a line; nothing while the trace is off. */
void sim_say(struct sim_world *world, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Frees the lines; the trace is empty and off then. */
void sim_trace_free(struct sim_trace *trace);

/* A message or a record in words: its head as the protocol shows it, then a batch in quotes.
 * Out: text of `size` bytes; empty while the trace is off. */
void sim_words(const struct sim_world *world, const struct ec_protocol *protocol,
               struct ec_bytes head, struct ec_bytes body, char *text, size_t size);

/* A line for a record that a host saves. */
void sim_trace_save(struct sim_world *world, const struct sim_host *host,
                    const struct sim_instance *instance, const struct sim_record *record);
/* The messages that wait in outgoing: equal ones in one line. */
void sim_trace_sends(struct sim_world *world, const struct sim_host *host,
                     const struct sim_instance *instance);
/* A line for an effect other than SEND and SAVE; a NOTE is counted as a rule, also while the trace
 * is off. */
void sim_trace_effect(struct sim_world *world, const struct sim_host *host,
                      const struct ec_effect *effect);

#endif
