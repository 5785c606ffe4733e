/* ledger_host.c - a host of the real member: its links, its log, its store, its time. */
#include "sim/ledger.h"

#include "group/frames.h"
#include "services/services.h"
#include "sim/mispriced.h"

#include <assert.h>
#include <stdlib.h>

enum { TIMEOUT_MS_MIN = 150, TIMEOUT_MS_MAX = 900 };

static struct ec_time time_of(const struct sim_world *world, const struct sim_host *host)
{
	return (struct ec_time){.now = sim_clock(host, world->now),
	                        .stamp = sim_stamp(world, host)};
}

/* ---- What the member wants done ---- */

static void send(struct sim_world *world, struct sim_host *host, const struct ec_act *act)
{
	uint32_t identity = sim_ledger_identity(world, host, act->peer);
	if (identity == UINT32_MAX)
		return;
	struct sim_item item = {
		.from_host = host->index, .era = 1, .from = host->identity, .head = act->bytes};
	bool lies = host->mischief & SIM_LIE && ec_frame_kind_of(act->bytes) == EC_FRAME_CHUNK;
	if (lies) {
		item.head = ec_pool_copy(world->pool, act->bytes.data, act->bytes.size);
		ec_writable(item.head)[item.head.size - 1] ^= 1;
		world->counts.fired[SIM_MUTATED]++;
	}
	sim_send_to(world, host, identity, &item);
	if (lies)
		ec_drop(item.head);
}

/* Done at once, by the member and its twin. */
static void batch_check(struct sim_world *world, const struct sim_host *host,
                        const struct ec_act *act)
{
	struct ec_member *const both[] = {host->ledger->member, host->ledger->twin};
	for (int i = 0; i < 2 && both[i]; i++) {
		struct ec_checked checked;
		ec_member_check_batch(both[i], act->bytes, &act->id, &checked);
		ec_member_checked(both[i], time_of(world, host), act->token, &checked);
	}
}

static void trouble(struct sim_world *world, const struct sim_host *host, const struct ec_act *act)
{
	bool diverged = strncmp(act->text, "divergence", 10) == 0;
	if (!host->byzantine && (act->kind == EC_ACT_HALT || diverged))
		sim_violate(world, "correct members go on", "member %u: %s", host->identity,
		            act->text);
}

static void perform(struct sim_world *world, struct sim_host *host, const struct ec_act *act)
{
	struct sim_instance *log = sim_current(host);
	switch (act->kind) {
	case EC_ACT_SEND:
		send(world, host, act);
		break;
	case EC_ACT_BREAK:
		sim_ledger_part(world, host, act->peer);
		break;
	case EC_ACT_LOG:
		sim_save(world, host, log, (struct sim_record){.head = ec_keep(act->bytes)});
		break;
	case EC_ACT_TRIM:
		sim_disk_trim(&log->disk, act->count);
		break;
	case EC_ACT_TELL:
		sim_ledger_told(world, host, act);
		break;
	case EC_ACT_CHECK:
		batch_check(world, host, act);
		break;
	case EC_ACT_READABLE:
		sim_ledger_served(world, host, act);
		break;
	case EC_ACT_CERTIFIED:
		if (!host->byzantine)
			sim_ledger_check_certificate(world, host);
		break;
	case EC_ACT_ALARM:
	case EC_ACT_HALT:
		trouble(world, host, act);
		break;
	case EC_ACT_MEMBERS:
		sim_ledger_members(world, host);
		break;
	case EC_ACT_BEACON:  /* nobody asks */
	case EC_ACT_ERA_KEY: /* keys of this host stand in no file */
	case EC_ACT_NOTE:
		break;
	}
}

static bool acts_equal(const struct ec_act *a, const struct ec_act *b)
{
	return a->kind == b->kind && a->peer == b->peer && a->index == b->index &&
	       a->count == b->count && a->code == b->code && a->token == b->token &&
	       a->seq == b->seq && ec_hash_equal(&a->id, &b->id) &&
	       ec_bytes_equal(a->bytes, b->bytes) && strcmp(a->text, b->text) == 0;
}

/* The next act; the twin must have the same one. */
static bool act_next(struct sim_world *world, struct sim_host *host, struct ec_act *act)
{
	struct sim_ledger_host *l = host->ledger;
	struct ec_act copy = {0};
	bool more = ec_member_next(l->member, act);
	if (!l->twin)
		return more;
	bool same = ec_member_next(l->twin, &copy) == more && (!more || acts_equal(act, &copy));
	ec_drop(copy.bytes);
	if (!same)
		sim_violate(world, "purity",
		            "a copy of member %u that was told the same did "
		            "something else",
		            host->identity);
	return more;
}

static void wake_schedule(struct sim_world *world, struct sim_host *host)
{
	struct sim_ledger_host *l = host->ledger;
	uint64_t at = ec_member_wake_at(l->member);
	if (!at)
		return;
	uint64_t when = world->now + sim_until(world, host, at);
	if (when < host->busy_until)
		when = host->busy_until;
	if (l->wake_scheduled && l->wake_scheduled <= when)
		return;
	l->wake_scheduled = when;
	sim_later(world, when - world->now,
	          (struct sim_event){
			  .kind = SIM_WAKE, .host = host->index, .era = 1, .life = host->life});
}

static void say(struct sim_world *world, const struct sim_host *host, const struct ec_act *act)
{
	static const char *const words[] = {[EC_ACT_BREAK] = "breaks a link",
	                                    [EC_ACT_TELL] = "tells a client",
	                                    [EC_ACT_READABLE] = "serves a read",
	                                    [EC_ACT_CERTIFIED] = "has a certificate",
	                                    [EC_ACT_ALARM] = "alarms",
	                                    [EC_ACT_NOTE] = "notes",
	                                    [EC_ACT_HALT] = "halts"};
	char name[8];
	const char *word = act->kind < sizeof words / sizeof words[0] ? words[act->kind] : NULL;
	if (word)
		sim_say(world, "%s %s %llu %s", sim_name(host, name), word,
		        (unsigned long long)act->seq, act->text);
}

/* The member, then its twin if it has one; NULL ends. */
static struct ec_member *told(const struct sim_host *host, int which)
{
	struct ec_member *const both[] = {host->ledger->member, host->ledger->twin, NULL};
	return both[which];
}

static void moves_count(struct sim_world *world, const struct sim_host *host,
                        const struct ec_member_status *status)
{
	struct sim_ledger_host *l = host->ledger;
	bool seated = status->self != UINT32_MAX,
	     first = sim_ledger_seated(&world->plan, 1, host->identity);
	if (host->byzantine)
		return;
	world->counts.fired[SIM_LEDGER_JOINED] += !first && status->voter && !l->joined;
	world->counts.fired[SIM_LEDGER_LEFT] += first && !seated && !l->left;
	l->joined |= !first && status->voter;
	l->left |= first && !seated;
}

/* Who enters an era is given its key of the one after that. */
static void era_follow(struct sim_world *world, const struct sim_host *host)
{
	struct sim_ledger_host *l = host->ledger;
	struct ec_member_status status;
	ec_member_status(l->member, &status);
	if (status.era == l->era)
		return;
	world->counts.fired[SIM_LEDGER_ERA] += l->era != 0;
	l->era = status.era;
	moves_count(world, host, &status);
	struct ec_secret key = sim_ledger_key(&world->plan, l->era + 1, host->identity);
	for (int i = 0; told(host, i); i++)
		ec_member_next_era_key(told(host, i), &key);
}

/* After every input. */
static void follow(struct sim_world *world, struct sim_host *host)
{
	struct sim_ledger_host *l = host->ledger;
	struct ec_act act;
	world->counts.steps++;
	world->counts.fired[SIM_LEDGER_TWIN] += l->twin != NULL;
	if (!host->byzantine)
		sim_ledger_check(world, host);
	while (!world->violated && act_next(world, host, &act)) {
		say(world, host, &act);
		perform(world, host, &act);
		ec_drop(act.bytes);
	}
	era_follow(world, host);
	host->busy_until = world->now + world->plan.step_ns * (host->slow ? 200 : 1);
	wake_schedule(world, host);
}

/* ---- What the member is told ---- */

static void link_tell(struct sim_world *world, struct sim_host *host, uint32_t from_host, bool up)
{
	struct sim_ledger_host *l = host->ledger;
	uint32_t identity = world->host[from_host]->identity;
	uint64_t bit = (uint64_t)1 << from_host;
	if (identity == host->identity)
		return; /* its twin */
	if (!(l->linked & bit))
		l->peer[from_host] = sim_ledger_peer(world, host, from_host);
	uint32_t peer = l->peer[from_host];
	if (peer == UINT32_MAX)
		return; /* it called, and lost its seat meanwhile */
	l->linked = up ? l->linked | bit : l->linked & ~bit;
	for (uint32_t h = 0; h < world->hosts; h++) /* a twin of it that is left: that is new */
		up |= world->host[h]->identity == identity && (l->linked >> h & 1);
	for (int i = 0; told(host, i); i++)
		ec_member_link(told(host, i), time_of(world, host), peer, up);
	follow(world, host);
}

void sim_ledger_receive(struct sim_world *world, struct sim_host *host, const struct sim_item *item)
{
	struct sim_ledger_host *l = host->ledger;
	uint32_t from = item->from_host;
	if (item->link || item->down) {
		link_tell(world, host, from, item->link);
		return;
	}
	if (!(l->linked >> from & 1))
		return;
	uint32_t peer = l->peer[from];
	for (int i = 0; told(host, i); i++) {
		struct ec_checked checked;
		ec_member_check(told(host, i), peer, item->head, NULL, &checked);
		ec_member_frame(told(host, i), time_of(world, host), peer, item->head, &checked);
		world->counts.refused += !checked.good && i == 0;
		world->counts.fired[SIM_MUTANT_PASSED] += checked.good && item->mutant && i == 0;
	}
	follow(world, host);
}

void sim_ledger_wake(struct sim_world *world, struct sim_host *host)
{
	struct sim_ledger_host *l = host->ledger;
	if (!l->wake_scheduled || l->wake_scheduled > world->now)
		return;
	l->wake_scheduled = 0;
	if (host->busy_until > world->now) {
		wake_schedule(world, host);
		return;
	}
	for (int i = 0; told(host, i); i++)
		ec_member_wake(told(host, i), time_of(world, host));
	follow(world, host);
}

void sim_ledger_saved(struct sim_world *world, struct sim_host *host, uint32_t count)
{
	for (int i = 0; told(host, i); i++)
		ec_member_logged(told(host, i), time_of(world, host), count);
	follow(world, host);
}

enum ec_admission sim_ledger_submit(struct sim_world *world, struct sim_host *host,
                                    uint32_t envelope)
{
	const struct sim_envelope *it = &world->ledger->envelope[envelope];
	enum ec_admission admission = EC_BUSY;
	for (int i = 0; told(host, i); i++) {
		admission =
			ec_member_admits(told(host, i), time_of(world, host), 0, it->bytes.size);
		if (admission == EC_ADMITTED)
			admission = ec_member_submit(told(host, i), time_of(world, host), envelope,
			                             it->bytes, it->salt);
	}
	follow(world, host);
	return admission;
}

void sim_ledger_read(struct sim_world *world, struct sim_host *host)
{
	enum ec_admission admission = EC_BUSY;
	if (!host->up || host->read_count == SIM_READS_MAX)
		return;
	uint64_t ticket = ++world->tickets;
	host->reads[host->read_count++] = (struct sim_read){
		.ticket = ticket, .since = world->now, .seen = world->ledger->acknowledged};
	for (int i = 0; told(host, i); i++)
		admission = ec_member_read(told(host, i), time_of(world, host), ticket);
	if (admission != EC_ADMITTED)
		host->read_count--;
	follow(world, host);
}

bool sim_ledger_hand_over(struct sim_world *world, struct sim_host *host)
{
	bool asked = false;
	for (int i = 0; host->up && told(host, i); i++)
		asked = !ec_member_hand_over(told(host, i), time_of(world, host), UINT32_MAX);
	if (host->up)
		follow(world, host);
	return asked;
}

/* ---- Lives ---- */

static struct ec_member_config config_of(struct sim_world *world, const struct sim_host *host)
{
	const struct world *group = &world->ledger->group;
	struct ec_member_config config = {.genesis = group->genesis,
	                                  .crypto = world->ledger->crypto,
	                                  .protocols = world->ledger->protocols,
	                                  .services = world->ledger->wrong >> host->identity & 1
	                                                      ? sim_services_mispriced
	                                                      : ec_services,
	                                  .pool = world->pool,
	                                  .identity = group->identity[host->identity],
	                                  .era_key = group->era[host->identity]};
	config.protocol_timeout_ns =
		(TIMEOUT_MS_MIN + world->plan.seed * 7919 % (TIMEOUT_MS_MAX - TIMEOUT_MS_MIN)) *
		SIM_MS;
	for (size_t i = 0; i < sizeof config.seed; i += 8) {
		uint64_t word = ec_prng_next(&world->prng);
		memcpy(config.seed + i, &word, 8);
	}
	return config;
}

static struct ec_member *open(struct sim_world *world, const struct sim_host *host,
                              const struct ec_member_config *config)
{
	const struct sim_disk *disk = &host->instance[1].disk;
	char why[200] = "";
	struct ec_member *member = ec_member_open(config, why, sizeof why);
	for (uint32_t i = 0; member && i < disk->count; i++)
		if (!ec_member_record(member, disk->record[i].head, why, sizeof why))
			break;
	if (member) { /* as a node does: its key, and the next one, if it has it */
		struct ec_member_status status;
		ec_member_status(member, &status);
		for (uint64_t era = status.era; era <= status.era + 1; era++) {
			struct ec_secret key = sim_ledger_key(&world->plan, era, host->identity);
			ec_member_next_era_key(member, &key);
		}
	}
	if (why[0])
		sim_violate(world, "restart", "member %u: %s", host->identity, why);
	return member;
}

void sim_ledger_start(struct sim_world *world, struct sim_host *host)
{
	struct sim_ledger_host *l = host->ledger;
	struct ec_member_config config = config_of(world, host);
	config.store = l->store;
	l->member = open(world, host, &config);
	if (l->twinned) {
		config.store = l->twin_store;
		l->twin = open(world, host, &config);
	}
	assert(l->member && (!l->twinned || l->twin));
	l->era = 0;
	l->known = sim_ledger_known(world, host);
	l->checked = ec_ledger_at(ec_member_ledger(l->member)).seq;
	for (int i = 0; told(host, i); i++)
		ec_member_start(told(host, i), time_of(world, host));
	follow(world, host);
}

void sim_ledger_stop(struct sim_host *host)
{
	struct sim_ledger_host *l = host->ledger;
	ec_member_close(l->member);
	ec_store_memory_crash(l->store);
	if (l->twin) {
		ec_member_close(l->twin);
		ec_store_memory_crash(l->twin_store);
	}
	l->member = l->twin = NULL;
	l->linked = l->wake_scheduled = l->fetches = 0;
	host->instance[1].syncing = false;
	host->instance[1].disk.stalled = false;
}

static void store_renew(struct ec_store **store)
{
	(*store)->close(*store);
	*store = ec_store_memory();
}

void sim_ledger_wipe(struct sim_host *host)
{
	store_renew(&host->ledger->store);
	if (host->ledger->twinned)
		store_renew(&host->ledger->twin_store);
}

/* Liars sign with the keys of the group, in whatever era. */
static void group_adopt(struct sim_world *world)
{
	for (uint64_t e = 1; e <= SIM_LEDGER_ERAS_MAX; e++) {
		struct sim_era *era = &world->era[e - 1];
		struct ec_membership *membership = sim_ledger_membership(&world->plan, e);
		*era = (struct sim_era){.entry = world->plan.entry,
		                        .roster = {.era = e, .member = era->member}};
		era->domain = ec_genesis_domain(world->ledger->group.genesis, membership);
		for (uint32_t i = 0; i < world->plan.members; i++) {
			if (!sim_ledger_seated(&world->plan, e, i))
				continue;
			era->identity[era->roster.n] = i;
			era->secret[era->roster.n++] = sim_ledger_key(&world->plan, e, i);
		}
		assert(era->roster.n == membership->n);
		ec_membership_free(membership);
	}
	world->eras = SIM_LEDGER_ERAS_MAX;
}

void sim_ledger_begin(struct sim_world *world)
{
	bool twinned = false;
	world->ledger = calloc(1, sizeof *world->ledger);
	assert(world->ledger);
	world->ledger->group = sim_ledger_group(&world->plan);
	world->ledger->protocols[0] = world->plan.protocol;
	world->ledger->crypto = &ec_crypto_ed25519;
	world->counts.fired[SIM_LEDGER_WORLD]++;
	group_adopt(world);
	for (uint32_t h = 0; h < world->hosts; h++) {
		struct sim_host *host = world->host[h];
		struct sim_ledger_host *l = calloc(1, sizeof *l);
		assert(l);
		l->store = ec_store_memory();
		l->twinned = !host->byzantine && !twinned;
		if (l->twinned)
			l->twin_store = ec_store_memory();
		twinned |= l->twinned;
		host->ledger = l;
		host->instance[1].exists = true; /* its disk is the member's log */
		host->instance[1].era = 1;
		host->instance[1].self = host->identity;
		for (int i = 0; i < 2; i++)
			host->instance[i].config.crypto = &ec_crypto_ed25519;
	}
}

void sim_ledger_host_end(struct sim_host *host)
{
	struct sim_ledger_host *l = host->ledger;
	if (!l)
		return;
	if (l->member)
		sim_ledger_stop(host);
	l->store->close(l->store);
	if (l->twin_store)
		l->twin_store->close(l->twin_store);
	free(l);
}

void sim_ledger_end(struct sim_world *world)
{
	if (!world->ledger)
		return;
	for (uint32_t i = 0; i < world->ledger->envelopes; i++)
		ec_drop(world->ledger->envelope[i].bytes);
	world_end(&world->ledger->group);
	free(world->ledger);
}
