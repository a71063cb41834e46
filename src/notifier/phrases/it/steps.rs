// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Italian words for the next steps.

use super::Italian;
use crate::notifier::phrases::StepPhrases;

impl StepPhrases for Italian {
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
}
