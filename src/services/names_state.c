/* names_state.c - the state by the names of the services. */
#include "services/names.h"

bool ec_name_get(struct ec_scratch *scratch, const struct ec_name *name, struct ec_bytes *value)
{
	return ec_state_get(scratch, name->at, name->size, value);
}

bool ec_name_there(struct ec_scratch *scratch, const struct ec_name *name)
{
	struct ec_bytes value;
	return ec_state_get(scratch, name->at, name->size, &value);
}

void ec_name_delete(struct ec_scratch *scratch, const struct ec_name *name)
{
	ec_state_delete(scratch, name->at, name->size);
}

void ec_name_mark(struct ec_scratch *scratch, const struct ec_name *name)
{
	static const uint8_t null = 0xf6;
	ec_state_put(scratch, name->at, name->size, &null, 1);
}

bool ec_name_first(struct ec_scratch *scratch, const struct ec_name *prefix,
                   struct ec_cursor *cursor, struct ec_bytes *value)
{
	ec_cursor_start(cursor, prefix->at, prefix->size);
	return ec_cursor_next(scratch, cursor, value);
}
