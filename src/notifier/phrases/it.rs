// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Italian. Terms follow cluster-admin's own translation (ns8-core, `core/ui/public/i18n/it`): destinazione, pianificazione,
//! snapshot, retention, disabilitato.

use super::{Badges, Columns, Headings, Phrases, SnapshotAges, SnapshotFacts, Texts};
use crate::{
    correlator::correlation::Outcome,
    notifier::decision::{Decision, HoldReason, SendReason},
    repo_check::findings::{Detail, Health},
};

mod causes;
mod gaps;
mod headline;
mod steps;

/// Italian.
pub(super) struct Italian;

const TEXTS: Texts = Texts {
    headings: Headings {
        shrunk: "Forte riduzione delle dimensioni",
        thinned: "Snapshot diminuiti",
        steps: "Cosa fare",
        details: "Dettagli",
        storage: "Destinazioni e repository",
        backup_size: "Dimensioni dei backup",
        backed_up: "Backup riusciti",
    },
    badges: Badges {
        failed: "fallito",
        missing: "non eseguito",
        interrupted: "interrotto",
        pending: "in corso",
        unknown: "sconosciuto",
        reachable: "raggiungibile",
        readable: "leggibile",
        unreachable: "non raggiungibile",
        locked: "bloccato",
        damaged: "danneggiato",
        wrong_password: "password errata",
        not_found: "non trovato",
        not_configured: "non configurato",
        error: "errore",
        warning: "avviso",
        data_saved: "dati salvati",
    },
    columns: Columns {
        application: "Applicazione",
        size: "Dimensioni",
        duration: "Durata",
        finished: "Terminato",
    },

    weekdays: ["lun", "mar", "mer", "gio", "ven", "sab", "dom"],
    months: ["gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"],
    decimal_mark: ",",
    and: "e",

    backup: "Backup",
    report: "Rapporto",
    none: "–",

    cluster_unreadable: "impossibile leggere i dati del cluster",
    internal_error: "il backup monitor non è riuscito a esaminare i backup",
    result_unknown: "esito sconosciuto",
    plan_not_found_clause: "piano inesistente nel cluster",
    plan_disabled_clause: "il piano è disabilitato",
    no_applications_clause: "il piano non contiene applicazioni",
    no_destination_clause: "il piano non ha una destinazione",
    plan_error_clause: "il piano segnala un errore",
    cause_unknown: "non nota",
    own_words: "Messaggio del backup:",

    due_within_a_day: "Pianificazione non nota: si considerano i risultati delle ultime 24 ore.",
    fine_since_the_alert: "È scattato un allarme, ma dall'ultima esecuzione prevista tutte le applicazioni risultano salvate. Rientrerà \
        con la prossima esecuzione senza errori.",
    all_fine: "Il backup di tutte le applicazioni è riuscito.",
    fine_again: "L'email precedente segnalava un problema. Da allora il backup di tutte le applicazioni è riuscito.",

    no_result_in_a_day: "Nessun risultato nelle ultime 24 ore.",
    no_result_when_due: "Nessun risultato da quando erano previsti.",
    never_backed_up: "Questo piano non ne ha mai eseguito il backup.",

    snapshots_not_queried: "Non è noto che cosa si possa ripristinare: il repository non è stato interrogato.",
    snapshots_unreadable: "Non è noto che cosa si possa ripristinare: il repository non è leggibile.",

    plan_not_found: "Questo piano non esiste nel cluster.",
    plan_disabled: "Questo piano è disabilitato: non era prevista alcuna esecuzione.",
    no_applications: "Questo piano non contiene applicazioni.",
    no_schedule: "Questo piano non ha una pianificazione: si considerano i risultati delle ultime 24 ore.",
    no_destination: "Questo piano non ha una destinazione.",

    step_check_redis: "Verificare che Redis sia attivo sul nodo del backup monitor:",
    step_check_backups: "Controllare lo stato dei backup nella pagina Backup di cluster-admin.",
    step_report_error: "Segnalare l'errore agli sviluppatori di ns8-backup-monitor; i dettagli sono nel log:",
    step_wait_for_redis: "L'esito dei backup arriverà con un'altra email, non appena i dati del cluster saranno leggibili.",
    step_check_gateway: "Il gateway rclone sul nodo del backup monitor non risponde. Individuarne il motivo e riavviarlo:",
    step_wait_for_plan: "Attendere: se l'esito finale sarà diverso, arriverà un'altra email.",
    step_plan_gone: "Se il piano è stato eliminato, l'allarme rientrerà da solo. Se dopo un'ora è ancora attivo, eliminare il file \
                     rimasto, sul nodo indicato dall'allarme:",
    step_allow_api: "Per sapere che cosa si può ripristinare, il backup monitor deve poter accedere all'API del cluster con il ruolo \
                     reader.",

    log: "Log",
    log_not_configured: "Il log dei backup non è stato letto: il cluster non ha Loki, o il suo indirizzo non è noto.",
    log_too_much: "Il log è troppo lungo per essere letto tutto: qui possono mancare delle righe.",

    link_log: "Apri il log di quel momento",
    link_report: "Apri questo rapporto in cluster-admin",
    link_backup: "Apri la pagina Backup",
    link_restore: "Apri la pagina di ripristino",

    test_subject: "Backup monitor: email di prova",
    test_text: "Questa è un'email di prova del backup monitor. A questo indirizzo arriveranno gli avvisi sui \
        backup falliti.",
};

impl Phrases for Italian {
    fn texts(&self) -> &'static Texts {
        &TEXTS
    }

    fn day_unit(&self, days: u64) -> &'static str {
        if days == 1 { "giorno" } else { "giorni" }
    }

    fn outcome(&self, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Success => "riuscito",
            Outcome::Pending => "ancora in corso",
            Outcome::Unknown => "con esito sconosciuto",
            Outcome::Partial => "parziale",
            Outcome::Missing => "non eseguito",
            Outcome::RepoFailure => "con errore di storage",
            Outcome::Failure => "fallito",
        }
    }

    fn thinned(&self, before: usize, now: usize) -> String {
        let left = match now {
            0 => "non ne resta nessuno".into(),
            1 => "ne resta 1".into(),
            _ => format!("ne restano {now}"),
        };
        format!("Di {before} snapshot {left}: più di quanti la retention ne rimuova in un'esecuzione.")
    }

    fn more_below(&self, count: usize) -> String {
        format!("Altre {count}: vedere i dettagli più sotto.")
    }

    fn whole_list(&self, report: i64) -> String {
        format!("In questa email non ci stanno tutte. L'elenco completo è nel rapporto {report}.")
    }

    fn more_backed_up(&self, count: usize) -> String {
        if count == 1 { "e un'altra, salvata".into() } else { format!("e altre {count}, tutte salvate") }
    }

    fn more_alerts(&self, count: usize) -> String {
        if count == 1 { "e un altro allarme".into() } else { format!("e altri {count} allarmi") }
    }

    fn log_silent(&self, reason: &str) -> String {
        format!("Impossibile leggere il log dei backup: {reason}.")
    }

    fn log_refused(&self, reason: &str) -> String {
        format!("Loki ha negato l'accesso al log dei backup: {reason}.")
    }

    fn decision(&self, decision: Decision) -> &'static str {
        match decision {
            Decision::Send(SendReason::New) => "Nuovo problema",
            Decision::Send(SendReason::Changed) => "Situazione cambiata dall'ultima email",
            Decision::Send(SendReason::Reminder) => "Promemoria: nulla è cambiato",
            Decision::Send(SendReason::Recovered) => "Tornato regolare",
            Decision::Send(SendReason::AllClear) => "Tutto regolare dopo un allarme",
            Decision::Send(SendReason::EveryRun) => "Ogni esecuzione viene segnalata",
            Decision::Send(SendReason::Requested) => "Invio richiesto",
            Decision::Hold(HoldReason::Unchanged | HoldReason::NothingNew) => {
                "Non inviata: nulla è cambiato dall'ultima email"
            }
            Decision::Hold(HoldReason::AllWell) => {
                "Non inviata: tutti i backup sono riusciti e vengono segnalati solo i problemi"
            }
            Decision::Hold(HoldReason::TooFew) => {
                "Non inviata: meno esecuzioni fallite di fila di quante indicate nelle impostazioni"
            }
            Decision::Hold(HoldReason::Muted) => "Non inviata: silenziata nelle impostazioni",
            Decision::Hold(HoldReason::NoRecipients) => "Non inviata: nessun destinatario configurato",
        }
    }

    fn due(&self, due: &str, next: Option<&str>) -> String {
        match next {
            Some(next) => format!("Previsto per {due}, prossima esecuzione {next}."),
            None => format!("Previsto per {due}."),
        }
    }

    fn writes_to(&self, destination: &str) -> String {
        format!("Destinazione: {destination}.")
    }

    fn internal_error(&self, reason: &str) -> String {
        format!("Per un errore interno del backup monitor non è noto quali backup siano riusciti: {reason}.")
    }

    fn cluster_unread(&self, reason: &str) -> String {
        format!("Impossibile leggere i dati del cluster: lo stato dei backup è sconosciuto. {reason}.")
    }

    fn started_by_run(&self, plan: &str, began: &str) -> String {
        format!("Esecuzione di {plan} avviata {began}")
    }

    fn started_by_schedule(&self, plan: &str, due: &str) -> String {
        format!(
            "{plan} era previsto per {due}; trascorsa la tolleranza, nessuna applicazione aveva dato risultati"
        )
    }

    fn started_by_stuck_run(&self, plan: &str, due: &str) -> String {
        format!(
            "{plan} era previsto per {due}; trascorsa l'attesa, nessuna applicazione aveva dato risultati"
        )
    }

    fn started_by_alert(&self, name: &str, summary: Option<&str>, since: Option<&str>) -> String {
        let summary = summary.map(|summary| format!(": {summary}")).unwrap_or_default();
        let since = since.map(|since| format!(" (attivo da {since})")).unwrap_or_default();
        format!("Allarme {name}{summary}{since}")
    }

    fn node(&self, id: &str, label: Option<&str>) -> String {
        match label {
            Some(label) => format!("nodo {id} ({label})"),
            None => format!("nodo {id}"),
        }
    }

    fn ended(&self, time: &str) -> String {
        format!("Terminato {time}")
    }

    fn no_result_since(&self, due: &str) -> String {
        format!("Nessun risultato da quando era previsto ({due}).")
    }

    fn not_run_when_due(&self, due: &str) -> String {
        format!("Non è partito quando era previsto ({due}).")
    }

    fn later_run(&self, time: &str, ok: bool) -> String {
        format!("Un'esecuzione successiva è {}: {time}.", if ok { "riuscita" } else { "fallita" })
    }

    fn previous_run(&self, time: &str, age: &str, ok: bool) -> String {
        format!("L'esecuzione precedente era {}: {time}, {age} fa.", if ok { "riuscita" } else { "fallita" })
    }

    fn unreadable_status(&self, reason: &str) -> String {
        format!("L'esito è sconosciuto, perché lo stato in Redis non è leggibile: {reason}.")
    }

    fn destination_title(&self, name: &str) -> String {
        format!("Destinazione {name}")
    }

    fn repository_title(&self, applications: &str, _count: usize) -> String {
        format!("Repository di {applications}")
    }

    fn destination_health(&self, health: Health, detail: Option<&Detail>) -> String {
        let state = match health {
            Health::Ok => return "La destinazione ora risponde.".into(),
            Health::Unreachable => "La destinazione non è raggiungibile",
            Health::Unknown => "Lo stato della destinazione è sconosciuto",
            Health::Unconfigured => "La destinazione non è configurata",
            Health::Locked | Health::Corrupted | Health::WrongPassword | Health::NotFound | Health::Error => {
                "La destinazione restituisce un errore"
            }
        };
        with_detail(state, detail)
    }

    fn repository_health(&self, health: Health, detail: Option<&Detail>) -> String {
        let state = match health {
            Health::Ok => return "Ora leggibile.".into(),
            Health::Unreachable => "Il repository non è raggiungibile",
            Health::Locked => "Il repository è bloccato da un altro processo restic",
            Health::Corrupted => "Il repository è danneggiato",
            Health::WrongPassword => {
                "Il repository è stato creato con una password diversa da quella della destinazione"
            }
            Health::NotFound => "Il repository non esiste",
            Health::Unconfigured => "La posizione del repository è sconosciuta",
            Health::Error => "Il repository non è leggibile",
            Health::Unknown => "Lo stato del repository è sconosciuto",
        };
        with_detail(state, detail)
    }

    fn saved_anyway(&self, time: &str) -> String {
        format!(
            "C'è uno snapshot successivo all'inizio di questa esecuzione ({time}). Può essere incompleto, oppure l'errore \
             si è verificato solo dopo."
        )
    }

    fn unreadable_schedule(&self, reason: &str) -> String {
        format!("Pianificazione non utilizzabile ({reason}): si considerano i risultati delle ultime 24 ore.")
    }

    fn unknown_destination(&self, id: &str) -> String {
        format!("La destinazione di questo piano, {id}, non è configurata nel cluster.")
    }

    fn removed_module(&self, module: &str) -> String {
        format!("{module} fa parte di questo piano, ma non è più installato. Non viene conteggiato.")
    }

    fn plan_error(&self, time: &str) -> String {
        format!("Il piano stesso ha segnalato un errore ({time}):")
    }

    fn amount(&self, size: &str, files: Option<u64>) -> String {
        match files {
            Some(files) => format!("{size} in {files} file"),
            None => size.into(),
        }
    }

    fn shrank(&self, now: &str, before: &str, time: &str) -> String {
        format!("Il backup è riuscito, ma contiene solo {now}. Il precedente ({time}) conteneva {before}.")
    }

    fn backup_size(&self, size: &str, applications: usize, growth: Option<(i64, &str)>) -> String {
        let latest = match applications {
            1 => format!("{size} nell'ultimo snapshot di 1 applicazione"),
            _ => format!("{size} negli ultimi snapshot di {applications} applicazioni"),
        };
        match growth {
            None => format!("{latest}."),
            Some((0, _)) => format!("{latest}, come prima."),
            Some((1.., more)) => format!("{latest}, {more} in più di prima."),
            Some((_, less)) => format!("{latest}, {less} in meno di prima."),
        }
    }

    fn last_snapshot(&self, snapshot: &SnapshotFacts) -> String {
        let SnapshotFacts { time, age, size, count, destination, as_of } = *snapshot;
        let known = if as_of.is_some() { "Ultimo snapshot noto" } else { "Ultimo snapshot" };
        let place = destination.map(|destination| format!(" in {destination}")).unwrap_or_default();
        let size = size.map(|size| format!(", {size}")).unwrap_or_default();
        let count = count.map(|count| format!(". {count} snapshot in totale")).unwrap_or_default();
        let as_of = as_of.map(|time| format!(" (verificato {time})")).unwrap_or_default();
        format!("{known}{place}: {time}, {age} fa{size}{count}{as_of}.")
    }

    fn last_success(&self, time: &str, age: &str, destination: Option<&str>) -> String {
        let place = destination.map(|destination| format!(" in {destination}")).unwrap_or_default();
        format!("Ultimo backup riuscito{place}: {time}, {age} fa; il suo snapshot non è stato verificato.")
    }

    fn no_snapshots(&self, destination: Option<&str>) -> String {
        match destination {
            Some(destination) => {
                format!("Nessuno snapshot in {destination}: da lì non è possibile ripristinare nulla.")
            }
            None => "Nessuno snapshot: da questo repository non è possibile ripristinare nulla.".into(),
        }
    }

    fn snapshot_ages(&self, ages: &SnapshotAges) -> String {
        let SnapshotAges { newest, oldest, oldest_of, are_snapshots } = *ages;
        let what = if are_snapshots { "Ultimi snapshot" } else { "Ultimi backup riusciti" };
        if newest == oldest {
            format!("{what}: {newest} fa.")
        } else {
            format!("{what}: da {newest} a {oldest} fa, il meno recente è di {oldest_of}.")
        }
    }

    fn without_snapshots(&self, count: usize, total: usize) -> String {
        match count {
            _ if count == total => "Nessuna ha uno snapshot: non è possibile ripristinare nulla.".into(),
            1 => "Una di esse non ha snapshot.".into(),
            _ => format!("{count} non hanno snapshot."),
        }
    }

    fn with_unknown_snapshots(&self, count: usize, total: usize) -> String {
        if count == total {
            "Non si sa che cosa sia ripristinabile.".into()
        } else {
            format!("Di {count} non è noto che cosa si possa ripristinare.")
        }
    }

    fn failed_runs_in_a_row(&self, least: u32, most: u32) -> String {
        if least == most {
            format!("Esecuzioni fallite di fila: {most}.")
        } else {
            format!("Esecuzioni fallite di fila: da {least} a {most}.")
        }
    }

    fn step_enable_plan(&self, plan: &str) -> String {
        format!("Se «{plan}» deve essere eseguito, abilitarlo in cluster-admin.")
    }
}

/// restic's message follows as a quotation of its own.
fn with_detail(state: &str, detail: Option<&Detail>) -> String {
    match detail {
        None => format!("{state}."),
        Some(Detail::Restic { .. }) => format!("{state}:"),
        Some(detail) => format!("{state}: {}.", words(detail)),
    }
}

fn words(detail: &Detail) -> String {
    match detail {
        Detail::Restic { message } => message.clone(),
        Detail::GatewayStatus { status } => {
            format!("il gateway rclone ha risposto con lo stato HTTP {status}")
        }
        Detail::GatewaySilent { reason } => format!("è il gateway rclone a non rispondere: {reason}"),
        Detail::NoAnswer { seconds } => format!("nessuna risposta entro {seconds} s"),
        Detail::DestinationSilent => "la sua destinazione non risponde".into(),
        Detail::NotAsked => "il controllo dei repository è disattivato nelle impostazioni".into(),
        Detail::ApiSilent { reason } => format!("impossibile interrogare l'API del cluster: {reason}"),
        Detail::ApiRefused { reason } => format!("l'API del cluster ha negato l'accesso: {reason}"),
        Detail::NotReached { seconds } => {
            format!("non controllato entro i {seconds} s dell'intero controllo")
        }
        Detail::AnsweredAgain { before } => format!("ha ripreso a rispondere; prima: {}", words(before)),
        Detail::NoDestination => "il piano non ha una destinazione nota al cluster".into(),
        Detail::NoPath => "in Redis mancano l'immagine o l'UUID dell'applicazione".into(),
    }
}
