/* known.h - what whoever judges certificates knows of protocols, by their names in rosters. */
#ifndef EC_LEDGER_KNOWN_H
#define EC_LEDGER_KNOWN_H

#include <stdbool.h>

/* Whether a protocol may take back what it delivered last (enum ec_order: EC_REVISABLE), by its
 * name in a roster; false for a name that this program does not know. */
bool ec_order_revisable(const char *protocol);

/* Whether a protocol stands members that fall silent, and none that lies: a majority is its quorum
 * (base/quorum.h), and its certificates hold if no member lied.  By its name in a roster; false for
 * a name that this program does not know, as more signatures never hold less. */
bool ec_faults_crash_only(const char *protocol);

#endif
