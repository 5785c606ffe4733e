/* door_house.h - a fake daemon with a binary door, on a thread of its own: included by tests only.
 */
#ifndef EC_DOORS_DOOR_HOUSE_H
#define EC_DOORS_DOOR_HOUSE_H

#include "doors/client.h"
#include "doors/door.h"
#include "doors/fake_daemon.h"

enum { SECONDS = 1000, WAIT = 5 * SECONDS };

/* A daemon and its door on a thread of their own. */
struct house {
	uv_loop_t loop;
	uv_async_t leave;
	uv_thread_t thread;
	struct ec_daemon *daemon;
	struct ec_door *door;
	struct ec_secret identity;
	char address[32];
};

static void door_stopped(void *self)
{
	struct house *house = self;
	fake_daemon_close(house->daemon);
}

static void house_leave(uv_async_t *async)
{
	struct house *house = async->data;
	uv_close((uv_handle_t *)async, NULL);
	ec_door_stop(house->door, door_stopped, house);
}

static void house_live(void *self)
{
	struct house *house = self;
	uv_run(&house->loop, UV_RUN_DEFAULT);
}

static struct house *house_open(struct ec_hall_limits limits)
{
	char why[256];
	struct house *house = calloc(1, sizeof *house);
	uv_loop_init(&house->loop);
	uv_async_init(&house->loop, &house->leave, house_leave);
	house->leave.data = house;
	house->daemon = fake_daemon_new(&house->loop);
	uint8_t seed[EC_SEED_SIZE] = {5};
	ec_secret_from_seed(&house->identity, seed);
	struct ec_door_config config = {
		.host = "127.0.0.1", .identity = &house->identity, .limits = limits};
	house->door = ec_door_open(house->daemon, &config, why, sizeof why);
	assert_non_null(house->door);
	snprintf(house->address, sizeof house->address, "127.0.0.1:%u", ec_door_port(house->door));
	uv_thread_create(&house->thread, house_live, house);
	return house;
}

static void house_close(struct house *house)
{
	uv_async_send(&house->leave);
	uv_thread_join(&house->thread);
	assert_int_equal(uv_loop_close(&house->loop), 0);
	fake_daemon_free(house->daemon);
	free(house);
}

static struct house *house_usual(void)
{
	return house_open((struct ec_hall_limits){0});
}

static struct ec_client *visit(const struct house *house)
{
	char why[256];
	struct ec_client *client = ec_client_open(house->address, WAIT, why, sizeof why);
	if (!client)
		print_error("%s\n", why);
	assert_non_null(client);
	return client;
}

static struct ec_bytes text(const char *at)
{
	return (struct ec_bytes){.data = (const uint8_t *)at, .size = strlen(at)};
}

static const uint8_t salt[32] = {1};

__attribute__((unused)) static struct ec_door_answer submitted(struct ec_client *client,
                                                               const char *envelope)
{
	struct ec_door_answer answer;
	assert_true(ec_client_submit(client, text(envelope), salt, WAIT, &answer));
	return answer;
}

__attribute__((unused)) static struct ec_door_answer asked(struct ec_client *client,
                                                           struct ec_door_request request)
{
	struct ec_door_answer answer;
	assert_true(ec_client_call(client, &request, WAIT, &answer));
	return answer;
}

#endif
