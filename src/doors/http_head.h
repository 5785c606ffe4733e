/* http_head.h - the heads of requests and answers. */
#ifndef EC_DOORS_HTTP_HEAD_H
#define EC_DOORS_HTTP_HEAD_H

#include "doors/http_request.h"

/* Reads method, path, arguments, and what a POST says of its body, while the library holds them. */
void ec_http_head_read(struct ec_http_request *request, const char *path);

/* Whether a body follows the head, said in either way. */
bool ec_http_head_has_body(struct lws *connection);

/* Tells a client that its body is welcome, which some wait for (RFC 9110, 10.1.1).  Returns: false
 * when the connection is lost. */
bool ec_http_head_invite(struct lws *connection);

/* Writes the status line and the headers of an answer to *at, which moves on.  Returns: false when
 * they do not fit before `end`. */
bool ec_http_head_make(struct ec_http_request *request, uint8_t **at, uint8_t *end);

#endif
