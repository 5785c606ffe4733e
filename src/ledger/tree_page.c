/* tree_page.c - four levels of the state tree: their nodes, their bytes, their life in memory. */
#include "ledger/tree.h"
#include "base/codec.h"

#include <assert.h>
#include <stdlib.h>

enum { KEY_MAX = 1 + TREE_DEPTH_MAX / 2, NODES_ALL = 0xfffe, PAGE_SIZE_MAX = 4096 };

/* Depth, then the nibbles, packed. */
struct key {
	uint8_t at[KEY_MAX];
	size_t size;
};

static struct key key_of(const ec_hash *place, uint32_t depth)
{
	assert(depth < TREE_DEPTH_MAX);
	struct key key = {.size = 1 + (depth + 1) / 2};
	key.at[0] = (uint8_t)depth;
	memcpy(key.at + 1, place->b, key.size - 1);
	if (depth & 1)
		key.at[key.size - 1] &= 0xf0;
	return key;
}

static struct tree_page *page_of(struct named *named)
{
	return *(struct tree_page **)named->record;
}

static void page_free(struct tree_page *page)
{
	for (uint32_t i = 0; i < TREE_SLOTS; i++)
		free(page->leaf[i].name);
	free(page);
}

static void record_end(void *record)
{
	page_free(*(struct tree_page **)record);
}

void tree_start(struct tree *tree, struct ec_store *store, const void *prefix, size_t prefix_size)
{
	assert(prefix_size <= TREE_PREFIX_MAX);
	*tree = (struct tree){
		.store = store, .prefix_size = prefix_size, .clean_max = TREE_CLEAN_PAGES_MAX};
	memcpy(tree->prefix, prefix, prefix_size);
	tree->pages = names_new(sizeof(struct tree_page *), false);
}

void tree_end(struct tree *tree)
{
	names_free(tree->pages, record_end);
	*tree = (struct tree){0};
}

ec_hash tree_leaf_of(const ec_hash *place, const ec_hash *value_hash)
{
	const struct ec_part parts[] = {{"\x00", 1}, {place->b, 32}, {value_hash->b, 32}};
	return ec_sha256_parts(parts, 3);
}

ec_hash tree_leaf_hash(const ec_hash *place, const void *value, size_t value_size)
{
	ec_hash hash = ec_sha256(value, value_size);
	return tree_leaf_of(place, &hash);
}

/* The slots under a heap place, as a bitmap. */
static uint32_t slots_under(uint32_t heap)
{
	uint32_t level = 31 - (uint32_t)__builtin_clz(heap), width = TREE_SLOTS >> level;
	uint32_t first = (heap - (1u << level)) * width;
	return ((1u << width) - 1) << first;
}

uint32_t tree_page_leaves(const struct tree_page *page, uint32_t heap)
{
	return (uint32_t)__builtin_popcount(page->leaves & slots_under(heap));
}

uint32_t tree_page_pages(const struct tree_page *page, uint32_t heap)
{
	return (uint32_t)__builtin_popcount(page->pages & slots_under(heap));
}

/* The root below heap place 1..31, where slots are 16..31 and stale nodes below were made. */
static const ec_hash *node_value(const struct tree_page *page, uint32_t heap)
{
	return heap >= TREE_SLOTS ? &page->slot[heap - TREE_SLOTS] : &page->node[heap];
}

static ec_hash node_make(const struct tree_page *page, uint32_t heap)
{
	uint32_t under = slots_under(heap), pages = page->pages & under;
	uint32_t leaves = page->leaves & under;
	const ec_hash *left = node_value(page, 2 * heap), *right = node_value(page, 2 * heap + 1);
	if ((leaves | pages) == 0)
		return (ec_hash){0};
	if (!pages && !(leaves & (leaves - 1))) /* a lone leaf stands for all above it */
		return ec_hash_zero(left) ? *right : *left;
	return ec_merkle_node(left, right);
}

ec_hash tree_page_node(struct tree_page *page, uint32_t heap)
{
	while (page->stale) { /* the lowest first */
		uint32_t h = 31 - (uint32_t)__builtin_clz(page->stale);
		page->node[h] = node_make(page, h);
		page->stale &= ~(1u << h);
	}
	return *node_value(page, heap);
}

static bool page_read(struct tree_page *page, struct ec_bytes bytes)
{
	struct ec_reader reader = ec_reader_over(bytes.data, bytes.size);
	page->leaves = ec_read_u16(&reader);
	page->pages = ec_read_u16(&reader);
	page->stale = NODES_ALL;
	if (page->leaves & page->pages)
		return false;
	for (uint32_t i = 0; i < TREE_SLOTS; i++) {
		if ((page->leaves | page->pages) >> i & 1)
			page->slot[i] = ec_read_hash(&reader);
		if (!(page->leaves >> i & 1))
			continue;
		size_t size = ec_read_u8(&reader);
		const uint8_t *name = ec_read_raw(&reader, size);
		if (!name || size == 0)
			return false;
		page->leaf[i].name = malloc(size);
		if (!page->leaf[i].name)
			abort();
		memcpy(page->leaf[i].name, name, size);
		page->leaf[i].name_size = (uint16_t)size;
	}
	return ec_reader_done(&reader);
}

static size_t page_write(const struct tree_page *page, uint8_t out[PAGE_SIZE_MAX])
{
	struct ec_writer writer = ec_writer_over(out, PAGE_SIZE_MAX);
	ec_write_u16(&writer, page->leaves);
	ec_write_u16(&writer, page->pages);
	for (uint32_t i = 0; i < TREE_SLOTS; i++) {
		if ((page->leaves | page->pages) >> i & 1)
			ec_write_hash(&writer, &page->slot[i]);
		if (!(page->leaves >> i & 1))
			continue;
		ec_write_u8(&writer, (uint8_t)page->leaf[i].name_size);
		ec_write_raw(&writer, page->leaf[i].name, page->leaf[i].name_size);
	}
	assert(ec_writer_ok(&writer));
	return writer.size;
}

/* A page's name in the store.  Returns: its size. */
static size_t stored_key(const struct tree *tree, const uint8_t *key, size_t key_size,
                         uint8_t out[TREE_PREFIX_MAX + KEY_MAX])
{
	memcpy(out, tree->prefix, tree->prefix_size);
	memcpy(out + tree->prefix_size, key, key_size);
	return tree->prefix_size + key_size;
}

/* In: stored: whether the store may have it though it is not in memory. */
static struct tree_page *page_find(struct tree *tree, const ec_hash *place, uint32_t depth,
                                   bool stored, bool make)
{
	uint8_t at[TREE_PREFIX_MAX + KEY_MAX];
	struct ec_bytes bytes;
	struct key key = key_of(place, depth);
	struct named *named = names_find(tree->pages, key.at, key.size);
	if (named) {
		page_of(named)->asked = true;
		return page_of(named);
	}
	size_t size = stored_key(tree, key.at, key.size, at);
	stored = stored && tree->store->get(tree->store, at, size, &bytes);
	if (!stored && !make)
		return NULL;
	struct tree_page *page = calloc(1, sizeof *page);
	if (!page)
		abort();
	page->stored = stored;
	page->asked = true;
	bool good = !stored || page_read(page, bytes);
	assert(good); /* durable state that does not add up stops a node */
	(void)good;
	*(struct tree_page **)names_put(tree->pages, key.at, key.size)->record = page;
	return page;
}

struct tree_page *tree_page(struct tree *tree, const ec_hash *place, uint32_t depth, bool make)
{
	return page_find(tree, place, depth, true, make);
}

struct tree_page *tree_page_below(struct tree *tree, struct tree_page *above, const ec_hash *place,
                                  uint32_t depth, bool make)
{
	uint32_t slot = tree_nibble(place, depth - 1);
	struct tree_page **below = &above->below[slot];
	if (!*below)
		*below = page_find(tree, place, depth, above->pages >> slot & 1, make);
	else
		(*below)->asked = true;
	return *below;
}

/* Frees a page, which the one above it forgets: (T3). */
static void page_drop(struct tree *tree, struct named *named)
{
	struct tree_page *page = page_of(named);
	uint32_t depth = named->name[0];
	ec_hash place = {0};
	memcpy(place.b, named->name + 1, named->name_size - 1u);
	if (depth > 0) {
		struct key key = key_of(&place, depth - 1);
		struct named *above = names_find(tree->pages, key.at, key.size);
		if (above)
			page_of(above)->below[tree_nibble(&place, depth - 1)] = NULL;
	}
	page_free(page);
	names_remove(tree->pages, named);
}

void tree_page_touch(struct tree *tree, struct tree_page *page)
{
	tree->dirty += !page->dirty;
	page->dirty = true;
}

void tree_page_remove(struct tree *tree, const ec_hash *place, uint32_t depth)
{
	struct key key = key_of(place, depth);
	struct named *named = names_find(tree->pages, key.at, key.size);
	assert(named);
	struct tree_page *page = page_of(named);
	assert(page->leaves == 0 && page->pages == 0);
	tree_page_touch(tree, page); /* an empty page leaves the store when it is flushed */
	if (page->stored)
		return;
	tree->dirty--;
	page_drop(tree, named);
}

static void page_flush(struct tree *tree, struct named *named)
{
	struct tree_page *page = page_of(named);
	uint8_t at[TREE_PREFIX_MAX + KEY_MAX], bytes[PAGE_SIZE_MAX];
	size_t size = stored_key(tree, named->name, named->name_size, at);
	page->dirty = false;
	if (page->leaves || page->pages || named->name[0] == 0) {
		tree->store->put(tree->store, at, size, bytes, page_write(page, bytes));
		page->stored = true;
		return;
	}
	tree->store->del(tree->store, at, size);
	page_drop(tree, named);
}

/* The pages that changed. */
struct gathered {
	struct named **page;
	size_t count;
};

static void page_gather(void *self, struct named *named)
{
	struct gathered *gathered = self;
	if (page_of(named)->dirty)
		gathered->page[gathered->count++] = named;
}

/* In the order of their names, by which a store on disk puts many for the price of few. */
void tree_flush(struct tree *tree)
{
	if (tree->dirty == 0)
		return;
	struct gathered gathered = {.page = malloc(tree->dirty * sizeof *gathered.page)};
	if (!gathered.page)
		abort();
	names_each(tree->pages, page_gather, &gathered);
	assert(gathered.count == tree->dirty);
	names_sort(gathered.page, gathered.count);
	for (size_t i = 0; i < gathered.count; i++)
		page_flush(tree, gathered.page[i]);
	free(gathered.page);
	tree->dirty = 0;
	tree_trim(tree);
}

/* Pages near the root are on every way; those below go. */
static void page_forget(void *self, struct named *named)
{
	struct tree *tree = self;
	struct tree_page *page = page_of(named);
	if (!page->dirty && named->name[0] > 2)
		page_drop(tree, named);
}

/* Those that were asked for since the last time stay once. */
static void page_forget_idle(void *self, struct named *named)
{
	struct tree_page *page = page_of(named);
	if (!page->asked)
		page_forget(self, named);
	else
		page->asked = false;
}

void tree_trim(struct tree *tree)
{
	void (*const forget[])(void *, struct named *) = {page_forget_idle, page_forget};
	for (int i = 0; i < 2; i++)
		if (names_count(tree->pages) - tree->dirty > tree->clean_max)
			names_each(tree->pages, forget[i], tree);
}
