// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The summary, in Italian.

use super::Italian;
use crate::{
    config::Cadence,
    notifier::phrases::summary::{DayWords, SummaryPhrases, SummaryTexts},
};

const TEXTS: SummaryTexts = SummaryTexts {
    kind: "Riepilogo dei backup",
    nothing_ran: "nessun backup eseguito finora",
    no_applications: "per ora non c'è nulla di cui fare il backup",
    nothing_open: "Nessun intervento necessario.",
    gaps: "Cosa non è protetto",
    not_recent: "Nessun backup recente",
    incidents: "Problemi",
    over: "risolto",
    runs: "Esecuzioni",
    days: DayWords {
        good: "tutto salvato",
        partial: "in parte",
        failed: "fallito",
        missing: "non eseguito",
        unknown: "esito non ancora noto",
        none: "nessuna esecuzione",
    },
    disabled: "disabilitato",
    no_runs: "nessuna esecuzione",
    restore_points: "Punti di ripristino meno recenti",
    no_restore_point: "nessuno",
    not_proved: "non ancora verificato",
    growth: "Dati nei backup",
    link_monitor: "Apri il backup monitor",
};

fn runs(count: u32) -> String {
    if count == 1 { "1 esecuzione".into() } else { format!("{count} esecuzioni di fila") }
}

impl SummaryPhrases for Italian {
    fn summary(&self) -> &'static SummaryTexts {
        &TEXTS
    }

    fn protected(&self, count: usize, total: usize) -> String {
        match (count, total) {
            (0, 1) => "l'unica applicazione non è protetta".into(),
            (1, 1) => "1 applicazione protetta".into(),
            (0, _) => format!("nessuna delle {total} applicazioni è protetta"),
            (2, 2) => "entrambe le applicazioni sono protette".into(),
            (count, total) if count == total => format!("tutte e {total} le applicazioni sono protette"),
            (1, _) => format!("1 applicazione su {total} è protetta"),
            _ => format!("{count} applicazioni su {total} sono protette"),
        }
    }

    fn failing_plans(&self, count: usize) -> String {
        if count == 1 { "1 piano con errori".into() } else { format!("{count} piani con errori") }
    }

    fn runs_since(&self, since: &str, runs: usize, successful: usize) -> String {
        match (runs, runs.saturating_sub(successful)) {
            (0, _) => format!("Nessun backup eseguito da {since}."),
            (1, 0) => format!("1 esecuzione da {since}, riuscita."),
            (1, _) => format!("1 esecuzione da {since}, non riuscita."),
            (_, 0) => format!("{runs} esecuzioni da {since}, tutte riuscite."),
            (_, bad) if bad == runs => format!("{runs} esecuzioni da {since}, nessuna riuscita."),
            (_, 1) => format!("{runs} esecuzioni da {since}, di cui 1 non riuscita."),
            (_, bad) => format!("{runs} esecuzioni da {since}, di cui {bad} non riuscite."),
        }
    }

    fn first_run_due(&self, time: &str) -> String {
        format!("La prima esecuzione è prevista per {time}.")
    }

    fn first_summary(&self, cadence: Cadence) -> String {
        match cadence {
            Cadence::Daily => {
                "Questo è il primo riepilogo. I prossimi arriveranno ogni giorno alle 7:00.".into()
            }
            Cadence::Weekly | Cadence::Off => {
                "Questo è il primo riepilogo. I prossimi arriveranno ogni lunedì alle 7:00.".into()
            }
        }
    }

    fn cadence(&self, cadence: Cadence) -> &'static str {
        match cadence {
            Cadence::Daily => "Inviato ogni giorno. Si può cambiare nelle impostazioni del backup monitor.",
            Cadence::Weekly | Cadence::Off => {
                "Inviato ogni lunedì. Si può cambiare nelle impostazioni del backup monitor."
            }
        }
    }

    fn read_long_ago(&self, time: &str) -> String {
        format!(
            "Da {time} non è stato possibile leggere i dati del cluster. La situazione è quella di allora."
        )
    }

    fn incident_open(&self, since: &str, age: &str, count: u32) -> String {
        format!("da {since} ({age}, {})", runs(count))
    }

    fn incident_closed(&self, span: &str, lasted: &str, count: u32) -> String {
        format!("{span} ({lasted}, {})", runs(count))
    }

    fn good_runs(&self, successful: usize, runs: usize) -> String {
        if runs == 1 {
            format!("{successful} riuscita su 1")
        } else {
            format!("{successful} riuscite su {runs}")
        }
    }

    fn more_plans(&self, count: usize, are_well: bool) -> String {
        match (count, are_well) {
            (1, true) => "e un altro piano, tutte le esecuzioni riuscite".into(),
            (_, true) => format!("e altri {count} piani, tutte le esecuzioni riuscite"),
            (1, false) => "e un altro piano".into(),
            (_, false) => format!("e altri {count} piani"),
        }
    }

    fn more_destinations(&self, count: usize) -> String {
        if count == 1 { "e un'altra".into() } else { format!("e altre {count}") }
    }

    fn more(&self, count: usize) -> String {
        if count == 1 { "e un altro".into() } else { format!("e altri {count}") }
    }

    fn ago(&self, age: &str) -> String {
        format!("{age} fa")
    }

    fn proved(&self, age: &str) -> String {
        format!("verificato {age} fa")
    }

    fn at_risk(&self, time: &str) -> String {
        format!("Nel caso peggiore andrebbero persi i dati di {time}.")
    }

    fn holds(&self, size: &str, applications: usize, growth: Option<(i64, &str)>, since: &str) -> String {
        let latest = match applications {
            1 => format!("{size} nell'ultimo snapshot di 1 applicazione"),
            _ => format!("{size} negli ultimi snapshot di {applications} applicazioni"),
        };
        match growth {
            None => format!("{latest}."),
            Some((0, _)) => format!("{latest}, come {since}."),
            Some((1.., more)) => format!("{latest}, {more} in più rispetto a {since}."),
            Some((_, less)) => format!("{latest}, {less} in meno rispetto a {since}."),
        }
    }
}
