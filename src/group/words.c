/* words.c - our part in making the keys of the next era: words as envelopes of our identity key.
 *
 * Voters open a generation; each seat's member then says its word of each phase by itself, as soon
 * as the state asks for it, and that a deadline has come.  Its secrets follow from the seed of the
 * era key that it will use in that era: its next one, where the host gave it one, else the one in
 * force.  A roster that names another of its keys leaves it without its parts.
 *
 * (W1) One word is under way at a time, and none is said twice in a life: one that was refused is
 *      not repeated for ever.  After a restart the state says what is missing.
 */
#include "group/state.h"
#include "ledger/keygen.h"

#include <assert.h>

enum { LANE = 999 }; /* of its own: nobody else writes there with our identity key */

/* What we said in the phase at hand of a generation; NULL: its opener has no seat any more. */
static uint8_t *said(struct ec_member *m, const struct ec_keygen *keygen)
{
	uint32_t opener = ec_membership_find(m->now.era->membership, keygen->opener);
	assert(keygen->dkg.phase >= EC_DKG_ENROL && keygen->dkg.phase <= EC_DKG_JUDGE);
	if (opener == NONE)
		return NULL;
	struct words_said *words = &m->words.said[opener];
	if (!ec_hash_equal(&words->id, &keygen->dkg.id))
		*words = (struct words_said){.id = keygen->dkg.id};
	return &words->phase[keygen->dkg.phase - EC_DKG_ENROL];
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
		.sequence = m->time.stamp, /* later than any before, while the clock goes on */
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

void words_block_ended(struct ec_member *m)
{
	const struct ec_threshold_crypto *crypto = m->config.crypto->threshold;
	struct ec_cursor cursor;
	struct ec_keygen keygen;
	struct ec_dkg_deals deals;
	uint8_t payload[EC_KEYGEN_PAYLOAD_MAX];
	if (!m->started || m->era_over || m->words.waiting || m->now.muted || !crypto ||
	    m->config.genesis->flags & EC_GENESIS_ORDER_ONLY)
		return;
	const struct ec_secret *secret = m->next_key_set ? &m->next_key : m->now.secret;
	uint64_t now_ns = ec_ledger_at(m->ledger).time_ns;
	ec_cursor_start(&cursor, "k/", 2);
	while (ec_keygen_walk(m->ledger, &cursor, &keygen, &deals)) {
		uint32_t seat = ec_keygen_seat(&keygen, m->config.identity.key);
		if (keygen.era != m->now.era->number + 1 || seat == NONE ||
		    keygen.dkg.phase > EC_DKG_JUDGE)
			continue;
		uint8_t *before = said(m, &keygen);
		uint8_t word = now_ns >= keygen.end_ns ? WORDS_TIME : WORDS_OWN;
		if (!before || *before & word)
			continue;
		size_t size = ec_keygen_next(crypto->group, &keygen, &deals, seat, secret->seed,
		                             now_ns, payload);
		if (size == 0)
			continue;
		m->words.waiting = say(m, payload, size);
		if (m->words.waiting)
			*before |= word;
		return;
	}
}
