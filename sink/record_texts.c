#include "sink/record_inside.h"

const char *const record_texts[RECORD_STATEMENTS] = {
    [RECORD_BEGIN] = "BEGIN IMMEDIATE",
    [RECORD_COMMIT] = "COMMIT",
    [RECORD_ROLLBACK] = "ROLLBACK",

    [RECORD_RUN] =
        "SELECT run, name, title, listed, max(seq, coalesce((SELECT max(seq) FROM "
        "report), 0)), coalesce((SELECT max(epoch) FROM epoch), 0), "
        "coalesce((SELECT max(id) FROM link), 0) FROM run",
    [RECORD_NAME_RUN] = "UPDATE run SET name = ?1, title = ?2 WHERE name IS NULL",
    [RECORD_ADD_OPTION] = "INSERT OR IGNORE INTO run_option VALUES (?1, ?2)",
    [RECORD_ADD_EPOCH] = "INSERT INTO epoch VALUES (?1, ?2, ?3, ?4)",
    [RECORD_EPOCH_OF] = "SELECT epoch FROM epoch WHERE instance = ?1",
    [RECORD_SET_LISTED] = "UPDATE run SET listed = ?1, lines = ?2",
    [RECORD_KEEP_SEQ] = "UPDATE run SET seq = ?1",

    [RECORD_CLAIM_SLOT] = "INSERT INTO key_slot VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    [RECORD_HOLDER] = "SELECT id FROM key_slot WHERE slot = ?1",
    [RECORD_CLAIM_NAME] = "INSERT INTO name_hash VALUES (?1) ON CONFLICT DO NOTHING",
    [RECORD_ADD_LINK] = "INSERT INTO link VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [RECORD_FIND_LINK] =
        "SELECT key, source, line, epoch, link.name, coalesce(verdict, 0), "
        "coalesce(fault, 0) FROM link LEFT JOIN report USING (id) "
        "WHERE link.id = ?1",
    [RECORD_HAS_LINK] = "SELECT 1 FROM link WHERE id = ?1",
    [RECORD_RELIST] = "UPDATE link SET source = ?2, line = ?3, epoch = ?4 WHERE id = ?1",
    [RECORD_ADD_DUPLICATE] = "INSERT INTO duplicate VALUES (?1, ?2, ?3, ?4)",
    /* In an older list the line may have named another link. */
    [RECORD_RENEW_DUPLICATE] = "UPDATE duplicate SET epoch = ?3, id = ?4 "
                               "WHERE source = ?1 AND line = ?2",
    [RECORD_FORGET_DUPLICATES] = "DELETE FROM duplicate WHERE epoch < ?1",
    [RECORD_COUNT_DUPLICATES] = "SELECT count(*) FROM duplicate",
    [RECORD_PENDING] =
        "SELECT id, line, url, key, name FROM link WHERE id > ?1 AND epoch < ?2 "
        "AND NOT EXISTS (SELECT 1 FROM report WHERE report.id = link.id) "
        "ORDER BY id",

    [RECORD_ADD_REPORT] =
        "INSERT INTO report SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
        "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, "
        "?24, ?25, ?26, ?27, ?28 "
        "WHERE EXISTS (SELECT 1 FROM link WHERE link.id = ?2) "
        "ON CONFLICT (id) DO NOTHING",
    [RECORD_REOPEN] = "DELETE FROM report WHERE id = ?1",
    [RECORD_SETTLED] = "SELECT seq, id FROM report WHERE seq > ?1 ORDER BY seq",
    [RECORD_REPORTS] = "SELECT verdict, fault, worker, bytes, queued, dns, connect, tls, "
                       "first_byte, body, shrink, store FROM report ORDER BY seq",
};
