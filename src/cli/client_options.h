/* client_options.h - what all commands that talk to a node share: options, connection, refusals. */
#ifndef EC_CLI_CLIENT_OPTIONS_H
#define EC_CLI_CLIENT_OPTIONS_H

#include "doors/client.h"
#include "doors/json.h"
#include "ledger/genesis.h"

#include <argp.h>
#include <stdio.h>

struct ec_client_options {
	const char *command; /* argv[0], for messages */
	const char *node;    /* HOST:PORT of a binary door, or a folder (node_address.h) */
	uint32_t timeout_ms;
	bool json;
};

/* --node, --timeout, --json: a child parser whose input is a struct ec_client_options. */
extern const struct argp ec_client_argp;

/* The usual values: EDGECORD_NODE or 127.0.0.1:7460, 10 s, text. */
struct ec_client_options ec_client_options_usual(const char *command);

/* Connects; says on stderr why it could not.  Returns: NULL then. */
struct ec_client *ec_client_options_open(const struct ec_client_options *options);

/* The next node that answers, of those that --node means, from the one numbered *at, where it
 * leaves what comes after it; for questions that one node may not be able to answer.  Returns: NULL
 * when there is none any more, silently unless none was there at all. */
struct ec_client *ec_client_options_next(const struct ec_client_options *options, uint32_t *at);

/* Asks; says on stderr what was refused or lost.  Returns: whether the answer is of this kind. */
bool ec_client_options_call(const struct ec_client_options *options, struct ec_client *client,
                            const struct ec_door_request *request, enum ec_door_kind wanted,
                            struct ec_door_answer *answer);

/* Says on stderr what was refused, why, and what to do about it.  In: answer: REFUSED. */
void ec_client_options_refused(const struct ec_client_options *options,
                               const struct ec_door_answer *answer);

/* Reads a genesis file; says on stderr why it could not.  Returns: ended by ec_genesis_free();
 * NULL. */
struct ec_genesis *ec_cli_genesis_read(const char *command, const char *path);

/* Reads a whole file; says on stderr why it could not.  In: "-" is standard input.
 * Returns: its bytes from malloc; NULL. */
uint8_t *ec_cli_file_read(const char *command, const char *path, size_t size_max, size_t *size);

/* Writes one, all or nothing; "-" is standard output.  What stands there and is no plain file (a
 * device, a pipe, a symbolic link) is written into and stays what it is.  Returns: whether. */
bool ec_cli_file_write(const char *command, const char *path, const void *data, size_t size);

/* Prints the document and a line end, and frees it. */
void ec_cli_json_print(struct ec_json *json);

#define EC_CLI_NAME_FORM "a name has 1 to 96 bytes, as text, or as 0x and hexadecimal digits"
_Static_assert(EC_DOOR_NAME_MAX == 96, "stands in the text");

/* Reads a name of the state: text, or 0x and hexadecimal.  Returns: its size; 0 when it is neither
 * (EC_CLI_NAME_FORM says what it should be). */
size_t ec_cli_name_read(const char *text, uint8_t out[static EC_DOOR_NAME_MAX]);

/* Prints bytes as lower-case hexadecimal. */
void ec_cli_print_hex(const void *data, size_t size);

/* Prints what others sent: printable ASCII as it is, any other byte and the backslash as \xNN, so
 * that nothing reaches the terminal that it would obey. */
void ec_cli_print_plain(FILE *out, struct ec_bytes text);

/* Nanoseconds since 1970 as RFC 3339 in UTC, with milliseconds. */
void ec_cli_time(uint64_t ns, char out[static 32]);

/* A sequence that was not used before: microseconds since 1970. */
uint64_t ec_cli_sequence(void);

#endif
