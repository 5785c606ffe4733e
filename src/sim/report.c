/* report.c - outcomes in words and in JSON. */
#include "sim/report.h"

#include <limits.h>
#include <stdio.h>

enum { COMMAND_SIZE = PATH_MAX + 256 };

/* Faults that a protocol for crashes only is spared. */
static bool byzantine_only(enum sim_count count)
{
	return (count >= SIM_EQUIVOCATED && count <= SIM_FORGOT) ||
	       (count >= SIM_LIAR_1 && count <= SIM_LIAR_9) || count == SIM_BLAME;
}

/* What comes only where members are missed and brought back. */
static bool of_those_who_go_on(enum sim_count count)
{
	return count == SIM_FETCH || count == SIM_FETCH_ABSENT || count == SIM_FETCH_FAILED ||
	       count == SIM_CALM || count == SIM_AMBUSH;
}

/* Whether worlds of this protocol must see it. */
static bool expected(const struct sim_protocol_entry *entry, enum sim_count count)
{
	for (const enum sim_count *never = entry->never; never && *never != SIM_COUNT_KINDS;
	     never++)
		if (*never == count)
			return false;
	if (count == SIM_QUEUE_OVERFLOW)
		return !entry->plain && !entry->tells_all;
	if ((count >= SIM_LEDGER_WORLD && count <= SIM_LEDGER_TWIN) || count == SIM_CLOCK_JUMP)
		return entry->ledger;
	if (count == SIM_FINAL_CONFLICT)
		return false; /* a protocol may be better than it promises */
	if (count == SIM_JUNK_SUBMITTED || count == SIM_JUNK_DELIVERED ||
	    count == SIM_SECRETS_CHECKED)
		return entry->protocol->sealed;
	if (count == SIM_UNDO || count == SIM_PINNED)
		return entry->revisable != NULL;
	if (count == SIM_PROMISES_CHECKED)
		return entry->promises_equal != NULL;
	if (count == SIM_ASKED_TO_LEAD)
		return entry->protocol->hands_over;
	if (of_those_who_go_on(count) && !sim_entry_goes_on(entry))
		return false;
	return entry->protocol->byzantine || !byzantine_only(count);
}

static uint64_t rule_fired(const struct sim_counts *counts, const char *name)
{
	for (int i = 0; i < SIM_RULES_MAX; i++)
		if (strcmp(counts->rule_name[i], name) == 0)
			return counts->rule[i];
	return 0;
}

struct sim_verdict sim_judge(const struct sim_order *order, const struct sim_outcome *outcome)
{
	const struct sim_counts *counts = &outcome->counts;
	struct sim_verdict verdict = {.clean = outcome->failed == 0};
	if (order->wish.colluders) {
		verdict.forks_rare = counts->forked * 100 < counts->seeds * 95;
		verdict.clean &= !verdict.forks_rare && counts->forks_reported == counts->forked;
		return verdict;
	}
	bool all = order->count >= SIM_SEEDS_FOR_ALL && !order->wish.bug &&
	           order->wish.members == UINT32_MAX && order->wish.byzantine == UINT32_MAX &&
	           !order->wish.other;
	if (!all)
		return verdict;
	for (int i = 0; i < SIM_COUNT_KINDS; i++)
		if (expected(order->entry, (enum sim_count)i))
			verdict.silent += counts->fired[i] == 0;
	for (const char *const *rule = order->entry->rules; rule && *rule; rule++)
		verdict.silent += rule_fired(counts, *rule) == 0;
	verdict.clean &= verdict.silent == 0;
	return verdict;
}

/* The command that lives one world of this order again, as its user can type it. */
static void replay_command(const struct sim_order *order, uint64_t seed, struct ec_text *text)
{
	ec_text_add(text, "%s --protocol %s --seed %llu", order->program,
	            order->entry->protocol->name, (unsigned long long)seed);
	if (order->wish.other)
		ec_text_add(text, " --then %s", order->wish.other->protocol->name);
	if (order->wish.members != UINT32_MAX)
		ec_text_add(text, " --nodes %u", order->wish.members);
	if (order->wish.byzantine != UINT32_MAX)
		ec_text_add(text, " --byzantine %u", order->wish.byzantine);
	if (order->wish.colluders == UINT32_MAX)
		ec_text_add(text, " --colluders");
	else if (order->wish.colluders)
		ec_text_add(text, " --colluders=%u", order->wish.colluders);
	if (order->wish.adversary)
		ec_text_add(text, " --adversary");
	if (order->wish.ledger)
		ec_text_add(text, " --ledger");
	if (order->wish.bug)
		ec_text_add(text, " --bug %u", order->wish.bug);
	ec_text_add(text, " --trace");
}

static void plan_print(const struct sim_plan *plan)
{
	static const char *const mischief[] = {"withhold",   "delay",   "mutate", "replay",
	                                       "equivocate", "amnesia", "lie",    "mute",
	                                       "swap",       "junk"};
	printf("members %u, Byzantine %u", plan->members, plan->byzantine);
	for (uint32_t i = 0; i < plan->members; i++) {
		if (!plan->mischief[i])
			continue;
		printf("%s%c:", i ? ", " : " ", (char)('a' + i));
		for (int k = 0; k < 10; k++)
			if (plan->mischief[i] >> k & 1)
				printf(" %s", mischief[k]);
	}
	printf("\nbatches %u, eras %u, faults for %.0f s, one in %.2f s\n", plan->batches,
	       plan->eras, (double)plan->chaos_ns / 1e9, (double)plan->fault_ns / 1e9);
	printf("weights: crash %u, link %u, partition %u, one-way %u, stall %u, slow %u, clock %u, "
	       "isolate %u\n",
	       plan->crash, plan->breaks, plan->partition, plan->block, plan->stall, plan->slow,
	       plan->jump, plan->isolate);
	printf("delay %.2f-%.2f ms, sync %.2f-%.2f ms, bodies late %u per mille%s%s%s%s\n",
	       (double)plan->delay_min_ns / 1e6, (double)plan->delay_max_ns / 1e6,
	       (double)plan->sync_min_ns / 1e6, (double)plan->sync_max_ns / 1e6,
	       plan->body_lost_permille, plan->twins_check ? ", a copy of each step" : "",
	       plan->moves             ? ", real members with ledgers, who come and go"
	       : plan->ledger          ? ", real members with ledgers"
	       : plan->real_signatures ? ", real signatures"
	                               : "",
	       plan->options_text[0] ? ", " : "", plan->options_text);
}

static double ratio(const struct sim_counts *counts)
{
	return counts->core_ns ? (double)counts->virtual_ns / (double)counts->core_ns : 0;
}

static void counts_print(const struct sim_order *order, const struct sim_counts *counts)
{
	for (int i = 0; i < SIM_COUNT_KINDS; i++)
		printf("  %10llu  %s\n", (unsigned long long)counts->fired[i],
		       sim_count_text((enum sim_count)i));
	for (const char *const *rule = order->entry->rules; rule && *rule; rule++)
		printf("  %10llu  rule: %s\n", (unsigned long long)rule_fired(counts, *rule),
		       *rule);
	for (int i = 0; i < SIM_RULES_MAX && counts->rule_name[i][0]; i++) {
		bool listed = false;
		for (const char *const *rule = order->entry->rules; rule && *rule; rule++)
			listed |= strcmp(*rule, counts->rule_name[i]) == 0;
		if (!listed)
			printf("  %10llu  rule: %s\n", (unsigned long long)counts->rule[i],
			       counts->rule_name[i]);
	}
}

static void failures_print(const struct sim_order *order, const struct sim_outcome *outcome)
{
	for (uint32_t i = 0; i < outcome->failures; i++) {
		char command[COMMAND_SIZE];
		struct ec_text text = ec_text_over(command, sizeof command);
		replay_command(order, outcome->failure[i].seed, &text);
		printf("seed %llu: %s\n  replay: %s\n",
		       (unsigned long long)outcome->failure[i].seed, outcome->failure[i].text,
		       command);
	}
}

void sim_report_text(const struct sim_order *order, const struct sim_outcome *outcome,
                     const struct sim_verdict *verdict)
{
	const struct sim_counts *counts = &outcome->counts;
	char hex[65];
	struct ec_text text = ec_text_over(hex, sizeof hex);
	if (order->count == 1 && outcome->plan.members)
		plan_print(&outcome->plan);
	counts_print(order, counts);
	failures_print(order, outcome);
	printf("steps %llu, messages %llu, delivered %llu, duplicates %llu, refused %llu, views "
	       "%llu\n",
	       (unsigned long long)counts->steps, (unsigned long long)counts->messages,
	       (unsigned long long)counts->delivered, (unsigned long long)counts->duplicates,
	       (unsigned long long)counts->refused, (unsigned long long)counts->views);
	if (order->wish.colluders)
		printf("forked %llu of %llu worlds, reported %llu\n",
		       (unsigned long long)counts->forked, (unsigned long long)counts->seeds,
		       (unsigned long long)counts->forks_reported);
	if (order->count == 1) {
		ec_text_add_hex(&text, outcome->hash.b, 32);
		printf("final state %s\n", hex);
	}
	printf("%llu worlds, %.1f virtual s, %.1f s of one core, %.0f x real time, %.1f s\n",
	       (unsigned long long)counts->seeds, (double)counts->virtual_ns / 1e9,
	       (double)counts->core_ns / 1e9, ratio(counts), (double)outcome->wall_ns / 1e9);
	if (verdict->silent)
		printf("%u faults or rules never fired\n", verdict->silent);
	if (verdict->forks_rare)
		printf("the colluders forked the order in fewer than 95 of 100 worlds\n");
	printf("%s\n", verdict->clean ? "clean" : "VIOLATION");
}

void sim_json_text(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar((unsigned char)*text < ' ' ? ' ' : *text);
	}
	putchar('"');
}

static void json_failures(const struct sim_order *order, const struct sim_outcome *outcome)
{
	printf("\"failures\":[");
	for (uint32_t i = 0; i < outcome->failures; i++) {
		char command[COMMAND_SIZE];
		struct ec_text text = ec_text_over(command, sizeof command);
		replay_command(order, outcome->failure[i].seed, &text);
		printf("%s{\"seed\":%llu,\"violation\":", i ? "," : "",
		       (unsigned long long)outcome->failure[i].seed);
		sim_json_text(outcome->failure[i].text);
		printf(",\"replay\":");
		sim_json_text(command);
		printf("}");
	}
	printf("]");
}

void sim_report_json(const struct sim_order *order, const struct sim_outcome *outcome,
                     const struct sim_verdict *verdict)
{
	const struct sim_counts *counts = &outcome->counts;
	char hex[65];
	struct ec_text text = ec_text_over(hex, sizeof hex);
	ec_text_add_hex(&text, outcome->hash.b, 32);
	printf("{\"protocol\":\"%s\",\"seeds\":%llu,\"clean\":%s,\"failed\":%llu,\"silent\":%u,",
	       order->entry->protocol->name, (unsigned long long)counts->seeds,
	       verdict->clean ? "true" : "false", (unsigned long long)outcome->failed,
	       verdict->silent);
	printf("\"virtual_s\":%.3f,\"core_s\":%.3f,\"wall_s\":%.3f,\"times_real\":%.1f,",
	       (double)counts->virtual_ns / 1e9, (double)counts->core_ns / 1e9,
	       (double)outcome->wall_ns / 1e9, ratio(counts));
	printf("\"steps\":%llu,\"messages\":%llu,\"delivered\":%llu,\"forked\":%llu,"
	       "\"forks_reported\":%llu,\"final\":\"%s\",\"fired\":{",
	       (unsigned long long)counts->steps, (unsigned long long)counts->messages,
	       (unsigned long long)counts->delivered, (unsigned long long)counts->forked,
	       (unsigned long long)counts->forks_reported, hex);
	for (int i = 0; i < SIM_COUNT_KINDS; i++) {
		sim_json_text(sim_count_text((enum sim_count)i));
		printf(":%llu,", (unsigned long long)counts->fired[i]);
	}
	printf("\"rules\":{");
	for (int i = 0; i < SIM_RULES_MAX && counts->rule_name[i][0]; i++) {
		printf("%s", i ? "," : "");
		sim_json_text(counts->rule_name[i]);
		printf(":%llu", (unsigned long long)counts->rule[i]);
	}
	printf("}},");
	json_failures(order, outcome);
	printf("}\n");
}
