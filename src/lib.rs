pub mod alert;
pub mod config;
pub mod correlator;
pub mod ids;
pub mod notifier;
