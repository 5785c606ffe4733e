/* crc32c.c - CRC-32C, by the processor's instruction where there is one. */
#include "node/crc32c.h"

#include <string.h>

/* The remainders of all four-bit values, polynomial 0x1EDC6F41 reflected. */
static const uint32_t nibble[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
	0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t crc32c_plain(uint32_t crc, const void *data, size_t size)
{
	const uint8_t *at = data;
	crc = ~crc;
	for (; size; size--, at++) {
		crc ^= *at;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const void *data,
                                                                 size_t size)
{
	const uint8_t *at = data;
	uint64_t wide = ~crc;
	for (; size >= 8; size -= 8, at += 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = (uint32_t)wide;
	for (; size; size--, at++)
		crc = __builtin_ia32_crc32qi(crc, *at);
	return ~crc;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t size)
{
	if (__builtin_cpu_supports("sse4.2"))
		return by_instruction(crc, data, size);
	return crc32c_plain(crc, data, size);
}
#else
uint32_t crc32c(uint32_t crc, const void *data, size_t size)
{
	return crc32c_plain(crc, data, size);
}
#endif
