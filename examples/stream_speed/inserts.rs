//! Many inserts: `execute_many` beside a loop by hand over the bare driver.

use tower_cassandra::Prepared;
use tower_cassandra::scylla::client::session::Session as Driver;

use crate::meter::{Used, show};
use crate::support::{Place, Result, check};
use crate::{Options, bare, value};

const CONCURRENCY: usize = 256;
/// So many by one and then by the other: a node that compacts or warms up meanwhile disturbs both.
const TURN: i32 = 20_000;

pub(crate) async fn measure(place: &Place, driver: &Driver, options: &Options) -> Result<()> {
    let text = format!("INSERT INTO {}.items (id, v) VALUES (?, ?)", place.keyspace);
    let insert = place.session.prepare(&text).await?;
    let bare_insert = bare::prepare(driver, &text).await?;
    let mut rounds = Vec::new();
    // The first round is warm-up.
    for round in 0..=options.rounds {
        let (mut ours, mut theirs) = (Used::default(), Used::default());
        for (turn, from) in (0..options.rows).step_by(TURN as usize).enumerate() {
            let rows = TURN.min(options.rows - from);
            // Who goes first changes.
            for first in [turn % 2 == 0, turn % 2 != 0] {
                if first {
                    ours.add(rows, all(place, &insert, from, rows)).await?;
                } else {
                    let inserts = bare::insert_all(driver, &bare_insert, from..from + rows, CONCURRENCY);
                    theirs.add(rows, inserts).await?;
                }
            }
        }
        println!("  inserts, round {round}: {ours}, bare {theirs}");
        if round > 0 {
            rounds.push((ours, theirs));
        }
    }
    show("execute_many", &rounds);
    Ok(())
}

async fn all(place: &Place, insert: &Prepared, from: i32, rows: i32) -> Result<()> {
    let inserts = (from..from + rows).map(|id| insert.bind((id, value(id))));
    let many = place.session.execute_many(inserts).concurrency(CONCURRENCY);
    let done = many.run().await?;
    check(
        done.succeeded == u64::from(rows.unsigned_abs()),
        "rows are missing",
    )
}
