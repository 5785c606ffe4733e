/* anchor_day_test.c - a cell's ledger and a cloud's: anchors as members make them. */
#include "base/test.h"
#include "crypto/hash.h"
#include "ledger/proof.h"
#include "ledger/test_day.h"
#include "tiers/anchors.h"

#include <stdlib.h>

enum { PAYLOAD_MAX = 7000 };

struct scene {
	struct day cell, cloud;
	struct ec_anchor last; /* as the cloud has it; seq 0: none */
	uint64_t sequence;
};

static const struct ec_service *const cloud_services[] = {&ec_anchors, NULL};

static void scene_begin(struct scene *scene)
{
	*scene = (struct scene){.cell = day_begin(0, NULL)};
	struct ec_cell_entry cell = {
		.name = "cell1",
		.genesis = {.data = scene->cell.world.file, .size = scene->cell.world.file_size}};
	scene->cloud = day_begin_plan(
		(struct world_plan){
			.group = "cloud", .members = 4, .authors = 2, .cell = &cell, .cells = 1},
		cloud_services);
}

static void scene_end(struct scene *scene)
{
	day_end(&scene->cell);
	day_end(&scene->cloud);
}

static void cell_blocks(struct scene *scene, uint64_t count)
{
	static uint64_t sequence;
	for (uint64_t i = 0; i < count; i++)
		day_note_deliver(&scene->cell, 0, 5, ++sequence, NULL);
}

/* Submits the cell's newest header to the cloud.  Returns: the result. */
static unsigned anchor(struct scene *scene)
{
	uint8_t payload[PAYLOAD_MAX], certificate_bytes[EC_CERTIFICATE_SIZE_MAX];
	struct ec_ledger *ledger = scene->cell.ledger;
	struct ec_bytes links, header, consistency = EC_NO_BYTES, last = EC_NO_BYTES;
	uint64_t seq = ec_ledger_at(ledger).seq;
	ec_hash id;
	assert_true(ec_ledger_header(ledger, seq, &header));
	assert_true(ec_ledger_era_links(ledger, &links));
	if (scene->last.seq > 0 && scene->last.seq < seq) {
		assert_true(ec_ledger_consistency(ledger, scene->last.seq - 1, seq, &consistency));
		assert_true(ec_ledger_inclusion(ledger, scene->last.seq, seq, &last));
	}
	ec_hash hash = ec_header_hash(header);
	struct ec_certificate certificate =
		world_certificate(day_header(&scene->cell, seq).era, &hash, 3);
	size_t size =
		ec_certificate_write(&certificate, certificate_bytes, sizeof certificate_bytes);
	struct ec_anchor_plan plan = {.cell = "cell1",
	                              .links = links,
	                              .header = header,
	                              .certificate = {.data = certificate_bytes, .size = size},
	                              .consistency = consistency,
	                              .last = last};
	size = ec_anchor_payload(&plan, payload, sizeof payload);
	assert_true(size > 0);
	struct ec_batch_item item =
		world_envelope(&scene->cloud.world, 0, 0, ++scene->sequence, payload, size, &id);
	assert_true(day_deliver(&scene->cloud, 0, true, &item, 1));
	ec_drop(links);
	ec_drop(header);
	ec_drop(consistency);
	ec_drop(last);
	return day_code(&scene->cloud, &id);
}

static void anchored_verify(struct scene *scene)
{
	uint8_t name[EC_NAME_MAX];
	struct ec_bytes value;
	assert_true(
		ec_ledger_get(scene->cloud.ledger, name, ec_anchor_name("cell1", name), &value));
	assert_true(ec_anchor_read(value, &scene->last));
	assert_int_equal(scene->last.seq, ec_ledger_at(scene->cell.ledger).seq);
	ec_hash header = ec_ledger_at(scene->cell.ledger).header;
	assert_memory_equal(&scene->last.header, &header, sizeof header);
}

static void every_next_height_is_taken(void **state)
{
	(void)state;
	struct scene scene;
	scene_begin(&scene);
	for (uint64_t step = 1; step <= 9; step++) {
		cell_blocks(&scene, step);
		assert_int_equal(anchor(&scene), EC_RESULT_DONE);
		anchored_verify(&scene);
		assert_int_equal(anchor(&scene), EC_RESULT_RULE); /* a repeat */
	}
	scene_end(&scene);
}

static void two_eras_and_an_outage_between(void **state)
{
	(void)state;
	struct scene scene;
	scene_begin(&scene);
	cell_blocks(&scene, 3);
	assert_int_equal(anchor(&scene), EC_RESULT_DONE);
	anchored_verify(&scene);
	cell_blocks(&scene, 20); /* none of which reaches the cloud */
	day_era(&scene.cell, 4);
	cell_blocks(&scene, 4);
	day_era(&scene.cell, 4);
	cell_blocks(&scene, 4);
	assert_int_equal(anchor(&scene), EC_RESULT_DONE);
	anchored_verify(&scene);
	cell_blocks(&scene, 1);
	assert_int_equal(anchor(&scene), EC_RESULT_DONE); /* with links that lie behind */
	anchored_verify(&scene);
	scene_end(&scene);
}

/* A cell that loses its newest blocks and goes another way is found out for good. */
static void an_old_backup_is_refused(void **state)
{
	(void)state;
	struct scene scene;
	scene_begin(&scene);
	cell_blocks(&scene, 6);
	uint64_t backup = ec_ledger_at(scene.cell.ledger).position;
	cell_blocks(&scene, 4);
	assert_int_equal(anchor(&scene), EC_RESULT_DONE);
	anchored_verify(&scene);
	ec_ledger_undo(scene.cell.ledger, backup);
	for (int i = 0; i < 8; i++) {
		cell_blocks(&scene, 1);
		assert_int_equal(anchor(&scene), EC_RESULT_RULE);
	}
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_next_height_is_taken),
		cmocka_unit_test(two_eras_and_an_outage_between),
		cmocka_unit_test(an_old_backup_is_refused),
	};
	assert_true(ec_crypto_start());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
