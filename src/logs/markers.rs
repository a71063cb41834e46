// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What core's `run-backup` says of its progress (ns8-core, `node/bin/run-backup`). Pure.

use crate::ids::{ModuleId, PlanId};

/// One line of `run-backup`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Marker {
    /// `<module>: starting backup <id> at <time>`
    Starts(ModuleId, PlanId),
    /// `<module>: backup <id> completed`, `… failed (exit code …)`, also on a retry.
    Ends(ModuleId, PlanId),
    /// `<module>: already running, queued for retry`, `<module>: still running, will retry`: its turn is over for now.
    IsBusy(ModuleId),
    /// `<module>: gave up retrying after <n>s`
    GivesUp(ModuleId),
    /// `Backup <id> finished with failures: …`, `Backup <id> completed successfully`
    RunEnds(PlanId),
}

impl Marker {
    /// Reads a line.
    pub fn parse(line: &str) -> Option<Self> {
        if let Some(rest) = line.strip_prefix("Backup ") {
            let (id, words) = rest.split_once(' ')?;
            let ends =
                words.starts_with("finished with failures") || words.starts_with("completed successfully");
            return ends.then(|| PlanId::new(id).ok().map(Marker::RunEnds)).flatten();
        }
        let (module, words) = line.split_once(": ")?;
        let module = ModuleId::new(module).ok()?;
        if let Some(rest) = words.strip_prefix("starting backup ") {
            let (id, at) = rest.split_once(' ')?;
            let plan = PlanId::new(id).ok()?;
            return at.starts_with("at ").then_some(Marker::Starts(module, plan));
        }
        if let Some(rest) = words.strip_prefix("backup ") {
            let (id, how) = rest.split_once(' ')?;
            let plan = PlanId::new(id).ok()?;
            let ends = how == "completed" || how.starts_with("completed (") || how.starts_with("failed ");
            return ends.then_some(Marker::Ends(module, plan));
        }
        if words.starts_with("already running, queued") || words.starts_with("still running, will retry") {
            return Some(Marker::IsBusy(module));
        }
        words.starts_with("gave up retrying").then_some(Marker::GivesUp(module))
    }

    /// True where the line is itself a reason for what follows.
    pub fn tells_why(&self) -> bool {
        matches!(self, Marker::IsBusy(_) | Marker::GivesUp(_))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_line_of_run_backup_is_known() {
        let (notes, one) = (ModuleId::new("notes1").unwrap(), PlanId::new("1").unwrap());
        let lines = [
            (
                "notes1: starting backup 1 at Wed Nov 25 01:31:26 2026",
                Marker::Starts(notes.clone(), one.clone()),
            ),
            ("notes1: backup 1 completed", Marker::Ends(notes.clone(), one.clone())),
            ("notes1: backup 1 completed (retry)", Marker::Ends(notes.clone(), one.clone())),
            ("notes1: backup 1 failed (exit code 1)", Marker::Ends(notes.clone(), one.clone())),
            ("notes1: backup 1 failed on retry (exit code 1)", Marker::Ends(notes.clone(), one.clone())),
            ("notes1: already running, queued for retry", Marker::IsBusy(notes.clone())),
            ("notes1: still running, will retry", Marker::IsBusy(notes.clone())),
            ("notes1: gave up retrying after 3600s", Marker::GivesUp(notes)),
            ("Backup 1 finished with failures: notes1, wiki1", Marker::RunEnds(one.clone())),
            ("Backup 1 completed successfully", Marker::RunEnds(one)),
        ];
        for (line, marker) in lines {
            assert_eq!(Marker::parse(line), Some(marker), "{line}");
        }
    }

    #[test]
    fn other_lines_are_not() {
        for line in [
            "",
            "Fatal: wrong password",
            "notes1: backup 1 is slow",
            "notes1: starting backup",
            "Backup 1 not found in Redis",
        ] {
            assert_eq!(Marker::parse(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(line in "(notes1: |Backup |starting backup |backup | |1|é){0,6}") {
            let _ = Marker::parse(&line);
        }
    }
}
