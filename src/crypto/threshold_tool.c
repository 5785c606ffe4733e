/* threshold_tool.c - what an operation with shared keys costs on this machine.
 *
 * usage: threshold_tool [N]      N members (4), f + 1 of them needed; prints us an operation
 * Exit 0: done; 2: usage. */
#include "crypto/dealer_fake.h"
#include "crypto/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 200 };

static double now_us(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double since;

static void lap(const char *what, uint32_t rounds)
{
	double now = now_us();
	printf("%-28s %9.1f us\n", what, (now - since) / rounds);
	since = now_us();
}

static void measure(uint32_t n, uint32_t needed)
{
	static struct ec_threshold_key key;
	static struct ec_threshold_secret secret[EC_THRESHOLD_MEMBERS_MAX];
	const struct ec_threshold_crypto *crypto = &ec_threshold_ristretto255;
	struct ec_threshold_share share[EC_THRESHOLD_NEEDED_MAX];
	uint32_t from[EC_THRESHOLD_NEEDED_MAX], good = 0;
	const uint8_t random[32] = {1};
	struct ec_bytes name = {(const uint8_t *)"a name", 6, NULL};
	struct ec_sealed sealed;
	uint8_t plain[EC_SEALED_KEY_SIZE] = {7};

	since = now_us();
	fake_deal(crypto, 1, n, needed, &key, secret);
	lap("a key is expanded", 1);
	for (uint32_t i = 0; i < ROUNDS; i++)
		crypto->coin_share(crypto->group, &key, 0, &secret[0], name, random, &share[0]);
	lap("coin_share", ROUNDS);
	for (uint32_t i = 0; i < ROUNDS; i++)
		good += crypto->coin_share_good(crypto->group, &key, 0, name, &share[0]);
	lap("coin_share_good", ROUNDS);
	for (uint32_t i = 0; i < needed; i++) {
		from[i] = i;
		crypto->coin_share(crypto->group, &key, i, &secret[i], name, random, &share[i]);
	}
	since = now_us();
	for (uint32_t i = 0; i < ROUNDS; i++)
		crypto->coin_combine(crypto->group, &key, from, share, name);
	lap("coin_combine", ROUNDS);
	for (uint32_t i = 0; i < ROUNDS; i++)
		crypto->seal(crypto->group, &key, name, plain, random, &sealed);
	lap("seal", ROUNDS);
	for (uint32_t i = 0; i < ROUNDS; i++)
		good += crypto->sealed_good(crypto->group, &key, name, &sealed);
	lap("sealed_good", ROUNDS);
	for (uint32_t i = 0; i < ROUNDS; i++)
		crypto->open_share(crypto->group, &key, 0, &secret[0], &sealed, random, &share[0]);
	lap("open_share", ROUNDS);
	for (uint32_t i = 0; i < ROUNDS; i++)
		good += crypto->open_share_good(crypto->group, &key, 0, &sealed, &share[0]);
	lap("open_share_good", ROUNDS);
	for (uint32_t i = 0; i < needed; i++)
		crypto->open_share(crypto->group, &key, i, &secret[i], &sealed, random, &share[i]);
	since = now_us();
	for (uint32_t i = 0; i < ROUNDS; i++)
		good += crypto->open_combine(crypto->group, &key, from, share, name, &sealed,
		                             plain);
	lap("open_combine", ROUNDS);
	printf("%u of %u were good\n", good, 4 * ROUNDS);
}

int main(int argc, char **argv)
{
	int n = argc == 2 ? atoi(argv[1]) : 4;
	if (argc > 2 || n < 1 || n > EC_THRESHOLD_MEMBERS_MAX) {
		fprintf(stderr, "usage: threshold_tool [N]     1 <= N <= %d\n",
		        EC_THRESHOLD_MEMBERS_MAX);
		return 2;
	}
	if (!ec_crypto_start())
		return 2;
	uint32_t needed = ((uint32_t)n - 1) / 3 + 1;
	printf("n = %d, needed = %u\n", n, needed);
	measure((uint32_t)n, needed);
	return 0;
}
