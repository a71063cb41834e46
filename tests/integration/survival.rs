// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! SIGKILL at every point between the 200 and the accepted mail: after a restart, exactly one mail comes out.

use std::collections::BTreeSet;

use crate::support::{
    cluster_api::ClusterApi,
    gateway::Gateway,
    redis::Redis,
    repositories::{PASSWORD, Repositories},
    sample::{webhook, write_partial_night},
    service::{Service, Settings},
    smtp::SmtpServer,
};

/// A whole node. Everything on it can hang; only the service is killed.
struct Node {
    redis: Redis,
    gateway: Gateway,
    api: ClusterApi,
    smtp: SmtpServer,
    settings: Settings,
    _repositories: Repositories,
}

impl Node {
    async fn start() -> Self {
        let redis = Redis::start().await;
        write_partial_night(&redis).await;
        let repositories = Repositories::new();
        repositories.make("mail1", PASSWORD, 1, 1000);
        let gateway = Gateway::start(repositories.path()).await;
        let api = ClusterApi::start(&gateway.url()).await;
        let smtp = SmtpServer::plain().await;
        let mut settings = Settings::new();
        settings.set("REDIS_URL", redis.url()).set("REPO_CHECK_GATEWAY_URL", gateway.url());
        api.configure(&mut settings);
        smtp.configure(&mut settings);
        Self { redis, gateway, api, smtp, settings, _repositories: repositories }
    }

    /// Starts the service and posts an alert.
    async fn alert(&self) -> Service {
        let service = self.settings.start().await;
        service.alert(webhook()).await;
        service
    }

    /// Starts the service again, waits until all is done, and checks that one mail came out, however often it was sent.
    async fn expect_one_mail(self, point: &str) {
        let service = self.settings.start().await;
        service
            .status_shows(&format!("after a kill {point}, the mail sent"), |status| {
                let done = status["jobs"].as_array()?.is_empty();
                (done && status["reports"][0]["delivery"]["state"] == "sent").then_some(())
            })
            .await;
        let mails = self.smtp.mails();
        let ids: BTreeSet<&str> = mails.iter().map(|mail| mail.message_id.as_str()).collect();
        assert_eq!(ids.len(), 1, "{point}: {ids:?}");
        assert!(mails.len() <= 2, "{point}: sent {} times", mails.len());
        assert!(mails[0].subject.contains("mail1 failed"), "{point}: {}", mails[0].subject);
        let reports = service.get_json("/api/reports").await;
        assert_eq!(reports["reports"].as_array().unwrap().len(), 1, "{point}");
    }
}

#[tokio::test]
async fn killed_right_after_the_200() {
    let node = Node::start().await;
    node.alert().await.kill();
    node.expect_one_mail("right after the 200").await;
}

#[tokio::test]
async fn killed_while_redis_is_read() {
    let node = Node::start().await;
    node.redis.process().hang();
    let service = node.alert().await;
    // Once the job is due, it is being read, and the answer does not come.
    service
        .status_shows("the job due", |status| {
            let due: jiff::Timestamp = status["jobs"][0]["due_at"].as_str()?.parse().ok()?;
            (due < jiff::Timestamp::now()).then_some(())
        })
        .await;
    service.kill();
    node.redis.process().go_on();
    node.expect_one_mail("while Redis is read").await;
}

#[tokio::test]
async fn killed_while_the_gateway_is_asked() {
    let node = Node::start().await;
    node.gateway.backend().hang();
    let service = node.alert().await;
    service
        .status_shows("the log read", |status| (status["jobs"][0]["stage"] == "logged").then_some(()))
        .await;
    service.kill();
    node.gateway.backend().go_on();
    node.expect_one_mail("while the gateway is asked").await;
}

/// Lets the API hang at a step, and kills the service there.
async fn killed_at_api(step: &'static str) {
    let node = Node::start().await;
    node.api.hang_at(step);
    let service = node.alert().await;
    node.api.reached(step, 0).await;
    service.kill();
    node.api.go_on();
    node.expect_one_mail(&format!("at the API's {step}")).await;
}

#[tokio::test]
async fn killed_while_it_logs_in_to_the_api() {
    killed_at_api("login").await;
}

#[tokio::test]
async fn killed_while_it_creates_a_task() {
    killed_at_api("tasks").await;
}

#[tokio::test]
async fn killed_while_it_waits_for_a_task() {
    killed_at_api("status").await;
}

/// Lets the mail server hang at a step, and kills the service there.
async fn killed_at_smtp(step: &str) {
    let node = Node::start().await;
    node.smtp.hang_at(step);
    let service = node.alert().await;
    node.smtp.reached(step, 0).await;
    service.kill();
    node.smtp.go_on();
    node.expect_one_mail(&format!("at the mail server's {step}")).await;
}

#[tokio::test]
async fn killed_while_it_greets_the_mail_server() {
    killed_at_smtp("ehlo").await;
}

#[tokio::test]
async fn killed_while_it_names_the_sender() {
    killed_at_smtp("mail").await;
}

#[tokio::test]
async fn killed_while_it_names_the_recipient() {
    killed_at_smtp("rcpt").await;
}

#[tokio::test]
async fn killed_after_the_mail_was_given_and_before_it_was_taken() {
    killed_at_smtp("data").await;
}

#[tokio::test]
async fn killed_as_the_mail_is_taken() {
    let node = Node::start().await;
    let service = node.alert().await;
    node.smtp.reached("taken", 0).await;
    service.kill();
    node.expect_one_mail("as the mail is taken").await;
}
