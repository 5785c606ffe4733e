/* proof.h - reads and judges a proof file with nothing but the genesis (docs/formats.md, Proof). */
#ifndef EC_LEDGER_PROOF_H
#define EC_LEDGER_PROOF_H

#include "ledger/envelope.h"
#include "ledger/header.h"
#include "ledger/known.h"
#include "ledger/trusted.h"

enum ec_verdict { /* as exit codes */
	          EC_VALID = 0,
	          EC_INVALID = 1,
	          EC_UNUSABLE = 2,
	          EC_PROBABILISTIC = 3, /* neither: members signed it, but no quorum did (yet) */
	          EC_IF_NONE_LIED = 4,  /* quorums signed it, some of an era that stands no liar */
};

enum { EC_ERAS_TEXT_MAX = 2048 }; /* what ec_proof_trusted() says at most, with the NUL */

/* What a proof shows that holds; points into the proof's bytes. */
struct ec_proof_report {
	enum ec_verdict verdict;
	char why[512];               /* when it is not valid: the first thing that is wrong */
	unsigned claim;              /* 0 envelope, 1 state, 2 absence, 3 beacon */
	struct ec_envelope envelope; /* claim 0 */
	unsigned result_code;
	struct ec_bytes result_detail, name, value; /* claims 1 and 2 */
	ec_hash beacon;                             /* claim 3: the value */
	struct ec_header block, certified;
	uint64_t index, time_ns; /* community time of the block */
	uint64_t depth;  /* when probabilistic: positions of the order that lie on the block, up to
	                    the header that was signed */
	bool one_honest; /* then: the signers are more than may be faulty */
	uint32_t signers, quorum, links;
	uint32_t signer[EC_MEMBERS_MAX];
	struct ec_membership *membership; /* that certified; freed by ec_proof_report_end */
	struct ec_trusted trusted;        /* the eras whose members are taken at their word, */
	struct ec_trusted cloud_trusted;  /* and those of the cloud, where it is anchored */
	bool anchored; /* an anchor was there, and holds by the cloud's genesis */
	uint64_t anchor_seq, anchor_stamp_ns;
};

/* Judges any bytes as a proof file: EC_UNUSABLE when they are none, or the group is unsigned;
 * EC_INVALID when they prove nothing by this genesis; EC_PROBABILISTIC when all holds but that
 * fewer than a quorum signed, in a group whose order may be revised; EC_IF_NONE_LIED when all holds
 * but that an era on the way from the genesis, or the cloud that anchored it, has a protocol which
 * stands no member that lies: a proof is as good as the weakest of its certificates.  In: cloud may
 * be NULL: then a proof with an anchor is unusable, if all else holds.  Out: report, ended by
 * ec_proof_report_end(). */
void ec_proof_judge(const struct ec_genesis *genesis, const struct ec_genesis *cloud,
                    const struct ec_crypto *crypto, struct ec_bytes proof,
                    struct ec_proof_report *report);

/* Whether it rests on certificates that hold if no member lied, and on which: "era 1 (raft); the
 * cloud's eras 2 to 3 (paxos)", appended. */
bool ec_proof_trusted(const struct ec_proof_report *report, struct ec_text *text);

/* Whether quorums signed all that it rests on, each as the protocol of its era counts: what a
 * member of the group, or a client who trusts it, goes by. */
bool ec_proof_certified(const struct ec_proof_report *report);

/* The roster of an era, by the era links of a proof that was judged and holds.  Returns: ended by
 * ec_membership_free(); NULL: it does not lead there. */
struct ec_membership *ec_proof_roster(const struct ec_genesis *genesis, struct ec_bytes proof,
                                      uint64_t era);

/* Frees the membership that the report holds; the rest may still be read. */
void ec_proof_report_end(struct ec_proof_report *report);

#endif
