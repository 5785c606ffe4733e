/* cmd_store.c - `edgecord store`: keys and values of a group, and the leases that they live by. */
#include "cli/cmd_store.h"

#include "cli/commands.h"
#include "cli/option_numbers.h"

#include <stdlib.h>

enum {
	LEASE_OPTION = 256,
	VALUE_OPTION,
	MOD_OPTION,
	MISSING_OPTION,
	AFTER_OPTION,
	COUNT_OPTION,
	OTHER_OPTION
};
enum { LIMIT = 1000 };

static const struct argp_option options[] = {
	{NULL, 0, NULL, 0, "To write:", 1},
	{"key", 'k', "FILE", 0, "The writer's key file (default: $EDGECORD_KEY)", 1},
	{"lease", LEASE_OPTION, "ID", 0, "Of put and cas: the key goes when this lease ends", 1},
	{"if-value", VALUE_OPTION, "VALUE", 0, "Of cas: it has this value", 1},
	{"if-revision", MOD_OPTION, "N", 0, "Of cas: it was changed last by this revision", 1},
	{"if-missing", MISSING_OPTION, NULL, 0, "Of cas: there is no such key", 1},
	{NULL, 0, NULL, 0, "To read:", 2},
	{"at", 'a', "latest|local|certified", 0,
         "Which state: one that sees all that was acknowledged before (default), that of the "
         "node's last block, or one that a quorum certified",
         2},
	{"limit", 'l', "N", 0, "Of range: at most so many keys (default 1000)", 2},
	{"after", AFTER_OPTION, "KEY", 0, "Of range: only keys above this one", 2},
	{"revision", 'r', "N", 0, "Of watch: the first that is shown (default: the next one)", 2},
	{"count", COUNT_OPTION, "N", 0, "Of watch: end after so many changes", 2},
	{NULL, 0, NULL, 0, "To keep a copy:", 4},
	{"genesis", 'g', "FILE", 0,
         "Of snapshot, verify and restore: the genesis of the snapshot's group", 4},
	{"other-network", OTHER_OPTION, NULL, 0, "Of restore: the node is of another network", 4},
	{0},
};

static const struct ec_store_verb verbs[] = {
	{"put", 2, 2, ec_store_put},
	{"get", 1, 1, ec_store_get},
	{"delete", 1, 1, ec_store_delete},
	{"cas", 2, 2, ec_store_cas},
	{"range", 0, 1, ec_store_range},
	{"txn", 0, EC_STORE_LINES_MAX, ec_store_txn},
	{"watch", 0, 1, ec_store_watch},
	{"lease", 2, 3, ec_store_lease},
	{"snapshot", 1, 1, ec_store_snapshot},
	{"verify", 1, 1, ec_store_verify},
	{"restore", 1, 1, ec_store_restore},
	{"abandon", 0, 0, ec_store_abandon},
	{"own", 2, 2, ec_store_own},
	{"owners", 0, 1, ec_store_owners},
	{NULL, 0, 0, NULL},
};

static enum ec_door_at at_read(struct argp_state *state, const char *text)
{
	static const char *const names[] = {"local", "certified", "latest"};
	for (int i = 0; i < 3; i++)
		if (strcmp(text, names[i]) == 0)
			return (enum ec_door_at)i;
	argp_error(state, "--at takes latest, local or certified, not '%s'", text);
	return EC_AT_LATEST;
}

static void verb_take(struct argp_state *state, struct ec_store_command *out, char *word)
{
	if (out->verb) {
		if (out->words == EC_STORE_LINES_MAX)
			argp_error(state, "more than %d words", EC_STORE_LINES_MAX);
		out->word[out->words++] = word;
		return;
	}
	for (const struct ec_store_verb *verb = verbs; verb->name; verb++)
		if (strcmp(word, verb->name) == 0)
			out->verb = verb;
	if (!out->verb)
		argp_error(state,
		           "'%s' is none of put, get, delete, cas, range, txn, watch, lease, "
		           "own, owners, snapshot, verify, restore, abandon",
		           word);
}

/* What is said of something that was not asked for is refused, never ignored. */
static void finish(struct argp_state *state, const struct ec_store_command *said)
{
	const struct ec_store_verb *verb = said->verb;
	if (!verb)
		argp_error(state, "what is to be done? put, get, delete, cas, range, txn, watch, "
		                  "lease, own, owners, snapshot, verify, restore or abandon");
	if (said->words < verb->words_min || said->words > verb->words_max)
		argp_error(state, "%s takes other words; see --help", verb->name);
	bool cas = verb->run == ec_store_cas, range = verb->run == ec_store_range;
	bool watch = verb->run == ec_store_watch;
	if (said->conditions != (cas ? 1 : 0))
		argp_error(state, "cas takes one of --if-value, --if-revision and --if-missing, "
		                  "and nothing else does");
	if (said->lease && !cas && verb->run != ec_store_put)
		argp_error(state, "--lease is of put and cas");
	if ((said->after || said->has_limit) && !range)
		argp_error(state, "--limit and --after are of range");
	if ((said->revision || said->count) && !watch)
		argp_error(state, "--revision and --count are of watch");
	if (said->genesis && verb->run != ec_store_snapshot && verb->run != ec_store_verify &&
	    verb->run != ec_store_restore)
		argp_error(state, "--genesis is of snapshot, verify and restore");
	if (said->other_network && verb->run != ec_store_restore)
		argp_error(state, "--other-network is of restore");
	if (said->has_at && !range && verb->run != ec_store_get && verb->run != ec_store_owners)
		argp_error(state, "--at is of get, range and owners");
}

static error_t parse_condition(int key, char *argument, struct argp_state *state)
{
	struct ec_store_command *out = state->input;
	switch (key) {
	case VALUE_OPTION:
		out->if_value = argument;
		out->conditions++;
		return 0;
	case MOD_OPTION:
		out->if_revision = ec_option_whole(state, "if-revision", argument, 1, INT64_MAX);
		out->conditions++;
		return 0;
	case MISSING_OPTION:
		out->conditions++;
		return 0;
	case OTHER_OPTION:
		out->other_network = true;
		return 0;
	case LEASE_OPTION:
		out->lease = ec_option_whole(state, "lease", argument, 1, INT64_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct ec_store_command *out = state->input;
	switch (key) {
	case 'k':
		out->key = argument;
		return 0;
	case 'a':
		out->at = at_read(state, argument);
		out->has_at = true;
		return 0;
	case 'l':
		out->limit = ec_option_whole(state, "limit", argument, 1, EC_DOOR_LIMIT_MAX - 1);
		out->has_limit = true;
		return 0;
	case AFTER_OPTION:
		out->after = argument;
		return 0;
	case 'g':
		out->genesis = argument;
		return 0;
	case 'r':
		out->revision = ec_option_whole(state, "revision", argument, 1, INT64_MAX);
		return 0;
	case COUNT_OPTION:
		out->count = ec_option_whole(state, "count", argument, 1, INT64_MAX);
		return 0;
	case ARGP_KEY_ARG:
		verb_take(state, out, argument);
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &out->client;
		return 0;
	case ARGP_KEY_END:
		finish(state, out);
		return 0;
	default:
		return parse_condition(key, argument, state);
	}
}

int ec_cmd_store(int argc, char **argv)
{
	static const struct argp_child children[] = {{&ec_client_argp, 0, NULL, 3}, {0}};
	static const struct argp argp = {
		options,
		parse,
		"put KEY VALUE\n"
		"get KEY\n"
		"delete KEY\n"
		"cas KEY VALUE\n"
		"range [PREFIX]\n"
		"txn [LINE...]\n"
		"watch [PREFIX]\n"
		"lease grant SECONDS [ID]\n"
		"lease keep|revoke ID\n"
		"own PREFIX KEY|ROLE[,ROLE...]|nobody\n"
		"owners [PREFIX]\n"
		"snapshot|verify|restore FILE\n"
		"abandon",
		"Keeps keys and values in a group whose genesis has a store (`edgecord init "
		"--store`).\v"
		"KEY and VALUE are text, or 0x and hexadecimal; the VALUE - is what comes on "
		"standard input.  A transaction's LINEs, from standard input when there are none:\n"
		"  if KEY value|mod|create|version|lease =|!=|<|> OPERAND\n"
		"  then|else put KEY VALUE, put@LEASE KEY VALUE, or delete KEY\n"
		"Examples:\n"
		"  edgecord store put site/limit 40 --key home.key\n"
		"  edgecord store cas site/leader gw1 --if-missing --lease 7 --key gw.key\n"
		"  edgecord store txn 'if a mod = 3' 'then put a 1' 'else delete b' --key gw.key\n"
		"  edgecord store watch site/ --revision 1 --json\n"
		"  edgecord store snapshot copy --genesis cell1/genesis\n"
		"Under a PREFIX that has an owner, which ends in a slash, only its owner writes; "
		"an operator gives away what is nobody's.\n"
		"A snapshot is all keys at one revision, with their proofs: `verify` needs no "
		"node. Keys that are bound to a lease are not restored. An operator (a member's "
		"identity.key) restores into a store without keys; nobody sees a part of it. One "
		"that was cut off is done again, or abandoned, which empties the store. A lease's "
		"SECONDS are those of community time; it may last three more.\n"
		"Exit code 0: done; 1: refused, or no answer; 2: usage; 3: there is no such key; "
		"4: a compare did not hold; 5: the revision to watch from is compacted.",
		children,
		NULL,
		NULL};
	static struct ec_store_command command;
	const char *key = getenv("EDGECORD_KEY");
	command = (struct ec_store_command){.client = ec_client_options_usual(argv[0]),
	                                    .key = key && *key ? key : NULL,
	                                    .at = EC_AT_LATEST,
	                                    .limit = LIMIT};
	argp_parse(&argp, argc, argv, 0, NULL, &command);
	return command.verb->run(&command);
}
