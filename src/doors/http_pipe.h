/* http_pipe.h - keeps a descriptor's number from others while libwebsockets closes it twice. */
#ifndef EC_DOORS_HTTP_PIPE_H
#define EC_DOORS_HTTP_PIPE_H

#include <stdint.h>

enum { HTTP_PIPE_NUMBERS = 1024 };

struct http_pipe {
	uint64_t before[HTTP_PIPE_NUMBERS / 64]; /* descriptors that were eventfds */
	int number;                              /* of the library's; -1: not known */
};

/* Before the library's context is made: notes which descriptors are eventfds already. */
void http_pipe_before(struct http_pipe *pipe);

/* After it was made: the library's is the one that is new. */
void http_pipe_after(struct http_pipe *pipe);

/* Right after the context was destroyed the first time: the number is taken, unless somebody was
 * faster. */
void http_pipe_hold(struct http_pipe *pipe);

/* Once the context is gone for good: given back, if the library did not close it again. */
void http_pipe_release(struct http_pipe *pipe);

#endif
