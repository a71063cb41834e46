// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The memory that bodies may take together, and the places for those who send them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// How many bodies are read at once. A newcomer takes the place of the one that has been at it longest: a whole body that waits in
/// the socket is read within milliseconds, whoever dawdles is not kept.
const MAX_BODIES: usize = 64;
/// Bytes of memory that each body may take, whatever the others do: enough for an alert with its plans.
const OWN_SHARE: usize = 32 * 1024;
/// Bytes of memory that all bodies together may take beyond their own shares.
const COMMON: usize = 4 * 1024 * 1024;
/// How long a body waits for more memory.
const WAIT: Duration = Duration::from_millis(500);

/// The places and the memory.
#[derive(Debug)]
pub(super) struct Bodies {
    reading: Mutex<Reading>,
    common: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Reading {
    next: u64,
    /// Those who are reading, the first one longest.
    places: VecDeque<(u64, CancellationToken)>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self { reading: Mutex::default(), common: Arc::new(Semaphore::new(COMMON)) }
    }
}

impl Bodies {
    /// A place for a body; where there is none, the one that has been read longest loses its own.
    pub fn enter(self: &Arc<Self>) -> Place {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if reading.places.len() >= MAX_BODIES
            && let Some((_, lost)) = reading.places.pop_front()
        {
            lost.cancel();
        }
        let (id, lost) = (reading.next, CancellationToken::new());
        reading.next = reading.next.wrapping_add(1);
        reading.places.push_back((id, lost.clone()));
        Place { bodies: Arc::clone(self), id, lost, memory: Vec::new(), covered: OWN_SHARE }
    }
}

/// One body's place and memory. Both are given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    bodies: Arc<Bodies>,
    id: u64,
    lost: CancellationToken,
    memory: Vec<OwnedSemaphorePermit>,
    covered: usize,
}

/// There is no more memory for bodies.
#[derive(Debug)]
pub(super) struct NoMemory;

impl Place {
    /// Waits until the place is lost to another body.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Says that the body takes so many bytes of memory by now.
    pub async fn cover(&mut self, bytes: usize) -> Result<(), NoMemory> {
        /// Asked for at once, so that not each piece of a body asks.
        const STEP: usize = 16 * 1024;
        let missing = bytes.saturating_sub(self.covered);
        if missing == 0 {
            return Ok(());
        }
        let wanted = missing.next_multiple_of(STEP);
        let permits = u32::try_from(wanted).map_err(|_| NoMemory)?;
        let permit = Arc::clone(&self.bodies.common).acquire_many_owned(permits);
        let permit = tokio::time::timeout(WAIT, permit).await.map_err(|_| NoMemory)?.map_err(|_| NoMemory)?;
        self.memory.push(permit);
        self.covered = self.covered.saturating_add(wanted);
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut reading = self.bodies.reading.lock().unwrap_or_else(PoisonError::into_inner);
        reading.places.retain(|(id, _)| *id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_newcomer_takes_the_place_of_who_has_been_there_longest() {
        let bodies = Arc::new(Bodies::default());
        let mut places: Vec<Place> = (0..MAX_BODIES).map(|_| bodies.enter()).collect();
        drop(places.remove(1));
        places.push(bodies.enter());
        assert!(places.iter().all(|place| place.lost().now_or_never().is_none()));
        let newcomer = bodies.enter();
        assert!(places[0].lost().now_or_never().is_some());
        assert!(places[1].lost().now_or_never().is_none() && newcomer.lost().now_or_never().is_none());
    }

    #[tokio::test]
    async fn memory_is_shared_and_a_small_share_is_everybodys_own() {
        let bodies = Arc::new(Bodies::default());
        let (mut large, mut small) = (bodies.enter(), bodies.enter());
        large.cover(COMMON).await.unwrap();
        large.cover(COMMON + OWN_SHARE).await.unwrap();
        assert!(large.cover(COMMON + OWN_SHARE + 1).await.is_err());
        small.cover(OWN_SHARE).await.unwrap();
        assert!(small.cover(OWN_SHARE + 1).await.is_err());
        drop(large);
        small.cover(OWN_SHARE + 1).await.unwrap();
    }
}
