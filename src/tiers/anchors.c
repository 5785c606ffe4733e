/* anchors.c - judges a cell's certified header and keeps the newest, so that a history existed.
 *
 * The cloud follows the cell's rosters from its genesis by era links, judges the certificate by the
 * roster that it has reached, and takes only a header whose history has the one anchored last in
 * it, at its place, over the same past.  Everything is refused with a text that says which cell.
 * A member whose cell's history is another than the anchored one reports that with the same
 * transaction in another form (a fork); what proves two histories is kept, and names the cell.  A
 * cell put back to before a change of roster signs with a roster that is behind: its report alone
 * is judged from the genesis, along its own links, and is kept apart, because a quorum of former
 * members that kept its keys can make one too, and must not stand for those of today.
 * (A1) seq and era of a cell's anchor never decrease.
 * (A2) A cell's anchored headers are one chain: each is a leaf of the next one's history, and each
 *      one's history is a prefix of the next one's.
 * (A3) The roster kept for a cell follows from its genesis by certified links alone.
 * (A4) A cell is named only by two of its certified headers that no one history can have.
 * A cell that stands crashes only is taken at its word only where the cloud's genesis says so:
 * there one member that lies can have two histories signed.  An era that it spent so without leave
 * ends its anchors for good, as all later rosters follow from that one. (A5) Who does not lead to
 * the roster that the cloud has reached never fills "fork/". */
#include "tiers/anchors.h"

#include "ledger/known.h"
#include "tiers/anchor_read.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum {
	ITEMS = 6,
	REASON_MAX = 240,
	ROSTER_RECORD_MAX = EC_VALUE_MAX,
};

/* The judging of one. */
struct judge {
	struct ec_scratch *scratch;
	struct anchor_sent *sent;
	ec_hash genesis;                  /* of the cell */
	ec_hash header;                   /* hash of the header sent */
	struct ec_membership *membership; /* that the links have reached */
	struct ec_bytes roster;           /* its bytes; borrowed */
	bool moved;                       /* a link was followed */
	bool retired;                     /* it began anew at the genesis */
	char why[REASON_MAX];
};

struct name {
	uint8_t at[EC_NAME_MAX];
	size_t size;
};

static struct name name_of(const char *prefix, const char *cell)
{
	struct name name;
	name.size = ec_anchors_name(prefix, cell, name.at);
	return name;
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

/* Starts from the roster of the cell's genesis. */
static bool genesis_load(struct judge *judge)
{
	char why[128];
	struct ec_bytes file;
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

/* Starts from the roster that the cell had reached, or from that of its genesis. */
static bool cell_load(struct judge *judge)
{
	char why[128];
	struct name name = name_of("roster/", judge->sent->cell);
	struct ec_bytes value;
	if (!ec_state_get(judge->scratch, name.at, name.size, &value))
		return genesis_load(judge);
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	ec_cbor_array_exact(&cbor, 2);
	judge->genesis = ec_cbor_hash(&cbor);
	struct ec_view view = ec_cbor_bytes(&cbor, EC_VALUE_MAX);
	struct ec_bytes roster = {.data = view.data, .size = view.size};
	judge->membership = ec_membership_read(roster, why, sizeof why);
	return judge->membership || refuse(judge, "the roster kept of it is bad");
}

/* Whether what its roster certifies counts here: where it stands no member that lies, only if the
 * cloud's genesis says so. */
static bool word_taken(struct judge *judge)
{
	const struct ec_membership *roster = judge->membership;
	return !ec_faults_crash_only(roster->protocol) || ec_crash_cells(judge->scratch) ||
	       refuse(judge,
	              "era %llu runs %s, which stands no member that lies, and this cloud's "
	              "genesis does not take the word of such a cell",
	              (unsigned long long)roster->era, roster->protocol);
}

/* Follows one era link, unless it is of an era that is behind already. */
static bool link_follow(struct judge *judge, const struct anchor_link *link)
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
	if (!word_taken(judge))
		return false;
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
	struct anchor_link link;
	for (uint32_t i = 0; i < judge->sent->links; i++) {
		if (!anchor_link_read(&at, &link))
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
	if (!word_taken(judge))
		return false;
	if (!ec_certificate_check(&judge->sent->certificate, judge->membership, &judge->header,
	                          ec_scratch_crypto(judge->scratch), why, sizeof why))
		return refuse(judge, "not certified: %s", why);
	return true;
}

/* Whether the anchored header and its past are the beginning of this one's history. */
static bool extends(const struct anchor_sent *sent, const struct ec_anchor *last)
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

/* The anchor of the cell.  Returns: false when it has none yet. */
static bool last_get(const struct judge *judge, struct ec_anchor *last)
{
	struct name name = name_of("anchor/", judge->sent->cell);
	struct ec_bytes value;
	return ec_state_get(judge->scratch, name.at, name.size, &value) &&
	       ec_anchor_read(value, last);
}

/* A number that is kept of the cell; 0: none is. */
static uint64_t number_of(const struct judge *judge, const char *prefix)
{
	struct name name = name_of(prefix, judge->sent->cell);
	struct ec_bytes value;
	if (!ec_state_get(judge->scratch, name.at, name.size, &value))
		return 0;
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	return ec_cbor_uint(&cbor, INT64_MAX);
}

/* Whether a header that is not the anchored one stands where it cannot in the same history: at its
 * number, or below it and yet stamped later, for stamps ascend. */
static bool elsewhere(const struct judge *judge, const struct ec_anchor *last)
{
	const struct ec_header *header = &judge->sent->header;
	uint64_t stamp_ns = number_of(judge, "stamp/");
	if (header->seq == last->seq)
		return !ec_hash_equal(&judge->header, &last->header);
	return header->seq < last->seq && stamp_ns > 0 && header->stamp_ns > stamp_ns;
}

static bool history_judge(struct judge *judge)
{
	struct ec_anchor last;
	unsigned long long seq = judge->sent->header.seq, newest;
	if (!last_get(judge, &last))
		return seq >= 1 || refuse(judge, "blocks count from 1");
	newest = last.seq;
	if (elsewhere(judge, &last))
		return seq == newest
		               ? refuse(judge,
		                        "restored or forked: block %llu is anchored with "
		                        "another header",
		                        seq)
		               : refuse(judge,
		                        "restored or forked: block %llu is stamped later than "
		                        "block %llu, which is anchored",
		                        seq, newest);
	if (seq == newest)
		return refuse(judge, "a repeat: block %llu is anchored already", seq);
	if (seq < newest)
		return refuse(judge, "a late repeat: block %llu, and block %llu is anchored", seq,
		              newest);
	return extends(judge->sent, &last) ||
	       refuse(judge,
	              "restored or forked: the history of block %llu does not extend that of "
	              "block %llu",
	              seq, newest);
}

/* Whether the header is the cell's: certified by a roster that links lead to, from the one that the
 * cloud has reached; for a report of a fork else from the genesis, past that one. */
static bool origin_judge(struct judge *judge)
{
	if (!cell_load(judge))
		return false;
	if (links_follow(judge) && signatures_judge(judge))
		return true;
	if (!judge->sent->fork)
		return false;
	ec_membership_free(judge->membership);
	judge->membership = NULL;
	judge->retired = true;
	return genesis_load(judge) && links_follow(judge) && signatures_judge(judge);
}

/* Whether `other` stands in the header's history where the anchored one should. */
static bool replaced(const struct anchor_sent *sent, const struct ec_anchor *last)
{
	ec_hash root, leaf = ec_merkle_leaf(sent->other.b, sizeof sent->other.b);
	return !ec_hash_equal(&sent->other, &last->header) &&
	       ec_merkle_path_root(&leaf, last->seq - 1, sent->header.seq - 1, sent->last,
	                           sent->last_count, &root) &&
	       ec_hash_equal(&root, &sent->header.history_root);
}

static struct name fork_name(const struct judge *judge)
{
	return name_of(judge->retired ? EC_RETIRED_FORKS : EC_FORKS, judge->sent->cell);
}

/* Whether as much is kept of the cell already; of retired rosters the newest is. */
static bool is_known(const struct judge *judge)
{
	struct name name = fork_name(judge);
	struct ec_bytes value;
	struct ec_fork fork;
	return ec_state_get(judge->scratch, name.at, name.size, &value) &&
	       ec_fork_read(value, &fork) &&
	       (!judge->retired || fork.era >= judge->sent->header.era);
}

static bool fork_judge(struct judge *judge)
{
	const struct anchor_sent *sent = judge->sent;
	struct ec_anchor last;
	if (!last_get(judge, &last))
		return refuse(judge, "a fork of what? no block is anchored");
	if (is_known(judge))
		return refuse(judge, "a repeat: its fork is known");
	bool shown = sent->header.seq > last.seq
	                     ? replaced(sent, &last)
	                     : elsewhere(judge, &last) && sent->last_count == 0 &&
	                               ec_hash_equal(&sent->other, &judge->header);
	return shown || refuse(judge, "block %llu shows no other history than that of block %llu",
	                       (unsigned long long)sent->header.seq, (unsigned long long)last.seq);
}

static void number_keep(const struct judge *judge, const char *prefix, uint64_t number)
{
	uint8_t bytes[16];
	struct name name = name_of(prefix, judge->sent->cell);
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	ec_cbor_write_uint(&writer, number);
	ec_state_put(judge->scratch, name.at, name.size, bytes, writer.out.size);
}

static void anchor_keep(const struct judge *judge)
{
	uint8_t bytes[EC_ANCHOR_SIZE_MAX];
	const struct ec_header *header = &judge->sent->header;
	struct name name = name_of("anchor/", judge->sent->cell);
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	ec_cbor_write_array(&writer, 3);
	ec_cbor_write_uint(&writer, header->seq);
	ec_cbor_write_hash(&writer, &judge->header);
	ec_cbor_write_hash(&writer, &header->history_root);
	ec_state_put(judge->scratch, name.at, name.size, bytes, writer.out.size);
	number_keep(judge, "anchors/", number_of(judge, "anchors/") + 1);
	number_keep(judge, "stamp/", header->stamp_ns);
}

/* Names the cell for good. */
static void fork_keep(const struct judge *judge)
{
	uint8_t bytes[EC_ANCHOR_SIZE_MAX];
	struct ec_anchor last;
	struct name name = fork_name(judge);
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	bool anchored = last_get(judge, &last);
	assert(anchored);
	ec_cbor_write_array(&writer, judge->retired ? 5 : 4);
	ec_cbor_write_uint(&writer, last.seq);
	ec_cbor_write_hash(&writer, &last.header);
	ec_cbor_write_uint(&writer, judge->sent->header.seq);
	ec_cbor_write_hash(&writer, &judge->header);
	if (judge->retired)
		ec_cbor_write_uint(&writer, judge->sent->header.era);
	ec_state_put(judge->scratch, name.at, name.size, bytes, writer.out.size);
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
	bool fork = judge->sent->fork;
	bool good = origin_judge(judge) && (fork ? fork_judge(judge) : history_judge(judge)) &&
	            (fork || roster_keep(judge));
	ec_membership_free(judge->membership);
	if (!good) {
		ec_result_reason(judge->scratch, judge->why);
		return EC_RESULT_RULE;
	}
	if (fork)
		fork_keep(judge);
	else
		anchor_keep(judge);
	return EC_RESULT_DONE;
}

static bool check(uint64_t kind, struct ec_cbor body, uint64_t items)
{
	struct anchor_sent sent;
	(void)kind;
	return items == ITEMS && anchor_sent_read(&body, &sent) && ec_cbor_done(&body);
}

static bool parameters_check(struct ec_bytes parameters)
{
	return parameters.size == 0;
}

static enum ec_result execute(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t kind,
                              const struct ec_transaction *transaction)
{
	struct ec_cbor body = transaction->body;
	struct anchor_sent sent;
	struct judge judge = {.scratch = scratch, .sent = &sent};
	(void)parameters;
	(void)kind;
	return anchor_sent_read(&body, &sent) ? anchor_received(&judge) : EC_RESULT_MALFORMED;
}

const struct ec_service ec_anchors = {
	.name = "anchors",
	.kind_first = 5,
	.kind_last = 5,
	.check = check,
	.parameters_check = parameters_check,
	.execute = execute,
};
