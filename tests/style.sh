#!/bin/sh
# style.sh - the rules of the house that a machine can check.
set -u
cd "$(dirname "$0")/.."
root=$PWD

# The check of comments in headers itself: it finds the functions that have none, and only those.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/src/base"
cat >"$dir/src/base/planted.h" <<'END_OF_HEADER'
/* planted.h - functions with comments and without. */
#ifndef PLANTED_H
#define PLANTED_H

#define PLANTED(x) \
	f(x)
int bare_after_the_preprocessor(void);

/* On both of a block; a brace { in it, and
 * a second line. */
int told(void);
struct planted told_too(const struct planted *planted,
                        int further);

int bare_after_a_gap(void);
int told_on_its_line(void); /* a word, and
                               another */
enum planted bare_behind_one_that_is(int x);

/* On a type. */
struct planted {
	int (*member)(void); /* no function of the header } */
};
__attribute__((format(printf, 1, 2))) void bare_behind_a_type(const char *format, ...);

/* On one that is written here. */
static inline int told_and_written(void)
{
	return 0;
}

static inline int bare_and_written(void)
{
	return 0;
}
typedef int planted_type(void);
_Static_assert(sizeof(int) == 4, "of a function's form");

#endif
END_OF_HEADER
sed 's/planted\.h/planted_fake.h/' "$dir/src/base/planted.h" >"$dir/src/base/planted_fake.h"
found=$(cd "$dir" && git init -q && git add . && python3 "$root/tools/check_style.py" |
	sed -n 's/^     src.*h:[0-9]*: \(bare_[a-z_]*\|told[a-z_]*\|planted_.*\)$/\1/p' | tr '\n' ' ')
wanted="bare_after_the_preprocessor bare_after_a_gap bare_behind_one_that_is bare_behind_a_type bare_and_written "
if [ "$found" = "$wanted" ]; then
	echo "ok the check of headers finds planted functions without a comment"
else
	echo "FAIL the check of headers finds '$found', not '$wanted'"
fi

python3 tools/check_style.py
