/* load.c - the load on a system beside Edgecord, as that of `edgecord bench --mode store`: every
 * client a connection, one put at a time, to the same keys by the same generator.
 *
 * usage: bench-load etcd|etcd-rest|craft PORT CLIENTS SECONDS WARM_SECONDS WRITES PAYLOAD_BYTES
 * PORT: of the member that leads, on 127.0.0.1.  Ends after SECONDS, or after WRITES puts (0: by
 * time).  Prints one JSON object.  Exit 0: all is well; 1: it is not, with a sentence; 2: usage. */
#include "link.h"

#include "base/histogram.h"
#include "base/prng.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

enum { CLIENTS_MAX = 4096, KEYS = 10000, EVENTS = 256, DRAIN_S = 60, ARGUMENTS = 8 };

struct client {
	struct link link;
	struct ec_prng keys;
	uint64_t begun, sequence;
};

struct load {
	struct client *client;
	uint64_t clients, seconds, warm_seconds, writes, payload_bytes;
	int epoll;
	bool warming;
	uint64_t end, under_way, acknowledged, refused, last;
	struct ec_histogram latency;
};

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t cpu_ns(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

/* Whether another put may begin now. */
static bool more(const struct load *load, uint64_t now)
{
	return now < load->end && (load->warming || !load->writes ||
	                           load->acknowledged + load->under_way < load->writes);
}

static void put(struct load *load, struct client *client, uint64_t now)
{
	char key[LINK_KEY_MAX];
	uint8_t value[LINK_VALUE_MAX];
	for (size_t i = 0; i < load->payload_bytes; i++)
		value[i] = (uint8_t)(i * 7 + 13);
	client->sequence++;
	memcpy(value, &client->sequence,
	       load->payload_bytes < sizeof client->sequence ? load->payload_bytes
	                                                     : sizeof client->sequence);
	snprintf(key, sizeof key, "bench/%010u", (unsigned)ec_prng_below(&client->keys, KEYS));
	client->begun = now;
	load->under_way++;
	link_push(
		&client->link,
		&(struct link_put){.key = key, .value = value, .value_size = load->payload_bytes});
}

/* Takes an answer and gives the next put.  Returns: false when the connection is lost. */
static bool serve(struct load *load, struct client *client)
{
	enum link_news news = link_turn(&client->link);
	if (news == LINK_LOST)
		return false;
	if (news == LINK_NOTHING)
		return true;
	uint64_t now = now_ns();
	load->under_way--;
	load->last = now;
	load->refused += news == LINK_REFUSED;
	load->acknowledged += news == LINK_DONE;
	if (news == LINK_DONE)
		ec_histogram_add(&load->latency, now - client->begun, 1);
	if (more(load, now))
		put(load, client, now);
	return true;
}

/* Loads for so long.  Returns: false after saying why not. */
static bool run(struct load *load, uint64_t seconds)
{
	struct epoll_event event[EVENTS];
	uint64_t begin = now_ns();
	load->end = begin + seconds * 1000000000;
	load->under_way = load->acknowledged = load->refused = 0;
	load->latency = (struct ec_histogram){0};
	for (uint64_t i = 0; i < load->clients && more(load, begin); i++)
		put(load, &load->client[i], begin);
	while (load->under_way) {
		int count = epoll_wait(load->epoll, event, EVENTS, 1000);
		for (int i = 0; i < count; i++)
			if (!serve(load, event[i].data.ptr)) {
				fprintf(stderr, "bench-load: a connection was lost\n");
				return false;
			}
		if (now_ns() > load->end + (uint64_t)DRAIN_S * 1000000000) {
			fprintf(stderr, "bench-load: %" PRIu64 " puts got no answer\n",
			        load->under_way);
			return false;
		}
	}
	return true;
}

static bool connect_all(struct load *load, enum link_kind kind, uint16_t port)
{
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (uint64_t i = 0; i < load->clients; i++) {
		struct client *client = &load->client[i];
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
		if (!link_open(&client->link, kind, port)) {
			fprintf(stderr, "bench-load: cannot connect to port %u: %s\n", port,
			        strerror(errno));
			return false;
		}
		ec_prng_seed(&client->keys, i + 1);
		epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->link.fd, &event);
	}
	return true;
}

static double at_ms(const struct load *load, uint32_t per_mille)
{
	return (double)ec_histogram_at(&load->latency, per_mille) / 1e6;
}

static void print(const struct load *load, uint64_t begin, uint64_t cpu)
{
	double seconds = (double)(load->last - begin) / 1e9, count = (double)load->acknowledged;
	printf("{\"acknowledged\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"seconds\":%.3f,"
	       "\"throughput\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,"
	       "\"cpu_us_clients\":%.3f}\n",
	       load->acknowledged, load->refused, seconds, count / seconds, at_ms(load, 500),
	       at_ms(load, 990), at_ms(load, 999), (double)cpu / 1e3 / count);
}

static int measure(struct load *load)
{
	load->warming = true;
	if (load->warm_seconds && !run(load, load->warm_seconds))
		return 1;
	load->warming = false;
	/* Who starts it looks at the servers' CPU now, and answers with a line when it has. */
	printf("warm\n");
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	uint64_t begin = now_ns(), cpu = cpu_ns();
	if (!run(load, load->seconds))
		return 1;
	if (!load->acknowledged) {
		fprintf(stderr, "bench-load: no put was acknowledged, %" PRIu64 " were refused\n",
		        load->refused);
		return 1;
	}
	print(load, begin, cpu_ns() - cpu);
	return 0;
}

static bool number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end && !errno && *out >= min && *out <= max;
}

int main(int argc, char **argv)
{
	static const char *const names[LINK_KINDS] = {"etcd", "etcd-rest", "craft"};
	struct load load = {0};
	uint64_t port = 0;
	int kind = 0;
	while (argc == ARGUMENTS && kind < LINK_KINDS && strcmp(argv[1], names[kind]) != 0)
		kind++;
	if (argc != ARGUMENTS || kind == LINK_KINDS || !number(argv[2], 1, 65535, &port) ||
	    !number(argv[3], 1, CLIENTS_MAX, &load.clients) ||
	    !number(argv[4], 1, 86400, &load.seconds) ||
	    !number(argv[5], 0, 3600, &load.warm_seconds) ||
	    !number(argv[6], 0, 1000000000, &load.writes) ||
	    !number(argv[7], 1, LINK_VALUE_MAX, &load.payload_bytes)) {
		fprintf(stderr,
		        "usage: bench-load etcd|etcd-rest|craft PORT CLIENTS SECONDS "
		        "WARM_SECONDS WRITES PAYLOAD_BYTES (at most %d)\n",
		        LINK_VALUE_MAX);
		return 2;
	}
	load.client = calloc(load.clients, sizeof *load.client);
	if (!load.client)
		abort();
	int code = connect_all(&load, (enum link_kind)kind, (uint16_t)port) ? measure(&load) : 1;
	for (uint64_t i = 0; i < load.clients; i++)
		if (load.client[i].link.fd > 0)
			link_close(&load.client[i].link);
	free(load.client);
	return code;
}
