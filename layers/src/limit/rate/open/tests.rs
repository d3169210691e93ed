//! The open word decides as the bucket under the mutex does. `SEED=n` repeats a run, `FULL=1` runs a hundred times as many.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Open, Taken};
use crate::limit::rate::bucket::Bucket;
use crate::limit::rate::config::Rate;
use crate::random::Random;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

fn random() -> Random {
    let seed = number("SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("SEED={seed}");
    Random::seeded(seed)
}

/// Up to `bits` bits, small numbers as likely as large ones.
fn of_any_size(random: &Random, bits: u64) -> u64 {
    1 + random.below(1 << (1 + random.below(bits)))
}

fn any_rate(random: &Random) -> Rate {
    Rate {
        count: of_any_size(random, 31) as u32,
        period: of_any_size(random, 46),
    }
}

/// The number of admissions without the mutex, and with it.
fn case(random: &Random) -> (u64, u64) {
    let rate = any_rate(random);
    let burst = of_any_size(random, 6) as u32;
    let (mut model, mut real) = (Bucket::new(rate, burst), Bucket::new(rate, burst));
    let open = Open::new(burst);
    let mut now = random.next() >> (1 + random.below(60));
    let (mut without, mut with) = (0, 0);
    open.open(&real);
    for _ in 0..32 {
        let step = (real.rate().period / u64::from(real.rate().count)).max(1) * u64::from(burst);
        now = match random.below(4) {
            0 => now,
            1 => now.saturating_add(1 + random.below(step)),
            2 => now.saturating_add(random.below(step.div_ceil(4))),
            _ => now.max(model.turn(1)),
        };
        if random.below(16) == 0 {
            let rate = any_rate(random);
            open.close(&mut real);
            real.set_rate(now, rate);
            model.set_rate(now, rate);
            open.open(&real);
        }
        let weight = 1 + random.below(u64::from(burst)) as u32;
        let expected = model.take(now, weight).is_some();
        let taken = match open.take(now, weight) {
            Taken::Yes => {
                without += 1;
                true
            }
            Taken::No => false,
            Taken::Ask => {
                open.close(&mut real);
                let taken = real.take(now, weight).is_some();
                open.open(&real);
                with += u64::from(taken);
                taken
            }
        };
        assert_eq!(
            taken,
            expected,
            "{:?} burst {burst} weight {weight} at {now}",
            real.rate()
        );
    }
    (without, with)
}

#[test]
fn it_decides_as_the_bucket_does() {
    let random = random();
    let (mut without, mut with) = (0, 0);
    for _ in 0..if number("FULL").is_some() {
        3_000_000
    } else {
        30_000
    } {
        let admitted = case(&random);
        without += admitted.0;
        with += admitted.1;
    }
    assert!(
        without > 1000 && with > 1000,
        "{without} without the mutex, {with} with it"
    );
}

#[test]
fn a_usual_rate_does_without_the_mutex_for_days() {
    for (count, period) in [(1, 200_000), (4999, 1_000_000_000), (7, 3_000_000)] {
        let rate = Rate { count, period };
        let mut bucket = Bucket::new(rate, 500);
        let open = Open::new(500);
        open.open(&bucket);
        let (mut asked, hour) = (0, 3_600_000_000_000_u64);
        for now in (0..240).map(|n| n * hour) {
            for _ in 0..100 {
                if open.take(now, 1) == Taken::Ask {
                    asked += 1;
                    open.close(&mut bucket);
                    assert!(bucket.take(now, 1).is_some());
                    open.open(&bucket);
                }
            }
        }
        assert!(asked <= 240, "{asked} times at {rate:?}");
    }
}

#[test]
fn threads_that_open_close_and_change_it_admit_no_more_than_the_rate() {
    let random = random();
    // 3 ticks a nanosecond, 30 ns a request; the other rate is slower, so this one bounds both.
    let (fast, slow) = (
        Rate { count: 3, period: 90 },
        Rate {
            count: 5,
            period: 300,
        },
    );
    let rounds = if number("FULL").is_some() { 300_000 } else { 3_000 };
    let bucket = Mutex::new(Bucket::new(fast, 4));
    let open = Open::new(4);
    open.open(&bucket.lock().unwrap());
    let clock = AtomicU64::new(0);
    let mut admitted: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let random = Random::seeded(random.next());
                let (open, bucket, clock) = (&open, &bucket, &clock);
                scope.spawn(move || {
                    let mut mine = vec![];
                    for _ in 0..rounds {
                        let now = clock.fetch_add(random.below(12), Ordering::Relaxed);
                        if random.below(8) == 0 {
                            let mut bucket = bucket.lock().unwrap();
                            open.close(&mut bucket);
                            if random.below(2) == 0 {
                                bucket.set_rate(now, if random.below(2) == 0 { fast } else { slow });
                            }
                            if bucket.take(now, 1).is_some() {
                                mine.push(now);
                            }
                            open.open(&bucket);
                        } else if open.take(now, 1) == Taken::Yes {
                            mine.push(now);
                        }
                    }
                    mine
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    admitted.sort_unstable();
    assert!(admitted.len() > 100, "{}", admitted.len());
    for window in [1, 4, 5, 10, 100] {
        for ends in admitted.windows(window + 1) {
            let time = ends[window] - ends[0];
            assert!(
                (window as u64 + 1) * 30 <= 4 * 30 + time,
                "{} in {time} ns",
                window + 1
            );
        }
    }
}

#[test]
fn the_same_moment_under_another_rate_is_another_word() {
    let mut bucket = Bucket::new(Rate { count: 1, period: 10 }, 1);
    let open = Open::new(1);
    open.open(&bucket);
    let before = open.word.load(Ordering::Relaxed);
    open.close(&mut bucket);
    bucket.set_rate(0, Rate { count: 1, period: 20 });
    open.open(&bucket);
    assert_ne!(open.word.load(Ordering::Relaxed), before);
}
