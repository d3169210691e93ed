//! What is drawn out of the seed: numbers, times, and when nodes stand still.

use std::ops::Range;

use crate::plan::{MILLI, Plan, SECOND, Trouble, What, Work};

/// Numbers out of a seed and what they are for, so that one more of a kind changes no other kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64, kind: u64, index: u64) -> Self {
        let mixed = seed.wrapping_mul(0xd6e8_feb8_6659_fd93) ^ kind.rotate_left(48) ^ index;
        Self(mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    // SplitMix64, as in the layers.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Above 0, up to 1.
    pub(crate) fn share(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// Time to the next event of so many per second.
    pub(crate) fn gap(&mut self, per_second: f64) -> u64 {
        (-self.share().ln() / per_second * SECOND as f64) as u64
    }

    pub(crate) fn work(&mut self, work: Work) -> u64 {
        // By Box and Muller.
        let normal = (-2.0 * self.share().ln()).sqrt() * (std::f64::consts::TAU * self.share()).cos();
        let factor = if self.share() <= work.tenfold { 10.0 } else { 1.0 };
        (work.median as f64 * (0.5 * normal).exp() * factor) as u64
    }
}

/// When a node stands still: pauses and frozen times, in order.
pub(crate) fn standstills(plan: &Plan, seed: u64, node: u16) -> Vec<Range<u64>> {
    let mut times = Vec::new();
    if plan.paused > 0.0 {
        let mut dice = Dice::new(seed, 1, u64::from(node));
        let pauses_per_second = plan.paused / 0.175 / (1.0 - plan.paused);
        // Begins long before the start, so that the start is a moment like any other.
        let before = 20 * SECOND;
        let mut at = 0;
        while at < before + plan.length() + 2 * SECOND {
            let begin = at + dice.gap(pauses_per_second);
            at = begin + 50 * MILLI + dice.below(250 * MILLI);
            if at > before {
                times.push(begin.saturating_sub(before)..at - before);
            }
        }
    }
    let frozen = |t: &&Trouble| t.node == node && t.what == What::Frozen;
    times.extend(plan.trouble.iter().filter(frozen).map(|t| t.during.clone()));
    times.sort_by_key(|time| time.start);
    times
}
