/* hosting.c - the steps of an instance, and its effects performed. */
#include "group/revising.h"

#include "consensus/consensus.h"

static void save(struct ec_member *m, const struct reign *reign, const struct ec_effect *effect)
{
	act_log(m, &(struct record){.kind = RECORD_PROTOCOL,
	                            .cut = (effect->flags & EC_CUT) != 0,
	                            .era = reign->era->number,
	                            .seq = effect->seq,
	                            .hash = effect->digest,
	                            .head = effect->head,
	                            .body = effect->body});
}

/* A FETCH of an instance whose era is over, or of one that stands beyond: nothing is brought. */
static void fetch_refuse(struct ec_member *m, struct reign *reign)
{
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	uint64_t base = reign->era->config.base;
	struct ec_input stands = {.kind = EC_FETCHED,
	                          .seq = at.final_position < base ? base : at.final_position,
	                          .digest = at.header};
	if (reign == &m->now && revising(m) && !m->era_over)
		revising_stand(m);
	instance_stand(reign->instance, stands);
}

static void fetch(struct ec_member *m, struct reign *reign, const struct ec_effect *effect)
{
	if (reign != &m->now || m->era_over ||
	    effect->seq <= ec_ledger_at(m->ledger).final_position)
		fetch_refuse(m, reign);
	else
		transfer_begin(m, &effect->digest, true);
}

/* Whether what it orders is executed. */
static bool live(const struct ec_member *m, const struct reign *reign)
{
	return reign == &m->now && !m->era_over && !m->diverged && !m->halted;
}

/* What an effect does to the application; that of an era that is over is discarded. */
static void apply(struct ec_member *m, struct reign *reign, const struct ec_effect *effect)
{
	if (effect->kind == EC_FETCH)
		fetch(m, reign, effect);
	else if (!live(m, reign))
		return;
	else if (effect->kind == EC_DELIVER)
		deliver(m, effect);
	else if (effect->kind == EC_SNAP)
		snapshot_take(m, effect->seq, effect->flags & EC_SPARE);
	else if (effect->kind == EC_SERVE)
		reads_serve(m, effect->seq, effect->ticket);
	else if (!revising(m))
		return;
	else if (effect->kind == EC_UNDO)
		revising_undo(m, effect->seq);
	else if (effect->kind == EC_FINAL)
		revising_final(m, effect->seq);
}

static void perform(struct ec_member *m, struct reign *reign, const struct ec_effect *effect,
                    struct ec_bytes proof)
{
	switch (effect->kind) {
	case EC_SEND:
		message_send(m, reign, effect, proof);
		break;
	case EC_SAVE:
		save(m, reign, effect);
		break;
	case EC_DELIVER:
	case EC_SNAP:
	case EC_FETCH:
	case EC_SERVE:
	case EC_UNDO:
	case EC_FINAL:
		if (!live(m, reign) || !sealed_hold(m, reign, effect))
			apply(m, reign, effect);
		break;
	case EC_BLAME:
		evidence_found(m, reign, effect);
		break;
	case EC_NOTE:
		act_text(m, EC_ACT_NOTE, NONE, "%.*s", (int)effect->head.size,
		         effect->head.size ? (const char *)effect->head.data : "");
		break;
	}
}

/* Another leads, or the same anew: what waits is submitted once more.  Where nobody leads the
 * protocol keeps what it took until it is delivered, and a view is no change of anything. */
static void follow_leader(struct ec_member *m, struct reign *reign)
{
	const struct ec_out *out = &reign->instance->out;
	if (out->view == reign->view && out->lead == reign->lead)
		return;
	bool other = out->view != reign->view;
	reign->view = out->view;
	reign->lead = out->lead;
	if (reign != &m->now || out->lead == EC_ALL)
		return;
	bodies_resubmit(m->bodies, m->time.now, m->awake);
	if (!other)
		return;
	m->counters.view_changes++;
	act_text(m, EC_ACT_NOTE, NONE, "view %llu, led by %s", (unsigned long long)out->view,
	         reign->era->membership->seat[out->lead].owner);
}

/* The instance in force does not go on while the state is brought by our own will, or waits for a
 * disk without room. */
static bool frozen(const struct ec_member *m, const struct reign *reign)
{
	return reign == &m->now && (transfer_freezes(m) || room_lacks(m));
}

/* What waited for the check of a batch; what is discarded anyhow waits for nothing. */
static bool waited_perform(struct ec_member *m)
{
	struct ec_effect effect;
	bool moved = false;
	while (!member_turn_over(m) && !frozen(m, &m->now) &&
	       sealed_next(m, live(m, &m->now), &effect)) {
		apply(m, &m->now, &effect);
		ec_drop(effect.head);
		ec_drop(effect.body);
		moved = true;
	}
	return moved;
}

void hosting_end(struct ec_member *m)
{
	struct ec_effect effect;
	while (sealed_next(m, false, &effect)) {
		if (effect.kind == EC_FETCH)
			fetch_refuse(m, &m->now);
		ec_drop(effect.head);
		ec_drop(effect.body);
	}
}

static bool effects_perform(struct ec_member *m, struct reign *reign)
{
	struct ec_effect effect;
	struct ec_bytes proof;
	bool moved = reign == &m->now && waited_perform(m);
	while (!member_turn_over(m) && !frozen(m, reign) && !(reign == &m->now && sealed_full(m)) &&
	       instance_effect(reign->instance, &effect, &proof)) {
		perform(m, reign, &effect, proof);
		ec_drop(effect.head);
		ec_drop(effect.body);
		ec_drop(proof);
		moved = true;
	}
	return moved;
}

bool hosting_turn(struct ec_member *m, struct reign *reign)
{
	if (!reign->instance || m->halted || frozen(m, reign))
		return false;
	bool moved = effects_perform(m, reign);
	if (member_turn_over(m) || frozen(m, reign))
		return moved;
	uint64_t since = reign == &m->now && !transferring(m) ? member_since(m) : 0;
	bool stepped = reign == &m->now && instance_ready(reign->instance) && revising_pin(m);
	stepped = stepped || instance_turn(reign->instance,
	                                   (struct moment){m->time.now, m->time.stamp, since});
	if (!stepped && reign == &m->now)
		stepped = batching_submit(m);
	if (stepped)
		follow_leader(m, reign);
	return moved || stepped;
}
