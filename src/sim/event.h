/* event.h - what will happen when: a queue of events in virtual time, ties in order of arrival. */
#ifndef EC_SIM_EVENT_H
#define EC_SIM_EVENT_H

#include <stdbool.h>
#include <stdint.h>

/* Fields used: then what happens. */
enum sim_event_kind {
	SIM_ARRIVE,   /* host peer: the next item of the link from peer to host arrives */
	SIM_SYNCED,   /* host era life count: so many saves more are durable */
	SIM_WAKE,     /* host era life: the wake time of an instance */
	SIM_BODY,     /* host life batch: a batch's body reaches a host */
	SIM_CLIENT,   /* a client submits the next batch */
	SIM_RETRY,    /* count: a client may try another gateway with an envelope */
	SIM_SNAPPED,  /* host era life seq: a snapshot is on disk */
	SIM_FETCHING, /* host era life: the next helper answers, or not */
	SIM_READ,     /* a client reads somewhere */
	SIM_FAULT,    /* the next fault of the schedule */
	SIM_RESTART,  /* host: comes up again */
	SIM_LINK_UP,  /* host peer: a broken link is new */
	SIM_DUSK,     /* host: all links break, its for longest */
	SIM_DAWN,     /* host count: stays alone, the others meet again, after that ambush */
	SIM_HEAL,     /* count: the partition ends, if that was the last ambush */
	SIM_UNSTALL,  /* host life: its disk goes on */
	SIM_UNSLOW,   /* host: is as fast as the others again */
	SIM_ERA_LOOK, /* looks whether members are to move between eras */
	SIM_PICK,     /* the adversary chooses who is heard next */
	SIM_PIN,      /* a member looks whether a quorum stands where it does */
	SIM_MISCHIEF, /* host: a Byzantine member replays or forgets */
	SIM_PHASE,    /* the faults end */
};

struct sim_event {
	uint64_t time;  /* ns of virtual time */
	uint64_t order; /* made by the queue */
	enum sim_event_kind kind;
	uint32_t host, peer;
	uint64_t life;
	uint64_t era;
	uint64_t count; /* of saves, or a seq, or a batch's index */
};

struct sim_events {
	struct sim_event *heap;
	uint32_t count, capacity;
	uint64_t order;
};

/* Drops every event; the queue, all zero, is empty then. */
void sim_events_free(struct sim_events *events);

/* Adds an event at event.time; `order` is filled in. */
void sim_events_add(struct sim_events *events, struct sim_event event);

/* The earliest event.  Returns: false when there is none. */
bool sim_events_take(struct sim_events *events, struct sim_event *event);

#endif
