-- 0.2.0: why a report was mailed or not, jobs that fail, and reports found by plan and application without reading their JSON.

ALTER TABLE told RENAME TO notifications;
ALTER TABLE seen RENAME TO ingested_alerts;
ALTER TABLE marks RENAME TO checkpoints;
ALTER TABLE jobs RENAME COLUMN looks TO reads;

ALTER TABLE reports ADD COLUMN decision TEXT;                     -- JSON; NULL for those of 0.1.0

ALTER TABLE jobs ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;  -- how often in a row it could not be driven
ALTER TABLE jobs ADD COLUMN strangers INTEGER NOT NULL DEFAULT 0; -- how many of its alerts name a plan of which no run is known
ALTER TABLE jobs ADD COLUMN failure TEXT;                         -- why, the last time

-- Jobs that were given up: what they were about, for whoever looks into it.
CREATE TABLE abandoned_jobs (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    stage   TEXT NOT NULL,
    data    TEXT,
    alerts  TEXT NOT NULL                                         -- JSON
) STRICT;

CREATE TABLE report_plans (
    plan      TEXT NOT NULL,
    report_id INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    PRIMARY KEY (plan, report_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX report_plans_of ON report_plans (report_id);

CREATE TABLE report_applications (
    application TEXT NOT NULL,
    report_id   INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    PRIMARY KEY (application, report_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX report_applications_of ON report_applications (report_id);

CREATE INDEX reports_by_outcome ON reports (outcome, id);

INSERT OR IGNORE INTO report_plans
SELECT plan.value ->> 'id', reports.id
FROM reports, json_each(iif(json_valid(plans), plans, '[]')) AS plan
WHERE plan.type = 'object' AND plan.value ->> 'id' IS NOT NULL;

INSERT OR IGNORE INTO report_applications
SELECT application.value ->> 'module', reports.id
FROM reports, json_each(iif(json_valid(report), report, '{}'), '$.correlation.plans') AS plan,
    json_each(plan.value, '$.applications') AS application
WHERE plan.type = 'object' AND application.type = 'object' AND application.value ->> 'module' IS NOT NULL;

-- Incidents: a plan from its first run that is not SUCCESS to its next SUCCESS.
CREATE TABLE incidents (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    plan      TEXT NOT NULL,
    since     INTEGER NOT NULL,                                   -- when its first run began
    closed_at INTEGER,                                            -- NULL while it is open
    incident  TEXT NOT NULL                                       -- JSON
) STRICT;
CREATE UNIQUE INDEX incidents_open ON incidents (plan) WHERE closed_at IS NULL;

-- What can be restored of each application, as far as its repository was read.
CREATE TABLE restore_points (
    plan        TEXT NOT NULL,
    module      TEXT NOT NULL,
    destination TEXT NOT NULL,
    at          INTEGER,                                          -- of the last snapshot; NULL when there is none
    size        INTEGER,                                          -- bytes in it, where known
    count       INTEGER,                                          -- how many snapshots there are; NULL where it was never read
    told_count  INTEGER,                                          -- how many there were before most of them were gone, untold
    proved_at   INTEGER,                                          -- when the repository was read; NULL where it never was
    asked_at    INTEGER,                                          -- when the daily proof last asked, whatever came of it
    since       INTEGER,                                          -- when the daily proof first asked
    retention   INTEGER,                                          -- how many snapshots are kept of it, as the plans said then
    kept_since  INTEGER,                                          -- since when they say so
    most        INTEGER,                                          -- the most snapshots that there were since then
    health      TEXT NOT NULL,                                    -- of the repository when it was last asked
    PRIMARY KEY (plan, module, destination)
) STRICT, WITHOUT ROWID;

-- Gaps: what no backup protects.
CREATE TABLE gaps (
    key         TEXT PRIMARY KEY,                                 -- its kind, and what it is about
    source      TEXT NOT NULL,                                    -- who finds it
    gap         TEXT NOT NULL,                                    -- JSON
    since       INTEGER NOT NULL,                                 -- when it was first found
    reported_at INTEGER                                           -- when it was mailed
) STRICT, WITHOUT ROWID;

-- Mails that are about no run.
CREATE TABLE notices (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,                 -- never used twice: it is part of a Message-ID
    kind       TEXT NOT NULL,                                     -- gaps, summary
    created_at INTEGER NOT NULL,
    payload    TEXT NOT NULL                                      -- what the webhook gets, JSON
) STRICT;

-- What goes out: a row for each report or notice, each audience and each channel.
CREATE TABLE deliveries (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    report_id       INTEGER REFERENCES reports (id) ON DELETE CASCADE,
    notice_id       INTEGER REFERENCES notices (id) ON DELETE CASCADE,
    audience        TEXT NOT NULL,                                -- its key; '' for the recipients of 0.1.0
    channel         TEXT NOT NULL,                                -- mail, webhook
    outcome         TEXT,                                         -- what the mail's header says; NULL for notices
    subject         TEXT,                                         -- NULL: what the report has
    text            TEXT,
    html            TEXT,
    state           TEXT NOT NULL,                                -- queued, sent, unchanged, unneeded, failed
    queued_at       INTEGER NOT NULL,
    resends         INTEGER NOT NULL DEFAULT 0,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL,
    sent_at         INTEGER,
    accepted        TEXT NOT NULL DEFAULT '[]',                   -- addresses, JSON
    refused         TEXT NOT NULL DEFAULT '[]',                   -- addresses with the server's words, JSON
    perhaps         TEXT NOT NULL DEFAULT '[]',                   -- addresses that perhaps have it, why, and how often, JSON
    last_error      TEXT,
    message_id      TEXT,                                         -- once it was tried
    threads         TEXT NOT NULL DEFAULT '[]',                   -- the first reports of the incidents that it is about, JSON
    UNIQUE (report_id, audience, channel),
    UNIQUE (notice_id, audience, channel)
) STRICT;
CREATE INDEX deliveries_queued ON deliveries (next_attempt_at) WHERE state = 'queued';

INSERT INTO deliveries (report_id, audience, channel, outcome, state, queued_at, resends, attempts, next_attempt_at, sent_at, accepted,
    refused, last_error)
SELECT id, '', 'mail', outcome, delivery, queued_at, resends, attempts, next_attempt_at, sent_at, accepted, refused, last_error FROM reports;

DROP INDEX reports_queued;
ALTER TABLE reports DROP COLUMN delivery;
ALTER TABLE reports DROP COLUMN queued_at;
ALTER TABLE reports DROP COLUMN resends;
ALTER TABLE reports DROP COLUMN attempts;
ALTER TABLE reports DROP COLUMN next_attempt_at;
ALTER TABLE reports DROP COLUMN sent_at;
ALTER TABLE reports DROP COLUMN accepted;
ALTER TABLE reports DROP COLUMN refused;
ALTER TABLE reports DROP COLUMN last_error;
