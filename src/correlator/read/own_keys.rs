// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What a module may write itself, with anything in it: the statuses of the older layouts, and its image.
//!
//! Of its hashes only the fields that are needed are read. Where all data together were more than a reading takes in, they are read
//! piecemeal: their sizes are asked for first, and what is too large is left where it is.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    ReadError, Session,
    batch::{Batch, Fields, Reply},
};
use crate::{
    correlator::status::{self, Status, UnreadableStatus, newer},
    ids::{ModuleId, PlanId},
};

/// The fields of a status that a module wrote, before core 3.20.
const FIGURES: [&str; 5] = ["start", "end", "errors", "total_size", "total_file_count"];
/// The fields of a status in a hand-made set-up.
const RESULT: [&str; 3] = ["result", "timestamp", "error"];
/// The field of a module's environment that its image stands in.
const IMAGE_URL: &str = "IMAGE_URL";
/// The largest field that is read piecemeal, in bytes. Figures have a few, an error some hundred.
const MAX_FIELD: usize = 4096;

/// What is to be read.
pub(super) struct OwnKeys<'a> {
    /// Statuses, each of a module in a plan.
    pub statuses: Vec<(&'a PlanId, &'a ModuleId)>,
    /// Images, each of a module.
    pub images: Vec<&'a ModuleId>,
}

/// Whether each of them can be read, in their order.
pub(super) struct Sizes {
    statuses: Vec<(Fit, Fit)>,
    images: Vec<Fit>,
}

/// Whether something can be read: true, or false when it is too large.
type Fit = bool;

/// Their values, once the batch is sent, in their order.
pub(super) struct OwnValues {
    statuses: Vec<(Option<Fields<5>>, Option<Fields<3>>)>,
    images: Vec<Option<Reply<Option<String>>>>,
}

fn environment_key(module: &ModuleId) -> String {
    format!("module/{module}/environment")
}

fn figures_key(plan: &PlanId, module: &ModuleId) -> String {
    format!("module/{module}/backup_status/{plan}")
}

fn result_key(plan: &PlanId, module: &ModuleId) -> String {
    format!("module/{module}/backup/{plan}/status")
}

impl Session {
    /// Asks for the sizes, in a trip of its own, when the cluster is read piecemeal.
    pub(super) async fn sizes(&mut self, own_keys: &OwnKeys<'_>) -> Result<Sizes, ReadError> {
        if !self.piecemeal {
            let statuses = vec![(true, true); own_keys.statuses.len()];
            return Ok(Sizes { statuses, images: vec![true; own_keys.images.len()] });
        }
        let mut batch = Batch::default();
        let statuses: Vec<_> = (own_keys.statuses.iter())
            .map(|(plan, module)| {
                let figures = FIGURES.map(|field| batch.size(figures_key(plan, module), field));
                (figures, RESULT.map(|field| batch.size(result_key(plan, module), field)))
            })
            .collect();
        let images: Vec<_> =
            own_keys.images.iter().map(|module| batch.size(environment_key(module), IMAGE_URL)).collect();
        self.ask(batch).await?;
        let statuses = statuses.into_iter().map(|(figures, result)| (fits(figures), fits(result)));
        Ok(Sizes {
            statuses: statuses.collect(),
            images: images.into_iter().map(|size| fits([size])).collect(),
        })
    }
}

fn fits<const N: usize>(sizes: [Reply<usize>; N]) -> Fit {
    sizes.into_iter().all(|size| size.read() <= MAX_FIELD)
}

impl Sizes {
    /// Asks for the values.
    pub fn ask(&self, own_keys: &OwnKeys, batch: &mut Batch) -> OwnValues {
        let statuses = own_keys.statuses.iter().zip(&self.statuses);
        let statuses = statuses.map(|((plan, module), (figures, result))| {
            let figures = figures.then(|| batch.some_fields(figures_key(plan, module), FIGURES));
            (figures, result.then(|| batch.some_fields(result_key(plan, module), RESULT)))
        });
        let statuses = statuses.collect();
        let images = own_keys.images.iter().zip(&self.images);
        let images =
            images.map(|(module, fits)| fits.then(|| batch.field(environment_key(module), IMAGE_URL)));
        OwnValues { statuses, images: images.collect() }
    }
}

impl OwnValues {
    /// The statuses, where there is one, and the images.
    pub fn read(self, now: Timestamp, zone: &TimeZone) -> (Vec<Option<Status>>, Vec<Option<String>>) {
        let too_large = || Some(Err(UnreadableStatus::too_large()));
        let statuses = self.statuses.into_iter().map(|(figures, result)| {
            let figures = figures.map_or_else(too_large, |fields| {
                let hash = fields.read();
                (!hash.is_empty()).then(|| status::from_module_hash(&hash, now))
            });
            let result = result.map_or_else(too_large, |fields| {
                let hash = fields.read();
                (!hash.is_empty()).then(|| status::from_result_hash(&hash, now, zone))
            });
            match (figures, result) {
                (Some(figures), Some(result)) => Some(newer(figures, result)),
                (figures, result) => figures.or(result),
            }
        });
        (statuses.collect(), self.images.into_iter().map(|image| image.and_then(Reply::read)).collect())
    }
}
