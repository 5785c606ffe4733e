/* make_network.h - makes the folder of a network: keys, geneses, node configurations, devices.
 *
 *   DIR/network.json              what was made: groups, nodes, ports, devices
 *   DIR/GROUP/genesis             of `cloud`, `cell1`, `cell2`, ...
 *   DIR/GROUP/nodeN/node.yaml     configuration; also identity.key, era.key, genesis; and, later,
 * data DIR/devices/NAME.key          a device's key; its outbox stands beside it
 */
#ifndef EC_CLI_MAKE_NETWORK_H
#define EC_CLI_MAKE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EC_NETWORK_GROUPS_MAX = 64, EC_NETWORK_NODES_MAX = 64 };

/* Bounds of keep_days and keep_blocks.  Fewer blocks would go before devices have their receipts.
 */
enum { EC_KEEP_DAYS_MAX = 36500, EC_KEEP_BLOCKS_MIN = 1000 };
#define EC_KEEP_BLOCKS_MAX ((uint64_t)1 << 40)

struct ec_network_plan {
	const char *folder;     /* made when missing; refused when it holds a network already */
	const char *name;       /* of the network */
	const char *protocol;   /* of every group; "pbft" */
	uint32_t cells;         /* 1..63 */
	uint32_t members;       /* of each cell, 1..64 */
	uint32_t cloud;         /* members of the cloud; 0: no cloud */
	uint32_t homes;         /* devices of each cell, enrolled as meters and traders */
	uint16_t port;          /* first of the ports on 127.0.0.1: three a node; 0: looked for */
	uint64_t origin_ns;     /* community time at the start, ns since 1970 */
	uint64_t rate;          /* seconds of community time in a second */
	const uint8_t *options; /* of the protocol, as a roster holds them */
	size_t options_size;    /* 0: all have their defaults */
	bool is_unsigned, order_only; /* benchmarks: genesis flags */
	bool crash_cells;             /* the cloud anchors cells that stand crashes only, too */
	bool store;                   /* cells keep keys and values, too */
	uint32_t batch_envelopes_max; /* 0: 1024 */
	uint32_t keep_days;           /* that readings, trades and bills stay once final; 0: 400 */
	uint64_t keep_blocks;         /* that receipts can be fetched of; 0: 100,000 */
};

/* What stands in network.json. */
struct ec_network_node {
	uint16_t peer_port, door_port, http_port; /* on 127.0.0.1 */
	uint8_t identity_key[32];
	char folder[256]; /* absolute */
};

struct ec_network_group {
	char name[64];
	char folder[256];
	uint32_t nodes;
	struct ec_network_node node[EC_NETWORK_NODES_MAX];
};

struct ec_network {
	char name[64], folder[256], protocol[64];
	uint32_t groups; /* cells first, the cloud last if there is one */
	bool has_cloud;
	uint32_t homes; /* of each cell */
	uint64_t rate, start_ns, origin_ns;
	struct ec_network_group group[EC_NETWORK_GROUPS_MAX];
};

/* Makes all of it.  Returns: newly allocated, ended by free(); NULL with a sentence in `why`. */
struct ec_network *ec_network_make(const struct ec_network_plan *plan, char *why, size_t why_size);

/* Reads what ec_network_make() made. */
struct ec_network *ec_network_read(const char *folder, char *why, size_t why_size);

/* The first of `count` free ports in a row on 127.0.0.1; 0: there are none. */
uint16_t ec_network_ports_find(uint32_t count);

/* The path of a home's key file: cell and home count from 0. */
void ec_network_device_key(const struct ec_network *network, uint32_t cell, uint32_t home,
                           char path[static 512]);

#endif
