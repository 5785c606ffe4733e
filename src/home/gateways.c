/* gateways.c - a home's gateways: connections, requests, answers. */
#include "home/home.h"

#include "ledger/ledger.h"

#include <poll.h>
#include <stdio.h>

enum { CONNECT_MS = 500 };

static void gateway_lost(struct home *home, uint32_t at, const char *why)
{
	struct home_gateway *gateway = &home->gateway[at];
	printf("gateway %s is down: %s\n", gateway->address, why);
	ec_client_close(gateway->client);
	gateway->client = NULL;
	ec_schedule_down(&home->device->schedule, at, home_now_ns());
}

static void gateway_connect(struct home *home, uint32_t at)
{
	char why[256] = "";
	struct home_gateway *gateway = &home->gateway[at];
	gateway->client = ec_client_open(gateway->address, CONNECT_MS, why, sizeof why);
	if (!gateway->client) {
		ec_schedule_down(&home->device->schedule, at, home_now_ns());
		return;
	}
	const struct ec_door_answer *welcome = ec_client_welcome(gateway->client);
	if (!ec_hash_equal(&welcome->genesis, &home->genesis->hash)) {
		gateway_lost(home, at, "it serves another group");
		return;
	}
	gateway->known = ec_membership_find(home->genesis->membership, welcome->key) != UINT32_MAX;
	memcpy(gateway->key, welcome->key, sizeof gateway->key);
	printf("gateway %s is up\n", gateway->address);
	ec_schedule_up(&home->device->schedule, at);
}

static void request_send(struct home *home, const struct ec_action *action)
{
	uint8_t envelope[EC_OUTBOX_ENVELOPE_MAX];
	const struct ec_outbox_entry *entry = &home->outbox->entry[action->index];
	struct ec_client *client = home->gateway[action->gateway].client;
	struct ec_door_request request = {.kind = EC_DOOR_RECEIPT, .id = entry->id};
	if (action->kind == EC_ACTION_SUBMIT) {
		size_t size = ec_outbox_read(home->outbox, action->index, envelope);
		if (size == 0)
			return; /* the disk: the loop ends */
		request =
			(struct ec_door_request){.kind = EC_DOOR_SUBMIT, .flags = EC_DOOR_PROMISE};
		request.envelope = (struct ec_bytes){.data = envelope, .size = size};
		memcpy(request.salt, entry->salt, sizeof request.salt);
	}
	home->token[action->index] = ++home->tokens;
	request.token = home->tokens << 16 | action->index;
	if (!client || !ec_client_send(client, &request))
		gateway_lost(home, action->gateway,
		             client && ec_client_lost(client) ? ec_client_lost(client) : "lost");
}

/* What a gateway's own clock calls the deadline, by the monotonic one. */
static uint64_t deadline_here_ns(uint64_t deadline_ns)
{
	uint64_t day_ns = home_time_of_day_ns();
	return home_now_ns() + (deadline_ns > day_ns ? deadline_ns - day_ns : 0);
}

static void proof_take(struct home *home, const struct home_gateway *gateway, uint32_t index,
                       struct ec_bytes proof)
{
	char why[512] = "";
	bool good = ec_device_proof(home->device, index, proof, home_now_ns(), why, sizeof why);
	if (good && why[0])
		printf("%s\n", why);
	else if (!good && proof.size > 0)
		printf("gateway %s sent a bad receipt: %s\n", gateway->address, why);
}

static void answer_take(struct home *home, uint32_t at, const struct ec_door_answer *answer)
{
	uint32_t index = (uint32_t)(answer->token & 0xffff);
	struct ec_schedule *schedule = &home->device->schedule;
	const struct home_gateway *gateway = &home->gateway[at];
	if (index >= EC_SCHEDULE_MAX || home->token[index] != answer->token >> 16 ||
	    !home->outbox->entry[index].used)
		return; /* about an envelope that is gone, or is elsewhere by now */
	switch (answer->kind) {
	case EC_DOOR_ACCEPTED:
		if (gateway->known && ec_hash_equal(&answer->id, &home->outbox->entry[index].id) &&
		    ec_client_promised(answer, gateway->key))
			ec_schedule_promised(schedule, index, deadline_here_ns(answer->deadline_ns),
			                     home_now_ns());
		return;
	case EC_DOOR_DONE:
		ec_schedule_ordered(schedule, index, home_now_ns());
		return;
	case EC_DOOR_REFUSED:
		ec_schedule_refused(schedule, index, (uint64_t)answer->retry_ms * 1000000,
		                    home_now_ns());
		return;
	case EC_DOOR_PROOF:
		proof_take(home, gateway, index,
		           answer->lookup == EC_FOUND ? answer->proof : EC_NO_BYTES);
		return;
	default:
		return;
	}
}

static void gateway_turn(struct home *home, uint32_t at)
{
	struct ec_client *client = home->gateway[at].client;
	struct ec_door_answer answer;
	bool alive = ec_client_turn(client);
	while (ec_client_next(client, &answer))
		answer_take(home, at, &answer);
	if (!alive)
		gateway_lost(home, at, ec_client_lost(client) ? ec_client_lost(client) : "lost");
}

/* Sends what may be sent.  Returns: when there is more to do at the latest. */
uint64_t home_send(struct home *home)
{
	struct ec_action action;
	while (!home->outbox->broken) {
		action = ec_schedule_next(&home->device->schedule, home_now_ns());
		if (action.kind == EC_ACTION_NONE)
			return action.wake_ns;
		if (action.kind == EC_ACTION_CONNECT)
			gateway_connect(home, action.gateway);
		else
			request_send(home, &action);
	}
	return 0;
}

void home_wait(struct home *home, int timeout_ms)
{
	struct pollfd poll_at[EC_GATEWAYS_MAX];
	for (uint32_t i = 0; i < home->gateways; i++) {
		struct ec_client *client = home->gateway[i].client;
		poll_at[i] = (struct pollfd){.fd = client ? ec_client_fd(client) : -1,
		                             .events = client ? ec_client_events(client) : 0};
	}
	poll(poll_at, home->gateways, timeout_ms);
	for (uint32_t i = 0; i < home->gateways; i++)
		if (home->gateway[i].client)
			gateway_turn(home, i);
}
