/* longest_tree.c - blocks by name and by ancestry, and their heads in bytes. */
#include "sim/longest_tree.h"

#include "base/codec.h"
#include "crypto/hash.h"

enum { HEAD_SIZE = 41 };

uint32_t longest_find(const struct longest_tree *tree, const ec_hash *name)
{
	for (uint32_t i = tree->count; i; i--) /* the newest are asked for most */
		if (ec_hash_equal(&tree->block[i - 1].name, name))
			return i - 1;
	return LONGEST_NONE;
}

uint32_t longest_ancestor(const struct longest_tree *tree, uint32_t block, uint32_t height)
{
	while (tree->block[block].height > height)
		block = tree->block[block].parent;
	return block;
}

uint32_t longest_common(const struct longest_tree *tree, uint32_t a, uint32_t b)
{
	a = longest_ancestor(tree, a, tree->block[b].height);
	b = longest_ancestor(tree, b, tree->block[a].height);
	while (a != b) {
		a = tree->block[a].parent;
		b = tree->block[b].parent;
	}
	return a;
}

bool longest_has(const struct longest_tree *tree, uint32_t block, uint32_t above,
                 const ec_hash *digest)
{
	for (; tree->block[block].height > above; block = tree->block[block].parent)
		if (ec_hash_equal(&tree->block[block].digest, digest))
			return true;
	return false;
}

bool longest_better(const struct longest_tree *tree, uint32_t a, uint32_t b)
{
	const struct longest_block *x = &tree->block[a], *y = &tree->block[b];
	return x->weight != y->weight ? x->weight > y->weight
	                              : memcmp(x->name.b, y->name.b, sizeof x->name.b) < 0;
}

uint32_t longest_add(struct longest_tree *tree, const ec_hash *parent, uint32_t weight,
                     struct longest_block block)
{
	const struct ec_part parts[] = {{parent->b, sizeof parent->b},
	                                {&block.height, sizeof block.height},
	                                {&block.rank, sizeof block.rank},
	                                {block.digest.b, sizeof block.digest.b}};
	block.name = ec_sha256_parts(parts, 4);
	block.parent = longest_find(tree, parent);
	if (block.parent == LONGEST_NONE || tree->count == LONGEST_BLOCKS ||
	    tree->block[block.parent].height + 1 != block.height ||
	    longest_find(tree, &block.name) != LONGEST_NONE)
		return LONGEST_NONE;
	block.weight = tree->block[block.parent].weight + weight;
	ec_keep(block.body);
	tree->block[tree->count] = block;
	return tree->count++;
}

bool longest_head_read(struct ec_bytes bytes, struct longest_head *head)
{
	struct ec_reader reader = ec_reader_over(bytes.data, bytes.size);
	*head = (struct longest_head){.kind = (enum longest_kind)ec_read_u8(&reader)};
	head->height = ec_read_u32(&reader);
	head->rank = ec_read_u32(&reader);
	head->name = ec_read_hash(&reader);
	return ec_reader_done(&reader) &&
	       (head->kind == LONGEST_BLOCK || head->kind == LONGEST_FINAL) && head->height;
}

struct ec_bytes longest_head_make(struct ec_pool *pool, struct longest_head head)
{
	struct ec_bytes bytes = ec_pool_take(pool, HEAD_SIZE);
	struct ec_writer writer = ec_writer_over(ec_writable(bytes), HEAD_SIZE);
	ec_write_u8(&writer, (uint8_t)head.kind);
	ec_write_u32(&writer, head.height);
	ec_write_u32(&writer, head.rank);
	ec_write_hash(&writer, &head.name);
	return bytes;
}

void longest_head_show(struct ec_bytes bytes, struct ec_text *text)
{
	struct longest_head head;
	if (!longest_head_read(bytes, &head))
		return;
	ec_text_add(text, "%s %u", head.kind == LONGEST_BLOCK ? "block" : "final", head.height);
	if (head.kind == LONGEST_BLOCK)
		ec_text_add(text, ".%u on %02x%02x", head.rank, head.name.b[0], head.name.b[1]);
}
