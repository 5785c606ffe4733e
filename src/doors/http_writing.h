/* http_writing.h - writes under /v1/store, between the two files of them. */
#ifndef EC_DOORS_HTTP_WRITING_H
#define EC_DOORS_HTTP_WRITING_H

#include "doors/http_request.h"
#include "services/store.h"

enum http_verb {
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_TXN,
	HTTP_GRANT,
	HTTP_KEEP_ALIVE,
	HTTP_REVOKE,
	HTTP_VERBS
};

/* Each writes a payload of what a request asks for.  Returns: its size; 0 after a problem was
 * answered, or, unanswered, where it does not fit.
 *
 * A put of the body, or a delete, on the key that the path names.  In: verb: one of the two. */
size_t http_key_payload(struct ec_http_request *request, const char *name, enum http_verb verb,
                        uint8_t *out, size_t size_max);

/* The transaction that the body's lines say. */
size_t http_txn_payload(struct ec_http_request *request, uint8_t *out, size_t size_max);

/* What is done to a lease.  In: text: its id; of a grant not looked at; sequence: the id of one
 * that is granted without saying which.  Out: request->number: the id. */
size_t http_lease_payload(struct ec_http_request *request, const char *text, enum http_verb verb,
                          uint64_t sequence, uint8_t *out, size_t size_max);

/* The id of a lease, as a path has it.  Returns: 0 after a problem was answered. */
uint64_t http_lease_id(struct ec_http_request *request, const char *text);

#endif
