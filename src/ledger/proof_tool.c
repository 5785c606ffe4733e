/* proof_tool.c - makes proofs of every kind, and judges proofs, for the test of the two verifiers.
 *
 * usage: proof_tool make FOLDER                        writes genesis and NAME.proof files
 *        proof_tool probable FOLDER                    the same of a group with a revisable order
 *        proof_tool apart FOLDER                       of one where not every block has a root
 *        proof_tool trusted FOLDER                     of one with eras that stand crashes only
 *        proof_tool judge GENESIS CLOUD|- PROOF...     prints a verdict, 0 to 4, and why, a line
 * Exit 0: done; 2: a file cannot be used. */
#include "ledger/proof.h"
#include "ledger/test_day.h"

static void file_write(const char *folder, const char *name, struct ec_bytes bytes)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "wb");
	if (!file || fwrite(bytes.data, 1, bytes.size, file) != bytes.size || fclose(file)) {
		perror(path);
		exit(2);
	}
}

/* The whole of a file, from malloc. */
static struct ec_bytes file_read(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(EC_GENESIS_SIZE_MAX);
	if (!file || !data) {
		perror(path);
		exit(2);
	}
	size_t size = fread(data, 1, EC_GENESIS_SIZE_MAX, file);
	fclose(file);
	return (struct ec_bytes){.data = data, .size = size};
}

static void receipt_write(struct day *day, const char *folder, const char *name, const ec_hash *id)
{
	struct ec_bytes proof;
	if (ec_ledger_receipt(day->ledger, id, &proof) != EC_FOUND) {
		fprintf(stderr, "proof_tool: no receipt for %s\n", name);
		exit(2);
	}
	file_write(folder, name, proof);
	ec_drop(proof);
}

static void state_write(struct day *day, const char *folder, const char *file, const void *name,
                        size_t size)
{
	struct ec_bytes proof;
	if (ec_ledger_state_proof(day->ledger, name, size, &proof) != EC_FOUND) {
		fprintf(stderr, "proof_tool: no proof for %s\n", file);
		exit(2);
	}
	file_write(folder, file, proof);
	ec_drop(proof);
}

static void beacon_write(struct day *day, const char *folder, const char *file, uint64_t seq,
                         uint32_t first)
{
	struct ec_bytes proof;
	if (day_beacon(day, seq, first, &proof) != EC_FOUND) {
		fprintf(stderr, "proof_tool: no beacon for %s\n", file);
		exit(2);
	}
	file_write(folder, file, proof);
	ec_drop(proof);
}

/* A block of five, ten of one, an era's end, and more: receipts under their own certificate, under
 * a later one and over eras; states there and not there. */
static int make(const char *folder)
{
	struct day day =
		day_begin_plan((struct world_plan){.members = 4, .authors = 4, .keys = true}, NULL);
	struct ec_batch_item item[5];
	uint8_t name[2 + 32] = {'a', '/'};
	ec_hash five[5], first, second, last;
	for (uint32_t i = 0; i < 5; i++)
		item[i] = day_note(&day, i % 4, 3, 10 + i, &five[i]);
	day_deliver(&day, 0, true, item, 5);
	day_certify(&day, 1, 3);
	receipt_write(&day, folder, "own.proof", &five[3]);
	for (uint32_t i = 0; i < 4; i++) {
		char file[32];
		struct ec_secret author = world_secret('a', i + 2); /* two have accounts */
		memcpy(name + 2, author.key, 32);
		snprintf(file, sizeof file, "state%u.proof", i);
		state_write(&day, folder, file, name, sizeof name);
	}
	day_note_deliver(&day, 0, 0, 1, &first);
	for (uint32_t i = 0; i < 10; i++)
		day_note_deliver(&day, i % 4, 5, 1 + i, NULL);
	day_certify(&day, ec_ledger_at(day.ledger).seq, 3);
	receipt_write(&day, folder, "later.proof", &first);
	beacon_write(&day, folder, "beacon_own.proof", ec_ledger_at(day.ledger).seq, 1);
	beacon_write(&day, folder, "beacon_later.proof", 3, 3);
	day_era(&day, 5);
	day_note_deliver(&day, 0, 0, 2, &second);
	day_era(&day, 4);
	day_note_deliver(&day, 0, 0, 3, &last);
	day_certify(&day, ec_ledger_at(day.ledger).seq, 3);
	receipt_write(&day, folder, "eras_first.proof", &first);
	receipt_write(&day, folder, "eras_second.proof", &second);
	receipt_write(&day, folder, "eras_last.proof", &last);
	beacon_write(&day, folder, "eras_beacon.proof", 2, 0);
	file_write(folder, "genesis",
	           (struct ec_bytes){.data = day.world.file, .size = day.world.file_size});
	day_end(&day);
	return 0;
}

/* An envelope in one of seven blocks, by members 0..signers-1 who signed its block or a later one.
 */
static int probable(const char *folder)
{
	struct day day = day_begin_plan(
		(struct world_plan){.members = 4, .authors = 4, .protocol = "ghostdag"}, NULL);
	ec_hash id;
	for (uint32_t i = 0; i < 7; i++)
		day_note_deliver(&day, i % 4, 0, 1 + i, i == 1 ? &id : NULL);
	for (uint32_t signers = 1; signers <= 3; signers++)
		for (uint64_t later = 2; later <= 7; later += 5) {
			struct ec_bytes header, proof;
			char file[32];
			if (!ec_ledger_header(day.ledger, later, &header))
				return 2;
			ec_hash hash = ec_header_hash(header);
			struct ec_certificate signatures = world_certificate(1, &hash, signers);
			if (ec_ledger_receipt_under(day.ledger, &id, later, &signatures, &proof) !=
			    EC_FOUND)
				return 2;
			snprintf(file, sizeof file, "by%u_%llu.proof", signers,
			         (unsigned long long)later);
			file_write(folder, file, proof);
			ec_drop(header);
			ec_drop(proof);
		}
	file_write(folder, "genesis",
	           (struct ec_bytes){.data = day.world.file, .size = day.world.file_size});
	day_end(&day);
	return 0;
}

/* A receipt of a certified block without a state root; states, there and not there, of the block
 * below it. */
static int apart(const char *folder)
{
	struct day day = day_begin(EC_GENESIS_ROOTS_APART, NULL);
	uint8_t name[2 + 32] = {'a', '/'};
	ec_hash id;
	day_note_deliver(&day, 0, 0, 1, NULL);
	day_deliver(&day, 0, true, NULL, 0);
	day_note_deliver(&day, 0, 0, 2, &id);
	day_certify(&day, 3, 3);
	receipt_write(&day, folder, "rootless.proof", &id);
	for (uint32_t i = 3; i < 5; i++) { /* the first of them has an account */
		struct ec_secret author = world_secret('a', i);
		memcpy(name + 2, author.key, 32);
		state_write(&day, folder, i == 3 ? "present.proof" : "absent.proof", name,
		            sizeof name);
	}
	file_write(folder, "genesis",
	           (struct ec_bytes){.data = day.world.file, .size = day.world.file_size});
	day_end(&day);
	return 0;
}

/* Receipts of five eras, the second and the last two of which stand crashes only: each before its
 * era ends, and the first one again at the end of all. */
static int trusted(const char *folder)
{
	static const char *const next[] = {"raft", "pbft", "paxos", "paxos", NULL};
	struct day day = day_begin(0, NULL);
	ec_hash id[5];
	char file[32];
	for (uint32_t i = 0; i < 5; i++) {
		const struct ec_membership *roster = ec_ledger_membership(day.ledger);
		day_note_deliver(&day, 0, 0, 1 + i, &id[i]);
		day_certify(&day, ec_ledger_at(day.ledger).seq,
		            (uint32_t)ec_membership_quorum(roster));
		snprintf(file, sizeof file, "era%u.proof", i + 1);
		receipt_write(&day, folder, file, &id[i]);
		if (next[i])
			day_era_of(&day, 5, next[i]);
	}
	receipt_write(&day, folder, "first.proof", &id[0]);
	file_write(folder, "genesis",
	           (struct ec_bytes){.data = day.world.file, .size = day.world.file_size});
	day_end(&day);
	return 0;
}

static struct ec_genesis *genesis_read(const char *path)
{
	char why[256] = "";
	struct ec_bytes bytes = file_read(path);
	struct ec_genesis *genesis = ec_genesis_read(bytes.data, bytes.size, why, sizeof why);
	free((void *)(uintptr_t)bytes.data);
	if (!genesis) {
		fprintf(stderr, "%s: %s\n", path, why);
		exit(2);
	}
	return genesis;
}

static int judge(int count, char **paths)
{
	struct ec_genesis *genesis = genesis_read(paths[0]), *cloud = NULL;
	if (strcmp(paths[1], "-") != 0)
		cloud = genesis_read(paths[1]);
	for (int i = 2; i < count; i++) {
		struct ec_bytes proof = file_read(paths[i]);
		struct ec_proof_report report;
		ec_proof_judge(genesis, cloud, &ec_crypto_ed25519, proof, &report);
		printf("%d %s\n", (int)report.verdict, report.why);
		ec_proof_report_end(&report);
		free((void *)(uintptr_t)proof.data);
	}
	ec_genesis_free(genesis);
	ec_genesis_free(cloud);
	return 0;
}

int main(int argc, char **argv)
{
	if (!ec_crypto_start())
		return 2;
	if (argc == 3 && strcmp(argv[1], "make") == 0)
		return make(argv[2]);
	if (argc == 3 && strcmp(argv[1], "probable") == 0)
		return probable(argv[2]);
	if (argc == 3 && strcmp(argv[1], "apart") == 0)
		return apart(argv[2]);
	if (argc == 3 && strcmp(argv[1], "trusted") == 0)
		return trusted(argv[2]);
	if (argc >= 4 && strcmp(argv[1], "judge") == 0)
		return judge(argc - 2, argv + 2);
	fprintf(stderr, "usage: proof_tool make FOLDER\n"
	                "       proof_tool probable FOLDER\n"
	                "       proof_tool apart FOLDER\n"
	                "       proof_tool trusted FOLDER\n"
	                "       proof_tool judge GENESIS CLOUD|- PROOF...\n");
	return 2;
}
