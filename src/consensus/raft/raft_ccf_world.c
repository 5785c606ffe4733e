/* raft_ccf_world.c - nodes, channels and eras that move as CCF's scenarios say.
 *
 * A node is a host: it has an instance an era.  When it delivers the batch that names the next
 * roster it begins that era behind it; batches that stood behind are submitted again; who joins is
 * brought there as soon as anybody is. */
#include "consensus/raft/raft_ccf_world.h"

#include "crypto/hash.h"

#include <stdlib.h>
#include <stdio.h>

enum { ELECTION_MS = 100, HEARTBEAT_MS = 10, ROUNDS_MAX = 200 };
static const uint64_t MS_NS = 1000 * 1000;

static void take(struct ccf *ccf, ec_node who, int era, struct ec_input in, bool hold);

static void letter_drop(struct ccf_letter *letter)
{
	ec_drop(letter->head);
	ec_drop(letter->body);
}

static uint32_t seat_of(const struct ccf_era *era, ec_node node)
{
	for (uint32_t i = 0; i < era->n; i++)
		if (era->member[i] == node)
			return i;
	return EC_ALL;
}

bool ccf_member(const struct ccf *ccf, ec_node node)
{
	return ccf->eras && seat_of(&ccf->era[ccf->eras - 1], node) != EC_ALL;
}

const struct raft *ccf_raft(const struct ccf *ccf, ec_node node)
{
	const struct ccf_node *it = &ccf->node[node];
	return it->era == CCF_NONE ? NULL : it->life[it->era];
}

ec_node ccf_leader(const struct ccf *ccf)
{
	for (int e = ccf->eras; e-- > 0;) {
		ec_node leader = CCF_NODES;
		uint64_t term = 0;
		for (ec_node who = 0; who < CCF_NODES; who++) {
			const struct raft *self = ccf->node[who].life[e];
			if (ccf->node[who].era != e || !self || self->role != LEADER ||
			    self->term <= term)
				continue;
			leader = who;
			term = self->term;
		}
		if (leader != CCF_NODES)
			return leader;
	}
	return CCF_NODES;
}

uint32_t ccf_index(const struct ccf *ccf, ec_node node)
{
	const struct ccf_node *it = &ccf->node[node];
	uint32_t index = 0, signature = 0;
	for (uint32_t i = 0; i < it->delivered; i++) {
		if (!it->log[i])
			continue;
		index++;
		if (ccf->batch[it->log[i] - 1].kind == CCF_SIGNATURE)
			signature = index;
	}
	return signature;
}

/* ---- Messages ---- */

static void post(struct ccf *ccf, struct ccf_letter letter, bool hold)
{
	struct ccf_letter *at = hold ? ccf->held : ccf->letter;
	uint32_t *count = hold ? &ccf->helds : &ccf->letters;
	if (ccf->cut[letter.from][letter.to])
		return;
	assert(*count < CCF_LETTERS);
	ec_keep(letter.head);
	ec_keep(letter.body);
	at[(*count)++] = letter;
}

/* What was held back until this node's heartbeat; what a leader of a term that is over held is
 * never sent. */
static void held_post(struct ccf *ccf, ec_node from)
{
	uint32_t count = ccf->helds;
	ccf->helds = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct ccf_letter letter = ccf->held[i];
		if (letter.from != from) {
			ccf->held[ccf->helds++] = letter;
			continue;
		}
		if (ccf->node[from].life[letter.era]->term == letter.term)
			post(ccf, letter, false);
		letter_drop(&letter);
	}
}

static void receive(struct ccf *ccf, const struct ccf_letter *letter)
{
	struct ccf_era *era = &ccf->era[letter->era];
	struct ec_input in = {.kind = EC_RECV,
	                      .from = seat_of(era, letter->from),
	                      .head = letter->head,
	                      .body = letter->body};
	struct raft *self = ccf->node[letter->to].life[letter->era];
	if (!self) { /* it comes to that era yet, and hears again there */
		ccf->lossy[letter->from][letter->to] = ccf->lossy[letter->to][letter->from] = true;
		return;
	}
	if (letter->body.size)
		in.digest = ec_sha256(letter->body.data, letter->body.size);
	if (!ec_raft.check(&era->config, &in))
		ccf->violation = "a message was refused at the door";
	bool asks = letter->head.data[0] == PREVOTE || letter->head.data[0] == VOTE;
	if (asks && letter->from != letter->to)
		self->loyal = 0; /* nobody clings to a leader: time passes for one node alone */
	take(ccf, letter->to, letter->era, in, false);
}

/* ---- Eras ---- */

/* A leader that stays leads the next one, else the first of its members. */
static ec_node first_of(const struct ccf *ccf, const struct ccf_era *era)
{
	uint32_t seat = seat_of(era, ccf_leader(ccf));
	return seat == EC_ALL ? 0 : seat;
}

static void life_begin(struct ccf *ccf, ec_node who, int e)
{
	struct ccf_era *era = &ccf->era[e];
	struct ccf_node *node = &ccf->node[who];
	struct ec_config config = era->config;
	config.self = seat_of(era, who);
	memset(config.seed, (int)who + 1, sizeof config.seed);
	node->life[e] = calloc(1, ec_raft.limits(&config).state);
	node->era = e;
	ec_raft.init(node->life[e], &config);
	take(ccf, who, e, (struct ec_input){.kind = EC_START, .seq = node->delivered}, false);
}

/* Who joins has what `from` has. */
static void bring(struct ccf *ccf, ec_node from, ec_node to)
{
	struct ccf_node *it = &ccf->node[to], *other = &ccf->node[from];
	memcpy(it->log, other->log, sizeof it->log);
	it->delivered = other->delivered;
	it->batches = other->batches;
	it->now = it->now ? it->now : 1;
}

static void era_begin(struct ccf *ccf, ec_node who, int e)
{
	struct ccf_era *era = &ccf->era[e];
	bool first_time = !era->begun;
	if (first_time) {
		era->begun = true;
		era->config.base = ccf->node[who].delivered;
		memset(era->config.domain.b, e + 1, sizeof era->config.domain.b);
		era->options.first = first_of(ccf, era) + 1;
		ccf->eras = e + 1;
	}
	ccf->node[who].era = e;
	if (seat_of(era, who) != EC_ALL)
		life_begin(ccf, who, e);
	for (uint32_t i = 0; first_time && i < era->n; i++) {
		ec_node member = era->member[i];
		bool old = e > 0 && seat_of(&ccf->era[e - 1], member) != EC_ALL;
		if (old || member == who)
			continue;
		bring(ccf, who, member);
		life_begin(ccf, member, e);
	}
}

/* Batches that stood behind the one that ended an era, and were delivered by nobody, go again. */
static void submit_again(struct ccf *ccf)
{
	ec_node leader = ccf_leader(ccf);
	if (leader == CCF_NODES)
		return;
	struct ccf_node *node = &ccf->node[leader];
	for (uint32_t b = 0; b < ccf->batches; b++) {
		struct ccf_batch *batch = &ccf->batch[b];
		if (batch->submitted >= node->era)
			continue;
		bool there = false;
		for (uint32_t i = 0; i < node->delivered; i++)
			there |= node->log[i] == b + 1;
		batch->submitted = node->era;
		if (!there)
			take(ccf, leader, node->era,
			     (struct ec_input){.kind = EC_SUBMIT,
			                       .body = batch->body,
			                       .digest = batch->digest},
			     false);
	}
}

static void deliver(struct ccf *ccf, ec_node who, int e, const struct ec_effect *effect)
{
	struct ccf_node *node = &ccf->node[who];
	if (node->era != e)
		return; /* behind the end of its era */
	uint32_t number = 0;
	for (uint32_t b = 0; effect->body.size && b < ccf->batches; b++)
		if (ec_bytes_equal(ccf->batch[b].body, effect->body))
			number = b + 1;
	for (ec_node other = 0; other < CCF_NODES; other++)
		if (ccf->node[other].delivered > node->delivered &&
		    ccf->node[other].log[node->delivered] != number)
			ccf->violation = "two nodes delivered different batches at one position";
	assert(node->delivered < 2 * CCF_BATCHES);
	node->log[node->delivered++] = number;
	node->batches += number > 0;
	if (number && ccf->batch[number - 1].kind == CCF_ROSTER &&
	    ccf->batch[number - 1].era == e + 1)
		era_begin(ccf, who, e + 1);
}

/* ---- Steps ---- */

static void perform(struct ccf *ccf, ec_node who, int e, struct ec_effect *effect, bool hold)
{
	const struct ccf_era *era = &ccf->era[e];
	struct ccf_letter letter = {.era = e,
	                            .term = ccf->node[who].life[e]->term,
	                            .from = who,
	                            .head = effect->head,
	                            .body = effect->body};
	if (effect->kind == EC_DELIVER)
		deliver(ccf, who, e, effect);
	for (uint32_t i = 0; effect->kind == EC_SEND && i < era->n; i++) {
		letter.to = era->member[i];
		bool to = effect->node == EC_ALL || effect->node == i;
		if (to && letter.to == who)
			receive(ccf, &letter);
		else if (to)
			post(ccf, letter, hold);
	}
	ec_drop(effect->head);
	ec_drop(effect->body);
}

static void leaders_judge(struct ccf *ccf, int e)
{
	for (ec_node a = 0; a < CCF_NODES; a++)
		for (ec_node b = 0; b < a; b++) {
			const struct raft *one = ccf->node[a].life[e],
					  *other = ccf->node[b].life[e];
			if (one && other && one->role == LEADER && other->role == LEADER &&
			    one->term == other->term)
				ccf->violation = "two leaders in one term";
		}
}

static void take(struct ccf *ccf, ec_node who, int e, struct ec_input in, bool hold)
{
	struct raft *self = ccf->node[who].life[e];
	uint32_t capacity = ec_raft.limits(&ccf->era[e].config).effects_per_step;
	struct ec_effect *effects = calloc(capacity, sizeof *effects);
	struct ec_out out = {.effect = effects, .capacity = capacity, .pool = ccf->pool};
	in.now = ccf->node[who].now;
	ec_raft.step(self, &in, &out);
	ec_raft.invariants(self);
	for (uint32_t i = 0; i < out.count; i++)
		perform(ccf, who, e, &effects[i], hold);
	free(effects);
	leaders_judge(ccf, e);
}

bool ccf_submit(struct ccf *ccf, enum ccf_kind kind, uint64_t set)
{
	struct ccf_batch *batch = &ccf->batch[ccf->batches];
	char text[32];
	ec_node leader = ccf_leader(ccf);
	assert(ccf->batches < CCF_BATCHES);
	if (leader == CCF_NODES)
		return false;
	struct ccf_node *node = &ccf->node[leader];
	int size = snprintf(text, sizeof text, "batch %u", ++ccf->batches);
	*batch = (struct ccf_batch){.kind = kind,
	                            .submitted = node->era,
	                            .body = ec_pool_copy(ccf->pool, text, (size_t)size),
	                            .digest = ec_sha256(text, (size_t)size)};
	if (kind == CCF_ROSTER) {
		batch->era = node->era + 1;
		assert(batch->era < CCF_ERAS);
		struct ccf_era *era = &ccf->era[batch->era];
		*era = (struct ccf_era){.options = ccf->era[0].options, .config = {0}};
		for (ec_node i = 0; i < CCF_NODES; i++)
			if (set >> i & 1) {
				era->seat[era->n] = ccf->era[0].seat[0];
				era->member[era->n++] = i;
			}
		era->roster = (struct ec_roster){.n = era->n, .member = era->seat};
		era->config = (struct ec_config){.roster = &era->roster,
		                                 .options = &era->options,
		                                 .bug = ccf->plain ? BUG_NO_PREVOTE : 0};
	}
	take(ccf, leader, node->era,
	     (struct ec_input){.kind = EC_SUBMIT, .body = batch->body, .digest = batch->digest},
	     true);
	submit_again(ccf);
	return true;
}

void ccf_pass(struct ccf *ccf, ec_node who, uint32_t ms)
{
	struct ccf_node *node = &ccf->node[who];
	int e = node->era;
	if (e == CCF_NONE || !node->life[e])
		return;
	const struct ccf_era *era = &ccf->era[e];
	for (uint32_t i = 0; i < era->n; i++)
		if (ccf->lossy[who][era->member[i]]) {
			ccf->lossy[who][era->member[i]] = false;
			take(ccf, who, e, (struct ec_input){.kind = EC_LINK, .from = i}, false);
		}
	held_post(ccf, who);
	node->now += ms * MS_NS + 1; /* longer than a wait of just that */
	take(ccf, who, e, (struct ec_input){.kind = EC_WAKE}, false);
	submit_again(ccf);
}

uint32_t ccf_dispatch(struct ccf *ccf, ec_node from, ec_node to, bool one)
{
	static struct ccf_letter mine[CCF_LETTERS];
	uint32_t count = 0, left = 0;
	for (uint32_t i = 0; i < ccf->letters; i++) {
		struct ccf_letter letter = ccf->letter[i];
		bool goes = letter.from == from && (to == CCF_NODES || letter.to == to);
		if (goes && !(one && count))
			mine[count++] = letter;
		else
			ccf->letter[left++] = letter;
	}
	ccf->letters = left;
	for (uint32_t i = 0; i < count; i++) {
		receive(ccf, &mine[i]);
		letter_drop(&mine[i]);
		submit_again(ccf);
	}
	return count;
}

void ccf_dispatch_all(struct ccf *ccf)
{
	for (int round = 0; ccf->letters; round++) {
		if (round == ROUNDS_MAX) {
			ccf->violation = "messages without end";
			return;
		}
		for (ec_node from = 0; from < CCF_NODES; from++)
			ccf_dispatch(ccf, from, CCF_NODES, false);
	}
}

void ccf_drop(struct ccf *ccf, ec_node from, ec_node to)
{
	uint32_t left = 0;
	for (uint32_t i = 0; i < ccf->letters; i++) {
		struct ccf_letter letter = ccf->letter[i];
		if (letter.from != from || (to != CCF_NODES && letter.to != to)) {
			ccf->letter[left++] = letter;
			continue;
		}
		ccf->lossy[letter.from][letter.to] = ccf->lossy[letter.to][letter.from] = true;
		letter_drop(&letter);
	}
	ccf->letters = left;
}

void ccf_connect(struct ccf *ccf, ec_node a, ec_node b, bool connected)
{
	ccf_drop(ccf, a, b);
	ccf_drop(ccf, b, a);
	ccf->cut[a][b] = ccf->cut[b][a] = !connected;
	ccf->lossy[a][b] = ccf->lossy[b][a] = connected;
}

struct ccf *ccf_new(bool plain)
{
	struct ccf *ccf = calloc(1, sizeof *ccf);
	ccf->plain = plain;
	ccf->pool = ec_pool_new(0);
	for (ec_node who = 0; who < CCF_NODES; who++)
		ccf->node[who].era = CCF_NONE;
	struct ccf_era *era = &ccf->era[0];
	era->n = 1;
	era->seat[0] = (struct ec_roster_member){.weight = 1, .roles = EC_VOTER};
	era->roster = (struct ec_roster){.n = 1, .member = era->seat};
	era->options = (struct raft_options){.election_min_ns = ELECTION_MS * MS_NS,
	                                     .election_max_ns = ELECTION_MS * MS_NS + 1,
	                                     .heartbeat_ns = HEARTBEAT_MS * MS_NS};
	era->config = (struct ec_config){.roster = &era->roster,
	                                 .options = &era->options,
	                                 .bug = plain ? BUG_NO_PREVOTE : 0};
	ccf->node[0].now = 1;
	era_begin(ccf, 0, 0);
	return ccf;
}

const char *ccf_free(struct ccf *ccf)
{
	const char *violation = ccf->violation;
	for (ec_node who = 0; who < CCF_NODES; who++)
		for (int e = 0; e < CCF_ERAS; e++) {
			struct ec_bytes held[4096];
			struct raft *self = ccf->node[who].life[e];
			uint32_t count = self ? ec_raft.held(self, held) : 0;
			for (uint32_t i = 0; i < count; i++)
				ec_drop(held[i]);
			free(self);
		}
	for (uint32_t i = 0; i < ccf->letters; i++)
		letter_drop(&ccf->letter[i]);
	for (uint32_t i = 0; i < ccf->helds; i++)
		letter_drop(&ccf->held[i]);
	for (uint32_t i = 0; i < ccf->batches; i++)
		ec_drop(ccf->batch[i].body);
	assert(ec_pool_live(ccf->pool) == 0);
	ec_pool_free(ccf->pool);
	free(ccf);
	return violation;
}
