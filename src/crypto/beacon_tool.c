/* beacon_tool.c - beacons for tests of another verifier, by a dealer who knows all secrets.
 *
 * usage: beacon_tool make FOLDER         writes FOLDER/NAME for some groups and rounds; prints
 *                                        "NAME N KEY DOMAIN ROUND VALUE" a line, in hexadecimal
 *        beacon_tool judge               of lines "N KEY DOMAIN ROUND FILE" prints the value that
 *                                        FILE, in hexadecimal, proves, or "-" and why not
 * Exit 0: done; 1: a file cannot be written, or a line cannot be read; 2: usage. */
#include "crypto/beacon.h"
#include "crypto/dealer_fake.h"
#include "crypto/sign.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINE_SIZE_MAX = 1 << 14 };

static const struct ec_threshold_crypto *const crypto = &ec_threshold_ristretto255;

static void hex_print(const void *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%02x", ((const uint8_t *)data)[i]);
}

/* A round that every second member gave a share to, from the last one. */
static bool beacon_make(const char *folder, uint32_t n, uint32_t needed, uint64_t round)
{
	static struct ec_threshold_key key;
	static struct ec_threshold_secret secret[EC_THRESHOLD_MEMBERS_MAX];
	struct ec_beacon beacon = {.domain = {{(uint8_t)n, 0xbe}}, .round = round};
	uint8_t file[EC_BEACON_SIZE_MAX];
	char path[600];
	fake_deal(crypto, n, n, needed, &key, secret);
	for (uint32_t i = 2 * n; !ec_beacon_ready(&key, &beacon); i -= 2) {
		struct ec_threshold_share share;
		const uint8_t random[32] = {(uint8_t)i, (uint8_t)round, 3};
		uint32_t member = i > n ? i - n - 1 : i - 1;
		ec_beacon_share(crypto, &key, member, &secret[member], &beacon.domain, round,
		                random, &share);
		ec_beacon_add(crypto, &key, &beacon, member, &share);
	}
	snprintf(path, sizeof path, "%s/%u_of_%u_%llu", folder, needed, n,
	         (unsigned long long)round);
	FILE *out = fopen(path, "wb");
	size_t size = ec_beacon_write(&beacon, file, sizeof file);
	if (!out || fwrite(file, 1, size, out) != size || fclose(out) != 0)
		return false;
	ec_hash value = ec_beacon_value(crypto, &key, &beacon);
	printf("%s %u ", path + strlen(folder) + 1, n);
	hex_print(key.commitment, needed * sizeof key.commitment[0]);
	putchar(' ');
	hex_print(beacon.domain.b, sizeof beacon.domain);
	printf(" %llu ", (unsigned long long)round);
	hex_print(value.b, sizeof value);
	putchar('\n');
	return true;
}

static bool all_make(const char *folder)
{
	static const struct {
		uint32_t n, needed;
		uint64_t round;
	} of[] = {{1, 1, 0}, {3, 1, 1}, {4, 2, 7}, {7, 3, 1000}, {31, 11, 1}, {64, 22, INT64_MAX}};
	for (uint32_t i = 0; i < sizeof of / sizeof *of; i++)
		if (!beacon_make(folder, of[i].n, of[i].needed, of[i].round))
			return false;
	return true;
}

/* One line; false when it is not of the form. */
static bool line_judge(char *line)
{
	static struct ec_threshold_key key;
	static uint8_t file[LINE_SIZE_MAX];
	char *n = strsep(&line, " "), *hex = strsep(&line, " "), *of = strsep(&line, " ");
	char *round = strsep(&line, " "), *data = strsep(&line, "\n"), said[300];
	struct ec_text why = ec_text_over(said, sizeof said);
	struct ec_beacon beacon;
	ec_hash domain, value;
	memset(&key, 0, sizeof key);
	if (!data || strlen(hex) > 2 * sizeof key.commitment)
		return false;
	key.n = (uint32_t)strtoul(n, NULL, 10);
	key.needed = (uint32_t)(strlen(hex) / (2 * EC_POINT_SIZE));
	if (!ec_hex_read(hex, key.commitment, key.needed * sizeof key.commitment[0]) ||
	    !ec_hex_read(of, domain.b, sizeof domain) || !ec_hex_read(data, file, strlen(data) / 2))
		return false;
	if (!crypto->expand(&key))
		puts("- the key is none");
	else if (ec_beacon_read(file, strlen(data) / 2, &beacon, &why) &&
	         ec_beacon_good(crypto, &key, &domain, strtoull(round, NULL, 10), &beacon, &value,
	                        &why)) {
		hex_print(value.b, sizeof value);
		putchar('\n');
	} else {
		printf("- %s\n", said);
	}
	return true;
}

int main(int argc, char **argv)
{
	static char line[2 * LINE_SIZE_MAX];
	bool make = argc == 3 && strcmp(argv[1], "make") == 0;
	if (!ec_crypto_start() || (!make && (argc != 2 || strcmp(argv[1], "judge") != 0))) {
		fprintf(stderr, "usage: beacon_tool make FOLDER | judge\n");
		return 2;
	}
	if (make)
		return all_make(argv[2]) ? 0 : 1;
	while (fgets(line, sizeof line, stdin))
		if (!line_judge(line))
			return 1;
	return 0;
}
