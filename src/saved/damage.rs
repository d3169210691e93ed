//! Damage that the checksum does not find: somebody who knows the format wrote it.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::hash;

/// Gives bytes that were changed in some places and then got a right checksum: 10,000 times, with `FULL=1` 1,000,000. The seed is printed;
/// `SEED=n` repeats a run.
pub(crate) fn each(bytes: &[u8], mut check: impl FnMut(&[u8], &str)) {
    let full = std::env::var_os("FULL").is_some();
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or_else(|| rand::rng().random_range(0..1 << 20));
    println!("SEED={seed}");
    // Magic and version stay, else nothing behind them is read. The last eight bytes are the checksum.
    let (head, body) = (5, bytes.len() - 8);
    for input in 0..if full { 1_000_000 } else { 10_000 } {
        let mut rng = SmallRng::seed_from_u64(seed ^ (input << 20));
        let mut bytes = bytes[..body].to_vec();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(head..=bytes.len());
            match rng.random_range(0..5) {
                0 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
                1 if at < bytes.len() => bytes[at] = rng.random(),
                2 if at + 4 <= bytes.len() => {
                    let number = [0, 1, u32::MAX, u32::MAX >> 1][rng.random_range(0..4)];
                    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
                }
                3 => bytes.truncate(at),
                _ => bytes.insert(at, rng.random()),
            }
        }
        bytes.extend(hash(&bytes).to_le_bytes());
        check(&bytes, &format!("SEED={seed}, input {input}: {bytes:?}"));
    }
}
