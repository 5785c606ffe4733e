/* honeybadger_fuzz.c - check() against turned and forged messages, step() against what passes. */
#include "consensus/honeybadger/honeybadger_hostile_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	honeybadger_hostile_run(data, size);
	return 0;
}
