/* anchors.c - judges a cell's certified header and keeps the newest, so that a history existed.
 *
 * The cloud follows the cell's rosters from its genesis by era links, judges the certificate by the
 * roster that it has reached, and takes only a header whose history has the one anchored last in
 * it, at its place, over the same past.  Everything is refused with a text that says which cell.
 * (A1) seq and era of a cell's anchor never decrease.
 * (A2) A cell's anchored headers are one chain: each is a leaf of the next one's history, and each
 *      one's history is a prefix of the next one's.
 * (A3) The roster kept for a cell follows from its genesis by certified links alone. */
#include "tiers/anchors.h"

#include "crypto/merkle.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum {
	ITEMS = 6,
	REASON_MAX = 240,
	ROSTER_RECORD_MAX = EC_VALUE_MAX,
};

/* An anchor as it is sent; points into the transaction. */
struct sent {
	char cell[EC_TEXT_MAX];
	uint32_t links;
	struct ec_cbor link; /* stands before the first of them */
	struct ec_bytes header_bytes;
	struct ec_header header;
	struct ec_certificate certificate;
	uint32_t consistency_count, last_count;
	ec_hash consistency[EC_MERKLE_PATH_MAX], last[EC_MERKLE_PATH_MAX];
};

/* One era link; points into the transaction. */
struct link {
	struct ec_bytes header_bytes, roster;
	struct ec_header header;
	struct ec_certificate certificate;
};

/* The judging of one. */
struct judge {
	struct ec_scratch *scratch;
	struct sent *sent;
	ec_hash genesis;                  /* of the cell */
	ec_hash header;                   /* hash of the header sent */
	struct ec_membership *membership; /* that the links have reached */
	struct ec_bytes roster;           /* its bytes; borrowed */
	bool moved;                       /* a link was followed */
	char why[REASON_MAX];
};

static struct ec_bytes bytes_of(struct ec_view view)
{
	return (struct ec_bytes){.data = view.data, .size = view.size};
}

static bool cell_read(struct ec_cbor *body, char cell[static EC_TEXT_MAX])
{
	struct ec_view view = ec_cbor_text(body, EC_TEXT_MAX - 1);
	if (view.size == 0 || memchr(view.data, 0, view.size))
		return false;
	memcpy(cell, view.data, view.size);
	cell[view.size] = 0;
	return true;
}

static uint32_t path_read(struct ec_cbor *body, ec_hash path[static EC_MERKLE_PATH_MAX])
{
	uint32_t count = ec_cbor_array(body, EC_MERKLE_PATH_MAX);
	for (uint32_t i = 0; i < count; i++)
		path[i] = ec_cbor_hash(body);
	return body->error ? 0 : count;
}

static bool link_read(struct ec_cbor *at, struct link *out)
{
	ec_cbor_array_exact(at, 3);
	out->header_bytes = bytes_of(ec_cbor_bytes(at, EC_HEADER_SIZE_MAX));
	struct ec_bytes certificate = bytes_of(ec_cbor_span(at));
	out->roster = bytes_of(ec_cbor_bytes(at, EC_VALUE_MAX));
	return !at->error && ec_header_read(out->header_bytes, &out->header) &&
	       ec_certificate_read(certificate, &out->certificate);
}

static bool links_read(struct ec_cbor *body, struct sent *out)
{
	out->links = ec_cbor_array(body, EC_ANCHOR_LINKS_MAX);
	out->link = *body;
	for (uint32_t i = 0; i < out->links && !body->error; i++)
		ec_cbor_skip(body);
	return !body->error;
}

static bool sent_read(struct ec_cbor *body, struct sent *out)
{
	if (!cell_read(body, out->cell) || !links_read(body, out))
		return false;
	out->header_bytes = bytes_of(ec_cbor_bytes(body, EC_HEADER_SIZE_MAX));
	struct ec_bytes certificate = bytes_of(ec_cbor_span(body));
	out->consistency_count = path_read(body, out->consistency);
	out->last_count = path_read(body, out->last);
	return !body->error && ec_header_read(out->header_bytes, &out->header) &&
	       ec_certificate_read(certificate, &out->certificate);
}

struct name {
	uint8_t at[EC_NAME_MAX];
	size_t size;
};

static struct name name_of(const char *prefix, const char *cell)
{
	struct name name;
	size_t prefix_size = strlen(prefix), cell_size = strlen(cell);
	assert(prefix_size + cell_size <= EC_NAME_MAX);
	memcpy(name.at, prefix, prefix_size);
	memcpy(name.at + prefix_size, cell, cell_size);
	name.size = prefix_size + cell_size;
	return name;
}

size_t ec_anchor_name(const char *cell, uint8_t out[static EC_NAME_MAX])
{
	struct name name = name_of("anchor/", cell);
	memcpy(out, name.at, name.size);
	return name.size;
}

bool ec_anchor_read(struct ec_bytes value, struct ec_anchor *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	ec_cbor_array_exact(&cbor, 3);
	out->seq = ec_cbor_uint(&cbor, INT64_MAX);
	out->header = ec_cbor_hash(&cbor);
	out->history_root = ec_cbor_hash(&cbor);
	return ec_cbor_done(&cbor);
}

/* Refuses with the cell's name and a sentence. */
__attribute__((format(printf, 2, 3))) static bool refuse(struct judge *judge, const char *format,
                                                         ...)
{
	va_list arguments;
	int size = snprintf(judge->why, sizeof judge->why, "%s: ", judge->sent->cell);
	assert(size > 0 && (size_t)size < sizeof judge->why);
	va_start(arguments, format);
	vsnprintf(judge->why + size, sizeof judge->why - (size_t)size, format, arguments);
	va_end(arguments);
	return false;
}

/* Starts from the roster that the cell had reached, or from that of its genesis. */
static bool cell_load(struct judge *judge)
{
	char why[128];
	struct name name = name_of("roster/", judge->sent->cell);
	struct ec_bytes value, file;
	if (ec_state_get(judge->scratch, name.at, name.size, &value)) {
		struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
		ec_cbor_array_exact(&cbor, 2);
		judge->genesis = ec_cbor_hash(&cbor);
		struct ec_bytes roster = bytes_of(ec_cbor_bytes(&cbor, EC_VALUE_MAX));
		judge->membership = ec_membership_read(roster, why, sizeof why);
		return judge->membership || refuse(judge, "the roster kept of it is bad");
	}
	if (!ec_cell_genesis(judge->scratch, judge->sent->cell, strlen(judge->sent->cell), &file))
		return refuse(judge, "the genesis of this cloud names no such cell");
	struct ec_genesis *genesis = ec_genesis_read(file.data, file.size, why, sizeof why);
	if (!genesis)
		return refuse(judge, "its genesis cannot be read: %s", why);
	bool is_signed = !(genesis->flags & EC_GENESIS_UNSIGNED);
	judge->genesis = genesis->hash;
	judge->membership = genesis->membership;
	genesis->membership = NULL;
	ec_genesis_free(genesis);
	return is_signed || refuse(judge, "its genesis is of an unsigned group");
}

/* Follows one era link, unless it is of an era that is behind already. */
static bool link_follow(struct judge *judge, const struct link *link)
{
	char why[128];
	const struct ec_header *header = &link->header;
	ec_hash hash = ec_header_hash(link->header_bytes);
	if (header->era < judge->membership->era)
		return true;
	if (!ec_hash_equal(&header->genesis, &judge->genesis))
		return refuse(judge, "an era link is of another group");
	if (header->era != judge->membership->era ||
	    !ec_hash_equal(&header->roster, &judge->membership->hash))
		return refuse(judge, "an era link does not go on from era %llu",
		              (unsigned long long)judge->membership->era);
	if (!ec_certificate_check(&link->certificate, judge->membership, &hash,
	                          ec_scratch_crypto(judge->scratch), why, sizeof why))
		return refuse(judge, "era link: %s", why);
	struct ec_membership *next = ec_membership_read(link->roster, why, sizeof why);
	if (!next)
		return refuse(judge, "era link: %s", why);
	if (next->era != judge->membership->era + 1 ||
	    !ec_hash_equal(&next->hash, &header->next_roster)) {
		ec_membership_free(next);
		return refuse(judge, "an era link brings another roster than its header names");
	}
	ec_membership_free(judge->membership);
	judge->membership = next;
	judge->roster = link->roster;
	judge->moved = true;
	return true;
}

static bool links_follow(struct judge *judge)
{
	struct ec_cbor at = judge->sent->link;
	struct link link;
	for (uint32_t i = 0; i < judge->sent->links; i++) {
		if (!link_read(&at, &link))
			return refuse(judge, "an era link is not of its form");
		if (!link_follow(judge, &link))
			return false;
	}
	return true;
}

/* Whether the header is one of this cell, by the roster that is in force there. */
static bool signatures_judge(struct judge *judge)
{
	char why[128];
	const struct ec_header *header = &judge->sent->header;
	unsigned long long reached = judge->membership->era, era = header->era;
	if (!ec_hash_equal(&header->genesis, &judge->genesis))
		return refuse(judge, "the header is of another group");
	if (era < reached)
		return refuse(judge, "signed by a retired roster, of era %llu; it is in era %llu",
		              era, reached);
	if (era > reached)
		return refuse(judge, "the links end in era %llu, the header is of era %llu",
		              reached, era);
	if (!ec_hash_equal(&header->roster, &judge->membership->hash))
		return refuse(judge, "the header names another roster for era %llu", era);
	if (!ec_certificate_check(&judge->sent->certificate, judge->membership, &judge->header,
	                          ec_scratch_crypto(judge->scratch), why, sizeof why))
		return refuse(judge, "not certified: %s", why);
	return true;
}

/* Whether the anchored header and its past are the beginning of this one's history. */
static bool extends(const struct sent *sent, const struct ec_anchor *last)
{
	uint64_t size = sent->header.seq - 1;
	ec_hash root, leaf = ec_merkle_leaf(last->header.b, sizeof last->header.b);
	assert(last->seq >= 1 && last->seq <= size);
	bool prefix = last->seq == 1 /* there is no past */
	                      ? sent->consistency_count == 0
	                      : ec_merkle_consistent(last->seq - 1, &last->history_root, size,
	                                             &sent->header.history_root, sent->consistency,
	                                             sent->consistency_count);
	return prefix &&
	       ec_merkle_path_root(&leaf, last->seq - 1, size, sent->last, sent->last_count,
	                           &root) &&
	       ec_hash_equal(&root, &sent->header.history_root);
}

static bool history_judge(struct judge *judge)
{
	const struct ec_header *header = &judge->sent->header;
	struct name name = name_of("anchor/", judge->sent->cell);
	unsigned long long seq = header->seq;
	struct ec_anchor last;
	struct ec_bytes value;
	if (!ec_state_get(judge->scratch, name.at, name.size, &value) ||
	    !ec_anchor_read(value, &last))
		return header->seq >= 1 || refuse(judge, "blocks count from 1");
	if (header->seq == last.seq && ec_hash_equal(&judge->header, &last.header))
		return refuse(judge, "a repeat: block %llu is anchored already", seq);
	if (header->seq == last.seq)
		return refuse(judge,
		              "block %llu is anchored with another header: it was restored from an "
		              "old backup and went another way, or its members signed twice",
		              seq);
	if (header->seq < last.seq)
		return refuse(
			judge,
			"block %llu comes after block %llu was anchored: a late repeat, or the "
			"cell was restored from an old backup",
			seq, (unsigned long long)last.seq);
	if (!extends(judge->sent, &last))
		return refuse(judge, "the history of block %llu does not extend that of block %llu",
		              seq, (unsigned long long)last.seq);
	return true;
}

static uint64_t count_of(struct ec_scratch *scratch, const struct name *name)
{
	struct ec_bytes value;
	if (!ec_state_get(scratch, name->at, name->size, &value))
		return 0;
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	return ec_cbor_uint(&cbor, INT64_MAX);
}

static void anchor_keep(const struct judge *judge)
{
	uint8_t bytes[EC_ANCHOR_SIZE_MAX];
	const char *cell = judge->sent->cell;
	struct name name = name_of("anchor/", cell), count = name_of("anchors/", cell);
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	ec_cbor_write_array(&writer, 3);
	ec_cbor_write_uint(&writer, judge->sent->header.seq);
	ec_cbor_write_hash(&writer, &judge->header);
	ec_cbor_write_hash(&writer, &judge->sent->header.history_root);
	ec_state_put(judge->scratch, name.at, name.size, bytes, writer.out.size);
	uint64_t taken = count_of(judge->scratch, &count);
	writer = ec_cbor_writer_over(bytes, sizeof bytes);
	ec_cbor_write_uint(&writer, taken + 1);
	ec_state_put(judge->scratch, count.at, count.size, bytes, writer.out.size);
}

/* Keeps the roster when it is another than before.  Returns: false when it is too large. */
static bool roster_keep(struct judge *judge)
{
	uint8_t bytes[ROSTER_RECORD_MAX];
	struct name name = name_of("roster/", judge->sent->cell);
	if (!judge->moved)
		return true;
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_hash(&writer, &judge->genesis);
	ec_cbor_write_bytes(&writer, judge->roster.data, judge->roster.size);
	if (!ec_cbor_writer_ok(&writer))
		return refuse(judge, "its roster is too large to be kept");
	ec_state_put(judge->scratch, name.at, name.size, bytes, writer.out.size);
	return true;
}

static enum ec_result anchor_received(struct judge *judge)
{
	judge->header = ec_header_hash(judge->sent->header_bytes);
	bool good = cell_load(judge) && links_follow(judge) && signatures_judge(judge) &&
	            history_judge(judge) && roster_keep(judge);
	ec_membership_free(judge->membership);
	if (!good) {
		ec_result_reason(judge->scratch, judge->why);
		return EC_RESULT_RULE;
	}
	anchor_keep(judge);
	return EC_RESULT_DONE;
}

static bool check(uint64_t kind, struct ec_cbor body, uint64_t items)
{
	struct sent sent;
	(void)kind;
	return items == ITEMS && sent_read(&body, &sent) && ec_cbor_done(&body);
}

static bool parameters_check(struct ec_bytes parameters)
{
	return parameters.size == 0;
}

static enum ec_result execute(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t kind,
                              const struct ec_transaction *transaction)
{
	struct ec_cbor body = transaction->body;
	struct sent sent;
	struct judge judge = {.scratch = scratch, .sent = &sent};
	(void)parameters;
	(void)kind;
	return sent_read(&body, &sent) ? anchor_received(&judge) : EC_RESULT_MALFORMED;
}

const struct ec_service ec_anchors = {
	.name = "anchors",
	.kind_first = 5,
	.kind_last = 5,
	.check = check,
	.parameters_check = parameters_check,
	.execute = execute,
};

static void path_write(struct ec_cbor_writer *writer, struct ec_bytes path)
{
	if (path.size)
		ec_cbor_write_item(writer, path.data, path.size);
	else
		ec_cbor_write_array(writer, 0);
}

size_t ec_anchor_payload(const struct ec_anchor_plan *plan, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, ITEMS + 1);
	ec_cbor_write_uint(&writer, 5);
	ec_cbor_write_string(&writer, plan->cell);
	path_write(&writer, plan->links);
	ec_cbor_write_bytes(&writer, plan->header.data, plan->header.size);
	ec_cbor_write_item(&writer, plan->certificate.data, plan->certificate.size);
	path_write(&writer, plan->consistency);
	path_write(&writer, plan->last);
	return ec_cbor_writer_ok(&writer) ? writer.out.size : 0;
}
