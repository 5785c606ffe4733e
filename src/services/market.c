/* market.c - a uniform-price double auction for every slot, cleared when its gate closes.
 *
 * Orders stand in the state under names that sort them: best price first, then place in the order
 * of the ledger, then id.  So the book is sorted by being stored, and the result depends on the
 * orders and their places alone.  Clearing takes the price by one walk over the book, then takes
 * the book from its top, a bounded number of trades a turn, until the volume is traded; the rest
 * lapses. (K1) An author stands on one side of a slot only: nobody trades with himself. (K2) Sum
 * bought = sum sold; every trade is at the slot's one price, within both limits. (K3) A buyer pays
 * what the seller gets, at once, in whole nano-EUR. (K4) No order is taken after the gate; none is
 * left once the slot is cleared. */
#include "services/services.h"

#include "services/clearing.h"
#include "services/names.h"
#include "services/parameters.h"
#include "services/read.h"

#include <assert.h>

enum { ORDER_ITEMS = 4, NAME_SIDE_AT = 6 + 8, NAME_PRICE_AT = NAME_SIDE_AT + 1 };

#define SECOND_NS ((uint64_t)1000000000)

/* An order as it is sent. */
struct sent {
	uint64_t slot_s, side, energy_wh;
	int64_t price_ueur_kwh;
};

/* The clearing of one slot, kept under "clearing" between turns. */
struct auction {
	struct ec_scratch *scratch;
	struct ec_market_parameters rule;
	uint64_t slot, now_ns;
	struct ec_slot_summary summary;
};

static bool sent_read(struct ec_cbor *body, struct sent *out)
{
	out->slot_s = ec_cbor_uint(body, (uint64_t)1 << 33);
	out->side = ec_cbor_uint(body, EC_OFFER);
	out->energy_wh = ec_cbor_uint(body, (uint64_t)1 << 32);
	out->price_ueur_kwh = ec_cbor_int(body);
	return !body->error && out->energy_wh > 0;
}

static uint64_t gate_ns(const struct ec_market_parameters *rule, uint64_t slot)
{
	uint64_t lead = (uint64_t)rule->lead_s;
	return slot > lead ? (slot - lead) * SECOND_NS : 0;
}

static struct ec_name order_prefix(uint64_t slot, uint64_t side)
{
	uint8_t byte = (uint8_t)side;
	struct ec_name name = ec_name_of("order/");
	ec_name_add_u64(&name, slot);
	ec_name_add(&name, &byte, 1);
	return name;
}

/* The name sorts the better price first: bids descending, offers ascending, negative ones too. */
static struct ec_name order_name(const struct sent *sent, const struct ec_transaction *transaction)
{
	struct ec_name name = order_prefix(sent->slot_s, sent->side);
	uint64_t price = (uint64_t)sent->price_ueur_kwh + ((uint64_t)1 << 63);
	ec_name_add_u64(&name, sent->side == EC_BID ? ~price : price);
	ec_name_add_u64(&name, transaction->position);
	ec_name_add_u64(&name, transaction->index);
	ec_name_add(&name, transaction->id.b, sizeof transaction->id.b);
	return name;
}

static int64_t price_of(const struct ec_cursor *cursor)
{
	uint64_t price = ec_name_u64_at(cursor->name, cursor->name_size, NAME_PRICE_AT);
	bool bid = cursor->name[NAME_SIDE_AT] == EC_BID;
	return (int64_t)((bid ? ~price : price) - ((uint64_t)1 << 63));
}

static struct ec_book book_get(struct ec_scratch *scratch, uint64_t slot)
{
	struct ec_name name = ec_name_book(slot);
	struct ec_book book = {0};
	struct ec_bytes value;
	if (ec_name_get(scratch, &name, &value))
		ec_book_read(value, &book);
	return book;
}

static void total_add(struct ec_scratch *scratch, const struct ec_market_total *change)
{
	uint8_t bytes[EC_RECORD_SIZE_MAX];
	struct ec_name name = ec_name_total("market");
	struct ec_market_total total = {0};
	struct ec_bytes value;
	if (ec_name_get(scratch, &name, &value))
		ec_market_total_read(value, &total);
	if (change->trades) {
		bool first = total.trades == 0;
		if (first || change->price_min < total.price_min)
			total.price_min = change->price_min;
		if (first || change->price_max > total.price_max)
			total.price_max = change->price_max;
	}
	total.orders += change->orders;
	total.trades += change->trades;
	total.energy_wh += change->energy_wh;
	total.slots += change->slots;
	total.amount_nano_eur =
		(int64_t)((uint64_t)total.amount_nano_eur + (uint64_t)change->amount_nano_eur);
	ec_state_put(scratch, name.at, name.size, bytes, ec_market_total_write(&total, bytes));
}

/* The rule that an order breaks; NULL: none. */
static const char *refusal(const struct ec_market_parameters *rule, const struct sent *sent,
                           uint64_t now_ns)
{
	uint64_t ahead_s = (uint64_t)rule->ahead_slots * EC_SLOT_S;
	if (sent->slot_s % EC_SLOT_S != 0)
		return "a slot starts at a multiple of 900 s";
	if (now_ns >= gate_ns(rule, sent->slot_s))
		return "the gate of this slot has closed";
	if (sent->slot_s > now_ns / SECOND_NS + ahead_s)
		return "this slot is further ahead than the market takes orders";
	if (sent->energy_wh > (uint64_t)rule->energy_wh_max)
		return "more energy than one order may have";
	if (sent->price_ueur_kwh < rule->price_ueur_kwh_min ||
	    sent->price_ueur_kwh > rule->price_ueur_kwh_max)
		return "the limit price is outside of the market's bounds";
	return NULL;
}

/* Counts the order in the book and with its author. */
static enum ec_result order_count(struct ec_scratch *scratch,
                                  const struct ec_market_parameters *rule, const struct sent *sent,
                                  const uint8_t author[static 32])
{
	uint8_t bytes[EC_RECORD_SIZE_MAX];
	struct ec_book book = book_get(scratch, sent->slot_s);
	struct ec_side side = {.side = sent->side};
	struct ec_name side_name = ec_name_side(sent->slot_s, author);
	struct ec_name book_name = ec_name_book(sent->slot_s);
	struct ec_bytes value;
	if (ec_name_get(scratch, &side_name, &value))
		ec_side_read(value, &side);
	if (side.side != sent->side) {
		ec_result_reason(scratch, "an author bids or offers in a slot, not both: nobody "
		                          "trades with himself");
		return EC_RESULT_RULE;
	}
	if (side.orders >= (uint64_t)rule->orders_author_max ||
	    book.bids + book.offers >= (uint64_t)rule->orders_slot_max)
		return EC_RESULT_FULL;
	side.orders++;
	book.bids += sent->side == EC_BID;
	book.offers += sent->side == EC_OFFER;
	*(sent->side == EC_BID ? &book.bid_wh : &book.offer_wh) += sent->energy_wh;
	ec_state_put(scratch, side_name.at, side_name.size, bytes, ec_side_write(&side, bytes));
	ec_state_put(scratch, book_name.at, book_name.size, bytes, ec_book_write(&book, bytes));
	return EC_RESULT_DONE;
}

static enum ec_result order_received(struct ec_scratch *scratch,
                                     const struct ec_market_parameters *rule,
                                     const struct sent *sent,
                                     const struct ec_transaction *transaction)
{
	uint8_t bytes[EC_RECORD_SIZE_MAX];
	const char *why = refusal(rule, sent, transaction->time_ns);
	if (why) {
		ec_result_reason(scratch, why);
		return EC_RESULT_RULE;
	}
	enum ec_result result = order_count(scratch, rule, sent, transaction->author);
	if (result != EC_RESULT_DONE)
		return result;
	struct ec_book_order order = {.energy_wh = sent->energy_wh,
	                              .price_ueur_kwh = sent->price_ueur_kwh,
	                              .id = transaction->id};
	struct ec_name name = order_name(sent, transaction);
	memcpy(order.author, transaction->author, sizeof order.author);
	ec_state_put(scratch, name.at, name.size, bytes, ec_order_write(&order, bytes));
	total_add(scratch, &(struct ec_market_total){.orders = 1});
	return EC_RESULT_DONE;
}

/* Walks both sides of the book as far as it takes to know volume and price. */
static void price_find(struct auction *auction)
{
	struct ec_cursor cursor[2];
	struct ec_clearing clearing;
	struct ec_slot_summary *summary = &auction->summary;
	for (uint64_t side = EC_BID; side <= EC_OFFER; side++) {
		struct ec_name prefix = order_prefix(auction->slot, side);
		ec_cursor_start(&cursor[side], prefix.at, prefix.size);
	}
	ec_clearing_start(&clearing);
	enum ec_side_of side;
	while ((side = ec_clearing_wants(&clearing)) != EC_NO_SIDE) {
		struct ec_bytes value;
		struct ec_book_order order;
		if (ec_cursor_next(auction->scratch, &cursor[side], &value) &&
		    ec_order_read(value, &order))
			ec_clearing_give(&clearing, price_of(&cursor[side]), order.energy_wh);
		else
			ec_clearing_end(&clearing);
	}
	if (clearing.volume_wh == 0)
		return;
	ec_clearing_interval(&clearing, &summary->price_low, &summary->price_high);
	summary->price_ueur_kwh = ec_clearing_price(summary->price_low, summary->price_high);
	summary->left_wh = clearing.volume_wh;
}

static void auction_begin(struct auction *auction)
{
	struct ec_book book = book_get(auction->scratch, auction->slot);
	auction->summary = (struct ec_slot_summary){.bids = book.bids,
	                                            .offers = book.offers,
	                                            .bid_wh = book.bid_wh,
	                                            .offer_wh = book.offer_wh,
	                                            .closed_ns = auction->now_ns};
	price_find(auction);
}

/* The first order of one side. */
static bool top_get(struct auction *auction, uint64_t side, struct ec_cursor *cursor,
                    struct ec_book_order *order)
{
	struct ec_name prefix = order_prefix(auction->slot, side);
	struct ec_bytes value;
	return ec_name_first(auction->scratch, &prefix, cursor, &value) &&
	       ec_order_read(value, order);
}

static void order_drop(struct auction *auction, const struct ec_cursor *cursor,
                       const struct ec_book_order *order)
{
	struct ec_name side = ec_name_side(auction->slot, order->author);
	ec_name_delete(auction->scratch, &side);
	ec_state_delete(auction->scratch, cursor->name, cursor->name_size);
}

/* Takes energy off an order; one without any leaves the book. */
static void order_take(struct auction *auction, const struct ec_cursor *cursor,
                       struct ec_book_order *order, uint64_t energy_wh)
{
	uint8_t bytes[EC_RECORD_SIZE_MAX];
	assert(energy_wh <= order->energy_wh);
	order->energy_wh -= energy_wh;
	if (order->energy_wh == 0)
		order_drop(auction, cursor, order);
	else
		ec_state_put(auction->scratch, cursor->name, cursor->name_size, bytes,
		             ec_order_write(order, bytes));
}

static void net_add(struct auction *auction, const uint8_t party[static 32], struct ec_net change)
{
	uint8_t bytes[EC_RECORD_SIZE_MAX];
	struct ec_name name = ec_name_net(auction->slot, party);
	struct ec_net net = {0};
	struct ec_bytes value;
	if (ec_name_get(auction->scratch, &name, &value))
		ec_net_read(value, &net);
	net.bought_wh += change.bought_wh;
	net.sold_wh += change.sold_wh;
	net.amount_nano_eur += change.amount_nano_eur;
	ec_state_put(auction->scratch, name.at, name.size, bytes, ec_net_write(&net, bytes));
}

static void trade_book(struct auction *auction, const struct ec_book_order *bid,
                       const struct ec_book_order *offer, uint64_t energy_wh)
{
	uint8_t bytes[EC_RECORD_SIZE_MAX];
	struct ec_slot_summary *summary = &auction->summary;
	struct ec_trade trade = {.energy_wh = energy_wh,
	                         .price_ueur_kwh = summary->price_ueur_kwh,
	                         .amount_nano_eur = (int64_t)energy_wh * summary->price_ueur_kwh,
	                         .bid = bid->id,
	                         .offer = offer->id};
	assert(memcmp(bid->author, offer->author, 32) != 0);
	if (!ec_transfer(auction->scratch, bid->author, offer->author, trade.amount_nano_eur))
		return;
	memcpy(trade.buyer, bid->author, sizeof trade.buyer);
	memcpy(trade.seller, offer->author, sizeof trade.seller);
	struct ec_name name = ec_name_trade(auction->slot, summary->trades);
	ec_state_put(auction->scratch, name.at, name.size, bytes, ec_trade_write(&trade, bytes));
	net_add(auction, trade.buyer,
	        (struct ec_net){.bought_wh = energy_wh, .amount_nano_eur = -trade.amount_nano_eur});
	net_add(auction, trade.seller,
	        (struct ec_net){.sold_wh = energy_wh, .amount_nano_eur = trade.amount_nano_eur});
	summary->trades++;
	summary->energy_wh += energy_wh;
	summary->amount_nano_eur += trade.amount_nano_eur;
}

/* One trade between the two best orders.  In: left_wh > 0, so both sides have one. */
static void trade_next(struct auction *auction)
{
	struct ec_cursor bid_at, offer_at;
	struct ec_book_order bid, offer;
	uint64_t energy = auction->summary.left_wh;
	if (!top_get(auction, EC_BID, &bid_at, &bid) ||
	    !top_get(auction, EC_OFFER, &offer_at, &offer)) {
		auction->summary.left_wh = 0; /* not reached: the walk counted what stands there */
		return;
	}
	if (bid.energy_wh < energy)
		energy = bid.energy_wh;
	if (offer.energy_wh < energy)
		energy = offer.energy_wh;
	trade_book(auction, &bid, &offer, energy);
	order_take(auction, &bid_at, &bid, energy);
	order_take(auction, &offer_at, &offer, energy);
	auction->summary.left_wh -= energy;
}

/* Drops one order that did not trade.  Returns: false when none is left. */
static bool rest_drop(struct auction *auction)
{
	struct ec_cursor cursor;
	struct ec_book_order order;
	if (!top_get(auction, EC_BID, &cursor, &order) &&
	    !top_get(auction, EC_OFFER, &cursor, &order))
		return false;
	order_drop(auction, &cursor, &order);
	return true;
}

static void auction_end(struct auction *auction)
{
	uint8_t bytes[EC_RECORD_SIZE_MAX];
	const struct ec_slot_summary *summary = &auction->summary;
	struct ec_name name = ec_name_slot(auction->slot), book = ec_name_book(auction->slot);
	struct ec_name clearing = ec_name_of("clearing"), open = ec_name_open(auction->slot);
	size_t size = ec_slot_summary_write(summary, bytes);
	ec_state_put(auction->scratch, name.at, name.size, bytes, size);
	ec_name_delete(auction->scratch, &book);
	ec_name_delete(auction->scratch, &clearing);
	if (summary->trades)
		ec_name_mark(auction->scratch, &open);
	total_add(auction->scratch,
	          &(struct ec_market_total){.trades = summary->trades,
	                                    .energy_wh = summary->energy_wh,
	                                    .slots = 1,
	                                    .amount_nano_eur = summary->amount_nano_eur,
	                                    .price_min = summary->price_ueur_kwh,
	                                    .price_max = summary->price_ueur_kwh});
}

/* Works on the auction.  Returns: what is left of the budget; 0: it goes on in another turn. */
static int64_t auction_run(struct auction *auction, int64_t budget)
{
	uint8_t bytes[EC_RECORD_SIZE_MAX];
	for (; auction->summary.left_wh && budget > 0; budget--)
		trade_next(auction);
	while (budget > 0 && rest_drop(auction))
		budget--;
	if (budget > 0) {
		auction_end(auction);
		return budget;
	}
	struct ec_name name = ec_name_of("clearing");
	size_t size = ec_slot_summary_write(&auction->summary, bytes);
	ec_state_put(auction->scratch, name.at, name.size, bytes, size);
	return 0;
}

/* The first slot that has a book.  Returns: false: none. */
static bool book_first(struct ec_scratch *scratch, uint64_t *slot)
{
	struct ec_name prefix = ec_name_of("book/");
	struct ec_cursor cursor;
	struct ec_bytes value;
	if (!ec_name_first(scratch, &prefix, &cursor, &value))
		return false;
	*slot = ec_name_u64_at(cursor.name, cursor.name_size, prefix.size);
	return true;
}

/* Drops what one prefix holds, at most `budget` entries.  Returns: what is left of the budget. */
static int64_t drop_all(struct ec_scratch *scratch, const struct ec_name *prefix, int64_t budget)
{
	struct ec_cursor cursor;
	struct ec_bytes value;
	ec_cursor_start(&cursor, prefix->at, prefix->size);
	for (; budget > 0 && ec_cursor_next(scratch, &cursor, &value); budget--)
		ec_state_delete(scratch, cursor.name, cursor.name_size);
	return budget;
}

/* Forgets the oldest slot when it is older than the group keeps trades. */
static void prune(const struct auction *auction, int64_t budget)
{
	struct ec_name prefix = ec_name_of("slot/");
	struct ec_cursor cursor;
	struct ec_bytes value;
	if (!ec_name_first(auction->scratch, &prefix, &cursor, &value))
		return;
	uint64_t slot = ec_name_u64_at(cursor.name, cursor.name_size, prefix.size);
	if ((slot + (uint64_t)auction->rule.keep_slots * EC_SLOT_S) * SECOND_NS >= auction->now_ns)
		return;
	struct ec_name trades = ec_name_of("trade/"), nets = ec_name_of("net/");
	ec_name_add_u64(&trades, slot);
	ec_name_add_u64(&nets, slot);
	budget = drop_all(auction->scratch, &trades, budget);
	budget = drop_all(auction->scratch, &nets, budget);
	if (budget > 0)
		ec_state_delete(auction->scratch, cursor.name, cursor.name_size);
}

static bool check(uint64_t kind, struct ec_cbor body, uint64_t items)
{
	struct sent sent;
	(void)kind;
	return items == ORDER_ITEMS && sent_read(&body, &sent) && ec_cbor_done(&body);
}

static bool parameters_check(struct ec_bytes parameters)
{
	struct ec_market_parameters rule;
	return ec_market_parameters_read(parameters, &rule);
}

static enum ec_result execute(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t kind,
                              const struct ec_transaction *transaction)
{
	struct ec_market_parameters rule;
	struct ec_cbor body = transaction->body;
	struct sent sent;
	(void)kind;
	if (!ec_market_parameters_read(parameters, &rule) || !sent_read(&body, &sent))
		return EC_RESULT_MALFORMED;
	if (!(transaction->author_roles & EC_ROLE_TRADER))
		return EC_RESULT_FORBIDDEN;
	return order_received(scratch, &rule, &sent, transaction);
}

static bool turn(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t before_ns,
                 uint64_t now_ns)
{
	struct auction auction = {.scratch = scratch, .now_ns = now_ns};
	struct ec_name clearing = ec_name_of("clearing");
	struct ec_bytes value;
	(void)before_ns;
	if (!ec_market_parameters_read(parameters, &auction.rule))
		return true;
	int64_t budget = auction.rule.trades_turn_max;
	bool cleared = false;
	while (book_first(scratch, &auction.slot) &&
	       now_ns >= gate_ns(&auction.rule, auction.slot)) {
		if (!ec_name_get(scratch, &clearing, &value) ||
		    !ec_slot_summary_read(value, &auction.summary))
			auction_begin(&auction);
		budget = auction_run(&auction, budget);
		if (budget == 0)
			return false;
		cleared = true;
	}
	if (cleared)
		prune(&auction, auction.rule.trades_turn_max);
	return true;
}

static uint64_t due(struct ec_scratch *scratch, struct ec_bytes parameters)
{
	struct ec_market_parameters rule;
	uint64_t slot;
	if (!ec_market_parameters_read(parameters, &rule) || !book_first(scratch, &slot))
		return UINT64_MAX;
	return gate_ns(&rule, slot);
}

const struct ec_service ec_market = {
	.name = "market",
	.kind_first = 2,
	.kind_last = 2,
	.check = check,
	.parameters_check = parameters_check,
	.execute = execute,
	.turn = turn,
	.due = due,
};
