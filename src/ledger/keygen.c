/* keygen.c - key generations in the state, read and written, and what a seat does with them. */
#include "ledger/keygen_inside.h"

#include "ledger/field.h"

#include <assert.h>

struct keygen_name keygen_name(uint64_t era, const uint8_t opener[static 32], uint8_t part)
{
	struct keygen_name name = {{'k', '/'}};
	for (int i = 0; i < 8; i++)
		name.at[2 + i] = (uint8_t)(era >> (56 - 8 * i));
	memcpy(name.at + 10, opener, 32);
	name.at[KEYGEN_NAME_SIZE] = part;
	return name;
}

void ec_keygen_name(uint64_t era, const uint8_t opener[static 32],
                    uint8_t out[static EC_KEYGEN_NAME_SIZE])
{
	struct keygen_name name = keygen_name(era, opener, 0);
	memcpy(out, name.at, EC_KEYGEN_NAME_SIZE);
}

bool ec_keygen_name_read(const uint8_t *name, size_t size, struct ec_keygen *keygen)
{
	if ((size != KEYGEN_NAME_SIZE && size != KEYGEN_NAME_SIZE + 1) || name[0] != 'k' ||
	    name[1] != '/')
		return false;
	keygen->era = 0;
	for (int i = 0; i < 8; i++)
		keygen->era = keygen->era << 8 | name[2 + i];
	memcpy(keygen->opener, name + 10, 32);
	return true;
}

size_t keygen_write(const struct ec_keygen *keygen, uint8_t out[static KEYGEN_VALUE_MAX])
{
	uint8_t state[EC_DKG_STATE_SIZE_MAX];
	size_t size = ec_dkg_encode(&keygen->dkg, state);
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, KEYGEN_VALUE_MAX);
	ec_cbor_write_array(&writer, 5);
	ec_cbor_write_bytes(&writer, keygen->seat, (size_t)keygen->dkg.n * 32);
	ec_cbor_write_uint(&writer, keygen->phase_ns);
	ec_cbor_write_uint(&writer, keygen->end_ns);
	ec_cbor_write_bytes(&writer, state, size);
	ec_cbor_write_bytes(&writer, keygen->keys, keygen->keys_size);
	assert(ec_cbor_writer_ok(&writer));
	return writer.out.size;
}

bool ec_keygen_read(struct ec_bytes value, struct ec_keygen *keygen)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	ec_cbor_array_exact(&cbor, 5);
	struct ec_view seats = ec_cbor_bytes(&cbor, sizeof keygen->seat);
	keygen->phase_ns = ec_cbor_uint(&cbor, EC_KEYGEN_PHASE_NS_MAX);
	keygen->end_ns = ec_cbor_uint(&cbor, FIELD_UINT_MAX);
	struct ec_view state = ec_cbor_bytes(&cbor, EC_DKG_STATE_SIZE_MAX);
	struct ec_view keys = ec_cbor_bytes(&cbor, sizeof keygen->keys);
	if (!ec_cbor_done(&cbor) ||
	    !ec_dkg_decode(&keygen->dkg, (struct ec_bytes){state.data, state.size, NULL}) ||
	    seats.size != (size_t)keygen->dkg.n * 32)
		return false;
	memcpy(keygen->seat, seats.data, seats.size);
	if (keys.size)
		memcpy(keygen->keys, keys.data, keys.size);
	keygen->keys_size = keys.size;
	return true;
}

uint32_t ec_keygen_seat(const struct ec_keygen *keygen, const uint8_t identity_key[static 32])
{
	for (uint32_t i = 0; i < keygen->dkg.n; i++)
		if (memcmp(keygen->seat[i], identity_key, 32) == 0)
			return i;
	return UINT32_MAX;
}

bool keygen_is_of(const struct ec_keygen *keygen, const struct ec_membership *membership)
{
	uint32_t voter = 0;
	if (keygen->era != membership->era || keygen->keys_size == 0 ||
	    keygen->keys_size != membership->keys_size ||
	    memcmp(keygen->keys, membership->keys, keygen->keys_size) != 0)
		return false;
	for (uint32_t i = 0; i < membership->n; i++) {
		const struct ec_seat *seat = &membership->seat[i];
		if (!(seat->roles & EC_VOTER))
			continue;
		if (voter == keygen->dkg.n || !(keygen->dkg.voters >> voter & 1) ||
		    memcmp(keygen->seat[voter], seat->identity_key, 32) != 0)
			return false;
		voter++;
	}
	return voter == keygen->dkg.n;
}

bool ec_keygen_find(struct ec_ledger *ledger, uint64_t era, const uint8_t opener[static 32],
                    struct ec_keygen *keygen, struct ec_dkg_deals *deals)
{
	struct keygen_name name = keygen_name(era, opener, 0);
	struct ec_bytes value;
	*keygen = (struct ec_keygen){.era = era};
	memcpy(keygen->opener, opener, 32);
	if (!ec_ledger_get(ledger, name.at, KEYGEN_NAME_SIZE, &value) ||
	    !ec_keygen_read(value, keygen))
		return false;
	if (deals)
		*deals = (struct ec_dkg_deals){0};
	for (uint32_t i = 0; deals && i < keygen->dkg.n; i++) {
		name.at[KEYGEN_NAME_SIZE] = (uint8_t)i;
		if (keygen->dkg.member[i].flags & EC_DKG_DEALT &&
		    !ec_ledger_get(ledger, name.at, sizeof name.at, &deals->of[i]))
			return false;
	}
	return true;
}

size_t ec_keygen_open(const struct ec_membership *membership, uint64_t phase_ns,
                      uint8_t out[static EC_KEYGEN_PAYLOAD_MAX])
{
	uint8_t seats[EC_THRESHOLD_MEMBERS_MAX * 33];
	size_t size = 0;
	for (uint32_t i = 0; i < membership->n; i++) {
		if (!(membership->seat[i].roles & EC_VOTER))
			continue;
		assert(size < sizeof seats);
		memcpy(seats + size, membership->seat[i].identity_key, 32);
		seats[size + 32] = EC_VOTER;
		size += 33;
	}
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_KEYGEN_PAYLOAD_MAX);
	ec_cbor_write_array(&writer, 4);
	ec_cbor_write_uint(&writer, KIND_KEYGEN);
	ec_cbor_write_uint(&writer, KEYGEN_OPEN);
	ec_cbor_write_uint(&writer, phase_ns);
	ec_cbor_write_bytes(&writer, seats, size);
	assert(ec_cbor_writer_ok(&writer));
	return writer.out.size;
}
_Static_assert(EC_VOTER == 1, "a seat's byte is 1 for a voter");

static size_t word_write(const struct ec_keygen *keygen, enum keygen_step step, const uint8_t *word,
                         size_t size, uint8_t out[static EC_KEYGEN_PAYLOAD_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_KEYGEN_PAYLOAD_MAX);
	ec_cbor_write_array(&writer, 5);
	ec_cbor_write_uint(&writer, KIND_KEYGEN);
	ec_cbor_write_uint(&writer, step);
	ec_cbor_write_bytes(&writer, keygen->opener, 32);
	ec_cbor_write_bytes(&writer, keygen->dkg.id.b, sizeof keygen->dkg.id.b);
	ec_cbor_write_bytes(&writer, word, size);
	assert(ec_cbor_writer_ok(&writer));
	return writer.out.size;
}
_Static_assert(EC_DKG_DEAL_SIZE_MAX + 128 <= EC_KEYGEN_PAYLOAD_MAX, "a deal fits");
_Static_assert(EC_DKG_VERDICT_SIZE_MAX + 128 <= EC_KEYGEN_PAYLOAD_MAX, "a verdict fits");

size_t ec_keygen_next(const struct ec_prime_group *group, const struct ec_keygen *keygen,
                      const struct ec_dkg_deals *deals, uint32_t self,
                      const uint8_t seed[static 32], uint64_t now_ns,
                      uint8_t out[static EC_KEYGEN_PAYLOAD_MAX])
{
	const struct ec_dkg *dkg = &keygen->dkg;
	uint8_t word[EC_KEYGEN_PAYLOAD_MAX];
	size_t size;
	assert(self < dkg->n);
	if (dkg->phase == EC_DKG_DONE || dkg->phase == EC_DKG_FAILED)
		return 0;
	if (now_ns >= keygen->end_ns)
		return word_write(keygen, KEYGEN_ADVANCE, NULL, 0, out);
	uint8_t flags = dkg->member[self].flags;
	if (!(dkg->voters >> self & 1))
		return 0;
	if (dkg->phase == EC_DKG_ENROL) {
		if (flags & EC_DKG_ENROLLED)
			return 0;
		ec_dkg_enrol_make(group, dkg, self, seed, word);
		return word_write(keygen, KEYGEN_ENROL, word, EC_DKG_ENROL_SIZE, out);
	}
	if (!(flags & EC_DKG_ENROLLED))
		return 0;
	if (dkg->phase == EC_DKG_DEAL) {
		if (flags & EC_DKG_DEALT)
			return 0;
		size = ec_dkg_deal_make(group, dkg, self, seed, word);
		return word_write(keygen, KEYGEN_DEAL, word, size, out);
	}
	if (flags & EC_DKG_JUDGED ||
	    !ec_dkg_verdict_make(group, dkg, deals, self, seed, word, &size))
		return 0;
	return word_write(keygen, KEYGEN_VERDICT_STEP, word, size, out);
}

bool ec_keygen_walk(struct ec_ledger *ledger, struct ec_cursor *cursor, struct ec_keygen *keygen,
                    struct ec_dkg_deals *deals)
{
	struct ec_bytes value;
	while (ec_ledger_next(ledger, cursor, &value)) {
		struct ec_keygen at;
		if (cursor->name_size == KEYGEN_NAME_SIZE &&
		    ec_keygen_name_read(cursor->name, cursor->name_size, &at))
			return ec_keygen_find(ledger, at.era, at.opener, keygen, deals);
	}
	return false;
}

bool ec_keygen_shares(struct ec_ledger *ledger, const struct ec_prime_group *group,
                      const struct ec_membership *membership, uint32_t index,
                      const uint8_t seed[static 32], struct ec_threshold_secret *coin,
                      struct ec_threshold_secret *seal)
{
	struct ec_cursor cursor;
	struct ec_keygen keygen;
	struct ec_dkg_deals deals;
	uint32_t voter = 0;
	if (membership->keys_size == 0 || index >= membership->n ||
	    !(membership->seat[index].roles & EC_VOTER))
		return false;
	for (uint32_t i = 0; i < index; i++)
		voter += (membership->seat[i].roles & EC_VOTER) != 0;
	ec_cursor_start(&cursor, "k/", 2);
	while (ec_keygen_walk(ledger, &cursor, &keygen, &deals))
		if (keygen_is_of(&keygen, membership))
			return ec_dkg_secret(group, &keygen.dkg, &deals, voter, seed, coin, seal);
	return false;
}
