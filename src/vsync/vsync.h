/* vsync.h - groups of replicas in virtual synchrony over `edgecord store`, for C programs.
 *
 *     static const struct ec_vsync_calls calls = {...};                 upcalls.h says what they
 * are struct ec_vsync_options options = ec_vsync_options_usual();
 *     options.gateway[options.gateways++] = "127.0.0.1:7460";           ... more of the same group
 *     options.secret = &secret; options.prefix = "controllers/"; options.name = "a";
 *     struct ec_vsync *group = ec_vsync_join(&options, &calls, why, sizeof why);
 *     while (ec_vsync_run(group, 1000))                                 or poll() for ec_vsync_fd()
 *             ...
 *     ec_vsync_close(group);
 *
 * A controller keeps its state in memory, changes it by nothing but what `deliver` tells, and sends
 * what it wants changed by ec_vsync_multicast().  To devices it writes with the epoch of the
 * message that it carries out, and tells each new epoch at once; a device keeps the highest epoch
 * that it has seen and refuses what comes with an older one.
 *
 * One gateway is asked at a time, and the next one when it does not answer; nothing is missed by
 * that and nothing comes twice.  What a gateway tells is believed: choose your own.  Members need a
 * key each that may write, or at least a pair of lanes each.  Not for use by two threads. */
#ifndef EC_VSYNC_VSYNC_H
#define EC_VSYNC_VSYNC_H

#include "crypto/sign.h"
#include "vsync/upcalls.h"

enum { EC_VSYNC_GATEWAYS_MAX = 16 };

struct ec_vsync;

struct ec_vsync_options {
	const char *gateway[EC_VSYNC_GATEWAYS_MAX]; /* addresses as ec_client_open() takes them */
	uint32_t gateways;
	const struct ec_secret *secret; /* of an enrolled key; outlives the handle */
	const char
		*prefix;  /* of the group's keys: 1..EC_VSYNC_PREFIX_MAX bytes, as "controllers/" */
	const char *name; /* for people: at most EC_VSYNC_NAME_MAX bytes of UTF-8 */
	uint64_t lane; /* of this key's envelopes: this one and the next are used; 0..998. Sequences
	                  are of the wall clock, which must not go back. */
	uint64_t lease_s; /* community time after which a silent member is excluded; at least 1 */
	uint32_t keep_ms; /* how often the lease is kept alive; 0: a third of lease_s */
	uint32_t patience_ms; /* how long a gateway may be silent */
	uint32_t value_max;   /* bytes of a value that the genesis allows, as far as to be used */
	uint32_t state_max;   /* bytes of a state; at most about 1000 values */
};

/* Lane 0, a lease of 5 s, 2 s of patience, values of 8 KiB, states of 4 MiB. */
struct ec_vsync_options ec_vsync_options_usual(void);

/* Begins to join.  Nothing is asked yet and no upcall made: both happen in ec_vsync_turn().
 * In: options: copied, but for the secret; calls: copied.
 * Returns: a handle, ended by ec_vsync_close(); NULL with a sentence in `why`. */
struct ec_vsync *ec_vsync_join(const struct ec_vsync_options *options,
                               const struct ec_vsync_calls *calls, char *why, size_t why_size);

/* Frees everything without a word to the group, which excludes this member when its lease ends.
 * NULL is allowed. */
void ec_vsync_close(struct ec_vsync *group);

/* Queues a multicast for the view in force.
 * Returns: its number, from 1, by which it is delivered or refused; 0: not taken now, for there is
 * no view, the member is out, the queue is full (1 MiB), or it is longer than
 * ec_vsync_bytes_max(). */
uint64_t ec_vsync_multicast(struct ec_vsync *group, const void *bytes, size_t size);

/* The longest multicast. */
size_t ec_vsync_bytes_max(const struct ec_vsync *group);

/* Begins to leave: when what is queued has its fate gives the lease back, so that the others need
 * not wait for its end; when that is ordered `fenced` is called. */
void ec_vsync_leave(struct ec_vsync *group);

/* The socket, for poll(); changes with the gateway; -1: none now. */
int ec_vsync_fd(const struct ec_vsync *group);

/* What to poll it for. */
short ec_vsync_events(const struct ec_vsync *group);

/* How long poll() may wait, in ms, before ec_vsync_turn() is due anyway. */
int ec_vsync_wait_ms(struct ec_vsync *group);

/* Sends, receives, and makes upcalls.  It waits for nothing but a connection to the next gateway,
 * at most patience_ms.
 * Returns: false when the member is out, after `fenced` was called; then only ec_vsync_close() is
 * of use. */
bool ec_vsync_turn(struct ec_vsync *group);

/* Turns for about so long, waiting in between.  Returns: as ec_vsync_turn(). */
bool ec_vsync_run(struct ec_vsync *group, uint32_t ms);

/* What stands in the way of a connection, as a sentence; "" when nothing does. */
const char *ec_vsync_trouble(const struct ec_vsync *group);

#endif
