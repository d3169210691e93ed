//! Ranges of the token ring, and how the ring is cut into them.

use std::collections::{HashMap, VecDeque};

use uuid::Uuid;

/// The tokens above one and up to another. The smallest number is no token: it stands for the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TokenRange {
    pub(super) after: i64,
    pub(super) until: i64,
}

impl TokenRange {
    /// All tokens there are.
    pub(super) const RING: Self = Self {
        after: i64::MIN,
        until: i64::MAX,
    };

    /// How many tokens it has; of the whole ring `u64::MAX`.
    pub(super) const fn width(self) -> u64 {
        self.until.abs_diff(self.after)
    }

    /// Cuts it into so many parts, as even as they get; none of them is empty.
    fn cut(self, parts: u64) -> impl Iterator<Item = Self> {
        let width = u128::from(self.width());
        let parts = u128::from(parts).clamp(1, width.max(1));
        let at = move |part: u128| {
            // At most the width, so it fits.
            let offset = u64::try_from(width * part / parts).unwrap_or(u64::MAX);
            self.after.wrapping_add_unsigned(offset)
        };
        (0..parts).map(move |part| Self {
            after: at(part),
            until: at(part + 1),
        })
    }
}

/// Cuts these ranges at the tokens of the ring, so that each lies on one set of replicas, and further until the ring would have at
/// least so many.
pub(super) fn split(ranges: &[TokenRange], ring: &[(i64, Uuid)], pieces: u32) -> Vec<TokenRange> {
    let mut cut = Vec::new();
    for range in ranges {
        let mut after = range.after;
        let inside = ring
            .iter()
            .map(|(token, _)| *token)
            .filter(|token| (range.after + 1..range.until).contains(token));
        for until in inside.chain([range.until]) {
            let piece = TokenRange { after, until };
            after = until;
            let share = u128::from(piece.width()) * u128::from(pieces);
            let parts = share.div_ceil(u128::from(u64::MAX));
            cut.extend(piece.cut(u64::try_from(parts).unwrap_or(u64::MAX)));
        }
    }
    cut
}

/// Puts them in an order in which those that follow each other belong to different nodes.
pub(super) fn interleave(ranges: Vec<TokenRange>, ring: &[(i64, Uuid)]) -> VecDeque<TokenRange> {
    let mut owners: Vec<VecDeque<TokenRange>> = Vec::new();
    let mut known: HashMap<Uuid, usize> = HashMap::new();
    for range in ranges {
        let at = ring.partition_point(|(token, _)| *token < range.until);
        let owner = ring.get(at).or_else(|| ring.first()).map(|(_, node)| *node);
        let owner = *known.entry(owner.unwrap_or_default()).or_insert_with(|| {
            owners.push(VecDeque::new());
            owners.len() - 1
        });
        owners[owner].push_back(range);
    }
    let mut mixed = VecDeque::new();
    while owners.iter().any(|ranges| !ranges.is_empty()) {
        mixed.extend(owners.iter_mut().filter_map(VecDeque::pop_front));
    }
    mixed
}

/// Joins what touches, in rising order.
pub(super) fn join(mut ranges: Vec<TokenRange>) -> Vec<TokenRange> {
    ranges.sort_unstable();
    let mut joined: Vec<TokenRange> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.until == range.after => last.until = range.until,
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(tokens: &[i64]) -> Vec<(i64, Uuid)> {
        let node = |at: usize| Uuid::from_u128(1 + at as u128 % 3);
        tokens
            .iter()
            .enumerate()
            .map(|(at, token)| (*token, node(at)))
            .collect()
    }

    fn is_whole(ranges: &[TokenRange]) -> bool {
        join(ranges.to_vec()) == [TokenRange::RING]
            && ranges.iter().all(|range| range.after < range.until)
            && ranges.iter().map(|range| u128::from(range.width())).sum::<u128>() == u128::from(u64::MAX)
    }

    #[test]
    fn the_pieces_are_the_ring_each_token_once() {
        let edges = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
        for tokens in [
            &edges[..],
            &[],
            &[0],
            &[i64::MIN],
            &[i64::MAX],
            &[-5_000, 7, 8, 9, 1 << 60],
        ] {
            for pieces in [0, 1, 2, 3, 7, 128, 1_000] {
                let cut = split(&[TokenRange::RING], &ring(tokens), pieces);
                assert!(is_whole(&cut), "{tokens:?} {pieces}: {cut:?}");
                assert!(cut.len() >= pieces as usize, "{tokens:?} {pieces}");
                let mixed: Vec<TokenRange> = interleave(cut.clone(), &ring(tokens)).into();
                assert!(is_whole(&mixed));
                assert_eq!(mixed.len(), cut.len());
            }
        }
    }

    #[test]
    fn no_piece_crosses_a_token_of_the_ring() {
        let tokens = [-4_000_000_000_000_000_000, -3, 0, 5_000_000_000_000_000_000];
        let cut = split(&[TokenRange::RING], &ring(&tokens), 10);
        for token in tokens {
            assert!(cut.iter().any(|range| range.until == token), "{token}");
        }
    }

    #[test]
    fn neighbours_belong_to_different_nodes() {
        let tokens: Vec<i64> = (1..=30)
            .map(|at| i64::MIN.wrapping_add_unsigned(u64::MAX / 30 * at))
            .collect();
        let ring = ring(&tokens);
        let mixed = interleave(split(&[TokenRange::RING], &ring, 90), &ring);
        let owner = |range: &TokenRange| {
            let at = ring.partition_point(|(token, _)| *token < range.until);
            ring.get(at).unwrap_or(&ring[0]).1
        };
        let same = mixed
            .iter()
            .zip(mixed.iter().skip(1))
            .filter(|(one, next)| owner(one) == owner(next))
            .count();
        assert!(same < mixed.len() / 10, "{same} of {}", mixed.len());
    }
}
