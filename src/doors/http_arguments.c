/* http_arguments.c - the arguments of a request: which a resource takes, and what they say.
 *
 * What is misspelt or does not apply is refused, never ignored: an answer that silently left out
 * `min_seq` would be taken for one that kept to it.
 */
#include "doors/http_request.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

const char *const ec_http_argument_name[EC_ARG_COUNT] = {
	"at",    "min_seq", "wait",     "promise", "prefix", "limit",  "after", "slot",
	"block", "depth",   "revision", "index",   "lease",  "if_mod", "ttl_s", "id"};

enum {
	READS = 1 << EC_ARG_AT | 1 << EC_ARG_MIN_SEQ | 1 << EC_ARG_LIMIT,
	FLAGS = 1 << EC_ARG_WAIT | 1 << EC_ARG_PROMISE | 1 << EC_ARG_PREFIX | 1 << EC_ARG_DEPTH,
};

struct resource {
	const char *path;
	bool below;             /* and all that begins so */
	unsigned takes, writes; /* writes: of another method than GET */
};

static const struct resource resources[] = {
	{"/v1/envelopes", false, 1 << EC_ARG_WAIT | 1 << EC_ARG_PROMISE,
         1 << EC_ARG_WAIT | 1 << EC_ARG_PROMISE},
	{"/v1/envelopes/", true, 0, 0},
	{"/v1/receipts/", true, 1 << EC_ARG_DEPTH, 0},
	{"/v1/proofs/", true, 0, 0},
	{"/v1/state/", true, READS | 1 << EC_ARG_PREFIX | 1 << EC_ARG_AFTER, 0},
	{"/v1/trades", false, READS | 1 << EC_ARG_AFTER | 1 << EC_ARG_SLOT, 0},
	{"/v1/bills/", true, READS, 0},
	{"/v1/store/keys/", true, READS | 1 << EC_ARG_PREFIX | 1 << EC_ARG_AFTER,
         1 << EC_ARG_LEASE | 1 << EC_ARG_IF_MOD},
	{"/v1/store/leases", false, 0, 1 << EC_ARG_TTL_S | 1 << EC_ARG_ID},
	{"/v1/store/leases/", true, 1 << EC_ARG_AT | 1 << EC_ARG_MIN_SEQ, 0},
	{"/v1/store/txn", false, 0, 0},
	{"/v1/store/watch/", true, 1 << EC_ARG_LIMIT | 1 << EC_ARG_REVISION | 1 << EC_ARG_INDEX, 0},
	{"/v1/beacon", false, 1 << EC_ARG_BLOCK, 0},
	{"/v1/status", false, 0, 0},
	{"/metrics", false, 0, 0},
	{"/healthz", false, 0, 0},
	{"/readyz", false, 0, 0},
	{"/openapi.json", false, 0, 0},
};

static const struct resource *resource_of(const char *path)
{
	for (size_t i = 0; i < sizeof resources / sizeof *resources; i++) {
		const struct resource *resource = &resources[i];
		if (resource->below ? strncmp(path, resource->path, strlen(resource->path)) == 0
		                    : strcmp(path, resource->path) == 0)
			return resource;
	}
	return NULL;
}

bool ec_http_is_resource(const struct ec_http_request *request)
{
	return resource_of(request->path);
}

static unsigned taken(const struct ec_http_request *request, const struct resource *resource)
{
	return request->method == EC_HTTP_GET ? resource->takes : resource->writes;
}

static void name_refuse(struct ec_http_request *request, const struct resource *resource,
                        const char *name)
{
	unsigned takes = taken(request, resource);
	char text[256];
	struct ec_text detail = ec_text_over(text, sizeof text);
	ec_text_add(&detail, "`%s` is no argument of %s, which takes ", name, resource->path);
	const char *between = "";
	for (int i = 0; i < EC_ARG_COUNT; i++) {
		if (!(takes >> i & 1))
			continue;
		ec_text_add(&detail, "%s%s", between, ec_http_argument_name[i]);
		between = ", ";
	}
	if (!takes)
		ec_text_add(&detail, "none");
	ec_http_problem(request, EC_REASON_MALFORMED, 0, text);
}

bool ec_http_arguments_good(struct ec_http_request *request)
{
	const struct resource *resource = resource_of(request->path);
	char text[128];
	if (!resource)
		return true; /* there is nothing of this path: that is the answer */
	if (request->odd_why) {
		snprintf(text, sizeof text, "`%s` %s", request->odd, request->odd_why);
		ec_http_problem(request, EC_REASON_MALFORMED, 0, text);
		return false;
	}
	if (request->odd[0]) {
		name_refuse(request, resource, request->odd);
		return false;
	}
	for (int i = 0; i < EC_ARG_COUNT; i++) {
		if (!request->given[i])
			continue;
		if (!(taken(request, resource) >> i & 1)) {
			name_refuse(request, resource, ec_http_argument_name[i]);
			return false;
		}
		if (FLAGS >> i & 1 && strcmp(request->argument[i], "1") != 0) {
			snprintf(text, sizeof text, "`%s` is 1, or left out",
			         ec_http_argument_name[i]);
			ec_http_problem(request, EC_REASON_MALFORMED, 0, text);
			return false;
		}
	}
	return true;
}

uint64_t ec_http_number(const struct ec_http_request *request, enum ec_http_argument argument,
                        uint64_t otherwise, uint64_t max, bool *good)
{
	const char *text = request->argument[argument];
	char *end;
	if (!request->given[argument])
		return otherwise;
	if (!isdigit((unsigned char)*text) || strlen(text) > 19) {
		*good = false;
		return otherwise;
	}
	uint64_t value = strtoull(text, &end, 10);
	if (*end || value > max)
		*good = false;
	return value;
}

size_t ec_http_name(struct ec_http_request *request, const char *text, size_t size_max,
                    uint8_t *name)
{
	char why[96];
	size_t size = strlen(text);
	if (strncmp(text, "0x", 2) == 0) {
		size = (size - 2) / 2;
		if (size >= 1 && size <= size_max && strlen(text) == 2 + 2 * size &&
		    ec_hex_read(text + 2, name, size))
			return size;
	} else if (size >= 1 && size <= size_max) {
		memcpy(name, text, size);
		return size;
	}
	snprintf(why, sizeof why,
	         "a name is 1 to %zu bytes, as text, or as 0x and hexadecimal digits", size_max);
	ec_http_problem(request, EC_REASON_MALFORMED, 0, why);
	return 0;
}
