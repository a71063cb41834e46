// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Whose duty it is to mail: a cluster may have several instances, on different nodes, and gets each report once. Pure; [`watch`] looks and
//! gives the sign of life.
//!
//! Each instance that can mail keeps a key in the leader's Redis, which expires unless it is renewed: `module/<id>/duty`, the only place
//! where a module may write. It says `active`, `active-behind` or `standby`. All instances watch and make reports; the active one mails. The
//! others keep theirs until they know that the active one has outlived them and has nothing left to mail, so that nothing is lost when it is
//! gone, or can't reach its mail server.
//!
//! A copy of an instance that is still installed is the last in line: it mails if nobody does, as on the node that is left of two.
//!
//! Whoever is active stays it as long as it lives: an instance that comes back finds runs that another one has reported meanwhile.

pub mod keep;
pub mod watch;

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{
    config::Origin,
    ids::{ModuleId, NodeId},
};

/// What an instance has to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub enum Duty {
    /// It mails.
    Active,
    /// It mails, though it is a copy of an instance that is still installed: neither that one nor any other shows that it mails.
    #[serde(rename = "active")]
    InPlaceOf(Peer),
    /// Nothing is known of other instances yet: nothing is mailed for the moment.
    Starting,
    /// Another one mails. It takes over when that one is gone.
    Standby(Peer),
    /// It is a clone of an instance that is still installed, or was restored beside it: it mails nothing until it is configured, or nobody
    /// else does.
    Copy(Peer),
}

impl Duty {
    /// True for an instance that mails.
    pub const fn mails(&self) -> bool {
        matches!(self, Duty::Active | Duty::InPlaceOf(_))
    }
}

/// Another instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Peer {
    /// Its module.
    pub instance: ModuleId,
    /// Its node.
    pub node: Option<NodeId>,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Some(node) => write!(f, "{} on node {node}", self.instance),
            None => self.instance.fmt(f),
        }
    }
}

/// What an instance's sign of life says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It mails, and has mailed all that there was to tell.
    Active,
    /// It mails, but has mails or jobs left.
    ActiveBehind,
    /// It would.
    Standby,
}

impl Sign {
    /// As it stands in Redis.
    pub const fn as_str(self) -> &'static str {
        match self {
            Sign::Active => "active",
            Sign::ActiveBehind => "active-behind",
            Sign::Standby => "standby",
        }
    }

    /// Reads what stands in Redis.
    pub fn parse(text: &str) -> Option<Self> {
        [Sign::Active, Sign::ActiveBehind, Sign::Standby].into_iter().find(|sign| sign.as_str() == text)
    }

    /// True for that of an instance that mails.
    pub const fn is_active(self) -> bool {
        matches!(self, Sign::Active | Sign::ActiveBehind)
    }
}

/// What is seen of another instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its node.
    pub node: NodeId,
    /// Its sign of life. None: it is gone, can't mail, or is of a version without signs.
    pub sign: Option<Sign>,
}

impl Seen {
    fn is_active(&self) -> bool {
        self.sign.is_some_and(Sign::is_active)
    }
}

/// What Redis says of all instances.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instances {
    /// The leader's node.
    pub leader: Option<NodeId>,
    /// This instance's node.
    pub node: Option<NodeId>,
    /// The sign that this instance has left, at this start or before.
    pub own: Option<Sign>,
    /// The others.
    pub others: BTreeMap<ModuleId, Seen>,
    /// The UUID of the module that has the origin's id, where there is one.
    pub origin_uuid: Option<String>,
}

impl Instances {
    /// True when this instance's own sign says that it mails, or did before it was restarted.
    fn was_active(&self) -> bool {
        self.own.is_some_and(Sign::is_active)
    }

    fn peer(&self, module: &ModuleId) -> Peer {
        Peer { instance: module.clone(), node: self.others.get(module).map(|seen| seen.node.clone()) }
    }

    /// The other instances, the first in line first: that on the leader, where Alertmanager is, then by number.
    fn in_line(&self) -> Vec<(&ModuleId, &Seen)> {
        let mut others: Vec<_> = self.others.iter().collect();
        others.sort_by_key(|(module, seen)| self.place(module, Some(&seen.node)));
        others
    }

    fn place<'a>(&self, module: &'a ModuleId, node: Option<&NodeId>) -> (bool, &'a ModuleId) {
        (node != self.leader.as_ref(), module)
    }
}

/// Who this instance is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its module.
    pub module: ModuleId,
    /// What it is a copy of.
    pub origin: Option<Origin>,
    /// True when it has recipients and a mail server.
    pub can_mail: bool,
    /// How long the active instance may be gone before another takes over.
    pub takeover: Duration,
}

/// Follows what is seen of the instances.
#[derive(Debug, Clone)]
pub struct Watchman {
    identity: Identity,
    duty: Duty,
    began: Instant,
    /// Since when no other instance has been active.
    alone_since: Option<Instant>,
    /// When another instance was last seen to be active, with nothing left to mail.
    peer_done_at: Option<Instant>,
}

impl Watchman {
    /// One that begins to watch at `now`.
    pub fn new(identity: Identity, now: Instant) -> Self {
        Self { identity, duty: Duty::Starting, began: now, alone_since: None, peer_done_at: None }
    }

    /// What is to be done, as far as is known.
    pub fn duty(&self) -> &Duty {
        &self.duty
    }

    /// When another instance was last seen to be active, with nothing left to mail.
    pub fn peer_done_at(&self) -> Option<Instant> {
        self.peer_done_at
    }

    /// The sign of life to give, where `is_behind` says that there are mails or jobs left; None for an instance on which nobody may rely.
    pub fn sign(&self, is_behind: bool) -> Option<Sign> {
        match self.duty {
            _ if !self.identity.can_mail => None,
            Duty::Active | Duty::InPlaceOf(_) if is_behind => Some(Sign::ActiveBehind),
            Duty::Active | Duty::InPlaceOf(_) => Some(Sign::Active),
            Duty::Standby(_) => Some(Sign::Standby),
            Duty::Starting | Duty::Copy(_) => None,
        }
    }

    /// Notes that nothing could be seen at `now`. What was to be done is still to be done; who has never seen anything does not wait for
    /// ever.
    pub fn see_nothing(&mut self, now: Instant) {
        let patience = match self.identity.origin {
            None => self.identity.takeover,
            // It may be a copy of one that mails.
            Some(_) => self.identity.takeover.saturating_mul(2),
        };
        if self.duty == Duty::Starting && now.saturating_duration_since(self.began) >= patience {
            self.duty = Duty::Active;
        }
    }

    /// Notes what is seen at `now`.
    pub fn see(&mut self, instances: &Instances, now: Instant) {
        let in_line = instances.in_line();
        let active = in_line.iter().find(|(_, seen)| seen.is_active());
        if active.is_some() {
            self.alone_since = None;
        } else {
            self.alone_since.get_or_insert(now);
        }
        if in_line.iter().any(|(_, seen)| seen.sign == Some(Sign::Active)) {
            self.peer_done_at = Some(now);
        }
        let alone = self.alone_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        if let Some(origin) = copied_from(&self.identity, instances) {
            // A node that is lost stays in the cluster, and its instances with it: a copy is the last in line, but it is in it.
            let has_begun = match self.duty {
                Duty::InPlaceOf(_) => true,
                Duty::Starting => instances.was_active(),
                Duty::Active | Duty::Standby(_) | Duty::Copy(_) => false,
            };
            let is_needed = has_begun || alone >= self.identity.takeover.saturating_mul(2);
            self.duty = match active {
                None if self.identity.can_mail && is_needed => Duty::InPlaceOf(origin),
                _ => Duty::Copy(origin),
            };
            return;
        }
        let own_place = instances.place(&self.identity.module, instances.node.as_ref());
        let is_before_us =
            |module: &ModuleId, seen: &Seen| instances.place(module, Some(&seen.node)) < own_place;
        let was_active = self.duty.mails() || (self.duty == Duty::Starting && instances.was_active());
        let first = in_line.first().map(|(module, _)| instances.peer(module));
        let Some(first) = first.filter(|_| self.identity.can_mail) else {
            // Nobody waits for an instance that can't mail, itself included.
            self.duty = Duty::Active;
            return;
        };
        let heir = in_line.iter().find(|(module, seen)| seen.sign.is_some() && is_before_us(module, seen));
        self.duty = match active {
            Some((module, seen)) if !was_active || is_before_us(module, seen) => {
                Duty::Standby(instances.peer(module))
            }
            _ if was_active => Duty::Active,
            _ => {
                let is_first = !in_line.iter().any(|(module, seen)| is_before_us(module, seen));
                let patience = match heir {
                    // At a start nobody else may have begun yet.
                    None if is_first && self.duty == Duty::Starting => Duration::ZERO,
                    None => self.identity.takeover,
                    Some(_) => self.identity.takeover.saturating_mul(2),
                };
                let heir = heir.map(|(module, _)| instances.peer(module));
                if alone >= patience { Duty::Active } else { Duty::Standby(heir.unwrap_or(first)) }
            }
        };
    }
}

/// What another process can tell of this instance's duty from what Redis says, without having followed it.
pub fn at_a_glance(identity: &Identity, instances: &Instances) -> Duty {
    let in_line = instances.in_line();
    let active = in_line.iter().find(|(_, seen)| seen.is_active());
    match (copied_from(identity, instances), active) {
        (Some(origin), None) if instances.was_active() => Duty::InPlaceOf(origin),
        (Some(origin), _) => Duty::Copy(origin),
        (None, Some((module, _))) if !instances.was_active() && identity.can_mail => {
            Duty::Standby(instances.peer(module))
        }
        _ => Duty::Active,
    }
}

/// The instance of which this one is a copy, as long as it is installed.
fn copied_from(identity: &Identity, instances: &Instances) -> Option<Peer> {
    let origin = identity.origin.as_ref().filter(|origin| origin.module != identity.module)?;
    (instances.origin_uuid.as_deref() == Some(origin.uuid.as_str())).then(|| instances.peer(&origin.module))
}

#[cfg(test)]
mod tests;
