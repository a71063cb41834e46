-- The tables of 0.1.0. Times are milliseconds since 1970.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Work in progress. Times are milliseconds since 1970.
CREATE TABLE jobs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: a report keeps the number of its job
    created_at INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    stage      TEXT NOT NULL,                     -- waiting, correlated, checked
    follow_up  INTEGER NOT NULL,                  -- 1: a second look at what was told as PENDING or UNKNOWN
    looks      INTEGER NOT NULL,                  -- how often the cluster was read for it
    alerts     INTEGER NOT NULL,                  -- how many it has
    data       TEXT,                              -- the value of the stage that was reached, JSON
    note       TEXT                               -- what it waits for, in words
) STRICT;

CREATE TABLE job_alerts (
    job_id   INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    identity TEXT NOT NULL,
    alert    TEXT NOT NULL,                       -- JSON
    PRIMARY KEY (job_id, identity)
) STRICT, WITHOUT ROWID;

CREATE TABLE reports (
    id              INTEGER PRIMARY KEY,          -- of the job that made it
    created_at      INTEGER NOT NULL,
    outcome         TEXT NOT NULL,
    plans           TEXT NOT NULL,                -- their ids, names and outcomes, JSON
    report          TEXT NOT NULL,                -- JSON
    subject         TEXT NOT NULL,
    text            TEXT NOT NULL,
    html            TEXT NOT NULL,
    delivery        TEXT NOT NULL,                -- queued, sent, unchanged, unneeded, failed
    queued_at       INTEGER NOT NULL,             -- since when its mail waits: from here it is given up after a time
    resends         INTEGER NOT NULL,             -- how often somebody had it sent again
    attempts        INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    sent_at         INTEGER,
    accepted        TEXT NOT NULL,                -- addresses, JSON
    refused         TEXT NOT NULL,                -- addresses with the server's words, JSON
    last_error      TEXT
) STRICT;
CREATE INDEX reports_queued ON reports (next_attempt_at) WHERE delivery = 'queued';

-- What was last told of each plan, to tell a change from a repetition.
CREATE TABLE told (
    plan      TEXT PRIMARY KEY,
    digest    TEXT NOT NULL,
    outcome   TEXT NOT NULL,
    report_id INTEGER NOT NULL,
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Past runs of the plans.
CREATE TABLE runs (
    plan      TEXT NOT NULL,
    began_at  INTEGER NOT NULL,
    ended_at  INTEGER NOT NULL,
    outcome   TEXT NOT NULL,
    report_id INTEGER,                            -- the report that tells it, which may be gone
    digest    TEXT,                               -- what it tells
    run       TEXT NOT NULL,                      -- JSON
    PRIMARY KEY (plan, began_at)
) STRICT, WITHOUT ROWID;

-- Alerts of Alertmanager that were taken, by webhook or by poll.
CREATE TABLE seen (
    fingerprint TEXT PRIMARY KEY,
    starts_at   INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    by_webhook  INTEGER NOT NULL,
    job_id      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the watchers keep over restarts.
CREATE TABLE marks (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL                           -- JSON
) STRICT, WITHOUT ROWID;

-- Tells this journal's reports from those of an earlier one, whose numbers were the same: Message-IDs must not come again.
INSERT INTO meta VALUES ('journal_id', lower(hex(randomblob(8))));
