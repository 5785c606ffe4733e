/* store_words.h - transactions of the store from lines that a person writes. */
#ifndef EC_DOORS_STORE_WORDS_H
#define EC_DOORS_STORE_WORDS_H

#include "services/store.h"

enum { EC_STORE_WORDS_MAX = 1 << 20 };

/* A transaction, and the bytes that its views lie in. */
struct ec_store_words {
	struct ec_store_txn txn;
	size_t used;
	uint8_t at[EC_STORE_WORDS_MAX];
};

#define EC_STORE_KEY_FORM "a key has 1 to 80 bytes, as text, or as 0x and hexadecimal digits"
_Static_assert(EC_STORE_KEY_MAX == 80, "stands in the text");

/* Takes text, or 0x and hexadecimal digits.  Out: out: lies in `words`.  Returns: false when it is
 * more than max bytes, or there is no room. */
bool ec_store_words_bytes(struct ec_store_words *words, const char *text, size_t max,
                          struct ec_view *out);

/* Takes bytes as they are.  Returns: as above. */
bool ec_store_words_raw(struct ec_store_words *words, const void *data, size_t size, size_t max,
                        struct ec_view *out);

/* Adds one line to the transaction:
 *     if KEY value|mod|create|version|lease =|!=|<|> OPERAND
 *     then|else put KEY VALUE        VALUE is the rest of the line
 *     then|else put@LEASE KEY VALUE
 *     then|else delete KEY
 * An empty line, and one that begins with #, is passed over.
 * Returns: false with a sentence in `why`. */
bool ec_store_words_line(struct ec_store_words *words, const char *line, char *why,
                         size_t why_size);

#endif
