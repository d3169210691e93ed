//! The examples that end in seconds on a node that runs already: each ends well within its time, checks itself, and prints the numbers that
//! `examples/README.md` promises.
//!
//! `cargo test` builds the examples before it runs this. `FULL=1` runs the long ones as well, and those that measure time.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use local_cassandra::{LocalCluster, testing};
use tokio::process::Command;
use tokio::time::{Instant, timeout};

/// Longer than any of them takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);

struct Example {
    name: &'static str,
    arguments: &'static [&'static str],
    /// Lines `result: name = value`.
    results: &'static [(&'static str, &'static str)],
}

const fn example(name: &'static str, results: &'static [(&'static str, &'static str)]) -> Example {
    Example {
        name,
        arguments: &[],
        results,
    }
}

const EXAMPLES: &[Example] = &[
    example("quickstart", &[]),
    example("custom_layer", &[]),
    example(
        "streaming_basic",
        &[
            ("events_written", "100000"),
            ("events_streamed", "100000"),
            ("pages_of_5000", "21"),
            ("purchases_streamed", "20000"),
            ("pages_of_500", "41"),
            ("events_by_page", "100000"),
            ("pages_of_7500", "14"),
        ],
    ),
    example(
        "export_large_table",
        &[("rows_exported", "5000"), ("csv_lines", "5001")],
    ),
    Example {
        name: "export_table",
        arguments: &["--rows", "50000"],
        results: &[("rows_exported", "50000"), ("file_equals_table", "true")],
    },
    example(
        "realtime_processing",
        &[
            ("readings_written", "108000"),
            ("readings_processed", "108000"),
            ("windows", "14400"),
            ("alerts_hot", "51"),
            ("alerts_cold", "102"),
        ],
    ),
    example("metrics_simple", &[("queries_failed", "1")]),
    example("metrics_example", &[("writes", "2000"), ("errors", "4")]),
    example(
        "context_manager_safety_demo",
        &[
            ("query_error_session_works", "true"),
            ("streaming_error_session_works", "true"),
            ("concurrent_streams_rows", "30"),
            ("nested_scopes_events", "4"),
            ("cancellation_session_works", "true"),
        ],
    ),
];

/// With `FULL=1`.
const MORE: &[Example] = &[
    example(
        "export_table",
        &[("rows_exported", "1000000"), ("file_equals_table", "true")],
    ),
    // It fails where the machine stands still for a twentieth of a second.
    example(
        "streaming_non_blocking_demo",
        &[
            ("fast_rows", "5760"),
            ("fast_pages", "12"),
            ("slow_rows", "5760"),
            ("slow_pages", "12"),
        ],
    ),
];

/// Where cargo puts them: beside the folder of this program.
fn program(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let target = tests.parent().and_then(|deps| deps.parent()).unwrap();
    let program = target
        .join("examples")
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        program.exists(),
        "{} is not there: `cargo test` builds it, and `cargo test --no-run` without running everything",
        program.display()
    );
    program
}

async fn run(cluster: &LocalCluster, example: &Example) -> Result<Duration, String> {
    let Example {
        name,
        arguments,
        results,
    } = example;
    let started = Instant::now();
    let mut command = Command::new(program(name));
    command
        .args(*arguments)
        .env("CASSANDRA_CONTACT_POINTS", cluster.contact_points().join(","))
        .env_remove("EXAMPLE_OUTPUT_DIR")
        // A machine that stands still for a while must not fail what is about something else.
        .env("EXAMPLE_DB_TIMEOUT", "120 s")
        .env("EXAMPLE_DB_ATTEMPT_TIMEOUT", "60 s")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = match timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(format!("{name}: {error}")),
        Err(_) => return Err(format!("{name}: not within {PATIENCE:?}")),
    };
    let took = started.elapsed();
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = |why: &str| {
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(format!("{name}: {why}\n{said}{errors}"))
    };
    if !output.status.success() {
        return failed(&output.status.to_string());
    }
    if said.lines().last() != Some(&format!("{name}: ok")) {
        return failed("its last line does not say that all is well");
    }
    for (result, value) in *results {
        let line = format!("result: {result} = {value}");
        if !said.lines().any(|it| it == line) {
            return failed(&format!("no line `{line}`"));
        }
    }
    Ok(took)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_examples_check_themselves_and_have_their_numbers() {
    let test = "the_examples_check_themselves_and_have_their_numbers";
    let Some(cluster) = testing::shared(test, testing::patient_node).await else {
        return;
    };
    let full = std::env::var_os("FULL").is_some_and(|value| value == "1");
    let mut failures = Vec::new();
    for example in EXAMPLES.iter().chain(if full { MORE } else { &[] }) {
        match run(&cluster, example).await {
            Ok(took) => println!("{} {}: {took:.1?}", example.name, example.arguments.join(" ")),
            Err(why) => failures.push(why),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What the index says that each prints is what it has to print here.
#[test]
fn the_index_has_the_same_numbers() {
    let index = include_str!("../../examples/README.md");
    for Example { name, results, .. } in EXAMPLES.iter().filter(|it| it.arguments.is_empty()).chain(MORE) {
        let begin = format!("| `{name}` |");
        for (result, value) in *results {
            let promised = format!("`{result} = {value}`");
            // What was written goes without saying.
            let goes_without_saying = result.ends_with("_written") || result.ends_with("_pages");
            let line = index.lines().find(|line| line.starts_with(&begin));
            let line = line.unwrap_or_else(|| panic!("{name} has no line in the table of results"));
            assert!(
                line.contains(&promised) || goes_without_saying,
                "{name}: {promised}"
            );
        }
    }
}
