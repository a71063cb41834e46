//! `check`: does everything that the service needs answer?

use crate::{
    alertmanager::client::Alertmanager,
    checks::{Check, CheckState, NO_ALERTMANAGER, NO_API, NO_RUNS, NO_SCHEDULES},
    config::Settings,
    correlator::read::ClusterReader,
    repo_check::RepoChecker,
    smtp::MailServer,
    watch::events,
};

/// Asks Redis, the gateway, the cluster's API, the mail server and whatever is watched, and prints a line for each, or all of it as
/// JSON. False when one fails; what is not configured is not asked, and does not fail.
pub async fn check(settings: &Settings, as_json: bool) -> bool {
    let checks = ask(settings).await;
    let ok = checks.iter().all(|check| check.state != CheckState::Failed);
    if as_json {
        println!("{}", serde_json::json!({"ok": ok, "checks": checks}));
        return ok;
    }
    println!("{:14} ok", "configuration");
    for Check { name, state, reason } in &checks {
        let title = match *name {
            "redis" => "Redis",
            "api" => "cluster API",
            "mail" => "mail server",
            "alertmanager" => "Alertmanager",
            other => other,
        };
        match (state, reason) {
            (CheckState::Ok, _) => println!("{title:14} ok"),
            (CheckState::Failed, reason) => {
                println!("{title:14} FAILED   {}", reason.as_deref().unwrap_or_default());
            }
            (CheckState::Off, reason) => {
                println!("{title:14} skipped  {}", reason.as_deref().unwrap_or_default());
            }
        }
    }
    ok
}

async fn ask(settings: &Settings) -> Vec<Check> {
    let redis = async {
        let reader = ClusterReader::new(&settings.redis_url, settings.zone.clone())?;
        reader.ping().await
    };
    let checker = RepoChecker::new(settings.repo_check.clone());
    let api = async {
        match settings.repo_check.api {
            Some(_) => Check::of("api", checker.ping_api().await),
            None => Check::off("api", NO_API),
        }
    };
    let server = MailServer::new(settings.smtp.clone(), &settings.mail.from.email);
    let mail = async {
        match settings.mail_gaps() {
            gaps if gaps.is_empty() => Check::of("mail", server.check().await),
            gaps => Check::off("mail", gaps.join("; ")),
        }
    };
    let watch = &settings.watch;
    let alertmanager = async {
        match &watch.alertmanager {
            Some(url) => {
                let alertmanager = Alertmanager::new(url, settings.receiver.alert_names.clone());
                Check::of("alertmanager", alertmanager.alerts().await.map(drop))
            }
            None => Check::off("alertmanager", NO_ALERTMANAGER),
        }
    };
    let runs = async {
        match watch.runs {
            true => Check::of("runs", events::probe(&settings.redis_url).await),
            false => Check::off("runs", NO_RUNS),
        }
    };
    let (redis, gateway, api, mail, alertmanager, runs) =
        tokio::join!(redis, checker.ping_gateway(), api, mail, alertmanager, runs);
    let schedules = match watch.missing_grace {
        Some(_) => Check::of::<String>("schedules", Ok(())),
        None => Check::off("schedules", NO_SCHEDULES),
    };
    vec![Check::of("redis", redis), Check::of("gateway", gateway), api, mail, alertmanager, runs, schedules]
}
