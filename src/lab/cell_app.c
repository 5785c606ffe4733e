/* cell_app.c - the application of each member, and the client that waits for it. */
#include "lab/cell_inner.h"

#include "crypto/hash.h"

#include <assert.h>
#include <stdlib.h>

uint32_t lab_batch_of(const struct cell *cell, struct ec_bytes body)
{
	uint32_t number;
	if (body.size < LAB_BODY_MIN)
		return UINT32_MAX;
	memcpy(&number, body.data, sizeof number);
	if (number >= cell->made || !ec_bytes_equal(body, cell->batch[number].body))
		return UINT32_MAX;
	return number;
}

/* Where a member's application stands is remembered, for snapshots and to be taken back. */
void lab_room_for(struct member *member, uint64_t seq)
{
	if (seq < member->capacity)
		return;
	member->capacity = 2 * seq + 64;
	member->order = realloc(member->order, member->capacity * sizeof *member->order);
	member->digest = realloc(member->digest, member->capacity * sizeof *member->digest);
	if (!member->order || !member->digest)
		abort();
}

/* What is final at somebody is so at all, filler or batch. */
static void agree(struct cell *cell, uint64_t at, uint32_t number)
{
	if (at >= cell->agreed_capacity) {
		uint64_t capacity = 2 * at + 64;
		cell->agreed = realloc(cell->agreed, capacity * sizeof *cell->agreed);
		if (!cell->agreed)
			abort();
		memset(cell->agreed + cell->agreed_capacity, 0,
		       (capacity - cell->agreed_capacity) * sizeof *cell->agreed);
		cell->agreed_capacity = capacity;
	}
	uint32_t value = number == UINT32_MAX ? UINT32_MAX : number + 1;
	if (!cell->agreed[at])
		cell->agreed[at] = value;
	else if (cell->agreed[at] != value)
		cell->result->conflicts++;
}

/* What no UNDO can reach any more. */
void lab_finalise(struct cell *cell, uint32_t at, uint64_t seq)
{
	struct member *member = &cell->member[at];
	for (; member->final < seq; member->final++) {
		uint32_t number = member->order[member->final];
		agree(cell, member->final, number);
		if (number == UINT32_MAX)
			continue;
		struct batch *batch = &cell->batch[number];
		if (at == batch->gateway) {
			batch->final = cell->now;
			ec_histogram_add(&cell->result->told, batch->told - batch->came, 1);
			ec_histogram_add(&cell->result->final, cell->now - batch->came, 1);
			if (!cell->load->lone)
				lab_submit_next(cell, at);
		}
		if (--cell->missing[number] == 0) {
			cell->finished++;
			if (cell->load->lone)
				lab_submit_next(cell, (batch->gateway + 1) % cell->load->n);
		}
	}
}

void lab_deliver(struct cell *cell, uint32_t at, const struct ec_effect *effect)
{
	struct member *member = &cell->member[at];
	uint32_t number = lab_batch_of(cell, effect->body);
	assert(effect->seq == member->seq + 1);
	lab_room_for(member, effect->seq);
	ec_hash zero = {{0}};
	const struct ec_part parts[] = {
		{member->seq ? member->digest[member->seq].b : zero.b, 32},
		{number == UINT32_MAX ? zero.b : cell->batch[number].digest.b, 32}};
	member->digest[effect->seq] = ec_sha256_parts(parts, 2);
	if (number != UINT32_MAX && cell->batch[number].seq[at])
		number = UINT32_MAX; /* it stands earlier in the order: this one runs nothing */
	member->order[member->seq++] = number;
	if (number != UINT32_MAX) {
		cell->batch[number].seq[at] = effect->seq;
		if (at == cell->batch[number].gateway)
			cell->batch[number].told = cell->now;
	}
	if (cell->protocol->protocol->order == EC_TOTAL)
		lab_finalise(cell, at, member->seq);
}

void lab_undo(struct cell *cell, uint32_t at, uint64_t seq)
{
	struct member *member = &cell->member[at];
	assert(seq >= member->final && seq <= member->seq);
	for (; member->seq > seq; member->seq--) {
		uint32_t number = member->order[member->seq - 1];
		cell->result->undone++;
		if (number != UINT32_MAX)
			cell->batch[number].seq[at] = 0;
	}
}

void lab_submit_next(struct cell *cell, uint32_t gateway)
{
	if (cell->made == cell->load->batches)
		return;
	uint32_t number = cell->made++;
	struct batch *batch = &cell->batch[number];
	batch->body = ec_pool_take(cell->pool, cell->load->batch_bytes);
	uint8_t *bytes = ec_writable(batch->body);
	for (size_t i = 0; i < batch->body.size; i++)
		bytes[i] = (uint8_t)ec_prng_next(&cell->prng);
	memcpy(bytes, &number, sizeof number);
	batch->digest = ec_sha256(bytes, batch->body.size);
	batch->gateway = gateway;
	batch->came = cell->now;
	batch->at[gateway] = cell->now;
	lab_later(cell, cell->now,
	          (struct sim_event){.kind = SIM_BODY, .host = gateway, .count = number});
	for (uint32_t b = 0; b < cell->load->n; b++) {
		if (b == gateway || cell->protocol->protocol->sealed)
			continue;
		batch->at[b] = lab_carry(cell, gateway, b, LAB_FRAME_BYTES + batch->body.size);
		cell->member[gateway].arrives[b] = batch->at[b];
		lab_later(cell, batch->at[b],
		          (struct sim_event){.kind = SIM_BODY, .host = b, .count = number});
	}
}
