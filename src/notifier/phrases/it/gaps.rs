// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Italian words for gaps.

use super::Italian;
use crate::{
    coverage::gap::{GapKind, Severity},
    notifier::phrases::{GapPhrases, GapWords},
};

impl GapPhrases for Italian {
    fn gap_status(&self) -> &'static str {
        "incompleto"
    }

    fn gap_title(&self, kind: GapKind) -> &'static str {
        match kind {
            GapKind::SuccessWithoutSnapshot => "Esito positivo senza snapshot",
            GapKind::NoPlan => "In nessun piano di backup",
            GapKind::PlanDisabled => "Piano disabilitato",
            GapKind::PlanNoDestination => "Piano senza destinazione",
            GapKind::PlanNotRunning => "Piano non eseguito",
            GapKind::SnapshotOld => "Ultimo snapshot troppo vecchio",
            GapKind::SnapshotsFew => "Troppo pochi snapshot",
            GapKind::ClusterBackupNoPassword => "Configurazione del cluster senza backup",
            GapKind::ClusterBackupFailed => "Backup della configurazione del cluster non riuscito",
            GapKind::PlanEmpty => "Piano senza applicazioni",
            GapKind::OwnNodeOnly => "Solo sui nodi del cluster stesso",
        }
    }

    fn gap(&self, kind: GapKind, words: &GapWords) -> String {
        let GapWords { plan, applications, count, destination, expected, found, .. } = words;
        match kind {
            GapKind::SuccessWithoutSnapshot => {
                let run = words.run_at.map(|at| format!(" del {at}")).unwrap_or_default();
                format!(
                    "«{plan}» ha segnalato come riuscito il backup di {applications}{run}, ma in {destination} non ce n'è lo \
                     snapshot. {}",
                    newest(words)
                )
            }
            GapKind::NoPlan if *count == 1 => format!("{applications} non è in nessun piano di backup."),
            GapKind::NoPlan => format!("{applications} non sono in nessun piano di backup."),
            GapKind::PlanDisabled => {
                format!("«{plan}» è disabilitato e nessun altro piano esegue il backup di {applications}.")
            }
            GapKind::PlanNoDestination if *count == 0 => {
                format!("«{plan}» non ha una destinazione nota al cluster.")
            }
            GapKind::PlanNoDestination => format!(
                "«{plan}» non ha una destinazione nota al cluster e quindi non può eseguire il backup di {applications}."
            ),
            GapKind::PlanNotRunning => {
                let ran = match words.last_run {
                    Some(time) => format!("è stato eseguito l'ultima volta {time}"),
                    None => "non è mai stato eseguito".into(),
                };
                let due = words.due_since.map(|due| format!(" Non viene eseguito come pianificato da {due}.")).unwrap_or_default();
                format!("«{plan}» {ran}.{due}")
            }
            GapKind::SnapshotOld => format!(
                "{applications} in {destination}: {} «{plan}» avrebbe dovuto crearne di più recenti.",
                newest(words)
            ),
            GapKind::SnapshotsFew => format!(
                "In {destination} gli snapshot di {applications} sono {found}. «{plan}» ne conserva {expected} e le sue \
                 esecuzioni sono riuscite."
            ),
            GapKind::ClusterBackupNoPassword => "Non è impostata una password di crittografia e quindi la configurazione del \
                                                 cluster non è in alcun backup. Contiene le chiavi di tutte le destinazioni: \
                                                 se il cluster va perso, senza di essa i backup non si possono leggere."
                .into(),
            GapKind::ClusterBackupFailed => {
                let run = words.run_at.map(|at| format!(" ({at})")).unwrap_or_default();
                format!(
                    "Non è stato possibile salvare la configurazione del cluster{run}. La copia nella destinazione, se c'è, è \
                     meno recente."
                )
            }
            GapKind::PlanEmpty => {
                format!("«{plan}» non ha applicazioni e quindi non esegue alcun backup.")
            }
            GapKind::OwnNodeOnly => {
                format!("Tutti i backup di {applications} sono in {destination}, su un nodo di questo stesso cluster.")
            }
        }
    }

    fn gap_step(&self, kind: GapKind) -> &'static str {
        match kind {
            GapKind::SuccessWithoutSnapshot => {
                "Esegui di nuovo il piano da cluster-admin e verifica che dopo ci sia uno snapshot. Se non c'è, controlla il \
                 log dell'applicazione e chi altro cancella file nella destinazione."
            }
            GapKind::NoPlan => {
                "Aggiungi a un piano in cluster-admin ciò che va conservato. Per il resto non serve fare nulla."
            }
            GapKind::PlanDisabled => "Abilita il piano o aggiungi le sue applicazioni a un altro.",
            GapKind::PlanNoDestination => "Modifica il piano e scegli una destinazione.",
            GapKind::PlanNotRunning => {
                "Esegui il piano ora da cluster-admin. Poi salvalo di nuovo senza modifiche: così i suoi timer vengono \
                 ricreati su tutti i nodi."
            }
            GapKind::SnapshotOld => "Esegui il piano ora da cluster-admin e controlla la sua pianificazione.",
            GapKind::SnapshotsFew => {
                "Scopri chi ha rimosso gli snapshot: un altro programma con accesso alla destinazione, una regola di \
                 conservazione dello storage o qualcuno a mano."
            }
            GapKind::ClusterBackupNoPassword => {
                "In cluster-admin, nella pagina Backup alla voce «Configurazione del cluster», imposta la password di \
                 crittografia e conservala fuori dal cluster."
            }
            GapKind::ClusterBackupFailed => {
                "Controlla la destinazione ed esegui di nuovo il piano. Nel frattempo scarica il backup del cluster dalla \
                 pagina Backup."
            }
            GapKind::PlanEmpty => "Aggiungi applicazioni al piano o eliminalo.",
            GapKind::OwnNodeOnly => {
                "Un incendio, un furto o un ransomware colpisce insieme dati e backup: aggiungi un piano con una destinazione \
                 altrove."
            }
        }
    }

    fn gap_headline(&self, kind: GapKind, words: &GapWords, more: usize) -> String {
        let GapWords { plan, applications, count, .. } = words;
        let is = if *count == 1 { "non è" } else { "non sono" };
        let clause = match kind {
            GapKind::SuccessWithoutSnapshot => format!("{applications}: esito positivo, ma nessuno snapshot"),
            GapKind::NoPlan => format!("{applications} {is} in nessun piano"),
            GapKind::PlanDisabled => format!("{applications} solo nel piano disabilitato {plan}"),
            GapKind::PlanNoDestination => format!("il piano {plan} è senza destinazione"),
            GapKind::PlanNotRunning => format!("il piano {plan} non viene eseguito"),
            GapKind::SnapshotOld => format!("nessuno snapshot recente di {applications}"),
            GapKind::SnapshotsFew => format!("mancano snapshot di {applications}"),
            GapKind::ClusterBackupNoPassword => "configurazione del cluster senza backup".into(),
            GapKind::ClusterBackupFailed => "backup della configurazione del cluster non riuscito".into(),
            GapKind::PlanEmpty => format!("il piano {plan} è senza applicazioni"),
            GapKind::OwnNodeOnly => format!("{applications} solo sui nodi del cluster stesso"),
        };
        match more {
            0 => clause,
            1 => format!("{clause}, e un'altra lacuna"),
            more => format!("{clause}, e altre {more} lacune"),
        }
    }

    fn gap_intro(&self) -> &'static str {
        "Nessuna esecuzione è fallita: qui c'è ciò che nessun backup copre, o che non è stato trovato quando lo si è cercato."
    }

    fn gap_reported_once(&self) -> &'static str {
        "Ogni voce viene inviata una sola volta. Quelle che restano sono nella pagina di stato e nel riepilogo."
    }

    fn gap_since(&self, time: &str) -> String {
        format!("Rilevato {time}.")
    }

    fn gaps_more(&self, count: usize) -> String {
        format!("Altri {count}: vedi la pagina di stato.")
    }

    fn gap_severity(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Unprotected => "non protetto",
            Severity::Doubtful => "da verificare",
            Severity::Advice => "consiglio",
        }
    }

    fn applications(&self, count: usize) -> String {
        if count == 1 { "1 applicazione".into() } else { format!("{count} applicazioni") }
    }
}

/// How old the newest snapshot is.
fn newest(words: &GapWords) -> String {
    match words.newest {
        Some((time, age)) => format!("L'ultimo snapshot è del {time} ({age} fa)."),
        None => "Non c'è nessuno snapshot.".into(),
    }
}
