//! The database as the ledger: what it holds is compared with what the clients were told.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use futures_util::{StreamExt, TryStreamExt, stream};
use scylla::statement::Consistency;
use scylla::value::Counter;
use tokio::time::sleep;
use tower_cassandra::{Applied, Error, Session, Statement, StreamOptions, scylla};

use super::load::{Kind, Told, claimed};
use crate::support::PATIENCE;

/// How often each increment and append is there, by its number; who has each claimed row.
pub(super) struct Ledger {
    times: HashMap<i32, i64>,
    claims: HashMap<i32, i32>,
}

impl Ledger {
    pub(super) async fn read(session: &Session, keyspace: &str, results: &[(i32, Told)]) -> Self {
        // A node that just came back may still be short of breath.
        const TRIES: u32 = 10;
        for _ in 1..TRIES {
            match Self::try_read(session, keyspace, results).await {
                Ok(ledger) => return ledger,
                Err(error) => println!("made once: {error}"),
            }
            sleep(PATIENCE / 20).await;
        }
        Self::try_read(session, keyspace, results).await.unwrap()
    }

    async fn try_read(session: &Session, keyspace: &str, results: &[(i32, Told)]) -> Result<Self, Error> {
        settle(session, keyspace, results).await?;
        // All replicas: whatever any of them has counts.
        let all = |columns: &str, table: &str| {
            let text = format!("SELECT {columns} FROM {keyspace}.{table}");
            Statement::new(text).consistency(Consistency::All)
        };
        let options = || StreamOptions::new().page_size(1_000);
        let mut times = HashMap::new();
        let mut counts = session.stream_with::<(i32, Counter)>(all("k, n", "counts"), options());
        while let Some((number, Counter(n))) = counts.try_next().await? {
            times.insert(number, n);
        }
        let mut lists = session.stream_with::<(i32, Vec<i32>)>(all("k, l", "appends"), options());
        while let Some((number, list)) = lists.try_next().await? {
            assert!(
                list.iter().all(|element| *element == number),
                "{number}: {list:?}"
            );
            times.insert(number, i64::try_from(list.len()).unwrap());
        }
        let claims = session.stream_with::<(i32, i32)>(all("k, who", "claims"), options());
        Ok(Self {
            times,
            claims: claims.try_collect().await?,
        })
    }

    fn times(&self, number: i32) -> i64 {
        match Kind::of(number) {
            Kind::Increment | Kind::Append => self.times.get(&number).copied().unwrap_or(0),
            Kind::Claim => (self.claims.get(&claimed(number)) == Some(&number)).into(),
        }
    }

    pub(super) fn compare(&self, results: &[(i32, Told)]) -> Found {
        let mut found = Found::default();
        for &(number, told) in results {
            let times = self.times(number);
            let is_there = times > 0;
            let counts = found.counts.entry((Kind::of(number), format!("{told:?}")));
            counts.or_default()[usize::from(is_there)] += 1;
            let is_open = matches!(told, Told::Failed(_, Applied::Maybe));
            found.left_open[usize::from(is_there)] += u32::from(is_open);
            let (may, must) = match told {
                Told::Done | Told::Failed(_, Applied::Yes) => (true, true),
                Told::Failed(_, Applied::Maybe) => (true, false),
                Told::Refused | Told::Failed(_, Applied::No) => (false, false),
            };
            let (twice, denied, lost) = (times > 1, is_there && !may, !is_there && must);
            found.twice += u32::from(twice);
            found.denied += u32::from(denied);
            found.lost += u32::from(lost);
            // Nobody else writes an append: its condition is always met.
            let absurd = Kind::of(number) == Kind::Append && told == Told::Refused;
            found.denied += u32::from(absurd);
            if (twice || denied || lost || absurd) && found.wrong.len() < 20 {
                found.wrong.push((number, told, times));
            }
        }
        found
    }
}

/// What was accepted by some and is not decided is decided by whoever reads it this way.
async fn settle(session: &Session, keyspace: &str, results: &[(i32, Told)]) -> Result<(), Error> {
    let read = |table: &str| session.prepare(format!("SELECT k FROM {keyspace}.{table} WHERE k = ?"));
    let (append, claim) = (read("appends").await?, read("claims").await?);
    let open = results.iter().filter(|(_, told)| *told != Told::Done);
    let reads = open.filter_map(|(number, _)| match Kind::of(*number) {
        Kind::Increment => None,
        Kind::Append => Some(append.bind((*number,)).unwrap()),
        Kind::Claim => Some(claim.bind((claimed(*number),)).unwrap()),
    });
    let reads = reads.map(|read| session.execute(read.consistency(Consistency::Serial)));
    let read = stream::iter(reads).buffer_unordered(8);
    read.try_for_each(|_| async { Ok(()) }).await
}

/// What the comparison came to.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Carried out more than once.
    pub(super) twice: u32,
    /// Carried out, and the client was told that it was not.
    pub(super) denied: u32,
    /// Not there, and the client was told that it is.
    pub(super) lost: u32,
    /// The first of them: number, what was told, how often it is there.
    pub(super) wrong: Vec<(i32, Told, i64)>,
    /// Of what the client was told that it may have been carried out: not there, and there.
    pub(super) left_open: [u32; 2],
    /// The same by what it was and what the client was told.
    counts: BTreeMap<(Kind, String), [u32; 2]>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((kind, told), [not, there]) in &self.counts {
            let kind = format!("{kind:?}");
            writeln!(
                f,
                "made once: {kind:9} {told:32} not there {not:>6}, there {there:>6}"
            )?;
        }
        write!(
            f,
            "made once: {} twice, {} denied, {} lost",
            self.twice, self.denied, self.lost
        )
    }
}
