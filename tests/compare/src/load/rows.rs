//! Many rows.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Result;
use crate::client::Client;
use crate::meter::Outcomes;
use crate::work::{ROWS_PER_PARTITION, Rows};

/// The rows of the work, as often as it says, and again until the time is over.
pub(super) async fn run(client: &impl Client, rows: Rows, lasts: Duration) -> Result<Outcomes> {
    let until = Instant::now() + lasts;
    let mut all = Outcomes::default();
    for time in 0.. {
        if time >= rows.times && Instant::now() >= until {
            break;
        }
        all.add(once(client, rows).await?);
    }
    Ok(all)
}

pub(super) async fn once(client: &impl Client, rows: Rows) -> Result<Outcomes> {
    let mut all = Outcomes::default();
    let mut results = JoinSet::new();
    let partitions = i32::try_from(rows.partitions)?;
    let wanted: Vec<Option<i32>> = match partitions {
        0 => vec![None],
        n => (0..n).map(Some).collect(),
    };
    let expected = match partitions {
        0 => rows.table.rows(),
        _ => u64::from(ROWS_PER_PARTITION.unsigned_abs()),
    };
    for partition in wanted {
        let client = client.clone();
        results.spawn(async move {
            let began = Instant::now();
            let seen = client.rows(partition).await;
            (began.elapsed(), seen)
        });
    }
    while let Some(result) = results.join_next().await {
        let (took, seen) = result?;
        all.note(took, seen.and_then(|seen| complete(seen, expected)));
    }
    Ok(all)
}

fn complete(seen: u64, expected: u64) -> Result<u64> {
    if seen == expected {
        Ok(seen)
    } else {
        Err(format!("{seen} rows of {expected}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Double;
    use super::*;
    use crate::work::Table;

    #[tokio::test(start_paused = true)]
    async fn it_reads_as_often_as_it_should_and_until_the_time_is_over() {
        let double = Double {
            takes: Duration::from_millis(100),
            ..Double::default()
        };
        let rows = Rows {
            table: Table::TenThousand,
            page: 100,
            drain: false,
            partitions: 10,
            times: 2,
        };
        let outcomes = run(&double, rows, Duration::ZERO).await.unwrap();
        assert_eq!((outcomes.operations, outcomes.errors), (20_000, 0));
        let outcomes = run(&double, rows, Duration::from_secs(1)).await.unwrap();
        assert_eq!(outcomes.operations, 100_000);
    }

    #[tokio::test(start_paused = true)]
    async fn missing_rows_are_an_error() {
        let rows = Rows {
            table: Table::Million,
            page: 100,
            drain: false,
            partitions: 0,
            times: 1,
        };
        let outcomes = once(&Double::default(), rows).await.unwrap();
        assert_eq!((outcomes.operations, outcomes.errors), (0, 1));
    }
}
