/* growing.c - a byte buffer that doubles when it must. */
#include "doors/growing.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MIN = 512 };

uint8_t *ec_growing_reserve(struct ec_growing *growing, size_t size)
{
	if (growing->size + size > growing->capacity) {
		size_t capacity = growing->capacity ? growing->capacity : CAPACITY_MIN;
		while (capacity < growing->size + size)
			capacity *= 2;
		growing->at = realloc(growing->at, capacity);
		if (!growing->at)
			abort();
		growing->capacity = capacity;
	}
	return growing->at + growing->size;
}

void ec_growing_consume(struct ec_growing *growing, size_t size)
{
	assert(size <= growing->size);
	if (size)
		memmove(growing->at, growing->at + size, growing->size - size);
	growing->size -= size;
}

void ec_growing_free(struct ec_growing *growing)
{
	free(growing->at);
	*growing = (struct ec_growing){0};
}
