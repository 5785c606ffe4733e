/* multipaxos_fuzz.c - check() against any bytes, and step() against whatever passes it. */
#include "consensus/multipaxos/multipaxos_hostile_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	multipaxos_hostile_run(data, size);
	return 0;
}
