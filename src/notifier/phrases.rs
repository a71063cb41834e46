//! Everything that mails and pages say, as values; each language says it in its own file.
//!
//! A phrase that a language lacks does not compile. Values in phrases are already formatted (see
//! [`super::format::Format`]) and not yet escaped: the templates do that.

mod en;
mod it;

use crate::{
    language::Language,
    repo_check::findings::{Cause, Health},
};

impl Language {
    /// A fixed word or heading.
    pub fn word(self, word: Word) -> &'static str {
        match self {
            Language::English => en::word(word),
            Language::Italian => it::word(word),
        }
    }

    /// A sentence with values in it.
    pub fn say(self, sentence: Sentence) -> String {
        match self {
            Language::English => en::sentence(sentence),
            Language::Italian => it::sentence(sentence),
        }
    }

    /// `a, b and c`
    pub fn list<S: AsRef<str>>(self, items: &[S]) -> String {
        let and = match self {
            Language::English => "and",
            Language::Italian => "e",
        };
        match items {
            [] => String::new(),
            [one] => one.as_ref().to_owned(),
            [first @ .., last] => {
                let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
                format!("{} {and} {}", first.join(", "), last.as_ref())
            }
        }
    }
}

/// A fixed word or heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// "Backup", before the outcome in a subject.
    Backup,
    /// Heading: the applications that failed.
    WhatFailed,
    /// Heading: the applications without a result, where none failed.
    WhatIsMissing,
    /// Heading: the applications that are still running, where nothing else is wrong.
    WhatIsRunning,
    /// Heading: what is not known.
    WhatIsUnknown,
    /// Heading: destinations, repositories, and other findings.
    WhatIsBehind,
    /// Heading: snapshots.
    WhatCanBeRestored,
    /// Heading: backups that lost most of what they held.
    WhatShrank,
    /// Heading: how much the destinations hold.
    WhatIsHeld,
    /// Heading: next steps.
    WhatToDo,
    /// Heading: the applications that are backed up.
    WhatIsFine,
    /// Badge of an application that failed.
    Failed,
    /// Badge of an application without a result.
    Missing,
    /// Badge of an application that is still running.
    Pending,
    /// Badge of an application whose status can't be read, and of other things that are not known.
    NotKnown,
    /// Badge of a destination that is well.
    Answers,
    /// Badge of a repository that is well.
    Readable,
    /// Badge of what does not answer.
    Unreachable,
    /// Badge of a repository with a lock.
    Locked,
    /// Badge of a repository with damage.
    Damaged,
    /// Badge of a repository with another password.
    WrongPassword,
    /// Badge of a repository that is not there.
    NotFound,
    /// Badge of what the cluster does not know the place of.
    NotConfigured,
    /// Badge of any other error.
    Error,
    /// Badge of something to look at.
    Notice,
    /// Badge of data that were saved although the run failed.
    Saved,
    /// Badge of an application with a snapshot.
    Restorable,
    /// Badge of an application without any.
    NothingToRestore,
    /// Column: the application.
    Application,
    /// Column: its node.
    Node,
    /// Column: bytes in its latest snapshot.
    Size,
    /// Column: how long it took.
    Duration,
    /// Column: when it ended.
    Finished,
    /// "Report", before its number.
    Report,
    /// What stands in a column for a value that is not known.
    None,
}

/// A sentence with values in it.
#[derive(Debug, Clone, Copy)]
pub enum Sentence<'a> {
    /// The applications of the plans, counted by state. At least one is not well.
    Counts {
        /// How many failed.
        failed: usize,
        /// How many have no result.
        missing: usize,
        /// How many are still running.
        pending: usize,
        /// How many there are.
        total: usize,
    },
    /// Every failure is the storage's.
    StorageAtFault,
    /// Not one application has run.
    NothingRan {
        /// How many there are.
        total: usize,
    },
    /// Every application is backed up.
    AllBackedUp {
        /// How many there are.
        total: usize,
        /// Whether something else was told before.
        recovered: bool,
        /// How many backups shrank.
        shrunk: usize,
    },
    /// The cluster could not be read.
    ClusterUnread,
    /// What happened is not known for another reason.
    NotKnown,
    /// Several plans, by their number.
    Plans(usize),
    /// Of a plan without a name: its id.
    PlanById(&'a str),

    /// A plan's times.
    Due {
        /// When it was last due.
        due: &'a str,
        /// When it is due next.
        next: Option<&'a str>,
    },
    /// Runs of the last 24 hours count.
    DueWithinADay,
    /// Where a plan writes.
    WritesTo(&'a str),
    /// An alert was raised, and all is well since.
    FineSinceTheAlert,
    /// All that ran recently is well.
    AllFine,
    /// All is well, after another mail told of something else.
    FineAgain,
    /// Which run started the report.
    StartedByRun {
        /// The plan.
        plan: &'a str,
        /// When it began.
        began: &'a str,
    },
    /// Which run that did not take place started the report.
    StartedBySchedule {
        /// The plan.
        plan: &'a str,
        /// When it was due.
        due: &'a str,
    },
    /// Which alert started the report.
    StartedBy {
        /// The alert's name.
        name: &'a str,
        /// Its summary, or what else tells it from others.
        summary: Option<&'a str>,
        /// Since when it is firing.
        since: Option<&'a str>,
    },

    /// Where an application lives.
    OnNode {
        /// The node's id.
        node: &'a str,
        /// The node's label.
        label: Option<&'a str>,
    },
    /// When a run was, and how long it took.
    Ran {
        /// From when to when.
        span: &'a str,
        /// How long.
        duration: &'a str,
    },
    /// When a run ended, whose start is not known.
    Ended(&'a str),
    /// No result has come since the plan was due.
    NoResultSince(&'a str),
    /// It did not run when the plan was due.
    NotWhenDue(&'a str),
    /// But it has run since.
    RanSince {
        /// When.
        time: &'a str,
        /// Whether it was a success.
        ok: bool,
    },
    /// No result has come in the last 24 hours.
    NoResultInADay,
    /// What the last result before was.
    LastRun {
        /// When.
        time: &'a str,
        /// How long ago.
        age: &'a str,
        /// Whether it was a success.
        ok: bool,
    },
    /// The plan has no result of the application at all.
    NeverRan,
    /// The application's status can't be read.
    UnreadableStatus {
        /// Why.
        reason: &'a str,
    },

    /// Title of a destination.
    DestinationNamed(&'a str),
    /// Title of the repositories of these applications.
    RepositoryOf(&'a str),
    /// How a destination is.
    DestinationHealth {
        /// Its health.
        health: Health,
        /// What was found.
        cause: Option<&'a Cause>,
    },
    /// How a repository is.
    RepositoryHealth {
        /// Its health.
        health: Health,
        /// What was found.
        cause: Option<&'a Cause>,
    },
    /// A run that failed has left a snapshot.
    SavedAnyway(&'a str),

    /// What is in a backup.
    Amount {
        /// Bytes.
        size: &'a str,
        /// How many files, if that is known.
        files: Option<u64>,
    },
    /// A backup lost most of what it held.
    Shrank {
        /// What it holds.
        now: &'a str,
        /// What the one before held.
        before: &'a str,
        /// When that was.
        time: &'a str,
    },
    /// How much a destination holds.
    Held {
        /// Bytes.
        size: &'a str,
        /// Of how many applications.
        applications: usize,
        /// More (1), as much (0) or less (-1) than before, and by how many bytes.
        growth: Option<(i64, &'a str)>,
    },

    /// The last good snapshot.
    LastGood {
        /// When.
        time: &'a str,
        /// How long ago.
        age: &'a str,
        /// Bytes in it.
        size: Option<&'a str>,
        /// How many there are.
        count: usize,
    },
    /// The repository has no snapshot.
    NoSnapshots,
    /// What can be restored is not known, as nobody could be asked.
    RestoreNotAsked,
    /// What can be restored is not known, as the repository can't be read.
    RestoreNotReadable,

    /// A plan that an alert names is not in the cluster.
    PlanNotFound,
    /// The plan is disabled.
    PlanDisabled,
    /// The plan holds no application.
    NoApplications,
    /// The plan has no schedule.
    NoSchedule,
    /// The plan's schedule can't be read.
    UnreadableSchedule {
        /// Why.
        reason: &'a str,
    },
    /// The plan has no destination.
    NoDestination,
    /// The plan's destination is not in the cluster.
    UnknownDestination(&'a str),
    /// A module of the plan is not installed.
    RemovedModule(&'a str),
    /// The plan's own result says that it failed.
    PlanError {
        /// When.
        time: &'a str,
    },
    /// The cluster could not be read.
    Unread {
        /// Why.
        reason: &'a str,
    },

    /// Step: see what was deleted.
    DoLookAtShrunk(&'a str),
    /// Step: see after Redis.
    DoCheckRedis,
    /// Step: a mail will follow by itself.
    DoWaitForRedis,
    /// Step: see after a destination.
    DoCheckDestination(&'a str),
    /// Step: see after the gateway.
    DoCheckGateway,
    /// Step: remove a lock.
    DoUnlock {
        /// The applications.
        applications: &'a str,
        /// Their node.
        node: &'a str,
    },
    /// Step: see what is damaged.
    DoCheckRepository {
        /// The applications.
        applications: &'a str,
        /// Their node.
        node: &'a str,
    },
    /// Step: bring the old password back.
    DoRestorePassword {
        /// The applications.
        applications: &'a str,
        /// The destination.
        destination: &'a str,
    },
    /// Step: find out why there is no repository.
    DoFindRepository {
        /// The applications.
        applications: &'a str,
        /// The destination.
        destination: &'a str,
    },
    /// Step: ask restic again by hand.
    DoAskRestic {
        /// The applications.
        applications: &'a str,
        /// Their node.
        node: &'a str,
    },
    /// Step: read what the run said.
    DoReadLog {
        /// The applications that failed.
        applications: &'a str,
        /// Their node.
        node: &'a str,
    },
    /// Step: see whether a node is still at work, that has reported others.
    DoCheckRun {
        /// The applications.
        applications: &'a str,
        /// Their node.
        node: &'a str,
    },
    /// Step: see after a node on which something is missing.
    DoCheckTimer {
        /// The applications.
        applications: &'a str,
        /// Their node.
        node: &'a str,
    },
    /// Step: look at a status that can't be read.
    DoReadStatus {
        /// The application.
        application: &'a str,
    },
    /// Step: run the plan again.
    DoRunAgain(&'a str),
    /// Step: a mail will follow by itself.
    DoWaitForPlan,
    /// Step: correct a plan's applications.
    DoRemoveFromPlan {
        /// The plan.
        plan: &'a str,
        /// The module.
        module: &'a str,
    },
    /// Step: add applications to a plan.
    DoFillPlan(&'a str),
    /// Step: give a plan a destination.
    DoChooseDestination(&'a str),
    /// Step: correct a plan's schedule.
    DoCorrectSchedule(&'a str),
    /// Step: nothing, as the plan is gone.
    DoIgnoreGonePlan,
    /// Step: enable a plan.
    DoEnablePlan(&'a str),
    /// Step: let us ask the API.
    DoAllowApi,
}
