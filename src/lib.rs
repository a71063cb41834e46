pub mod alert;
pub mod config;
pub mod correlator;
pub mod ids;
pub mod journal;
pub mod notifier;
pub mod repo_check;
pub mod report;
mod text;
