//! The commands beside `serve` and `demo`: each looks at something once, prints it, and ends.

pub mod check;
pub mod report;
pub mod send_test;
