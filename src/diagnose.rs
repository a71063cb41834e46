// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! From all there is to the cause of one application's failure.
//!
//! What the run itself said goes first, as all else was found out later: the first step that failed counts, as the steps after it fail
//! because of it. What the log leaves open is taken from restic's answer through the API, then from the gateway's.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod attempt;

use jiff::Timestamp;

use self::attempt::{Attempt, Failure, Line, Signal, Step, signal_of_unit};
use crate::{
    cause::{
        Cause, Diagnosis, Lock, locks,
        words::{self, Trouble},
    },
    logs::findings::LogLine,
    redact::redact,
    run::Run,
    text,
};

/// How many lines of evidence are kept.
pub const MAX_EVIDENCE: usize = 8;
/// How long a line of evidence may be, in characters.
const MAX_LINE: usize = 400;

/// What was answered when a repository or destination was asked.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What is wrong with it. None when nothing is, or that is not known.
    pub trouble: Option<Trouble>,
    /// The answer's own words; empty when there are none.
    pub words: String,
}

/// All there is about an application that is not well.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// True when its backup failed; false when there is no result of it.
    pub has_failed: bool,
    /// False when the plan has no destination that the cluster knows.
    pub has_destination: bool,
    /// The service that runs the plan, such as `backup1.service`.
    pub unit: &'a str,
    /// Its run.
    pub run: Option<&'a Run>,
    /// Its own lines.
    pub log: &'a [LogLine],
    /// What systemd says of the plan's service on its node.
    pub unit_log: &'a [LogLine],
    /// What restic said of its repository, through the cluster's API.
    pub repository: Option<Answer>,
    /// What the gateway said of the destination.
    pub destination: Option<Answer>,
    /// True when a snapshot of this very run was seen in the repository.
    pub has_snapshot_of_run: bool,
    /// When the repository was asked.
    pub asked_at: Timestamp,
}

/// Why an application's backup failed. None for one without a result where nothing proves why.
pub fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    let attempt = Attempt::read(facts.log, facts.unit);
    if !facts.has_failed {
        return unfinished(&attempt, facts);
    }
    let from_log = from_log(&attempt, facts);
    if !facts.has_destination {
        let evidence = from_log.map(|diagnosis| diagnosis.evidence).unwrap_or_default();
        return Some(Diagnosis { cause: Cause::NoDestination, evidence, lock: None });
    }
    let from_repository = || facts.repository.as_ref().and_then(|answer| from_answer(answer, facts.asked_at));
    let from_destination =
        || facts.destination.as_ref().and_then(|answer| from_answer(answer, facts.asked_at));
    let diagnosis = match from_log {
        Some(diagnosis) => later_seen(diagnosis, from_repository()),
        None => from_repository()
            .or_else(from_destination)
            .or_else(|| from_run(facts))
            .unwrap_or_else(|| diagnosis(Cause::Unknown, telling(&attempt), None)),
    };
    Some(diagnosis)
}

/// What the repository's state afterwards adds to what the run said.
fn later_seen(from_log: Diagnosis, from_repository: Option<Diagnosis>) -> Diagnosis {
    let Some(seen) = from_repository else { return from_log };
    match (from_log.cause, seen.cause) {
        // The gateway makes one error, 500, of all that a storage says; restic's answer may have more.
        (Cause::StorageUnreachable, Cause::AccessDenied | Cause::StorageFull) => seen,
        // Still there, and by now too old to be alive.
        (Cause::LockedLive, Cause::LockedStale) if is_same(&from_log, &seen) => {
            Diagnosis { cause: Cause::LockedStale, lock: seen.lock, ..from_log }
        }
        _ => from_log,
    }
}

/// True when the lock that the run met is the one that was seen later. One that is alive is replaced by a new one each five minutes.
fn is_same(before: &Diagnosis, now: &Diagnosis) -> bool {
    const SLACK_SECONDS: u64 = 60;
    let created = |diagnosis: &Diagnosis| diagnosis.lock.as_ref()?.created_at;
    match (created(before), created(now)) {
        (Some(before), Some(now)) => before.as_second().abs_diff(now.as_second()) <= SLACK_SECONDS,
        _ => false,
    }
}

/// Of an application without a result: what kept it from having one, if that is certain.
fn unfinished(attempt: &Attempt, facts: &Facts) -> Option<Diagnosis> {
    if let Some((signal, line)) =
        attempt.killed.clone().or_else(|| signal_of_unit(facts.unit_log, facts.unit))
    {
        return Some(diagnosis(cause_of(signal), vec![&line], None));
    }
    let busy = attempt.busy.as_ref()?;
    Some(diagnosis(Cause::AlreadyRunning, vec![busy], None))
}

const fn cause_of(signal: Signal) -> Cause {
    match signal {
        Signal::Term => Cause::Interrupted,
        Signal::Kill => Cause::Killed,
    }
}

/// What the log says.
fn from_log(attempt: &Attempt, facts: &Facts) -> Option<Diagnosis> {
    const BEFORE_THE_END: [Step; 4] = [Step::Dump, Step::Open, Step::Save, Step::CleanUp];
    // The service itself was killed while it was this application's turn: whatever failed then, failed because of that.
    if attempt.verdict.is_none()
        && let Some((signal, line)) = &attempt.killed
    {
        return Some(diagnosis(cause_of(*signal), proof_first(line, attempt.failures.first()), None));
    }
    let is_saved = attempt.saved.is_some() || facts.has_snapshot_of_run;
    if let Some(failure) = attempt.failed(&BEFORE_THE_END) {
        return of_step(failure, attempt, is_saved);
    }
    if let Some((line, Some(code))) = &attempt.verdict
        && let Some(signal) = signal_of(*code)
    {
        return Some(diagnosis(cause_of(signal), proof_first(line, None), None));
    }
    if let Some(failure) = attempt.failed(&[Step::Retention]) {
        let found = of_trouble(failure);
        if is_saved {
            let lock = found.as_ref().and_then(|found| found.lock.clone());
            let mut lines = proof_first(&failure.proof, Some(failure));
            lines.extend(&attempt.saved);
            return Some(diagnosis(Cause::RetentionFailed, lines, lock));
        }
        return found;
    }
    if let Some(failure) = attempt.failed(&[Step::Statistics]) {
        if is_saved {
            return Some(diagnosis(
                Cause::StatisticsFailed,
                proof_first(&failure.proof, Some(failure)),
                None,
            ));
        }
        return of_trouble(failure);
    }
    if let Some(busy) = &attempt.busy {
        return Some(diagnosis(Cause::AlreadyRunning, vec![busy], None));
    }
    of_lines(&attempt.rest)
}

/// The cause that a step's exit code and words make.
fn of_step(failure: &Failure, attempt: &Attempt, is_saved: bool) -> Option<Diagnosis> {
    let by_signal = failure.code.and_then(signal_of);
    if by_signal == Some(Signal::Kill) {
        let mut lines = proof_first(&failure.proof, Some(failure));
        lines.extend(attempt.killed.iter().map(|(_, line)| line));
        return Some(diagnosis(Cause::Killed, lines, None));
    }
    let because = |cause| Some(diagnosis(cause, proof_first(&failure.proof, Some(failure)), None));
    let interrupted = by_signal == Some(Signal::Term) || failure.lines.iter().any(is_interruption);
    match failure.step {
        Step::Dump | Step::CleanUp => {
            if let Some(full) = failure.lines.iter().find(|line| is_disk_full(&line.text)) {
                return Some(diagnosis(Cause::DiskFull, proof_first(full, Some(failure)), None));
            }
            match (by_signal, failure.step) {
                (Some(_), _) => because(Cause::Interrupted),
                (None, Step::Dump) => because(Cause::DumpFailed),
                (None, _) if is_saved => because(Cause::CleanupFailed),
                (None, _) => None,
            }
        }
        _ => {
            if failure.step == Step::Save && failure.code == Some(UNREADABLE_FILES) {
                // What can't be read may as well be the repository's last snapshot, to which restic compares the files.
                if let Some(line) = failure.lines.iter().find(|line| words::is_of_last_snapshot(&line.text)) {
                    let trouble = words::trouble(&line.text).unwrap_or(Trouble::Damaged);
                    let cause = cause_in(trouble, None, line.at);
                    return Some(diagnosis(cause, proof_first(line, Some(failure)), None));
                }
                let unreadable = failure.lines.iter().find(|line| is_unreadable(&line.text));
                let proof = unreadable.unwrap_or(&failure.proof);
                return Some(diagnosis(Cause::FilesUnreadable, proof_first(proof, Some(failure)), None));
            }
            let found = of_trouble(failure);
            if found.is_some() {
                return found;
            }
            if let Some((signal, line)) = &attempt.killed {
                return Some(diagnosis(cause_of(*signal), proof_first(line, Some(failure)), None));
            }
            if interrupted {
                let line = failure.lines.iter().find(|line| is_interruption(line));
                let proof = line.unwrap_or(&failure.proof);
                return Some(diagnosis(Cause::Interrupted, proof_first(proof, Some(failure)), None));
            }
            None
        }
    }
}

/// restic's exit code for a backup that lacks some of its files.
const UNREADABLE_FILES: i32 = 3;

const fn signal_of(code: i32) -> Option<Signal> {
    match code {
        137 => Some(Signal::Kill),
        130 | 143 => Some(Signal::Term),
        _ => None,
    }
}

fn is_interruption(line: &Line) -> bool {
    line.text.contains("signal terminated received, cleaning up")
        || line.text.contains("signal interrupt received, cleaning up")
}

fn is_disk_full(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("no space left on device") || text.contains("disk quota exceeded")
}

/// restic's `error: lstat /srv/volumes/x: permission denied`, and its sum of them.
fn is_unreadable(text: &str) -> bool {
    (text.starts_with("error: ") && !words::is_of_destination(text))
        || text.contains("at least one source file could not be read")
}

/// The cause that the words before a failure make.
fn of_trouble(failure: &Failure) -> Option<Diagnosis> {
    let mut found = of_lines(&failure.lines)?;
    found.evidence = cleaned(
        found.evidence.iter().map(String::as_str).chain(std::iter::once(failure.proof.text.as_str())),
    );
    Some(found)
}

/// The cause that restic's words make, with the line that has them first.
///
/// What ended a command counts before what was tried again; "wrong password" is not believed where the keys could not be read, and neither is
/// what `init` says about a repository that is there. A request that went well when it was tried again is forgotten.
fn of_lines(lines: &[Line]) -> Option<Diagnosis> {
    let is_overcome = |(index, line): &(usize, &Line)| {
        words::is_overcome(&line.text, lines.iter().skip(*index).map(|later| later.text.as_str()))
    };
    let told: Vec<(usize, Trouble)> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !is_beside_the_point(&line.text) && !is_unreadable(&line.text))
        .filter(|line| !is_overcome(line))
        .filter_map(|(index, line)| Some((index, words::trouble(&line.text)?)))
        .collect();
    let is_retry = |index: usize| lines.get(index).is_some_and(|line| words::is_retry(&line.text));
    let keys_unread = told.iter().find(|(index, trouble)| {
        *trouble != Trouble::WrongPassword
            && lines.get(*index).is_some_and(|line| words::is_of_keys(&line.text))
    });
    let is_believed =
        |(_, trouble): &&(usize, Trouble)| *trouble != Trouble::WrongPassword || keys_unread.is_none();
    let final_ones = || told.iter().filter(|(index, _)| !is_retry(*index)).filter(is_believed);
    // What is missing is made by `init`: what that fails for goes before it.
    let (index, trouble) = final_ones()
        .find(|(_, trouble)| *trouble != Trouble::Missing)
        .or_else(|| final_ones().next())
        .or_else(|| told.iter().rev().find(|(index, _)| is_retry(*index)))?;
    let line = lines.get(*index)?;
    let following = lines.get(*index..).unwrap_or_default();
    let mut lock = None;
    if *trouble == Trouble::Locked {
        let message: Vec<&str> = following.iter().take(4).map(|line| line.text.as_str()).collect();
        lock = locks::read(&message.join("\n"), line.at);
    }
    let cause = cause_in(*trouble, lock.as_ref(), line.at);
    let mut evidence = vec![line];
    let telling = |line: &&Line| {
        line.text.starts_with("lock was created at ") || words::trouble(&line.text) == Some(*trouble)
    };
    evidence.extend(following.iter().skip(1).filter(telling));
    evidence.dedup_by(|next, kept| is_alike(&next.text, &kept.text));
    Some(diagnosis(cause, evidence, lock))
}

/// True for retries of the same request, which differ by their pause alone.
fn is_alike(a: &str, b: &str) -> bool {
    let stem = |text: &str| {
        let (request, rest) = text.split_once("retrying after ")?;
        Some((request.to_owned(), rest.split_once(": ")?.1.to_owned()))
    };
    a == b || stem(a).is_some_and(|a| Some(a) == stem(b))
}

/// Lines that follow from others, or are of something else.
fn is_beside_the_point(text: &str) -> bool {
    text.contains(words::CONSEQUENCE)
        || text.starts_with("[ERROR] upload of ")
        || text.to_lowercase().contains(words::STANDING_QUESTION)
}

fn cause_in(trouble: Trouble, lock: Option<&Lock>, seen_at: Timestamp) -> Cause {
    match trouble {
        Trouble::Unreachable => Cause::StorageUnreachable,
        Trouble::Denied => Cause::AccessDenied,
        Trouble::Full => Cause::StorageFull,
        Trouble::Locked if lock.is_some_and(|lock| lock.is_dead(seen_at)) => Cause::LockedStale,
        Trouble::Locked => Cause::LockedLive,
        Trouble::WrongPassword => Cause::WrongPassword,
        Trouble::Missing => Cause::RepositoryMissing,
        Trouble::Damaged => Cause::RepositoryDamaged,
        Trouble::DiskFull => Cause::DiskFull,
    }
}

/// What an answer of later says.
fn from_answer(answer: &Answer, asked_at: Timestamp) -> Option<Diagnosis> {
    let trouble = answer.trouble?;
    let lock = (trouble == Trouble::Locked).then(|| locks::read(&answer.words, asked_at)).flatten();
    let cause = cause_in(trouble, lock.as_ref(), asked_at);
    let lines = answer.words.lines().filter(|line| {
        let line = line.trim().to_lowercase();
        !line.contains(words::STANDING_QUESTION) && !line.starts_with("rest:")
    });
    Some(Diagnosis { cause, evidence: cleaned(lines), lock })
}

/// What the run's own figures say.
fn from_run(facts: &Facts) -> Option<Diagnosis> {
    let run = facts.run?;
    if let Some(error) = &run.error {
        let trouble = words::trouble(error);
        let answer = Answer { trouble, words: error.clone() };
        return from_answer(&answer, run.end).or_else(|| {
            Some(Diagnosis { cause: Cause::Unknown, evidence: cleaned(error.lines()), lock: None })
        });
    }
    // One error, no figures, and the snapshot is there: reading the figures is what failed (`run-backup` counts each step that fails).
    let without_figures = run.size == Some(0) && run.files.unwrap_or(0) == 0;
    (facts.has_snapshot_of_run && run.errors == 1 && without_figures).then(|| Diagnosis {
        cause: Cause::StatisticsFailed,
        evidence: Vec::new(),
        lock: None,
    })
}

/// The lines that say most where no cause is known: those that name a step, and what came last before them.
fn telling(attempt: &Attempt) -> Vec<&Line> {
    let mut lines: Vec<&Line> =
        attempt.failures.iter().flat_map(|failure| proof_first(&failure.proof, Some(failure))).collect();
    if lines.is_empty() {
        lines.extend(&attempt.rest);
        let surplus = lines.len().saturating_sub(MAX_EVIDENCE);
        lines.drain(..surplus);
    }
    lines.extend(attempt.verdict.iter().map(|(line, _)| line));
    lines
}

/// The line that proves a cause, then the last ones that a step printed.
fn proof_first<'a>(proof: &'a Line, failure: Option<&'a Failure>) -> Vec<&'a Line> {
    let mut lines = vec![proof];
    if let Some(failure) = failure {
        let said: Vec<&Line> = failure.lines.iter().filter(|line| !is_beside_the_point(&line.text)).collect();
        let room = MAX_EVIDENCE.saturating_sub(2);
        lines.extend(said.iter().skip(said.len().saturating_sub(room)));
        lines.push(&failure.proof);
    }
    lines
}

fn diagnosis(cause: Cause, lines: Vec<&Line>, lock: Option<Lock>) -> Diagnosis {
    Diagnosis { cause, evidence: cleaned(lines.into_iter().map(|line| line.text.as_str())), lock }
}

/// Fit for a mail: without secrets, one line each, none twice, none empty, not too many.
fn cleaned<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut evidence: Vec<String> = Vec::new();
    for line in lines {
        // Secrets before the cut, which would hide what ends them.
        let line = text::one_line(&redact(&text::one_line(line, usize::MAX)), MAX_LINE);
        if !line.is_empty() && !evidence.contains(&line) {
            evidence.push(line);
        }
        if evidence.len() == MAX_EVIDENCE {
            break;
        }
    }
    evidence
}

#[cfg(test)]
mod tests;
