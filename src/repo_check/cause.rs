//! Why something is not well: as a value, so that each language has its own words for it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was found when a destination or repository was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Cause {
    /// restic said so.
    Restic {
        /// Its words.
        message: String,
    },
    /// The gateway answered with this status for the destination.
    GatewayStatus {
        /// HTTP's status code.
        status: u16,
    },
    /// The gateway itself does not answer.
    GatewaySilent {
        /// What was tried, and how it failed.
        reason: String,
    },
    /// No answer came in time.
    NoAnswer {
        /// The limit.
        seconds: u64,
    },
    /// It was not asked, as its destination does not answer.
    DestinationSilent,
    /// It was not asked, as no access to the cluster's API is configured.
    NotAsked,
    /// It was not asked, as the cluster's API does not answer or is not well.
    ApiSilent {
        /// What was tried, and how it failed.
        reason: String,
    },
    /// It was not asked, as the cluster's API does not let us.
    ApiRefused {
        /// What was tried, and the answer.
        reason: String,
    },
    /// The plan has no destination.
    NoDestination,
    /// The application's image or UUID is not known, which make the path of its repository.
    NoPath,
}

/// In plain English, for logs and the API. The mail has words of its own.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Restic { message } => f.write_str(message),
            Cause::GatewayStatus { status } => write!(f, "the rclone gateway answers with status {status}"),
            Cause::GatewaySilent { reason } => write!(f, "the rclone gateway does not answer: {reason}"),
            Cause::NoAnswer { seconds } => write!(f, "no answer within {seconds} seconds"),
            Cause::DestinationSilent => f.write_str("not asked, as the destination does not answer"),
            Cause::NotAsked => f.write_str("not asked, as no cluster API is configured"),
            Cause::ApiSilent { reason } => write!(f, "not asked, as the cluster API fails: {reason}"),
            Cause::ApiRefused { reason } => write!(f, "not asked, as the cluster API refuses: {reason}"),
            Cause::NoDestination => f.write_str("the plan has no destination"),
            Cause::NoPath => f.write_str("the application's image or UUID is not known"),
        }
    }
}
