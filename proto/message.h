/* message — everything the programs say to each other: PROTOCOL.md's tables as structs.
 *
 * Why it exists: a message is plain data. Its struct and its schema (the rows that encode
 * and check it) stand here and in message.c, and nowhere else. Texts and lists of a
 * decoded message are views into its frame. All integers are uint64_t: what a field may
 * hold is said by its row. Times are microseconds in reports, milliseconds elsewhere. */
#ifndef TL_MESSAGE_H
#define TL_MESSAGE_H

#include "proto/codec.h"

/* ---- worker -> ventilator, on CONTROL --------------------------------------------- */

/* Here I am; repeated until granted, refused or told that nothing runs. */
typedef struct {
    tl_text_view worker;
    uint64_t boot; /* random, new at each start */
    tl_text_view release;
    uint64_t slots; /* tasks it can hold in all, the slack included */
} tl_hello;

/* The state of one lane, whole: what is not listed is not held. */
typedef struct {
    tl_text_view worker;
    uint64_t boot;
    uint64_t run;
    uint64_t lane; /* 0: none, please grant one */
    uint64_t top;  /* highest task sequence number received on this lane */
    uint64_t slots;
    bool draining;
    tl_list held;  /* ids, the begun ones included */
    tl_list begun; /* ids whose transfer or picture has been started */
    uint64_t done; /* links finished for this run, for displays */
    uint64_t bytes;
    tl_text_view trouble; /* "" or one sentence: cannot reach the sink, disk full */
} tl_heartbeat;

/* One link that may be tried again. */
typedef struct {
    uint64_t id;
    uint64_t fault;
    uint64_t http;
    uint64_t after; /* ms the server asked for (Retry-After); 0 none */
} tl_again;

/* These no longer take a slot: `ids` were reported to the sink, `again` failed in a way
 * that may pass. Always sent before the heartbeat that omits them. */
typedef struct {
    uint64_t boot;
    uint64_t run;
    tl_list ids;
    tl_list again; /* tl_again */
} tl_done;

/* Not begun and not going to be; send no more. */
typedef struct {
    uint64_t boot;
    uint64_t run;
    tl_list ids;
} tl_returned;

/* ---- ventilator -> worker, on CONTROL --------------------------------------------- */

/* One option of the run, by its name in the options table. */
typedef struct {
    tl_text_view name;
    tl_text_view value;
} tl_run_option;

/* Your lane. Repeated in answer to each heartbeat that does not show it. */
typedef struct {
    uint64_t run;
    uint64_t epoch;
    uint64_t lane;
    uint64_t port;     /* of the lane, at the host you dialled; 0: path */
    tl_text_view path; /* ipc */
    uint64_t report_port;
    tl_text_view report_host; /* "": the host you dialled */
    tl_text_view report_path;
    tl_text_view report_key; /* the sink's CURVE key; "": none */
    tl_list options;         /* tl_run_option */
} tl_grant;

/* The answer to a heartbeat or hello: alive, and what is to be done. Idempotent. */
typedef struct {
    uint64_t run;
    bool cancel; /* return what is not begun, finish or drop the rest */
    bool over;   /* the run has ended: close its lane, forget it */
    bool drain;  /* leave as if by SIGTERM */
} tl_answer;

/* You may not take part, and why. Also on RUN, sink -> ventilator. */
typedef struct {
    tl_text_view why;
} tl_refused;

/* ---- ventilator -> worker, on a lane ---------------------------------------------- */

typedef struct {
    uint64_t id;
    uint64_t seq;     /* counts the tasks of this lane from 1 */
    uint64_t attempt; /* which try this is, from 1 */
    bool last;        /* report a fault as final, even one that may pass */
    tl_text_view url;
    tl_text_view name; /* of the original's file, unique in the run, safe */
    tl_text_view key;
} tl_task;

/* ---- worker -> sink, on REPORT ---------------------------------------------------- */

typedef struct {
    uint64_t run;
    uint64_t id;
    tl_text_view worker;
    uint64_t attempt;
    uint64_t verdict; /* done, failed or skipped */
    uint64_t fault;
    uint64_t http;     /* status of the last answer; 0 none */
    tl_text_view url;  /* after redirects; "" if it is the link itself */
    tl_text_view type; /* "jpeg", ... */
    uint64_t bytes;
    tl_text_view sha256;
    uint64_t width; /* of the source, upright */
    uint64_t height;
    uint64_t thumb_width;
    uint64_t thumb_height;
    uint64_t thumb_bytes;
    tl_text_view name;  /* of the original's file as written; "" if not kept */
    tl_text_view thumb; /* of the thumbnail's file; "" if there is none */
    uint64_t queued;    /* microseconds each */
    uint64_t dns;
    uint64_t connect;
    uint64_t tls;
    uint64_t first_byte;
    uint64_t body;
    uint64_t shrink;
    uint64_t store;
    tl_text_view detail; /* for people: what exactly went wrong */
} tl_report;

/* ---- ventilator -> sink, on RUN --------------------------------------------------- */

typedef struct {
    tl_text_view name;  /* digest of the source's names and the run's options */
    tl_text_view title; /* the source's names, for people */
    tl_text_view release;
    uint64_t instance; /* random, new at each start: a repeated open is the same one */
    tl_list options;   /* tl_run_option */
} tl_open;

/* One line of the source. */
typedef struct {
    uint64_t line;    /* from 1 */
    uint64_t source;  /* which of the sources, from 0 */
    tl_text_view url; /* escaped and cut where the line is malformed */
    tl_text_view key;
    tl_text_view name; /* wanted name of the original's file */
    uint64_t fault;    /* not 0: malformed; recorded as failed at once */
    tl_text_view extra;
} tl_link;

typedef struct {
    uint64_t epoch;
    uint64_t batch; /* counts from 1; repeated with the same number until answered */
    tl_list links;  /* tl_link */
} tl_register;

typedef struct {
    uint64_t epoch;
    uint64_t from; /* the last number of the chain that arrived */
} tl_sync;

/* One verdict that the ventilator has to speak. */
typedef struct {
    uint64_t id;
    uint64_t verdict; /* failed, lost, skipped or cancelled */
    uint64_t fault;
    uint64_t tries;
    uint64_t http;
} tl_ruling;

typedef struct {
    uint64_t epoch;
    tl_list rulings; /* tl_ruling */
} tl_rulings;

/* The source has ended. Pending links that this epoch did not register are cancelled,
 * unless the source cannot be read again (`keep`): then they are asked for by pages. */
typedef struct {
    uint64_t epoch;
    uint64_t lines; /* blank lines and comments included */
    bool keep;
} tl_listed;

/* A page of pending links, please: the first `limit` ids above `after`. */
typedef struct {
    uint64_t epoch;
    uint64_t after;
    uint64_t limit;
} tl_pending;

/* Cut short: end every pending link as cancelled with this fault. */
typedef struct {
    uint64_t epoch;
    uint64_t fault;
} tl_stop;

typedef struct {
    uint64_t epoch;
} tl_end;

typedef struct {
    uint64_t epoch;
} tl_bye;

/* What the ventilator knows of a worker, for displays. */
typedef struct {
    tl_text_view worker;
    uint64_t slots;
    uint64_t held;
    uint64_t done;
    uint64_t bytes;
    tl_text_view trouble;
} tl_worker_facts;

/* Fleet facts, about once a second, never answered. */
typedef struct {
    uint64_t epoch;
    uint64_t held;        /* with workers */
    uint64_t waiting;     /* registered, not sent */
    uint64_t read_bytes;  /* of the source so far */
    uint64_t total_bytes; /* of the source; 0 unknown */
    tl_list workers;      /* tl_worker_facts */
} tl_facts;

/* ---- sink -> ventilator, on RUN --------------------------------------------------- */

typedef struct {
    uint64_t instance; /* of the open that this answers */
    uint64_t run;
    uint64_t epoch;
    uint64_t seq; /* the chain's last number so far */
    uint64_t report_port;
    tl_text_view report_path;
    tl_text_view report_key;
    bool complete;  /* the source was listed to its end and nothing is pending */
    uint64_t links; /* known so far */
} tl_opened;

/* A newer ventilator runs this record: leave. */
typedef struct {
    uint64_t epoch;
} tl_fenced;

typedef struct {
    uint64_t id;
    uint64_t verdict;  /* pending: work on it; duplicate; else it has ended before */
    tl_text_view name; /* for pending links: the original's file name */
} tl_place;

/* One place a link of the register with that number, in its order. */
typedef struct {
    uint64_t epoch;
    uint64_t batch;
    tl_list places; /* tl_place */
} tl_registered;

/* These have ended and are on disk. The chain goes prev -> last; both 0 for links that
 * had ended before and were reported again. */
typedef struct {
    uint64_t prev;
    uint64_t last;
    tl_list ids;
} tl_settled;

/* All that was settled up to seq has been said. */
typedef struct {
    uint64_t epoch;
    uint64_t seq;
} tl_synced;

typedef struct {
    uint64_t id;
    uint64_t line;
    tl_text_view url;
    tl_text_view key;
    tl_text_view name;
} tl_page_link;

typedef struct {
    uint64_t epoch;
    uint64_t after;
    bool more;
    tl_list links; /* tl_page_link */
} tl_page;

/* A listed or stop has been carried out and is on disk. */
typedef struct {
    uint64_t epoch;
    tl_text_view message; /* "listed" or "stop" */
} tl_heard;

/* The answer to end: `pending` is 0 when the run is complete. */
typedef struct {
    uint64_t epoch;
    uint64_t pending;
    uint64_t done;
    uint64_t failed;
    uint64_t lost;
    uint64_t skipped;
    uint64_t duplicate;
    uint64_t unchanged;
    uint64_t cancelled;
} tl_complete;

/* Every message's schema; `TL_TASK` describes tl_task, and so on. */
extern const tl_schema TL_HELLO, TL_HEARTBEAT, TL_DONE_MESSAGE, TL_RETURNED, TL_GRANT,
    TL_ANSWER, TL_REFUSED_MESSAGE, TL_TASK, TL_REPORT, TL_OPEN, TL_REGISTER, TL_SYNC,
    TL_RULINGS, TL_LISTED, TL_PENDING_REQUEST, TL_STOP, TL_END, TL_BYE, TL_FACTS,
    TL_OPENED, TL_FENCED, TL_REGISTERED, TL_SETTLED, TL_SYNCED, TL_PAGE, TL_HEARD,
    TL_COMPLETE;

/* Items of lists. */
extern const tl_schema TL_AGAIN, TL_RUN_OPTION, TL_LINK, TL_RULING, TL_WORKER_FACTS,
    TL_PLACE, TL_PAGE_LINK;

/* Room for the largest message and the largest item; message.c checks them. */
enum { TL_MESSAGE_BYTES = 512, TL_ITEM_BYTES = 128 };

/* The schema of that name; NULL if there is none. */
const tl_schema *tl_schema_by_name(tl_text_view name);

/* Message `index`, for documents, tests and fuzzers; NULL past the end. */
const tl_schema *tl_schema_at(size_t index);

#endif
