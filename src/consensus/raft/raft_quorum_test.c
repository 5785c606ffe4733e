/* raft_quorum_test.c - majorities: by a table of others, byte for byte, and by counting. */
#include "base/shared_test.h"
#include "base/test.h"
#include "consensus/raft/datadriven_test.h"
#include "consensus/raft/state.h"

#include <stdio.h>

enum { VOTERS_MAX = 16 };

struct table {
	int voters;
	char id[VOTERS_MAX][16], said[VOTERS_MAX][16];
	struct member member[VOTERS_MAX];
};

static void table_read(struct table *table, const struct block *block, const char *what)
{
	*table = (struct table){0};
	table->voters = block_values(block, "cfg", table->id, VOTERS_MAX);
	int said = block_values(block, what, table->said, VOTERS_MAX);
	assert_int_equal(said, table->voters);
	for (int i = 0; i < said; i++)
		table->member[i].match = strtoull(table->said[i], NULL, 10); /* "_" is 0 */
}

static uint64_t set_of(int voters)
{
	return ((uint64_t)1 << voters) - 1;
}

/* What each holds, and how many hold less. */
static void commit_print(const struct table *table, struct ec_text *text)
{
	int n = table->voters;
	if (!n) {
		ec_text_add(text, "<empty majority quorum>\xe2\x88\x9e\n");
		return;
	}
	ec_text_add(text, "%*s    idx\n", n, "");
	for (int i = 0; i < n; i++) {
		int less = 0;
		for (int k = 0; k < n; k++)
			less += table->member[k].match < table->member[i].match;
		bool known = table->said[i][0] != '_';
		for (int x = 0; known && x < less; x++)
			ec_text_add(text, "x");
		ec_text_add(text, "%s%*s %5u    (id=%s)\n", known ? ">" : "?", known ? n - less : n,
		            "", (unsigned)table->member[i].match, table->id[i]);
	}
	ec_text_add(text, "%u\n",
	            (unsigned)raft_quorum_index(table->member, set_of(n),
	                                        (uint32_t)ec_quorum_crash((uint64_t)n)));
}

static const char *vote_result(const struct table *table)
{
	uint64_t yes = 0, open = 0, quorum = ec_quorum_crash((uint64_t)table->voters);
	for (int i = 0; i < table->voters; i++) {
		yes += table->said[i][0] == 'y';
		open += table->said[i][0] == '_';
	}
	if (!table->voters || yes >= quorum)
		return "VoteWon\n";
	return yes + open >= quorum ? "VotePending\n" : "VoteLost\n";
}

static int judged(const char *name)
{
	char path[512], printed[EXPECTED_SIZE];
	struct blocks blocks;
	struct block block;
	struct table table;
	int count = 0;
	if (!ec_shared_path(path, sizeof path, name))
		return 0;
	assert_true(blocks_open(&blocks, path));
	for (; blocks_next(&blocks, &block); count++) {
		struct ec_text text = ec_text_over(printed, sizeof printed);
		bool votes = strncmp(block.command, "vote", 4) == 0;
		table_read(&table, &block, votes ? "votes" : "idx");
		if (votes)
			ec_text_add(&text, "%s", vote_result(&table));
		else
			commit_print(&table, &text);
		if (strcmp(printed, block.expected) != 0)
			fail_msg("%s:%d: expected\n%shappened\n%s", path, block.line,
			         block.expected, printed);
	}
	printf("%d tables of %s\n", count, name);
	assert_true(count > 10);
	return count;
}

static void majorities_are_those_of_others(void **state)
{
	(void)state;
	judged("vectors/etcd-raft/quorum/testdata/majority_commit.txt");
	judged("vectors/etcd-raft/quorum/testdata/majority_vote.txt");
}

/* The index is the largest that a majority has reached, of every way to hold 0 to 3 by 1 to 5. */
static void the_index_of_a_quorum_is_the_largest(void **state)
{
	struct member member[5] = {{0}};
	(void)state;
	for (uint32_t n = 1; n <= 5; n++)
		for (uint32_t way = 0; way < 1u << 2 * n; way++) {
			uint32_t quorum = (uint32_t)ec_quorum_crash(n), holders[5] = {0};
			for (uint32_t i = 0; i < n; i++) {
				member[i].match = way >> 2 * i & 3;
				for (ec_seq below = 0; below <= member[i].match; below++)
					holders[below]++;
			}
			ec_seq index = raft_quorum_index(member, set_of((int)n), quorum);
			assert_true(index == 0 || holders[index] >= quorum);
			assert_true(holders[index + 1] < quorum);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(majorities_are_those_of_others),
		cmocka_unit_test(the_index_of_a_quorum_is_the_largest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
