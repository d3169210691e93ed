use std::collections::HashMap;
use std::time::Duration;

use super::super::QueryRecord;
use super::TopQuery;
use crate::cql::Fingerprint;

/// So many statements are told apart.
const STATEMENTS: usize = 1_000;

/// The most frequent statements. When there are too many, the least frequent one makes place, and the new one inherits its count (as in the algorithm Space-Saving): who is
/// frequent is never lost, who is not may be shown with too high a count.
#[derive(Default)]
pub(super) struct Top(HashMap<u64, Figures>);

struct Figures {
    fingerprint: Fingerprint,
    count: u64,
    inherited: u64,
    failed: u64,
    sum: Duration,
    max: Duration,
}

impl Top {
    pub(super) fn add(&mut self, record: &QueryRecord) {
        let hash = record.fingerprint.hash();
        let inherited = match self.0.len() {
            STATEMENTS.. if !self.0.contains_key(&hash) => self.evict(),
            _ => 0,
        };
        let known = self.0.entry(hash).or_insert_with(|| Figures {
            fingerprint: record.fingerprint.clone(),
            count: inherited,
            inherited,
            failed: 0,
            sum: Duration::ZERO,
            max: Duration::ZERO,
        });
        known.count += 1;
        known.failed += u64::from(record.error_kind().is_some());
        known.sum = known.sum.saturating_add(record.duration);
        known.max = known.max.max(record.duration);
    }

    /// Takes out the least frequent one; its count.
    fn evict(&mut self) -> u64 {
        let least = self.0.iter().min_by_key(|(_, figures)| figures.count);
        let Some(least) = least.map(|(hash, _)| *hash) else {
            return 0;
        };
        self.0.remove(&least).map_or(0, |figures| figures.count)
    }

    /// The most frequent ones, the first one first.
    pub(super) fn list(&self, most: usize) -> Vec<TopQuery> {
        let mut all: Vec<&Figures> = self.0.values().collect();
        all.sort_by_key(|figures| (std::cmp::Reverse(figures.count), figures.fingerprint.hash()));
        all.truncate(most);
        all.into_iter().map(Figures::shown).collect()
    }
}

impl Figures {
    fn shown(&self) -> TopQuery {
        let seen = u32::try_from(self.count - self.inherited)
            .unwrap_or(u32::MAX)
            .max(1);
        TopQuery {
            query_hash: self.fingerprint.to_string(),
            query: self.fingerprint.text().to_owned(),
            count: self.count,
            errors: self.failed,
            avg_duration: self.sum / seen,
            max_duration: self.max,
        }
    }
}
