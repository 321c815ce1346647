/* wire — what a worker and its helper say to each other.
 *
 * Why it exists: the picture's bytes lie in memory that both see, so all that travels is
 * three small structs over a socket, in the machine's own byte order: both ends are of
 * one machine and one release, and the version says so. A helper has met hostile
 * pictures, so the worker believes nothing that wire_answer_valid has not checked.
 *
 *     helper                              worker
 *     wire_ready, once        ────────>
 *                             <────────   wire_request, its bytes at the area's start
 *     wire_answer, thumbnail  ────────>
 */
#ifndef WIRE_H
#define WIRE_H

#include "proto/fault.h"
#include "worker/shrink/picture.h"

enum {
    WIRE_MARK = 0x746c7368,
    WIRE_VERSION = 1,
    WIRE_LINK = 3, /* descriptors a helper starts with: the socket ... */
    WIRE_AREA = 4, /* ... and the memory with the picture, which it may only read */
    WIRE_EXIT_MEMORY = 12, /* a helper's exit status when memory is out */
    WIRE_DETAIL_BYTES = 200,
    WIRE_THUMB_BYTES = 64 << 20, /* a PNG of noise that fills 4096x4096 */
};

typedef struct {
    uint32_t mark;
    uint32_t version;
} wire_ready;

typedef struct {
    uint32_t mark;
    picture_size box; /* the thumbnail fits into it */
    uint32_t spare;   /* 0 */
    uint64_t size;    /* of the picture, in bytes */
} wire_request;

/* Kinds and fault are numbers here: an enum with a wrong value is undefined behaviour. */
typedef struct {
    uint32_t mark;
    uint32_t fault;
    uint32_t kind;
    uint32_t thumb_kind;
    picture_size size;
    picture_size thumb_size;
    uint64_t thumb_bytes;           /* that follow */
    char detail[WIRE_DETAIL_BYTES]; /* for people, ends with NUL */
} wire_answer;

bool wire_ready_valid(const wire_ready *ready);

/* `room` is the size of the area. */
bool wire_request_valid(const wire_request *request, uint64_t room);

/* May the worker believe that this answers a request with that box? */
bool wire_answer_valid(const wire_answer *answer, picture_size box);

#endif
