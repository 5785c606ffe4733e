/* merkle_test.c - the tree against the definitions of RFC 9162, and vectors of others. */
#include "crypto/merkle.h"

#include "base/shared_test.h"
#include "base/test.h"

#include <dirent.h>
#include <jansson.h>
#include <sodium.h>

enum { SIZES = 70, PROOF_MAX = 128 };

static ec_hash leaves[SIZES];

static int leaves_make(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < SIZES; i++)
		leaves[i] = ec_merkle_leaf(&i, sizeof i);
	return 0;
}

/* The definitions of RFC 9162, written down as they stand there. */

static uint64_t split(uint64_t count)
{
	uint64_t k = 1;
	while (2 * k < count)
		k *= 2;
	return k;
}

static ec_hash mth(const ec_hash *leaf, uint64_t count)
{
	if (count == 0)
		return ec_sha256("", 0);
	if (count == 1)
		return leaf[0];
	uint64_t k = split(count);
	ec_hash left = mth(leaf, k), right = mth(leaf + k, count - k);
	return ec_merkle_node(&left, &right);
}

/* PATH(m, D_n) of 2.1.3.1. */
static uint32_t path_naive(const ec_hash *leaf, uint64_t count, uint64_t m, ec_hash *path)
{
	if (count == 1)
		return 0;
	uint64_t k = split(count);
	uint32_t length;
	if (m < k) {
		length = path_naive(leaf, k, m, path);
		path[length] = mth(leaf + k, count - k);
	} else {
		length = path_naive(leaf + k, count - k, m - k, path);
		path[length] = mth(leaf, k);
	}
	return length + 1;
}

/* SUBPROOF(m, D_n, b) of 2.1.4.1. */
static uint32_t subproof(const ec_hash *leaf, uint64_t count, uint64_t m, bool whole, ec_hash *path)
{
	if (m == count) {
		if (whole)
			return 0;
		path[0] = mth(leaf, count);
		return 1;
	}
	uint64_t k = split(count);
	uint32_t length;
	if (m <= k) {
		length = subproof(leaf, k, m, whole, path);
		path[length] = mth(leaf + k, count - k);
	} else {
		length = subproof(leaf + k, count - k, m - k, false, path);
		path[length] = mth(leaf, k);
	}
	return length + 1;
}

/* Where a history keeps its nodes: here they are made each time; `missing` counts down. */
struct kept {
	uint64_t count;
	uint32_t missing; /* the how-manieth question gets no answer; 0: all do */
};

static bool node_kept(void *self, uint32_t level, uint64_t index, ec_hash *out)
{
	struct kept *kept = self;
	uint64_t size = (uint64_t)1 << level;
	assert_true((index + 1) * size <= kept->count);
	if (kept->missing && --kept->missing == 0)
		return false;
	*out = mth(leaves + index * size, size);
	return true;
}

static void root_and_frontier_are_the_definition(void **state)
{
	(void)state;
	struct ec_frontier frontier = {0};
	for (uint64_t count = 0; count <= SIZES; count++) {
		ec_hash expected = mth(leaves, count), root = ec_merkle_root(leaves, count);
		assert_true(ec_hash_equal(&root, &expected));
		root = ec_frontier_root(&frontier);
		assert_true(ec_hash_equal(&root, &expected));
		assert_int_equal(frontier.count, count);
		if (count < SIZES)
			ec_frontier_add(&frontier, &leaves[count]);
	}
}

static void paths_are_the_definition_and_lead_to_the_root(void **state)
{
	(void)state;
	for (uint64_t count = 1; count <= SIZES; count++) {
		ec_hash top = mth(leaves, count);
		struct kept kept = {.count = count};
		for (uint64_t index = 0; index < count; index++) {
			ec_hash naive[PROOF_MAX], path[EC_MERKLE_PATH_MAX], root;
			uint32_t length = path_naive(leaves, count, index, naive);
			assert_int_equal(ec_merkle_path(leaves, count, index, path), length);
			assert_memory_equal(path, naive, length * sizeof path[0]);
			assert_int_equal(ec_merkle_path_from(node_kept, &kept, count, index, path),
			                 length);
			assert_memory_equal(path, naive, length * sizeof path[0]);
			assert_true(ec_merkle_path_root(&leaves[index], index, count, path, length,
			                                &root));
			assert_true(ec_hash_equal(&root, &top));
		}
	}
}

static void a_path_fits_no_other_place(void **state)
{
	(void)state;
	for (uint64_t count = 1; count <= 20; count++) {
		ec_hash top = mth(leaves, count);
		for (uint64_t index = 0; index < count; index++) {
			ec_hash path[EC_MERKLE_PATH_MAX + 1] = {0}, root;
			uint32_t length = ec_merkle_path(leaves, count, index, path);
			for (uint64_t other = 0; other < count + 2; other++) {
				bool formed = ec_merkle_path_root(&leaves[index], other, count,
				                                  path, length, &root);
				bool same = formed && ec_hash_equal(&root, &top);
				assert_int_equal(same, other == index);
			}
			const ec_hash *leaf = &leaves[index];
			assert_false(
				ec_merkle_path_root(leaf, index, count, path, length + 1, &root));
			if (length)
				assert_false(ec_merkle_path_root(leaf, index, count, path,
				                                 length - 1, &root));
		}
	}
}

static void consistency_is_the_definition_and_holds(void **state)
{
	(void)state;
	for (uint64_t count = 1; count <= SIZES; count++) {
		ec_hash new_root = mth(leaves, count);
		struct kept kept = {.count = count};
		for (uint64_t old = 1; old <= count; old++) {
			ec_hash naive[PROOF_MAX], path[EC_MERKLE_PATH_MAX];
			ec_hash old_root = mth(leaves, old);
			uint32_t length = subproof(leaves, count, old, true, naive);
			assert_int_equal(
				ec_merkle_consistency_from(node_kept, &kept, old, count, path),
				length);
			assert_memory_equal(path, naive, length * sizeof path[0]);
			assert_true(ec_merkle_consistent(old, &old_root, count, &new_root, path,
			                                 length));
			assert_false(ec_merkle_consistent(old, &leaves[0], count, &new_root, path,
			                                  length) &&
			             old > 1);
			for (uint32_t i = 0; i < length; i++) {
				path[i].b[i % 32] ^= 1;
				assert_false(ec_merkle_consistent(old, &old_root, count, &new_root,
				                                  path, length));
				path[i].b[i % 32] ^= 1;
			}
		}
	}
}

static void a_missing_node_is_said(void **state)
{
	(void)state;
	ec_hash path[EC_MERKLE_PATH_MAX];
	struct kept kept = {.count = SIZES};
	for (kept.missing = 1; kept.missing < 4;) {
		uint32_t question = kept.missing;
		assert_int_equal(ec_merkle_path_from(node_kept, &kept, SIZES, 3, path), UINT32_MAX);
		kept.missing = question;
		assert_int_equal(ec_merkle_consistency_from(node_kept, &kept, 3, SIZES, path),
		                 UINT32_MAX);
		kept.missing = question + 1;
	}
}

/* Vectors of github.com/transparency-dev/merkle. */

static bool hash_of(json_t *text, ec_hash *hash)
{
	const char *base64 = json_string_value(text);
	size_t size = 0;
	if (!base64)
		return false;
	return sodium_base642bin(hash->b, sizeof hash->b, base64, strlen(base64), NULL, &size, NULL,
	                         sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       size == sizeof hash->b;
}

/* Some roots are words instead of hashes: their hash stands for them, equal if they are equal. */
static void root_of(json_t *text, ec_hash *root)
{
	if (!hash_of(text, root))
		*root = ec_sha256(json_string_value(text), json_string_length(text));
}

/* Small numbers, and 2^64 - 1, which is beyond the integers of jansson. */
static uint64_t number_of(json_t *json, const char *name)
{
	double value = json_number_value(json_object_get(json, name));
	return value >= 0x1p64 ? UINT64_MAX : (uint64_t)value;
}

/* Returns: whether our verifier accepts the vector.  A hash that is not one of 32 bytes cannot even
 * be passed to it. */
static bool vector_accepted(json_t *json)
{
	ec_hash path[PROOF_MAX], old_root, new_root, root, leaf;
	json_t *proof = json_object_get(json, "proof"), *step;
	size_t i;
	assert_true(json_array_size(proof) <= PROOF_MAX);
	json_array_foreach(proof, i, step) if (!hash_of(step, &path[i])) return false;
	uint32_t length = (uint32_t)json_array_size(proof);
	if (json_object_get(json, "leafIdx")) {
		if (!hash_of(json_object_get(json, "root"), &root) ||
		    !hash_of(json_object_get(json, "leafHash"), &leaf))
			return false;
		ec_hash found;
		return ec_merkle_path_root(&leaf, number_of(json, "leafIdx"),
		                           number_of(json, "treeSize"), path, length, &found) &&
		       ec_hash_equal(&found, &root);
	}
	root_of(json_object_get(json, "root1"), &old_root);
	root_of(json_object_get(json, "root2"), &new_root);
	return ec_merkle_consistent(number_of(json, "size1"), &old_root, number_of(json, "size2"),
	                            &new_root, path, length);
}

struct tally {
	uint32_t good, tampered;
};

static void vector_check(const char *path, struct tally *tally)
{
	json_t *json = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL);
	assert_non_null(json);
	bool wanted = !json_is_true(json_object_get(json, "wantErr"));
	if (vector_accepted(json) != wanted)
		fail_msg("%s: %s", path, wanted ? "refused" : "accepted");
	tally->good += wanted;
	tally->tampered += !wanted;
	json_decref(json);
}

static void folder_check(const char *folder, struct tally *tally, int depth)
{
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	assert_true(depth < 4);
	for (struct dirent *entry; (entry = readdir(dir));) {
		char path[1024];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		if (entry->d_type == DT_DIR)
			folder_check(path, tally, depth + 1);
		else
			vector_check(path, tally);
	}
	closedir(dir);
}

static void vectors_good_and_tampered(void **state)
{
	(void)state;
	static const char *const kinds[] = {"inclusion", "consistency"};
	for (size_t i = 0; i < 2; i++) {
		char name[64], path[512];
		struct tally tally = {0};
		snprintf(name, sizeof name, "vectors/rfc6962-merkle/testdata/%s", kinds[i]);
		if (!ec_shared_path(path, sizeof path, name))
			return;
		folder_check(path, &tally, 0);
		printf("%s: %u good accepted, %u tampered refused\n", kinds[i], tally.good,
		       tally.tampered);
		assert_true(tally.good > 5 && tally.tampered > 50);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_and_frontier_are_the_definition),
		cmocka_unit_test(paths_are_the_definition_and_lead_to_the_root),
		cmocka_unit_test(a_path_fits_no_other_place),
		cmocka_unit_test(consistency_is_the_definition_and_holds),
		cmocka_unit_test(a_missing_node_is_said),
		cmocka_unit_test(vectors_good_and_tampered),
	};
	return cmocka_run_group_tests(tests, leaves_make, NULL);
}
