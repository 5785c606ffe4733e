/* member_random_test.c - groups of replicas under crashes, pauses, lagging gateways and lost
 * answers; judged by the oracle.
 *
 * EC_VSYNC_MULTICASTS and EC_VSYNC_CRASHES: one world of so many, with its figures; the usual test
 * plays many small ones (EC_VSYNC_WORLDS), and then some with each planted bug (EC_VSYNC_SEEDS).
 * Both name the seed of a world that failed: EC_VSYNC_SEED plays it alone. */
#include "vsync/oracle_house.h"
#include "vsync/order_fake.h"

enum {
	SLOTS = 5,
	STATE_MAX = 24 << 10,
	VALUE_MAX = 4096,
	LEASE_S = 1, /* lasts two or three more: it is young at first */
	ZOMBIES = 8,
	WAITING_MAX = 300
};

#define PREFIX "controllers/"

enum weather {
	SLEEPY, /* members pause for longer than their leases */
	BUSY,   /* others write so much that who pauses a little misses changes */
	SLOW,   /* what is sent may take longer than a lease to get into the order */
	WEATHERS
};

struct plan {
	uint64_t seed, multicasts, crashes;
	uint32_t bug;
};

struct player {
	struct world *world;
	struct vsync_member *member;
	struct life *life;
	int gateway;
	uint64_t paused_until_ms, epoch;
	bool greedy, slow;
	struct fake_envelope envelope[VSYNC_LANES];
	uint8_t state[STATE_MAX];
};

struct world {
	struct plan plan;
	struct ec_prng prng;
	struct fake_order order;
	struct oracle oracle;
	uint64_t now_ms, sent, crashes, pauses, ids;
	bool calm; /* no more faults: it is to come to rest */
	struct player player[SLOTS];
	struct fake_envelope zombie[ZOMBIES]; /* on their way when their sender died */
	uint64_t kept_most;
	enum weather weather;
};

/* ---- the application ---- */

static void say(struct player *player, const void *bytes, size_t size)
{
	uint64_t number = vsync_member_multicast(player->member, bytes, size);
	if (number == 0)
		return;
	player->world->sent++;
	oracle_sent(&player->world->oracle, player->life, number, player->epoch,
	            (struct ec_view){bytes, size});
}

static void speak(struct player *player)
{
	uint8_t bytes[600];
	struct ec_prng *prng = &player->world->prng;
	size_t size = ec_prng_below(prng, ec_prng_chance(prng, 1, 8) ? 600 : 60);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)ec_prng_next(prng);
	if (!player->world->calm && player->life->sents < player->life->unresolved + WAITING_MAX)
		say(player, bytes, size);
}

static void on_view(void *self, const struct ec_vsync_view *view)
{
	struct player *player = self;
	oracle_view(&player->world->oracle, player->life, view);
	player->epoch = view->epoch;
}

static void on_deliver(void *self, const struct ec_vsync_message *message)
{
	struct player *player = self;
	oracle_deliver(&player->world->oracle, player->life, message);
	if (ec_prng_chance(&player->world->prng, 1, 200))
		speak(player);
}

/* What is said from here on belongs to the view that begins. */
static void on_refused(void *self, uint64_t number, struct ec_view bytes, bool sure)
{
	struct player *player = self;
	oracle_refused(&player->world->oracle, player->life, number, bytes, sure);
	player->epoch = ORACLE_NEXT_EPOCH;
	if (ec_prng_chance(&player->world->prng, 1, 2))
		say(player, bytes.data, bytes.size);
}

static struct ec_view on_state_wanted(void *self)
{
	struct player *player = self;
	size_t size = 32 + player->life->state.b[0] * 80u;
	assert_true(size <= sizeof player->state);
	memcpy(player->state, player->life->state.b, 32);
	for (size_t i = 32; i < size; i++)
		player->state[i] = (uint8_t)(player->life->state.b[i % 32] + i / 32);
	return (struct ec_view){player->state, size};
}

static void on_state_brought(void *self, struct ec_view state)
{
	struct player *player = self;
	oracle_brought(&player->world->oracle, player->life, state);
}

static void on_fenced(void *self, uint64_t epoch, const char *why)
{
	struct player *player = self;
	(void)epoch;
	(void)why;
	oracle_fenced(&player->world->oracle, player->life);
}

/* ---- lives ---- */

static void join(struct world *world, struct player *player)
{
	struct vsync_config config = {.prefix = view(PREFIX),
	                              .name = "controller",
	                              .id = ++world->ids,
	                              .lease = world->ids * 1000,
	                              .lease_s = LEASE_S,
	                              .keep_ms = 1000,
	                              .value_max = VALUE_MAX,
	                              .state_max = STATE_MAX,
	                              .bug = world->plan.bug,
	                              .calls = {.self = player,
	                                        .view = on_view,
	                                        .deliver = on_deliver,
	                                        .refused = on_refused,
	                                        .state_wanted = on_state_wanted,
	                                        .state_brought = on_state_brought,
	                                        .fenced = on_fenced}};
	player->member = vsync_member_new(&config);
	player->life = oracle_life(&world->oracle, world->ids);
	player->gateway = (int)ec_prng_below(&world->prng, FAKE_GATEWAYS);
	player->paused_until_ms = 0;
	player->envelope[0].used = player->envelope[1].used = false;
}

/* Ends a life; what it had on its way may still come. */
static void end(struct world *world, struct player *player)
{
	for (int lane = 0; lane < VSYNC_LANES; lane++)
		if (player->envelope[lane].used && !player->envelope[lane].executed)
			world->zombie[ec_prng_below(&world->prng, ZOMBIES)] =
				player->envelope[lane];
	vsync_member_free(player->member);
	player->member = NULL;
}

/* What is on its way gets into the order, is answered, or is lost and said again. */
static void envelope_step(struct world *world, struct player *player, enum vsync_lane lane)
{
	struct fake_envelope *envelope = &player->envelope[lane];
	struct ec_prng *prng = &world->prng;
	if (!envelope->used) {
		size_t size = vsync_member_write(player->member, lane, world->now_ms,
		                                 envelope->payload, sizeof envelope->payload);
		envelope->used = size > 0;
		envelope->executed = false;
		envelope->size = size;
	} else if (!envelope->executed) {
		if (ec_prng_chance(prng, 2, player->slow && !world->calm ? 100 : 3))
			fake_envelope_execute(&world->order, envelope);
	} else if (ec_prng_chance(prng, 2, 3)) {
		bool told = !ec_prng_chance(prng, 1, 10); /* else it was said again elsewhere */
		struct vsync_written written = {.code = envelope->result,
		                                .seq = envelope->seq,
		                                .outcome = told ? &envelope->outcome : NULL,
		                                .why = envelope->why};
		envelope->used = false;
		vsync_member_written(player->member, lane, world->now_ms, &written);
	}
}

static void read_step(struct world *world, struct player *player)
{
	struct ec_door_request request;
	if (ec_prng_chance(&world->prng, 1, 30))
		player->gateway = (int)ec_prng_below(&world->prng, FAKE_GATEWAYS);
	vsync_member_read(player->member, &request);
	struct ec_door_answer answer = fake_read(&world->order, player->gateway, &request);
	if (ec_prng_chance(&world->prng, 1, 30))
		return; /* lost on its way */
	vsync_member_answer(player->member, world->now_ms, &answer);
}

static void player_step(struct world *world, struct player *player)
{
	struct ec_prng *prng = &world->prng;
	if (!player->member) {
		if (world->calm || ec_prng_chance(prng, 1, 40))
			join(world, player);
		return;
	}
	if (world->now_ms < player->paused_until_ms)
		return;
	uint64_t words =
		ec_prng_chance(prng, 1, 3) ? ec_prng_below(prng, player->greedy ? 12 : 3) : 0;
	for (; words > 0; words--)
		speak(player);
	envelope_step(world, player, VSYNC_LANE_KEYS);
	envelope_step(world, player, VSYNC_LANE_LEASE);
	if (ec_prng_chance(prng, 3, 4))
		read_step(world, player);
	if (vsync_member_over(player->member))
		end(world, player);
}

/* ---- faults ---- */

static void faults_step(struct world *world)
{
	struct ec_prng *prng = &world->prng;
	struct player *player = &world->player[ec_prng_below(prng, SLOTS)];
	uint64_t every = world->plan.multicasts / (world->plan.crashes + 1) + 1;
	if (player->member && world->crashes < world->plan.crashes &&
	    world->oracle.ordered > (world->crashes + 1) * every && player->life->viewed) {
		world->crashes++;
		end(world, player);
	}
	player = &world->player[ec_prng_below(prng, SLOTS)];
	if (ec_prng_chance(prng, 1, world->weather == SLEEPY ? 60 : 30)) {
		uint64_t most_ms = world->weather == SLEEPY ? 6000 : 2500;
		player->paused_until_ms = world->now_ms + ec_prng_below(prng, most_ms);
		world->pauses++;
	}
	if (player->member && ec_prng_chance(prng, 1, 2000))
		vsync_member_leave(player->member);
	if (ec_prng_chance(prng, 1, 10))
		player->greedy = ec_prng_chance(prng, 1, 8);
	if (world->weather == SLOW && ec_prng_chance(prng, 1, 10))
		player->slow = !player->slow;
	for (uint64_t i = ec_prng_below(prng, world->weather == BUSY ? 20 : 2); i > 0; i--)
		put(&world->order.shop, "others", "have business, too");
	for (int i = 0; i < ZOMBIES; i++) {
		struct fake_envelope *zombie = &world->zombie[i];
		if (!zombie->used || !ec_prng_chance(prng, 1, 4))
			continue;
		fake_envelope_execute(&world->order, zombie);
		zombie->used = false;
	}
}

static size_t kept(struct world *world)
{
	return count_of(&world->order.shop, "key/" PREFIX "m/") +
	       count_of(&world->order.shop, "key/" PREFIX "s/") +
	       count_of(&world->order.shop, "key/" PREFIX "v/");
}

/* (V5) */
static void windows_check(struct world *world)
{
	static const char prefix[] = "key/" PREFIX "m/";
	struct ec_cursor cursor;
	struct ec_bytes value;
	uint8_t sender[8] = {0};
	int records = 0;
	ec_cursor_start(&cursor, prefix, sizeof prefix - 1);
	while (ec_cursor_next(world->order.shop.scratch, &cursor, &value)) {
		const uint8_t *its = cursor.name + sizeof prefix - 1;
		records = memcmp(its, sender, sizeof sender) == 0 ? records + 1 : 1;
		memcpy(sender, its, sizeof sender);
		if (records > VSYNC_WINDOW)
			violated(&world->oracle, "memory: more records of a sender than a window");
	}
	uint64_t now = kept(world);
	world->kept_most = now > world->kept_most ? now : world->kept_most;
}

static void step(struct world *world)
{
	world->now_ms += ec_prng_below(&world->prng, 20);
	fake_time(&world->order, START_S + world->now_ms / 1000);
	for (int i = 0; i < FAKE_GATEWAYS; i++)
		if (world->calm || ec_prng_chance(&world->prng, 2, 3))
			fake_gateway_step(&world->order, &world->prng, i);
	for (int i = 0; i < SLOTS; i++)
		player_step(world, &world->player[i]);
	if (!world->calm)
		faults_step(world);
	if (ec_prng_chance(&world->prng, 1, 50))
		windows_check(world);
}

/* All are in one view, with one state, and nothing is kept for anybody. */
static bool at_rest(struct world *world)
{
	const struct player *first = &world->player[0];
	for (int i = 0; i < SLOTS; i++) {
		const struct player *player = &world->player[i];
		if (!player->member || !player->life->viewed ||
		    player->life->view != first->life->view ||
		    !ec_hash_equal(&player->life->state, &first->life->state))
			return false;
		for (uint64_t k = player->life->unresolved; k < player->life->sents; k++)
			if (player->life->sent[k].fate == FATE_NONE)
				return false;
	}
	return world->oracle.view[first->life->view].view.members == SLOTS && kept(world) == 0;
}

static void play(struct world *world, const struct plan *plan)
{
	enum { STEPS_MAX = 20000 };
	*world = (struct world){.plan = *plan};
	ec_prng_seed(&world->prng, plan->seed);
	world->weather = (enum weather)(plan->seed % WEATHERS);
	fake_order_open(&world->order, world->weather == BUSY ? 512 : 1500);
	for (int i = 0; i < SLOTS; i++)
		world->player[i].world = world;
	uint64_t idle = 0, ordered = 0;
	while (!world->oracle.violation[0] && idle < STEPS_MAX &&
	       (ordered < plan->multicasts || world->crashes < plan->crashes)) {
		step(world);
		idle = world->oracle.ordered > ordered ? 0 : idle + 1;
		ordered = world->oracle.ordered;
	}
	if (idle == STEPS_MAX)
		violated(&world->oracle, "progress: nothing is ordered any more");
	world->calm = true;
	for (int i = 0; !world->oracle.violation[0] && !at_rest(world); i++) {
		step(world);
		if (i == STEPS_MAX)
			violated(&world->oracle, "progress: it does not come to rest");
	}
	/* Of who lives a window each, and what those left who died lately. */
	if (world->kept_most > VSYNC_RECORDS_MAX / 4)
		violated(&world->oracle, "memory: %llu records were kept at once",
		         (unsigned long long)world->kept_most);
}

static void world_free(struct world *world)
{
	for (int i = 0; i < SLOTS; i++)
		vsync_member_free(world->player[i].member);
	oracle_free(&world->oracle);
	fake_order_close(&world->order);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void many_worlds_hold(void **unused)
{
	(void)unused;
	uint64_t only = number_of("EC_VSYNC_SEED", 0),
		 multicasts = number_of("EC_VSYNC_MULTICASTS", 0);
	struct world *world = malloc(sizeof *world);
	struct plan plan = {.seed = 1, .multicasts = 400, .crashes = 6};
	uint64_t worlds = number_of("EC_VSYNC_WORLDS", 24), brought = 0, stale = 0;
	if (multicasts) {
		plan.multicasts = multicasts;
		plan.crashes = number_of("EC_VSYNC_CRASHES", 50);
		worlds = 1;
	}
	for (uint64_t seed = only ? only : 1; seed <= (only ? only : worlds); seed++) {
		plan.seed = seed;
		play(world, &plan);
		if (world->oracle.violation[0])
			print_message("EC_VSYNC_SEED=%llu: %s\n", (unsigned long long)seed,
			              world->oracle.violation);
		assert_string_equal(world->oracle.violation, "");
		brought += world->oracle.states;
		stale += world->oracle.stale;
		if (multicasts)
			printf("ok figure virtual synchrony: %llu multicasts, %llu crashes, %llu "
			       "joins, %llu pauses, %zu views | 0 violations | 0; %llu delivered, "
			       "%llu refused, at most %llu records kept\n",
			       (unsigned long long)world->oracle.ordered,
			       (unsigned long long)world->crashes, (unsigned long long)world->ids,
			       (unsigned long long)world->pauses, world->oracle.views,
			       (unsigned long long)world->oracle.delivered,
			       (unsigned long long)world->oracle.refused,
			       (unsigned long long)world->kept_most);
		world_free(world);
	}
	free(world);
	if (!only)
		assert_true(brought > 0 && stale > 0); /* it came to what is to be judged */
}

/* A check that cannot fail is none. */
static void every_planted_bug_is_found(void **unused)
{
	(void)unused;
	uint64_t seeds = number_of("EC_VSYNC_SEEDS", 40);
	if (getenv("EC_VSYNC_MULTICASTS"))
		skip();
	struct world *world = malloc(sizeof *world);
	for (uint32_t bug = 1; bug < VSYNC_BUGS; bug++) {
		bool found = false;
		for (uint64_t seed = 1; seed <= seeds && !found; seed++) {
			struct plan plan = {
				.seed = seed, .multicasts = 400, .crashes = 6, .bug = bug};
			play(world, &plan);
			found = world->oracle.violation[0];
			if (found)
				print_message("bug %u, seed %llu: %s\n", bug,
				              (unsigned long long)seed, world->oracle.violation);
			world_free(world);
		}
		if (!found)
			print_message("bug %u was not found in %llu worlds\n", bug,
			              (unsigned long long)seeds);
		assert_true(found);
	}
	free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_worlds_hold),
		cmocka_unit_test(every_planted_bug_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
