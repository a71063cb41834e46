// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The routes as one filter, without a socket. What needs a socket (limits, time limits) is among the integration tests.

use super::*;
use crate::{
    checks::readiness::{Outside, Readiness},
    config::Settings,
    journal::Journal,
};
use crate::{
    correlator::read::ClusterReader, duty::watch::Standing, logs::LogReader, repo_check::RepoChecker,
    roster::view::RosterView,
};

struct Fixture {
    receiver: Arc<Receiver>,
    _dir: tempfile::TempDir,
}

impl Fixture {
    fn new(vars: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Port 1 refuses: these tests ask nothing of Redis.
        let vars = [("REDIS_URL", "redis://127.0.0.1:1")].iter().chain(vars).copied();
        let settings = Arc::new(Settings::from_vars(vars).unwrap());
        let journal = Journal::start(dir.path().into());
        let reader = ClusterReader::new(&settings.redis_url, settings.zone.clone()).unwrap();
        let checker = Arc::new(RepoChecker::new(settings.repo_check.clone()));
        let roster = RosterView::new(journal.clone(), reader.clone(), true);
        let readiness = Readiness::new(
            Arc::clone(&settings),
            journal.clone(),
            Outside { reader, checker, logs: Arc::new(LogReader::new(&settings)) },
            Arc::default(),
            Arc::default(),
            tokio::sync::watch::channel(Standing::alone()).1,
        );
        let (readiness, roster) = (Arc::new(readiness), Arc::new(roster));
        let receiver =
            Receiver::new(settings, journal, readiness, roster, Arc::default(), Arc::default(), false);
        Self { receiver: Arc::new(receiver), _dir: dir }
    }

    async fn ask(&self, request: warp::test::RequestBuilder) -> (u16, String) {
        let answer = request.reply(&routes(Arc::clone(&self.receiver))).await;
        (answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).unwrap())
    }
}

fn get(path: &str) -> warp::test::RequestBuilder {
    warp::test::request().path(path)
}

fn post(body: &str) -> warp::test::RequestBuilder {
    warp::test::request().method("POST").path("/alert").body(body)
}

const FIRING: &str = r#"{"alerts":[{"status":"firing","labels":{"alertname":"BackupFailed","id":"1"}}]}"#;

#[tokio::test]
async fn an_accepted_alert_is_in_the_journal_once_it_is_answered() {
    let fixture = Fixture::new(&[]);
    let (status, body) = fixture.ask(post(FIRING)).await;
    assert_eq!((status, body.as_str()), (200, r#"{"accepted":1,"ignored":0,"job":1}"#));
    assert_eq!(fixture.receiver.journal.jobs().await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_json_object_is_400() {
    let fixture = Fixture::new(&[]);
    for body in ["", "nonsense", "[]", "\"text\"", "{\"alerts\":"] {
        assert_eq!(fixture.ask(post(body)).await.0, 400, "{body}");
    }
    assert!(fixture.receiver.journal.jobs().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_token_is_asked_for_when_one_is_set() {
    let fixture = Fixture::new(&[("RECEIVER_TOKEN", "s3same")]);
    for (authorization, expected) in [
        ("Bearer s3same", 200),
        ("bearer s3same", 200),
        ("Bearer s3sam", 401),
        ("Basic s3same", 401),
        ("", 401),
    ] {
        let request = post(FIRING).header("authorization", authorization);
        assert_eq!(fixture.ask(request).await.0, expected, "{authorization}");
    }
    assert_eq!(fixture.ask(post(FIRING)).await.0, 401);
    // Whoever is on this machine may read without it.
    assert_eq!(fixture.ask(get("/healthz")).await.0, 200);
}

#[tokio::test]
async fn a_web_page_can_not_have_mails_sent() {
    let fixture = Fixture::new(&[]);
    let send = || get("/api/reports/1/send").method("POST");
    assert_eq!(fixture.ask(send()).await.0, 404);
    assert_eq!(fixture.ask(send().header("origin", "http://evil.example")).await.0, 403);
    assert_eq!(fixture.ask(send().header("sec-fetch-site", "cross-site")).await.0, 403);
}

#[tokio::test]
async fn an_unknown_path_is_404_and_another_method_405() {
    let fixture = Fixture::new(&[]);
    for path in ["/alerts", "/alert/1", "/api", "/api/reports/1/2"] {
        assert_eq!(fixture.ask(get(path)).await.0, 404, "{path}");
    }
    for path in [
        "/",
        "/api/status",
        "/api/reports",
        "/api/reports/1",
        "/api/incidents",
        "/api/gaps",
        "/api/restore-points",
        "/healthz",
        "/readyz",
        "/metrics",
    ] {
        assert_eq!(fixture.ask(get(path).method("DELETE")).await.0, 405, "{path}");
    }
    assert_eq!(fixture.ask(get("/alert")).await.0, 405);
}
