/* up.h - the parts of `edgecord up`: a local network as processes, watched and summed up. */
#ifndef EC_CLI_UP_H
#define EC_CLI_UP_H

#include "base/histogram.h"
#include "cli/make_network.h"
#include "cli/processes.h"
#include "cli/protocol_option.h"
#include "doors/client.h"
#include "services/read.h"

enum { UP_UNSAID = UINT32_MAX };

struct up_options {
	const char *folder; /* NULL: data/up, made anew */
	uint32_t slots;     /* quarter-hours to play before the summary */
	double speed;       /* of them a second; 0: not said */
	bool exit_at_end;   /* after the summary; else goes on until a signal */
	bool store;         /* cells keep keys and values, too */
	bool json;          /* the summary as one JSON object, progress to standard error */
	/* Of the network; UP_UNSAID, 0 or NULL: not said, as usual or as the folder has it. */
	uint32_t cells, members, homes, cloud, port;
	const char *protocol;
	struct ec_option_pairs pairs;    /* of the protocol */
	const char *load_path, *pv_path; /* real profiles; NULL: generated */
	double kwp;                      /* rated power behind a PV profile per unit */
	const char *gaps, *tz;           /* passed to the importer, for both files */
	const char *unit, *pv_unit;
};

/* What all bills of a cell, added up, say about its money. */
enum up_bills {
	UP_BILLS_UNKNOWN, /* there was no whole answer, or old bills are not kept any more */
	UP_BILLS_AGREE,   /* with the trades, the tariffs and the supplier's account */
	UP_BILLS_DIFFER,
};

/* What the network says, gathered once a second. */
struct up_cell_sight {
	bool seen;
	bool recounted, balanced; /* all accounts were added up; and came to zero */
	enum up_bills bills;      /* at the end only */
	uint64_t bill_lines;      /* that were added up then */
	uint64_t missing;         /* slots without a reading, of homes that are off now, too */
	uint64_t slot_s;          /* newest slot with trades */
	struct ec_metering_total metering;
	struct ec_market_total market;
	struct ec_settlement_total settlement;
	struct ec_slot_summary newest;
};

struct up_node_sight {
	bool up, ready, diverged;
	uint64_t seq, view_changes, time_ns;
	uint64_t certificates;        /* that it saw formed since we look, over its restarts */
	uint64_t certificates_before; /* of them, those of processes that ended */
	uint64_t certificates_now;    /* of the process that runs */
	struct ec_usage usage;
};

struct up_sight {
	struct up_cell_sight cell[EC_NETWORK_GROUPS_MAX];
	struct up_node_sight node[EC_NETWORK_GROUPS_MAX][EC_NETWORK_NODES_MAX];
	struct ec_histogram commits; /* of all cells' nodes that answered, since their start */
	uint64_t anchors, memory_max_bytes;
};

struct up {
	struct up_options options;
	struct ec_network *network;
	int lock; /* on its folder, for nobody else may run it or put it aside; -1: none yet */
	struct ec_processes processes;
	struct ec_client *client[EC_NETWORK_GROUPS_MAX][EC_NETWORK_NODES_MAX];
	struct up_sight sight;
	uint64_t deadline_s[EC_NETWORK_GROUPS_MAX];    /* of readings, by the cell's genesis */
	uint32_t load_columns, pv_columns;             /* of real profiles; 0: none */
	uint64_t started_ns, ready_ns, first_trade_ns; /* monotonic; 0: not yet */
	char why[512];
};

/* Monotonic time, ns. */
uint64_t up_now(void);

/* up_start.c: makes or reads the network and starts its nodes, without waiting for them.  Returns:
 * false with up->why. */
bool up_start_nodes(struct up *up);

/* up_keys.c: where the protocol seals what is proposed, each group that began without keys has its
 * members make them and goes over to an era with them, and that is told.  In: all nodes are ready.
 * Returns: false with up->why. */
bool up_make_keys(struct up *up);

/* Starts the devices of all cells.  In: the nodes are started.  Returns: false with up->why. */
bool up_start_devices(struct up *up);

/* up_data.c: reads real profiles, if there are any, and says what they are.  Returns: false with
 * up->why when they are refused. */
bool up_data_read(struct up *up);

/* What a device is told about its profile: the arguments, NULL ends, and their texts. */
struct up_device_arguments {
	const char *argument[16];
	char profile[1100], pv[1100];
};

/* Those of home `number`, from 0 and counted over all cells: its columns of the real profiles, in
 * turn, or a generated one.  Out: points into itself and into up->options. */
void up_data_arguments(const struct up *up, uint32_t number, struct up_device_arguments *out);

/* up_watch.c: connects where there is no connection yet, asks every node, fills up->sight.
 * Returns: whether every node answered and is ready. */
bool up_look(struct up *up);

/* Adds up all bills of every cell, into up->sight. */
void up_look_at_bills(struct up *up);

/* Closes the connections. */
void up_watch_end(struct up *up);

/* up_money.c: the sum over all accounts of a cell in nano-EUR, which is zero when no money was made
 * or lost.  Returns: false when there is no whole answer, of one block. */
bool up_balances(struct ec_client *client, int64_t *sum);

/* Adds up all its bills, and compares them with its trades and the supplier's account.  Out: lines:
 * of the bills; 0: nothing follows from them. */
enum up_bills up_recount(struct ec_client *client, uint64_t *lines);

/* up_report.c: a line of progress, to stderr with --json; on a terminal over the one before, unless
 * it is the last. */
void up_progress(const struct up *up, bool last);

/* Looks at the bills, then prints the summary on stdout.  Returns: whether money was conserved and
 * there were readings. */
bool up_summary(struct up *up);

#endif
