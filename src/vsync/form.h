/* form.h - what a group of replicas keeps in the store: its keys, and the bytes of their values.
 *
 * All keys begin with the group's own prefix; numbers stand in them as eight bytes, big endian.
 *
 *   key after the prefix         value (CBOR)
 *   "view"                       [number, [[id, name, whole], ...]]: the view in force
 *   "n/" id                      [name, acknowledged]: who is present; bound to its lease
 *   "v/" number                  as "view": the view, kept until all have installed it
 *   "m/" id count                [view number, number of the first, [bytes, ...]]: multicasts
 *   "s/" view number index       [last, bytes]: a piece of the state as of the view's begin
 *
 * The last three are *records*: each is put once, and taken out when all have acknowledged it. */
#ifndef EC_VSYNC_FORM_H
#define EC_VSYNC_FORM_H

#include "base/cbor.h"
#include "vsync/upcalls.h"

enum {
	VSYNC_BATCH_MAX = 256, /* multicasts in one record */
	VSYNC_KEY_MAX = EC_VSYNC_PREFIX_MAX + 18,
	VSYNC_VIEW_SIZE_MAX = 1024, /* bytes of a view's value */
	VSYNC_FRAME_SIZE = 32,      /* of a batch or a piece beside what it carries, at most */
	VSYNC_ITEM_SIZE = 5,        /* of a multicast in a batch beside its bytes, at most */
};

enum vsync_kind {
	VSYNC_NONE, /* nothing of ours */
	VSYNC_VIEW_NOW,
	VSYNC_PRESENT,
	VSYNC_VIEW,
	VSYNC_MULTICAST,
	VSYNC_STATE,
};

struct vsync_key {
	enum vsync_kind kind;
	uint64_t a, b; /* the numbers in it */
};

/* Writes prefix and key.  In: prefix: at most EC_VSYNC_PREFIX_MAX bytes.  Returns: the size. */
size_t vsync_key_write(struct ec_view prefix, struct vsync_key key,
                       uint8_t out[static VSYNC_KEY_MAX]);

/* Reads a key.  Returns: kind VSYNC_NONE when it is another's. */
struct vsync_key vsync_key_read(struct ec_view prefix, struct ec_view key);

/* Writes a view, but for its epoch.  Returns: the size. */
size_t vsync_view_write(const struct ec_vsync_view *view, uint8_t out[static VSYNC_VIEW_SIZE_MAX]);

/* Reads one; its epoch is left 0.  Returns: false when it is none: no member, one of them twice. */
bool vsync_view_read(struct ec_view value, struct ec_vsync_view *out);

/* Where a member stands in a view; -1: it is not in it. */
int vsync_view_find(const struct ec_vsync_view *view, uint64_t id);

/* Writes who is present.  Returns: the size. */
size_t vsync_present_write(const char *name, uint64_t acknowledged, uint8_t *out, size_t size_max);

/* Reads it.  Returns: false when it is none. */
bool vsync_present_read(struct ec_view value, char name[static EC_VSYNC_NAME_MAX + 1],
                        uint64_t *acknowledged);

/* Begins a batch of `count` multicasts, which are then written one by one as byte strings. */
struct ec_cbor_writer vsync_batch_begin(uint8_t *out, size_t size_max, uint64_t view_number,
                                        uint64_t first, uint32_t count);

/* A batch being read. */
struct vsync_batch {
	uint64_t view_number, first;
	uint32_t count, taken;
	struct ec_cbor at;
};

/* Reads a batch whole, and then its first multicast is next.  Returns: false when it is none. */
bool vsync_batch_read(struct ec_view value, struct vsync_batch *out);

/* Takes the next.  Returns: false when there is none. */
bool vsync_batch_next(struct vsync_batch *batch, struct ec_view *bytes);

/* Writes a piece of a state.  Returns: the size. */
size_t vsync_piece_write(bool last, struct ec_view bytes, uint8_t *out, size_t size_max);

/* Reads one.  Returns: false when it is none. */
bool vsync_piece_read(struct ec_view value, bool *last, struct ec_view *bytes);

#endif
