/* door_lead.c - LEAD: whoever holds the identity key of a node that leads has it hand over. */
#include "doors/door_inner.h"

/* Why the wish is not for this node, now; EC_REASON_NONE: it is. */
static enum ec_reason judge(const struct ec_door *door, const struct ec_door_request *request,
                            const char **why)
{
	uint8_t wish[EC_DOOR_WISH_SIZE];
	struct ec_member_status status;
	ec_door_wish(&ec_daemon_genesis(door->daemon)->hash, request, wish);
	if (!ec_verify(door->config.identity->key, wish, sizeof wish, request->signature)) {
		*why = "only who holds this node's identity key has it hand over";
		return EC_REASON_SIGNATURE;
	}
	ec_member_status(ec_daemon_member(door->daemon), &status);
	if (status.era == request->era && status.view == request->view)
		return EC_REASON_NONE;
	*why = "another era or view has begun since this was signed";
	return EC_REASON_BEHIND;
}

void door_lead(struct visitor *visitor, const struct ec_door_request *request)
{
	static const char asked[] = "it is asked to take over";
	struct ec_daemon *daemon = visitor->door->daemon;
	const struct ec_membership *members = ec_member_membership(ec_daemon_member(daemon));
	const char *why;
	enum ec_reason reason = judge(visitor->door, request, &why);
	uint32_t heir = ec_membership_find(members, request->key);
	if (reason == EC_REASON_NONE && heir >= members->n) {
		reason = EC_REASON_NOT_FOUND;
		why = "no member of this era has that key";
	} else if (reason == EC_REASON_NONE && (why = ec_daemon_hand_over(daemon, heir))) {
		reason = EC_REASON_NOT_READY;
	}
	struct ec_door_answer answer = {
		.kind = EC_DOOR_TEXT,
		.token = request->token,
		.text = {.data = (const uint8_t *)asked, .size = sizeof asked - 1}};
	if (reason == EC_REASON_NONE)
		ec_line_say(&visitor->line, &answer);
	else
		door_refuse(visitor, request->token, reason, 0, why);
}
