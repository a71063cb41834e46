//! `check`: does everything that the service needs answer?

use std::fmt::Display;

use crate::{
    config::Settings, correlator::read::ClusterReader, notifier::smtp::MailServer, repo_check::RepoChecker,
};

/// Asks Redis, the gateway, the cluster's API and the mail server, and prints a line for each. False when one fails;
/// what is not configured is not asked, and does not fail.
pub async fn check(settings: &Settings) -> bool {
    let redis = async {
        let reader = ClusterReader::new(&settings.redis_url, settings.zone.clone())?;
        reader.ping().await
    };
    let checker = RepoChecker::new(settings.repo_check.clone());
    let server = MailServer::new(settings.smtp.clone());
    let gaps = settings.mail_gaps();
    let mail = async { if gaps.is_empty() { Some(server.check().await) } else { None } };
    let api = async {
        match settings.repo_check.api {
            Some(_) => Some(checker.ping_api().await),
            None => None,
        }
    };
    let (redis, gateway, api, mail) = tokio::join!(redis, checker.ping_gateway(), api, mail);

    println!("configuration  ok");
    let results = [
        print("Redis", Some(redis), ""),
        print("gateway", Some(gateway), ""),
        print("cluster API", api, "REPO_CHECK_API_URL is not set: repositories are not asked"),
        print("mail server", mail, &gaps.join("; ")),
    ];
    results.iter().all(|ok| *ok)
}

/// Prints one line. False when `result` is a failure; None is what is not configured, for the reason in `gap`.
fn print<E: Display>(what: &str, result: Option<Result<(), E>>, gap: &str) -> bool {
    match result {
        Some(Ok(())) => println!("{what:14} ok"),
        Some(Err(error)) => {
            println!("{what:14} FAILED   {error}");
            return false;
        }
        None => println!("{what:14} skipped  {gap}"),
    }
    true
}
