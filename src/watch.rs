//! The watchers: the ways in besides the webhook. NS8's own Alertmanager can't be taught a webhook for good, its alert says
//! nothing of a backup that never ran, and nobody reports success.
//!
//! - [`alertmanager`] fetches alerts from Alertmanager's API.
//! - [`cluster`] looks at the cluster whenever an application reports (told by [`events`]) and once a minute, and keeps what
//!   it has seen in the journal. What it makes of a look is pure: [`runs`] gathers the results of one run of a plan,
//!   [`schedule`] notices a plan that did not run.
//!
//! All of them end in the journal, from where everything goes the same way.

use std::time::Duration;

/// What takes longer than this is known to take long, and is given twice as long as the last time before it counts as late, whatever the
/// settle time or the grace.
const LONG: Duration = Duration::from_secs(15 * 60);

pub mod alertmanager;
pub mod cluster;
pub mod events;
pub mod health;
pub mod runs;
pub mod schedule;
