// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Italian. Terms follow cluster-admin's own translation (ns8-core, `core/ui/public/i18n/it`): destinazione, pianificazione,
//! snapshot, retention, disabilitato.

use super::{Badges, Columns, Headings, Phrases, Texts};
use crate::{
    correlator::correlation::Outcome,
    notifier::decision::{Decision, HoldReason, SendReason},
    repo_check::findings::{Detail, Health},
};

/// Italian.
pub(super) struct Italian;

const TEXTS: Texts = Texts {
    headings: Headings {
        failed: "Backup falliti",
        missing: "Backup non eseguiti",
        pending: "Backup in corso",
        unknown: "Esito sconosciuto",
        shrunk: "Forte riduzione delle dimensioni",
        cause: "Causa",
        snapshots: "Snapshot disponibili",
        steps: "Cosa fare",
        backup_size: "Dimensioni dei backup",
        backed_up: "Backup riusciti",
    },
    badges: Badges {
        failed: "fallito",
        missing: "non eseguito",
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
        available: "disponibile",
        none: "nessuno",
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

    storage_failure: "problema di storage",
    cluster_unreadable: "impossibile leggere i dati del cluster",
    internal_error: "il backup monitor non è riuscito a esaminare i backup",
    result_unknown: "esito sconosciuto",

    due_within_a_day: "Pianificazione non nota: si considerano i risultati delle ultime 24 ore.",
    fine_since_the_alert: "È scattato un allarme, ma dall'ultima esecuzione prevista tutte le applicazioni risultano salvate.",
    all_fine: "Il backup di tutte le applicazioni è riuscito.",
    fine_again: "L'email precedente segnalava un problema. Da allora il backup di tutte le applicazioni è riuscito.",

    no_result_in_a_day: "Nessun risultato nelle ultime 24 ore.",
    never_backed_up: "Questo piano non ne ha mai eseguito il backup.",

    no_snapshots: "Nessuno snapshot: da qui non è possibile ripristinare nulla.",
    snapshots_not_queried: "Elenco non disponibile: il repository non è stato interrogato.",
    snapshots_unreadable: "Elenco non disponibile: il repository non è leggibile.",

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
    step_plan_gone: "Se il piano è stato eliminato, non serve fare nulla: l'allarme rientrerà da solo. Altrimenti, correggere la regola \
                     di allarme.",
    step_allow_api: "Per sapere che cosa si può ripristinare, il backup monitor deve poter accedere all'API del cluster con il ruolo \
                     reader.",

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

    fn subject(&self, cluster: &str, outcome: Outcome, headline: &str) -> String {
        format!("[{cluster}] Backup {} ({outcome}): {headline}", self.outcome(outcome))
    }

    fn counts(&self, failed: usize, missing: usize, pending: usize, total: usize) -> String {
        let states = [
            (failed, if failed == 1 { "fallita" } else { "fallite" }),
            (missing, if missing == 1 { "non eseguita" } else { "non eseguite" }),
            (pending, "in corso"),
        ];
        let mut parts: Vec<String> = Vec::new();
        for (count, state) in states.into_iter().filter(|(count, _)| *count > 0) {
            let noun = if count == 1 { "applicazione" } else { "applicazioni" };
            parts.push(match parts.is_empty() {
                true => format!("{count} {noun} su {total} {state}"),
                false => format!("{count} {state}"),
            });
        }
        parts.join(", ")
    }

    fn nothing_ran(&self, total: usize) -> String {
        match total {
            1 => "il backup non è partito".into(),
            _ => format!("nessuno dei {total} backup è partito"),
        }
    }

    fn all_backed_up(&self, total: usize, recovered: bool, shrunk: usize) -> String {
        let recovered = if recovered { "tornato regolare, " } else { "" };
        let all = match total {
            1 => "1 applicazione salvata".into(),
            2 => "entrambe le applicazioni salvate".into(),
            _ => format!("tutte e {total} le applicazioni salvate"),
        };
        match shrunk {
            0 => format!("{recovered}{all}"),
            1 => format!("{recovered}{all}, ma 1 backup è molto più piccolo del precedente"),
            _ => format!("{recovered}{all}, ma {shrunk} backup sono molto più piccoli dei precedenti"),
        }
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
            Decision::Hold(HoldReason::NoRecipients) => "Non inviata: nessun destinatario configurato",
        }
    }

    fn plans(&self, count: usize) -> String {
        format!("{count} piani")
    }

    fn plan_by_id(&self, id: &str) -> String {
        format!("piano {id}")
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
            Health::Ok => return "La destinazione è raggiungibile.".into(),
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
            Health::Ok => return "Il repository è leggibile.".into(),
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
            "I dati di questa esecuzione sono stati salvati ({time}). L'errore si è verificato solo dopo, durante la \
             rimozione dei vecchi snapshot, la lettura delle statistiche o la pulizia."
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

    fn latest_snapshot(&self, time: &str, age: &str, size: Option<&str>, count: usize) -> String {
        let size = size.map(|size| format!(", {size}")).unwrap_or_default();
        format!("Ultimo snapshot: {time}, {age} fa{size}. {count} snapshot in totale.")
    }

    fn step_recover_shrunk(&self, application: &str) -> String {
        format!(
            "Se i dati di {application} non sono stati eliminati o spostati di proposito, recuperarli da uno snapshot \
             precedente prima che la retention del piano lo rimuova."
        )
    }

    fn step_check_destination(&self, destination: &str) -> String {
        format!(
            "Verificare che {destination} sia raggiungibile: provider, credenziali, rete. Gli errori sono nel log del \
             gateway rclone:"
        )
    }

    fn step_unlock(&self, applications: &str, node: &str) -> String {
        format!(
            "Se non è in corso alcun backup di {applications}, rimuovere il lock rimasto da un backup interrotto. Sul \
             {node}:"
        )
    }

    fn step_check_repository(&self, applications: &str, node: &str) -> String {
        format!(
            "Verificare l'integrità del repository di {applications}. Non eliminare nulla: gli snapshot meno recenti possono \
             essere ancora integri. Sul {node}:"
        )
    }

    fn step_restore_password(&self, applications: &str, destination: &str) -> String {
        format!(
            "Il repository di {applications} è cifrato con una password diversa da quella attuale di {destination}. \
             Succede quando una destinazione viene rimossa e aggiunta di nuovo. Per accedere agli snapshot precedenti, \
             aggiungere la destinazione con la password di prima."
        )
    }

    fn step_find_repository(&self, applications: &str, destination: &str) -> String {
        format!(
            "{destination} non contiene un repository per {applications}. Se lì non è mai stato eseguito un backup, verrà \
             creato alla prossima esecuzione. Altrimenti, verificare che cosa è stato spostato o eliminato nella \
             destinazione."
        )
    }

    fn step_list_snapshots(&self, applications: &str, node: &str) -> String {
        format!("Provare a elencare con restic gli snapshot di {applications}. Sul {node}:")
    }

    fn step_read_log(&self, applications: &str, node: &str) -> String {
        format!("Controllare il log del backup di {applications}. Sul {node}:")
    }

    fn step_check_run(&self, applications: &str, node: &str) -> String {
        format!(
            "Sul {node} altre applicazioni hanno già un risultato di questa esecuzione, ma per {applications} non ne \
             arrivano da molto tempo. Verificare se il backup è ancora in corso. Su quel nodo:"
        )
    }

    fn step_check_timer(&self, applications: &str, node: &str) -> String {
        format!(
            "Verificare che il {node} fosse acceso e che il timer per la prossima esecuzione di {applications} sia \
             attivo. Su quel nodo:"
        )
    }

    fn step_inspect_status(&self, application: &str) -> String {
        format!("Esaminare lo stato non leggibile di {application}; la prossima esecuzione lo sovrascriverà:")
    }

    fn step_run_again(&self, plan: &str, has_command: bool) -> String {
        let place = if has_command { " Sul nodo leader:" } else { "" };
        format!("Risolto il problema, eseguire di nuovo «{plan}».{place}")
    }

    fn step_remove_from_plan(&self, plan: &str, module: &str) -> String {
        format!("In cluster-admin, modificare «{plan}» e rimuovere {module}.")
    }

    fn step_add_applications(&self, plan: &str) -> String {
        format!("In cluster-admin, aggiungere applicazioni a «{plan}» oppure eliminarlo.")
    }

    fn step_set_destination(&self, plan: &str) -> String {
        format!("In cluster-admin, assegnare a «{plan}» una destinazione esistente.")
    }

    fn step_fix_schedule(&self, plan: &str) -> String {
        format!("In cluster-admin, correggere la pianificazione di «{plan}».")
    }

    fn step_enable_plan(&self, plan: &str) -> String {
        format!("Se «{plan}» deve essere eseguito, abilitarlo in cluster-admin.")
    }
}

/// restic's message follows as a quotation of its own.
fn with_detail(state: &str, detail: Option<&Detail>) -> String {
    let detail = match detail {
        None => return format!("{state}."),
        Some(Detail::Restic { .. }) => return format!("{state}:"),
        Some(Detail::GatewayStatus { status }) => {
            format!("il gateway rclone ha risposto con lo stato HTTP {status}")
        }
        Some(Detail::GatewaySilent { reason }) => format!("è il gateway rclone a non rispondere: {reason}"),
        Some(Detail::NoAnswer { seconds }) => format!("nessuna risposta entro {seconds} s"),
        Some(Detail::DestinationSilent) => "la sua destinazione non risponde".into(),
        Some(Detail::NotAsked) => "l'accesso all'API del cluster non è configurato".into(),
        Some(Detail::ApiSilent { reason }) => format!("impossibile interrogare l'API del cluster: {reason}"),
        Some(Detail::ApiRefused { reason }) => format!("l'API del cluster ha negato l'accesso: {reason}"),
        Some(Detail::NotReached { seconds }) => {
            format!("non controllato entro i {seconds} s dell'intero controllo")
        }
        Some(Detail::AnsweredAgain { before }) => format!("ha ripreso a rispondere; prima: {before}"),
        Some(Detail::NoDestination) => "il piano non ha una destinazione nota al cluster".into(),
        Some(Detail::NoPath) => "in Redis mancano l'immagine o l'UUID dell'applicazione".into(),
    };
    format!("{state}: {detail}.")
}
