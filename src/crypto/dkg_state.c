/* dkg_state.c - the state of a key generation as bytes:
 *
 *   id (32) || n u8 || voters u64 || phase u8 || a member: flags u8 || by u8 || box key (32), if it
 * enrolled */
#include "base/codec.h"
#include "crypto/dkg_inside.h"

#include <assert.h>

size_t ec_dkg_encode(const struct ec_dkg *dkg, uint8_t out[static EC_DKG_STATE_SIZE_MAX])
{
	struct ec_writer writer = ec_writer_over(out, EC_DKG_STATE_SIZE_MAX);
	ec_write_hash(&writer, &dkg->id);
	ec_write_u8(&writer, (uint8_t)dkg->n);
	ec_write_u64(&writer, dkg->voters);
	ec_write_u8(&writer, (uint8_t)dkg->phase);
	for (uint32_t i = 0; i < dkg->n; i++) {
		const struct ec_dkg_member *member = &dkg->member[i];
		ec_write_u8(&writer, member->flags);
		ec_write_u8(&writer, member->by);
		if (member->flags & EC_DKG_ENROLLED)
			ec_write_raw(&writer, member->box_key, EC_POINT_SIZE);
	}
	assert(ec_writer_ok(&writer));
	return writer.size;
}

/* Whether flags can stand together, and in that phase. */
static bool possible(const struct ec_dkg *dkg, uint32_t index)
{
	static const uint8_t by_phase[] = {
		[EC_DKG_ENROL] = EC_DKG_ENROLLED,
		[EC_DKG_DEAL] = EC_DKG_ENROLLED | EC_DKG_DEALT,
		[EC_DKG_JUDGE] = 31,
		[EC_DKG_DONE] = 31,
		[EC_DKG_FAILED] = 31,
	};
	const struct ec_dkg_member *member = &dkg->member[index];
	uint8_t flags = member->flags;
	if (flags & ~by_phase[dkg->phase])
		return false;
	if (flags && (!(flags & EC_DKG_ENROLLED) || !(dkg->voters >> index & 1)))
		return false;
	if ((flags & EC_DKG_LIED && !(flags & EC_DKG_JUDGED)) ||
	    (flags & EC_DKG_BAD_DEAL && !(flags & EC_DKG_DEALT)))
		return false;
	return flags & EC_DKG_BAD_DEAL ? member->by < dkg->n && member->by != index
	                               : member->by == 0;
}

/* Whether as many spoke as the phases that are over ask for (ec_dkg_advance). */
static bool enough(const struct ec_dkg *dkg)
{
	uint32_t needed = ec_dkg_needed(dkg);
	uint32_t most = (uint32_t)__builtin_popcountll(dkg->voters) - (needed - 1);
	if (dkg->phase == EC_DKG_FAILED)
		return true;
	if (dkg->phase > EC_DKG_ENROL && dkg_count(dkg, EC_DKG_ENROLLED, 0) < most)
		return false;
	if (dkg->phase > EC_DKG_DEAL && dkg_count(dkg, EC_DKG_DEALT, 0) < needed)
		return false;
	return dkg->phase < EC_DKG_DONE ||
	       (dkg_count(dkg, EC_DKG_DEALT, EC_DKG_BAD_DEAL | EC_DKG_LIED) >= needed &&
	        dkg_count(dkg, EC_DKG_JUDGED, EC_DKG_LIED) >= most);
}

bool ec_dkg_decode(struct ec_dkg *dkg, struct ec_bytes bytes)
{
	struct ec_reader reader = ec_reader_over(bytes.data, bytes.size);
	*dkg = (struct ec_dkg){.id = ec_read_hash(&reader)};
	dkg->n = ec_read_u8(&reader);
	dkg->voters = ec_read_u64(&reader);
	uint8_t phase = ec_read_u8(&reader);
	if (reader.bad || dkg->n < 1 || dkg->n > EC_THRESHOLD_MEMBERS_MAX || dkg->voters == 0 ||
	    (dkg->n < EC_THRESHOLD_MEMBERS_MAX && dkg->voters >> dkg->n) || phase < EC_DKG_ENROL ||
	    phase > EC_DKG_FAILED)
		return false;
	dkg->phase = (enum ec_dkg_phase)phase;
	for (uint32_t i = 0; i < dkg->n && !reader.bad; i++) {
		struct ec_dkg_member *member = &dkg->member[i];
		member->flags = ec_read_u8(&reader);
		member->by = ec_read_u8(&reader);
		const uint8_t *key = NULL;
		if (member->flags & EC_DKG_ENROLLED)
			key = ec_read_raw(&reader, EC_POINT_SIZE);
		if (key)
			memcpy(member->box_key, key, EC_POINT_SIZE);
		if (!possible(dkg, i))
			return false;
	}
	return ec_reader_done(&reader) && enough(dkg);
}
