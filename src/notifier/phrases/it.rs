// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Italian. Terms follow cluster-admin's own translation (ns8-core, `core/ui/public/i18n/it`): destinazione, pianificazione,
//! snapshot, retention, disabilitato.

use super::{Badges, Columns, Counted, Headings, Phrases, SnapshotAges, SnapshotFacts, Texts, Unit};
use crate::{
    correlator::correlation::{Outcome, State},
    notifier::decision::{Decision, HoldReason, SendReason},
    repo_check::findings::{Detail, Health},
};

mod causes;

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

    fn named_in_state(&self, applications: &str, count: usize, state: State) -> String {
        let state = match (state, count) {
            (State::Failed, 1) => "fallito",
            (State::Failed, _) => "falliti",
            (State::Missing | State::Ok, 1) => "non eseguito",
            (State::Missing | State::Ok, _) => "non eseguiti",
            (State::Pending, _) => "in corso",
        };
        format!("{applications} {state}")
    }

    fn counts(&self, counted: &Counted) -> String {
        let Counted { failed, missing, pending, total, unit } = *counted;
        // "applicazione" is feminine, "backup" masculine.
        let of_gender = |count: usize, stem: &str| {
            let end = match (unit, count) {
                (Unit::Applications, 1) => "a",
                (Unit::Applications, _) => "e",
                (Unit::Backups, 1) => "o",
                (Unit::Backups, _) => "i",
            };
            format!("{stem}{end}")
        };
        let states = [
            (failed, of_gender(failed, "fallit")),
            (missing, of_gender(missing, "non eseguit")),
            (pending, "in corso".to_owned()),
        ];
        let mut parts: Vec<String> = Vec::new();
        for (count, state) in states.into_iter().filter(|(count, _)| *count > 0) {
            let noun = match (unit, count) {
                (Unit::Applications, 1) => "applicazione",
                (Unit::Applications, _) => "applicazioni",
                (Unit::Backups, _) => "backup",
            };
            parts.push(match parts.is_empty() {
                true => format!("{count} {noun} su {total} {state}"),
                false => format!("{count} {state}"),
            });
        }
        parts.join(", ")
    }

    fn of_total(&self, count: usize, total: usize) -> String {
        format!("{count} su {total}")
    }

    fn nothing_ran(&self, total: usize) -> String {
        match total {
            1 => "il backup non è partito".into(),
            _ => format!("nessuno dei {total} backup è partito"),
        }
    }

    fn all_backed_up(&self, total: usize) -> String {
        match total {
            1 => "1 applicazione salvata".into(),
            2 => "entrambe le applicazioni salvate".into(),
            _ => format!("tutte e {total} le applicazioni salvate"),
        }
    }

    fn working_again(&self, lasted: Option<&str>) -> String {
        match lasted {
            Some(lasted) => format!("di nuovo regolare dopo {lasted}"),
            None => "di nuovo regolare".into(),
        }
    }

    fn shrank_clause(&self, application: &str, before: &str, now: &str) -> String {
        format!("{application} ridotto da {before} a {now}")
    }

    fn shrank_count(&self, count: usize) -> String {
        format!("{count} backup molto più piccoli di prima")
    }

    fn thinned_clause(&self, application: &str, before: usize, now: usize) -> String {
        format!("{application} ha {now} snapshot invece di {before}")
    }

    fn thinned_count(&self, count: usize) -> String {
        format!("spariti quasi tutti gli snapshot di {count} applicazioni")
    }

    fn thinned(&self, before: usize, now: usize) -> String {
        let left = match now {
            0 => "non ne resta nessuno".into(),
            1 => "ne resta 1".into(),
            _ => format!("ne restano {now}"),
        };
        format!("Di {before} snapshot {left}: più di quanti la retention ne rimuova in un'esecuzione.")
    }

    fn files(&self, count: u64) -> String {
        format!("{count} file")
    }

    fn nodes(&self, count: usize) -> String {
        format!("{count} nodi")
    }

    fn counted_applications(&self, count: usize, names: &str) -> String {
        format!("{count} applicazioni: {names}")
    }

    fn and_more(&self, names: &str, more: usize) -> String {
        if more == 1 { format!("{names} e un'altra") } else { format!("{names} e altre {more}") }
    }

    fn incident_goes_on(&self, plan: Option<&str>, runs: u32, since: &str, at_risk: Option<&str>) -> String {
        let plan = plan.map(|plan| format!("{plan}: ")).unwrap_or_default();
        let at_risk = at_risk.map(|risk| format!("; dati a rischio: {risk}")).unwrap_or_default();
        format!("{plan}{} esecuzione di fila non riuscita, da {since}{at_risk}.", ordinal(runs))
    }

    fn incident_over(&self, plan: Option<&str>, lasted: &str, since: &str, runs: u32) -> String {
        let plan = plan.map_or_else(|| "Di".into(), |plan| format!("{plan}: di"));
        let runs = if runs == 1 { "1 esecuzione".into() } else { format!("{runs} esecuzioni") };
        format!("{plan} nuovo regolare dopo {lasted}: non riusciva da {since}, in tutto {runs}.")
    }

    fn news_application(&self, application: &str) -> String {
        format!("Novità: manca anche il backup di {application}.")
    }

    fn news_recovered(&self, application: &str) -> String {
        format!("Novità: il backup di {application} è di nuovo regolare.")
    }

    fn news_state(&self, application: &str, before: State, now: State) -> String {
        let state = |state| match state {
            State::Failed => "fallito",
            State::Missing | State::Ok => "non eseguito",
            State::Pending => "in corso",
        };
        format!("Novità: backup di {application} {} (prima: {}).", state(now), state(before))
    }

    fn run_is_stuck(&self, plan: &str, destination: Option<&str>) -> String {
        let destination = destination.unwrap_or("la destinazione");
        format!(
            "«{plan}» sembra bloccato: dall'orario previsto nessuna applicazione ha dato risultati, e {destination} non \
             risponde."
        )
    }

    fn news_cause(&self, application: &str, before: &str, now: &str) -> String {
        format!("Novità: per {application} la causa è cambiata: {now} (prima: {before}).")
    }

    fn more_news(&self, count: usize) -> String {
        format!("Dall'ultima email ci sono altri cambiamenti: {count}.")
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

    fn step_find_snapshots(&self, application: &str, destination: &str) -> String {
        format!(
            "Se nessuno ha rimosso snapshot di {application} o ridotto la retention del piano, individuare che cosa li ha \
             eliminati: {destination}."
        )
    }

    fn step_recover_shrunk(&self, application: &str, node: &str) -> String {
        format!(
            "Individuare che cosa si è ridotto in {application} confrontando gli ultimi due snapshot. Se mancano dati, \
             ripristinare uno snapshot precedente come nuova applicazione, prima che la retention lo rimuova e senza \
             sostituire quella esistente. Sul {node}:"
        )
    }

    fn same_for(&self, applications: &str) -> String {
        format!("Lo stesso per {applications}.")
    }

    fn step_check_run(&self, applications: &str, node: &str) -> String {
        format!(
            "Sul {node} altre applicazioni hanno già un risultato di questa esecuzione, ma per {applications} non ne \
             arrivano da molto tempo. Verificare se il backup è ancora in corso. Su quel nodo:"
        )
    }

    fn step_check_timer(&self, applications: &str, node: &str) -> String {
        format!(
            "Verificare se l'esecuzione di {applications} è ancora in corso, se il suo timer esiste e quando il {node} è \
             stato avviato. Su quel nodo:"
        )
    }

    fn step_restore_timer(&self, node: &str) -> String {
        format!("Solo se il timer manca e sul {node} non è in corso alcun backup, ripristinarlo:")
    }

    fn step_inspect_status(&self, application: &str) -> String {
        format!(
            "Esaminare lo stato non leggibile di {application}; la prossima esecuzione lo sovrascriverà. Sul nodo leader:"
        )
    }

    fn step_run_again(
        &self,
        plan: &str,
        applications: usize,
        next: Option<&str>,
        has_command: bool,
    ) -> String {
        let wait = next.map(|next| format!(" o attendere {next}")).unwrap_or_default();
        let all = match applications {
            0 | 1 => String::new(),
            2 => " Verrà rifatto il backup di entrambe le applicazioni.".into(),
            _ => format!(" Verrà rifatto il backup di tutte e {applications} le applicazioni."),
        };
        let place = if has_command { " Sul nodo leader:" } else { "" };
        format!("Risolto il problema, eseguire di nuovo «{plan}»{wait}.{all}{place}")
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

/// `Terza`, `11ª`; feminine, as "esecuzione" is.
fn ordinal(number: u32) -> String {
    const FIRST: [&str; 10] =
        ["Prima", "Seconda", "Terza", "Quarta", "Quinta", "Sesta", "Settima", "Ottava", "Nona", "Decima"];
    let word = number.checked_sub(1).and_then(|index| FIRST.get(usize::try_from(index).ok()?));
    word.map_or_else(|| format!("{number}ª"), |word| (*word).to_owned())
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
        Some(Detail::NotAsked) => "il controllo dei repository è disattivato nelle impostazioni".into(),
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
