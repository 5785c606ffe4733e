/* aba_fuzz.c - bytes as what all the others say to one member, however many of them lie, and as its
 * crashes: no assertion may be reached, nothing is said twice, no decision is taken back. */
#include "base/codec.h"
#include "consensus/honeybadger/aba_world.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct course {
	struct aba_world *world;
	struct aba *aba;
	struct aba_heard said[ABA_ROUNDS_MAX];
	bool decided, decision;
};

static void follow(struct course *course)
{
	struct aba_word word;
	bool value;
	aba_invariants(course->aba);
	while (aba_next(course->aba, &word)) {
		static const uint8_t bit[ABA_KINDS] = {1, 4, 8, 16, 32};
		uint8_t said =
			(uint8_t)(bit[word.kind] << (word.kind == ABA_BVAL && word.values > 1));
		assert(aba_word_good(&course->world->member_options, word));
		assert(!(course->said[word.round].said & said));
		course->said[word.round].said |= said;
		if (word.kind != ABA_SHARE)
			aba_hear(course->aba, &course->world->coin, 0, word);
	}
	if (course->decided)
		assert(aba_decided(course->aba, &value) && value == course->decision);
	course->decided = aba_decided(course->aba, &course->decision);
}

static void crash(struct course *course)
{
	static struct aba_word said[ABA_ROUNDS_MAX * 7 + 1];
	uint32_t count = 0, cursor = 0;
	while (aba_said(course->aba, &cursor, &said[count]))
		count++;
	aba_init(course->aba, &course->world->member_options);
	for (uint32_t i = 0; i < count; i++)
		aba_restore(course->aba, said[i]);
	aba_go(course->aba, &course->world->coin);
}

static void share_hear(struct course *course, uint32_t from, uint32_t round, bool bad)
{
	uint8_t name[ABA_COIN_NAME_SIZE];
	struct ec_threshold_share share = {{0}};
	struct ec_bytes text = {.data = name, .size = sizeof name};
	aba_coin_name(&course->world->coin, round, name);
	course->world->coin.crypto->coin_share(course->world->coin.crypto->group,
	                                       &course->world->key, from, NULL, text, share.b,
	                                       &share);
	share.b[3] ^= bad;
	aba_share(course->aba, &course->world->coin, from, round, &share);
}

static void one_hear(struct course *course, struct ec_reader *reader)
{
	uint8_t what = ec_read_u8(reader), who = ec_read_u8(reader), round = ec_read_u8(reader);
	uint32_t n = course->world->options.n, from = who % n;
	struct aba_word word = {
		.kind = what % 8, .round = round % ABA_ROUNDS_MAX, .values = what >> 3 & 3};
	if (what == 0xff)
		crash(course);
	else if (what == 0xfe)
		aba_input(course->aba, &course->world->coin, who & 1);
	else if (aba_word_good(&course->world->member_options, word) && word.kind == ABA_SHARE)
		share_hear(course, from, word.round, what >> 5);
	else if (aba_word_good(&course->world->member_options, word) && from > 0)
		aba_hear(course->aba, &course->world->coin, from, word);
	follow(course);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ec_reader reader = ec_reader_over(data, size);
	struct aba_world_options options = {.n = 1 + ec_read_u8(&reader) % ABA_MEMBERS_MAX};
	uint8_t kind = ec_read_u8(&reader);
	options.schedule = kind & 1 ? ABA_COIN : ABA_SCHEDULED;
	options.rounds = kind & 2 ? 3 : 0;
	options.keyless = kind & 4;
	struct course course = {.world = aba_world_new(&options)};
	course.aba = course.world->member[0];
	course.world->member_options.self = 0;
	while (reader.left)
		one_hear(&course, &reader);
	aba_world_free(course.world);
	return 0;
}
