/* roster.c - a roster of one era, read, written and asked. */
#include "ledger/field.h"

#include "base/quorum.h"
#include "ledger/known.h"

#include <assert.h>
#include <stdlib.h>

enum { ROLES_ALL = EC_VOTER | EC_LEADER | EC_ARBITER };

#define WEIGHT_MAX ((uint64_t)1 << 32)
#define KIND       "edgecord/roster/1"

void ec_membership_free(struct ec_membership *membership)
{
	if (!membership)
		return;
	free(membership->seat);
	free(membership->member);
	free(membership);
}

static void seat_read(struct ec_cbor *cbor, struct ec_seat *seat)
{
	ec_cbor_array_exact(cbor, 6);
	ec_cbor_bytes_exact(cbor, seat->identity_key, sizeof seat->identity_key);
	ec_cbor_bytes_exact(cbor, seat->era_key, sizeof seat->era_key);
	seat->weight = ec_cbor_uint(cbor, WEIGHT_MAX);
	seat->roles = (uint32_t)ec_cbor_uint(cbor, ROLES_ALL);
	field_name(cbor, seat->owner);
	field_name(cbor, seat->site);
}

/* Six items where the members share keys, else five. */
static bool keys_follow(struct ec_cbor *cbor)
{
	struct ec_cbor ahead = *cbor;
	return ec_cbor_array(&ahead, 6) == 6;
}

/* What they are is judged by who uses them; here, that they can be cut into two halves of points.
 */
static void keys_read(struct ec_cbor *cbor, struct ec_membership *membership)
{
	struct ec_view keys = ec_cbor_bytes(cbor, EC_SHARED_KEYS_MAX);
	if (keys.size == 0 || keys.size % (2 * EC_POINT_SIZE)) {
		ec_cbor_refuse(cbor);
		return;
	}
	memcpy(membership->keys, keys.data, keys.size);
	membership->keys_size = keys.size;
}

static void membership_fields(struct ec_cbor *cbor, struct ec_membership *membership)
{
	bool keys = keys_follow(cbor);
	field_begin(cbor, keys ? 6 : 5, KIND);
	membership->era = ec_cbor_uint(cbor, FIELD_UINT_MAX);
	field_name(cbor, membership->protocol);
	struct ec_view options = ec_cbor_bytes(cbor, EC_OPTIONS_MAX);
	if (options.size)
		memcpy(membership->options, options.data, options.size);
	membership->options_size = options.size;
	membership->n = ec_cbor_array(cbor, EC_MEMBERS_MAX);
	size_t room = membership->n + (size_t)1; /* of none, too, which is refused later */
	membership->seat = calloc(room, sizeof *membership->seat);
	membership->member = calloc(room, sizeof *membership->member);
	if (!membership->seat || !membership->member)
		abort();
	for (uint32_t i = 0; i < membership->n; i++)
		seat_read(cbor, &membership->seat[i]);
	if (keys)
		keys_read(cbor, membership);
}

/* What protocols see of each seat. */
static void members_fill(struct ec_membership *membership)
{
	for (uint32_t i = 0; i < membership->n; i++) {
		struct ec_roster_member *member = &membership->member[i];
		const struct ec_seat *seat = &membership->seat[i];
		memcpy(member->key, seat->era_key, sizeof member->key);
		member->weight = seat->weight;
		member->roles = seat->roles;
	}
}

static bool keys_doubled(const struct ec_seat *a, const struct ec_seat *b)
{
	return memcmp(a->identity_key, b->identity_key, 32) == 0 ||
	       memcmp(a->era_key, b->era_key, 32) == 0;
}

static bool seats_usable(const struct ec_membership *membership, char *why, size_t why_size)
{
	uint32_t voters = 0;
	for (uint32_t i = 0; i < membership->n; i++) {
		const struct ec_seat *seat = &membership->seat[i];
		voters += (seat->roles & EC_VOTER) != 0;
		if (seat->weight == 0)
			return field_refuse(why, why_size, "roster: member %u has weight 0", i);
		for (uint32_t k = 0; k < i; k++)
			if (keys_doubled(seat, &membership->seat[k]))
				return field_refuse(why, why_size,
				                    "roster: members %u and %u have one key", k, i);
	}
	if (voters == 0)
		return field_refuse(why, why_size, "roster: no member is a voter");
	return true;
}

struct ec_membership *ec_membership_read(struct ec_bytes encoded, char *why, size_t why_size)
{
	struct ec_membership *membership = calloc(1, sizeof *membership);
	if (!membership)
		abort();
	struct ec_cbor cbor = ec_cbor_over(encoded.data, encoded.size);
	membership_fields(&cbor, membership);
	bool good = ec_cbor_done(&cbor) || field_explain(&cbor, "roster", why, why_size);
	if (good && membership->era == 0)
		good = field_refuse(why, why_size, "roster: eras count from 1");
	if (!good || !seats_usable(membership, why, why_size)) {
		ec_membership_free(membership);
		return NULL;
	}
	members_fill(membership);
	membership->hash = ec_sha256(encoded.data, encoded.size);
	return membership;
}

static void membership_put(struct ec_cbor_writer *writer, const struct ec_membership *membership)
{
	field_begin_write(writer, membership->keys_size ? 6 : 5, KIND);
	ec_cbor_write_uint(writer, membership->era);
	ec_cbor_write_string(writer, membership->protocol);
	ec_cbor_write_bytes(writer, membership->options, membership->options_size);
	ec_cbor_write_array(writer, membership->n);
	for (uint32_t i = 0; i < membership->n; i++) {
		const struct ec_seat *seat = &membership->seat[i];
		ec_cbor_write_array(writer, 6);
		ec_cbor_write_bytes(writer, seat->identity_key, sizeof seat->identity_key);
		ec_cbor_write_bytes(writer, seat->era_key, sizeof seat->era_key);
		ec_cbor_write_uint(writer, seat->weight);
		ec_cbor_write_uint(writer, seat->roles);
		ec_cbor_write_string(writer, seat->owner);
		ec_cbor_write_string(writer, seat->site);
	}
	if (membership->keys_size)
		ec_cbor_write_bytes(writer, membership->keys, membership->keys_size);
}

uint8_t *ec_membership_write(struct ec_membership *membership, size_t *size)
{
	struct ec_cbor_writer count = ec_cbor_writer_over(NULL, 0);
	membership_put(&count, membership);
	*size = count.out.size;
	uint8_t *bytes = malloc(*size);
	if (!bytes)
		abort();
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, *size);
	membership_put(&writer, membership);
	assert(ec_cbor_writer_ok(&writer));
	membership->hash = ec_sha256(bytes, *size);
	return bytes;
}

struct ec_roster ec_membership_roster(const struct ec_membership *membership)
{
	return (struct ec_roster){
		.era = membership->era, .n = membership->n, .member = membership->member};
}

uint32_t ec_membership_find(const struct ec_membership *membership,
                            const uint8_t identity_key[static 32])
{
	for (uint32_t i = 0; i < membership->n; i++)
		if (memcmp(membership->seat[i].identity_key, identity_key, 32) == 0)
			return i;
	return UINT32_MAX;
}

static uint64_t weight_of_voters(const struct ec_membership *membership)
{
	uint64_t total = 0;
	for (uint32_t i = 0; i < membership->n; i++)
		if (membership->seat[i].roles & EC_VOTER)
			total += membership->seat[i].weight;
	assert(total > 0);
	return total;
}

static bool crash_only(const struct ec_membership *membership)
{
	return ec_faults_crash_only(membership->protocol);
}

uint64_t ec_membership_faulty(const struct ec_membership *membership)
{
	uint64_t weight = weight_of_voters(membership);
	return crash_only(membership) ? ec_faults_crash(weight) : ec_faults_byzantine(weight);
}

uint64_t ec_membership_liars(const struct ec_membership *membership)
{
	return crash_only(membership) ? 0 : ec_membership_faulty(membership);
}

uint64_t ec_membership_quorum(const struct ec_membership *membership)
{
	uint64_t weight = weight_of_voters(membership);
	return crash_only(membership) ? ec_quorum_crash(weight) : ec_quorum_byzantine(weight);
}

struct ec_membership *ec_membership_new(uint32_t n)
{
	assert(n >= 1 && n <= EC_MEMBERS_MAX);
	struct ec_membership *membership = calloc(1, sizeof *membership);
	if (!membership)
		abort();
	membership->seat = calloc(n, sizeof *membership->seat);
	membership->member = calloc(n, sizeof *membership->member);
	if (!membership->seat || !membership->member)
		abort();
	membership->n = n;
	return membership;
}

struct ec_membership *ec_membership_copy(const struct ec_membership *membership)
{
	struct ec_membership *copy = ec_membership_new(membership->n);
	struct ec_seat *seat = copy->seat;
	struct ec_roster_member *member = copy->member;
	memcpy(seat, membership->seat, membership->n * sizeof *seat);
	*copy = *membership;
	copy->seat = seat;
	copy->member = member;
	members_fill(copy);
	return copy;
}

const char *ec_membership_keys_lay(const struct ec_membership *membership,
                                   struct ec_threshold_key *coin, struct ec_threshold_key *seal)
{
	const struct ec_roster roster = ec_membership_roster(membership);
	uint32_t voters = ec_voters(&roster);
	size_t half = membership->keys_size / 2;
	if (crash_only(membership))
		return "its protocol stands no member that lies, so its voters share no keys";
	if (half / EC_POINT_SIZE != ec_faults_byzantine(voters) + 1)
		return "the keys that its voters share need one more of them than may be faulty";
	if (voters > EC_THRESHOLD_MEMBERS_MAX)
		return "at most 64 voters share keys";
	bool laid = ec_threshold_key_lay(voters, membership->keys, half, coin) &&
	            (!seal || ec_threshold_key_lay(voters, membership->keys + half, half, seal));
	return laid ? NULL : "the keys that its voters share are no points of the group";
}

const char *ec_membership_keys(const struct ec_membership *membership,
                               const struct ec_threshold_crypto *crypto,
                               struct ec_threshold_key *coin, struct ec_threshold_key *seal)
{
	const char *wrong = ec_membership_keys_lay(membership, coin, seal);
	if (wrong)
		return wrong;
	if (!crypto)
		return "this program has no cryptography for shared keys";
	if (crypto->expand(crypto->group, coin) && (!seal || crypto->expand(crypto->group, seal)))
		return NULL;
	return "the keys that its voters share are no points of the group";
}
