/* script_test.c - scripts are judged, rewritten and refused with their line. */
#include "base/test.h"
#include "sim/script.h"
#include "sim/sequencer.h"
#include "sim/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char RIGHT[] = "# One batch.\n\nnodes 3\n----\n\nsubmit a alpha\n----\n"
			    "a save propose 1 \"alpha\"\na -> * propose 1 \"alpha\"\n"
			    "a -> a ack 1\n\ncrash b\n----\nb lost 0 effects\n";

static const struct sim_protocol_entry *entry = &sim_sequencer_entry;

/* Runs a text as a script.  Out: what the file holds afterwards. */
static int run(const char *text, bool rewrite, char *after, size_t size)
{
	char path[] = "/tmp/edgecord-script-XXXXXX";
	int file = mkstemp(path);
	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
	close(file);
	int code = sim_script_run(entry, path, 0, rewrite);
	FILE *again = fopen(path, "rb");
	assert_non_null(again);
	after[fread(after, 1, size - 1, again)] = 0;
	fclose(again);
	unlink(path);
	return code;
}

static void what_happens_as_written_passes(void **state)
{
	(void)state;
	char after[4096];
	assert_int_equal(run(RIGHT, false, after, sizeof after), 0);
	assert_string_equal(after, RIGHT);
}

static void another_trace_fails_and_is_rewritten(void **state)
{
	(void)state;
	char wrong[sizeof RIGHT], after[4096];
	memcpy(wrong, RIGHT, sizeof RIGHT);
	*strstr(wrong, "ack 1") = 'o';
	assert_int_equal(run(wrong, false, after, sizeof after), 1);
	assert_string_equal(after, wrong);
	assert_int_equal(run(wrong, true, after, sizeof after), 0);
	assert_string_equal(after, RIGHT);
}

static void what_cannot_be_obeyed_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"nodes\n----\n",
		"nodes 99\n----\n",
		"nodes 0\n----\n",
		"----\n",
		"submit a alpha\n----\n",
		"nodes 3\nfly a\n----\n",
		"nodes 3\nsubmit z alpha\n----\n",
		"nodes 3\nsubmit a,b alpha\n----\n",
		"nodes 3\ndeliver a propose\n----\n",
		"nodes 3\ncrash a keeping\n----\n",
		"nodes 3\ncrash a\ncrash a\n----\n",
		"nodes 3\nrestart a\n----\n",
		"nodes 3\nfetched a ok\n----\n",
		"nodes 3\nequivocate a->b propose as beta\n----\n",
		"nodes 3\nrename a->b propose alpha as beta\n----\n",
		"nodes 3\nmutate a->b propose 99999999\n----\n",
		"nodes 3\nsubmit a alpha\nmutate a->b propose 1 0\n----\n",
		"nodes 3\nfork a b\n----\n",
		"nodes 3\nera a 2\n----\n",
		"nodes 3\ntick x\n----\n",
		"nodes 3\npin a 1 as b\n----\n",
		"nodes 3\ncheer a\n----\n",
		"nodes 3\n----\n\nroles a voter\n----\n",
		"nodes 3\nsubmit a 1 2 3 4 5 6 7 8 9 10 11 12 13\n----\n",
	};
	char after[4096];
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(run(bad[i], false, after, sizeof after), 2);
}

static bool verb_cheer(struct sim_script *script, struct sim_words *words)
{
	struct sim_host *host;
	char name[8];
	if (!sim_host_read(script, words->at[1], &host))
		return false;
	sim_say(script->world, "%s cheers", sim_name(host, name));
	return true;
}

static void a_protocol_brings_its_own_verbs(void **state)
{
	static const struct sim_verb verbs[] = {{"cheer", 2, 2, false, verb_cheer}, {.name = NULL}};
	struct sim_protocol_entry own = sim_sequencer_entry;
	const char *text = "nodes 3\n\ncheer b\n----\nb cheers\n";
	char after[4096];
	(void)state;
	own.verbs = verbs;
	entry = &own;
	assert_int_equal(run(text, false, after, sizeof after), 0);
	assert_int_equal(run("nodes 3\ncheer\n----\n", false, after, sizeof after), 2);
	assert_int_equal(run("nodes 3\ncheer z\n----\n", false, after, sizeof after), 2);
	entry = &sim_sequencer_entry;
}

static void figures_come_true_or_are_refused(void **state)
{
	static const char *const bad[] = {
		"nodes 2\nfigures 0 1 1\n----\n",
		"nodes 2\nfigures 1 1\n----\n",
		"nodes 2\nfigures 1 1 99\n----\n",
		"figures 1 1 1\n----\n",
		"nodes 2\ntick 1\nfigures 1 1 1\n----\n",
		"nodes 2\nblocks B\n----\n",
		"nodes 2\nblocks B<-Z\n----\n",
		"nodes 2\nblocks 0<-0\n----\n",
		"nodes 2\nblocks B<-0; B<-0\n----\n",
		"nodes 2\ngive b B\n----\n",
		"nodes 2\nblocks B<-0\ngive a B\n----\n",
		"nodes 2\nblocks B<-0\ncrash a\ngive b B\n----\n",
		"nodes 2\nblocks B<-0\ncrash b\ngive b B\n----\n",
		"nodes 3\neras b,c\nblocks B<-0\ngive b B\n----\n",
		"nodes 2\ncrash b\norder b\n----\n",
		"nodes 2\ntree z\n----\n",
	};
	const char *right = "nodes 2\nroles b learner\nfigures 1 9 9\n\n"
			    "blocks B<-0; C<-0; D<-B,C\ngive b D,B,C\norder b\ntree b\n----\n"
			    "b save block a1 \"B\"\nb deliver 1 \"B\"\n"
			    "b save block a2 \"C\"\nb save block a3 over 2 \"D\"\n"
			    "b undo 0\nb deliver 1 \"C\"\nb deliver 2 \"B\"\n"
			    "b deliver 3 \"D\"\nb follows C 1\nb follows D 3; blue B\n"
			    "b has B<-0 C<-0 D<-B,C\n";
	char after[4096];
	(void)state;
	entry = sim_protocol_find("ghostdag");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (run(bad[i], false, after, sizeof after) != 2)
			fail_msg("obeyed: %s", bad[i]);
	assert_int_equal(run(right, false, after, sizeof after), 0);
	entry = &sim_sequencer_entry;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_happens_as_written_passes),
		cmocka_unit_test(another_trace_fails_and_is_rewritten),
		cmocka_unit_test(what_cannot_be_obeyed_is_refused),
		cmocka_unit_test(a_protocol_brings_its_own_verbs),
		cmocka_unit_test(figures_come_true_or_are_refused),
	};
	if (!ec_crypto_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
