/* ghostdag_fuzz.c - check() against any bytes, and step() against whatever passes it. */
#include "consensus/ghostdag/ghostdag_hostile_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ghostdag_hostile_run(data, size);
	return 0;
}
