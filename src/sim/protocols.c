/* protocols.c - the table of protocols. */
#include "sim/protocols.h"

#include "sim/sequencer.h"

static const struct sim_protocol_entry *const entries[] = {&sim_sequencer_entry};

const struct sim_protocol_entry *sim_protocol_at(unsigned index)
{
	return index < sizeof entries / sizeof entries[0] ? entries[index] : NULL;
}

const struct sim_protocol_entry *sim_protocol_find(const char *name)
{
	const struct sim_protocol_entry *entry;
	for (unsigned i = 0; (entry = sim_protocol_at(i)); i++)
		if (strcmp(entry->protocol->name, name) == 0)
			return entry;
	return NULL;
}
