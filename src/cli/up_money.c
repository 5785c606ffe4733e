/* up_money.c - recounts the money of a cell from outside: the accounts, and all bills against them.
 *
 * Everything is read as of one block, or read again.  Every line of a bill moved its net amount
 * between a home and the supplier, so the bills add up to what the supplier's account lacks; and
 * what a trade took from one home's line it gave to another's, so the trades of a slot whose lines
 * are all written cancel out.
 */
#include "cli/up.h"

#include "services/names.h"

#include <stdlib.h>
#include <time.h>

enum { ANSWER_MS = 1000, TRIES = 40, PAUSE_NS = 20 * 1000 * 1000 };

/* What one line says of the trades in its slot; or that lines of this slot are on their way. */
struct share {
	uint64_t slot_s;
	int64_t trade_nano_eur;
	bool on_its_way;
};

struct money {
	struct ec_client *client;
	uint64_t seq; /* the block that all answers are of; 0: none yet */
	bool moved;   /* one was of another block */
	bool bad;     /* a value is not of its form, or a bill does not add up in itself */
	int64_t balances, supplier;
	uint8_t supplier_key[32];
	struct ec_settlement_total total;
	struct ec_recount recount;
	struct share *share; /* from malloc */
	size_t shares, room;
};

typedef void take(struct money *money, struct ec_bytes name, struct ec_bytes value);

/* Gives all names with a prefix to `each`.  Returns: false when there is no answer. */
static bool walk(struct money *money, const char *prefix, take *each)
{
	uint8_t after[EC_DOOR_NAME_MAX];
	struct ec_door_request request = {
		.kind = EC_DOOR_QUERY,
		.at = EC_AT_LOCAL,
		.prefix = true,
		.limit = EC_DOOR_LIMIT_MAX,
		.name = {.data = (const uint8_t *)prefix, .size = strlen(prefix)}};
	struct ec_door_answer answer;
	do {
		struct ec_bytes name, value;
		if (!ec_client_call(money->client, &request, ANSWER_MS, &answer) ||
		    answer.kind != EC_DOOR_VALUES)
			return false;
		if (!money->seq)
			money->seq = answer.seq;
		money->moved |= answer.seq != money->seq;
		while (ec_door_item_next(&answer, &name, &value) && name.size <= sizeof after) {
			each(money, name, value);
			memcpy(after, name.data, name.size);
			request.after = (struct ec_bytes){.data = after, .size = name.size};
		}
	} while (answer.more && request.after.size > 0 && !money->moved);
	return true;
}

static void share_add(struct money *money, struct share share)
{
	if (money->shares == money->room) {
		money->room = money->room ? 2 * money->room : 1024;
		money->share = realloc(money->share, money->room * sizeof *money->share);
		if (!money->share)
			abort();
	}
	money->share[money->shares++] = share;
}

static void take_balance(struct money *money, struct ec_bytes name, struct ec_bytes value)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	int64_t balance = ec_cbor_int(&cbor);
	money->bad |= !ec_cbor_done(&cbor) ||
	              __builtin_add_overflow(money->balances, balance, &money->balances);
	if (name.size == 2 + sizeof money->supplier_key &&
	    memcmp(name.data + 2, money->supplier_key, sizeof money->supplier_key) == 0)
		money->supplier = balance;
}

static void take_total(struct money *money, struct ec_bytes name, struct ec_bytes value)
{
	(void)name;
	money->bad |= !ec_settlement_total_read(value, &money->total);
}

static void take_bill(struct money *money, struct ec_bytes name, struct ec_bytes value)
{
	struct ec_bill bill;
	(void)name;
	if (!ec_bill_read(value, &bill) || !ec_bill_check(&bill, NULL)) {
		money->bad = true;
		return;
	}
	ec_recount_add(&money->recount, &bill);
	for (uint32_t i = 0; i < bill.lines; i++)
		share_add(money, (struct share){.slot_s = bill.line[i].slot_s,
		                                .trade_nano_eur = bill.line[i].trade_nano_eur});
}

static void take_open(struct money *money, struct ec_bytes name, struct ec_bytes value)
{
	(void)value;
	share_add(money, (struct share){.slot_s = ec_name_u64_at(name.data, name.size, 5),
	                                .on_its_way = true});
}

static void take_fresh(struct money *money, struct ec_bytes name, struct ec_bytes value)
{
	(void)value;
	share_add(money, (struct share){.slot_s = ec_name_u64_at(name.data, name.size, 6),
	                                .on_its_way = true});
}

static int by_slot(const void *a, const void *b)
{
	const struct share *left = a, *right = b;
	return (left->slot_s > right->slot_s) - (left->slot_s < right->slot_s);
}

/* Whether the trades of every slot whose lines are all written cancel out. */
static bool trades_cancel(struct money *money)
{
	if (money->shares > 0)
		qsort(money->share, money->shares, sizeof *money->share, by_slot);
	for (size_t i = 0; i < money->shares;) {
		uint64_t slot_s = money->share[i].slot_s;
		bool on_its_way = false;
		int64_t sum = 0;
		for (; i < money->shares && money->share[i].slot_s == slot_s; i++) {
			on_its_way |= money->share[i].on_its_way;
			sum += money->share[i].trade_nano_eur;
		}
		if (sum != 0 && !on_its_way)
			return false;
	}
	return true;
}

/* Bills older than the group keeps are not counted any more: then nothing follows. */
static enum up_bills bills_judge(struct money *money)
{
	const struct ec_settlement_total *total = &money->total;
	if (money->bad)
		return UP_BILLS_DIFFER;
	if (money->recount.lines != total->lines)
		return UP_BILLS_UNKNOWN;
	bool net = money->recount.net_nano_eur == total->feed_in_nano_eur - total->retail_nano_eur;
	return net && money->supplier == -money->recount.net_nano_eur && trades_cancel(money)
	               ? UP_BILLS_AGREE
	               : UP_BILLS_DIFFER;
}

bool up_balances(struct ec_client *client, int64_t *sum)
{
	struct money money = {.client = client};
	bool good = walk(&money, "b/", take_balance);
	*sum = money.balances;
	return good && !money.bad && !money.moved;
}

enum up_bills up_recount(struct ec_client *client, uint64_t *lines)
{
	enum up_bills result = UP_BILLS_UNKNOWN;
	for (int i = 0; i < TRIES; i++) {
		struct money money = {.client = client};
		ec_account_of("supplier", money.supplier_key);
		bool good = walk(&money, "b/", take_balance) &&
		            walk(&money, "total/settlement", take_total) &&
		            walk(&money, "open/", take_open) &&
		            walk(&money, "fresh/", take_fresh) && walk(&money, "bill/", take_bill);
		bool whole = good && !money.moved;
		if (whole) {
			result = bills_judge(&money);
			*lines = result == UP_BILLS_UNKNOWN ? 0 : money.recount.lines;
		}
		free(money.share);
		if (whole || !good)
			break;
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
	}
	return result;
}
