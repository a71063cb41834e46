// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Which lines are kept, and which of those are quoted. Pure.

use std::collections::HashMap;

use super::{
    findings::{ApplicationLog, LogLine},
    noise::{self, Rank},
    turns::Line,
};

/// How many lines of one application are kept.
pub const MAX_LINES: usize = 40;
/// How many lines a mail quotes.
const MAX_TELLING: usize = 8;
/// How often a line that repeats is kept: its first and its last.
const REPEATS: usize = 2;
/// How many lines before "module-dump-state failed" are taken for the dump's own.
const DUMP_LINES: usize = 6;

/// Keeps the most telling lines, in the order of time: at most [`MAX_LINES`], and of at most `budget` bytes, but at least one.
pub fn keep(lines: Vec<Line>, budget: usize) -> Vec<LogLine> {
    let ranks = ranks(lines.iter().map(|line| line.text.as_str()));
    let ranks: Vec<Rank> = ranks
        .into_iter()
        .zip(&lines)
        .map(|(rank, line)| if line.is_error { rank.min(Rank::Cause) } else { rank })
        .collect();
    let lasts = last_places(lines.iter().map(|line| line.text.as_str()));
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut order: Vec<usize> = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let form = noise::without_pause(&line.text);
        let is_last = lasts.get(&form) == Some(&place);
        let count = seen.entry(form).or_default();
        if *count == 0 || is_last {
            order.push(place);
        }
        *count = count.saturating_add(1).min(REPEATS);
    }
    // Of lines that tell as much, the first and the last ones: an error storm has its cause at its beginning, and its end at its end.
    let mut by_rank: Vec<usize> = Vec::with_capacity(order.len());
    for rank in [Rank::Dump, Rank::Cause, Rank::Consequence, Rank::Marker, Rank::Other] {
        let same: Vec<usize> =
            order.iter().copied().filter(|place| ranks.get(*place) == Some(&rank)).collect();
        by_rank.extend(from_both_ends(&same));
    }
    // How it ended goes right after the first of them, so that a storm does not push it out.
    let is_outcome = |place: &usize| lines.get(*place).is_some_and(|line| noise::is_outcome(&line.text));
    let rest = by_rank.split_off(by_rank.len().min(1));
    let (outcome, others): (Vec<usize>, Vec<usize>) = rest.into_iter().partition(is_outcome);
    by_rank.extend(outcome.into_iter().chain(others));
    let mut left = budget;
    let mut kept: Vec<usize> = Vec::new();
    for place in by_rank.into_iter().take(MAX_LINES) {
        let size = lines.get(place).map_or(0, |line| line.text.len());
        if size <= left || kept.is_empty() {
            kept.push(place);
            left = left.saturating_sub(size);
        }
    }
    kept.sort_unstable();
    let mut lines: Vec<Option<Line>> = lines.into_iter().map(Some).collect();
    kept.into_iter()
        .filter_map(|place| lines.get_mut(place)?.take())
        .map(|line| LogLine { at: line.at, text: line.text })
        .collect()
}

/// The lines to quote, most telling first, at most eight: errors; where there are none, the last of the others.
pub fn telling(log: &ApplicationLog) -> Vec<&LogLine> {
    let ranks = ranks(log.lines.iter().map(|line| line.text.as_str()));
    let mut seen = HashMap::new();
    let mut places: Vec<(Rank, usize)> = Vec::new();
    for (place, (line, rank)) in log.lines.iter().zip(ranks).enumerate() {
        // A line that repeats is quoted once, as it was said last.
        match seen.insert(noise::without_pause(&line.text), places.len()) {
            Some(before) => {
                if let Some(entry) = places.get_mut(before) {
                    *entry = (entry.0.min(rank), place);
                }
                seen.insert(noise::without_pause(&line.text), before);
            }
            None => places.push((rank, place)),
        }
    }
    let has_errors = places.iter().any(|(rank, _)| *rank <= Rank::Consequence);
    places.retain(|(rank, _)| if has_errors { *rank <= Rank::Consequence } else { *rank == Rank::Other });
    if !has_errors {
        let surplus = places.len().saturating_sub(MAX_TELLING);
        places.drain(..surplus);
    }
    places.sort_unstable();
    places.into_iter().take(MAX_TELLING).filter_map(|(_, place)| log.lines.get(place)).collect()
}

/// How telling each line is among the others: what the dump said right before it failed comes first.
fn ranks<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Vec<Rank> {
    let mut ranks: Vec<Rank> = texts.clone().map(noise::rank).collect();
    let failures: Vec<usize> =
        texts.enumerate().filter(|(_, text)| noise::is_dump_failure(text)).map(|(place, _)| place).collect();
    for failure in failures {
        let before = ranks.get_mut(failure.saturating_sub(DUMP_LINES)..failure).unwrap_or_default();
        let own = before.iter_mut().rev().take_while(|rank| **rank != Rank::Marker);
        for rank in own {
            *rank = Rank::Dump;
        }
    }
    ranks
}

/// Where each line is for the last time.
fn last_places<'a>(texts: impl Iterator<Item = &'a str>) -> HashMap<String, usize> {
    texts.enumerate().map(|(place, text)| (noise::without_pause(text), place)).collect()
}

/// First, last, second, last but one, …
fn from_both_ends(places: &[usize]) -> Vec<usize> {
    let half = places.len().div_ceil(2);
    let (first, last) = places.split_at(half);
    let mut ends = Vec::with_capacity(places.len());
    let mut last = last.iter().rev();
    for place in first {
        ends.push(*place);
        ends.extend(last.next().copied());
    }
    ends
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::ids::{ModuleId, PlanId};

    fn line(second: i64, text: &str) -> Line {
        Line { at: Timestamp::from_second(second).unwrap(), text: text.into(), is_error: false }
    }

    fn kept(texts: &[&str]) -> Vec<String> {
        let lines = (0..).zip(texts).map(|(second, text)| line(second, text)).collect();
        keep(lines, usize::MAX).into_iter().map(|line| line.text).collect()
    }

    fn told(texts: &[&str]) -> Vec<String> {
        let lines: Vec<LogLine> = (0..)
            .zip(texts)
            .map(|(second, text)| LogLine {
                at: Timestamp::from_second(second).unwrap(),
                text: (*text).into(),
            })
            .collect();
        let (plan, module) = (PlanId::new("1").unwrap(), ModuleId::new("mail1").unwrap());
        let log = ApplicationLog { plan, module, started_by: None, lines };
        telling(&log).into_iter().map(|line| line.text.clone()).collect()
    }

    #[test]
    fn the_dump_s_own_words_come_before_what_follows_from_them() {
        let lines = [
            "mail1: starting backup 1 at Wed Nov 25 01:31:26 2026",
            "Connecting to mail-db",
            "ERROR 2002 (HY000): server is away",
            "[ERROR] module-dump-state failed. Command …",
            "[ERROR] module-backup aborted.",
            "mail1: backup 1 failed (exit code 1)",
        ];
        let expected = [lines[1], lines[2], lines[3], lines[4]];
        assert_eq!(told(&lines), expected);
    }

    #[test]
    fn where_there_is_no_error_the_last_words_are_quoted() {
        let words: Vec<String> = (0..20).map(|number| format!("copying table {number}")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert_eq!(told(&words), words[12..]);
    }

    #[test]
    fn a_line_that_repeats_is_kept_twice_and_quoted_once() {
        let repeat = |pause: u32| format!("Stat(<config/>) returned error, retrying after {pause}s: 503");
        let lines: Vec<String> = (0..50).map(repeat).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(kept(&lines), [lines[0], lines[49]]);
        assert_eq!(told(&lines), [lines[49]]);
    }

    #[test]
    fn of_a_storm_beginning_and_end_are_kept() {
        let storm: Vec<String> =
            (0..1000).map(|number| format!("error: open file{number}: denied")).collect();
        let mut lines: Vec<&str> = storm.iter().map(String::as_str).collect();
        lines.insert(500, "just a word");
        let kept = kept(&lines);
        assert_eq!(kept.len(), MAX_LINES);
        assert_eq!((kept[0].as_str(), kept[39].as_str()), (lines[0], lines[1000]));
        assert!(!kept.contains(&"just a word".to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_kept_is_bounded_and_in_order(
            texts in prop::collection::vec("(error|ok|a|module-dump-state failed|[a-z]{3}){1,4}", 0..80), budget in 0usize..2000,
        ) {
            let lines: Vec<Line> = (0..).zip(&texts).map(|(second, text)| line(second, text)).collect();
            let kept = keep(lines, budget);
            prop_assert_eq!(kept.is_empty(), texts.is_empty());
            prop_assert!(kept.len() <= MAX_LINES && kept.is_sorted_by_key(|line| line.at));
            let size: usize = kept.iter().map(|line| line.text.len()).sum();
            prop_assert!(size <= budget || kept.len() == 1);
        }
    }
}
