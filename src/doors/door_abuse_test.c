/* door_abuse_test.c - what the binary door does to those who mean it ill, are slow, or leave. */
#include "doors/door_house.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static void fake_daemon_left(void *self)
{
	fake_daemon_close(self);
}

/* A socket without manners. */
static int barge(const struct house *house)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_port = htons(ec_door_port(house->door)),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct timeval limit = {.tv_sec = 10};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

/* Reads until the door closes.  Returns: the reason of its BYE. */
static unsigned goodbye(int fd)
{
	uint8_t bytes[4096];
	size_t size = 0;
	ssize_t got;
	while ((got = recv(fd, bytes + size, sizeof bytes - size, 0)) > 0)
		size += (size_t)got;
	assert_int_equal(got, 0);
	close(fd);
	struct ec_door_answer answer = {0};
	for (size_t at = 0; at + 4 <= size;) {
		struct ec_reader head = ec_reader_over(bytes + at, 4);
		size_t frame = ec_read_u32(&head);
		assert_true(at + 4 + frame <= size);
		assert_true(ec_door_answer_read(bytes + at + 4, frame, &answer));
		at += 4 + frame;
	}
	assert_int_equal(answer.kind, EC_DOOR_BYE);
	assert_true(answer.text.size > 0);
	return answer.reason;
}

static void say(int fd, struct ec_door_request request)
{
	uint8_t frame[512];
	size_t size = ec_door_request_write(&request, frame, sizeof frame);
	assert_int_equal(send(fd, frame, size, MSG_NOSIGNAL), size);
}

static const struct ec_door_request hello = {.kind = EC_DOOR_HELLO, .version = EC_DOOR_VERSION};

static void garbage_is_told_why_and_closed(void **state)
{
	(void)state;
	struct house *house = house_usual();
	int fd = barge(house);
	assert_int_equal(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	assert_int_equal(goodbye(fd), EC_REASON_TOO_LARGE);
	fd = barge(house);
	assert_int_equal(send(fd, "\5\0\0\0junk!", 9, 0), 9);
	assert_int_equal(goodbye(fd), EC_REASON_MALFORMED);
	fd = barge(house);
	say(fd, (struct ec_door_request){.kind = EC_DOOR_STATUS});
	assert_int_equal(goodbye(fd), EC_REASON_MALFORMED);
	fd = barge(house);
	say(fd, hello);
	say(fd, hello);
	assert_int_equal(goodbye(fd), EC_REASON_MALFORMED);
	fd = barge(house);
	say(fd, (struct ec_door_request){.kind = EC_DOOR_HELLO, .version = 77});
	assert_int_equal(goodbye(fd), EC_REASON_VERSION);
	fd = barge(house);
	say(fd, hello);
	assert_int_equal(send(fd, "\xff\xff\xff\x7f", 4, 0), 4);
	assert_int_equal(goodbye(fd), EC_REASON_TOO_LARGE);
	struct ec_client *client = visit(house);
	assert_int_equal(submitted(client, "others go on").kind, EC_DOOR_DONE);
	ec_client_close(client);
	house_close(house);
}

static void the_silent_and_the_slow_are_sent_away(void **state)
{
	(void)state;
	struct house *house = house_open(
		(struct ec_hall_limits){.greet_ms = 300, .frame_ms = 300, .idle_ms = 1500});
	int silent = barge(house), half = barge(house), idle = barge(house);
	say(half, hello);
	assert_int_equal(send(half, "\x20\0\0\0half", 8, 0), 8);
	say(idle, hello);
	assert_int_equal(goodbye(silent), EC_REASON_IDLE);
	assert_int_equal(goodbye(half), EC_REASON_SLOW);
	assert_int_equal(goodbye(idle), EC_REASON_IDLE);
	house_close(house);
}

static void too_many_connections_are_turned_away(void **state)
{
	(void)state;
	char why[256];
	struct house *house = house_open((struct ec_hall_limits){.lines = 3});
	struct ec_client *client[3];
	for (int i = 0; i < 3; i++)
		client[i] = visit(house);
	assert_null(ec_client_open(house->address, WAIT, why, sizeof why));
	assert_non_null(strstr(why, "too many connections"));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(submitted(client[i], "still here").kind, EC_DOOR_DONE);
		ec_client_close(client[i]);
	}
	house_close(house);
}

/* R1: a crowd that says nothing keeps nobody out who does. */
static void a_silent_crowd_makes_way(void **state)
{
	(void)state;
	enum { CROWD = 200 };
	struct house *house = house_open((struct ec_hall_limits){.lines = 50});
	int crowd[CROWD];
	for (int i = 0; i < CROWD; i++)
		crowd[i] = barge(house);
	usleep(700000);
	struct ec_client *client[40];
	for (int i = 0; i < 40; i++) {
		client[i] = visit(house);
		assert_int_equal(submitted(client[i], "in the crowd").kind, EC_DOOR_DONE);
	}
	for (int i = 0; i < 40; i++) {
		assert_int_equal(submitted(client[i], "still here").kind, EC_DOOR_DONE);
		ec_client_close(client[i]);
	}
	for (int i = 0; i < CROWD; i++)
		close(crowd[i]);
	house_close(house);
}

/* R6: asks for megabytes and reads none of them. */
/* Asks this again and again, and reads nothing. */
static void deaf_is_cut(struct ec_door_request query)
{
	struct house *house = house_open((struct ec_hall_limits){.write_ms = 1000});
	house->daemon->store_revision = 900; /* 1350 changes, more than 80,000 bytes of them */
	int deaf = barge(house);
	uint8_t frame[512];
	size_t size = ec_door_request_write(&query, frame, sizeof frame), sent = 0;
	say(deaf, hello);
	while (sent < 1000 && send(deaf, frame, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size)
		sent++;
	assert_true(sent > 200);
	struct ec_client *client = visit(house);
	struct pollfd hung = {.fd = deaf, .events = POLLRDHUP};
	uint32_t done = 0;
	while (poll(&hung, 1, 0) == 0 && done < 100000) {
		assert_int_equal(submitted(client, "in the meantime").kind, EC_DOOR_DONE);
		done++;
	}
	assert_true(done > 0 && done < 100000);
	close(deaf);
	ec_client_close(client);
	house_close(house);
}

static void one_who_does_not_read_is_cut_and_others_go_on(void **state)
{
	(void)state;
	deaf_is_cut(
		(struct ec_door_request){.kind = EC_DOOR_QUERY, .limit = 1, .name = text("big")});
}

static void a_watch_that_is_never_read_is_cut(void **state)
{
	(void)state;
	deaf_is_cut((struct ec_door_request){
		.kind = EC_DOOR_WATCH, .revision = 1, .limit = EC_DOOR_LIMIT_MAX});
}

static void one_who_leaves_early_takes_nothing_along(void **state)
{
	(void)state;
	struct house *house = house_usual();
	for (int round = 0; round < 20; round++) {
		struct ec_client *client = visit(house);
		struct ec_door_request held = {.kind = EC_DOOR_SUBMIT, .envelope = text("hold")};
		struct ec_door_request late = {.kind = EC_DOOR_SUBMIT, .envelope = text("later")};
		struct ec_door_request query = {.kind = EC_DOOR_QUERY,
		                                .at = EC_AT_LATEST,
		                                .limit = 1,
		                                .name = text("a/001")};
		for (int i = 0; i < 10; i++) {
			ec_client_send(client, &late);
			ec_client_send(client, &held);
			ec_client_send(client, &query);
		}
		ec_client_close(client);
	}
	struct ec_client *client = visit(house);
	assert_int_equal(submitted(client, "after them").kind, EC_DOOR_DONE);
	ec_client_close(client);
	house_close(house);
}

static void a_stopping_door_says_so(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	struct ec_door_request held = {.kind = EC_DOOR_SUBMIT, .envelope = text("hold")};
	struct ec_door_answer answer;
	ec_client_send(client, &held);
	assert_int_equal(submitted(client, "seen").kind, EC_DOOR_DONE);
	house_close(house);
	assert_true(ec_client_wait(client, WAIT, &answer));
	assert_int_equal(answer.kind, EC_DOOR_BYE);
	assert_int_equal(answer.reason, EC_REASON_STOPPING);
	assert_false(ec_client_wait(client, WAIT, &answer));
	assert_non_null(strstr(ec_client_lost(client), "stopping"));
	ec_client_close(client);
}

/* What a configuration may name, and what it may not. */
static void a_door_opens_where_it_is_told(void **state)
{
	(void)state;
	static const char *const good[] = {"localhost", "127.0.0.1"};
	static const char *const bad[] = {"no such host", "192.0.2.1"};
	struct house *house = house_usual();
	char why[256];
	for (int i = 0; i < 2; i++) {
		struct ec_door_config config = {.host = good[i], .identity = &house->identity};
		uv_loop_t loop;
		uv_loop_init(&loop);
		struct ec_daemon *daemon = fake_daemon_new(&loop);
		struct ec_door *door = ec_door_open(daemon, &config, why, sizeof why);
		assert_non_null(door);
		assert_true(ec_door_port(door) > 0);
		config.host = bad[i];
		assert_null(ec_door_open(daemon, &config, why, sizeof why));
		assert_non_null(strstr(why, bad[i]));
		config.host = "127.0.0.1";
		config.port = ec_door_port(house->door);
		assert_null(ec_door_open(daemon, &config, why, sizeof why));
		assert_non_null(strstr(why, "is another node running there"));
		ec_door_stop(door, fake_daemon_left, daemon);
		uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(uv_loop_close(&loop), 0);
		fake_daemon_free(daemon);
	}
	house_close(house);
}

static void wrong_addresses_meet_a_sentence(void **state)
{
	(void)state;
	char why[256];
	assert_null(ec_client_open("127.0.0.1:1", WAIT, why, sizeof why));
	assert_non_null(strstr(why, "is the node running"));
	assert_null(ec_client_open("127.0.0.1:0", WAIT, why, sizeof why));
	assert_non_null(strstr(why, "HOST:PORT"));
	assert_null(ec_client_open("127.0.0.1:99999", WAIT, why, sizeof why));
	assert_null(ec_client_open("", WAIT, why, sizeof why));
	assert_null(ec_client_open("::::", WAIT, why, sizeof why));
	assert_null(ec_client_open("[::1", WAIT, why, sizeof why));
}

int main(void)
{
	if (!ec_crypto_start())
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(garbage_is_told_why_and_closed),
		cmocka_unit_test(the_silent_and_the_slow_are_sent_away),
		cmocka_unit_test(too_many_connections_are_turned_away),
		cmocka_unit_test(a_silent_crowd_makes_way),
		cmocka_unit_test(one_who_does_not_read_is_cut_and_others_go_on),
		cmocka_unit_test(a_watch_that_is_never_read_is_cut),
		cmocka_unit_test(one_who_leaves_early_takes_nothing_along),
		cmocka_unit_test(a_stopping_door_says_so),
		cmocka_unit_test(a_door_opens_where_it_is_told),
		cmocka_unit_test(wrong_addresses_meet_a_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
