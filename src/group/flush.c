/* flush.c - the queue between a protocol's effects and the world.
 *
 * Three first-in first-out lists over one array of slots: SAVEs, what else keeps its place, and
 * what is eager.  All remember the number of each effect, so that of what may leave, the earlier
 * leaves first.
 *
 * (I1) An ordered effect leaves only from the head of its list; a SAVE at any time; another only
 *      when every SAVE added before it is durable.
 * (I2) An eager effect leaves only from the head of its list; one on the application, only after
 *      every ordered one on the application that was added before it.
 * (I3) Every slot below `used` is in exactly one of: saves, ordered, eager, free.  Those above were
 *      never touched: room for the longest queue costs memory only once there was one.
 */
#include "group/flush.h"

#include "consensus/alike.h"

#include <assert.h>

static const uint32_t NONE = UINT32_MAX;

struct slot {
	struct ec_effect effect;
	uint64_t number;       /* of effects added before it */
	uint64_t applications; /* of ordered effects on the application added before it */
	uint64_t saves;        /* of SAVEs added before it */
	uint32_t next;
};

struct list {
	uint32_t first, last, count;
};

struct ec_flush {
	uint32_t capacity, used, free;
	struct list saves, ordered, eager;
	uint64_t added;
	uint64_t saves_added, saves_left, saves_durable;
	uint64_t applications_added, applications_passed; /* of the ordered */
	struct slot slot[];
};

size_t ec_flush_size(uint32_t capacity)
{
	return sizeof(struct ec_flush) + capacity * sizeof(struct slot);
}

void ec_flush_init(struct ec_flush *flush, uint32_t capacity)
{
	assert(capacity >= 1 && capacity < NONE);
	*flush = (struct ec_flush){.capacity = capacity,
	                           .free = NONE,
	                           .saves = {NONE, NONE, 0},
	                           .ordered = {NONE, NONE, 0},
	                           .eager = {NONE, NONE, 0}};
}

/* A free slot.  In: there is room. */
static uint32_t slot_take(struct ec_flush *flush)
{
	uint32_t at = flush->free;
	if (at == NONE) {
		assert(flush->used < flush->capacity);
		return flush->used++;
	}
	assert(at < flush->used);
	flush->free = flush->slot[at].next;
	return at;
}

static void list_push(struct ec_flush *flush, struct list *list, uint32_t at)
{
	flush->slot[at].next = NONE;
	if (list->count)
		flush->slot[list->last].next = at;
	else
		list->first = at;
	list->last = at;
	list->count++;
}

static struct ec_effect list_pop(struct ec_flush *flush, struct list *list)
{
	assert(list->count > 0 && list->first < flush->used);
	uint32_t at = list->first;
	struct slot *slot = &flush->slot[at];
	list->first = slot->next;
	if (--list->count == 0)
		assert(list->first == NONE);
	slot->next = flush->free;
	flush->free = at;
	struct ec_effect effect = slot->effect;
	slot->effect = (struct ec_effect){0};
	return effect;
}

uint32_t ec_flush_waiting(const struct ec_flush *flush)
{
	return flush->saves.count + flush->ordered.count + flush->eager.count;
}

uint32_t ec_flush_room(const struct ec_flush *flush)
{
	assert(ec_flush_waiting(flush) <= flush->capacity);
	return flush->capacity - ec_flush_waiting(flush);
}

uint32_t ec_flush_saving(const struct ec_flush *flush)
{
	return (uint32_t)(flush->saves_left - flush->saves_durable);
}

void ec_flush_add(struct ec_flush *flush, struct ec_effect effect)
{
	bool eager = effect.kind == EC_NOTE || (effect.flags & EC_EAGER);
	assert(ec_flush_room(flush) > 0);
	if (eager)
		assert(effect.kind != EC_SAVE);
	uint32_t at = slot_take(flush);
	struct slot *slot = &flush->slot[at];
	slot->effect = effect;
	slot->number = flush->added++;
	slot->applications = flush->applications_added;
	slot->saves = flush->saves_added;
	flush->applications_added += !eager && ec_effect_applies(effect.kind);
	flush->saves_added += effect.kind == EC_SAVE;
	list_push(flush,
	          effect.kind == EC_SAVE ? &flush->saves
	          : eager                ? &flush->eager
	                                 : &flush->ordered,
	          at);
}

/* Whether the head of the ordered may leave (I1). */
static bool ordered_ready(const struct ec_flush *flush)
{
	return flush->ordered.count &&
	       flush->slot[flush->ordered.first].saves <= flush->saves_durable;
}

/* Whether the head of the eager may leave (I2). */
static bool eager_ready(const struct ec_flush *flush)
{
	if (!flush->eager.count)
		return false;
	const struct slot *slot = &flush->slot[flush->eager.first];
	return !ec_effect_applies(slot->effect.kind) ||
	       slot->applications <= flush->applications_passed;
}

bool ec_flush_next(struct ec_flush *flush, struct ec_effect *effect)
{
	struct list *const lists[] = {flush->saves.count ? &flush->saves : NULL,
	                              ordered_ready(flush) ? &flush->ordered : NULL,
	                              eager_ready(flush) ? &flush->eager : NULL};
	struct list *earliest = NULL;
	for (int i = 0; i < 3; i++)
		if (lists[i] && (!earliest || flush->slot[lists[i]->first].number <
		                                      flush->slot[earliest->first].number))
			earliest = lists[i];
	if (!earliest)
		return false;
	*effect = list_pop(flush, earliest);
	if (earliest == &flush->ordered)
		flush->applications_passed += ec_effect_applies(effect->kind);
	flush->saves_left += effect->kind == EC_SAVE;
	return true;
}

void ec_flush_durable(struct ec_flush *flush, uint32_t saves)
{
	assert(saves <= ec_flush_saving(flush));
	flush->saves_durable += saves;
}

static uint32_t list_clear(struct ec_flush *flush, struct list *list)
{
	uint32_t lost = list->count;
	while (list->count) {
		struct ec_effect effect = list_pop(flush, list);
		ec_drop(effect.head);
		ec_drop(effect.body);
	}
	return lost;
}

uint32_t ec_flush_clear(struct ec_flush *flush)
{
	uint32_t lost = list_clear(flush, &flush->saves) + list_clear(flush, &flush->ordered) +
	                list_clear(flush, &flush->eager);
	flush->saves_left = flush->saves_durable = flush->saves_added;
	flush->applications_passed = flush->applications_added;
	assert(ec_flush_room(flush) == flush->capacity);
	return lost;
}

static uint32_t list_held(const struct ec_flush *flush, const struct list *list,
                          struct ec_bytes *at, uint32_t count)
{
	for (uint32_t i = list->first; i != NONE; i = flush->slot[i].next) {
		const struct ec_effect *effect = &flush->slot[i].effect;
		const struct ec_bytes both[] = {effect->head, effect->body};
		for (int k = 0; k < 2; k++) {
			if (!both[k].buffer)
				continue;
			if (at)
				at[count] = both[k];
			count++;
		}
	}
	return count;
}

uint32_t ec_flush_held(const struct ec_flush *flush, struct ec_bytes *at)
{
	uint32_t count = list_held(flush, &flush->saves, at, 0);
	count = list_held(flush, &flush->ordered, at, count);
	return list_held(flush, &flush->eager, at, count);
}
