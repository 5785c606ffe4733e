/* anchor_test.c - proofs with a cloud's anchor: they hold with both genesis files, and nothing
 * near. */
#include "base/test.h"
#include "ledger/field.h"
#include "ledger/proof.h"
#include "ledger/test_day.h"

/* What the cloud's service would have taken: [101, name, value] puts a value. */
static enum ec_result put(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t kind,
                          const struct ec_transaction *transaction)
{
	struct ec_cbor body = transaction->body;
	(void)parameters;
	(void)kind;
	struct ec_view name = ec_cbor_bytes(&body, EC_NAME_MAX);
	struct ec_view value = ec_cbor_bytes(&body, EC_VALUE_MAX);
	ec_state_put(scratch, name.data, name.size, value.data, value.size);
	return EC_RESULT_DONE;
}
static const struct ec_service putting = {
	.name = "put", .kind_first = 101, .kind_last = 101, .execute = put};
static const struct ec_service *const services[] = {&putting, NULL};

struct scene {
	struct day cell, cloud;
	ec_hash id[6];
};

/* A cell of six blocks, and a cloud whose genesis lists it as "north". */
static struct scene scene_begin(void)
{
	struct scene scene = {.cell = day_begin(0, NULL)};
	struct ec_cell_entry cell = {
		.name = "north",
		.genesis = {.data = scene.cell.world.file, .size = scene.cell.world.file_size}};
	scene.cloud = day_begin_plan(
		(struct world_plan){
			.group = "cloud", .members = 4, .authors = 2, .cell = &cell, .cells = 1},
		services);
	for (uint32_t i = 0; i < 6; i++)
		day_note_deliver(&scene.cell, 0, 0, 1 + i, &scene.id[i]);
	day_certify(&scene.cell, 6, 3);
	return scene;
}

static void scene_end(struct scene *scene)
{
	day_end(&scene->cloud);
	day_end(&scene->cell);
}

/* The cloud takes header `seq` of the cell under a name.  Returns: its proof of that. */
static struct ec_bytes anchored(struct scene *scene, const char *name, uint64_t seq)
{
	static uint64_t sequence;
	uint8_t value[128], payload[256];
	struct ec_bytes header, proof;
	struct ec_header read = day_header(&scene->cell, seq);
	assert_true(ec_ledger_header(scene->cell.ledger, seq, &header));
	ec_hash hash = ec_header_hash(header);
	ec_drop(header);
	struct ec_cbor_writer writer = ec_cbor_writer_over(value, sizeof value);
	ec_cbor_write_array(&writer, 3);
	ec_cbor_write_uint(&writer, seq);
	ec_cbor_write_hash(&writer, &hash);
	ec_cbor_write_hash(&writer, &read.history_root);
	size_t size = writer.out.size;
	writer = ec_cbor_writer_over(payload, sizeof payload);
	ec_cbor_write_array(&writer, 3);
	ec_cbor_write_uint(&writer, 101);
	ec_cbor_write_bytes(&writer, name, strlen(name));
	ec_cbor_write_bytes(&writer, value, size);
	struct ec_batch_item item = world_envelope(&scene->cloud.world, 0, 1, ++sequence, payload,
	                                           writer.out.size, NULL);
	day_deliver(&scene->cloud, 0, true, &item, 1);
	day_certify(&scene->cloud, ec_ledger_at(scene->cloud.ledger).seq, 3);
	assert_int_equal(ec_ledger_state_proof(scene->cloud.ledger, name, strlen(name), &proof),
	                 EC_FOUND);
	return proof;
}

/* The receipt of block `seq` with an anchor at header `anchor_seq`. */
static struct ec_bytes receipt(struct scene *scene, uint64_t seq, uint64_t anchor_seq,
                               struct ec_bytes cloud_proof)
{
	struct ec_bytes proof, header, path = {.data = (const uint8_t *)"\x80", .size = 1};
	struct ec_ledger *ledger = scene->cell.ledger;
	assert_int_equal(ec_ledger_receipt(ledger, &scene->id[seq - 1], &proof), EC_FOUND);
	assert_true(ec_ledger_header(ledger, anchor_seq, &header));
	if (anchor_seq > seq)
		assert_true(ec_ledger_inclusion(ledger, seq, anchor_seq, &path));
	assert_int_equal(proof.data[proof.size - 1], 0xf6); /* no anchor yet */
	size_t size_max = proof.size + cloud_proof.size + 2048;
	struct ec_bytes whole = ec_pool_take(scene->cell.pool, size_max);
	memcpy(ec_writable(whole), proof.data, proof.size - 1);
	struct ec_cbor_writer writer =
		ec_cbor_writer_over(ec_writable(whole) + proof.size - 1, size_max - proof.size);
	ec_cbor_write_array(&writer, 3);
	ec_cbor_write_bytes(&writer, cloud_proof.data, cloud_proof.size);
	ec_cbor_write_bytes(&writer, header.data, header.size);
	ec_cbor_write_item(&writer, path.data, path.size);
	assert_true(ec_cbor_writer_ok(&writer));
	size_t size = proof.size - 1 + writer.out.size;
	ec_drop(proof);
	ec_drop(header);
	ec_drop(path);
	return ec_slice(whole, 0, size);
}

static enum ec_verdict judge(const struct scene *scene, bool with_cloud, struct ec_bytes proof,
                             struct ec_proof_report *report)
{
	ec_proof_judge(scene->cell.world.genesis, with_cloud ? scene->cloud.world.genesis : NULL,
	               &ec_crypto_ed25519, proof, report);
	ec_proof_report_end(report);
	return report->verdict;
}

static void anchors_hold_and_nothing_near_them(void **state)
{
	(void)state;
	struct scene scene = scene_begin();
	static struct ec_proof_report report;
	static const uint64_t anchor_seq[] = {5, 3, 6};
	for (uint32_t k = 0; k < 3; k++) { /* later than the block, the block itself, certified */
		struct ec_bytes cloud = anchored(&scene, "anchor/north", anchor_seq[k]);
		struct ec_bytes proof = receipt(&scene, 3, anchor_seq[k], cloud);
		assert_int_equal(judge(&scene, true, proof, &report), EC_VALID);
		assert_true(report.anchored);
		assert_int_equal(report.anchor_seq, ec_ledger_at(scene.cloud.ledger).seq);
		assert_int_equal(judge(&scene, false, proof, &report), EC_UNUSABLE);
		assert_non_null(strstr(report.why, "--cloud FILE"));
		for (size_t i = 0; i < proof.size; i++) {
			ec_writable(proof)[i] ^= 1;
			if (judge(&scene, true, proof, &report) == EC_VALID)
				fail_msg("byte %zu of %zu may change", i, proof.size);
			assert_true(strlen(report.why) > 8);
			if (judge(&scene, false, proof, &report) == EC_VALID)
				fail_msg("byte %zu of %zu may change without a cloud", i,
				         proof.size);
			ec_writable(proof)[i] ^= 1;
		}
		ec_drop(proof);
		ec_drop(cloud);
	}
	scene_end(&scene);
}

static void refused(const struct scene *scene, struct ec_bytes proof, const char *reason)
{
	static struct ec_proof_report report;
	assert_int_equal(judge(scene, true, proof, &report), EC_INVALID);
	if (!strstr(report.why, reason))
		fail_msg("\"%s\" does not say \"%s\"", report.why, reason);
	ec_drop(proof);
}

static void anchors_of_others_are_refused(void **state)
{
	(void)state;
	struct scene scene = scene_begin();
	struct ec_bytes cloud = anchored(&scene, "anchor/south", 5);
	refused(&scene, receipt(&scene, 3, 5, cloud), "not about anchor/north");
	ec_drop(cloud);
	cloud = anchored(&scene, "anchor/north", 5);
	refused(&scene, receipt(&scene, 3, 4, cloud), "another header than the anchored one");
	ec_drop(cloud);
	cloud = anchored(&scene, "anchor/north", 2); /* before the block */
	struct ec_bytes proof = receipt(&scene, 3, 2, cloud);
	refused(&scene, proof, "anchor path");
	ec_drop(cloud);
	assert_int_equal(ec_ledger_receipt(scene.cell.ledger, &scene.id[2], &cloud), EC_FOUND);
	refused(&scene, receipt(&scene, 3, 5, cloud),
	        "the cloud: "); /* a proof of the cell's own */
	ec_drop(cloud);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anchors_hold_and_nothing_near_them),
		cmocka_unit_test(anchors_of_others_are_refused),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
