/* clock.h - time of a core that this process took. */
#ifndef EC_LAB_CLOCK_H
#define EC_LAB_CLOCK_H

#include <stdint.h>
#include <time.h>

/* In ns, since it started. */
static inline uint64_t lab_core_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

#endif
