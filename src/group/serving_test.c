/* serving_test.c - what proves a snapshot: a certificate of its header, or of a later one with what
 * ties the snapshot to it; and nothing that is close to that. */
#include "group/transfer.h"

#include "group/member_fake.h"
#include "ledger/tie.h"

/* Four members whose state on disk is older than what they certified last, in the second era. */
static struct cluster *behind_its_head(void)
{
	struct cluster *c = four(50);
	uint32_t told = 0;
	while (told < 30) {
		told += cluster_submit(c, told % 4, 1 + told);
		cluster_run(c, 3 * MS, NULL, NULL);
	}
	change_era(c, 4, 2, 5000);
	told += 3;
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	settle(c, 4);
	uint64_t ended = status_of(c, 0).persisted;
	while (status_of(c, 0).persisted == ended || told % 7) {
		told += cluster_submit(c, told % 4, 6000 + told);
		cluster_run(c, 3 * MS, NULL, NULL);
	}
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	settle(c, 4);
	return c;
}

struct scene {
	struct cluster *c;
	struct ec_member *server, *judge;
	ec_hash hash;
	struct ec_snapshot snapshot; /* tied to a later header */
};

static struct scene scene_new(void)
{
	struct scene scene = {.c = behind_its_head()};
	scene.server = cluster_node(scene.c, 0)->member;
	scene.judge = cluster_node(scene.c, 1)->member;
	scene.hash = scene.server->snapshot;
	assert_true(ec_ledger_snapshot(scene.server->ledger, &scene.hash, &scene.snapshot));
	assert_true(scene.snapshot.tie.size > 0);
	return scene;
}

static void scene_end(struct scene *scene)
{
	ec_drop(scene->snapshot.header);
	ec_drop(scene->snapshot.frontier);
	ec_drop(scene->snapshot.links);
	ec_drop(scene->snapshot.certificate);
	ec_drop(scene->snapshot.tie);
	cluster_free(scene->c);
}

static void test_a_later_certified_header_proves_a_state(void **state)
{
	(void)state;
	struct scene scene = scene_new();
	struct ec_snapshot *snapshot = &scene.snapshot;
	assert_true(snapshot_proven(scene.judge, snapshot, &scene.hash));
	struct ec_bytes tie = snapshot->tie;
	snapshot->tie = EC_NO_BYTES; /* the certificate is of another header */
	assert_false(snapshot_proven(scene.judge, snapshot, &scene.hash));
	for (size_t size = 1; size < tie.size; size++) {
		snapshot->tie = ec_slice(tie, 0, size);
		assert_false(snapshot_proven(scene.judge, snapshot, &scene.hash));
	}
	snapshot->tie = tie;
	for (size_t at = 0; at < tie.size; at++) {
		ec_writable(tie)[at] ^= 1;
		assert_false(snapshot_proven(scene.judge, snapshot, &scene.hash));
		ec_writable(tie)[at] ^= 1;
	}
	struct ec_bytes certificate = snapshot->certificate;
	snapshot->certificate = EC_NO_BYTES;
	assert_false(snapshot_proven(scene.judge, snapshot, &scene.hash));
	snapshot->certificate = certificate;
	ec_writable(certificate)[certificate.size - 1] ^= 1;
	assert_false(snapshot_proven(scene.judge, snapshot, &scene.hash));
	ec_writable(certificate)[certificate.size - 1] ^= 1;
	assert_true(snapshot_proven(scene.judge, snapshot, &scene.hash));
	scene_end(&scene);
}

/* A true certificate and a true tie, but to an earlier block, to the block itself, or of one that
 * is not the snapshot's. */
static void test_a_tie_of_other_headers_proves_nothing(void **state)
{
	(void)state;
	struct scene scene = scene_new();
	struct ec_snapshot *snapshot = &scene.snapshot;
	struct ec_ledger *ledger = scene.server->ledger;
	struct ec_header header;
	struct ec_bytes tie = snapshot->tie, true_header = snapshot->header, shown, path, other;
	assert_true(ec_header_read(true_header, &header));
	assert_true(ec_tie_header(tie, &shown));
	snapshot->tie = ec_tie_write(scene.server->config.pool, true_header,
	                             (struct ec_bytes){.data = (const uint8_t *)"\x80", .size = 1});
	assert_false(snapshot_proven(scene.judge, snapshot, &scene.hash));
	ec_drop(snapshot->tie);
	assert_true(ec_ledger_inclusion(ledger, header.seq - 1, status_of(scene.c, 0).certified,
	                                &path));
	snapshot->tie = ec_tie_write(scene.server->config.pool, shown, path);
	assert_false(snapshot_proven(scene.judge, snapshot, &scene.hash));
	ec_drop(snapshot->tie);
	ec_drop(path);
	snapshot->tie = tie;
	snapshot->header = shown; /* a tie that leads back */
	assert_false(snapshot_proven(scene.judge, snapshot, &scene.hash));
	assert_true(ec_ledger_header(ledger, header.seq - 1, &other));
	snapshot->header = other;
	ec_hash hash = ec_header_hash(other);
	assert_false(snapshot_proven(scene.judge, snapshot, &hash));
	ec_drop(other);
	snapshot->header = true_header;
	struct ec_bytes links = snapshot->links;
	snapshot->links = (struct ec_bytes){.data = (const uint8_t *)"\x80", .size = 1};
	assert_false(snapshot_proven(scene.judge, snapshot, &scene.hash)); /* the first roster */
	snapshot->links = links;
	assert_true(snapshot_proven(scene.judge, snapshot, &scene.hash));
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_later_certified_header_proves_a_state),
		cmocka_unit_test(test_a_tie_of_other_headers_proves_nothing),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
