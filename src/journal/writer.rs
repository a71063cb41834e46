// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The one thread that touches the file, and how commits are grouped.
//!
//! Whoever wants something of the journal sends a piece of work and waits. The thread takes all that has arrived,
//! runs it in one transaction and commits once; only then does anybody get an answer. While it waits for the disk, the
//! next group gathers, so that durability costs one fsync for many requests and none for a request alone.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{
    rows::{Database, UnreadableRows},
    store::{self, JournalError, Store},
};

/// The most pieces of work in one transaction.
const MAX_GROUP: usize = 256;
/// How many pieces of work may wait. The receiver's bound on connections is lower.
const QUEUE: usize = 1024;
/// How long after a failure to open the file it is tried again.
const REOPEN_PAUSE: Duration = Duration::from_secs(1);

/// A piece of work. It runs within the group's transaction, or is told why there is none; what it returns is called
/// with the result of the commit.
type Work = Box<dyn FnOnce(Result<&Database, JournalError>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), JournalError>)>;

/// Sends work to the thread.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Work>,
    path: PathBuf,
    /// Whether the file is open.
    is_open: Arc<AtomicBool>,
    /// The rows that could not be read so far.
    pub unreadable: Arc<UnreadableRows>,
}

impl Writer {
    /// Starts the thread for the journal in `dir`. That a journal can't be opened shows in the answers; it is tried
    /// again with each group of requests, at most once a second.
    pub fn start(dir: PathBuf) -> (Self, JoinHandle<()>) {
        let (queue, requests) = mpsc::channel(QUEUE);
        let path = dir.join(store::FILE_NAME);
        let unreadable = Arc::<UnreadableRows>::default();
        let noted = Arc::clone(&unreadable);
        let is_open = Arc::<AtomicBool>::default();
        let opened = Arc::clone(&is_open);
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || {
                Loop { dir, requests, store: None, closed_until: None, is_open: opened, unreadable: noted }
                    .run();
            })
            .expect("a thread can be started");
        (Self { queue, path, is_open, unreadable }, thread)
    }

    /// Whether the file is open, so that it can be read beside this writer.
    pub fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    /// Runs `operation` in the next transaction. Its effects are on the disk when this returns `Ok`, and undone
    /// otherwise.
    pub async fn call<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Database) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (reply, answer) = oneshot::channel();
        let path = self.path.clone();
        let work: Work = Box::new(move |connection| {
            let result = connection.and_then(|connection| {
                isolated(connection, operation).map_err(|error| JournalError::from_sqlite(&path, &error))
            });
            Box::new(move |commit| {
                let result = result.and_then(|value| commit.map(|()| value));
                // Whoever asked may have gone; the work is done all the same.
                let _ = reply.send(result);
            })
        });
        self.queue.send(work).await.map_err(|_| JournalError::Closed)?;
        answer.await.unwrap_or(Err(JournalError::Closed))
    }
}

/// Runs one operation so that its failure undoes it alone, not the group.
fn isolated<T>(
    database: &Database,
    operation: impl FnOnce(&Database) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    database.execute_batch("SAVEPOINT operation")?;
    match operation(database) {
        Ok(value) => {
            database.execute_batch("RELEASE operation")?;
            Ok(value)
        }
        Err(error) => {
            database.execute_batch("ROLLBACK TO operation; RELEASE operation")?;
            Err(error)
        }
    }
}

/// The state of the thread.
struct Loop {
    dir: PathBuf,
    requests: mpsc::Receiver<Work>,
    /// None before the first request, and after the file was found unusable.
    store: Option<Store>,
    /// Why and until when the file is not tried again.
    closed_until: Option<(JournalError, Instant)>,
    /// Tells readers whether `store` is there.
    is_open: Arc<AtomicBool>,
    unreadable: Arc<UnreadableRows>,
}

impl Loop {
    /// Works until every [`Writer`] is gone.
    fn run(mut self) {
        while let Some(first) = self.requests.blocking_recv() {
            let mut group = vec![first];
            while group.len() < MAX_GROUP
                && let Ok(work) = self.requests.try_recv()
            {
                group.push(work);
            }
            if let Err((error, group)) = self.commit(group) {
                for work in group {
                    work(Err(error.clone()))(Ok(()));
                }
            }
        }
    }

    /// The open file; opened now if it is not.
    fn open(&mut self) -> Result<&Connection, JournalError> {
        if self.store.is_none() {
            self.store = Some(self.reopen()?);
            self.is_open.store(true, Ordering::Release);
        }
        Ok(&self.store.as_ref().expect("opened just now").connection)
    }

    fn reopen(&mut self) -> Result<Store, JournalError> {
        if let Some((error, until)) = &self.closed_until
            && Instant::now() < *until
        {
            return Err(error.clone());
        }
        match store::open(&self.dir) {
            Ok(store) => {
                self.closed_until = None;
                Ok(store)
            }
            Err(error) => {
                // The same trouble again is no news.
                if self.closed_until.as_ref().is_none_or(|(last, _)| *last != error) {
                    tracing::error!(%error, "can't open the journal; answering alerts with 503 until it can be opened");
                }
                self.closed_until = Some((error.clone(), Instant::now() + REOPEN_PAUSE));
                Err(error)
            }
        }
    }

    /// Runs a group in one transaction and answers each request. Gives the group back where there is no transaction.
    fn commit(&mut self, group: Vec<Work>) -> Result<(), (JournalError, Vec<Work>)> {
        let path = self.dir.join(store::FILE_NAME);
        let unreadable = Arc::clone(&self.unreadable);
        let connection = match self.open() {
            Ok(connection) => connection,
            Err(error) => return Err((error, group)),
        };
        if let Err(error) = connection.execute_batch("BEGIN") {
            let error = JournalError::from_sqlite(&path, &error);
            self.close(&error);
            return Err((error, group));
        }
        let database = Database { connection, unreadable: &unreadable };
        let answers: Vec<Answer> = group.into_iter().map(|work| work(Ok(&database))).collect();
        // A full disk or a failed read may have ended the transaction by itself: then nothing of the group was done.
        let commit = if connection.is_autocommit() {
            let reason = "the transaction was rolled back: the disk is full or has failed".into();
            Err(JournalError::Unusable { path: path.display().to_string(), reason })
        } else {
            connection.execute_batch("COMMIT").map_err(|error| {
                let _ = connection.execute_batch("ROLLBACK");
                JournalError::from_sqlite(&path, &error)
            })
        };
        if let Err(error) = &commit {
            tracing::error!(%error, "can't write to the journal");
            self.close(error);
        }
        for answer in answers {
            answer(commit.clone());
        }
        Ok(())
    }

    /// After trouble, the file is opened and checked anew before it is used again: it may be replaced meanwhile.
    fn close(&mut self, error: &JournalError) {
        self.is_open.store(false, Ordering::Release);
        if let Some(store) = self.store.take()
            && matches!(error, JournalError::Damaged { .. })
        {
            store.abandon();
        }
    }
}
