// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What a hostile input, a flood, a damaged file, a wrong clock or a kill does to the service. Each test prints its figures in one line,
//! `attack: …`; docs/reliability.md has them in a table.
//!
//! `ATTACK_LONG=1` gives each of them more time, as the table says.

// The parts are those of the integration tests; not all of them are needed here.
#[expect(dead_code, reason = "shared with the integration tests")]
#[path = "../integration"]
mod integration {
    pub mod support;
}
use integration::support;

mod clocks;
mod damage;
mod floods;
mod fuzz;
mod kills;
mod memory;
mod unsettled;

/// The one figure or the other: the short form runs in CI.
fn short_or_long<T>(short: T, long: T) -> T {
    let is_long = std::env::var("ATTACK_LONG").is_ok_and(|value| !value.is_empty() && value != "0");
    if is_long { long } else { short }
}

/// Numbers by chance. A failed test has printed its seed; `TEST_SEED` sets it, to see the same again.
struct Chance(u64);

impl Chance {
    fn new(of: &str) -> Self {
        let seed = match std::env::var("TEST_SEED") {
            Ok(seed) => {
                seed.parse().unwrap_or_else(|error| panic!("TEST_SEED={seed:?} is no number: {error}"))
            }
            Err(_) => jiff::Timestamp::now().as_microsecond().unsigned_abs(),
        };
        println!("{of}: TEST_SEED={seed} makes the same choices again");
        Self(seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}
