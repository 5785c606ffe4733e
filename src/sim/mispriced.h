/* mispriced.h - the services of a member that computes other results, to be outvoted. */
#ifndef EC_SIM_MISPRICED_H
#define EC_SIM_MISPRICED_H

#include "ledger/service.h"

/* As ec_services, but that the market does one thing more with every order that it takes.  NULL
 * ends. */
extern const struct ec_service *const sim_services_mispriced[];

#endif
