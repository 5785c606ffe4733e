/* protocols.c - the table of protocols. */
#include "lab/protocols.h"

static const struct lab_entry *const entries[] = {&lab_pbft, &lab_honeybadger, &lab_ghostdag,
                                                  &lab_raft, &lab_multipaxos,  &lab_paxos};

const struct lab_entry *lab_entry_at(uint32_t index)
{
	return index < sizeof entries / sizeof entries[0] ? entries[index] : NULL;
}

const struct lab_entry *lab_entry_find(const char *name)
{
	const struct lab_entry *entry;
	for (uint32_t i = 0; (entry = lab_entry_at(i)); i++)
		if (strcmp(entry->cell.protocol->name, name) == 0)
			return entry;
	return NULL;
}
