//! English.

use super::{Sentence, Word};
use crate::repo_check::findings::{Cause, Health};

pub(super) fn word(word: Word) -> &'static str {
    match word {
        Word::Backup => "Backup",
        Word::WhatFailed => "What failed",
        Word::WhatIsMissing => "What is missing",
        Word::WhatIsRunning => "What is still running",
        Word::WhatIsUnknown => "What is not known",
        Word::WhatIsBehind => "What is behind it",
        Word::WhatCanBeRestored => "What can still be restored",
        Word::WhatShrank => "What has shrunk",
        Word::WhatIsHeld => "What the destinations hold",
        Word::WhatToDo => "What to do next",
        Word::WhatIsFine => "What is fine",
        Word::Failed => "failed",
        Word::Missing => "missing",
        Word::Pending => "still running",
        Word::NotKnown => "not known",
        Word::Answers => "answers",
        Word::Readable => "readable",
        Word::Unreachable => "unreachable",
        Word::Locked => "locked",
        Word::Damaged => "damaged",
        Word::WrongPassword => "wrong password",
        Word::NotFound => "not found",
        Word::NotConfigured => "not configured",
        Word::Error => "error",
        Word::Notice => "notice",
        Word::Saved => "saved",
        Word::Restorable => "restorable",
        Word::NothingToRestore => "nothing",
        Word::Application => "Application",
        Word::Node => "Node",
        Word::Size => "Size",
        Word::Duration => "Duration",
        Word::Finished => "Finished",
        Word::Report => "Report",
        Word::None => "–",
    }
}

fn applications(count: usize) -> &'static str {
    if count == 1 { "application" } else { "applications" }
}

pub(super) fn sentence(sentence: Sentence) -> String {
    match sentence {
        Sentence::Counts { failed, missing, pending, total } => {
            let noun = applications(total);
            let states = [(failed, "failed"), (missing, "missing"), (pending, "still running")];
            let mut parts: Vec<String> = Vec::new();
            for (count, state) in states.into_iter().filter(|(count, _)| *count > 0) {
                parts.push(match parts.is_empty() {
                    true => format!("{count} of {total} {noun} {state}"),
                    false => format!("{count} {state}"),
                });
            }
            parts.join(", ")
        }
        Sentence::StorageAtFault => "the storage is at fault".into(),
        Sentence::NothingRan { total: 1 } => "its application did not run".into(),
        Sentence::NothingRan { total } => format!("none of {total} applications ran"),
        Sentence::AllBackedUp { total, recovered, shrunk } => {
            let recovered = if recovered { "recovered, " } else { "" };
            let all = match total {
                1 => "its application is backed up".into(),
                _ => format!("all {total} applications are backed up"),
            };
            match shrunk {
                0 => format!("{recovered}{all}"),
                1 => format!("{recovered}{all}, but 1 backup has shrunk"),
                _ => format!("{recovered}{all}, but {shrunk} backups have shrunk"),
            }
        }
        Sentence::ClusterUnread => "the cluster could not be read".into(),
        Sentence::NotKnown => "it is not known what happened".into(),
        Sentence::Plans(count) => format!("{count} plans"),
        Sentence::PlanById(id) => format!("plan {id}"),

        Sentence::Due { due, next: Some(next) } => format!("Due {due}, next {next}."),
        Sentence::Due { due, next: None } => format!("Due {due}."),
        Sentence::DueWithinADay => "Runs of the last 24 hours count.".into(),
        Sentence::WritesTo(destination) => format!("Destination: {destination}."),
        Sentence::FineSinceTheAlert => {
            "An alert was raised, but every application has been backed up since the plan was last due.".into()
        }
        Sentence::AllFine => "Every application has been backed up.".into(),
        Sentence::FineAgain => {
            "The last mail told of a problem. Every application has been backed up since.".into()
        }
        Sentence::StartedByRun { plan, began } => format!("Run of {plan} that began {began}"),
        Sentence::StartedBySchedule { plan, due } => {
            format!("{plan} was due {due}; no application had reported when the grace time was over")
        }
        Sentence::StartedBy { name, summary, since } => {
            let mut text = format!("Alert {name}");
            if let Some(summary) = summary {
                text += &format!(": {summary}");
            }
            if let Some(since) = since {
                text += &format!(" (firing since {since})");
            }
            text
        }

        Sentence::OnNode { node, label: Some(label) } => format!("node {node} ({label})"),
        Sentence::OnNode { node, label: None } => format!("node {node}"),
        Sentence::Ran { span, duration } => format!("{span}, {duration}"),
        Sentence::Ended(time) => format!("ended {time}"),
        Sentence::NoResultSince(due) => format!("No result since it was due, {due}."),
        Sentence::NotWhenDue(due) => format!("It did not run when it was due, {due}."),
        Sentence::RanSince { time, ok: true } => format!("It has run since, with success: {time}."),
        Sentence::RanSince { time, ok: false } => format!("It has run since, and failed: {time}."),
        Sentence::NoResultInADay => "No result in the last 24 hours.".into(),
        Sentence::LastRun { time, age, ok } => {
            let result = if ok { "a success" } else { "a failure" };
            format!("The last run before was {result}: {time}, {age} ago.")
        }
        Sentence::NeverRan => "This plan has never backed it up.".into(),
        Sentence::UnreadableStatus { reason } => {
            format!("Whether it ran is not known, as its status can't be read: {reason}.")
        }

        Sentence::DestinationNamed(name) => format!("Destination {name}"),
        Sentence::RepositoryOf(applications) => format!("Repository of {applications}"),
        Sentence::DestinationHealth { health, cause } => destination(health, cause),
        Sentence::RepositoryHealth { health, cause } => repository(health, cause),
        Sentence::SavedAnyway(time) => format!(
            "The data of this run were saved ({time}): it failed only afterwards, when it removed old snapshots, read \
             the figures, or cleaned up."
        ),

        Sentence::Amount { size, files: Some(1) } => format!("{size} in 1 file"),
        Sentence::Amount { size, files: Some(files) } => format!("{size} in {files} files"),
        Sentence::Amount { size, files: None } => size.into(),
        Sentence::Shrank { now, before, time } => {
            format!("The backup succeeded, but holds {now}. The one before, {time}, held {before}.")
        }
        Sentence::Held { size, applications: count, growth } => {
            let latest = match count {
                1 => format!("{size} in the latest snapshot of 1 application"),
                _ => format!("{size} in the latest snapshots of {count} {}", applications(count)),
            };
            match growth {
                None => format!("{latest}."),
                Some((0, _)) => format!("{latest}, as much as before."),
                Some((1.., more)) => format!("{latest}, {more} more than before."),
                Some((_, less)) => format!("{latest}, {less} less than before."),
            }
        }
        Sentence::LastGood { time, age, size, count } => {
            let size = size.map(|size| format!(", {size}")).unwrap_or_default();
            let noun = if count == 1 { "snapshot" } else { "snapshots" };
            format!("Last good snapshot: {time}, {age} old{size}. {count} {noun} in all.")
        }
        Sentence::NoSnapshots => "There is no snapshot: nothing can be restored from here.".into(),
        Sentence::RestoreNotAsked => "Not known, as the repository was not asked.".into(),
        Sentence::RestoreNotReadable => "Not known, as the repository can't be read.".into(),

        Sentence::PlanNotFound => "The cluster does not have this plan.".into(),
        Sentence::PlanDisabled => "This plan is disabled, so that nothing was due.".into(),
        Sentence::NoApplications => "There is no application in this plan.".into(),
        Sentence::NoSchedule => {
            "This plan has no schedule; runs of the last 24 hours count.".into()
        }
        Sentence::UnreadableSchedule { reason } => {
            format!("Runs of the last 24 hours count, as {reason}.")
        }
        Sentence::NoDestination => "This plan has no destination.".into(),
        Sentence::UnknownDestination(id) => {
            format!("This plan's destination, {id}, is not configured in the cluster.")
        }
        Sentence::RemovedModule(module) => {
            format!("{module} is in this plan, but is not installed any more. It is not counted.")
        }
        Sentence::PlanError { time } => format!("The plan itself reports an error ({time}):"),
        Sentence::Unread { reason } => {
            format!("The cluster's state could not be read, so that nothing is known of its backups. {reason}.")
        }

        Sentence::DoLookAtShrunk(application) => format!(
            "If nobody has deleted or moved data of {application} on purpose, restore them from an older snapshot \
             before the plan's retention removes it."
        ),
        Sentence::DoCheckRedis => "Check that Redis runs on the node of the backup monitor.".into(),
        Sentence::DoWaitForRedis => {
            "Another mail tells what happened as soon as the cluster can be read.".into()
        }
        Sentence::DoCheckDestination(destination) => format!(
            "Check that {destination} can be reached: the provider, the credentials, the network. The rclone gateway \
             logs its errors."
        ),
        Sentence::DoCheckGateway => {
            "The rclone gateway of the backup monitor's node does not answer. Look why, and start it again.".into()
        }
        Sentence::DoUnlock { applications, node } => format!(
            "If no backup of {applications} is running, remove the lock that an interrupted one has left. On {node}:"
        ),
        Sentence::DoCheckRepository { applications, node } => format!(
            "Let restic say what is damaged in the repository of {applications}. Delete nothing: older snapshots may \
             still be good. On {node}:"
        ),
        Sentence::DoRestorePassword { applications, destination } => format!(
            "The repository of {applications} was encrypted with another password than {destination} has now, as \
             happens when a destination is removed and added again. Add it with the earlier password to reach the \
             earlier snapshots."
        ),
        Sentence::DoFindRepository { applications, destination } => format!(
            "{destination} holds no repository of {applications}. If it was never backed up there, the next run makes \
             it; else find out what was moved or deleted at the destination."
        ),
        Sentence::DoAskRestic { applications, node } => {
            format!("Ask restic again about the repository of {applications}. On {node}:")
        }
        Sentence::DoReadLog { applications, node } => {
            format!("Read what the backup of {applications} said. On {node}:")
        }
        Sentence::DoCheckRun { applications, node } => format!(
            "{node} has reported others in this run, but has been silent about {applications} for a long time. See \
             whether it is still at work. There:"
        ),
        Sentence::DoCheckTimer { applications, node } => format!(
            "Check that {node} was switched on and that its timer waits for the next run of {applications}. There:"
        ),
        Sentence::DoReadStatus { application } => {
            format!("Look at the status of {application} that can't be read; the next run writes a new one:")
        }
        Sentence::DoRunAgain(plan) => {
            format!("When the cause is removed, run “{plan}” again. On the leader node:")
        }
        Sentence::DoWaitForPlan => {
            "Wait: another mail tells the result if it differs from this one.".into()
        }
        Sentence::DoRemoveFromPlan { plan, module } => {
            format!("In cluster-admin, open “{plan}” and take {module} out of it.")
        }
        Sentence::DoFillPlan(plan) => {
            format!("In cluster-admin, add applications to “{plan}”, or delete it.")
        }
        Sentence::DoChooseDestination(plan) => {
            format!("In cluster-admin, give “{plan}” a destination that exists.")
        }
        Sentence::DoCorrectSchedule(plan) => {
            format!("In cluster-admin, correct the schedule of “{plan}”.")
        }
        Sentence::DoIgnoreGonePlan => {
            "If the plan was deleted, nothing: the alert will resolve. Else correct the alert's rule.".into()
        }
        Sentence::DoEnablePlan(plan) => format!("If “{plan}” is meant to run, enable it in cluster-admin."),
        Sentence::DoAllowApi => {
            "To learn what can be restored, the backup monitor needs the cluster API and the role reader on it.".into()
        }
    }
}

fn destination(health: Health, cause: Option<&Cause>) -> String {
    let state = match health {
        Health::Ok => return "The destination answers.".into(),
        Health::Unreachable => "The destination does not answer",
        Health::Unknown => "Whether the destination answers is not known",
        Health::Unconfigured => "The destination is not configured",
        Health::Locked | Health::Corrupted | Health::WrongPassword | Health::NotFound | Health::Error => {
            "The destination answers with an error"
        }
    };
    with_cause(state, cause)
}

fn repository(health: Health, cause: Option<&Cause>) -> String {
    let state = match health {
        Health::Ok => return "The repository can be read.".into(),
        Health::Unreachable => "The repository can't be reached",
        Health::Locked => "The repository is locked by another restic process",
        Health::Corrupted => "The repository is damaged",
        Health::WrongPassword => "The repository has another password than the destination",
        Health::NotFound => "There is no repository",
        Health::Unconfigured => "It is not known where the repository is",
        Health::Error => "The repository can't be read",
        Health::Unknown => "The state of the repository is not known",
    };
    with_cause(state, cause)
}

/// restic's words follow as a quotation of their own.
fn with_cause(state: &str, cause: Option<&Cause>) -> String {
    let cause = match cause {
        None => return format!("{state}."),
        Some(Cause::Restic { .. }) => return format!("{state}:"),
        Some(Cause::GatewayStatus { status }) => format!("the rclone gateway reports status {status}"),
        Some(Cause::GatewaySilent { reason }) => {
            format!("the rclone gateway itself does not answer, {reason}")
        }
        Some(Cause::NoAnswer { seconds }) => format!("no answer within {seconds} s"),
        Some(Cause::DestinationSilent) => "its destination does not answer".into(),
        Some(Cause::NotAsked) => "access to the cluster API is not configured".into(),
        Some(Cause::ApiSilent { reason }) => format!("the cluster API could not be asked, {reason}"),
        Some(Cause::ApiRefused { reason }) => format!("the cluster API refused, {reason}"),
        Some(Cause::NoDestination) => "the plan has no destination that the cluster knows".into(),
        Some(Cause::NoPath) => "the application's image or UUID is missing in Redis".into(),
    };
    format!("{state}: {cause}.")
}
