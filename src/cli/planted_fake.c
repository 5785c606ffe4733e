/* planted_fake.c - a node whose protocol has a planted bug, number $EC_BUG of its list: to
 * show that what judges real clusters finds it.  Stands before the call that makes an instance (the
 * linker's --wrap), so that no line of the node itself knows of it. */
#include "group/instance.h"

#include <stdlib.h>

struct instance *__real_instance_new(const struct ec_protocol *protocol,
                                     const struct ec_config *config, const struct ec_secret *secret,
                                     struct ec_pool *pool);
struct instance *__wrap_instance_new(const struct ec_protocol *protocol,
                                     const struct ec_config *config, const struct ec_secret *secret,
                                     struct ec_pool *pool);

struct instance *__wrap_instance_new(const struct ec_protocol *protocol,
                                     const struct ec_config *config, const struct ec_secret *secret,
                                     struct ec_pool *pool)
{
	struct ec_config with = *config;
	const char *bug = getenv("EC_BUG");
	with.bug = bug ? (uint32_t)strtoul(bug, NULL, 10) : 0;
	for (uint32_t i = 0; i < with.bug; i++)
		if (!protocol->bugs || !protocol->bugs[i])
			abort(); /* without a bug nothing would be shown */
	return __real_instance_new(protocol, &with, secret, pool);
}
