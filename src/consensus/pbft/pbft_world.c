/* pbft_world.c - what PBFT gives to the world of its tests. */
#include "consensus/pbft/pbft_world.h"

#include <stdlib.h>

struct world_message *pbft_change(const struct world *world, ec_node node)
{
	return (struct world_message *)world->own + node;
}

static void options(const struct world_options *is, void *opaque)
{
	struct pbft_options *options = opaque;
	options->interval = is->interval ? is->interval : 8;
	options->batch_bytes_max = is->batch_bytes_max ? is->batch_bytes_max : 4096;
}

static void begin(struct world *world)
{
	world->own = calloc(world->n, sizeof(struct world_message));
}

static void end(struct world *world)
{
	for (ec_node node = 0; node < world->n; node++)
		world_message_drop(pbft_change(world, node));
	free(world->own);
}

static void said(struct world *world, ec_node from, struct ec_bytes head, struct ec_bytes body)
{
	struct message m;
	if (!pbft_message_read(head, &m) || m.kind != VIEW_CHANGE)
		return;
	world_message_drop(pbft_change(world, from));
	*pbft_change(world, from) = (struct world_message){
		.head = ec_keep(head), .body = ec_keep(body), .digest = world_digest(body)};
}

void pbft_forge(struct world *world, ec_node from, ec_node to, const struct message *message,
                struct ec_bytes body)
{
	struct ec_bytes head = pbft_message_write(world->pool, message);
	said(world, from, head, body);
	world_tell(world, from, to, EC_SIGN, head, body);
	ec_drop(head);
}

const struct world_protocol pbft_world = {.protocol = &ec_pbft,
                                          .options = options,
                                          .promises_equal = pbft_promises_equal,
                                          .begin = begin,
                                          .end = end,
                                          .said = said};
