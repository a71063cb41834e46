// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Italian words for the subject, the headline and the incident.

use super::Italian;
use crate::{
    correlator::correlation::State,
    notifier::phrases::{Counted, HeadlinePhrases, Unit},
};

impl HeadlinePhrases for Italian {
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

    fn plans(&self, count: usize) -> String {
        format!("{count} piani")
    }

    fn plan_by_id(&self, id: &str) -> String {
        format!("piano {id}")
    }
}

/// `Terza`, `11ª`; feminine, as "esecuzione" is.
fn ordinal(number: u32) -> String {
    const FIRST: [&str; 10] =
        ["Prima", "Seconda", "Terza", "Quarta", "Quinta", "Sesta", "Settima", "Ottava", "Nona", "Decima"];
    let word = number.checked_sub(1).and_then(|index| FIRST.get(usize::try_from(index).ok()?));
    word.map_or_else(|| format!("{number}ª"), |word| (*word).to_owned())
}
