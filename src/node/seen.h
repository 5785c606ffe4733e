/* seen.h - which batches passed their check lately, so that a second copy is not checked again.
 *
 * Under load a batch waits to be checked while its member already asks others for it.  All calls
 * from any thread.
 */
#ifndef EC_NODE_SEEN_H
#define EC_NODE_SEEN_H

#include "group/member.h"

struct seen;

/* Remembers the newest few hundred.  Never NULL. */
struct seen *seen_new(void);
void seen_free(struct seen *seen); /* NULL is fine */

/* As the member wants it; lives as long as `seen`. */
struct ec_batches_seen seen_by(struct seen *seen);

#endif
