/* query_keygen.c - `edgecord query --keygen`: key generations, as the state has them: who took
 * part, who was blamed and by whom, whose polynomials are in the key.  What a member dealt is
 * passed over.
 */
#include "cli/query_keygen.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>

enum { NAME_HEX_SIZE = 3 + 2 * (EC_KEYGEN_NAME_SIZE + 1) };

static const char *phase_name(enum ec_dkg_phase phase)
{
	static const char *const name[] = {[EC_DKG_ENROL] = "enrol",
	                                   [EC_DKG_DEAL] = "deal",
	                                   [EC_DKG_JUDGE] = "judge",
	                                   [EC_DKG_DONE] = "done",
	                                   [EC_DKG_FAILED] = "failed"};
	return name[phase];
}

static bool is_voter(const struct ec_keygen *keygen, uint32_t i)
{
	return keygen->dkg.voters >> i & 1;
}

static uint32_t qualified_count(const struct ec_keygen *keygen)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < keygen->dkg.n; i++)
		count += ec_dkg_qualified(&keygen->dkg, i);
	return count;
}

/* The name in the state of the verdict that stands against a seat, for `receipt --state`.  Returns:
 * false: nothing does. */
static bool evidence_of(const struct ec_keygen *keygen, uint32_t i, char out[static NAME_HEX_SIZE])
{
	const struct ec_dkg_member *member = &keygen->dkg.member[i];
	uint8_t name[EC_KEYGEN_NAME_SIZE + 1];
	if (!(member->flags & (EC_DKG_BAD_DEAL | EC_DKG_LIED)))
		return false;
	ec_keygen_name(keygen->era, keygen->opener, name);
	uint32_t judge = member->flags & EC_DKG_BAD_DEAL ? member->by : i;
	name[EC_KEYGEN_NAME_SIZE] = (uint8_t)(EC_KEYGEN_VERDICT + judge);
	struct ec_text text = ec_text_over(out, NAME_HEX_SIZE);
	ec_text_add(&text, "0x");
	ec_text_add_hex(&text, name, sizeof name);
	return true;
}

static void put_seat(struct ec_json *json, const struct ec_keygen *keygen, uint32_t i)
{
	const struct ec_dkg_member *member = &keygen->dkg.member[i];
	char evidence[NAME_HEX_SIZE];
	ec_json_open(json, '{');
	ec_json_put_uint(json, "member", i);
	ec_json_key(json, "key");
	ec_json_hex(json, keygen->seat[i], 32);
	ec_json_put_bool(json, "voter", is_voter(keygen, i));
	ec_json_put_bool(json, "enrolled", member->flags & EC_DKG_ENROLLED);
	ec_json_put_bool(json, "dealt", member->flags & EC_DKG_DEALT);
	ec_json_put_bool(json, "judged", member->flags & EC_DKG_JUDGED);
	ec_json_put_bool(json, "qualified", ec_dkg_qualified(&keygen->dkg, i));
	ec_json_put_bool(json, "lied", member->flags & EC_DKG_LIED);
	ec_json_key(json, "bad_deal_by");
	if (member->flags & EC_DKG_BAD_DEAL)
		ec_json_uint(json, member->by);
	else
		ec_json_null(json);
	ec_json_key(json, "evidence");
	if (evidence_of(keygen, i, evidence))
		ec_json_text(json, evidence);
	else
		ec_json_null(json);
	ec_json_close(json, '}');
}

void ec_keygen_json(struct ec_json *json, const struct ec_keygen *keygen)
{
	ec_json_open(json, '{');
	ec_json_put_uint(json, "era", keygen->era);
	ec_json_key(json, "opener");
	ec_json_hex(json, keygen->opener, 32);
	ec_json_put_text(json, "phase", phase_name(keygen->dkg.phase));
	ec_json_put_uint(json, "phase_ends_ns", keygen->end_ns);
	ec_json_put_uint(json, "needed", ec_dkg_needed(&keygen->dkg));
	ec_json_put_uint(json, "qualified", qualified_count(keygen));
	ec_json_key(json, "seats");
	ec_json_open(json, '[');
	for (uint32_t i = 0; i < keygen->dkg.n; i++)
		put_seat(json, keygen, i);
	ec_json_close(json, ']');
	ec_json_key(json, "keys");
	ec_json_hex(json, keygen->keys, keygen->keys_size);
	ec_json_close(json, '}');
}

/* What a seat did, and what is proven of it. */
static void print_seat(const struct ec_keygen *keygen, uint32_t i)
{
	const struct ec_dkg_member *member = &keygen->dkg.member[i];
	char hex[17], evidence[NAME_HEX_SIZE];
	struct ec_text text = ec_text_over(hex, sizeof hex);
	ec_text_add_hex(&text, keygen->seat[i], 8);
	printf("  member %-2u %s", i, hex);
	if (!is_voter(keygen, i))
		printf("  no voter: takes no part");
	else if (!member->flags)
		printf("  silent");
	if (member->flags & EC_DKG_ENROLLED)
		printf("  enrolled");
	if (member->flags & EC_DKG_DEALT)
		printf("  dealt");
	if (member->flags & EC_DKG_JUDGED)
		printf("  judged");
	if (member->flags & EC_DKG_BAD_DEAL)
		printf("  CHEATED: dealt badly, as member %u proved", member->by);
	if (member->flags & EC_DKG_LIED)
		printf("  CHEATED: complained of what is good");
	if (ec_dkg_qualified(&keygen->dkg, i))
		printf("  in the key");
	printf("\n");
	if (evidence_of(keygen, i, evidence))
		printf("            proven by: edgecord receipt --state %s\n", evidence);
}

static void print_one(const struct ec_keygen *keygen)
{
	char hex[17], ends[32];
	struct ec_text text = ec_text_over(hex, sizeof hex);
	ec_text_add_hex(&text, keygen->opener, 8);
	printf("keys of era %" PRIu64 ", opened by %s: %s", keygen->era, hex,
	       phase_name(keygen->dkg.phase));
	if (keygen->dkg.phase < EC_DKG_DONE) {
		ec_cli_time(keygen->end_ns, ends);
		printf(" until %s at the latest", ends);
	}
	printf(", %u of %u dealers qualified; %u parts open or toss\n", qualified_count(keygen),
	       keygen->dkg.n, ec_dkg_needed(&keygen->dkg));
	for (uint32_t i = 0; i < keygen->dkg.n; i++)
		print_seat(keygen, i);
}

/* The next generation of an answer.  Returns: false: there is none. */
static bool next(struct ec_door_answer *answer, struct ec_keygen *keygen)
{
	struct ec_bytes name, value;
	*keygen = (struct ec_keygen){0};
	return ec_door_item_next(answer, &name, &value) && name.size == EC_KEYGEN_NAME_SIZE &&
	       ec_keygen_name_read(name.data, name.size, keygen) && ec_keygen_read(value, keygen);
}

/* One request a generation: the next name after all parts of the one before. */
int ec_query_keygen(const struct ec_keygen_question *question)
{
	static const uint8_t prefix[] = {'k', '/'};
	uint8_t after[EC_KEYGEN_NAME_SIZE + 1];
	struct ec_door_request request = {.kind = EC_DOOR_QUERY,
	                                  .at = question->at,
	                                  .prefix = true,
	                                  .limit = 1,
	                                  .min_seq = question->min_seq,
	                                  .name = {.data = prefix, .size = sizeof prefix}};
	struct ec_door_answer answer;
	struct ec_json json = {0};
	struct ec_keygen keygen;
	uint32_t found = 0;
	bool good, more;
	ec_json_open(&json, '{');
	ec_json_key(&json, "items");
	ec_json_open(&json, '[');
	do {
		good = ec_client_options_call(question->options, question->client, &request,
		                              EC_DOOR_VALUES, &answer);
		more = good && next(&answer, &keygen);
		if (!more)
			continue;
		found++;
		ec_keygen_json(&json, &keygen);
		if (!question->options->json)
			print_one(&keygen);
		ec_keygen_name(keygen.era, keygen.opener, after);
		after[EC_KEYGEN_NAME_SIZE] = UINT8_MAX;
		request.after = (struct ec_bytes){.data = after, .size = sizeof after};
	} while (more);
	ec_json_close(&json, ']');
	ec_json_put_uint(&json, "seq", good ? answer.seq : 0);
	ec_json_put_uint(&json, "certified", good ? answer.certified : 0);
	ec_json_close(&json, '}');
	if (good && question->options->json)
		printf("%s\n", json.at);
	else if (good)
		fprintf(stderr,
		        "%u key generation%s at block %" PRIu64 ", certified up to %" PRIu64 "\n",
		        found, found == 1 ? "" : "s", answer.seq, answer.certified);
	ec_json_free(&json);
	return !good ? -1 : found > 0;
}
