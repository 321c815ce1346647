/* group — what waits for the next commit: registered links, reports and rulings.
 *
 * Why it exists: a commit that survives a power cut costs milliseconds, so many share
 * one. Everything is kept here, with the frames it came in, until the commit has
 * succeeded: a full disk delays it and loses nothing. */
#ifndef SINK_GROUP_H
#define SINK_GROUP_H

#include "sink/registry.h"

enum {
    GROUP_REGISTERS = 64, /* register messages in one commit */
    GROUP_LINKS = GROUP_REGISTERS * TL_BATCH_LINKS,
    GROUP_REPORTS = 2 * TL_COMMIT_REPORTS, /* a message of rulings may top it up */
    GROUP_BYTES = 4 << 20,                 /* of frames, for each of the two */
};

/* A register message: the next `count` of the group's links. */
typedef struct {
    uint64_t batch;
    size_t count;
} group_register;

typedef struct {
    tl_report report;
    store_outcome outcome;
} group_report;

/* Frames that views point into: it never moves. */
typedef struct {
    uint8_t *bytes;
    size_t used;
} group_frames;

typedef struct {
    uint64_t run; /* whose reports are taken */
    group_frames register_frames;
    group_register registers[GROUP_REGISTERS];
    size_t register_count;
    registry_link *links;
    size_t link_count;
    int64_t first_register_ms; /* when the oldest and newest of them came */
    int64_t last_register_ms;

    group_frames report_frames;
    group_report *reports;
    size_t report_count;
    int64_t first_report_ms;
} group;

/* For that run; NULL when memory is out. */
group *group_new(uint64_t run);
void group_destroy(group **self_p);

/* Is there no room for another message of any size? Then nothing may be added. */
bool group_registers_full(const group *self);
bool group_reports_full(const group *self);

/* Decode a register, and keep it if that is wanted; in between nothing may be added.
 * TL_MALFORMED if it is not well-formed. One that waits already is not kept twice. */
tl_fault group_read_register(group *self, tl_register *message, const void *bytes,
                             size_t size, tl_error *err);
void group_keep_register(group *self, const tl_register *message, size_t size,
                         int64_t now_ms);

/* Decode a report and keep it; TL_MALFORMED also for one of another run. */
tl_fault group_add_report(group *self, const void *bytes, size_t size, int64_t now_ms,
                          tl_error *err);

/* A decoded ruling counts as a report without a worker. */
void group_add_ruling(group *self, const tl_ruling *ruling, int64_t now_ms);

void group_clear_registers(group *self);
void group_clear_reports(group *self);

#endif
