/* oracle_house.h - what all members of a group were told, held against each other: knows nothing of
 * how a member works.
 *
 * A violation is a sentence that begins with the property that is broken; the first one is kept. */
#ifndef EC_VSYNC_ORACLE_HOUSE_H
#define EC_VSYNC_ORACLE_HOUSE_H

#include "crypto/hash.h"
#include "vsync/upcalls.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum fate { FATE_NONE, FATE_DELIVERED, FATE_REFUSED, FATE_UNSURE };

/* Sent while a view ended: in the next one. */
#define ORACLE_NEXT_EPOCH UINT64_MAX

struct sent {
	uint64_t epoch;
	ec_hash content;
	enum fate fate;
	bool ordered; /* somebody delivered it */
};

/* One life of a member, which may end without a word. */
struct life {
	uint64_t id;
	bool brought, anew, viewed, fenced;
	size_t view, at; /* index of its view; messages delivered in it */
	ec_hash state;   /* what an application that hashes all it is told has come to */
	struct sent *sent;
	uint64_t sents, unresolved, sent_room;
};

struct told {
	uint64_t sender, number, revision, index;
	ec_hash content;
};

struct told_view {
	struct ec_vsync_view view;
	ec_hash state;     /* as of its begin, at all who installed it */
	struct told *told; /* the longest that anybody delivered in it */
	size_t tolds, room;
	bool anew; /* somebody began it with no state */
	bool left; /* somebody installed the next one: nothing is added */
};

struct oracle {
	struct life **life;
	size_t lives;
	struct told_view *view; /* by number - 1, while the group does not begin in another place */
	size_t views;
	uint64_t switch_epoch, stale; /* a device: the highest epoch that it was told; refused */
	uint64_t ordered;             /* messages that anybody delivered */
	uint64_t delivered, refused, fences, states;
	char violation[200];
};

__attribute__((format(printf, 2, 3))) static inline void violated(struct oracle *oracle,
                                                                  const char *format, ...)
{
	va_list arguments;
	if (oracle->violation[0])
		return;
	va_start(arguments, format);
	vsnprintf(oracle->violation, sizeof oracle->violation, format, arguments);
	va_end(arguments);
}

static inline struct life *oracle_life(struct oracle *oracle, uint64_t id)
{
	oracle->life = realloc(oracle->life, (oracle->lives + 1) * sizeof(struct life *));
	struct life *life = calloc(1, sizeof *life);
	life->id = id;
	oracle->life[oracle->lives++] = life;
	return life;
}

static inline void oracle_free(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->lives; i++) {
		free(oracle->life[i]->sent);
		free(oracle->life[i]);
	}
	for (size_t i = 0; i < oracle->views; i++)
		free(oracle->view[i].told);
	free(oracle->life);
	free(oracle->view);
}

/* The device takes what is not of an older epoch than it has seen.  Returns: whether it did. */
static inline bool oracle_device(struct oracle *oracle, uint64_t epoch)
{
	if (epoch < oracle->switch_epoch) {
		oracle->stale++;
		return false;
	}
	oracle->switch_epoch = epoch;
	return true;
}

static inline ec_hash state_after(ec_hash state, const struct ec_vsync_message *message)
{
	struct ec_part parts[] = {{state.b, 32},
	                          {&message->sender, 8},
	                          {&message->number, 8},
	                          {message->bytes.data, message->bytes.size}};
	return ec_sha256_parts(parts, 4);
}

static inline void oracle_sent(struct oracle *oracle, struct life *life, uint64_t number,
                               uint64_t epoch, struct ec_view bytes)
{
	if (number != life->sents + 1)
		violated(oracle, "numbers: %llu after %llu", (unsigned long long)number,
		         (unsigned long long)life->sents);
	if (life->sents == life->sent_room) {
		life->sent_room = 2 * life->sent_room + 64;
		life->sent = realloc(life->sent, life->sent_room * sizeof *life->sent);
	}
	life->sent[life->sents++] =
		(struct sent){.epoch = epoch, .content = ec_sha256(bytes.data, bytes.size)};
}

static inline struct sent *oracle_find_sent(struct oracle *oracle, uint64_t sender, uint64_t number)
{
	for (size_t i = oracle->lives; i-- > 0;)
		if (oracle->life[i]->id == sender)
			return number >= 1 && number <= oracle->life[i]->sents
			               ? &oracle->life[i]->sent[number - 1]
			               : NULL;
	return NULL;
}

/* Everything sent in an epoch up to this one has its fate, when its view has ended. */
static inline void oracle_resolved(struct oracle *oracle, struct life *life, uint64_t epoch)
{
	while (life->unresolved < life->sents && life->sent[life->unresolved].epoch <= epoch)
		if (life->sent[life->unresolved++].fate == FATE_NONE)
			violated(oracle, "fate: nobody told the sender what became of it");
}

static inline void oracle_brought(struct oracle *oracle, struct life *life, struct ec_view state)
{
	if (life->brought || life->viewed)
		violated(oracle, "state: brought twice");
	life->brought = true;
	life->anew = state.data == NULL;
	oracle->states += state.size > 0;
	memset(&life->state, 0, sizeof life->state);
	if (state.size >= 32)
		memcpy(life->state.b, state.data, 32);
	for (size_t i = 32; i < state.size; i++)
		if (state.data[i] != (uint8_t)(life->state.b[i % 32] + i / 32))
			violated(oracle, "state: its pieces are not in order");
}

/* Leaves the view in which it is. */
static inline void oracle_view_left(struct oracle *oracle, struct life *life,
                                    const struct ec_vsync_view *next)
{
	struct told_view *from = &oracle->view[life->view];
	if (next->number != from->view.number + 1)
		violated(oracle, "views: %llu after %llu", (unsigned long long)next->number,
		         (unsigned long long)from->view.number);
	if (next->epoch <= from->view.epoch)
		violated(oracle, "epochs: they do not grow");
	if (life->at != from->tolds)
		violated(oracle, "synchrony: one delivered %zu messages in a view, another %zu",
		         life->at, from->tolds);
	from->left = true;
	oracle_resolved(oracle, life, from->view.epoch);
}

static inline void oracle_view(struct oracle *oracle, struct life *life,
                               const struct ec_vsync_view *view)
{
	if (life->fenced)
		violated(oracle, "fencing: a view after the end");
	if (!life->brought)
		violated(oracle, "state: a view before it");
	if (life->viewed)
		oracle_view_left(oracle, life, view);
	size_t at = view->number - 1;
	if (at > oracle->views) { /* nobody lived to install those between */
		oracle->view = realloc(oracle->view, at * sizeof *oracle->view);
		memset(oracle->view + oracle->views, 0,
		       (at - oracle->views) * sizeof *oracle->view);
		oracle->views = at;
	}
	if (at == oracle->views || oracle->view[at].view.number == 0) {
		if (at == oracle->views)
			oracle->view =
				realloc(oracle->view, ++oracle->views * sizeof *oracle->view);
		oracle->view[at] = (struct told_view){.view = *view, .state = life->state};
	}
	struct told_view *now = &oracle->view[at];
	bool same = now->view.epoch == view->epoch && now->view.members == view->members;
	bool self = false;
	for (uint32_t i = 0; i < view->members; i++) {
		same = same && now->view.member[i].id == view->member[i].id;
		self = self || view->member[i].id == life->id;
	}
	if (!same)
		violated(oracle, "views: two of number %llu", (unsigned long long)view->number);
	if (!self)
		violated(oracle, "views: installed by who is not in it");
	if (!ec_hash_equal(&now->state, &life->state))
		violated(oracle, "state: another one than others had when the view began");
	for (uint64_t i = life->sents; i-- > 0 && life->sent[i].epoch == ORACLE_NEXT_EPOCH;)
		life->sent[i].epoch = view->epoch;
	now->anew = now->anew || (life->anew && !life->viewed);
	life->viewed = true;
	life->view = at;
	life->at = 0;
	oracle_device(oracle, view->epoch);
}

/* Whether the group began anew since a view: what its members knew is lost with them. */
static inline bool oracle_anew_since(const struct oracle *oracle, size_t view)
{
	for (size_t i = view + 1; i < oracle->views; i++)
		if (oracle->view[i].anew)
			return true;
	return false;
}

static inline void oracle_deliver(struct oracle *oracle, struct life *life,
                                  const struct ec_vsync_message *message)
{
	struct told_view *now = life->viewed ? &oracle->view[life->view] : NULL;
	struct told told = {message->sender, message->number, message->revision, message->index,
	                    ec_sha256(message->bytes.data, message->bytes.size)};
	struct sent *sent = oracle_find_sent(oracle, message->sender, message->number);
	oracle->delivered++;
	if (life->fenced || !now) {
		violated(oracle, "fencing: a message outside of any view");
		return;
	}
	if (!sent || !ec_hash_equal(&sent->content, &told.content)) {
		violated(oracle, "content: nobody sent this");
		return;
	}
	if (sent->epoch != now->view.epoch || message->epoch != now->view.epoch)
		violated(oracle, "sending view: sent in epoch %llu, delivered in %llu",
		         (unsigned long long)sent->epoch, (unsigned long long)now->view.epoch);
	if (sent->fate == FATE_REFUSED)
		violated(oracle, "fate: refused, and delivered all the same");
	sent->ordered = true;
	if (message->sender == life->id && sent->fate != FATE_NONE)
		violated(oracle, "fate: delivered twice to its sender");
	if (message->sender == life->id)
		sent->fate = FATE_DELIVERED;
	life->state = state_after(life->state, message);
	bool applied = oracle_device(oracle, message->epoch);
	if (life->at < now->tolds) {
		if (memcmp(&now->told[life->at++], &told, sizeof told) != 0)
			violated(oracle, "order: two members delivered in another order");
		return;
	}
	if (now->left)
		violated(oracle, "synchrony: more than those who left the view delivered in it");
	if (!applied && !oracle_anew_since(oracle, life->view))
		violated(oracle, "fencing: a rule that was never applied came with an old epoch");
	for (size_t i = 0; i < now->tolds; i++)
		if (now->told[i].sender == told.sender && now->told[i].number == told.number)
			violated(oracle, "duplicate: one message twice in a view");
	const struct told *last = now->tolds ? &now->told[now->tolds - 1] : NULL;
	if (last && (told.revision < last->revision ||
	             (told.revision == last->revision && told.index != last->index + 1)))
		violated(oracle, "order: places do not grow");
	if (now->tolds == now->room) {
		now->room = 2 * now->room + 64;
		now->told = realloc(now->told, now->room * sizeof told);
	}
	now->told[now->tolds++] = told;
	oracle->ordered++;
	life->at++;
}

static inline void oracle_refused(struct oracle *oracle, struct life *life, uint64_t number,
                                  struct ec_view bytes, bool sure)
{
	struct sent *sent = oracle_find_sent(oracle, life->id, number);
	ec_hash content = ec_sha256(bytes.data, bytes.size);
	oracle->refused++;
	if (!sent || !ec_hash_equal(&sent->content, &content))
		violated(oracle, "content: refused is what was not sent");
	else if (sent->fate != FATE_NONE)
		violated(oracle, "fate: two of them");
	else if (sure && sent->ordered)
		violated(oracle, "fate: refused, and delivered before");
	else
		sent->fate = sure ? FATE_REFUSED : FATE_UNSURE;
}

static inline void oracle_fenced(struct oracle *oracle, struct life *life)
{
	if (life->fenced)
		violated(oracle, "fencing: twice");
	life->fenced = true;
	oracle->fences++;
	oracle_resolved(oracle, life, UINT64_MAX);
}

#endif
