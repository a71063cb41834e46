//! What the status page says, in each language.

use crate::{
    journal::{Job, Stage},
    language::Language,
    notifier::{
        delivery::{Delivery, DeliveryState},
        format::Format,
    },
};

/// A fixed word or heading.
#[derive(Debug, Clone, Copy)]
pub(super) enum Word {
    Title,
    Ready,
    NotReady,
    AllInPlace,
    Jobs,
    NoJobs,
    Reports,
    NoReports,
    ShowMail,
    AsJson,
}

pub(super) fn word(language: Language, word: Word) -> &'static str {
    let (english, italian) = match word {
        Word::Title => ("Backup monitor", "Backup monitor"),
        Word::Ready => ("Ready", "Pronto"),
        Word::NotReady => ("Not ready", "Non pronto"),
        Word::AllInPlace => (
            "The journal can be written, Redis answers, and mail is configured.",
            "Il registro è scrivibile, Redis risponde e la posta è configurata.",
        ),
        Word::Jobs => ("In the making", "In preparazione"),
        Word::NoJobs => ("No report is in the making.", "Nessun rapporto è in preparazione."),
        Word::Reports => ("Recent reports", "Rapporti recenti"),
        Word::NoReports => ("There is no report yet.", "Non c'è ancora nessun rapporto."),
        Word::ShowMail => ("The mail", "La mail"),
        Word::AsJson => ("as JSON", "come JSON"),
    };
    match language {
        Language::English => english,
        Language::Italian => italian,
    }
}

/// What a job is about.
pub(super) fn job_title(language: Language, job: &Job) -> String {
    let mut names: Vec<String> = job
        .alerts
        .iter()
        .map(|alert| match (&alert.plan_name, &alert.plan) {
            (Some(name), _) => name.clone(),
            (None, Some(id)) => match language {
                Language::English => format!("plan {id}"),
                Language::Italian => format!("piano {id}"),
            },
            (None, None) => alert.name.clone(),
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    language.list(&names)
}

/// How far a job has come.
pub(super) fn job_state(format: &Format, job: &Job) -> String {
    let due = format.time(job.due_at);
    let (english, italian) = match &job.stage {
        Stage::Waiting => {
            let note = job.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
            (format!("Looked at next {due}{note}"), format!("Prossimo controllo {due}{note}"))
        }
        Stage::Correlated { .. } => {
            ("Asking destinations and repositories".into(), "Interroga destinazioni e repository".into())
        }
        Stage::Checked { .. } => ("Writing the mail".into(), "Scrive la mail".into()),
    };
    match format.language {
        Language::English => english,
        Language::Italian => italian,
    }
}

/// What has become of a report's mail.
pub(super) fn delivery(format: &Format, delivery: &Delivery) -> String {
    let accepted = delivery.accepted.join(", ");
    let error = delivery.last_error.as_deref().unwrap_or("–");
    let attempts = delivery.attempts;
    let next = format.time(delivery.next_attempt_at);
    let sent = delivery.sent_at.map(|sent| format.time(sent)).unwrap_or_default();
    let (english, mut italian) = match delivery.state {
        DeliveryState::Sent => (format!("Sent {sent} to {accepted}"), format!("Inviata {sent} a {accepted}")),
        DeliveryState::Unchanged => (
            "Not sent, as nothing has changed since it was last told".into(),
            "Non inviata, perché nulla è cambiato dall'ultima comunicazione".into(),
        ),
        DeliveryState::Suppressed => (
            "Not sent, as all is well and only failures are mailed".into(),
            "Non inviata, perché tutto va bene e vengono inviati solo i problemi".into(),
        ),
        DeliveryState::Failed => (format!("Given up: {error}"), format!("Abbandonata: {error}")),
        DeliveryState::Queued if attempts == 0 => {
            ("Waiting to be sent".to_owned(), "In attesa di invio".to_owned())
        }
        DeliveryState::Queued => (
            format!("Not accepted yet, tried {attempts} times, next {next}: {error}"),
            format!("Non ancora accettata, {attempts} tentativi, prossimo {next}: {error}"),
        ),
    };
    let mut english = english;
    for refusal in &delivery.refused {
        let (address, reason) = (&refusal.address, &refusal.reason);
        english += &format!("; refused for {address}: {reason}");
        italian += &format!("; rifiutata per {address}: {reason}");
    }
    match format.language {
        Language::English => english,
        Language::Italian => italian,
    }
}
