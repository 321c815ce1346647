#include "worker/report.h"

#include <string.h>

#include "proto/limits.h"
#include "proto/utf8.h"

bool
report_is_premature(const job *it)
{
    tl_retry retry = tl_fault_retry(it->fault);

    if (it->fault == TL_OK || it->last || retry == TL_RETRY_NEVER)
        return false;
    return retry == TL_RETRY_TRIES || it->attempt == 1;
}

static tl_text_view
view_if_text(const char *text, size_t most)
{
    size_t size = text ? strlen(text) : 0;

    if (size > most || !tl_utf8_valid((const uint8_t *) text, size))
        return (tl_text_view){0};
    return (tl_text_view){.at = text, .size = size};
}

static void
add_picture(const job *it, tl_report *report)
{
    if (it->facts.kind == PICTURE_NONE)
        return;
    report->type = tl_view(picture_label(it->facts.kind));
    report->width = it->facts.size.width;
    report->height = it->facts.size.height;
    if (it->fault != TL_OK)
        return;
    report->thumb_width = it->facts.thumb_size.width;
    report->thumb_height = it->facts.thumb_size.height;
    report->thumb_bytes = it->order.thumb_bytes;
    report->thumb = tl_view(it->order.written.thumbnail);
    if (it->order.originals)
        report->name = tl_view(it->order.written.original);
    report->sha256 = (tl_text_view){(const char *) it->order.sha256, TL_SHA_BYTES};
}

bool
report_make(const job *it, uint64_t run, const char *worker, tl_buf *frame)
{
    tl_error err = {0};
    tl_report report = {
        .run = run,
        .id = it->id,
        .worker = tl_view(worker),
        .attempt = it->attempt,
        .verdict = it->fault == TL_OK ? TL_DONE : TL_FAILED,
        .fault = (uint64_t) it->fault,
        .http = it->http,
        .url = view_if_text(it->final_url, TL_URL_BYTES),
        .bytes = it->bytes,
        .queued = it->queued,
        .dns = it->dns,
        .connect = it->connect,
        .tls = it->tls,
        .first_byte = it->first_byte,
        .body = it->body_time,
        .shrink = it->shrink,
        .store = it->store,
        .detail = view_if_text(it->detail, TL_TEXT_BYTES),
    };

    add_picture(it, &report);
    return tl_encode(&TL_REPORT, &report, frame, &err) == TL_OK;
}
