/* seen.c - a ring of digests under a mutex. */
#include "node/seen.h"

#include <pthread.h>
#include <stdlib.h>

enum { SEEN_MAX = 256 }; /* several seconds of batches, of all members */

struct seen {
	pthread_mutex_t mutex;
	uint32_t next;
	ec_hash digest[SEEN_MAX]; /* zero: none; no batch has that digest */
};

struct seen *seen_new(void)
{
	struct seen *seen = calloc(1, sizeof *seen);
	if (!seen || pthread_mutex_init(&seen->mutex, NULL) != 0)
		abort();
	return seen;
}

void seen_free(struct seen *seen)
{
	if (!seen)
		return;
	pthread_mutex_destroy(&seen->mutex);
	free(seen);
}

static bool has(void *self, const ec_hash *digest)
{
	struct seen *seen = self;
	bool found = false;
	pthread_mutex_lock(&seen->mutex);
	for (uint32_t i = 0; i < SEEN_MAX && !found; i++)
		found = ec_hash_equal(&seen->digest[i], digest);
	pthread_mutex_unlock(&seen->mutex);
	return found;
}

static void add(void *self, const ec_hash *digest)
{
	struct seen *seen = self;
	pthread_mutex_lock(&seen->mutex);
	seen->digest[seen->next] = *digest;
	seen->next = (seen->next + 1) % SEEN_MAX;
	pthread_mutex_unlock(&seen->mutex);
}

struct ec_batches_seen seen_by(struct seen *seen)
{
	return (struct ec_batches_seen){.self = seen, .has = has, .add = add};
}
