/* words.c - our part in making the keys of the next era: words as envelopes of our identity key.
 *
 * Voters open a generation; each seat's member then says its word of each phase by itself, as soon
 * as the state asks for it, and that a deadline has come.  Its secrets follow from the seed of the
 * era key that it will use in that era: its next one, where the host gave it one, else the one in
 * force.  A roster that names another of its keys leaves it without its parts.
 *
 * (W1) One word is under way at a time, and none is said twice in a life: one that was refused is
 *      not repeated for ever.  After a restart the state says what is missing.
 * (W2) Openers take turns: one who opens another generation all the time keeps nobody from the
 *      words of another's.
 * (W3) We take part in JOINS_MAX generations of an opener at once, and then in one every JOIN_NS of
 *      our own time: with many members a generation costs each of them a second of work, and
 *      opening it nothing.  Without us nothing of it costs anybody much.
 */
#include "group/state.h"
#include "ledger/keygen.h"

#include <assert.h>

enum {
	LANE = 999, /* of its own: nobody else writes there with our identity key */
	JOINS_MAX = 4,
};
#define JOIN_NS (10 * SECOND)

/* What we said in the phase at hand of the generation that a seat opened; NULL: we do not take part
 * in it yet (W3). */
static uint8_t *said(struct ec_member *m, const struct ec_keygen *keygen, uint32_t opener)
{
	struct words_said *words = &m->words.said[opener];
	uint64_t now = m->time.now, since = words->joins_ns > now ? words->joins_ns : now;
	assert(keygen->dkg.phase >= EC_DKG_ENROL && keygen->dkg.phase <= EC_DKG_JUDGE);
	if (!ec_hash_equal(&words->id, &keygen->dkg.id)) {
		if (since + JOIN_NS > now + JOINS_MAX * JOIN_NS)
			return NULL;
		*words = (struct words_said){.id = keygen->dkg.id, .joins_ns = since + JOIN_NS};
	}
	return &words->phase[keygen->dkg.phase - EC_DKG_ENROL];
}

/* Later than any before: our clock may have been set back. */
static uint64_t sequence(const struct ec_member *m)
{
	uint64_t used = ec_ledger_sequence(m->ledger, m->config.identity.key, LANE);
	return m->time.stamp > used ? m->time.stamp : used + 1;
}

/* Gives it to our own gateway.  Returns: whether it was taken. */
static bool say(struct ec_member *m, const uint8_t *payload, size_t size)
{
	const struct ec_genesis *genesis = m->config.genesis;
	uint8_t bytes[EC_KEYGEN_PAYLOAD_MAX + 512];
	struct client client = {.token = WORDS_TOKEN, .arrived = m->time.now};
	struct ec_envelope_plan plan = {
		.author = &m->config.identity,
		.crypto = genesis->flags & EC_GENESIS_UNSIGNED ? NULL : m->config.crypto,
		.genesis = genesis->hash,
		.lane = LANE,
		.sequence = sequence(m),
		.payload = payload,
		.payload_size = size,
	};
	size_t made = ec_envelope_make(&plan, bytes, sizeof bytes, &client.id, client.salt);
	if (made == 0 || made > genesis->envelope_bytes_max)
		return false;
	client.envelope = ec_pool_copy(m->config.pool, bytes, made);
	bool taken = clients_add(m->clients, &client);
	ec_drop(client.envelope);
	return taken;
}

void words_told(struct ec_member *m)
{
	m->words.waiting = false;
}

/* Our next word in the generation that a seat opened, if it is of the next era, and has a seat of
 * ours.  Returns: whether one was said. */
static bool speak(struct ec_member *m, uint32_t opener)
{
	struct ec_keygen keygen;
	struct ec_dkg_deals deals;
	uint8_t payload[EC_KEYGEN_PAYLOAD_MAX];
	const struct era *era = m->now.era;
	const struct ec_secret *secret = m->next_key_set ? &m->next_key : m->now.secret;
	uint64_t now_ns = ec_ledger_at(m->ledger).time_ns;
	if (!ec_keygen_find(m->ledger, era->number + 1, era->membership->seat[opener].identity_key,
	                    &keygen, &deals))
		return false;
	uint32_t seat = ec_keygen_seat(&keygen, m->config.identity.key);
	if (seat == NONE || keygen.dkg.phase > EC_DKG_JUDGE)
		return false;
	uint8_t *before = said(m, &keygen, opener);
	uint8_t word = now_ns >= keygen.end_ns ? WORDS_TIME : WORDS_OWN;
	if (!before || *before & word)
		return false;
	size_t size = ec_keygen_next(m->config.crypto->threshold->group, &keygen, &deals, seat,
	                             secret->seed, now_ns, payload);
	if (size == 0 || !say(m, payload, size))
		return false;
	*before |= word;
	return true;
}

/* Whether there is any generation for the next era. */
static bool generations(struct ec_member *m)
{
	struct ec_cursor cursor;
	struct ec_keygen keygen;
	ec_cursor_start(&cursor, "k/", 2);
	while (ec_keygen_walk(m->ledger, &cursor, &keygen, NULL))
		if (keygen.era == m->now.era->number + 1)
			return true;
	return false;
}

void words_block_ended(struct ec_member *m)
{
	struct words *words = &m->words;
	if (!m->started || m->era_over || words->waiting || m->now.muted ||
	    !m->config.crypto->threshold || m->config.genesis->flags & EC_GENESIS_ORDER_ONLY ||
	    !generations(m))
		return;
	uint32_t n = m->now.era->membership->n, first = words->turn;
	for (uint32_t i = 0; i < n && !words->waiting; i++) {
		uint32_t opener = (first + i) % n;
		words->waiting = speak(m, opener);
		words->turn = words->waiting ? opener + 1 : first;
	}
}
