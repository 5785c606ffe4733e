/* bench_limits.c - what this machine can do at best; and the clock of a bench. */
#include "cli/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const uint64_t MEASURE_NS = 400000000;

enum { SYNC_BYTES = 4096, SYNC_PLACES = 256, MESSAGE_BYTES = 200 };

uint64_t bench_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static double rate(uint64_t count, uint64_t since)
{
	return (double)count * 1e9 / (double)(bench_now() - since);
}

static bool syncs_measure(const char *folder, double *result)
{
	char path[512];
	static uint8_t block[SYNC_BYTES];
	snprintf(path, sizeof path, "%s/sync-test", folder);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	/* Written before, as a log's segments are: the first write to a block that was only set
	 * aside costs a change of the file system's own records. */
	bool good = true;
	for (int i = 0; good && i < SYNC_PLACES; i++)
		good = pwrite(fd, block, sizeof block, (off_t)i * SYNC_BYTES) == SYNC_BYTES;
	good = good && fsync(fd) == 0;
	uint64_t begin = bench_now(), count = 0;
	while (good && bench_now() - begin < MEASURE_NS) {
		off_t at = (off_t)(count % SYNC_PLACES) * SYNC_BYTES;
		block[0]++;
		good = pwrite(fd, block, sizeof block, at) == SYNC_BYTES && fdatasync(fd) == 0;
		count++;
	}
	*result = rate(count, begin);
	close(fd);
	unlink(path);
	return good;
}

/* A pair of connected TCP sockets on 127.0.0.1. */
static bool pair_make(int fd[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fd[1] = -1;
	if (listener >= 0 && fd[0] >= 0 &&
	    bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
	    listen(listener, 1) == 0 &&
	    getsockname(listener, (struct sockaddr *)&address, &size) == 0 &&
	    connect(fd[0], (struct sockaddr *)&address, sizeof address) == 0)
		fd[1] = accept(listener, NULL, NULL);
	if (listener >= 0)
		close(listener);
	if (fd[1] < 0) {
		if (fd[0] >= 0)
			close(fd[0]);
		return false;
	}
	setsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return true;
}

static void echo(int fd)
{
	char byte;
	while (read(fd, &byte, 1) == 1 && write(fd, &byte, 1) == 1)
		;
	_exit(0);
}

static bool round_trips_measure(double *result)
{
	int fd[2];
	char byte = 0;
	if (!pair_make(fd))
		return false;
	pid_t other = fork();
	if (other == 0) {
		close(fd[0]);
		echo(fd[1]);
	}
	close(fd[1]);
	bool good = other > 0;
	uint64_t begin = bench_now(), count = 0;
	while (good && bench_now() - begin < MEASURE_NS) {
		good = write(fd[0], &byte, 1) == 1 && read(fd[0], &byte, 1) == 1;
		count++;
	}
	*result = rate(count, begin);
	close(fd[0]);
	if (other > 0)
		waitpid(other, NULL, 0);
	return good;
}

/* Checks one signature again and again.  Returns: how many a second; 0: a check failed. */
static double verify_rate(void)
{
	struct ec_secret secret;
	uint8_t message[MESSAGE_BYTES] = {1}, signature[EC_SIGNATURE_SIZE];
	ec_secret_random(&secret);
	ec_sign(&secret, message, sizeof message, signature);
	bool good = true;
	uint64_t begin = bench_now(), count = 0;
	while (good && bench_now() - begin < MEASURE_NS) {
		good = ec_verify(secret.key, message, sizeof message, signature);
		count++;
	}
	return good ? rate(count, begin) : 0;
}

/* A core, with all of them at it: cores may share what is fast. */
static bool verifies_measure(uint32_t cores, double *result)
{
	int fd[2];
	double one, sum = 0;
	if (pipe(fd) != 0)
		return false;
	uint32_t started = 0, heard = 0;
	while (started < cores) {
		pid_t child = fork();
		if (child == 0) {
			one = verify_rate();
			_exit(write(fd[1], &one, sizeof one) != sizeof one);
		}
		if (child < 0)
			break;
		started++;
	}
	close(fd[1]);
	while (read(fd[0], &one, sizeof one) == sizeof one && one > 0) {
		sum += one;
		heard++;
	}
	close(fd[0]);
	while (started && wait(NULL) > 0)
		started--;
	*result = sum / cores;
	return heard == cores;
}

bool bench_limits_measure(const char *folder, struct bench_limits *limits, char *why,
                          size_t why_size)
{
	*limits = (struct bench_limits){.cores = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN)};
	if (syncs_measure(folder, &limits->syncs_s) &&
	    round_trips_measure(&limits->round_trips_s) &&
	    verifies_measure(limits->cores, &limits->verifies_before_s))
		return true;
	snprintf(why, why_size, "the machine's limits cannot be measured in %s: %s", folder,
	         strerror(errno));
	return false;
}

bool bench_limits_verifies_again(struct bench_limits *limits, char *why, size_t why_size)
{
	if (verifies_measure(limits->cores, &limits->verifies_after_s))
		return true;
	snprintf(why, why_size, "the rate of signature checks cannot be measured: %s",
	         strerror(errno));
	return false;
}

double bench_limits_verifies(const struct bench_limits *limits)
{
	return (limits->verifies_before_s + limits->verifies_after_s) / 2;
}
