/* ids.c - where each envelope stands, found by its id.
 *
 * Names in the store: the block's number / BUCKET_BLOCKS, whether it was turned away, the
 * id.  Ids are hashes and fall anywhere; in buckets, what one persist writes stands on few pages,
 * however many ids there are, and a search asks every bucket that is kept, newest first.
 *
 * (F1) Where an envelope was executed is found before where it was turned away, a repeat or an
 * author who left; of several the newest.
 */
#include "ledger/inside.h"

enum { BUCKET_BLOCKS = 256, NAME_SIZE = 4 + 1 + 32, VALUE_SIZE = 8 + 4 + 1 };

struct id_name {
	uint8_t at[NAME_SIZE];
};

static struct id_name id_name(uint64_t bucket, bool turned_away, const uint8_t *id)
{
	struct id_name name;
	struct ec_writer writer = ec_writer_over(name.at, sizeof name.at);
	for (int shift = 24; shift >= 0; shift -= 8)
		ec_write_u8(&writer, (uint8_t)(bucket >> shift));
	ec_write_u8(&writer, turned_away);
	ec_write_raw(&writer, id, 32);
	return name;
}

static struct id_name name_of(const uint8_t *id, const struct id_place *place)
{
	return id_name(place->seq / BUCKET_BLOCKS, ec_result_turned_away(place->code), id);
}

static bool place_read(struct ec_bytes value, struct id_place *place)
{
	struct ec_reader reader = ec_reader_over(value.data, value.size);
	place->seq = ec_read_u64(&reader);
	place->index = ec_read_u32(&reader);
	place->code = ec_read_u8(&reader);
	return ec_reader_done(&reader);
}

static void place_write(const struct id_place *place, uint8_t value[static VALUE_SIZE])
{
	struct ec_writer writer = ec_writer_over(value, VALUE_SIZE);
	ec_write_u64(&writer, place->seq);
	ec_write_u32(&writer, place->index);
	ec_write_u8(&writer, (uint8_t)place->code);
}

void id_put(struct ec_ledger *ledger, const ec_hash *id, const struct id_place *place)
{
	uint8_t value[VALUE_SIZE];
	struct id_name name = name_of(id->b, place);
	place_write(place, value);
	layer_put(&ledger->ids, ledger->position, name.at, sizeof name.at, value, sizeof value);
}

/* (F1) */
bool id_find(const struct ec_ledger *ledger, const ec_hash *id, struct id_place *place)
{
	uint64_t newest = (ledger->seq + 1) / BUCKET_BLOCKS;
	uint64_t oldest = (older_floor(ledger) + 1) / BUCKET_BLOCKS;
	struct ec_bytes value;
	for (int away = 0; away < 2; away++) {
		for (uint64_t bucket = newest + 1; bucket > oldest; bucket--) {
			struct id_name name = id_name(bucket - 1, away, id->b);
			if (layer_get(&ledger->ids, name.at, sizeof name.at, &value))
				return place_read(value, place);
		}
	}
	return false;
}

/* The same name in the store itself. */
struct stored_id {
	uint8_t at[2 + NAME_SIZE];
};

static struct stored_id stored_id(struct id_name name)
{
	struct stored_id stored = {{AREA_KEPT, TABLE_IDS}};
	memcpy(stored.at + 2, name.at, sizeof name.at);
	return stored;
}

void id_take(struct ec_ledger *ledger, const ec_hash *id, const struct id_place *place)
{
	struct id_name name = name_of(id->b, place);
	struct stored_id stored = stored_id(name);
	struct id_place later;
	struct ec_bytes old;
	uint8_t value[VALUE_SIZE];
	if (layer_get(&ledger->ids, name.at, sizeof name.at, &old) && place_read(old, &later) &&
	    later.seq > place->seq)
		return;
	place_write(place, value);
	ledger->store->put(ledger->store, stored.at, sizeof stored.at, value, sizeof value);
}

void id_forget(struct ec_ledger *ledger, const uint8_t *id, uint64_t seq)
{
	struct ec_store *store = ledger->store;
	for (int away = 0; away < 2; away++) {
		struct stored_id stored = stored_id(id_name(seq / BUCKET_BLOCKS, away, id));
		struct id_place place;
		struct ec_bytes value;
		if (store->get(store, stored.at, sizeof stored.at, &value) &&
		    place_read(value, &place) && place.seq == seq)
			store->del(store, stored.at, sizeof stored.at);
	}
}
