// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What is said of causes: a clause for the subject, a sentence, and the step that follows from it.

use crate::cause::Cause;

/// What a sentence about a cause speaks of.
#[derive(Debug, Clone, Copy)]
pub struct CauseFacts<'a> {
    /// How many applications failed for it, at least 1.
    pub applications: usize,
    /// The destination's name. None when there are several, or none.
    pub destination: Option<&'a str>,
    /// The node, from [`Phrases::node`](super::Phrases::node). None when there are several.
    pub node: Option<&'a str>,
    /// The lock that is the cause.
    pub lock: Option<LockFacts<'a>>,
}

/// A lock, formatted.
#[derive(Debug, Clone, Copy)]
pub struct LockFacts<'a> {
    /// The host that made it.
    pub host: Option<&'a str>,
    /// How old it was when it was seen, such as `3 h`.
    pub age: Option<&'a str>,
}

/// What a step for a cause speaks of.
#[derive(Debug, Clone, Copy)]
pub struct StepFacts<'a> {
    /// The applications, such as `mail1 and webtop1`.
    pub applications: &'a str,
    /// How many they are, at least 1.
    pub count: usize,
    /// The destination's name. None when there are several, or none.
    pub destination: Option<&'a str>,
    /// Where the commands are to be run, from [`Phrases::node`](super::Phrases::node). None when on several nodes.
    pub node: Option<&'a str>,
    /// Whether a lock is on the repository that is dead.
    pub has_dead_lock: bool,
}

/// The words for causes.
pub trait CausePhrases: Sync {
    /// For the subject, after `mail1 failed,`: `storage is full`. None when nothing is known. `many`: of several applications.
    fn cause_clause(&self, cause: Cause, many: bool) -> Option<&'static str>;

    /// A sentence or two: why it failed.
    fn cause_sentence(&self, cause: Cause, facts: &CauseFacts) -> String;

    /// Below the commands for a lock that may be alive.
    fn remove_live_lock(&self) -> &'static str;

    /// After a cause that only the check afterwards has found.
    fn found_afterwards(&self) -> &'static str;

    /// What to do about it. Those that end with a colon are followed by commands.
    fn cause_step(&self, cause: Cause, facts: &StepFacts) -> String;
}
