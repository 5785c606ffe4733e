/* notify.h - telling systemd how the service is, without its library (sd_notify(3)). */
#ifndef EC_NODE_NOTIFY_H
#define EC_NODE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Sends "READY=1", "STOPPING=1", "WATCHDOG=1" or "STATUS=..." to the socket named by
 * NOTIFY_SOCKET.  Returns: false when there is none, or it does not listen: nothing to do then. */
bool ec_notify(const char *state);

/* Half of the time within which systemd wants a WATCHDOG=1, in ms; 0: it wants none. */
uint64_t ec_notify_watchdog_ms(void);

#endif
