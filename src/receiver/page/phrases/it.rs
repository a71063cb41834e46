// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Italian.

use super::{PagePhrases, PageTexts};

/// Italian.
pub(super) struct Italian;

const TEXTS: PageTexts = PageTexts {
    title: "Backup monitor",
    ready: "Pronto",
    not_ready: "Non pronto",
    ready_means: "Il registro è scrivibile, Redis risponde e la posta è configurata.",
    plans: "Piani di backup",
    no_plans: "Il cluster non ha piani di backup.",
    never_ran: "Mai eseguito",
    disabled: "Disabilitato",
    never_read: "Secondo gli ultimi rapporti: il cluster non è ancora stato letto.",
    jobs: "Rapporti in preparazione",
    no_jobs: "Nessun rapporto in preparazione.",
    reports: "Rapporti recenti",
    no_reports: "Ancora nessun rapporto.",
    unreadable: "Questo rapporto è danneggiato nel registro",
    show_email: "Mostra l'email",
    as_json: "JSON",

    checking: "Verifica delle destinazioni e dei repository in corso",
    writing: "Preparazione dell'email in corso",

    queued: "In attesa di invio",
    unchanged: "Non inviata: nulla è cambiato dall'ultima email",
    suppressed: "Non inviata: tutti i backup sono riusciti e vengono segnalati solo i problemi",
};

impl PagePhrases for Italian {
    fn texts(&self) -> &'static PageTexts {
        &TEXTS
    }

    fn last_run(&self, time: &str) -> String {
        format!("Ultima esecuzione {time}")
    }

    fn next_run(&self, time: &str) -> String {
        format!("Prossima esecuzione {time}")
    }

    fn applications(&self, count: usize) -> String {
        match count {
            0 => "Nessuna applicazione".to_owned(),
            1 => "1 applicazione".to_owned(),
            _ => format!("{count} applicazioni"),
        }
    }

    fn plans_as_of(&self, time: &str) -> String {
        format!("Situazione al {time}")
    }

    fn standby(&self, instance: &str, node: Option<&str>) -> String {
        let node = node.map(|node| format!(" sul nodo {node}")).unwrap_or_default();
        format!(
            "In attesa: i rapporti sono inviati da {instance}{node}. Se manca per un po', subentra questa istanza."
        )
    }

    fn copy(&self, instance: &str, node: Option<&str>) -> String {
        let node = node.map(|node| format!(" sul nodo {node}")).unwrap_or_default();
        format!(
            "Questa è una copia di {instance}{node}, ancora installata. Da qui non viene inviato nulla finché le \
             impostazioni non vengono salvate una volta nella pagina Impostazioni, o {instance} non viene rimossa."
        )
    }

    fn in_place_of(&self, instance: &str, node: Option<&str>) -> String {
        let node = node.map(|node| format!(" sul nodo {node}")).unwrap_or_default();
        format!(
            "Questa è una copia di {instance}{node}, che non dà segni di vita: i rapporti sono inviati da qui finché non \
             torna. Se {instance} è persa per sempre, salvare una volta le impostazioni nella pagina Impostazioni."
        )
    }

    fn not_sent(&self, reason: &str) -> String {
        format!("Non inviato: {reason}")
    }

    fn next_check(&self, due: &str, note: Option<&str>) -> String {
        let note = note.map(|note| format!(": {note}")).unwrap_or_default();
        format!("Prossimo controllo {due}{note}")
    }

    fn sent(&self, time: &str, recipients: &str) -> String {
        format!("Inviata {time} a {recipients}")
    }

    fn given_up(&self, error: &str) -> String {
        format!("Invio definitivamente fallito: {error}")
    }

    fn retrying(&self, attempts: u32, next: &str, error: &str) -> String {
        let noun = if attempts == 1 { "tentativo" } else { "tentativi" };
        format!("Non ancora inviata dopo {attempts} {noun}, prossimo tentativo {next}: {error}")
    }

    fn perhaps(&self, address: &str, reason: &str) -> String {
        format!("; forse accettata per {address}: {reason}")
    }

    fn rejected(&self, address: &str, reason: &str) -> String {
        format!("; rifiutata per {address}: {reason}")
    }
}
