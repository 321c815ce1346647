#include "worker/shrink/serve.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "proto/scope.h"
#include "worker/shrink/sandbox.h"
#include "worker/shrink/shrink.h"
#include "worker/shrink/wire.h"

typedef struct {
    void *area;    /* to read only */
    uint64_t room; /* of the area */
    shrinker *decoder;
    tl_buf *thumb;
} server;

static tl_fault
tell(const void *bytes, size_t size, tl_error *err)
{
    const uint8_t *at = bytes;

    while (size > 0) {
        ssize_t sent = send(WIRE_LINK, at, size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return tl_fail_errno(err, TL_SYSTEM, "telling the worker");
        at += sent;
        size -= (size_t) sent;
    }
    return TL_OK;
}

/* The next request; *over when the worker has closed the link. */
static tl_fault
hear(const server *self, wire_request *request, bool *over, tl_error *err)
{
    ssize_t got;

    do
        got = recv(WIRE_LINK, request, sizeof *request, MSG_WAITALL);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno != ECONNRESET) /* reset: the worker left with an answer unread */
        return tl_fail_errno(err, TL_SYSTEM, "hearing the worker");
    *over = got <= 0;
    if (*over)
        return TL_OK;
    if ((size_t) got != sizeof *request || !wire_request_valid(request, self->room))
        return tl_fail(err, TL_MALFORMED, "a request that makes no sense");
    return TL_OK;
}

/* What the error says, in letters that the worker accepts. */
static void
explain(wire_answer *answer, const tl_error *why)
{
    answer->fault = why->fault;
    for (size_t i = 0; why->text[i] && i < WIRE_DETAIL_BYTES - 1; i++)
        answer->detail[i] = '?';
    for (size_t i = 0; answer->detail[i]; i++)
        if (why->text[i] >= ' ' && why->text[i] <= '~')
            answer->detail[i] = why->text[i];
}

static tl_fault
answer(server *self, const wire_request *request, tl_error *err)
{
    shrink_job job = {.bytes = self->area, .size = request->size, .box = request->box};
    wire_answer said = {.mark = WIRE_MARK};
    picture_facts facts;
    tl_error why = {0};

    if (sandbox_allow_cpu(err) != TL_OK)
        return err->fault;
    tl_buf_clear(self->thumb);
    if (shrink(self->decoder, &job, self->thumb, &facts, &why) == TL_OK)
        said.thumb_bytes = tl_buf_size(self->thumb);
    else
        explain(&said, &why);
    said.kind = facts.kind;
    said.size = facts.size;
    said.thumb_kind = facts.thumb_kind;
    said.thumb_size = facts.thumb_size;
    if (tell(&said, sizeof said, err) != TL_OK)
        return err->fault;
    return tell(tl_buf_bytes(self->thumb), said.thumb_bytes, err);
}

static tl_fault
serve_all(server *self, tl_error *err)
{
    wire_ready ready = {WIRE_MARK, WIRE_VERSION};
    wire_request request = {0};
    bool over = false;

    if (tell(&ready, sizeof ready, err) != TL_OK)
        return err->fault;
    for (;;) {
        if (hear(self, &request, &over, err) != TL_OK || over)
            return err->fault;
        if (answer(self, &request, err) != TL_OK)
            return err->fault;
    }
}

/* The limits count the area, so they come between its size and its mapping; and libvips
 * starts under them. */
static tl_fault
prepare(server *self, const char *program, tl_error *err)
{
    struct stat area;

    if (fstat(WIRE_AREA, &area) != 0 || area.st_size <= 0)
        return tl_fail(err, TL_CANNOT_START,
                       "--serve is how a worker starts it; there is no descriptor %d",
                       WIRE_AREA);
    self->room = (uint64_t) area.st_size;
    if (sandbox_belong(err) != TL_OK || sandbox_enter(self->room, err) != TL_OK)
        return err->fault;

    self->area = mmap(NULL, self->room, PROT_READ, MAP_SHARED, WIRE_AREA, 0);
    if (self->area == MAP_FAILED) {
        self->area = NULL;
        return tl_fail_errno(err, TL_SYSTEM, "mapping the input area");
    }
    self->thumb = tl_buf_new(WIRE_THUMB_BYTES);
    if (!self->thumb)
        return tl_fail(err, TL_NO_MEMORY, "a thumbnail's buffer");
    self->decoder = shrinker_new(program, WIRE_EXIT_MEMORY, err);
    return self->decoder ? TL_OK : err->fault;
}

static void
server_close(server *self)
{
    shrinker_destroy(&self->decoder);
    tl_buf_destroy(&self->thumb);
    if (self->area)
        (void) munmap(self->area, self->room);
}

tl_fault
serve(const char *program, tl_error *err)
{
    TL_SCOPED(server_close) server self = {0};

    if (prepare(&self, program, err) != TL_OK)
        return err->fault;
    return serve_all(&self, err);
}
