/* growing.h - a byte buffer of one connection that grows as it must; its owner bounds it. */
#ifndef EC_DOORS_GROWING_H
#define EC_DOORS_GROWING_H

#include <stddef.h>
#include <stdint.h>

/* Start with zeros. */
struct ec_growing {
	uint8_t *at;
	size_t size, capacity;
};

/* Room for `size` bytes behind those that are there; the caller adds what it wrote to size.  Out of
 * memory ends the program. */
uint8_t *ec_growing_reserve(struct ec_growing *growing, size_t size);

/* Takes the first `size` bytes away. */
void ec_growing_consume(struct ec_growing *growing, size_t size);

/* Gives the memory back. */
void ec_growing_free(struct ec_growing *growing);

#endif
