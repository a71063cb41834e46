//! The file: opening it, checking that it is ours and whole, making it when there is none.
//!
//! Nothing is ever written to a file that is not known to be a sound journal of a version that this program knows.

use std::{
    fs::{DirBuilder, File, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

/// The file's name within `STATE_DIR`.
pub const FILE_NAME: &str = "journal.sqlite";
/// Holds a lock as long as a service uses the directory: two would send every mail twice.
const LOCK_NAME: &str = "journal.lock";

/// Marks the file as ours (`PRAGMA application_id`): "NS8b".
const APPLICATION_ID: i32 = 0x4e53_3862;
/// The version of the tables (`PRAGMA user_version`).
const VERSION: i32 = 1;

const TABLES: &str = "
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
";

/// Why the journal can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Another process has locked the directory.
    #[error("the journal {0} is in use by another ns8-backup-monitor; stop it, or choose another STATE_DIR")]
    InUse(String),
    /// The file's version is newer than this program.
    #[error(
        "the journal {path} has version {found}, and this program knows versions up to {VERSION}; install the newer \
         ns8-backup-monitor again, or move the file away to start with an empty journal"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        found: i32,
    },
    /// The file is a database, but not a journal.
    #[error("{0} is not a journal of ns8-backup-monitor; move it away, or choose another STATE_DIR")]
    NotAJournal(String),
    /// The file is damaged.
    #[error(
        "the journal {path} is damaged ({reason}); nothing was changed in it: restore it from a backup, or move it \
         away to start with an empty one"
    )]
    Damaged {
        /// The file.
        path: String,
        /// SQLite's words.
        reason: String,
    },
    /// No space is left.
    #[error("the disk of the journal {0} is full")]
    Full(String),
    /// Anything else that keeps it from being read or written.
    #[error("the journal {path} can't be used: {reason}")]
    Unusable {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The service is shutting down.
    #[error("the journal is closed")]
    Closed,
}

impl JournalError {
    /// What an error of SQLite means for the journal at `path`.
    pub(super) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let reason = error.to_string();
        let path = path.display().to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => JournalError::Full(path),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                JournalError::Damaged { path, reason }
            }
            _ => JournalError::Unusable { path, reason },
        }
    }

    fn from_io(path: &Path, error: &io::Error) -> Self {
        let path = path.display().to_string();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => JournalError::Full(path),
            _ => JournalError::Unusable { path, reason: error.to_string() },
        }
    }
}

/// An open journal, and the lock that makes it ours.
pub(super) struct Store {
    pub connection: Connection,
    _lock: File,
}

impl Store {
    /// Closes a file that was found damaged without another write to it: SQLite would tidy up its log on the way out.
    pub fn abandon(self) {
        let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }
}

/// Opens the journal in `dir`, or makes a new one.
pub(super) fn open(dir: &Path) -> Result<Store, JournalError> {
    let path = dir.join(FILE_NAME);
    let lock = lock(dir, &path)?;
    let sqlite = |error: rusqlite::Error| JournalError::from_sqlite(&path, &error);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Made before SQLite makes it, which would let others read it; its other files follow its mode.
    private_file(&path).map_err(|error| JournalError::from_io(&path, &error))?;
    let connection = Connection::open_with_flags(&path, flags).map_err(sqlite)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(sqlite)?;

    let number = |pragma| connection.query_row(pragma, [], |row| row.get::<_, i32>(0));
    let tables = number("SELECT count(*) FROM sqlite_schema").map_err(sqlite)?;
    let application_id = number("PRAGMA application_id").map_err(sqlite)?;
    let version = number("PRAGMA user_version").map_err(sqlite)?;
    match (tables, application_id, version) {
        (0, 0, 0) => create(&connection).map_err(sqlite)?,
        (_, APPLICATION_ID, VERSION) => {}
        (_, APPLICATION_ID, found) if found > VERSION => {
            return Err(JournalError::Newer { path: path.display().to_string(), found });
        }
        _ => return Err(JournalError::NotAJournal(path.display().to_string())),
    }
    let check: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(sqlite)?;
    if check != "ok" {
        return Err(JournalError::Damaged { path: path.display().to_string(), reason: check });
    }
    durable(&connection).map_err(sqlite)?;
    Ok(Store { connection, _lock: lock })
}

fn lock(dir: &Path, path: &Path) -> Result<File, JournalError> {
    // The mails name machines and people; nobody else needs to read them.
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| JournalError::from_io(path, &error))?;
    let lock_path: PathBuf = dir.join(LOCK_NAME);
    let lock = private_file(&lock_path).map_err(|error| JournalError::from_io(path, &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(JournalError::from_io(path, &error)),
    }
}

/// Opens a file that nobody else may read, and makes it if there is none.
fn private_file(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).mode(0o600).open(path)
}

/// Makes the tables. All of it or nothing: a crash in between leaves an empty file, which is made again.
fn create(connection: &Connection) -> rusqlite::Result<()> {
    durable(connection)?;
    // Tells this journal's reports from those of an earlier one, whose numbers were the same: Message-IDs must not
    // come again.
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {TABLES}
         INSERT INTO meta VALUES ('journal_id', lower(hex(randomblob(8))));
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {VERSION};
         COMMIT;"
    ))
}

/// A commit is on the disk when it returns, whatever is killed afterwards, the machine's power included.
fn durable(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(dir: &Path) -> JournalError {
        open(dir).err().expect("the journal must not open")
    }

    #[test]
    fn a_journal_is_made_where_there_is_none_and_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        let id = |store: &Store| {
            let query = "SELECT value FROM meta WHERE key = 'journal_id'";
            store.connection.query_row(query, [], |row| row.get::<_, String>(0)).unwrap()
        };
        let first = id(&open(&deep).unwrap());
        assert_eq!(first.len(), 16);
        assert_eq!(id(&open(&deep).unwrap()), first);
    }

    #[test]
    fn one_service_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let _store = open(dir.path()).unwrap();
        assert!(matches!(failure(dir.path()), JournalError::InUse(_)));
    }

    #[test]
    fn a_newer_journal_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).unwrap().connection.execute_batch("PRAGMA user_version = 99").unwrap();
        let before = std::fs::read(dir.path().join(FILE_NAME)).unwrap();
        let error = failure(dir.path());
        assert!(matches!(error, JournalError::Newer { found: 99, .. }), "{error}");
        assert!(error.to_string().contains("version 99"), "{error}");
        assert_eq!(std::fs::read(dir.path().join(FILE_NAME)).unwrap(), before);
    }

    #[test]
    fn a_database_of_another_program_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(failure(dir.path()), JournalError::NotAJournal(_)));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_damaged_journal_is_said_to_be_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        drop(open(dir.path()).unwrap());
        let sound = std::fs::read(&path).unwrap();
        let damages: [(&str, Vec<u8>); 3] = [
            ("no database at all", b"hello, this is no database".repeat(100)),
            ("cut short", sound[..sound.len() / 2].to_vec()),
            ("overwritten in the middle", {
                let mut bytes = sound.clone();
                let middle = bytes.len() / 2;
                bytes[middle..middle + 4096].fill(0xa5);
                bytes
            }),
        ];
        for (what, bytes) in damages {
            std::fs::write(&path, &bytes).unwrap();
            let error = failure(dir.path());
            assert!(matches!(error, JournalError::Damaged { .. }), "{what}: {error}");
            assert_eq!(std::fs::read(&path).unwrap(), bytes, "{what}");
        }
    }

    #[test]
    fn a_directory_that_can_not_be_made_is_said_to_be_unusable() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = failure(&file.path().join("state"));
        assert!(matches!(error, JournalError::Unusable { .. }), "{error}");
    }
}
