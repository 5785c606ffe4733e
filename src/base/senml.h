/* senml.h - a meter reading as a SenML pack in CBOR (RFC 8428): the one form that is accepted.
 *
 * A reading is the state of two cumulative registers in whole Wh at the end of a quarter-hour:
 *
 *     [{0: "import", 2: import Wh, -2: base name, -3: time s, -4: "Wh",
 *       "previous": id, "uncertain": true, "correction": reason},
 *      {0: "export", 2: export Wh}]
 *
 * Labels of RFC 8428, table 4: 0 name, 2 value, -2 base name, -3 base time, -4 base unit.  "import"
 * is OBIS 1-0:1.8.0, "export" is 1-0:2.8.0.  The last three labels are ours, each may be left out,
 * and none ends in "_", so that any SenML parser may pass over them (RFC 8428, 4.4):
 *   previous    the envelope id of this meter's reading before this one: the register chain
 *   uncertain   the device's clock was not synchronised; only `true` is written
 *   correction  1: the meter was replaced, registers start anew; 2: stands for an earlier reading
 * The time is absolute (at least 2^28, RFC 8428, 4.5.3) and in community time. */
#ifndef EC_SENML_H
#define EC_SENML_H

#include "base/cbor.h"

enum { EC_SENML_NAME_MAX = 64, EC_SENML_SIZE_MAX = 256 };

/* Registers stay far below what could overflow a sum of them. */
#define EC_REGISTER_WH_MAX ((uint64_t)1 << 50)
#define EC_TIME_S_MIN      ((uint64_t)1 << 28)
#define EC_TIME_S_MAX      ((uint64_t)1 << 33)

enum ec_correction { EC_CORRECTION_NONE, EC_CORRECTION_REPLACED, EC_CORRECTION_VALUE };

struct ec_reading {
	char name[EC_SENML_NAME_MAX]; /* base name, as "home-07/"; 1..63 of [A-Za-z0-9:./_-] */
	uint64_t time_s;              /* community time, EC_TIME_S_MIN..EC_TIME_S_MAX */
	uint64_t import_wh, export_wh;
	bool uncertain, chained;
	ec_hash previous;    /* when chained */
	uint32_t correction; /* enum ec_correction */
};

/* Reads the pack that comes next.  Returns: false when it is not of this form; the reader then
 * holds an error. */
bool ec_senml_read(struct ec_cbor *cbor, struct ec_reading *out);

/* Appends the pack to a writer.  In: a reading within the bounds above; at most EC_SENML_SIZE_MAX
 * bytes. */
void ec_senml_write(struct ec_cbor_writer *writer, const struct ec_reading *reading);

#endif
