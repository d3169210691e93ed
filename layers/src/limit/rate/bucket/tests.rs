//! Random schedules against the definition: at most `burst + rate * w` in every window of length `w`, and nothing refused
//! that the definition allows. `SEED=n` repeats a run, `FULL=1` runs a hundred times as many cases.

use super::{Bucket, Rate};

struct Random(u64);

impl Random {
    // SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn upto(&mut self, max: u64) -> u64 {
        1 + self.next() % max
    }

    /// Up to `bits` bits, small numbers as likely as large ones.
    fn of_any_size(&mut self, bits: u64) -> u64 {
        let bits = self.upto(bits);
        self.upto(1 << bits)
    }
}

struct Admission {
    at: u64,
    weight: u64,
}

/// Do these admissions, from the first to the last, keep within `burst + rate * w`? Multiplied out, without rounding.
fn keeps(rate: Rate, burst: u32, weight: u64, window: u64) -> bool {
    u128::from(weight) * u128::from(rate.period)
        <= u128::from(burst) * u128::from(rate.period) + u128::from(window) * u128::from(rate.count)
}

fn case(random: &mut Random) {
    let rate = Rate {
        count: random.of_any_size(31) as u32,
        period: random.of_any_size(46),
    };
    let burst = random.of_any_size(6) as u32;
    let mut bucket = Bucket::new(rate, burst);
    let mut now = random.next() >> random.upto(60);
    let mut admitted: Vec<Admission> = Vec::with_capacity(16);
    let step = (rate.period / u64::from(rate.count)).max(1) * u64::from(burst);
    for _ in 0..16 {
        // Bursts at one moment, pauses of about what the burst needs, and arrivals exactly when it is their turn.
        match random.upto(4) {
            4 => {}
            1 => now = now.saturating_add(random.upto(step)),
            2 => now = now.saturating_add(random.upto(step.div_ceil(4))),
            _ => now = now.max(bucket.turn(1)),
        }
        let weight = random.upto(u64::from(burst)) as u32;
        let receipt = bucket.take(now, weight);
        let with_this =
            |from: usize| admitted[from..].iter().map(|one| one.weight).sum::<u64>() + u64::from(weight);
        let all_keep =
            (0..admitted.len()).all(|from| keeps(rate, burst, with_this(from), now - admitted[from].at));
        let what = (rate, burst, weight, now);
        assert_eq!(receipt.is_some(), all_keep, "{what:?}");
        let turn = bucket.turn(u64::from(weight));
        match receipt {
            // Taken back at once is as if it had never come; a later one cannot be taken back any more.
            Some(receipt) if random.upto(8) == 1 => bucket.take_back(receipt, weight),
            Some(_) => admitted.push(Admission {
                at: now,
                weight: u64::from(weight),
            }),
            None => {
                assert!(turn > now, "{what:?}: refused although it is its turn");
                assert!(
                    bucket.take(turn - 1, weight).is_none(),
                    "{what:?}: its turn is earlier"
                );
                if random.upto(2) == 1 {
                    assert!(bucket.take(turn, weight).is_some(), "{what:?}: its turn is later");
                    admitted.push(Admission {
                        at: turn,
                        weight: u64::from(weight),
                    });
                    now = turn;
                }
            }
        }
    }
}

#[test]
fn no_window_sees_more_than_burst_and_rate_and_nothing_else_is_refused() {
    let number = |name| {
        std::env::var(name)
            .ok()
            .and_then(|value| value.parse::<u64>().ok())
    };
    let seed = number("SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let cases = if number("FULL").is_some() {
        10_000_000
    } else {
        100_000
    };
    println!("SEED={seed}");
    let mut random = Random(seed);
    for _ in 0..cases {
        case(&mut random);
    }
}

#[test]
fn an_admission_that_is_not_the_last_is_not_taken_back() {
    let rate = Rate { count: 1, period: 10 };
    let mut bucket = Bucket::new(rate, 1);
    let first = bucket.take(0, 1).unwrap();
    let _second = bucket.take(15, 1).unwrap();
    bucket.take_back(first, 1);
    assert!(bucket.take(24, 1).is_none());
    assert!(bucket.take(25, 1).is_some());
}

#[test]
fn an_admission_before_those_of_others_is_not_taken_back() {
    let mut bucket = Bucket::new(Rate { count: 1, period: 10 }, 2);
    let first = bucket.take(0, 1).unwrap();
    bucket.catch_up(20);
    bucket.take_back(first, 1);
    assert!(bucket.take(9, 1).is_none());
}

#[test]
fn a_new_rate_keeps_what_is_used_of_the_burst() {
    let mut bucket = Bucket::new(Rate { count: 1, period: 10 }, 4);
    for _ in 0..4 {
        assert!(bucket.take(100, 1).is_some());
    }
    bucket.set_rate(100, Rate { count: 1, period: 2 });
    assert!(bucket.take(101, 1).is_none());
    assert!(bucket.take(102, 1).is_some());
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let day = 24 * 60 * 60 * 1_000_000_000;
    let rate = Rate {
        count: u32::MAX,
        period: day,
    };
    let mut bucket = Bucket::new(rate, u32::MAX);
    assert!(bucket.take(u64::MAX, u32::MAX).is_some());
    assert!(bucket.take(u64::MAX, 1).is_none());
    assert_eq!(bucket.turn(u64::MAX >> 12), u64::MAX);
    bucket.set_rate(
        u64::MAX,
        Rate {
            count: 1,
            period: day,
        },
    );
    bucket.set_rate(
        u64::MAX,
        Rate {
            count: u32::MAX,
            period: 1,
        },
    );
    let mut slow = Bucket::new(
        Rate {
            count: 1,
            period: day,
        },
        u32::MAX,
    );
    assert!(slow.take(0, u32::MAX).is_some());
    assert_eq!(slow.turn(1), day);
}
