//! What is done, and what the clients are told of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::sleep;
use tower_cassandra::{Applied, Batch, Error, ErrorKind, Prepared, Response, Session, Statement};

use crate::support::{PATIENCE, eventually};

/// Rows that are there to be read.
const ROWS: i32 = 100;
/// Of one attempt. What is given up is left open, and that is what is asked for here; all but the load has longer limits.
const LIMIT: Duration = Duration::from_secs(1);

/// What one operation is to do, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// One more, alone or in a batch. The row is its own.
    Increment,
    /// An element more, under a condition that is always met. The row is its own.
    Append,
    /// A row that is not there yet: two claim each, and one has to get it.
    Claim,
}

impl Kind {
    pub(super) const fn of(number: i32) -> Self {
        match number % 8 {
            1 | 5 => Self::Append,
            3 | 7 => Self::Claim,
            _ => Self::Increment,
        }
    }
}

/// The row that two claim: the third and the seventh of eight.
pub(super) const fn claimed(number: i32) -> i32 {
    number / 8
}

/// What the client was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Done,
    /// The condition was not met.
    Refused,
    Failed(&'static str, Applied),
}

/// The operations of all workers.
pub(super) struct Load {
    session: Session,
    add: Prepared,
    append: Prepared,
    claim: Prepared,
    read: Prepared,
    wanted: u32,
    next: AtomicU32,
    ended: AtomicU32,
    in_faults: AtomicU32,
    left_open: AtomicU32,
    hedges: AtomicU32,
    hedged_writes: AtomicU32,
    fault: AtomicBool,
    over: AtomicBool,
}

impl Load {
    pub(super) async fn prepare(session: Session, keyspace: &str, wanted: u32) -> Self {
        // What a coordinator does beside a silent replica is its business; by default it waits for seconds.
        let quick = "WITH speculative_retry = '50ms'";
        for table in [
            "counts (k int PRIMARY KEY, n counter)",
            "appends (k int PRIMARY KEY, l list<int>, never int)",
            "claims (k int PRIMARY KEY, who int)",
            "reads (k int PRIMARY KEY, v int)",
        ] {
            let create = format!("CREATE TABLE {keyspace}.{table} {quick}");
            session.execute(create).await.unwrap();
        }
        let prepare = async |text: String| session.prepare(text).await.unwrap();
        let insert = prepare(format!("INSERT INTO {keyspace}.reads (k, v) VALUES (?, 0)")).await;
        try_join_all((0..ROWS).map(|k| session.execute(insert.bind((k,)).unwrap().idempotent(true))))
            .await
            .unwrap();
        Self {
            add: prepare(format!("UPDATE {keyspace}.counts SET n = n + 1 WHERE k = ?")).await,
            append: prepare(format!(
                "UPDATE {keyspace}.appends SET l = l + ? WHERE k = ? IF never = null"
            ))
            .await,
            claim: prepare(format!(
                "INSERT INTO {keyspace}.claims (k, who) VALUES (?, ?) IF NOT EXISTS"
            ))
            .await,
            read: prepare(format!("SELECT v FROM {keyspace}.reads WHERE k = ?")).await,
            session,
            wanted,
            next: AtomicU32::new(0),
            ended: AtomicU32::new(0),
            in_faults: AtomicU32::new(0),
            left_open: AtomicU32::new(0),
            hedges: AtomicU32::new(0),
            hedged_writes: AtomicU32::new(0),
            fault: AtomicBool::new(false),
            over: AtomicBool::new(false),
        }
    }

    /// One after the other, until it is over. Beside each of them a read, which may be made twice.
    pub(super) async fn work(self: Arc<Self>) -> Vec<(i32, Told)> {
        let mut results = Vec::new();
        while !self.over.load(Relaxed) {
            let number = self.next.fetch_add(1, Relaxed).cast_signed();
            let read = self.read.bind((number % ROWS,)).unwrap().attempt_timeout(LIMIT);
            let hedges = self.session.execute(read).await.map_or(0, |read| read.hedges());
            self.hedges.fetch_add(hedges, Relaxed);
            let in_fault = self.fault.load(Relaxed);
            let result = self.session.execute(self.operation(number)).await;
            let told = self.told(number, result);
            self.in_faults
                .fetch_add(u32::from(in_fault || self.fault.load(Relaxed)), Relaxed);
            self.ended.fetch_add(1, Relaxed);
            results.push((number, told));
            // Not all of them while there is no connection.
            while !self.session.health().nodes.iter().any(|node| node.connected) {
                sleep(PATIENCE / 6_000).await;
            }
        }
        results
    }

    fn operation(&self, number: i32) -> Statement {
        let statement: Statement = match Kind::of(number) {
            Kind::Append => self.append.bind((vec![number], number)).unwrap(),
            Kind::Claim => self.claim.bind((claimed(number), number)).unwrap(),
            Kind::Increment => {
                let add = self.add.bind((number,)).unwrap();
                if number % 4 == 0 {
                    Batch::counter().with(add).into()
                } else {
                    add
                }
            }
        };
        // The mark must make no difference.
        statement.idempotent(number / 8 % 2 == 0).attempt_timeout(LIMIT)
    }

    fn told(&self, number: i32, result: Result<Response, Error>) -> Told {
        let error = match result {
            Ok(response) => {
                self.hedged_writes.fetch_add(response.hedges(), Relaxed);
                let applied = response.was_applied();
                assert_eq!(applied.is_none(), Kind::of(number) == Kind::Increment);
                return if applied == Some(false) {
                    Told::Refused
                } else {
                    Told::Done
                };
            }
            Err(error) => error,
        };
        assert_ne!(error.kind(), ErrorKind::Internal, "{number}: {error:?}");
        self.left_open
            .fetch_add(u32::from(error.applied() == Applied::Maybe), Relaxed);
        Told::Failed(error.label(), error.applied())
    }

    pub(super) fn is_enough(&self) -> bool {
        self.operations() >= self.wanted
    }

    /// As soon as there were enough.
    pub(super) async fn end(&self) {
        eventually(PATIENCE * 2, "enough operations", || self.is_enough()).await;
        self.over.store(true, Relaxed);
    }

    pub(super) fn fault(&self, is: bool) {
        self.fault.store(is, Relaxed);
    }

    pub(super) fn operations(&self) -> u32 {
        self.ended.load(Relaxed)
    }

    pub(super) fn left_open(&self) -> u32 {
        self.left_open.load(Relaxed)
    }

    /// Second attempts of reads.
    pub(super) fn hedges(&self) -> u32 {
        self.hedges.load(Relaxed)
    }

    pub(super) fn hedged_writes(&self) -> u32 {
        self.hedged_writes.load(Relaxed)
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} operations, {} of them while a node was in trouble, {} left open; {} second attempts of reads",
            self.operations(),
            self.in_faults.load(Relaxed),
            self.left_open(),
            self.hedges()
        )
    }
}
