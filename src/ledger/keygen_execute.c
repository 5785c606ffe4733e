/* keygen_execute.c - transactions of a key generation.
 *
 * (K1) A generation in the state is one that ec_keygen_read() takes; its deals are there, each
 * under the name of its seat, of the form that crypto/dkg.h accepted. (K2) One an era and opener,
 * who votes in the era in force: there are at most as many as voters. (K3) A roster with keys
 * becomes the next only while the generation that made them is there. */
#include "ledger/keygen_inside.h"

#include "ledger/field.h"

#include <assert.h>

static enum ec_result rule(struct ec_scratch *scratch, const char *reason)
{
	ec_result_reason(scratch, reason);
	return EC_RESULT_RULE;
}

static void put(struct ec_scratch *scratch, const struct ec_keygen *keygen)
{
	uint8_t value[KEYGEN_VALUE_MAX];
	struct keygen_name name = keygen_name(keygen->era, keygen->opener, 0);
	size_t size = keygen_write(keygen, value);
	ec_state_put(scratch, name.at, KEYGEN_NAME_SIZE, value, size);
}

/* Takes the opener's earlier one of this era out of the state, with its parts. */
static void drop(struct ec_scratch *scratch, const struct ec_keygen *keygen)
{
	struct keygen_name name = keygen_name(keygen->era, keygen->opener, 0);
	struct ec_cursor cursor;
	struct ec_bytes value;
	ec_cursor_start(&cursor, name.at, KEYGEN_NAME_SIZE);
	while (ec_cursor_next(scratch, &cursor, &value))
		ec_state_delete(scratch, cursor.name, cursor.name_size);
}

/* Seats as an open has them: different keys, at least one voter.  Returns: false when not. */
static bool seats_read(struct ec_view seats, struct ec_keygen *keygen, uint32_t *n,
                       uint64_t *voters)
{
	*n = (uint32_t)(seats.size / 33);
	*voters = 0;
	if (seats.size % 33 || *n == 0 || *n > EC_THRESHOLD_MEMBERS_MAX)
		return false;
	for (uint32_t i = 0; i < *n; i++) {
		const uint8_t *seat = seats.data + 33 * (size_t)i;
		if (seat[32] > 1)
			return false;
		for (uint32_t k = 0; k < i; k++)
			if (memcmp(keygen->seat[k], seat, 32) == 0)
				return false;
		memcpy(keygen->seat[i], seat, 32);
		*voters |= (uint64_t)seat[32] << i;
	}
	return *voters != 0;
}

static enum ec_result opened(struct ec_ledger *ledger, struct ec_scratch *scratch,
                             const struct ec_transaction *transaction, struct ec_cbor body)
{
	struct ec_keygen keygen = {.era = ledger->membership->era + 1};
	uint32_t n;
	uint64_t voters;
	keygen.phase_ns = ec_cbor_uint(&body, EC_KEYGEN_PHASE_NS_MAX);
	struct ec_view seats = ec_cbor_bytes(&body, 33 * EC_THRESHOLD_MEMBERS_MAX);
	if (transaction->body_items != 3 || body.error || keygen.phase_ns == 0 ||
	    !seats_read(seats, &keygen, &n, &voters))
		return EC_RESULT_MALFORMED;
	uint32_t index = ec_membership_find(ledger->membership, transaction->author);
	if (index == UINT32_MAX || !(ledger->membership->seat[index].roles & EC_VOTER))
		return EC_RESULT_FORBIDDEN;
	ec_dkg_init(&keygen.dkg, &transaction->id, n, voters);
	memcpy(keygen.opener, transaction->author, sizeof keygen.opener);
	keygen.end_ns = transaction->time_ns + keygen.phase_ns;
	drop(scratch, &keygen);
	put(scratch, &keygen);
	return EC_RESULT_DONE;
}

/* What was dealt, borrowed until something is put. */
static void deals_get(struct ec_scratch *scratch, const struct ec_keygen *keygen,
                      struct ec_dkg_deals *deals)
{
	*deals = (struct ec_dkg_deals){0};
	for (uint32_t i = 0; i < keygen->dkg.n; i++) {
		struct keygen_name name = keygen_name(keygen->era, keygen->opener, (uint8_t)i);
		if (!(keygen->dkg.member[i].flags & EC_DKG_DEALT))
			continue;
		bool there = ec_state_get(scratch, name.at, sizeof name.at, &deals->of[i]);
		assert(there); /* (K1) */
		(void)there;
	}
}

/* Judges a word.  Returns: NULL, or why it is refused. */
static const char *judge(struct ec_scratch *scratch, const struct ec_prime_group *group,
                         struct ec_keygen *keygen, enum keygen_step step, uint32_t seat,
                         struct ec_bytes word)
{
	struct ec_dkg_deals deals;
	switch (step) {
	case KEYGEN_ENROL:
		return ec_dkg_enrol(group, &keygen->dkg, seat, word);
	case KEYGEN_DEAL:
		return ec_dkg_deal(group, &keygen->dkg, seat, word);
	case KEYGEN_VERDICT_STEP:
		deals_get(scratch, keygen, &deals);
		return ec_dkg_verdict(group, &keygen->dkg, &deals, seat, word);
	default:
		return NULL;
	}
}

/* What of a word stays: what was dealt, and a verdict that complains, true or false. */
static void keep(struct ec_scratch *scratch, const struct ec_keygen *keygen, enum keygen_step step,
                 uint32_t seat, struct ec_bytes word)
{
	if (step != KEYGEN_DEAL && step != KEYGEN_VERDICT_STEP)
		return;
	if (word.size == 0)
		return;
	uint32_t part = step == KEYGEN_DEAL ? seat : EC_KEYGEN_VERDICT + seat;
	struct keygen_name name = keygen_name(keygen->era, keygen->opener, (uint8_t)part);
	ec_state_put(scratch, name.at, sizeof name.at, word.data, word.size);
}

/* The keys of one that is done, into its value. */
static void finish(struct ec_scratch *scratch, const struct ec_prime_group *group,
                   struct ec_keygen *keygen)
{
	struct ec_dkg_deals deals;
	struct ec_threshold_key coin, seal;
	deals_get(scratch, keygen, &deals);
	if (!ec_dkg_result(group, &keygen->dkg, &deals, &coin, &seal)) {
		keygen->dkg.phase = EC_DKG_FAILED;
		return;
	}
	size_t half = (size_t)coin.needed * EC_POINT_SIZE;
	memcpy(keygen->keys, coin.commitment, half);
	memcpy(keygen->keys + half, seal.commitment, half);
	keygen->keys_size = 2 * half;
}

static enum ec_result said(struct ec_scratch *scratch, const struct ec_transaction *transaction,
                           struct ec_keygen *keygen, enum keygen_step step, struct ec_bytes word)
{
	const struct ec_crypto *crypto = ec_scratch_crypto(scratch);
	uint32_t seat = ec_keygen_seat(keygen, transaction->author);
	if (seat == UINT32_MAX)
		return EC_RESULT_FORBIDDEN;
	if (!crypto || !crypto->threshold)
		return rule(scratch, "this group has no cryptography for shared keys");
	const struct ec_prime_group *group = crypto->threshold->group;
	enum ec_dkg_phase before = keygen->dkg.phase;
	if (transaction->time_ns >= keygen->end_ns)
		ec_dkg_advance(&keygen->dkg);
	else if (step == KEYGEN_ADVANCE)
		return rule(scratch, "the phase has not come to its deadline");
	if (step == KEYGEN_ADVANCE && before >= EC_DKG_DONE)
		return rule(scratch, "the key generation is over");
	const char *why = judge(scratch, group, keygen, step, seat, word);
	if (why)
		return rule(scratch, why);
	keep(scratch, keygen, step, seat, word);
	if (keygen->dkg.phase != before)
		keygen->end_ns = transaction->time_ns + keygen->phase_ns;
	if (keygen->dkg.phase == EC_DKG_DONE)
		finish(scratch, group, keygen);
	put(scratch, keygen);
	return EC_RESULT_DONE;
}

enum ec_result keygen_execute(struct ec_ledger *ledger, struct ec_scratch *scratch,
                              const struct ec_transaction *transaction)
{
	struct ec_cbor body = transaction->body;
	struct ec_keygen keygen = {.era = ledger->membership->era + 1};
	ec_hash id;
	struct ec_bytes value;
	enum keygen_step step = (enum keygen_step)ec_cbor_uint(&body, KEYGEN_STEPS - 1);
	if (body.error)
		return EC_RESULT_MALFORMED;
	if (step == KEYGEN_OPEN)
		return opened(ledger, scratch, transaction, body);
	ec_cbor_bytes_exact(&body, keygen.opener, sizeof keygen.opener);
	ec_cbor_bytes_exact(&body, id.b, sizeof id.b);
	struct ec_view word = ec_cbor_bytes(&body, EC_KEYGEN_PAYLOAD_MAX);
	if (transaction->body_items != 4 || body.error || (step == KEYGEN_ADVANCE && word.size))
		return EC_RESULT_MALFORMED;
	struct keygen_name name = keygen_name(keygen.era, keygen.opener, 0);
	if (!ec_state_get(scratch, name.at, KEYGEN_NAME_SIZE, &value) ||
	    !ec_keygen_read(value, &keygen) || !ec_hash_equal(&keygen.dkg.id, &id))
		return rule(scratch, "there is no such key generation for the next era");
	return said(scratch, transaction, &keygen, step,
	            (struct ec_bytes){word.data, word.size, NULL});
}

/* The generation that made the keys of a roster.  Returns: false when none did. */
static bool maker(struct ec_ledger *ledger, const struct ec_membership *membership,
                  struct ec_keygen *keygen)
{
	const uint8_t nobody[32] = {0};
	struct keygen_name after = keygen_name(membership->era, nobody, 0);
	size_t size = 10; /* all of this era come behind it */
	struct ec_bytes name, value;
	while (layer_next(&ledger->state, after.at, size, &name, &value) &&
	       ec_keygen_name_read(name.data, name.size, keygen) &&
	       keygen->era == membership->era) {
		memcpy(after.at, name.data, name.size);
		size = name.size;
		if (name.size == KEYGEN_NAME_SIZE && ec_keygen_read(value, keygen) &&
		    keygen_is_of(keygen, membership))
			return true;
	}
	return false;
}

bool keygen_made(struct ec_ledger *ledger, const struct ec_membership *membership)
{
	struct ec_keygen keygen;
	return membership->keys_size == 0 || maker(ledger, membership, &keygen);
}

uint64_t keygen_due(struct ec_ledger *ledger)
{
	uint64_t due_ns = UINT64_MAX;
	uint64_t now_ns = ec_genesis_time(ledger->genesis, ledger->stamp_ns);
	struct keygen_name after = {{'k', '/'}};
	size_t size = 2;
	struct ec_bytes name, value;
	struct ec_keygen keygen;
	if (ledger_order_only(ledger))
		return due_ns;
	while (layer_next(&ledger->state, after.at, size, &name, &value) &&
	       ec_keygen_name_read(name.data, name.size, &keygen)) {
		memcpy(after.at, name.data, name.size);
		size = name.size;
		if (name.size == KEYGEN_NAME_SIZE && keygen.era == ledger->membership->era + 1 &&
		    ec_keygen_read(value, &keygen) && keygen.dkg.phase <= EC_DKG_JUDGE &&
		    keygen.end_ns > now_ns && keygen.end_ns < due_ns)
			due_ns = keygen.end_ns;
	}
	return due_ns;
}

void keygen_clear(struct ec_ledger *ledger, uint64_t position, const struct ec_membership *next)
{
	struct ec_keygen made, at;
	struct keygen_name after = {{'k', '/'}};
	size_t size = 2;
	struct ec_bytes name, value;
	bool keys = next->keys_size && maker(ledger, next, &made);
	while (layer_next(&ledger->state, after.at, size, &name, &value) &&
	       ec_keygen_name_read(name.data, name.size, &at)) {
		memcpy(after.at, name.data, name.size);
		size = name.size;
		bool stays =
			at.era == ledger->membership->era ||
			(keys && at.era == made.era && memcmp(at.opener, made.opener, 32) == 0);
		if (!stays)
			layer_put(&ledger->state, position, after.at, size, NULL, 0);
	}
}
