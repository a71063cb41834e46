// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

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

use super::migrations::{self, LATEST};

/// The file's name within `STATE_DIR`.
pub const FILE_NAME: &str = "journal.sqlite";
/// Holds a lock as long as a service uses the directory: two would send every mail twice.
const LOCK_NAME: &str = "journal.lock";

/// How much of the file each reader keeps in memory. Negative: in KiB, as SQLite has it.
const READ_CACHE_KIB: i32 = -256;
/// Marks the file as ours (`PRAGMA application_id`): "NS8b".
const APPLICATION_ID: i32 = 0x4e53_3862;

/// Why the journal can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Another process has locked the directory.
    #[error("the journal {0} is in use by another ns8-backup-monitor; stop it, or choose another STATE_DIR")]
    InUse(String),
    /// The file's version is newer than this program.
    #[error(
        "the journal {path} has version {found}, and this program knows versions up to {LATEST}; install the newer \
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
        (0, 0, 0) => {}
        (_, APPLICATION_ID, 1..=LATEST) => check(&connection, &path)?,
        (_, APPLICATION_ID, found) if found > LATEST => {
            return Err(JournalError::Newer { path: path.display().to_string(), found });
        }
        _ => return Err(JournalError::NotAJournal(path.display().to_string())),
    }
    durable(&connection).map_err(sqlite)?;
    migrations::apply(&connection, version, APPLICATION_ID).map_err(sqlite)?;
    Ok(Store { connection, _lock: lock })
}

/// Opens the journal in `dir` to be read beside the service that has it open. None where there is none of this version.
pub(super) fn open_to_read(dir: &Path) -> Result<Option<Connection>, JournalError> {
    let path = dir.join(FILE_NAME);
    if !path.exists() {
        return Ok(None);
    }
    let sqlite = |error: rusqlite::Error| JournalError::from_sqlite(&path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(sqlite)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(sqlite)?;
    // A list reads each page once, and many may read at a time: SQLite's own 2 MB would be held by each of them.
    connection.pragma_update(None, "cache_size", READ_CACHE_KIB).map_err(sqlite)?;
    let number = |pragma| connection.query_row(pragma, [], |row| row.get::<_, i32>(0));
    let version = number("PRAGMA user_version").map_err(sqlite)?;
    let is_ours = number("PRAGMA application_id").map_err(sqlite)? == APPLICATION_ID && version == LATEST;
    Ok(is_ours.then_some(connection))
}

/// Looks through a file before anything is written to it.
fn check(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let check = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match check.map_err(|error| JournalError::from_sqlite(path, &error))?.as_str() {
        "ok" => Ok(()),
        reason => Err(JournalError::Damaged { path: path.display().to_string(), reason: reason.to_owned() }),
    }
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
