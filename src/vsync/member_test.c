/* member_test.c - a member alone, two of them, and what they are told, step by step. */
#include "vsync/order_fake.h"

enum { LOG_MAX = 4096 };

/* A member and what it was told, as text. */
struct one {
	struct fake_order *order;
	struct vsync_member *member;
	struct fake_envelope envelope[VSYNC_LANES];
	uint64_t now_ms;
	char log[LOG_MAX];
	const char *state; /* that it brings to others */
	bool again;        /* sends what is refused again */
};

__attribute__((format(printf, 2, 3))) static void note(struct one *one, const char *format, ...)
{
	va_list arguments;
	size_t size = strlen(one->log);
	va_start(arguments, format);
	vsnprintf(one->log + size, sizeof one->log - size, format, arguments);
	va_end(arguments);
}

static void on_view(void *self, const struct ec_vsync_view *view)
{
	struct one *one = self;
	note(one, "view%llu", (unsigned long long)view->number);
	for (uint32_t i = 0; i < view->members; i++)
		note(one, " %s%s", view->member[i].name, view->member[i].whole ? "" : "?");
	note(one, "; ");
}

static void on_deliver(void *self, const struct ec_vsync_message *message)
{
	note(self, "%.*s from %llu; ", (int)(message->bytes.size < 20 ? message->bytes.size : 20),
	     (const char *)message->bytes.data, (unsigned long long)message->sender);
}

static void on_refused(void *self, uint64_t number, struct ec_view bytes, bool sure)
{
	struct one *one = self;
	note(one, "%s %llu; ", sure ? "refused" : "unsure", (unsigned long long)number);
	if (one->again)
		vsync_member_multicast(one->member, bytes.data, bytes.size);
}

static struct ec_view on_state_wanted(void *self)
{
	struct one *one = self;
	note(one, "wanted; ");
	return view(one->state);
}

static void on_state_brought(void *self, struct ec_view state)
{
	if (state.data)
		note(self, "state of %zu; ", state.size);
	else
		note(self, "anew; ");
}

static void on_fenced(void *self, uint64_t epoch, const char *why)
{
	(void)epoch;
	note(self, "fenced: %s; ", why);
}

static struct one *one_new(struct fake_order *order, uint64_t id)
{
	const char *name[] = {"", "a", "b", "c"};
	struct one *one = calloc(1, sizeof *one);
	one->order = order;
	one->state = "";
	struct vsync_config config = {.prefix = view("g/"),
	                              .name = name[id],
	                              .id = id,
	                              .lease = id,
	                              .lease_s = 10,
	                              .keep_ms = 3000,
	                              .value_max = 2048,
	                              .state_max = 16384,
	                              .calls = {one, on_view, on_deliver, on_refused,
	                                        on_state_wanted, on_state_brought, on_fenced}};
	one->member = vsync_member_new(&config);
	return one;
}

static void one_free(struct one *one)
{
	vsync_member_free(one->member);
	free(one);
}

static void one_read(struct one *one)
{
	struct ec_door_request request;
	vsync_member_read(one->member, &request);
	one->order->gateway_seq[0] = one->order->seq;
	struct ec_door_answer answer = fake_read(one->order, 0, &request);
	vsync_member_answer(one->member, one->now_ms, &answer);
}

/* Lets it write what it wants to in a lane.  Returns: whether there was anything. */
static bool one_write(struct one *one, enum vsync_lane lane)
{
	struct fake_envelope *envelope = &one->envelope[lane];
	envelope->executed = false;
	envelope->size = vsync_member_write(one->member, lane, one->now_ms, envelope->payload,
	                                    sizeof envelope->payload);
	return envelope->size > 0;
}

static void one_written(struct one *one, enum vsync_lane lane)
{
	struct fake_envelope *envelope = &one->envelope[lane];
	fake_envelope_execute(one->order, envelope);
	struct vsync_written written = {.code = envelope->result,
	                                .seq = envelope->seq,
	                                .outcome = &envelope->outcome,
	                                .why = envelope->why};
	vsync_member_written(one->member, lane, one->now_ms, &written);
}

/* Turns for a second, and until it has nothing to say and nothing to hear. */
static void run(struct one *one)
{
	for (int i = 0; i < 100; i++) {
		one->now_ms += 10;
		for (int lane = 0; lane < VSYNC_LANES; lane++)
			if (one_write(one, (enum vsync_lane)lane))
				one_written(one, (enum vsync_lane)lane);
		one_read(one);
	}
}

static void said(struct one *one, const char *wanted)
{
	assert_string_equal(one->log, wanted);
	one->log[0] = 0;
}

static uint64_t tell(struct one *one, const char *text)
{
	return vsync_member_multicast(one->member, text, strlen(text));
}

static void a_member_alone_hears_itself(void **unused)
{
	(void)unused;
	struct fake_order order;
	fake_order_open(&order, 512);
	struct one *a = one_new(&order, 1);
	assert_int_equal(tell(a, "too early"), 0);
	run(a);
	said(a, "anew; view1 a; ");
	assert_int_equal(tell(a, "hello"), 1);
	assert_int_equal(tell(a, "again"), 2);
	run(a);
	said(a, "hello from 1; again from 1; ");
	tell(a, "last");
	vsync_member_leave(a->member);
	assert_int_equal(tell(a, "too late"), 0);
	run(a);
	said(a, "last from 1; fenced: it left; ");
	assert_int_equal(head_of(&order.shop).leases, 0);
	assert_int_equal(count_of(&order.shop, "key/g/m/"), 1); /* its last words are left */
	struct one *b = one_new(&order, 2);
	run(b);
	said(b, "anew; view2 b; ");
	assert_int_equal(count_of(&order.shop, "key/"), 2); /* the view and who is present */
	one_free(a);
	one_free(b);
	fake_order_close(&order);
}

static void who_joins_gets_the_state_in_pieces_before_anything_else(void **unused)
{
	(void)unused;
	static char large[15001];
	struct fake_order order;
	fake_order_open(&order, 512);
	struct one *a = one_new(&order, 1), *b = one_new(&order, 2);
	memset(large, 's', sizeof large - 1);
	a->state = large;
	run(a);
	tell(a, "before");
	run(a);
	run(b);
	for (int i = 0; i < 3; i++) { /* a makes the view, and says something before all is there */
		one_read(a);
		if (one_write(a, VSYNC_LANE_KEYS))
			one_written(a, VSYNC_LANE_KEYS);
	}
	said(a, "anew; view1 a; before from 1; wanted; view2 a b?; ");
	tell(a, "meanwhile");
	for (int i = 0; i < 2; i++) {
		one_read(a);
		if (one_write(a, VSYNC_LANE_KEYS))
			one_written(a, VSYNC_LANE_KEYS);
	}
	run(b);
	said(b, "");
	run(a);
	said(a, "meanwhile from 1; ");
	run(b);
	said(b, "state of 15000; view2 a b; meanwhile from 1; ");
	one_free(a);
	one_free(b);
	fake_order_close(&order);
}

static void what_does_not_get_into_its_view_is_refused_and_may_be_sent_again(void **unused)
{
	(void)unused;
	struct fake_order order;
	fake_order_open(&order, 512);
	struct one *a = one_new(&order, 1), *b = one_new(&order, 2), *c = one_new(&order, 3);
	run(a);
	run(b);
	run(a);
	run(b);
	b->log[0] = 0;
	tell(b, "late");
	b->again = true;
	assert_true(one_write(b, VSYNC_LANE_KEYS)); /* on its way in view 2 */
	run(c);
	run(a); /* makes view 3 */
	one_written(b, VSYNC_LANE_KEYS);
	assert_false(b->envelope[VSYNC_LANE_KEYS].outcome.succeeded);
	run(b);
	said(b, "refused 1; view3 a b c?; late from 2; ");
	one_free(a);
	one_free(b);
	one_free(c);
	fake_order_close(&order);
}

static void who_is_excluded_can_say_nothing_more(void **unused)
{
	(void)unused;
	struct fake_order order;
	fake_order_open(&order, 512);
	struct one *a = one_new(&order, 1), *b = one_new(&order, 2);
	run(a);
	run(b);
	run(a);
	run(b);
	tell(b, "of old");
	assert_true(one_write(b, VSYNC_LANE_KEYS)); /* on its way when b falls asleep */
	a->now_ms += 9000;
	fake_time(&order, START_S + 9);
	run(a);
	fake_time(&order, START_S + 12);
	a->log[0] = b->log[0] = 0;
	run(a);
	said(a, "view3 a; ");
	fake_envelope_execute(&order, &b->envelope[VSYNC_LANE_KEYS]);
	assert_int_equal(b->envelope[VSYNC_LANE_KEYS].result, EC_RESULT_DONE);
	assert_false(b->envelope[VSYNC_LANE_KEYS].outcome.succeeded);
	one_read(b);
	said(b, "refused 1; fenced: its lease ended; ");
	run(a);
	said(a, "");
	one_free(a);
	one_free(b);
	fake_order_close(&order);
}

static void bounds(void **unused)
{
	(void)unused;
	static uint8_t most[2048];
	struct fake_order order;
	fake_order_open(&order, 512);
	struct one *a = one_new(&order, 1);
	run(a);
	size_t size = vsync_member_bytes_max(a->member);
	assert_true(size < sizeof most);
	assert_int_equal(vsync_member_multicast(a->member, most, size + 1), 0);
	assert_int_equal(vsync_member_multicast(a->member, most, size), 1);
	uint64_t number = 1;
	while (vsync_member_multicast(a->member, most, size) == number + 1)
		number++;
	assert_in_range(number * size, VSYNC_QUEUE_MAX - 16384, VSYNC_QUEUE_MAX);
	for (int i = 0; i < 100 * VSYNC_WINDOW; i++) {
		one_read(a);
		if (one_write(a, VSYNC_LANE_KEYS))
			one_written(a, VSYNC_LANE_KEYS);
		assert_true(count_of(&order.shop, "key/g/m/") <= VSYNC_WINDOW);
	}
	assert_true(vsync_member_multicast(a->member, most, size) > 0);
	one_free(a);
	fake_order_close(&order);
}

/* Junk under the prefix, and records of who is not in the view, are nothing to a member. */
static void what_no_member_wrote_is_left_alone(void **unused)
{
	(void)unused;
	struct fake_order order;
	fake_order_open(&order, 512);
	struct one *a = one_new(&order, 1);
	put(&order.shop, "g/view", "junk");
	put(&order.shop, "g/n/12345678", "junk");
	put(&order.shop, "g/else", "junk");
	put(&order.shop, "gg", "junk");
	run(a);
	said(a, ""); /* "view" is there: what makes a view compares that it is not */
	del(&order.shop, "g/view");
	run(a);
	said(a, "anew; view1 a; ");
	put(&order.shop, "g/m/1234567812345678", "\x83\x01\x01\x81\x41x");
	put(&order.shop, "g/v/\xff\xff\xff\xff\xff\xff\xff\xff", "junk");
	put(&order.shop, "g/s/1234567812345678", "junk");
	run(a);
	said(a, "");
	one_free(a);
	fake_order_close(&order);
}

static void a_store_that_refuses_is_told_of(void **unused)
{
	(void)unused;
	struct fake_order order;
	fake_order_open(&order, 512);
	struct one *a = one_new(&order, 1);
	struct ec_store_parameters rule = ec_store_parameters_usual();
	run(a);
	rule.value_bytes_max = 200;
	shop_rules(&order.shop, &rule);
	char big[301];
	memset(big, 'b', 300);
	big[300] = 0;
	tell(a, big);
	a->log[0] = 0;
	for (int i = 0; i < 12; i++) {
		fake_time(&order, START_S + a->now_ms / 1000);
		run(a);
	}
	said(a,
	     "refused 1; fenced: the store refuses what it writes: a rule of the service refused "
	     "it: the value is larger than this store takes; ");
	one_free(a);
	fake_order_close(&order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_alone_hears_itself),
		cmocka_unit_test(who_joins_gets_the_state_in_pieces_before_anything_else),
		cmocka_unit_test(what_does_not_get_into_its_view_is_refused_and_may_be_sent_again),
		cmocka_unit_test(who_is_excluded_can_say_nothing_more),
		cmocka_unit_test(bounds),
		cmocka_unit_test(what_no_member_wrote_is_left_alone),
		cmocka_unit_test(a_store_that_refuses_is_told_of),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
