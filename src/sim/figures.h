/* figures.h - graphs typed as letters and arrows into scripts of `ghostdag`. */
#ifndef EC_SIM_FIGURES_H
#define EC_SIM_FIGURES_H

#include "sim/verbs.h"

/* `figures K FINAL MERGE`, `blocks B<-0; C<-B,...`, `give A B,C`, `tree A`, `order A`. */
extern const struct sim_verb sim_ghostdag_verbs[];

#endif
