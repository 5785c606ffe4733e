/* cose_tool.c - signs and verifies COSE_Sign1 on the command line, for tests with outside clients.
 *
 * usage: cose_tool sign SEED_HEX PROTECTED_HEX PAYLOAD_HEX     prints the COSE_Sign1 in hex
 *        cose_tool verify KEY_HEX COSE_HEX                      prints the payload in hex
 *        cose_tool show CBOR_HEX                                prints diagnostic notation
 * Exit 0: done; 1: refused, with the reason; 2: usage. */
#include "crypto/cose.h"

#include <stdio.h>

enum { SIZE_LIMIT = 1 << 16 };

static uint8_t first[SIZE_LIMIT], second[SIZE_LIMIT], out[2 * SIZE_LIMIT];

static int usage(void)
{
	fprintf(stderr,
	        "usage: cose_tool sign SEED PROTECTED PAYLOAD\n"
	        "       cose_tool verify KEY COSE\n"
	        "       cose_tool show CBOR      (all in hex, up to %d bytes)\n",
	        SIZE_LIMIT);
	return 2;
}

static void print_hex(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%02x", data[i]);
	printf("\n");
}

static bool bytes_read(const char *hex, uint8_t *bytes, size_t *size)
{
	*size = strlen(hex) / 2;
	return *size <= SIZE_LIMIT && ec_hex_read(hex, bytes, *size);
}

static int sign(const char *seed_hex, const char *protected_hex, const char *payload_hex)
{
	uint8_t seed[EC_SEED_SIZE], signature[EC_SIGNATURE_SIZE];
	struct ec_secret secret;
	struct ec_view header = {.data = first}, payload = {.data = second};
	if (strlen(seed_hex) != 2 * sizeof seed || !ec_hex_read(seed_hex, seed, sizeof seed) ||
	    !bytes_read(protected_hex, first, &header.size) ||
	    !bytes_read(payload_hex, second, &payload.size))
		return usage();
	ec_secret_from_seed(&secret, seed);
	size_t size = ec_cose_to_be_signed(header, (struct ec_view){0}, payload, out, sizeof out);
	ec_sign(&secret, out, size, signature);
	print_hex(out, ec_cose_sign1_write(header, payload, signature, out, sizeof out));
	return 0;
}

static int verify(const char *key_hex, const char *cose_hex)
{
	uint8_t key[EC_KEY_SIZE];
	char said[256];
	struct ec_text why = ec_text_over(said, sizeof said);
	struct ec_cose_sign1 sign1;
	size_t size;
	if (strlen(key_hex) != 2 * sizeof key || !ec_hex_read(key_hex, key, sizeof key) ||
	    !bytes_read(cose_hex, first, &size))
		return usage();
	if (!ec_cose_sign1_parse(first, size, &sign1, &why) ||
	    !ec_cose_sign1_verify(&ec_crypto_ed25519, key, &sign1, out, sizeof out, &why)) {
		printf("refused: %s\n", said);
		return 1;
	}
	print_hex(sign1.payload.data, sign1.payload.size);
	return 0;
}

static int show(const char *cbor_hex)
{
	static char said[8 * SIZE_LIMIT];
	struct ec_text text = ec_text_over(said, sizeof said);
	size_t size;
	if (!bytes_read(cbor_hex, first, &size))
		return usage();
	bool good = ec_cbor_diagnose(first, size, &text);
	printf("%s\n", said);
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (!ec_crypto_start())
		return 2;
	if (argc == 5 && strcmp(argv[1], "sign") == 0)
		return sign(argv[2], argv[3], argv[4]);
	if (argc == 4 && strcmp(argv[1], "verify") == 0)
		return verify(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "show") == 0)
		return show(argv[2]);
	return usage();
}
