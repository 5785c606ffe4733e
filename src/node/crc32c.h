/* crc32c.h - CRC-32C (Castagnoli; RFC 3720, B.4): damage that nobody intended. */
#ifndef EC_NODE_CRC32C_H
#define EC_NODE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of what `crc` covers so far (0: of nothing) followed by `size` bytes of `data`. */
uint32_t crc32c(uint32_t crc, const void *data, size_t size);

/* The same, never by the processor's own instruction: for machines without it. */
uint32_t crc32c_plain(uint32_t crc, const void *data, size_t size);

#endif
