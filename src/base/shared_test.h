/* shared_test.h - test material of others, which lies beside the project and may be absent. */
#ifndef EC_SHARED_TEST_H
#define EC_SHARED_TEST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The folder of shared test material: EDGECORD_SHARED, else ../shared.  ctest runs in the root. */
static inline const char *ec_shared_folder(void)
{
	const char *folder = getenv("EDGECORD_SHARED");
	return folder && *folder ? folder : "../shared";
}

/* Out: the path of `name` in that folder.  Returns: whether it is there; if not, says `skipped`,
 * and the test passes. */
static inline bool ec_shared_path(char *path, size_t size_max, const char *name)
{
	snprintf(path, size_max, "%s/%s", ec_shared_folder(), name);
	if (access(path, R_OK) == 0)
		return true;
	printf("skipped %s: not there (EDGECORD_SHARED names its folder)\n", path);
	return false;
}

#endif
