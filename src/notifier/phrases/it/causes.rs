// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Italian words for causes.

use super::Italian;
use crate::{
    cause::Cause,
    notifier::phrases::causes::{CauseFacts, CausePhrases, LockFacts, StepFacts},
};

impl CausePhrases for Italian {
    fn cause_clause(&self, cause: Cause, many: bool) -> Option<&'static str> {
        Some(match (cause, many) {
            (Cause::StorageUnreachable, _) => "storage non raggiungibile",
            (Cause::AccessDenied, _) => "accesso allo storage negato",
            (Cause::StorageFull, _) => "storage pieno",
            (Cause::LockedLive, false) => "repository bloccato",
            (Cause::LockedLive, true) => "repository bloccati",
            (Cause::LockedStale, false) => "lock residuo sul repository",
            (Cause::LockedStale, true) => "lock residui sui repository",
            (Cause::WrongPassword, false) => "il repository ha un'altra password",
            (Cause::WrongPassword, true) => "i repository hanno un'altra password",
            (Cause::RepositoryMissing, false) => "repository mancante",
            (Cause::RepositoryMissing, true) => "repository mancanti",
            (Cause::RepositoryDamaged, false) => "repository danneggiato",
            (Cause::RepositoryDamaged, true) => "repository danneggiati",
            (Cause::DumpFailed, _) => "dump dei dati non riuscito",
            (Cause::FilesUnreadable, _) => "file non leggibili",
            (Cause::DiskFull, _) => "disco del nodo pieno",
            (Cause::Killed, _) => "processo di backup terminato",
            (Cause::Interrupted, _) => "interrotto da un riavvio",
            (Cause::RetentionFailed, _) => "dati salvati, vecchi snapshot non rimossi",
            (Cause::StatisticsFailed, _) => "dati salvati, statistiche non leggibili",
            (Cause::CleanupFailed, _) => "dati salvati, pulizia non riuscita",
            (Cause::AlreadyRunning, _) => "backup già in corso",
            (Cause::NoDestination, _) => "nessuna destinazione",
            (Cause::Unknown, _) => return None,
        })
    }

    fn cause_sentence(&self, cause: Cause, facts: &CauseFacts) -> String {
        let destination = facts.destination.unwrap_or("La destinazione");
        let many = facts.applications > 1;
        let repository = if many { "I repository" } else { "Il repository" };
        match cause {
            Cause::StorageUnreachable => format!("{destination} non è raggiungibile o restituisce errori."),
            Cause::AccessDenied => format!("{destination} nega l'accesso."),
            Cause::StorageFull => format!("{destination}: spazio esaurito o quota superata."),
            Cause::LockedLive if many => {
                format!("I repository sono bloccati{}: potrebbe essere in corso un backup.", lock(facts.lock))
            }
            Cause::LockedLive => {
                format!("Il repository è bloccato{}: potrebbe essere in corso un backup.", lock(facts.lock))
            }
            Cause::LockedStale if many => {
                format!("I repository sono bloccati{}: il lock è rimasto da un backup interrotto.", lock(facts.lock))
            }
            Cause::LockedStale => {
                format!("Il repository è bloccato{}: il lock è rimasto da un backup interrotto.", lock(facts.lock))
            }
            Cause::WrongPassword => {
                let has = if many { "hanno" } else { "ha" };
                format!("{repository} {has} una password diversa da quella della destinazione.")
            }
            Cause::RepositoryMissing => {
                let is = if many { "non ci sono" } else { "non c'è" };
                match facts.destination {
                    Some(destination) => format!("{repository} {is} in {destination}."),
                    None => format!("{repository} {is} nella destinazione."),
                }
            }
            Cause::RepositoryDamaged if many => "I repository sono danneggiati.".into(),
            Cause::RepositoryDamaged => "Il repository è danneggiato.".into(),
            Cause::DumpFailed => {
                "Il dump dei dati dell'applicazione non è riuscito: non è stato salvato nulla.".into()
            }
            Cause::FilesUnreadable => "Alcuni file non sono leggibili.".into(),
            Cause::DiskFull => match facts.node {
                Some(node) => format!("Il disco del {node} è pieno."),
                None => "Il disco del nodo è pieno.".into(),
            },
            Cause::Killed => {
                "Il processo di backup è stato terminato, per esempio per mancanza di memoria.".into()
            }
            Cause::Interrupted => "Un riavvio o uno spegnimento ha interrotto il backup.".into(),
            Cause::RetentionFailed => {
                "I dati sono stati salvati. Non è riuscita solo la rimozione dei vecchi snapshot.".into()
            }
            Cause::StatisticsFailed => {
                "I dati sono stati salvati. Non è riuscita solo la lettura delle statistiche.".into()
            }
            Cause::CleanupFailed => {
                "I dati sono stati salvati. Non è riuscita solo la pulizia finale dell'applicazione.".into()
            }
            Cause::AlreadyRunning => {
                "Il backup non è stato eseguito, perché ne era già in corso un altro della stessa applicazione.".into()
            }
            Cause::NoDestination => "Il piano non ha una destinazione nota al cluster.".into(),
            Cause::Unknown => "La causa non è nota.".into(),
        }
    }

    fn cause_step(&self, cause: Cause, facts: &StepFacts) -> String {
        let StepFacts { applications, node, .. } = *facts;
        let destination = facts.destination.unwrap_or("la destinazione");
        match cause {
            Cause::StorageUnreachable => format!(
                "Verificare che {destination} sia in funzione, raggiungibile e con spazio libero: provider, rete, DNS. Gli \
                 errori sono nel log del gateway rclone, sul {node}:"
            ),
            Cause::AccessDenied => format!(
                "Verificare con il provider che la chiave di accesso usata per {destination} sia valida e possa \
                 scrivere, poi inserire quella attuale in cluster-admin."
            ),
            Cause::StorageFull => format!(
                "Liberare spazio o aumentare la quota: {destination}. Eliminare solo ciò che non è un backup, mai a \
                 mano i file di un repository."
            ),
            Cause::LockedLive => format!(
                "Attendere la fine di ogni backup di {applications}: dopo 30 minuti il lock non è più valido e il \
                 semplice unlock lo rimuove. Questi comandi lo rimuovono prima e possono danneggiare un backup in corso: \
                 accertarsi che non ce ne siano. Sul {node}:"
            ),
            Cause::LockedStale => format!("Rimuovere il lock residuo di {applications}. Sul {node}:"),
            Cause::WrongPassword => format!(
                "Il repository di {applications} usa una password precedente. Succede quando una destinazione viene \
                 rimossa e aggiunta di nuovo. Per accedere agli snapshot precedenti, aggiungere la destinazione con la \
                 password di prima."
            ),
            Cause::RepositoryMissing => format!(
                "Se di {applications} non è mai stato eseguito un backup in questa destinazione, il repository verrà \
                 creato alla prossima esecuzione. Altrimenti, verificare che cosa è stato spostato o eliminato."
            ),
            Cause::RepositoryDamaged => format!(
                "Verificare il repository di {applications}. Non eliminare nulla: gli snapshot meno recenti possono \
                 essere ancora integri. Sul {node}:"
            ),
            Cause::DumpFailed => format!(
                "Verificare che {applications} e il relativo database funzionino; il log dice che cosa non è riuscito. \
                 Sul {node}:"
            ),
            Cause::FilesUnreadable => format!(
                "Verificare i file di {applications} indicati nel log: permessi, file system. Sul {node}:"
            ),
            Cause::DiskFull => format!("Liberare spazio su disco sul {node}:"),
            Cause::Killed => format!("Individuare che cosa ha terminato il backup. Sul {node}:"),
            Cause::Interrupted => format!(
                "Se aggiornamenti o riavvii del {node} cadono nell'orario del backup, spostare gli uni o l'altro. \
                 Ultimi avvii:"
            ),
            Cause::RetentionFailed => {
                "La prossima esecuzione riproverà a rimuovere i vecchi snapshot. Se non riesce \
                 nemmeno quella, verificare lo spazio della destinazione e il permesso di eliminare."
                    .into()
            }
            Cause::StatisticsFailed => "Non è andato perso nulla. Se si ripete, controllare il log.".into(),
            Cause::CleanupFailed => format!(
                "Verificare che {applications} funzioni come al solito; il log dice che cosa non è riuscito. Sul {node}:"
            ),
            Cause::AlreadyRunning => {
                format!("Verificare se un backup di {applications} è ancora in corso o bloccato. Sul {node}:")
            }
            Cause::NoDestination => "In cluster-admin, assegnare al piano una destinazione esistente.".into(),
            Cause::Unknown => format!("Controllare il log del backup di {applications}. Sul {node}:"),
        }
    }
}

/// ` da node1 (lock di 3 h fa)`
fn lock(lock: Option<LockFacts>) -> String {
    let Some(lock) = lock else { return String::new() };
    let by = lock.host.map(|host| format!(" da {host}")).unwrap_or_default();
    let age = lock.age.map(|age| format!(" (lock di {age} fa)")).unwrap_or_default();
    format!("{by}{age}")
}
