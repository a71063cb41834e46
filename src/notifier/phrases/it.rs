//! Italian.

use super::{Sentence, Word};
use crate::repo_check::findings::{Cause, Health};

pub(super) fn word(word: Word) -> &'static str {
    match word {
        Word::Backup => "Backup",
        Word::WhatFailed => "Che cosa è fallito",
        Word::WhatIsMissing => "Che cosa manca",
        Word::WhatIsRunning => "Che cosa è ancora in corso",
        Word::WhatIsUnknown => "Che cosa non si sa",
        Word::WhatIsBehind => "Da che cosa dipende",
        Word::WhatCanBeRestored => "Che cosa si può ancora ripristinare",
        Word::WhatShrank => "Che cosa si è ridotto",
        Word::WhatIsHeld => "Che cosa contengono le destinazioni",
        Word::WhatToDo => "Che cosa fare ora",
        Word::WhatIsFine => "Che cosa è a posto",
        Word::Failed => "fallito",
        Word::Missing => "mancante",
        Word::Pending => "in corso",
        Word::NotKnown => "non noto",
        Word::Answers => "risponde",
        Word::Readable => "leggibile",
        Word::Unreachable => "non raggiungibile",
        Word::Locked => "bloccato",
        Word::Damaged => "danneggiato",
        Word::WrongPassword => "password errata",
        Word::NotFound => "non trovato",
        Word::NotConfigured => "non configurato",
        Word::Error => "errore",
        Word::Notice => "avviso",
        Word::Saved => "salvati",
        Word::Restorable => "ripristinabile",
        Word::NothingToRestore => "nulla",
        Word::Application => "Applicazione",
        Word::Node => "Nodo",
        Word::Size => "Dimensione",
        Word::Duration => "Durata",
        Word::Finished => "Terminato",
        Word::Report => "Rapporto",
        Word::None => "–",
    }
}

pub(super) fn sentence(sentence: Sentence) -> String {
    match sentence {
        Sentence::Counts { failed, missing, pending, total } => {
            let noun = if total == 1 { "applicazione" } else { "applicazioni" };
            let states = [
                (failed, if failed == 1 { "fallita" } else { "fallite" }),
                (missing, if missing == 1 { "mancante" } else { "mancanti" }),
                (pending, "in corso"),
            ];
            let mut parts: Vec<String> = Vec::new();
            for (count, state) in states.into_iter().filter(|(count, _)| *count > 0) {
                parts.push(match parts.is_empty() {
                    true => format!("{count} di {total} {noun} {state}"),
                    false => format!("{count} {state}"),
                });
            }
            parts.join(", ")
        }
        Sentence::StorageAtFault => "la causa è lo storage".into(),
        Sentence::NothingRan { total: 1 } => "la sua applicazione non è stata eseguita".into(),
        Sentence::NothingRan { total } => format!("nessuna di {total} applicazioni è stata eseguita"),
        Sentence::AllBackedUp { total, recovered, shrunk } => {
            let recovered = if recovered { "ripristinato, " } else { "" };
            let all = match total {
                1 => "la sua applicazione è salvata".into(),
                _ => format!("tutte le {total} applicazioni sono salvate"),
            };
            match shrunk {
                0 => format!("{recovered}{all}"),
                1 => format!("{recovered}{all}, ma 1 backup si è ridotto"),
                _ => format!("{recovered}{all}, ma {shrunk} backup si sono ridotti"),
            }
        }
        Sentence::ClusterUnread => "non è stato possibile leggere il cluster".into(),
        Sentence::NotKnown => "non si sa che cosa è successo".into(),
        Sentence::Plans(count) => format!("{count} piani"),
        Sentence::PlanById(id) => format!("piano {id}"),

        Sentence::Due { due, next: Some(next) } => format!("Previsto {due}, prossimo {next}."),
        Sentence::Due { due, next: None } => format!("Previsto {due}."),
        Sentence::DueWithinADay => "Valgono le esecuzioni delle ultime 24 ore.".into(),
        Sentence::WritesTo(destination) => format!("Destinazione: {destination}."),
        Sentence::FineSinceTheAlert => {
            "È stato emesso un allarme, ma tutte le applicazioni sono state salvate dall'ultima volta in cui il piano \
             era previsto."
                .into()
        }
        Sentence::AllFine => "Tutte le applicazioni sono state salvate.".into(),
        Sentence::FineAgain => {
            "L'ultima mail segnalava un problema. Da allora tutte le applicazioni sono state salvate.".into()
        }
        Sentence::StartedByRun { plan, began } => format!("Esecuzione di {plan} iniziata {began}"),
        Sentence::StartedBySchedule { plan, due } => format!(
            "{plan} era previsto {due}; allo scadere della tolleranza nessuna applicazione aveva dato un risultato"
        ),
        Sentence::StartedBy { name, summary, since } => {
            let mut text = format!("Allarme {name}");
            if let Some(summary) = summary {
                text += &format!(": {summary}");
            }
            if let Some(since) = since {
                text += &format!(" (attivo da {since})");
            }
            text
        }

        Sentence::OnNode { node, label: Some(label) } => format!("nodo {node} ({label})"),
        Sentence::OnNode { node, label: None } => format!("nodo {node}"),
        Sentence::Ran { span, duration } => format!("{span}, {duration}"),
        Sentence::Ended(time) => format!("terminato {time}"),
        Sentence::NoResultSince(due) => format!("Nessun risultato da quando era previsto, {due}."),
        Sentence::NotWhenDue(due) => format!("Non è stato eseguito quando era previsto, {due}."),
        Sentence::RanSince { time, ok: true } => format!("È stato eseguito dopo, con successo: {time}."),
        Sentence::RanSince { time, ok: false } => format!("È stato eseguito dopo, ma è fallito: {time}."),
        Sentence::NoResultInADay => "Nessun risultato nelle ultime 24 ore.".into(),
        Sentence::LastRun { time, age, ok } => {
            let result = if ok { "riuscita" } else { "fallita" };
            format!("L'ultima esecuzione precedente è {result}: {time}, {age} fa.")
        }
        Sentence::NeverRan => "Questo piano non l'ha mai salvata.".into(),
        Sentence::UnreadableStatus { reason } => {
            format!("Non si sa se è stata eseguita, perché il suo stato non è leggibile: {reason}.")
        }

        Sentence::DestinationNamed(name) => format!("Destinazione {name}"),
        Sentence::RepositoryOf(applications) => format!("Repository di {applications}"),
        Sentence::DestinationHealth { health, cause } => destination(health, cause),
        Sentence::RepositoryHealth { health, cause } => repository(health, cause),
        Sentence::SavedAnyway(time) => format!(
            "I dati di questa esecuzione sono stati salvati ({time}): è fallita solo dopo, mentre eliminava i vecchi \
             snapshot, leggeva le statistiche o faceva pulizia."
        ),

        Sentence::Amount { size, files: Some(files) } => format!("{size} in {files} file"),
        Sentence::Amount { size, files: None } => size.into(),
        Sentence::Shrank { now, before, time } => {
            format!("Il backup è riuscito, ma contiene {now}. Il precedente, {time}, conteneva {before}.")
        }
        Sentence::Held { size, applications: count, growth } => {
            let latest = match count {
                1 => format!("{size} nell'ultimo snapshot di 1 applicazione"),
                _ => format!("{size} negli ultimi snapshot di {count} applicazioni"),
            };
            match growth {
                None => format!("{latest}."),
                Some((0, _)) => format!("{latest}, come prima."),
                Some((1.., more)) => format!("{latest}, {more} in più di prima."),
                Some((_, less)) => format!("{latest}, {less} in meno di prima."),
            }
        }
        Sentence::LastGood { time, age, size, count } => {
            let size = size.map(|size| format!(", {size}")).unwrap_or_default();
            format!("Ultimo snapshot valido: {time}, {age} fa{size}. {count} snapshot in tutto.")
        }
        Sentence::NoSnapshots => "Non c'è nessuno snapshot: da qui non si può ripristinare nulla.".into(),
        Sentence::RestoreNotAsked => "Non noto, perché il repository non è stato interrogato.".into(),
        Sentence::RestoreNotReadable => "Non noto, perché il repository non è leggibile.".into(),

        Sentence::PlanNotFound => "Il cluster non ha questo piano.".into(),
        Sentence::PlanDisabled => "Questo piano è disattivato, quindi non era previsto nulla.".into(),
        Sentence::NoApplications => "Questo piano non contiene applicazioni.".into(),
        Sentence::NoSchedule => {
            "Questo piano non ha una pianificazione; valgono le esecuzioni delle ultime 24 ore.".into()
        }
        Sentence::UnreadableSchedule { reason } => {
            format!("Valgono le esecuzioni delle ultime 24 ore, perché la pianificazione non è leggibile ({reason}).")
        }
        Sentence::NoDestination => "Questo piano non ha una destinazione.".into(),
        Sentence::UnknownDestination(id) => {
            format!("La destinazione di questo piano, {id}, non è configurata nel cluster.")
        }
        Sentence::RemovedModule(module) => {
            format!("{module} è in questo piano, ma non è più installato. Non viene contato.")
        }
        Sentence::PlanError { time } => format!("Il piano stesso segnala un errore ({time}):"),
        Sentence::Unread { reason } => format!(
            "Non è stato possibile leggere lo stato del cluster, quindi dei suoi backup non si sa nulla. {reason}."
        ),

        Sentence::DoLookAtShrunk(application) => format!(
            "Se nessuno ha eliminato o spostato di proposito dati di {application}, recuperarli da uno snapshot \
             precedente prima che la conservazione del piano lo rimuova."
        ),
        Sentence::DoCheckRedis => "Verificare che Redis sia attivo sul nodo del backup monitor.".into(),
        Sentence::DoWaitForRedis => {
            "Un'altra mail dirà che cosa è successo appena il cluster sarà leggibile.".into()
        }
        Sentence::DoCheckDestination(destination) => format!(
            "Verificare che {destination} sia raggiungibile: il fornitore, le credenziali, la rete. Il gateway rclone \
             registra i suoi errori."
        ),
        Sentence::DoCheckGateway => {
            "Il gateway rclone del nodo del backup monitor non risponde. Cercare il motivo e riavviarlo.".into()
        }
        Sentence::DoUnlock { applications, node } => format!(
            "Se non è in corso nessun backup di {applications}, rimuovere il lock lasciato da uno interrotto. Sul {node}:"
        ),
        Sentence::DoCheckRepository { applications, node } => format!(
            "Far dire a restic che cosa è danneggiato nel repository di {applications}. Non cancellare nulla: gli \
             snapshot più vecchi possono essere ancora validi. Sul {node}:"
        ),
        Sentence::DoRestorePassword { applications, destination } => format!(
            "Il repository di {applications} è stato cifrato con una password diversa da quella attuale di \
             {destination}, come accade quando una destinazione viene rimossa e aggiunta di nuovo. Aggiungerla con la \
             password precedente per raggiungere gli snapshot precedenti."
        ),
        Sentence::DoFindRepository { applications, destination } => format!(
            "{destination} non contiene un repository di {applications}. Se non è mai stato salvato lì, lo crea la \
             prossima esecuzione; altrimenti scoprire che cosa è stato spostato o cancellato nella destinazione."
        ),
        Sentence::DoAskRestic { applications, node } => {
            format!("Interrogare di nuovo restic sul repository di {applications}. Sul {node}:")
        }
        Sentence::DoReadLog { applications, node } => {
            format!("Leggere che cosa ha detto il backup di {applications}. Sul {node}:")
        }
        Sentence::DoCheckRun { applications, node } => format!(
            "{node} ha dato altri risultati in questa esecuzione, ma da molto tempo nessuno per {applications}. \
             Verificare se è ancora al lavoro. Lì:"
        ),
        Sentence::DoCheckTimer { applications, node } => format!(
            "Verificare che il {node} fosse acceso e che il suo timer attenda la prossima esecuzione di {applications}. Lì:"
        ),
        Sentence::DoReadStatus { application } => {
            format!("Guardare lo stato di {application} che non è leggibile; la prossima esecuzione ne scrive uno nuovo:")
        }
        Sentence::DoRunAgain(plan) => {
            format!("Eliminata la causa, eseguire di nuovo «{plan}». Sul nodo leader:")
        }
        Sentence::DoWaitForPlan => {
            "Attendere: un'altra mail dirà il risultato, se è diverso da questo.".into()
        }
        Sentence::DoRemoveFromPlan { plan, module } => {
            format!("In cluster-admin, aprire «{plan}» e togliere {module}.")
        }
        Sentence::DoFillPlan(plan) => {
            format!("In cluster-admin, aggiungere applicazioni a «{plan}», oppure eliminarlo.")
        }
        Sentence::DoChooseDestination(plan) => {
            format!("In cluster-admin, dare a «{plan}» una destinazione che esista.")
        }
        Sentence::DoCorrectSchedule(plan) => {
            format!("In cluster-admin, correggere la pianificazione di «{plan}».")
        }
        Sentence::DoIgnoreGonePlan => {
            "Se il piano è stato eliminato, nulla: l'allarme rientrerà. Altrimenti correggere la regola dell'allarme."
                .into()
        }
        Sentence::DoEnablePlan(plan) => {
            format!("Se «{plan}» deve essere eseguito, attivarlo in cluster-admin.")
        }
        Sentence::DoAllowApi => {
            "Per sapere che cosa si può ripristinare, al backup monitor servono l'API del cluster e il ruolo reader."
                .into()
        }
    }
}

fn destination(health: Health, cause: Option<&Cause>) -> String {
    let state = match health {
        Health::Ok => return "La destinazione risponde.".into(),
        Health::Unreachable => "La destinazione non risponde",
        Health::Unknown => "Non si sa se la destinazione risponde",
        Health::Unconfigured => "La destinazione non è configurata",
        Health::Locked | Health::Corrupted | Health::WrongPassword | Health::NotFound | Health::Error => {
            "La destinazione risponde con un errore"
        }
    };
    with_cause(state, cause)
}

fn repository(health: Health, cause: Option<&Cause>) -> String {
    let state = match health {
        Health::Ok => return "Il repository è leggibile.".into(),
        Health::Unreachable => "Il repository non è raggiungibile",
        Health::Locked => "Il repository è bloccato da un altro processo restic",
        Health::Corrupted => "Il repository è danneggiato",
        Health::WrongPassword => "Il repository ha una password diversa da quella della destinazione",
        Health::NotFound => "Non c'è nessun repository",
        Health::Unconfigured => "Non si sa dove sia il repository",
        Health::Error => "Il repository non è leggibile",
        Health::Unknown => "Lo stato del repository non è noto",
    };
    with_cause(state, cause)
}

/// restic's words follow as a quotation of their own.
fn with_cause(state: &str, cause: Option<&Cause>) -> String {
    let cause = match cause {
        None => return format!("{state}."),
        Some(Cause::Restic { .. }) => return format!("{state}:"),
        Some(Cause::GatewayStatus { status }) => format!("il gateway rclone riporta lo stato {status}"),
        Some(Cause::GatewaySilent { reason }) => format!("è il gateway rclone a non rispondere, {reason}"),
        Some(Cause::NoAnswer { seconds }) => format!("nessuna risposta entro {seconds} s"),
        Some(Cause::DestinationSilent) => "la sua destinazione non risponde".into(),
        Some(Cause::NotAsked) => "l'accesso all'API del cluster non è configurato".into(),
        Some(Cause::ApiSilent { reason }) => {
            format!("non è stato possibile interrogare l'API del cluster, {reason}")
        }
        Some(Cause::ApiRefused { reason }) => format!("l'API del cluster ha rifiutato, {reason}"),
        Some(Cause::NoDestination) => "il piano non ha una destinazione nota al cluster".into(),
        Some(Cause::NoPath) => "in Redis mancano l'immagine o l'UUID dell'applicazione".into(),
    };
    format!("{state}: {cause}.")
}
