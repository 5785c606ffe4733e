/* device.h - an end device: signs readings and orders, keeps them until they are proven.
 *
 *     ec_device_reading() --> envelope --> outbox (on disk) --> schedule --> gateways
 *     ec_device_proof()   --> judged by the genesis alone   --> forgotten
 *
 * Whoever runs it (device_main.c, or firmware) brings the clock, the sockets and the meter.  One
 * thread. */
#ifndef EC_DEVICE_DEVICE_H
#define EC_DEVICE_DEVICE_H

#include "device/outbox.h"
#include "device/schedule.h"
#include "ledger/proof.h"

enum { EC_DEVICE_GAPS_MAX = 64, EC_DEVICE_SLOT_S = 900 };

struct ec_device_config {
	const struct ec_genesis *genesis; /* of the cell; outlives the device */
	const struct ec_crypto *crypto;
	const struct ec_secret *secret; /* the device's own key; outlives the device */
	struct ec_outbox *outbox;       /* stays the caller's */
	struct ec_schedule_plan plan;
	char name[64]; /* base name of readings, as "home-07/" */
};

/* Slots of which this device has no reading, because it was off; first and last, inclusive. */
struct ec_device_gap {
	uint64_t first_s, last_s;
};

struct ec_device {
	struct ec_device_config config;
	struct ec_schedule schedule;
	uint64_t readings, orders; /* made */
	uint64_t proven, rejected; /* by valid receipts: executed, and refused by a rule */
	uint64_t signed_again;     /* readings that were refused and are tried as new envelopes */
	uint64_t expired;          /* orders that came too late */
	uint32_t gaps;             /* the newest are listed */
	struct ec_device_gap gap[EC_DEVICE_GAPS_MAX];
	uint8_t refusals[EC_OUTBOX_ENTRIES_MAX]; /* of the same reading before this envelope */
};

/* Begins, with what the outbox still holds. */
void ec_device_start(struct ec_device *device, const struct ec_device_config *config,
                     uint64_t now_ns);

enum ec_device_result {
	EC_DEVICE_DONE,
	EC_DEVICE_KNOWN,  /* there is a reading of this slot, or of a later one */
	EC_DEVICE_FULL,   /* the outbox is; the slot is listed as a gap */
	EC_DEVICE_BROKEN, /* the disk failed: stop */
};

/* Registers at the end of a slot.  In: time_s: its end, a multiple of 900. */
struct ec_device_meter {
	uint64_t time_s, import_wh, export_wh;
	bool uncertain; /* the clock is not synchronised */
};

/* Signs and keeps a reading, chained to the last; slots left out since that one are listed as a
 * gap. In: now_ns: monotonic, as all such here. */
enum ec_device_result ec_device_reading(struct ec_device *device,
                                        const struct ec_device_meter *meter, uint64_t now_ns);

/* An order for the slot that starts at slot_s, a multiple of 900; worth nothing after expiry_ns
 * (community time). */
struct ec_device_order {
	uint64_t slot_s, expiry_ns, energy_wh;
	bool offer;
	int64_t price_ueur_kwh; /* the limit: pays at most, or wants at least */
};

/* Signs and keeps an order.  Returns: as above, never EC_DEVICE_KNOWN: the market judges it. */
enum ec_device_result ec_device_order(struct ec_device *device, const struct ec_device_order *order,
                                      uint64_t now_ns);

/* Forgets orders that expired by community time and that no gateway said to be in a block.  A
 * minute is added for the clock's error: the ledger refuses an envelope once community time has
 * passed its expiry, so nobody can have it executed any more.  Calls `each` for every one before it
 * goes. */
void ec_device_expire(struct ec_device *device, uint64_t community_ns,
                      void (*each)(void *self, const struct ec_outbox_entry *entry), void *self);

/* What a gateway answered to RECEIPT.  proof: empty: it has none yet.  A valid one ends the
 * envelope; anything else goes to the next gateway.  A reading that is proven to have been refused
 * is signed again, some times and ever later: the group's clock may have been behind, or the group
 * full.  When one that is dated ahead of the group's time is given up, the last slot goes back to
 * that time: once our clock is put right there are readings again.  Out: why, for a person, when it
 * was not valid or was refused; else empty. Returns: whether it is proven. */
bool ec_device_proof(struct ec_device *device, uint32_t index, struct ec_bytes proof,
                     uint64_t now_ns, char *why, size_t why_size);

#endif
