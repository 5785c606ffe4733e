/* pbft.pml - PBFT's three phases and change of view (Castro and Liskov, OSDI 1999, sections 4.2 and
 * 4.4, with signatures), for spin: is agreement kept, whatever one Byzantine member does?
 *
 * What is said stays said, and every step is free to wait: so a message that is late, lost or heard
 * twice, and a time-out at any moment, are among the courses.  A correct member is a row of what it
 * said; the Byzantine one, BYZ, is no process: wherever its word can help it counts, for every value
 * at once, and in a VIEW-CHANGE it shows nothing or any certificate that signatures can make.
 *
 *   -DVIEWS=3 -DSLOTS=1   views 0..VIEWS-1, each led by member view % N; slots are positions
 *   -DN=4 -DBYZ=1         members; which of them lies
 *   -DLAYERS              a view after the other, see below
 *   -DTELL                the program says what was said, on stderr
 *   -DLOWER               planted: NEW-VIEW takes the claim of the lowest view
 *   -DLITERAL             planted: a quorum is 2f+1, whatever N
 *   -DFORGETS             planted: VIEW-CHANGE claims only what was prepared in the view before
 *   -DBLIND               planted: backups take what a NEW-VIEW says
 *
 * With LAYERS views are lived one after the other, in each first all NEW-VIEWs and PREPAREs, then all
 * COMMITs and departures, the members in turn.  No course is lost by that, as far as agreement goes:
 * (1) A step in a view asks of views before it only for what stays so once it is: who left for it,
 *     what those had prepared (they say no more there), which certificates there are (more of them
 *     force nobody: a liar need not show them).  No step asks for anything of a later view.  So the
 *     steps of each course can be sorted by view, and say the same.
 * (2) In a view, NEW-VIEW and PREPARE ask for nothing that a COMMIT or a departure of another says,
 *     so they can come first; and a PREPARE more takes no step from anybody, for a member claims what
 *     it sent COMMIT for.  So who has a plan may say all its PREPAREs at once.
 * (3) COMMIT and departure of one member ask for no COMMIT or departure of another in this view.  So
 *     members can take turns.
 * Two quorums of COMMITs for two values are there at the end of a course, whatever its order was.
 *
 * Left out: time and liveness, checkpoints and the low mark, batches that are missing, crashes (what
 * is said was saved), and COMMITs told again by f+1 that delivered. */
#ifndef N
#define N 4
#endif
#ifndef BYZ
#define BYZ 1
#endif
#ifndef VIEWS
#define VIEWS 3
#endif
#ifndef SLOTS
#define SLOTS 1
#endif
#define F ((N - 1) / 3)
#ifdef LITERAL
#define QUORUM (2 * F + 1)
#else
#define QUORUM ((N + F) / 2 + 1)
#endif

/* Values of a slot: two batches and the filler; of a plan also that the primary may choose. */
#define NONE 0
#define FILLER 3
#define FREE 4

#define AT(m, v, s) (((m) * VIEWS + (v)) * SLOTS + (s))
#define LEADER(v) ((v) % N)
byte view[N];                    /* of correct members, as all below */
bool changed[N * VIEWS];         /* said VIEW-CHANGE to this view */
byte plan[N * VIEWS * SLOTS];    /* as its NEW-VIEW says; NONE: not entered */
byte prepare[N * VIEWS * SLOTS]; /* PRE-PREPARE or PREPARE said */
byte commit[N * VIEWS * SLOTS];  /* prepared, and COMMIT said */
byte proposed[VIEWS * SLOTS];    /* by a correct primary, in a slot that is free */
byte chosen[SLOTS];              /* a quorum said COMMIT: who hears them delivers */

/* Scratch, zero between steps. */
byte best_view[SLOTS], best[SLOTS], m, v, s, x, u, w, count, top;

/* How many PREPAREs, or COMMITs, for `w` in (at_view, s) can be shown: BYZ gives its own to all. */
inline prepares_count(at_view)
{
	count = 1;
	x = 0;
	do
	:: x < N ->
		count = count + (x != BYZ && prepare[AT(x, at_view, s)] == w);
		x++
	:: else -> break
	od
}

inline commits_count(at_view)
{
	count = 1;
	x = 0;
	do
	:: x < N ->
		count = count + (x != BYZ && commit[AT(x, at_view, s)] == w);
		x++
	:: else -> break
	od
}

/* A claim (u, w) for slot s: the highest view wins. */
inline claim_weigh()
{
	if
#ifdef LOWER
	:: best[s] == NONE || u < best_view[s] -> best[s] = w; best_view[s] = u
#else
	:: best[s] == NONE || u > best_view[s] -> best[s] = w; best_view[s] = u
#endif
	:: else
	fi
}

/* The VIEW-CHANGE of a correct member x: of each slot what it prepared in the highest view. */
inline claims_of_correct()
{
	s = 0;
	do
	:: s < SLOTS ->
		w = NONE;
#ifdef FORGETS
		u = v - 1;
#else
		u = 0;
#endif
		count = u;
		do
		:: u < v && commit[AT(x, u, s)] != NONE -> w = commit[AT(x, u, s)]; count = u; u++
		:: u < v && commit[AT(x, u, s)] == NONE -> u++
		:: else -> break
		od;
		u = count;
		if
		:: w != NONE -> claim_weigh()
		:: else
		fi;
		s++
	:: else -> break
	od
}

/* The liar's: of each slot nothing, or any certificate that there can be. */
inline claims_of_liar()
{
	top = x;
	s = 0;
	do
	:: s < SLOTS ->
		if
		:: true
		:: true ->
			u = 0;
			do
			:: u + 1 < v -> u++
			:: break
			od;
			if
			:: w = 1
			:: w = 2
			:: w = FILLER
			fi;
			prepares_count(u);
			if
			:: count >= QUORUM -> claim_weigh()
			:: else
			fi
		fi;
		s++
	:: else -> break
	od;
	x = top
}

/* What a quorum of VIEW-CHANGEs makes of the slots: any quorum of those that were said. */
inline plan_make()
{
	byte named = 0;
	x = 0;
	do
	:: x < N && x != BYZ && changed[x * VIEWS + v] && named < QUORUM ->
		claims_of_correct();
		named++;
		x++
	:: x < N && x == BYZ && named < QUORUM ->
		claims_of_liar();
		named++;
		x++
	:: x < N && named + (N - x - 1) >= QUORUM -> x++ /* this one is not named */
	:: else -> break
	od;
	top = 0;
	s = 0;
	do
	:: s < SLOTS && best[s] != NONE -> s++; top = s
	:: s < SLOTS && best[s] == NONE -> s++
	:: else -> break
	od;
	s = 0;
	do
	:: s < SLOTS ->
		plan[AT(m, v, s)] = (named < QUORUM -> NONE
		                     : (best[s] != NONE -> best[s] : (s < top -> FILLER : FREE)));
		best[s] = NONE;
		best_view[s] = 0;
		s++
	:: else -> break
	od;
	named = 0
}

inline plan_copy(leader)
{
	s = 0;
	do
	:: s < SLOTS -> plan[AT(m, v, s)] = plan[AT(leader, v, s)]; s++
	:: else -> break
	od
}

/* With TELL: a line of all COMMITs and VIEW-CHANGEs so far, so that courses can be compared. */
inline tell()
{
#ifdef TELL
	c_code {
		int i;
		for (i = 0; i < (int)sizeof now.commit; i++)
			fputc('0' + now.commit[i], stderr);
		for (i = 0; i < (int)sizeof now.changed; i++)
			fputc('0' + now.changed[i], stderr);
		fputc('\n', stderr);
	}
#else
	skip
#endif
}

inline scratch_clear()
{
	m = 0; v = 0; s = 0; x = 0; u = 0; w = 0; count = 0; top = 0
}

/* NEW-VIEW at m: made, or judged.  A liar may tell each another one, if it is right. */
inline plan_set()
{
	if
	:: LEADER(v) == m || LEADER(v) == BYZ -> plan_make()
#ifdef BLIND
	:: LEADER(v) == BYZ -> plan[AT(m, v, 0)] = FREE
#endif
	:: LEADER(v) != m && LEADER(v) != BYZ -> plan_copy(LEADER(v))
	fi
}

/* COMMIT of w in (v, s) by m: with a quorum of these it is final for whoever hears them. */
inline commit_say()
{
	commit[AT(m, v, s)] = w;
	commits_count(v);
	assert(count < QUORUM || chosen[s] == NONE || chosen[s] == w); /* agreement */
	chosen[s] = (count < QUORUM -> chosen[s] : w)
}

/* A correct member, any. */
inline member_choose()
{
	m = 0;
	do
	:: m + 1 < N -> m++
	:: m != BYZ -> break
	od;
	v = view[m]
}

inline slot_choose()
{
	s = 0;
	do
	:: s + 1 < SLOTS -> s++
	:: break
	od
}

/* What m may say PREPARE for in (v, s), as w; NONE: nothing. */
inline word_choose()
{
	w = plan[AT(m, v, s)];
	if
	:: w == FREE && (LEADER(v) == m || LEADER(v) == BYZ) ->
		if
		:: w = 1
		:: v > 0 || LEADER(v) == BYZ -> w = 2 /* else a swap of names */
		fi;
		proposed[v * SLOTS + s] = (LEADER(v) == m -> w : NONE)
	:: w == FREE && LEADER(v) != m && LEADER(v) != BYZ -> w = proposed[v * SLOTS + s]
	:: else
	fi
}

#ifdef LAYERS
byte layer, stage, turn;

/* m enters the view of this layer, if it can, and says PREPARE for all that is planned there. */
inline enter()
{
	if
	:: v > 0 -> plan_set()
	:: else
	fi;
	s = 0;
	do
	:: s < SLOTS && plan[AT(m, v, 0)] != NONE ->
		word_choose();
		prepare[AT(m, v, s)] = w;
		s++
	:: else -> break
	od
}

/* m says COMMIT, or does not, for each slot that is prepared; it goes to the next view, or stays. */
inline part()
{
	s = 0;
	do
	:: s < SLOTS ->
		w = prepare[AT(m, v, s)];
		prepares_count(v);
		if
		:: w != NONE && count >= QUORUM -> commit_say()
		:: true
		fi;
		s++
	:: else -> break
	od;
	if
	:: v + 1 < VIEWS -> view[m] = v + 1; changed[m * VIEWS + v + 1] = true
	:: true
	fi
}

/* What m's plan said is in what it prepared. */
inline forget()
{
	s = 0;
	do
	:: s < SLOTS -> plan[AT(m, v, s)] = NONE; proposed[v * SLOTS + s] = NONE; s++
	:: else -> break
	od
}

inline layers()
{
	do
	:: layer < VIEWS -> atomic {
		m = (LEADER(layer) + turn) % N;
		v = layer;
		if
		:: m == BYZ || view[m] != layer
		:: m != BYZ && view[m] == layer && stage == 0 -> enter()
		:: m != BYZ && view[m] == layer && stage == 1 -> forget()
		:: m != BYZ && view[m] == layer && stage == 2 -> part()
		fi;
		scratch_clear();
		turn = (turn + 1) % N;
		stage = (turn == 0 -> (stage + 1) % 3 : stage);
		layer = (turn == 0 && stage == 0 -> layer + 1 : layer)
	   }
	:: else -> tell(); break
	od
}
#endif

active proctype group()
{
	x = 0;
	do
	:: x < N ->
		s = 0;
		do
		:: s < SLOTS -> plan[AT(x, 0, s)] = (x == BYZ -> NONE : FREE); s++
		:: else -> break
		od;
		x++
	:: else -> break
	od;
	scratch_clear();

#ifdef LAYERS
	layers()
#else
	do
	/* Patience runs out. */
	:: atomic {
		member_choose();
		if
		:: v + 1 < VIEWS -> view[m] = v + 1; changed[m * VIEWS + v + 1] = true
		:: else
		fi;
		scratch_clear();
		tell()
	   }
	:: atomic {
		member_choose();
		if
		:: v > 0 && plan[AT(m, v, 0)] == NONE -> plan_set()
		:: else
		fi;
		scratch_clear();
		tell()
	   }
	/* PRE-PREPARE by a correct primary, PREPARE by who accepts one, or what was planned. */
	:: atomic {
		member_choose();
		slot_choose();
		if
		:: prepare[AT(m, v, s)] == NONE -> word_choose(); prepare[AT(m, v, s)] = w
		:: else
		fi;
		scratch_clear();
		tell()
	   }
	/* Prepared: COMMIT. */
	:: atomic {
		member_choose();
		slot_choose();
		w = prepare[AT(m, v, s)];
		prepares_count(v);
		if
		:: w != NONE && commit[AT(m, v, s)] == NONE && count >= QUORUM -> commit_say()
		:: else
		fi;
		scratch_clear();
		tell()
	   }
	od
#endif
}
