//! The table of the error design, line by line, for every kind of statement.
//!
//! `cargo test --test wire rows -- --nocapture` prints it.

mod absent;
mod broken;
mod connecting;
pub(crate) mod kinds;
mod prepared;
mod refused;
mod table;
mod unreadable;

use std::fmt::Write as _;

use tower_cassandra::layers::Advice;
use tower_cassandra::{Applied, HealthSettings};

use crate::support::{Bed, requests};
use kinds::{Kind, Texts};
use table::{Row, rows};

/// What the design says of a line for a kind of statement: rules R1 and R4 to R7 over the columns of a plain write.
struct Expected {
    applied: Applied,
    attempts: usize,
}

fn expected(row: &Row, kind: Kind) -> Expected {
    let applied = match row.id {
        // R4
        "C17" | "C18" | "C19" if kind.is_read() => Applied::No,
        // R5, R7
        "C11" if kind == Kind::Lwt || kind.in_parts() => Applied::Maybe,
        "C22" if kind == Kind::Lwt || kind.in_parts() => Applied::Maybe,
        "D2" if kind == Kind::Lwt => Applied::Maybe,
        _ => row.applied,
    };
    // R4: repeating a serial read feeds the contention that made it fail.
    let feeds = kind == Kind::SerialRead && (row.applied != Applied::No || row.id == "C11");
    // R1, R5, R6
    let may = applied == Applied::No || (kind.is_marked() && !kind.never_twice());
    let attempts = match row.advice {
        Advice::Never => 1,
        _ if feeds || !may => 1,
        Advice::SameOnce | Advice::BackoffOnce | Advice::Reprepare => 2,
        Advice::Next | Advice::Backoff | Advice::NextBackoff => 4,
    };
    Expected { applied, attempts }
}

/// Nodes are judged by nobody, so that the choice among them shows the advice alone.
async fn bed() -> Bed {
    let settings = HealthSettings::default().consecutive_failures(u32::MAX);
    Bed::with(3, |client| client.health_settings(settings)).await
}

fn check_nodes(row: &Row, nodes: &[usize], at: &str) {
    match row.advice {
        Advice::SameOnce => assert!(nodes.iter().all(|node| *node == nodes[0]), "{at}: {nodes:?}"),
        Advice::Next | Advice::NextBackoff => {
            let mut first = nodes.iter().take(3).collect::<Vec<_>>();
            first.sort_unstable();
            first.dedup();
            assert_eq!(first.len(), nodes.len().min(3), "{at}: {nodes:?}");
        }
        Advice::Never | Advice::Backoff | Advice::BackoffOnce | Advice::Reprepare => {}
    }
}

#[tokio::test]
async fn every_answer_of_a_server_means_what_the_table_says() {
    let bed = bed().await;
    let texts = Texts::prepare(&bed).await;
    let mut printed = format!("{:4} {:28}", "row", "answer");
    for kind in Kind::ALL {
        let _ = write!(printed, " {kind:>9}");
    }
    let mut id = 0;
    for row in rows() {
        let _ = write!(printed, "\n{:4} {:28}", row.id, row.name);
        bed.cluster.on(requests()).then(row.action.clone());
        for kind in Kind::ALL {
            // The driver repeats a batch by itself, without end.
            if row.id == "C9" && kind.is_batch() {
                let _ = write!(printed, " {:>9}", "-");
                continue;
            }
            id += 2;
            let at = format!("{} {} {kind}", row.id, row.name);
            let error = bed.fails(texts.statement(kind, id)).await;
            let Expected { applied, attempts } = expected(&row, kind);
            // The driver itself prepares once more, and sends once more.
            let frames = if row.id == "C9" { attempts * 2 } else { attempts };
            assert_eq!(error.kind(), row.kind, "{at}: {error:?}");
            assert_eq!(error.applied(), applied, "{at}");
            assert_eq!(error.attempts().len(), attempts, "{at}");
            assert!((row.fields)(&error), "{at}: fields of {error:?}");
            let nodes = bed.nodes();
            assert_eq!(nodes.len(), frames, "{at}");
            check_nodes(&row, &nodes, &at);
            let of_attempts = error.attempts().iter().map(|attempt| attempt.node());
            let of_frames = nodes.iter().step_by(frames / attempts);
            let of_frames = of_frames.map(|node| Some(bed.cluster.node(*node).host_id()));
            assert!(of_attempts.eq(of_frames), "{at}: nodes of the attempts");
            let _ = write!(printed, " {:>9}", format!("{frames} {applied:?}"));
        }
        bed.clear();
    }
    println!("{printed}");
    bed.at_rest().await;
}
