// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The open connections. There is always room for another one: who asks for nothing, or does not take its answer, is closed for it.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio_util::sync::CancellationToken;

/// How many connections may be open at once.
pub(super) const MAX_CONNECTIONS: usize = 512;
/// How many of them one address may have. On loopback all clients have the same one.
pub(super) const MAX_OF_ADDRESS: usize = 64;

/// How many connections are closed at once where there is no room: looking for them one by one would slow down accepting, while
/// the kernel's queue overflows.
const MADE_ROOM: usize = 32;

/// The open connections.
#[derive(Debug)]
pub(super) struct Connections {
    began: Instant,
    open: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    open: HashMap<u64, Open>,
    of_address: HashMap<IpAddr, usize>,
}

impl Table {
    fn remove(&mut self, id: u64) -> Option<Open> {
        let removed = self.open.remove(&id)?;
        if let Some(count) = self.of_address.get_mut(&removed.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of_address.remove(&removed.address);
            }
        }
        Some(removed)
    }

    /// Closes up to `count` connections of an address: those that have been idle longest. Says whether there was one.
    fn make_room(&mut self, address: IpAddr, count: usize) -> bool {
        let of_address = self.open.iter().filter(|(_, other)| other.address == address);
        let idle = of_address.filter(|(_, other)| other.activity.can_be_closed());
        let mut idle: Vec<(u64, u64)> =
            idle.map(|(id, other)| (other.activity.since.load(Ordering::Relaxed), *id)).collect();
        idle.sort_unstable();
        for (_, id) in idle.iter().take(count) {
            if let Some(closed) = self.remove(*id) {
                closed.close.cancel();
            }
        }
        !idle.is_empty()
    }
}

#[derive(Debug)]
struct Open {
    address: IpAddr,
    activity: Arc<Activity>,
    close: CancellationToken,
}

/// What a connection is doing.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// A request is in hand, or being answered.
    busy: AtomicBool,
    /// The client does not take what is sent to it.
    stalled: AtomicBool,
    /// Since when it is idle, in milliseconds from the beginning of service.
    since: AtomicU64,
}

impl Activity {
    pub fn stall(&self, stalled: bool) {
        self.stalled.store(stalled, Ordering::Relaxed);
    }

    fn can_be_closed(&self) -> bool {
        !self.busy.load(Ordering::Relaxed) || self.stalled.load(Ordering::Relaxed)
    }
}

impl Connections {
    pub fn new() -> Self {
        Self { began: Instant::now(), open: Mutex::default() }
    }

    /// Room for a connection. Where there is none, those that have been idle longest are closed, of the address that has most.
    /// None when all are at work.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admitted> {
        let address = address.to_canonical();
        let mut table = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = table.of_address.get(&address).copied().unwrap_or_default();
        if own >= MAX_OF_ADDRESS && !address.is_loopback() {
            table.make_room(address, 1).then_some(())?;
        } else if table.open.len() >= MAX_CONNECTIONS {
            let (crowded, _) = table.of_address.iter().max_by_key(|(_, count)| **count)?;
            let crowded = *crowded;
            table.make_room(crowded, MADE_ROOM).then_some(())?;
        }
        let (id, close, activity) = (table.next, CancellationToken::new(), Arc::new(Activity::default()));
        activity.since.store(self.now(), Ordering::Relaxed);
        table.next = table.next.wrapping_add(1);
        let count = table.of_address.entry(address).or_default();
        *count = count.saturating_add(1);
        table.open.insert(id, Open { address, activity: Arc::clone(&activity), close: close.clone() });
        Some(Admitted { connections: Arc::clone(self), id, activity, close })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A connection that has room.
#[derive(Debug)]
pub(super) struct Admitted {
    connections: Arc<Connections>,
    id: u64,
    pub activity: Arc<Activity>,
    /// Cancelled when the room is given to another one.
    pub close: CancellationToken,
}

impl Admitted {
    /// Says that a request is in hand, until what is returned is dropped.
    pub fn begin(self: &Arc<Self>) -> Busy {
        self.activity.busy.store(true, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.open.lock().unwrap_or_else(PoisonError::into_inner).remove(self.id);
    }
}

/// A request in hand.
#[derive(Debug)]
pub(super) struct Busy(Arc<Admitted>);

impl Drop for Busy {
    fn drop(&mut self) {
        let Admitted { activity, connections, .. } = &*self.0;
        activity.since.store(connections.now(), Ordering::Relaxed);
        activity.busy.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn address(last: u8) -> IpAddr {
        [10, 5, 4, last].into()
    }

    #[test]
    fn the_idle_are_closed_for_newcomers_and_those_at_work_are_not() {
        let connections = Arc::new(Connections::new());
        let open: Vec<_> =
            (0..MAX_CONNECTIONS).map(|_| Arc::new(connections.admit(LOOPBACK).unwrap())).collect();
        let mut busy: Vec<_> = open.iter().map(Admitted::begin).collect();
        assert!(connections.admit(LOOPBACK).is_none());
        drop(busy.pop());
        let newcomer = connections.admit(LOOPBACK).unwrap();
        assert!(open.last().unwrap().close.is_cancelled() && !newcomer.close.is_cancelled());
        drop(newcomer);
        assert!(connections.admit(LOOPBACK).is_some());
        // Who does not take its answer is as good as idle.
        let _last = connections.admit(LOOPBACK).unwrap();
        open[7].activity.stall(true);
        assert!(connections.admit(LOOPBACK).is_some());
    }

    #[test]
    fn one_address_has_its_share_and_does_not_push_others_out() {
        let connections = Arc::new(Connections::new());
        let other = connections.admit(address(1)).unwrap();
        let many: Vec<_> = (0..=MAX_OF_ADDRESS).map(|_| connections.admit(address(2)).unwrap()).collect();
        let closed = many.iter().filter(|admitted| admitted.close.is_cancelled()).count();
        assert_eq!((closed, other.close.is_cancelled()), (1, false));
        let _loopback: Vec<_> = (0..MAX_CONNECTIONS).map(|_| connections.admit(LOOPBACK).unwrap()).collect();
        assert!(!other.close.is_cancelled());
    }
}
