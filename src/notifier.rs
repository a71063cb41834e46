//! The notifier: one mail that says what happened, sent until it is accepted.
//!
//! [`view`] says what a report says, in words of a [`Language`]; [`render`] makes text and HTML of it. Both are functions of
//! values.

pub mod format;
mod phrases;
pub mod render;
mod steps;
pub mod view;

pub use phrases::{Language, Sentence, Word};

#[cfg(test)]
mod tests;
