// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Reading beside the writer: whoever reads much does not keep an alert from being accepted.
//!
//! Each reading has a connection of its own that can't write. SQLite shows it the state after the last commit (WAL), so that whoever was
//! answered "done" sees it. How many read at once is bounded by the receiver.

use std::path::Path;

use tokio::task::spawn_blocking;

use super::{
    rows::Database,
    store::{self, JournalError},
    writer::Writer,
};

/// What came of a reading beside the writer.
enum Reading<T, Operation> {
    Done(T),
    /// There is nothing to be read so: the writer knows why.
    NotOpen(Operation),
}

/// Runs `operation`, which only reads, on the journal in `dir`: beside the writer while that has the file open, else by it.
pub(super) async fn read<T, Operation>(
    writer: &Writer,
    dir: &Path,
    operation: Operation,
) -> Result<T, JournalError>
where
    T: Send + 'static,
    Operation: FnOnce(&Database) -> rusqlite::Result<T> + Send + 'static,
{
    if !writer.is_open() {
        return writer.call(operation).await;
    }
    let (dir, unreadable) = (dir.to_owned(), writer.unreadable.clone());
    let reading = spawn_blocking(move || {
        let Ok(Some(connection)) = store::open_to_read(&dir) else { return Ok(Reading::NotOpen(operation)) };
        let database = Database { connection: &connection, unreadable: &unreadable };
        // All that is read is of one state.
        let done = connection.execute_batch("BEGIN").and_then(|()| operation(&database));
        done.map(Reading::Done)
            .map_err(|error| JournalError::from_sqlite(&dir.join(store::FILE_NAME), &error))
    });
    match reading.await {
        Ok(Ok(Reading::Done(value))) => Ok(value),
        Ok(Ok(Reading::NotOpen(operation))) => writer.call(operation).await,
        Ok(Err(error)) => Err(error),
        // The runtime is shutting down, or the operation has panicked.
        Err(_) => Err(JournalError::Closed),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use jiff::Timestamp;

    use crate::{
        ids::JobId,
        journal::{Journal, ReportFilter},
    };

    #[tokio::test]
    async fn reports_are_read_while_the_writer_is_at_work() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::start(dir.path().into());
        journal.probe(Timestamp::UNIX_EPOCH).await.unwrap();
        let (begun, wait_for_begin) = mpsc::channel();
        let (go_on, wait) = mpsc::channel::<()>();
        let busy = journal.clone();
        let work = tokio::spawn(async move {
            busy.writer
                .call(move |_| {
                    begun.send(()).unwrap();
                    wait.recv().unwrap();
                    Ok(())
                })
                .await
        });
        tokio::task::spawn_blocking(move || wait_for_begin.recv()).await.unwrap().unwrap();
        assert_eq!(journal.reports(ReportFilter::default(), 10).await.unwrap().total, 0);
        assert_eq!(journal.report(JobId(1)).await.unwrap(), None);
        assert_eq!(journal.last_runs(10).await.unwrap(), []);
        go_on.send(()).unwrap();
        work.await.unwrap().unwrap();
    }
}
