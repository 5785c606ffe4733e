/* bench_load.c - the load: every client keeps its envelopes under way, or sends at a rate.
 *
 * In the open loop a latency counts from when the envelope was due, not from when it was sent: a
 * stall is seen by all who came in it, sent or not. */
#include "cli/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EVENTS = 256, DRAIN_MS = 60000 };
static const uint64_t LOOK_NS = 200000000;

struct client {
	struct bench_link *link;
	uint32_t under_way;
	uint64_t begun[BENCH_DEPTH_MAX]; /* by token % BENCH_DEPTH_MAX; 0: free */
	bool writing, lost, used_up;
};

struct load {
	const struct bench_options *options;
	const struct bench_cell *cell;
	struct bench_mill *mill;
	struct bench_result *result;
	struct client *client;
	uint32_t clients, next_client;
	int epoll;
	uint64_t begin, end, due;                /* due: of the next one, open loop */
	uint64_t under_way, last_answer, looked; /* looked: at the members' memory */
	bool sending, crowded;                   /* crowded: no client could take what is due */
};

static uint64_t own_cpu_ns(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static void watch(struct load *load, uint32_t index, int operation)
{
	struct client *client = &load->client[index];
	struct epoll_event event = {.events = EPOLLIN | (client->writing ? EPOLLOUT : 0u),
	                            .data.u32 = index};
	epoll_ctl(load->epoll, operation, bench_link_fd(client->link), &event);
}

static bool connect_all(struct load *load, char *why, size_t why_size)
{
	const struct ec_network_group *group = &load->cell->network->group[0];
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (uint32_t i = 0; i < load->clients; i++) {
		uint32_t at = load->options->at ? load->options->at - 1 : i % group->nodes;
		const struct ec_network_node *node = &group->node[at];
		load->client[i].link = bench_link_open(load->options, node, why, why_size);
		if (!load->client[i].link)
			return false;
		watch(load, i, EPOLL_CTL_ADD);
	}
	return true;
}

/* Queues one more envelope of a client.  Returns: false when it cannot take one now. */
static bool submit(struct load *load, struct client *client, uint64_t begun)
{
	struct ec_bytes envelope;
	uint8_t salt[32];
	uint32_t slot = 0;
	if (client->lost || client->used_up || client->under_way == load->options->depth)
		return false;
	uint64_t writes = load->options->writes;
	if (writes && load->result->acknowledged + load->under_way >= writes)
		return false;
	while (client->begun[slot])
		slot++;
	if (!bench_mill_next(load->mill, (uint32_t)(client - load->client), &envelope, salt)) {
		client->used_up = load->result->used_up = true;
		return false;
	}
	if (!bench_link_push(client->link, slot, envelope, salt))
		return false;
	client->begun[slot] = begun;
	client->under_way++;
	load->under_way++;
	return true;
}

static void lose(struct load *load, struct client *client)
{
	client->lost = true;
	load->result->lost += client->under_way;
	load->under_way -= client->under_way;
	client->under_way = 0;
	epoll_ctl(load->epoll, EPOLL_CTL_DEL, bench_link_fd(client->link), NULL);
}

static void answers_take(struct load *load, struct client *client)
{
	struct bench_result *result = load->result;
	char why[256];
	uint64_t token, now = bench_now();
	bool done;
	while (bench_link_next(client->link, &token, &done, why, sizeof why)) {
		uint64_t begun = client->begun[token % BENCH_DEPTH_MAX];
		if (begun == 0)
			continue;
		client->begun[token % BENCH_DEPTH_MAX] = 0;
		client->under_way--;
		load->under_way--;
		load->last_answer = now;
		if (done) {
			result->acknowledged++;
			ec_histogram_add(&result->latency, now > begun ? now - begun : 0, 1);
		} else if (result->refused++ == 0) {
			memcpy(result->first_refusal, why, sizeof why);
		}
	}
}

/* Sends and receives for one client; in the closed loop fills it up again. */
static void serve(struct load *load, uint32_t index)
{
	struct client *client = &load->client[index];
	if (client->lost)
		return;
	bool alive, fed;
	/* Sending may also bring answers: none stays where no event will tell of it. */
	do {
		alive = bench_link_turn(client->link);
		answers_take(load, client);
		fed = false;
		if (load->sending && load->options->open_rate == 0)
			while (submit(load, client, bench_now()))
				fed = true;
	} while (alive && fed);
	if (!alive) {
		lose(load, client);
		return;
	}
	bool wants = bench_link_wants_write(client->link);
	if (wants != client->writing) {
		client->writing = wants;
		watch(load, index, EPOLL_CTL_MOD);
	}
}

static uint64_t step_ns(const struct load *load)
{
	return (uint64_t)(1e9 / load->options->open_rate);
}

/* Sends what is due by now, each to the next client that can take it. */
static void send_due(struct load *load)
{
	uint64_t now = bench_now();
	load->crowded = false;
	while (load->sending && load->due <= now && load->due < load->end) {
		uint32_t tried = 0;
		while (tried < load->clients &&
		       !submit(load, &load->client[load->next_client], load->due)) {
			load->next_client = (load->next_client + 1) % load->clients;
			tried++;
		}
		load->crowded = tried == load->clients;
		if (load->crowded)
			return; /* it stays due, and its latency grows */
		serve(load, load->next_client);
		load->next_client = (load->next_client + 1) % load->clients;
		load->due += step_ns(load);
	}
}

/* Time is over: what was due and not sent has waited so long, and is not acknowledged. */
static void unsent_count(struct load *load)
{
	for (; load->due < load->end; load->due += step_ns(load)) {
		load->result->unsent++;
		ec_histogram_add(&load->result->latency, load->end - load->due, 1);
	}
}

/* What the members hold in memory, while they work. */
static void members_look(struct load *load, uint64_t now)
{
	struct ec_usage usage;
	if (now - load->looked < LOOK_NS)
		return;
	load->looked = now;
	for (uint32_t i = 0; i < load->cell->members; i++) {
		uint64_t *most = &load->result->memory_bytes_max[i];
		if (ec_process_usage(load->cell->processes.process[i].pid, &usage) &&
		    usage.memory_bytes > *most)
			*most = usage.memory_bytes;
	}
}

/* How long to sleep at most, until something is due. */
static struct timespec wait_of(const struct load *load)
{
	static const uint64_t usual_ns = 50000000;
	uint64_t now = bench_now(), ns = usual_ns;
	if (load->sending && load->options->open_rate > 0 && !load->crowded)
		ns = load->due > now ? load->due - now : 0;
	return (struct timespec){.tv_nsec = (long)(ns < usual_ns ? ns : usual_ns)};
}

static bool writes_done(const struct load *load)
{
	uint64_t writes = load->options->writes;
	return writes && load->result->acknowledged >= writes;
}

static void run(struct load *load)
{
	struct epoll_event event[EVENTS];
	load->begin = load->due = load->last_answer = bench_now();
	load->end = load->begin + (uint64_t)(load->options->seconds * 1e9);
	load->sending = true;
	for (uint32_t i = 0; i < load->clients; i++)
		serve(load, i);
	for (;;) {
		uint64_t now = bench_now();
		members_look(load, now);
		load->sending = load->sending && now < load->end;
		if (!load->sending && load->under_way == 0)
			break;
		if (now > load->end + (uint64_t)DRAIN_MS * 1000000)
			break;
		if (load->under_way == 0 && (load->result->used_up || writes_done(load)))
			break;
		if (load->options->open_rate > 0)
			send_due(load);
		struct timespec wait = wait_of(load);
		int count = epoll_pwait2(load->epoll, event, EVENTS, &wait, NULL);
		for (int i = 0; i < count; i++)
			serve(load, event[i].data.u32);
	}
	if (load->options->open_rate > 0 && !load->result->used_up)
		unsent_count(load);
	load->result->lost += load->under_way;
	load->result->seconds = (double)(load->last_answer - load->begin) / 1e9;
}

bool bench_load(const struct bench_options *options, const struct bench_cell *cell,
                struct bench_mill *mill, struct bench_result *result, char *why, size_t why_size)
{
	struct load load = {.options = options,
	                    .cell = cell,
	                    .mill = mill,
	                    .result = result,
	                    .clients = options->clients};
	*result = (struct bench_result){0};
	load.client = calloc(load.clients, sizeof *load.client);
	if (!load.client)
		abort();
	bool good = connect_all(&load, why, why_size);
	uint64_t cpu = own_cpu_ns();
	if (good)
		run(&load);
	result->cpu_ns = own_cpu_ns() - cpu;
	for (uint32_t i = 0; i < load.clients; i++)
		bench_link_close(load.client[i].link);
	close(load.epoll);
	free(load.client);
	return good;
}
