#include "proto/message.h"

#include <string.h>

#include "proto/limits.h"

/* One row a field, in the order of PROTOCOL.md. A _MUST row is required. */
#define ROW(T, member_, kind_, required_, least_, most_, items_)                         \
    {                                                                                    \
        .key = #member_, .kind = (kind_), .required = (required_),                       \
        .offset = offsetof(T, member_), .least = (least_), .most = (most_),              \
        .items = (items_)                                                                \
    }
#define UINT(T, m, most)             ROW(T, m, TL_FIELD_UINT, false, 0, most, NULL)
#define UINT_MUST(T, m, least, most) ROW(T, m, TL_FIELD_UINT, true, least, most, NULL)
#define FLAG(T, m)                   ROW(T, m, TL_FIELD_BOOL, false, 0, 1, NULL)
#define TEXT(T, m, most)             ROW(T, m, TL_FIELD_TEXT, false, 0, most, NULL)
#define TEXT_MUST(T, m, most)        ROW(T, m, TL_FIELD_TEXT, true, 1, most, NULL)
#define BYTES(T, m, most)            ROW(T, m, TL_FIELD_BYTES, false, 0, most, NULL)
#define BYTES_MUST(T, m, size)       ROW(T, m, TL_FIELD_BYTES, true, size, size, NULL)
#define LIST(T, m, most, items)      ROW(T, m, TL_FIELD_LIST, false, 0, most, items)
#define LIST_MUST(T, m, least, most, items)                                              \
    ROW(T, m, TL_FIELD_LIST, true, least, most, items)

#define ANY           INT64_MAX /* SQLite and most languages' integers end here, so ours do */
#define FAULTS        199
#define PORTS         65535
#define PIXELS        65535
#define RELEASE_BYTES 64
#define OPTIONS_MOST  64

#define SCHEMA(NAME, T, name_, ...)                                                      \
    static const tl_field NAME##_fields[] = {__VA_ARGS__};                               \
    const tl_schema NAME = {                                                             \
        name_, sizeof(T), sizeof NAME##_fields / sizeof NAME##_fields[0], NAME##_fields}
#define ITEM(NAME, T, name_, ...)                                                        \
    SCHEMA(NAME, T, name_, __VA_ARGS__);                                                 \
    _Static_assert(sizeof(T) <= TL_ITEM_BYTES, "raise TL_ITEM_BYTES")
#define MESSAGE(NAME, T, name_, ...)                                                     \
    SCHEMA(NAME, T, name_, __VA_ARGS__);                                                 \
    _Static_assert(sizeof(T) <= TL_MESSAGE_BYTES, "raise TL_MESSAGE_BYTES")

/* ---- items ------------------------------------------------------------------------ */

ITEM(TL_AGAIN, tl_again, "again", UINT_MUST(tl_again, id, 1, ANY),
     UINT_MUST(tl_again, fault, 1, FAULTS), UINT(tl_again, http, 999),
     UINT(tl_again, after, ANY));

ITEM(TL_RUN_OPTION, tl_run_option, "run_option", TEXT_MUST(tl_run_option, name, 64),
     TEXT(tl_run_option, value, TL_TEXT_BYTES));

ITEM(TL_LINK, tl_link, "link", UINT_MUST(tl_link, line, 1, ANY),
     UINT(tl_link, source, 65535), TEXT(tl_link, url, TL_URL_BYTES),
     BYTES_MUST(tl_link, key, TL_KEY_BYTES), TEXT(tl_link, name, TL_NAME_BYTES),
     UINT(tl_link, fault, FAULTS), TEXT(tl_link, extra, TL_URL_BYTES));

ITEM(TL_RULING, tl_ruling, "ruling", UINT_MUST(tl_ruling, id, 1, ANY),
     UINT_MUST(tl_ruling, verdict, TL_FAILED, TL_CANCELLED),
     UINT_MUST(tl_ruling, fault, 1, FAULTS), UINT(tl_ruling, tries, TL_SENDS),
     UINT(tl_ruling, http, 999));

ITEM(TL_WORKER_FACTS, tl_worker_facts, "worker_facts",
     TEXT_MUST(tl_worker_facts, worker, TL_WORKER_NAME_BYTES),
     UINT(tl_worker_facts, slots, TL_BATCH_IDS), UINT(tl_worker_facts, held, ANY),
     UINT(tl_worker_facts, done, ANY), UINT(tl_worker_facts, bytes, ANY),
     TEXT(tl_worker_facts, trouble, TL_TEXT_BYTES));

ITEM(TL_PLACE, tl_place, "place", UINT_MUST(tl_place, id, 1, ANY),
     UINT(tl_place, verdict, TL_VERDICTS - 1), TEXT(tl_place, name, TL_NAME_BYTES));

ITEM(TL_PAGE_LINK, tl_page_link, "page_link", UINT_MUST(tl_page_link, id, 1, ANY),
     UINT_MUST(tl_page_link, line, 1, ANY), TEXT_MUST(tl_page_link, url, TL_URL_BYTES),
     BYTES_MUST(tl_page_link, key, TL_KEY_BYTES),
     TEXT_MUST(tl_page_link, name, TL_NAME_BYTES));

/* ---- CONTROL ---------------------------------------------------------------------- */

MESSAGE(TL_HELLO, tl_hello, "hello", TEXT_MUST(tl_hello, worker, TL_WORKER_NAME_BYTES),
        UINT_MUST(tl_hello, boot, 1, ANY), TEXT_MUST(tl_hello, release, RELEASE_BYTES),
        UINT_MUST(tl_hello, slots, 1, TL_BATCH_IDS));

MESSAGE(TL_HEARTBEAT, tl_heartbeat, "heartbeat",
        TEXT_MUST(tl_heartbeat, worker, TL_WORKER_NAME_BYTES),
        UINT_MUST(tl_heartbeat, boot, 1, ANY), UINT_MUST(tl_heartbeat, run, 1, ANY),
        UINT(tl_heartbeat, lane, ANY), UINT(tl_heartbeat, top, ANY),
        UINT(tl_heartbeat, slots, TL_BATCH_IDS), FLAG(tl_heartbeat, draining),
        LIST(tl_heartbeat, held, TL_BATCH_IDS, NULL),
        LIST(tl_heartbeat, begun, TL_BATCH_IDS, NULL), UINT(tl_heartbeat, done, ANY),
        UINT(tl_heartbeat, bytes, ANY), TEXT(tl_heartbeat, trouble, TL_TEXT_BYTES));

MESSAGE(TL_DONE_MESSAGE, tl_done, "done", UINT_MUST(tl_done, boot, 1, ANY),
        UINT_MUST(tl_done, run, 1, ANY), LIST(tl_done, ids, TL_BATCH_IDS, NULL),
        LIST(tl_done, again, TL_BATCH_IDS, &TL_AGAIN));

MESSAGE(TL_RETURNED, tl_returned, "returned", UINT_MUST(tl_returned, boot, 1, ANY),
        UINT_MUST(tl_returned, run, 1, ANY), LIST(tl_returned, ids, TL_BATCH_IDS, NULL));

MESSAGE(TL_GRANT, tl_grant, "grant", UINT_MUST(tl_grant, run, 1, ANY),
        UINT_MUST(tl_grant, epoch, 1, ANY), UINT_MUST(tl_grant, lane, 1, ANY),
        UINT(tl_grant, port, PORTS), TEXT(tl_grant, path, TL_ENDPOINT_BYTES),
        UINT(tl_grant, report_port, PORTS),
        TEXT(tl_grant, report_host, TL_ENDPOINT_BYTES),
        TEXT(tl_grant, report_path, TL_ENDPOINT_BYTES), TEXT(tl_grant, report_key, 40),
        LIST(tl_grant, options, OPTIONS_MOST, &TL_RUN_OPTION));

MESSAGE(TL_ANSWER, tl_answer, "answer", UINT(tl_answer, run, ANY),
        FLAG(tl_answer, cancel), FLAG(tl_answer, over), FLAG(tl_answer, drain));

MESSAGE(TL_REFUSED_MESSAGE, tl_refused, "refused",
        TEXT_MUST(tl_refused, why, TL_TEXT_BYTES));

/* ---- a lane, REPORT --------------------------------------------------------------- */

MESSAGE(TL_TASK, tl_task, "task", UINT_MUST(tl_task, id, 1, ANY),
        UINT_MUST(tl_task, seq, 1, ANY), UINT_MUST(tl_task, attempt, 1, TL_SENDS),
        FLAG(tl_task, last), TEXT_MUST(tl_task, url, TL_URL_BYTES),
        TEXT_MUST(tl_task, name, TL_NAME_BYTES), BYTES_MUST(tl_task, key, TL_KEY_BYTES));

MESSAGE(TL_REPORT, tl_report, "report", UINT_MUST(tl_report, run, 1, ANY),
        UINT_MUST(tl_report, id, 1, ANY),
        TEXT_MUST(tl_report, worker, TL_WORKER_NAME_BYTES),
        UINT_MUST(tl_report, attempt, 1, TL_SENDS),
        UINT_MUST(tl_report, verdict, TL_DONE, TL_VERDICTS - 1),
        UINT(tl_report, fault, FAULTS), UINT(tl_report, http, 999),
        TEXT(tl_report, url, TL_URL_BYTES), TEXT(tl_report, type, 16),
        UINT(tl_report, bytes, ANY), BYTES(tl_report, sha256, TL_SHA_BYTES),
        UINT(tl_report, width, PIXELS), UINT(tl_report, height, PIXELS),
        UINT(tl_report, thumb_width, PIXELS), UINT(tl_report, thumb_height, PIXELS),
        UINT(tl_report, thumb_bytes, ANY), TEXT(tl_report, name, 255),
        TEXT(tl_report, thumb, 255), UINT(tl_report, queued, ANY),
        UINT(tl_report, dns, ANY), UINT(tl_report, connect, ANY),
        UINT(tl_report, tls, ANY), UINT(tl_report, first_byte, ANY),
        UINT(tl_report, body, ANY), UINT(tl_report, shrink, ANY),
        UINT(tl_report, store, ANY), TEXT(tl_report, detail, TL_TEXT_BYTES));

/* ---- RUN -------------------------------------------------------------------------- */

MESSAGE(TL_OPEN, tl_open, "open", BYTES_MUST(tl_open, name, TL_KEY_BYTES),
        TEXT(tl_open, title, TL_TEXT_BYTES), TEXT_MUST(tl_open, release, RELEASE_BYTES),
        UINT_MUST(tl_open, instance, 1, ANY),
        LIST(tl_open, options, OPTIONS_MOST, &TL_RUN_OPTION));

MESSAGE(TL_REGISTER, tl_register, "register", UINT_MUST(tl_register, epoch, 1, ANY),
        UINT_MUST(tl_register, batch, 1, ANY),
        LIST_MUST(tl_register, links, 1, TL_BATCH_LINKS, &TL_LINK));

MESSAGE(TL_SYNC, tl_sync, "sync", UINT_MUST(tl_sync, epoch, 1, ANY),
        UINT(tl_sync, from, ANY));

MESSAGE(TL_RULINGS, tl_rulings, "rulings", UINT_MUST(tl_rulings, epoch, 1, ANY),
        LIST_MUST(tl_rulings, rulings, 1, TL_COMMIT_REPORTS, &TL_RULING));

MESSAGE(TL_LISTED, tl_listed, "listed", UINT_MUST(tl_listed, epoch, 1, ANY),
        UINT(tl_listed, lines, ANY), FLAG(tl_listed, keep));

MESSAGE(TL_PENDING_REQUEST, tl_pending, "pending", UINT_MUST(tl_pending, epoch, 1, ANY),
        UINT(tl_pending, after, ANY), UINT_MUST(tl_pending, limit, 1, TL_BATCH_LINKS));

MESSAGE(TL_STOP, tl_stop, "stop", UINT_MUST(tl_stop, epoch, 1, ANY),
        UINT_MUST(tl_stop, fault, 1, FAULTS));

MESSAGE(TL_END, tl_end, "end", UINT_MUST(tl_end, epoch, 1, ANY));

MESSAGE(TL_BYE, tl_bye, "bye", UINT_MUST(tl_bye, epoch, 1, ANY));

MESSAGE(TL_FACTS, tl_facts, "facts", UINT_MUST(tl_facts, epoch, 1, ANY),
        UINT(tl_facts, held, ANY), UINT(tl_facts, waiting, ANY),
        UINT(tl_facts, read_bytes, ANY), UINT(tl_facts, total_bytes, ANY),
        LIST(tl_facts, workers, TL_BATCH_LINKS, &TL_WORKER_FACTS));

MESSAGE(TL_OPENED, tl_opened, "opened", UINT_MUST(tl_opened, instance, 1, ANY),
        UINT_MUST(tl_opened, run, 1, ANY), UINT_MUST(tl_opened, epoch, 1, ANY),
        UINT(tl_opened, seq, ANY), UINT(tl_opened, report_port, PORTS),
        TEXT(tl_opened, report_path, TL_ENDPOINT_BYTES), TEXT(tl_opened, report_key, 40),
        FLAG(tl_opened, complete), UINT(tl_opened, links, ANY));

MESSAGE(TL_FENCED, tl_fenced, "fenced", UINT_MUST(tl_fenced, epoch, 1, ANY));

MESSAGE(TL_REGISTERED, tl_registered, "registered",
        UINT_MUST(tl_registered, epoch, 1, ANY), UINT_MUST(tl_registered, batch, 1, ANY),
        LIST_MUST(tl_registered, places, 1, TL_BATCH_LINKS, &TL_PLACE));

MESSAGE(TL_SETTLED, tl_settled, "settled", UINT(tl_settled, prev, ANY),
        UINT(tl_settled, last, ANY), LIST(tl_settled, ids, TL_BATCH_IDS, NULL));

MESSAGE(TL_SYNCED, tl_synced, "synced", UINT_MUST(tl_synced, epoch, 1, ANY),
        UINT(tl_synced, seq, ANY));

MESSAGE(TL_PAGE, tl_page, "page", UINT_MUST(tl_page, epoch, 1, ANY),
        UINT(tl_page, after, ANY), FLAG(tl_page, more),
        LIST(tl_page, links, TL_BATCH_LINKS, &TL_PAGE_LINK));

MESSAGE(TL_HEARD, tl_heard, "heard", UINT_MUST(tl_heard, epoch, 1, ANY),
        TEXT_MUST(tl_heard, message, 16));

MESSAGE(TL_COMPLETE, tl_complete, "complete", UINT_MUST(tl_complete, epoch, 1, ANY),
        UINT(tl_complete, pending, ANY), UINT(tl_complete, done, ANY),
        UINT(tl_complete, failed, ANY), UINT(tl_complete, lost, ANY),
        UINT(tl_complete, skipped, ANY), UINT(tl_complete, duplicate, ANY),
        UINT(tl_complete, unchanged, ANY), UINT(tl_complete, cancelled, ANY));

/* The busiest first: names are looked up in this order. */
static const tl_schema *const messages[] = {
    &TL_TASK,       &TL_REPORT,          &TL_DONE_MESSAGE, &TL_SETTLED, &TL_REGISTER,
    &TL_REGISTERED, &TL_HEARTBEAT,       &TL_ANSWER,       &TL_HELLO,   &TL_RETURNED,
    &TL_GRANT,      &TL_REFUSED_MESSAGE, &TL_OPEN,         &TL_SYNC,    &TL_RULINGS,
    &TL_LISTED,     &TL_PENDING_REQUEST, &TL_STOP,         &TL_END,     &TL_BYE,
    &TL_FACTS,      &TL_OPENED,          &TL_FENCED,       &TL_SYNCED,  &TL_PAGE,
    &TL_HEARD,      &TL_COMPLETE,
};

const tl_schema *
tl_schema_at(size_t index)
{
    return index < sizeof messages / sizeof messages[0] ? messages[index] : NULL;
}

const tl_schema *
tl_schema_by_name(tl_text_view name)
{
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        if (strncmp(messages[i]->name, name.at, name.size) == 0 &&
            messages[i]->name[name.size] == '\0')
            return messages[i];
    return NULL;
}
