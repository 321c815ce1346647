/* limits — every bound that a peer, a list or a server can push against.
 *
 * Why it exists: one place to read what can grow and how far. The unit is in the name,
 * the consequence in the comment. Bounds that a person may set are in options.def. */
#ifndef TL_LIMITS_H
#define TL_LIMITS_H

enum {
    TL_VERSION_MAJOR = 1, /* of the protocol; another major is refused by name */

    TL_FRAME_BYTES = 64 << 10, /* a message; MAXMSGSIZE cuts longer ones at the socket */
    TL_BATCH_BYTES =
        48 << 10,         /* of list items in one message, so the rest fits as well */
    TL_BATCH_LINKS = 256, /* links in one register or pending message */
    TL_BATCH_IDS = 4096,  /* ids in one message: 9 bytes each at most, 36 KiB */
    TL_NEST_LEVELS = 8,   /* of arrays and maps in a message; deeper is refused */

    TL_URL_BYTES = 8 << 10,    /* of a link; longer lines are recorded as failed */
    TL_NAME_BYTES = 200,       /* of an output name; "_thumbnail_512x512.webp" and a
                                  temporary suffix must fit into a file system's 255 */
    TL_WORKER_NAME_BYTES = 64, /* shown in tables, part of temporary file names */
    TL_TEXT_BYTES = 1024,      /* free text in a message: details, notes */
    TL_ENDPOINT_BYTES = 256,   /* ipc paths end at 107 anyway */
    TL_KEY_BYTES = 16,         /* identity of a link: half a SHA-256 */
    TL_SHA_BYTES = 32,

    TL_AHEAD_LINKS = 65536,    /* registered and not settled, held by a ventilator */
    TL_AHEAD_BYTES = 16 << 20, /* their text; 65,536 links of 8 KiB would be 512 MiB */
    TL_REPORTED_LINKS = 20000, /* done but not settled: a slow sink stops dispatch here */
    TL_CACHE_REPORTS = 4096,   /* a worker's last reports, to answer again without work */
    TL_LOSSES = 3,             /* workers that may die on a link */
    TL_SENDS = 50,             /* of one link, for whatever reason */

    TL_COMMIT_REPORTS = 1000, /* reports in one transaction of the sink */
    TL_COMMIT_MS = 50,        /* or whatever came in this time */

    TL_BEAT_MS = 1000,   /* a heartbeat at least so often, and at every change */
    TL_SILENT_MS = 5000, /* a worker or ventilator silent for this long is gone */
    TL_LISTEN_MS = 2500, /* a restarted ventilator adopts what workers hold first */
    TL_SETTLE_MS = 5000, /* done and not settled for this long: ask the sink */
    TL_REPEAT_MS = 1000, /* register, sync, end: repeated until answered */
    TL_GRACE_MS = 5000,  /* for what is in flight when a run is cancelled */
    TL_BYE_MS = 10000,   /* the sink waits this long for the ventilator's bye */
};

#endif
