//! Streams: what is asked for page by page, and what is left of a stream that ends.

mod callback;
mod ending;
mod forged;
mod options;
mod pages;
mod states;
mod turns;

use tower_cassandra::RowStream;

/// Reads what is left and notes the ids.
async fn read_ids(rows: &mut RowStream<(i32, String)>, ids: &mut Vec<i32>) {
    while let Some(row) = rows.next().await {
        ids.push(row.unwrap().0);
    }
}
