//! The database is the ledger: what it holds is compared with what the clients were told.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::time::sleep;
use tower_cassandra::Applied;
use tower_cassandra::scylla::value::Counter;

use super::Result;
use super::bed::Bed;
use super::log::{Event, Side, Told};
use super::operation::Operation;

/// How often each write is there, by its row; of claims, who has the row.
#[derive(Default)]
pub(crate) struct Ledger {
    inserts: HashMap<i64, i64>,
    lists: HashMap<i64, i64>,
    counts: HashMap<i64, i64>,
    claims: HashMap<i64, i64>,
}

/// What the comparison found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Carried out more often than the client was told is possible.
    pub(crate) double: u64,
    /// Acknowledged, and not there.
    pub(crate) lost: u64,
}

impl Ledger {
    /// Reads all that one side has written, from all replicas.
    pub(crate) async fn read(bed: &Bed, side: Side) -> Result<Self> {
        // A node that just came back may still be short of breath.
        const TRIES: u32 = 5;
        for _ in 1..TRIES {
            if let Ok(ledger) = Self::try_read(bed, side).await {
                return Ok(ledger);
            }
            sleep(Duration::from_secs(2)).await;
        }
        Self::try_read(bed, side).await
    }

    async fn try_read(bed: &Bed, side: Side) -> Result<Self> {
        let side = side.name();
        let select = |columns: &str, table: &str| {
            format!("SELECT {columns} FROM {}", bed.table(&format!("{table}_{side}")))
        };
        let rows = bed.judge.query_iter(select("k", "inserts"), ()).await?;
        let inserts = rows.rows_stream::<(i64,)>()?.map_ok(|(k,)| (k, 1));
        let rows = bed.judge.query_iter(select("k, l", "lists"), ()).await?;
        let lists = rows
            .rows_stream::<(i64, Vec<i64>)>()?
            .map_ok(|(k, l)| (k, i64::try_from(l.len()).unwrap_or(i64::MAX)));
        let rows = bed.judge.query_iter(select("k, n", "counts"), ()).await?;
        let counts = rows
            .rows_stream::<(i64, Counter)>()?
            .map_ok(|(k, Counter(n))| (k, n));
        let rows = bed.judge.query_iter(select("k, who", "claims"), ()).await?;
        let claims = rows.rows_stream::<(i64, i64)>()?;
        Ok(Self {
            inserts: inserts.try_collect().await?,
            lists: lists.try_collect().await?,
            counts: counts.try_collect().await?,
            claims: claims.try_collect().await?,
        })
    }

    /// Compares with what the client was told of these requests, all of one side.
    pub(crate) fn judge<'a>(&self, events: impl IntoIterator<Item = &'a Event>) -> Verdict {
        let mut verdict = Verdict::default();
        for event in events {
            let (least, most) = bounds(event.told);
            let Some(times) = self.times(event) else {
                // The answer of a read is the proof.
                verdict.lost += u64::from(event.told == Told::Missing);
                continue;
            };
            verdict.lost += u64::from(times < least);
            verdict.double += u64::from(times > most);
        }
        verdict
    }

    /// How often it was carried out; none for what writes nothing.
    fn times(&self, event: &Event) -> Option<i64> {
        let found = |rows: &HashMap<i64, i64>| rows.get(&event.key).copied().unwrap_or(0);
        Some(match event.operation {
            // Sent again it is the same row: twice is no harm.
            Operation::IdempotentWrite => found(&self.inserts),
            Operation::Write => found(&self.lists),
            Operation::Counter => found(&self.counts),
            Operation::Lwt => i64::from(self.claims.get(&event.key) == Some(&event.writer())),
            Operation::Read | Operation::ReadDefault | Operation::Prepare => return None,
        })
    }
}

/// How often at least and at most it can have been carried out, by what the client was told.
fn bounds(told: Told) -> (i64, i64) {
    match told {
        Told::Done | Told::Missing => (1, 1),
        Told::Refused => (0, 0),
        Told::Failed { applied, .. } => match applied {
            Applied::No => (0, 0),
            Applied::Maybe => (0, 1),
            Applied::Yes => (1, 1),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(operation: Operation, key: i64, told: Told) -> Event {
        Event {
            side: Side::Ours,
            operation,
            number: u32::try_from(key).unwrap(),
            key,
            intended: Duration::ZERO,
            ended: Duration::ZERO,
            told,
            node: None,
        }
    }

    const fn failed(applied: Applied) -> Told {
        Told::Failed {
            kind: "timeout",
            applied,
        }
    }

    #[test]
    fn more_than_was_told_is_double_and_less_is_lost() {
        let ledger = Ledger {
            counts: HashMap::from([(1, 1), (2, 2), (3, 1)]),
            ..Ledger::default()
        };
        for (key, told, double, lost) in [
            (1, Told::Done, 0, 0),
            (2, Told::Done, 1, 0),
            (4, Told::Done, 0, 1),
            (1, failed(Applied::Maybe), 0, 0),
            (2, failed(Applied::Maybe), 1, 0),
            (4, failed(Applied::Maybe), 0, 0),
            (3, failed(Applied::No), 1, 0),
            (4, failed(Applied::No), 0, 0),
            (4, failed(Applied::Yes), 0, 1),
        ] {
            let verdict = ledger.judge([&event(Operation::Counter, key, told)]);
            assert_eq!(verdict, Verdict { double, lost }, "{key} {told:?}");
        }
    }

    #[test]
    fn a_claim_belongs_to_the_one_that_was_told_so() {
        let mut winner = event(Operation::Lwt, 7, Told::Done);
        let mut loser = event(Operation::Lwt, 8, Told::Refused);
        loser.key = 7;
        let ledger = Ledger {
            claims: HashMap::from([(7, 7)]),
            ..Ledger::default()
        };
        assert_eq!(ledger.judge([&winner, &loser]), Verdict::default());
        (winner.told, loser.told) = (Told::Refused, Told::Done);
        assert_eq!(ledger.judge([&winner, &loser]), Verdict { double: 1, lost: 1 });
    }

    #[test]
    fn a_row_that_was_not_found_is_lost() {
        let ledger = Ledger::default();
        let verdict = ledger.judge([&event(Operation::Read, 1, Told::Missing)]);
        assert_eq!(verdict, Verdict { double: 0, lost: 1 });
        // A read that failed says nothing of the row.
        let failure = event(Operation::Read, 1, failed(Applied::No));
        assert_eq!(ledger.judge([&failure]), Verdict::default());
    }
}
