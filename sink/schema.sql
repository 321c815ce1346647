-- schema — the record of one run: what was listed, and how each link ended.
--
-- Why it looks so: links and reports are only ever appended, which is what a B-tree does
-- best. What has to be found at random (keys and names) stands in tables of its own with
-- rows as small as can be: the pages of those are nearly all that a large batch writes.
-- A link is pending while it has no report.

-- The run, one row.
CREATE TABLE run (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    run INTEGER NOT NULL,              -- random: reports carry it, so those of other runs are told apart
    name BLOB,                         -- digest of the source's names and the options; NULL before the first open
    title TEXT NOT NULL DEFAULT '',
    seq INTEGER NOT NULL DEFAULT 0,    -- reports may be gone again, their numbers must not come back
    listed INTEGER NOT NULL DEFAULT 0, -- the last epoch that has seen its source's end, 0 none
    lines INTEGER NOT NULL DEFAULT 0   -- of the source, blank ones included
) STRICT;

-- Run options, for people.
CREATE TABLE run_option (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Each start of a ventilator; a new one fences those before it.
CREATE TABLE epoch (
    epoch INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL UNIQUE, -- random: an open that is repeated is known by it
    release TEXT NOT NULL,
    opened INTEGER NOT NULL           -- ms since 1970
) STRICT;

CREATE TABLE link (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,       -- hash of the URL and the run's options
    source INTEGER NOT NULL, -- which of the sources, from 0
    line INTEGER NOT NULL,
    epoch INTEGER NOT NULL,  -- that listed it last
    url TEXT NOT NULL,       -- of a malformed line: what there is of it, escaped
    extra TEXT NOT NULL,
    name TEXT NOT NULL       -- of its file; '' where it is malformed
) STRICT;

-- Finds links by key. Half a key is enough for that (the link has the whole one, and a
-- slot that is taken by another key is followed by the next), and half as large.
CREATE TABLE key_slot (
    slot INTEGER PRIMARY KEY,
    id INTEGER NOT NULL
) STRICT;

-- Hashes of the names that are taken. Two names with one hash only make one longer.
CREATE TABLE name_hash (
    hash INTEGER PRIMARY KEY
) STRICT;

-- Lines that name a link again which the same list had before.
CREATE TABLE duplicate (
    source INTEGER NOT NULL,
    line INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    id INTEGER NOT NULL, -- of the link
    PRIMARY KEY (source, line)
) STRICT, WITHOUT ROWID;

-- How links ended, in the order of the settled chain; numbers as in PROTOCOL.md. Links end
-- nearly in the order of their ids, so the index on id is appended to as well.
CREATE TABLE report (
    seq INTEGER PRIMARY KEY,
    id INTEGER NOT NULL UNIQUE, -- one verdict a link, whatever happens
    verdict INTEGER NOT NULL,
    fault INTEGER NOT NULL,
    ended INTEGER NOT NULL,     -- ms since 1970
    worker TEXT NOT NULL,       -- '' if the ventilator or the sink ended it
    tries INTEGER NOT NULL,
    http INTEGER NOT NULL,
    url TEXT NOT NULL,          -- after redirects, '' if it is the link's
    type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    thumb_width INTEGER NOT NULL,
    thumb_height INTEGER NOT NULL,
    thumb_bytes INTEGER NOT NULL,
    name TEXT NOT NULL,         -- of the original as written, '' if it was not kept
    thumb TEXT NOT NULL,
    queued INTEGER NOT NULL,    -- microseconds, like all that follow
    dns INTEGER NOT NULL,
    connect INTEGER NOT NULL,
    tls INTEGER NOT NULL,
    first_byte INTEGER NOT NULL,
    body INTEGER NOT NULL,
    shrink INTEGER NOT NULL,
    store INTEGER NOT NULL,
    detail TEXT NOT NULL
) STRICT;

-- For people: sqlite3 run.db "SELECT url, verdict, detail FROM result WHERE verdict <> 'done'"
CREATE VIEW result AS
SELECT link.id, link.source, link.line, link.url, coalesce(report.name, '') AS file,
       coalesce(report.thumb, '') AS thumb,
       CASE coalesce(report.verdict, 0)
           WHEN 0 THEN 'pending' WHEN 1 THEN 'done' WHEN 2 THEN 'failed' WHEN 3 THEN 'lost'
           WHEN 4 THEN 'skipped' WHEN 6 THEN 'unchanged' WHEN 7 THEN 'cancelled'
       END AS verdict,
       report.fault, report.http, report.tries, report.worker, report.detail
FROM link LEFT JOIN report ON report.id = link.id;
