/* twins.c - when a Byzantine identity equivocates: its two hosts sign different words for one
 * place.
 */
#include "group/frames.h"
#include "sim/world.h"

#include "crypto/hash.h"

#include <assert.h>
#include <stdlib.h>

enum { SAID = 1024 };

/* What was signed first under a head, as the protocol names it: kind, view, position. */
struct sim_said {
	uint64_t place, word; /* the first bytes of hashes; 0: nothing yet */
	uint32_t host;
	bool counted;
};

void sim_twins_begin(struct sim_host *first)
{
	first->said = calloc(SAID, sizeof *first->said);
	assert(first->said);
}

void sim_twins_end(struct sim_host *host)
{
	free(host->said);
}

static uint64_t number_of(const struct ec_part *parts, size_t count)
{
	ec_hash hash = ec_sha256_parts(parts, count);
	uint64_t number;
	memcpy(&number, hash.b, sizeof number);
	return number | 1;
}

/* The message of the protocol inside what travels.  Returns: false when it is none, or not signed.
 */
static bool message_of(const struct sim_world *world, const struct sim_item *item,
                       struct sim_item *message)
{
	struct ec_frame frame;
	*message = *item;
	if (!world->ledger)
		return item->proof.size > 0;
	if (!ec_frame_read(item->head, &frame) || frame.kind != EC_FRAME_MESSAGE)
		return false;
	message->era = frame.era;
	message->head = frame.block[EC_MESSAGE_HEAD];
	message->digest = frame.name;
	return frame.block[EC_MESSAGE_PROOF].size > 0;
}

void sim_twins_say(struct sim_world *world, const struct sim_host *host,
                   const struct sim_item *item)
{
	struct sim_said *said = sim_host_of(world, host->identity)->said;
	struct sim_item message;
	char words[128];
	struct ec_text text = ec_text_over(words, sizeof words);
	if (!said || !message_of(world, item, &message))
		return;
	const struct ec_protocol *protocol =
		world->ledger ? world->plan.protocol : sim_protocol_of(world, message.era);
	protocol->show_head(message.head, &text);
	const struct ec_part place[] = {{words, strlen(words)}, {&message.era, 8}};
	const struct ec_part word[] = {{message.head.data, message.head.size},
	                               {message.digest.b, 32}};
	struct sim_said new = {number_of(place, 2), number_of(word, 2), host->index, false};
	struct sim_said *old = &said[new.place / 2 % SAID];
	if (old->place != new.place)
		*old = new;
	if (old->host == host->index || old->word == new.word || old->counted)
		return;
	old->counted = true;
	world->counts.fired[SIM_EQUIVOCATED]++;
}
