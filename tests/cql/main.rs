//! Idempotence and fingerprints of statements that nobody wrote: made by a grammar that knows the answer, and by chance.
//!
//! 100,000 inputs for each test, with `FULL=1` 10,000,000. The seed is printed; `SEED=n` repeats a run.

mod chance;
mod generate;
mod render;
mod rule;

use std::time::{SystemTime, UNIX_EPOCH};

use generate::Made;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use render::Piece;
use tokio::time::Instant;
use tower_cassandra::cql::{Fingerprint, idempotence};

fn each(name: &str, mut check: impl FnMut(&mut SmallRng, &str)) {
    let inputs = if std::env::var_os("FULL").is_some() {
        10_000_000
    } else {
        100_000
    };
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed: u64 = given.unwrap_or(now.as_micros() as u64);
    println!("{name}: {inputs} inputs, SEED={seed}");
    let start = Instant::now();
    for input in 0..inputs {
        let mut rng = SmallRng::seed_from_u64(seed ^ (input << 20));
        check(&mut rng, &format!("SEED={seed}, input {input}"));
    }
    println!("{name}: {:.1} s", start.elapsed().as_secs_f64());
}

#[test]
fn a_statement_of_the_grammar_gets_the_verdict_the_grammar_knows() {
    let mut counts = [0_u64; 2];
    each("grammar", |rng, place| {
        let made = generate::statement(rng);
        let text = render::text(&made.pieces, rng);
        let verdict = idempotence(&text);
        assert_eq!(verdict.is_yes(), made.idempotent, "{place}: {verdict:?}\n{text}");
        counts[usize::from(made.idempotent)] += 1;
    });
    println!("grammar: {} no, {} yes", counts[0], counts[1]);
    assert!(counts.iter().all(|count| *count > 10_000), "{counts:?}");
}

#[test]
fn whatever_the_text_the_verdict_is_never_yes_where_the_rule_says_no() {
    let mut counts = [0_u64; 2];
    each("chance", |rng, place| {
        let text = if rng.random_bool(0.5) {
            chance::soup(rng)
        } else {
            let made = generate::statement(rng);
            chance::damaged(&render::text(&made.pieces, rng), rng)
        };
        let yes = idempotence(&text).is_yes();
        if let Some(reason) = rule::against(&text) {
            assert!(!yes, "{place}: {reason}\n{text}");
        }
        counts[usize::from(yes)] += 1;
        // It must not panic, and it must not grow.
        assert!(Fingerprint::of(&text).text().len() <= Fingerprint::MAX_TEXT + 3);
    });
    println!("chance: {} no, {} yes", counts[0], counts[1]);
    assert!(counts.iter().all(|count| *count > 1_000), "{counts:?}");
}

#[test]
fn mon_03_a_fingerprint_depends_on_names_and_not_on_values() {
    each("fingerprints", |rng, place| {
        let Made { mut pieces, .. } = generate::statement(rng);
        let (one, other) = (render::text(&pieces, rng), render::text(&pieces, rng));
        let fingerprint = Fingerprint::of(&one);
        assert_eq!(fingerprint, Fingerprint::of(&other), "{place}\n{one}\n{other}");
        // What is normal stays as it is.
        assert_eq!(fingerprint, Fingerprint::of(fingerprint.text()), "{place}\n{one}");

        let names: Vec<_> = (0..pieces.len())
            .filter(|at| matches!(pieces[*at], Piece::Name(_)))
            .collect();
        let at = names[rng.random_range(0..names.len())];
        pieces[at] = match &pieces[at] {
            // "Users" and users are two tables.
            Piece::Name(name) if rng.random_bool(0.5) => Piece::Exact(format!("\"{}\"", name.to_uppercase())),
            Piece::Name(name) => Piece::Name(format!("{name}_other")),
            piece => unreachable!("{piece:?}"),
        };
        let changed = render::text(&pieces, rng);
        assert_ne!(
            fingerprint,
            Fingerprint::of(&changed),
            "{place}\n{one}\n{changed}"
        );
    });
}

/// A text that is a hundred times as long takes about a hundred times as long; the bound is far from quadratic.
#[test]
fn reading_takes_time_in_proportion_to_the_length() {
    let once = |text: &str| {
        let start = Instant::now();
        let _ = (idempotence(text), Fingerprint::of(text));
        start.elapsed().as_secs_f64()
    };
    let best = |text: &str| (0..3).map(|_| once(text)).fold(f64::INFINITY, f64::min);
    for part in [
        "(", "{", "[1,", "{a:[(", ":", ": /* */", "IN (", "'a'", "\"", "x.", "-", "- -", "/* */", "?,", "$$",
        "1.", "1e+",
    ] {
        for head in [
            "",
            "INSERT INTO t (a) VALUES (",
            "UPDATE t SET a = ",
            "BEGIN BATCH DELETE FROM t; ",
        ] {
            let long = |times: usize| format!("{head}{}", part.repeat(times));
            let (small, large) = (long(400), long(40_000));
            let mut seen = Vec::new();
            // A machine that does something else at the moment is asked again.
            let is_in_proportion = (0..20).any(|_| {
                let (short, long) = (best(&small), best(&large));
                seen.push((short, long));
                long < short.max(1e-5) * 2_000.0
            });
            assert!(is_in_proportion, "{head}{part}: {seen:?} s");
        }
    }
}
