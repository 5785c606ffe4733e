/* store_words.c - transactions of the store from lines that a person writes. */
#include "doors/store_words.h"

#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORD_MAX = 256 };

bool ec_store_words_raw(struct ec_store_words *words, const void *data, size_t size, size_t max,
                        struct ec_view *out)
{
	if (size > max || size > sizeof words->at - words->used)
		return false;
	*out = (struct ec_view){.data = words->at + words->used, .size = size};
	if (size)
		memcpy(words->at + words->used, data, size);
	words->used += size;
	return true;
}

bool ec_store_words_bytes(struct ec_store_words *words, const char *text, size_t max,
                          struct ec_view *out)
{
	size_t size = strlen(text);
	if (strncmp(text, "0x", 2) != 0)
		return ec_store_words_raw(words, text, size, max, out);
	size = (size - 2) / 2;
	if (strlen(text) % 2 || size > max || size > sizeof words->at - words->used)
		return false;
	*out = (struct ec_view){.data = words->at + words->used, .size = size};
	words->used += size;
	return size == 0 || ec_hex_read(text + 2, words->at + words->used - size, size);
}

/* Takes the next word off a line.  Returns: false when there is none, or it is too long. */
static bool word_take(const char **line, char word[static WORD_MAX])
{
	*line += strspn(*line, " \t");
	size_t size = strcspn(*line, " \t");
	if (size == 0 || size >= WORD_MAX)
		return false;
	memcpy(word, *line, size);
	word[size] = 0;
	*line += size;
	*line += **line ? 1 : 0;
	return true;
}

static bool key_take(struct ec_store_words *words, const char **line, struct ec_view *key)
{
	char word[WORD_MAX];
	return word_take(line, word) && ec_store_words_bytes(words, word, EC_STORE_KEY_MAX, key) &&
	       key->size > 0;
}

static bool number_read(const char *text, uint64_t *value)
{
	char *end;
	if (!isdigit((unsigned char)*text) || strlen(text) > 19)
		return false;
	*value = strtoull(text, &end, 10);
	return *end == 0 && *value <= INT64_MAX;
}

static int index_of(const char *word, const char *const *of, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(word, of[i]) == 0)
			return i;
	return -1;
}

static bool refuse(char *why, size_t why_size, const char *text)
{
	snprintf(why, why_size, "%s", text);
	return false;
}

static bool compare_line(struct ec_store_words *words, const char *line, char *why, size_t why_size)
{
	static const char *const targets[] = {"value", "mod", "create", "version", "lease"};
	static const char *const relations[] = {"=", "!=", "<", ">"};
	char target[WORD_MAX] = "", relation[WORD_MAX] = "";
	struct ec_store_txn *txn = &words->txn;
	if (txn->compares == EC_STORE_OPS_MAX)
		return refuse(why, why_size, "a transaction has at most 16 compares");
	struct ec_store_compare *compare = &txn->compare[txn->compares];
	if (!key_take(words, &line, &compare->key))
		return refuse(why, why_size, EC_STORE_KEY_FORM);
	word_take(&line, target);
	word_take(&line, relation);
	int t = index_of(target, targets, EC_STORE_TARGETS);
	int r = index_of(relation, relations, EC_STORE_RELATIONS);
	if (t < 0 || r < 0)
		return refuse(why, why_size,
		              "if KEY value|mod|create|version|lease =|!=|<|> OPERAND");
	compare->target = (enum ec_store_target)t;
	compare->relation = (enum ec_store_relation)r;
	if (t == EC_STORE_VALUE
	            ? !ec_store_words_bytes(words, line, EC_STORE_VALUE_MAX, &compare->value)
	            : !number_read(line, &compare->number))
		return refuse(why, why_size,
		              t == EC_STORE_VALUE ? "a value has at most 65280 bytes"
		                                  : "all but a value is compared with a number");
	txn->compares++;
	return true;
}

static bool op_line(struct ec_store_words *words, int branch, const char *line, char *why,
                    size_t why_size)
{
	static const char form[] = "then|else put KEY VALUE, put@LEASE KEY VALUE, or delete KEY";
	char verb[WORD_MAX] = "";
	struct ec_store_txn *txn = &words->txn;
	if (txn->ops[branch] == EC_STORE_OPS_MAX)
		return refuse(why, why_size, "a branch has at most 16 operations");
	struct ec_store_op *op = &txn->op[branch][txn->ops[branch]];
	word_take(&line, verb);
	op->is_delete = strcmp(verb, "delete") == 0;
	if (strncmp(verb, "put@", 4) == 0) {
		if (!number_read(verb + 4, &op->lease) || op->lease == 0)
			return refuse(why, why_size, form);
	} else if (!op->is_delete && strcmp(verb, "put") != 0) {
		return refuse(why, why_size, form);
	}
	if (!key_take(words, &line, &op->key))
		return refuse(why, why_size, EC_STORE_KEY_FORM);
	if (op->is_delete && *line)
		return refuse(why, why_size, form);
	if (!op->is_delete && !ec_store_words_bytes(words, line, EC_STORE_VALUE_MAX, &op->value))
		return refuse(why, why_size, "a value has at most 65280 bytes");
	for (uint32_t i = 0; i < txn->ops[branch]; i++) {
		struct ec_view key = txn->op[branch][i].key;
		if (key.size == op->key.size && memcmp(key.data, op->key.data, key.size) == 0)
			return refuse(why, why_size, "a branch has one operation a key");
	}
	txn->ops[branch]++;
	return true;
}

bool ec_store_words_line(struct ec_store_words *words, const char *line, char *why, size_t why_size)
{
	char word[WORD_MAX];
	_Static_assert(EC_STORE_OPS_MAX == 16 && EC_STORE_VALUE_MAX == 65280, "stand in texts");
	if (!word_take(&line, word))
		return *line == 0 || refuse(why, why_size, "a line begins with if, then or else");
	if (*word == '#')
		return true;
	if (strcmp(word, "if") == 0)
		return compare_line(words, line, why, why_size);
	if (strcmp(word, "then") == 0 || strcmp(word, "else") == 0)
		return op_line(words, *word == 'e', line, why, why_size);
	return refuse(why, why_size, "a line begins with if, then or else");
}
