/* http_head.c - the heads of requests and answers, in libwebsockets' terms. */
#include "doors/http_head.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEAD_MAX = 4096 + 1 }; /* of a request, as http.c says */

/* A header by its token, or by its name.  Returns: false when it is missing or too long. */
static bool header_get(struct lws *wsi, enum lws_token_indexes token, char *out, int size)
{
	return lws_hdr_total_length(wsi, token) > 0 && lws_hdr_copy(wsi, out, size, token) > 0;
}

/* Keeps the first argument that is not in order; its name is a stranger's, and shown to people. */
static void argument_odd(struct ec_http_request *request, const char *name, size_t size,
                         const char *why)
{
	if (request->odd[0])
		return;
	if (size > sizeof request->odd - 1)
		size = sizeof request->odd - 1;
	for (size_t i = 0; i < size; i++)
		request->odd[i] = name[i] > 0x20 && name[i] < 0x7f ? name[i] : '?';
	if (!size)
		request->odd[0] = '?';
	request->odd_why = why;
}

static void argument_take(struct ec_http_request *request, const char *text)
{
	size_t size = strcspn(text, "=");
	const char *value = text[size] ? text + size + 1 : "";
	for (int i = 0; i < EC_ARG_COUNT; i++) {
		const char *name = ec_http_argument_name[i];
		if (strlen(name) != size || memcmp(name, text, size) != 0)
			continue;
		if (request->given[i])
			argument_odd(request, text, size, "is given twice");
		else if (strlen(value) >= EC_HTTP_ARGUMENT_MAX)
			argument_odd(request, text, size, "has a value that is too long");
		else
			memcpy(request->argument[i], value, strlen(value) + 1);
		request->given[i] = true;
		return;
	}
	argument_odd(request, text, size, NULL);
}

static void arguments_read(struct ec_http_request *request)
{
	char text[HEAD_MAX];
	struct lws *wsi = request->connection;
	for (int i = 0;
	     lws_hdr_copy_fragment(wsi, text, sizeof text, WSI_TOKEN_HTTP_URI_ARGS, i) >= 0; i++) {
		/* Of an empty query libwebsockets 4.1.6 makes a slash. */
		if (*text && strcmp(text, "/") != 0)
			argument_take(request, text);
	}
}

static void post_read(struct ec_http_request *request)
{
	static const char salt_name[] = "edgecord-salt:";
	struct lws *wsi = request->connection;
	char text[96];
	int name_size = (int)sizeof salt_name - 1;
	int size = lws_hdr_custom_length(wsi, salt_name, name_size);
	request->has_salt = size > 0;
	if (size == 2 * EC_SALT_SIZE &&
	    lws_hdr_custom_copy(wsi, text, sizeof text, salt_name, name_size) > 0)
		request->salt_good = ec_hex_read(text, request->salt, sizeof request->salt);
	if (header_get(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, text, sizeof text)) {
		text[strcspn(text, " ;")] = 0;
		request->media_good = strcasecmp(text, "application/cose") == 0;
	}
	request->expects = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_EXPECT) > 0;
	request->chunked = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
	request->has_length = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0;
	if (header_get(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text) &&
	    strlen(text) <= 18 && strspn(text, "0123456789") == strlen(text)) {
		request->length_good = true;
		request->body_announced = strtoull(text, NULL, 10);
	}
}

/* Who asks, and under which name it may be asked again. */
static void write_read(struct ec_http_request *request)
{
	static const char again[] = "idempotency-key:", bearer[] = "bearer ";
	struct lws *wsi = request->connection;
	char text[2 * EC_HTTP_TOKEN_SIZE + sizeof bearer + 8];
	int name_size = (int)sizeof again - 1;
	request->has_token = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_AUTHORIZATION) > 0;
	request->token_good =
		header_get(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, text, sizeof text) &&
		strncasecmp(text, bearer, sizeof bearer - 1) == 0 &&
		ec_hex_read(text + sizeof bearer - 1, request->token, sizeof request->token);
	ec_erase(text, sizeof text);
	int size = lws_hdr_custom_length(wsi, again, name_size);
	request->has_again = size > 0;
	if (size > 0 && size < (int)sizeof text &&
	    lws_hdr_custom_copy(wsi, text, sizeof text, again, name_size) > 0) {
		request->again = ec_sha256(text, (size_t)size);
		request->again_good = true;
	}
}

static enum ec_http_method method_of(struct lws *wsi)
{
	if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0)
		return EC_HTTP_GET;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0)
		return EC_HTTP_GET;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0)
		return EC_HTTP_POST;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_PUT_URI) > 0)
		return EC_HTTP_PUT;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_DELETE_URI) > 0)
		return EC_HTTP_DELETE;
	return EC_HTTP_OTHER;
}

/* Whether a body follows the head, said in either way. */
bool ec_http_head_has_body(struct lws *wsi)
{
	char text[24];
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0)
		return true;
	return header_get(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text) &&
	       strcmp(text, "0") != 0;
}

bool ec_http_head_invite(struct lws *wsi)
{
	unsigned char text[LWS_PRE + 32];
	int size = snprintf((char *)text + LWS_PRE, 32, "HTTP/1.1 100 Continue\r\n\r\n");
	return lws_write(wsi, text + LWS_PRE, (size_t)size, LWS_WRITE_HTTP_HEADERS) >= 0;
}

void ec_http_head_read(struct ec_http_request *request, const char *path)
{
	request->method = method_of(request->connection);
	request->headless = lws_hdr_total_length(request->connection, WSI_TOKEN_HEAD_URI) > 0;
	snprintf(request->path, sizeof request->path, "%s", path);
	arguments_read(request);
	if (request->method == EC_HTTP_GET)
		return;
	post_read(request);
	write_read(request);
}

static int add_header(struct lws *wsi, enum lws_token_indexes token, const char *text,
                      unsigned char **at, unsigned char *end)
{
	return lws_add_http_header_by_token(wsi, token, (const unsigned char *)text,
	                                    (int)strlen(text), at, end);
}

bool ec_http_head_make(struct ec_http_request *request, uint8_t **at, uint8_t *end)
{
	struct lws *wsi = request->connection;
	char text[EC_HTTP_PATH_MAX];
	if (lws_add_http_common_headers(wsi, request->status, request->media, request->answer.size,
	                                at, end))
		return false;
	if (request->location_of) {
		int size = snprintf(text, sizeof text, "%s", request->location_of);
		struct ec_text path = ec_text_over(text + size, sizeof text - (size_t)size);
		ec_text_add_hex(&path, request->location_id.b, sizeof request->location_id.b);
		if (add_header(wsi, WSI_TOKEN_HTTP_LOCATION, text, at, end))
			return false;
	}
	if (request->retry_ms) {
		snprintf(text, sizeof text, "%u", (request->retry_ms + 999) / 1000);
		if (add_header(wsi, WSI_TOKEN_HTTP_RETRY_AFTER, text, at, end))
			return false;
	}
	if (request->allow && add_header(wsi, WSI_TOKEN_HTTP_ALLOW, request->allow, at, end))
		return false;
	if (request->status == 401 &&
	    add_header(wsi, WSI_TOKEN_HTTP_WWW_AUTHENTICATE, "Bearer", at, end))
		return false;
	if (request->parting && add_header(wsi, WSI_TOKEN_CONNECTION, "close", at, end))
		return false;
	return !add_header(wsi, WSI_TOKEN_HTTP_CACHE_CONTROL, "no-store", at, end);
}
