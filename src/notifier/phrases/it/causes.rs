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
            (Cause::DiskFull, _) => "un file system del nodo è pieno",
            (Cause::Killed, _) => "processo di backup terminato forzatamente",
            (Cause::Interrupted, _) => "fermato prima della fine",
            (Cause::RetentionFailed, _) => "dati salvati, vecchi snapshot non rimossi",
            (Cause::StatisticsFailed, _) => "dati salvati, statistiche non leggibili",
            (Cause::CleanupFailed, _) => "dati salvati, pulizia non riuscita",
            (Cause::AlreadyRunning, _) => "un altro backup era ancora in corso",
            (Cause::NoDestination, _) => "nessuna destinazione",
            (Cause::Unknown, _) => return None,
        })
    }

    fn cause_sentence(&self, cause: Cause, facts: &CauseFacts) -> String {
        let destination = facts.destination.unwrap_or("La destinazione");
        let many = facts.applications > 1;
        match cause {
            Cause::StorageUnreachable => format!("{destination} non è raggiungibile o restituisce errori."),
            Cause::AccessDenied => format!("{destination} nega l'accesso."),
            Cause::StorageFull => format!("{destination}: spazio esaurito o quota superata."),
            Cause::LockedLive => format!(
                "{}{}: può essere ancora in corso un backup o un altro processo restic.",
                if many { "I repository sono bloccati" } else { "Il repository è bloccato" },
                lock(facts.lock)
            ),
            Cause::LockedStale if many => format!(
                "I repository sono bloccati{}: i lock sono rimasti da processi restic interrotti.",
                lock(facts.lock)
            ),
            Cause::LockedStale => format!(
                "Il repository è bloccato{}: il lock è rimasto da un processo restic interrotto.",
                lock(facts.lock)
            ),
            Cause::WrongPassword => {
                let created =
                    if many { "I repository sono stati creati" } else { "Il repository è stato creato" };
                format!("{created} con una password diversa da quella attuale della destinazione.")
            }
            Cause::RepositoryMissing => {
                let is = if many { "i repository non esistono" } else { "il repository non esiste" };
                match facts.destination {
                    Some(destination) => format!("Su {destination} {is}."),
                    None => format!("Nella destinazione {is}."),
                }
            }
            Cause::RepositoryDamaged if many => "I repository sono danneggiati.".into(),
            Cause::RepositoryDamaged => "Il repository è danneggiato.".into(),
            Cause::DumpFailed => {
                "Il dump dei dati dell'applicazione non è riuscito: non è stato salvato nulla.".into()
            }
            Cause::FilesUnreadable => "Alcuni file non sono leggibili e mancano dallo snapshot.".into(),
            Cause::DiskFull => match facts.node {
                Some(node) => format!("Un file system del {node} è pieno o oltre la quota."),
                None => "Un file system del nodo è pieno o oltre la quota.".into(),
            },
            Cause::Killed => {
                "Il processo di backup è stato terminato forzatamente (SIGKILL), spesso per mancanza di memoria.".into()
            }
            Cause::Interrupted => {
                "Il backup è stato fermato (SIGTERM), per esempio da un aggiornamento, un riavvio o uno spegnimento.".into()
            }
            Cause::RetentionFailed if facts.lock.is_some() => format!(
                "I dati sono stati salvati. Non è stato possibile solo rimuovere i vecchi snapshot: {}{}.",
                if many { "i repository sono bloccati" } else { "il repository è bloccato" },
                lock(facts.lock)
            ),
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
                "Saltato: era ancora in corso un altro backup della stessa applicazione.".into()
            }
            Cause::NoDestination => "Il piano non ha una destinazione nota al cluster.".into(),
            Cause::Unknown => "La causa non è nota.".into(),
        }
    }

    fn remove_live_lock(&self) -> &'static str {
        "Solo se nulla usa il repository e non si può attendere: lo stesso comando con unlock --remove-all."
    }

    fn found_afterwards(&self) -> &'static str {
        "Lo ha rilevato il controllo successivo: dell'esecuzione stessa non ci sono righe di log."
    }

    fn cause_step(&self, cause: Cause, facts: &StepFacts) -> String {
        let StepFacts { applications, count, .. } = *facts;
        let destination = facts.destination.unwrap_or("la destinazione");
        let on_node =
            facts.node.map_or_else(|| "sui nodi delle applicazioni".into(), |node| format!("sul {node}"));
        let upper =
            facts.node.map_or_else(|| "Sui nodi delle applicazioni".into(), |node| format!("Sul {node}"));
        let many = count > 1;
        match cause {
            Cause::StorageUnreachable => format!(
                "Verificare che {destination} sia in funzione, raggiungibile e con spazio libero: provider, rete, DNS. \
                 Gli errori sono nel log del gateway rclone, {on_node}:"
            ),
            Cause::AccessDenied => format!(
                "Verificare con il provider che la chiave di accesso usata per {destination} sia valida e possa \
                 scrivere, poi inserire quella attuale in cluster-admin."
            ),
            Cause::StorageFull => format!(
                "Su {destination} liberare spazio o aumentare la quota. Si può eliminare solo ciò che non è un backup: \
                 mai cancellare a mano i file di un repository."
            ),
            Cause::LockedLive => format!(
                "Attendere che non sia in corso alcun backup di {applications}: lo mostra il primo comando, sull'host \
                 che ha creato il lock. Un lock non rinnovato da 30 minuti non è più valido: in quel caso unlock lo \
                 rimuove. {upper}:"
            ),
            Cause::LockedStale => format!("Rimuovere il lock residuo di {applications}. {upper}:"),
            Cause::WrongPassword => "Succede quando una destinazione viene rimossa e aggiunta di nuovo. Recuperare la \
                 vecchia password e annotare quella attuale. Non rimuovere ora la destinazione: verrebbero eliminati \
                 anche i suoi piani e la password attuale, che serve ai repository più recenti."
                .into(),
            Cause::RepositoryMissing => format!(
                "Se è il primo backup di {applications} in questa destinazione, la creazione del repository non è \
                 riuscita: vedere il log. Altrimenti disabilitare il piano, che alla prossima esecuzione creerebbe un \
                 repository vuoto, e verificare che cosa è stato spostato o eliminato."
            ),
            Cause::RepositoryDamaged => format!(
                "Togliere {applications} dal piano finché il repository non è riparato: ogni esecuzione riuscita \
                 elimina anche i vecchi snapshot, che possono essere ancora integri. Poi verificare che cosa è \
                 danneggiato (la struttura; con --read-data, tutti i dati). {upper}:"
            ),
            Cause::DumpFailed => format!(
                "Verificare che {applications} e {}; il log dice che cosa non è riuscito. {upper}:",
                if many { "i relativi database funzionino" } else { "il relativo database funzionino" }
            ),
            Cause::FilesUnreadable => format!(
                "Verificare i file di {applications} indicati nel log: permessi, file system. {upper}:"
            ),
            Cause::DiskFull => format!("Liberare spazio su disco {on_node}:"),
            Cause::Killed => {
                format!("I messaggi del kernel mostrano se è mancata la memoria. {upper}:")
            }
            Cause::Interrupted => format!(
                "Individuare che cosa lo ha fermato: gli aggiornamenti (nodo leader) o un riavvio {}. Se è stato uno di \
                 questi, spostarlo o spostare il backup a un altro orario.",
                facts.node.map_or_else(|| "dei nodi".into(), |node| format!("del {node}"))
            ),
            Cause::RetentionFailed if facts.has_dead_lock => format!(
                "Rimuovere il lock residuo di {applications}: impedirebbe a ogni esecuzione di rimuovere i vecchi \
                 snapshot. {upper}:"
            ),
            Cause::RetentionFailed => format!(
                "La prossima esecuzione riproverà a rimuovere i vecchi snapshot. Se non riesce nemmeno quella, il log \
                 dice perché; {destination} potrebbe non permettere di eliminare. {upper}:"
            ),
            Cause::StatisticsFailed => format!(
                "Il backup di {applications} in sé non ne risente. Se si ripete, controllare il log. {upper}:"
            ),
            Cause::CleanupFailed => format!(
                "Verificare che {applications} {} come al solito; il log dice che cosa non è riuscito. {upper}:",
                if many { "funzionino" } else { "funzioni" }
            ),
            Cause::AlreadyRunning => {
                format!("Verificare se un backup di {applications} è ancora in corso o rimasto appeso. {upper}:")
            }
            Cause::NoDestination => "In cluster-admin, assegnare al piano una destinazione esistente.".into(),
            Cause::Unknown => format!("Controllare il log del backup di {applications}. {upper}:"),
        }
    }
}

/// ` dall'host «node1» (lock di 3 h fa)`
fn lock(lock: Option<LockFacts>) -> String {
    let Some(lock) = lock else { return String::new() };
    let by = lock.host.map(|host| format!(" dall'host «{host}»")).unwrap_or_default();
    let age = lock.age.map(|age| format!(" (lock di {age} fa)")).unwrap_or_default();
    format!("{by}{age}")
}
