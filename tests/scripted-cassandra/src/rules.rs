use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::action::Action;
use crate::matching::Match;
use crate::request::Request;
use crate::shared::Shared;

#[derive(Debug, Default)]
struct Counters {
    matched: AtomicU64,
    applied: AtomicU64,
}

#[derive(Debug)]
struct Installed {
    id: u64,
    matching: Match,
    action: Arc<Action>,
    skip: u64,
    times: u64,
    probability: Option<(f64, Random)>,
    counters: Arc<Counters>,
}

impl Installed {
    /// Counts a frame that matches, and tells whether enough came before it.
    fn is_due(&self) -> bool {
        self.counters.matched.fetch_add(1, Ordering::Relaxed) >= self.skip
    }

    /// Whether it decides, now that it is due and no rule before it has decided.
    fn applies(&mut self) -> bool {
        let applies = self.counters.applied.load(Ordering::Relaxed) < self.times
            && (self.probability.as_mut()).is_none_or(|(probability, random)| random.next() < *probability);
        self.counters.applied.fetch_add(applies.into(), Ordering::Relaxed);
        applies
    }
}

/// The rules of a cluster, in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    all: Vec<Installed>,
    next: u64,
}

impl Rules {
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The action of the first rule that matches and applies. The others count the frame too.
    pub(crate) fn pick(&mut self, request: &Request<'_>, of_driver: bool) -> Option<Arc<Action>> {
        let mut decided = None;
        for rule in &mut self.all {
            let due = rule.matching.accepts(request, of_driver) && rule.is_due();
            if due && decided.is_none() && rule.applies() {
                decided = Some(Arc::clone(&rule.action));
            }
        }
        decided
    }

    pub(crate) fn clear(&mut self) {
        self.all.clear();
    }
}

/// A rule that is being written, by [`ScriptedCluster::on`](crate::ScriptedCluster::on). Unless told
/// otherwise it always applies.
#[derive(Debug)]
#[must_use = "a rule begins with `then`"]
pub struct RuleBuilder {
    shared: Arc<Shared>,
    rule: Installed,
}

impl RuleBuilder {
    pub(crate) fn new(shared: Arc<Shared>, matching: Match) -> Self {
        Self {
            shared,
            rule: Installed {
                id: 0,
                matching,
                action: Arc::new(Action::Answer),
                skip: 0,
                times: u64::MAX,
                probability: None,
                counters: Arc::default(),
            },
        }
    }

    /// Only the first times that it can.
    pub fn times(mut self, times: u64) -> Self {
        self.rule.times = times;
        self
    }

    /// Only after so many frames that match, whichever rule decided about them.
    pub fn after(mut self, frames: u64) -> Self {
        self.rule.skip = frames;
        self
    }

    /// Whenever it can, as without this.
    pub fn always(mut self) -> Self {
        self.rule.times = u64::MAX;
        self
    }

    /// Only this part of the times, at random. The same seed gives the same choices.
    pub fn probability(mut self, probability: f64, seed: u64) -> Self {
        self.rule.probability = Some((probability, Random(seed)));
        self
    }

    /// What to do. The rule counts from here on, after those made before.
    pub fn then(mut self, action: impl Into<Action>) -> Rule {
        self.rule.action = Arc::new(action.into());
        let counters = Arc::clone(&self.rule.counters);
        let id = {
            let mut state = self.shared.lock();
            state.rules.next += 1;
            self.rule.id = state.rules.next;
            state.rules.all.push(self.rule);
            state.rules.next
        };
        Rule {
            shared: self.shared,
            id,
            counters,
        }
    }
}

/// A rule of a cluster. It stays when this is dropped.
#[derive(Clone, Debug)]
pub struct Rule {
    shared: Arc<Shared>,
    id: u64,
    counters: Arc<Counters>,
}

impl Rule {
    /// How many frames it was for, whether or not its turn had come.
    #[must_use]
    pub fn matched(&self) -> u64 {
        self.counters.matched.load(Ordering::Relaxed)
    }

    /// How often it decided what to do.
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.counters.applied.load(Ordering::Relaxed)
    }

    /// Takes it away.
    pub fn remove(&self) {
        self.shared.lock().rules.all.retain(|rule| rule.id != self.id);
    }
}

/// Numbers from 0 to 1 that depend on nothing but the seed.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(skip: u64, times: u64, probability: Option<(f64, Random)>) -> Installed {
        Installed {
            id: 0,
            matching: Match::any(),
            action: Arc::new(Action::Silence),
            skip,
            times,
            probability,
            counters: Arc::default(),
        }
    }

    #[test]
    fn a_rule_applies_after_some_frames_and_so_many_times() {
        let mut rule = rule(1, 2, None);
        let applied: Vec<bool> = (0..5).map(|_| rule.is_due() && rule.applies()).collect();
        assert_eq!(applied, [false, true, true, false, false]);
    }

    #[test]
    fn a_probability_is_kept_and_repeats_with_its_seed() {
        let choices = |seed| {
            let mut rule = rule(0, u64::MAX, Some((0.2, Random(seed))));
            (0..10_000).map(|_| rule.applies()).collect::<Vec<bool>>()
        };
        let count = choices(1).iter().filter(|applied| **applied).count();
        assert!((1_900..2_100).contains(&count), "{count}");
        assert_eq!(choices(1), choices(1));
        assert_ne!(choices(1), choices(2));
    }
}
