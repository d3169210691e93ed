//! What the layers cost per request, in instructions: the budgets of the benchmark `overhead`, so that a change that makes a layer
//! dearer fails the tests. Builds the benchmark with its own profile, which takes half a minute the first time, and runs its cases
//! under callgrind. Where valgrind is not installed there is nothing to count with, and the test says so.

use std::io::Write as _;
use std::process::Command;

/// So many lines the benchmark has to print, all of them with a number: what could not be counted is not kept.
const BUDGETS: usize = 77;

/// The floors that are not reached yet, each with what was counted. It must not grow by more than six in a hundred: as much as
/// another way of inlining makes of it. Whoever reaches one for good takes it out.
///
/// Where the instructions go:
///
/// * A look at the clock takes about 40, making a number of it 75 more, the time between two looks 50. So `metrics` and
///   `attempt_metrics` begin with 130, and `balance` with 230; in the full stack all of them together look twice.
/// * A handle of the recorder takes 10 and its own work, and a request has four of them.
/// * `metrics` asks each request for its label and keeps it for the end: 25.
/// * A span to which nobody listens, and metrics that are off, are looked for when a request begins, each time it is polled and when it ends: 20.
///   The rest of their lines moves the future of the layer below (see the full stack), where a layer that undoes nothing builds it in place.
/// * The ticket of `balance` is two changes of a list under a mutex (160) and a sample of the latency (110).
/// * `rate_limit` moves by some instructions with code that has nothing to do with it, as the compiler inlines this or that.
/// * In the full stack: a tokio timer 600, the choice 370, the ticket 340, the clock 250, the recorder 110. The other 1,800 are nine
///   layers with 200 each, of which about 50 move the future of the layer below: what has to undo something when the inner `call`
///   panics cannot let it be built in place.
/// * `hedge` keeps a copy of the request and of the service, in case there is a second attempt: 140 to make them, 170 to move them with the
///   future through the layers further out. The rest: a sample of the latency 60, polling the first one 60, lending a timer 50, dropping 40.
const NOT_REACHED: &[(&str, f64)] = &[
    ("full stack, pending: instructions", 3_499.0),
    ("hedge around an attempt limit, ready: instructions more", 625.0),
    ("hedge around an attempt limit, pending: instructions more", 735.0),
    ("hedge in the full stack, ready: instructions more", 648.0),
    ("hedge in the full stack, pending: instructions more", 757.0),
    ("rate_limit, ready: instructions of its own", 253.0),
    ("rate_limit, pending: instructions of its own", 257.0),
    ("metrics, ready: instructions of its own", 430.0),
    ("metrics, pending: instructions of its own", 446.0),
    ("attempt_metrics, ready: instructions of its own", 315.0),
    ("attempt_metrics, pending: instructions of its own", 321.0),
    ("both metrics layers, ready: instructions", 656.0),
    ("both metrics layers, pending: instructions", 675.0),
    ("metrics switched off, ready: instructions", 81.0),
    ("metrics switched off, pending: instructions", 89.0),
    ("a span to which nobody listens, ready: instructions", 51.0),
    ("a span to which nobody listens, pending: instructions", 46.0),
    ("balance_3, ready: without the choice", 687.0),
    ("balance_3, pending: without the choice", 689.0),
];
const GROWTH: f64 = 1.06;
/// The C library copies memory in another way where the processor has no AVX2: 5 in a hundred more of the full stack.
const GROWTH_WITHOUT_AVX2: f64 = 1.12;

/// How much more than was counted is the same code on another machine.
#[cfg(target_arch = "x86_64")]
fn growth() -> Option<f64> {
    let has_avx2 = std::arch::is_x86_feature_detected!("avx2");
    Some(if has_avx2 { GROWTH } else { GROWTH_WITHOUT_AVX2 })
}

/// Other processors have other instructions, and nothing was counted there.
#[cfg(not(target_arch = "x86_64"))]
fn growth() -> Option<f64> {
    None
}

struct Line<'a> {
    what: &'a str,
    reached: f64,
    floor: f64,
}

/// `what reached floor aim verdict`, aligned in columns.
fn parse(line: &str) -> Option<Line<'_>> {
    let mut columns = line.rsplitn(2, "  ");
    let verdict = columns.next()?;
    if !["aim", "floor", "EXCEEDED", "NOT COUNTED"].contains(&verdict) {
        return None;
    }
    let rest = columns.next()?.trim_end();
    let (rest, _aim) = rest.rsplit_once(char::is_whitespace)?;
    let (rest, floor) = rest.trim_end().rsplit_once(char::is_whitespace)?;
    let (what, reached) = rest.trim_end().rsplit_once(char::is_whitespace)?;
    Some(Line {
        what: what.trim_end(),
        reached: if reached == "-" {
            f64::NAN
        } else {
            reached.parse().ok()?
        },
        floor: floor.parse().ok()?,
    })
}

/// Says that nothing was counted, past the test harness, which shows nothing of a test that passes.
fn skip(why: &str) {
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED no_layer_costs_more_than_its_budget: {why}"
    );
}

#[test]
fn no_layer_costs_more_than_its_budget() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        skip("valgrind is not installed: instructions are not counted");
        return;
    }
    let Some(growth) = growth() else {
        skip("the budgets are those of x86-64: instructions are not counted");
        return;
    };
    let output = Command::new(env!("CARGO"))
        .args(["bench", "--quiet", "-p", "tower-cassandra-layers"])
        .args(["--bench", "overhead", "--", "--ours"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs this test, so it is there");
    let (page, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "the benchmark does not run:\n{page}\n{errors}"
    );
    let lines: Vec<Line<'_>> = page.lines().filter_map(parse).collect();
    assert_eq!(
        lines.len(),
        BUDGETS,
        "budgets are missing or new:\n{page}\n{errors}"
    );
    for (what, _) in NOT_REACHED {
        assert!(
            lines.iter().any(|line| line.what == *what),
            "there is no budget `{what}`"
        );
    }
    let mut broken = Vec::new();
    for Line { what, reached, floor } in lines {
        let known = NOT_REACHED.iter().find(|(name, _)| *name == what);
        // What cannot be counted is no number, and passes neither.
        let holds = reached <= known.map_or(floor, |(_, counted)| (counted * growth).floor());
        if known.is_some() {
            let verdict = if reached > floor { "misses" } else { "reaches" };
            println!("{what}: {reached}, {verdict} its floor of {floor}");
        }
        if !holds {
            broken.push(format!("{what}: {reached}, at most {floor}"));
        }
    }
    assert!(broken.is_empty(), "{page}\n{}", broken.join("\n"));
}

#[test]
fn a_line_of_the_table_is_read_as_it_is_printed() {
    let line =
        parse("retry, ready: instructions of its own                     206      250      150  floor")
            .unwrap();
    assert_eq!(
        (line.what, line.reached, line.floor),
        ("retry, ready: instructions of its own", 206.0, 250.0)
    );
    let line =
        parse("retry, ready: instructions of its own                       -      250      150  NOT COUNTED");
    assert!(line.unwrap().reached.is_nan());
    assert!(parse("choice_3  |  371").is_none());
}
