/* tree.c - changes to the state tree, one batch a block, and ways through it. */
#include "ledger/tree.h"

#include <assert.h>
#include <stdlib.h>

/* A page on the way: what it stands below, and how deep. */
struct spot {
	struct tree *tree;
	const ec_hash *place; /* any place below */
	uint32_t depth;
};

static void slot_clear(struct tree_page *page, uint32_t slot)
{
	free(page->leaf[slot].name);
	page->leaf[slot] = (struct tree_leaf){0};
	page->leaves &= (uint16_t) ~(1u << slot);
	page->pages &= (uint16_t) ~(1u << slot);
	page->slot[slot] = (ec_hash){0};
}

/* Every node above a slot is to be made again. */
static void slot_changed(struct tree *tree, struct tree_page *page, uint32_t slot)
{
	for (uint32_t heap = (TREE_SLOTS + slot) / 2; heap >= 1; heap /= 2)
		page->stale |= 1u << heap;
	tree_page_touch(tree, page);
}

static void leaf_put(struct tree_page *page, uint32_t slot, const ec_hash *hash,
                     const uint8_t *name, uint16_t name_size)
{
	struct tree_leaf *leaf = &page->leaf[slot];
	page->slot[slot] = *hash;
	page->leaves |= (uint16_t)(1u << slot);
	if (leaf->name && leaf->name_size == name_size && memcmp(leaf->name, name, name_size) == 0)
		return;
	uint8_t *copy = malloc(name_size);
	if (!copy)
		abort();
	memcpy(copy, name, name_size);
	free(leaf->name);
	*leaf = (struct tree_leaf){.name = copy, .name_size = name_size};
}

static bool leaf_is(const struct tree_leaf *leaf, const struct tree_change *change)
{
	return leaf->name_size == change->name_size &&
	       memcmp(leaf->name, change->name, leaf->name_size) == 0;
}

/* One change to a slot that is empty or holds a leaf.  Returns: false when that needs a page. */
static bool slot_simple(struct tree_page *page, uint32_t slot, const struct tree_change *change)
{
	bool leaf = page->leaves >> slot & 1;
	if (page->pages >> slot & 1)
		return false;
	if (leaf && !leaf_is(&page->leaf[slot], change))
		return change->gone;
	if (change->gone)
		slot_clear(page, slot);
	else
		leaf_put(page, slot, &change->leaf, change->name, change->name_size);
	return true;
}

static void page_update(const struct spot *spot, struct tree_page *page,
                        const struct tree_change *changes, size_t count);

/* Makes the page below a slot hold the slot's one leaf. */
static struct tree_page *slot_descend(const struct spot *below, struct tree_page *page,
                                      uint32_t slot)
{
	struct tree_page *child =
		tree_page_below(below->tree, page, below->place, below->depth, true);
	if (!(page->leaves >> slot & 1))
		return child;
	assert(child->leaves == 0 && child->pages == 0);
	ec_hash place = ec_sha256(page->leaf[slot].name, page->leaf[slot].name_size);
	uint32_t at = tree_nibble(&place, below->depth);
	child->slot[at] = page->slot[slot];
	child->leaf[at] = page->leaf[slot];
	child->leaves = (uint16_t)(1u << at);
	page->leaf[slot] = (struct tree_leaf){0};
	slot_changed(below->tree, child, at);
	return child;
}

/* What a slot holds, by what is left in the page below it: (T1). */
static void slot_settle(const struct spot *below, struct tree_page *page, uint32_t slot,
                        struct tree_page *child)
{
	uint32_t leaves = tree_page_leaves(child, 1), pages = tree_page_pages(child, 1);
	slot_clear(page, slot);
	if (pages > 0 || leaves > 1) {
		page->pages |= (uint16_t)(1u << slot);
		page->slot[slot] = tree_page_node(child, 1);
		return;
	}
	if (leaves == 1) {
		uint32_t at = (uint32_t)__builtin_ctz(child->leaves);
		page->leaves |= (uint16_t)(1u << slot);
		page->slot[slot] = child->slot[at];
		page->leaf[slot] = child->leaf[at];
		child->leaf[at] = (struct tree_leaf){0};
		slot_clear(child, at);
		slot_changed(below->tree, child, at);
	}
	tree_page_remove(below->tree, below->place, below->depth);
}

/* Changes that all go to one slot. */
static void slot_update(const struct spot *spot, struct tree_page *page, uint32_t slot,
                        const struct tree_change *changes, size_t count)
{
	struct spot below = {spot->tree, &changes[0].place, spot->depth + 1};
	if (count > 1 || !slot_simple(page, slot, &changes[0])) {
		struct tree_page *child = slot_descend(&below, page, slot);
		page_update(&below, child, changes, count);
		slot_settle(&below, page, slot, child);
	}
	slot_changed(spot->tree, page, slot);
}

/* Recursive to the depth at which places differ, TREE_DEPTH_MAX at most. */
static void page_update(const struct spot *spot, struct tree_page *page,
                        const struct tree_change *changes, size_t count)
{
	assert(spot->depth < TREE_DEPTH_MAX);
	for (size_t first = 0, end; first < count; first = end) {
		uint32_t slot = tree_nibble(&changes[first].place, spot->depth);
		for (end = first + 1; end < count; end++)
			if (tree_nibble(&changes[end].place, spot->depth) != slot)
				break;
		slot_update(spot, page, slot, changes + first, end - first);
	}
}

static int change_order(const void *a, const void *b)
{
	const ec_hash *left = &((const struct tree_change *)a)->place;
	const ec_hash *right = &((const struct tree_change *)b)->place;
	return left->b[0] != right->b[0] ? left->b[0] - right->b[0] : ec_hash_compare(left, right);
}

void tree_update(struct tree *tree, struct tree_change *changes, size_t count)
{
	static const ec_hash top;
	struct spot spot = {tree, &top, 0};
	if (count == 0)
		return;
	qsort(changes, count, sizeof *changes, change_order);
	for (size_t i = 1; i < count; i++)
		assert(change_order(&changes[i - 1], &changes[i]) < 0);
	page_update(&spot, tree_page(tree, &top, 0, true), changes, count);
}

ec_hash tree_root(struct tree *tree)
{
	static const ec_hash top;
	return tree_page_node(tree_page(tree, &top, 0, true), 1);
}

uint32_t tree_path_to(struct tree *tree, const ec_hash *place, uint32_t bits,
                      ec_hash path[static TREE_PATH_MAX], const struct tree_leaf **end, bool *many)
{
	uint32_t length = 0;
	*end = NULL;
	*many = false;
	for (uint32_t depth = 0; depth < TREE_DEPTH_MAX; depth++) {
		struct tree_page *page = tree_page(tree, place, depth, depth == 0);
		assert(page);
		for (uint32_t heap = 1;; length++) {
			uint32_t leaves = tree_page_leaves(page, heap);
			uint32_t pages = tree_page_pages(page, heap);
			*many = pages > 0 || leaves > 1;
			if (!*many && leaves == 0)
				return length;
			if (!*many) {
				while (heap < TREE_SLOTS) /* down to the one that is there */
					heap = 2 * heap + !tree_page_leaves(page, 2 * heap);
				*end = &page->leaf[heap - TREE_SLOTS];
				return length;
			}
			if (length == bits)
				return length;
			if (heap >= TREE_SLOTS)
				break;
			heap = 2 * heap + tree_bit(place, length);
			path[length] = tree_page_node(page, heap ^ 1);
		}
	}
	assert(false); /* two places that are one */
	return 0;
}

uint32_t tree_path(struct tree *tree, const ec_hash *place, ec_hash path[static TREE_PATH_MAX],
                   const struct tree_leaf **end)
{
	bool many;
	return tree_path_to(tree, place, TREE_PATH_MAX, path, end, &many);
}

/* The leftmost leaf below a page. */
static void leftmost(struct tree *tree, ec_hash way, uint32_t depth, ec_hash *found,
                     const struct tree_leaf **leaf)
{
	for (;; depth++) {
		struct tree_page *page = tree_page(tree, &way, depth, false);
		assert(page && (page->leaves || page->pages));
		uint32_t slot = (uint32_t)__builtin_ctz(page->leaves | page->pages);
		if (page->leaves >> slot & 1) {
			*leaf = &page->leaf[slot];
			*found = ec_sha256((*leaf)->name, (*leaf)->name_size);
			return;
		}
		way.b[depth / 2] &= depth & 1 ? 0xf0 : 0x0f;
		way.b[depth / 2] |= (uint8_t)(slot << (depth & 1 ? 0 : 4));
	}
}

bool tree_from(struct tree *tree, const ec_hash *place, ec_hash *found,
               const struct tree_leaf **leaf)
{
	uint32_t depth = 0;
	struct tree_page *page = tree_page(tree, place, 0, true), *way[TREE_DEPTH_MAX];
	for (;; depth++) { /* down as far as pages stand on the way */
		way[depth] = page;
		uint32_t slot = tree_nibble(place, depth);
		if (!(page->pages >> slot & 1)) {
			if (!(page->leaves >> slot & 1))
				break;
			*leaf = &page->leaf[slot];
			*found = ec_sha256((*leaf)->name, (*leaf)->name_size);
			if (ec_hash_compare(found, place) >= 0)
				return true;
			break;
		}
		page = tree_page(tree, place, depth + 1, false);
		assert(page);
	}
	for (;; depth--) { /* then the next one to the right, as low as there is one */
		uint32_t right = tree_nibble(place, depth) + 1;
		uint32_t above = (uint32_t)(way[depth]->leaves | way[depth]->pages) >> right;
		if (above) {
			uint32_t slot = right + (uint32_t)__builtin_ctz(above);
			ec_hash next = *place;
			next.b[depth / 2] &= depth & 1 ? 0xf0 : 0x0f;
			next.b[depth / 2] |= (uint8_t)(slot << (depth & 1 ? 0 : 4));
			if (way[depth]->pages >> slot & 1) {
				leftmost(tree, next, depth + 1, found, leaf);
				return true;
			}
			*leaf = &way[depth]->leaf[slot];
			*found = ec_sha256((*leaf)->name, (*leaf)->name_size);
			return true;
		}
		if (depth == 0)
			return false;
	}
}
