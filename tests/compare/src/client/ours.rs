//! The stack.

use std::sync::Arc;

use tower_cassandra::observe::{MemoryCollector, SlowLog};
use tower_cassandra::prometheus::Exporter;
use tower_cassandra::{
    ClusterBuilder, ConcurrencyLimit, Hedge, Prepared, RateLimit, Session, Statement, StreamOptions,
};

use super::{Client, Place, READ, VALUE, WRITE, check, rows_text};
use crate::Result;
use crate::work::Rows;

/// More than any work has under way: the limits count and never refuse.
const AT_ONCE: usize = 12_000;
const PER_SECOND: u32 = 1_000_000;

#[derive(Clone)]
pub(crate) struct Ours {
    session: Session,
    statements: Arc<Statements>,
}

struct Statements {
    read: Prepared,
    write: Prepared,
    rows: Option<(Prepared, Rows)>,
}

impl Ours {
    pub(crate) async fn connect(place: &Place, everything: bool) -> Result<Self> {
        let mut builder = ClusterBuilder::new().contact_points(place.points.clone());
        if everything {
            builder = builder
                .hedge(Hedge::default())
                .concurrency_limit(ConcurrencyLimit::new(AT_ONCE))
                .rate_limit(RateLimit::per_second(PER_SECOND))
                .collector(Arc::new(MemoryCollector::new()))
                .slow_log(SlowLog::default())
                .metrics(Exporter::new().metrics());
        }
        let session = builder.connect().await?;
        let rows = match place.rows {
            Some(rows) => Some((session.prepare(&rows_text(rows)).await?, rows)),
            None => None,
        };
        let statements = Statements {
            read: session.prepare(READ).await?,
            write: session.prepare(WRITE).await?,
            rows,
        };
        Ok(Self {
            session,
            statements: Arc::new(statements),
        })
    }
}

impl Client for Ours {
    async fn read(&self, id: i32) -> Result<()> {
        let response = self.session.execute(self.statements.read.bind((id,))?).await?;
        check(id, response.maybe_first_row::<(i32, String)>()?)
    }

    async fn write(&self, id: i32) -> Result<()> {
        let insert = self.statements.write.bind((id, VALUE))?.idempotent(true);
        self.session.execute(insert).await?;
        Ok(())
    }

    async fn rows(&self, partition: Option<i32>) -> Result<u64> {
        let (prepared, rows) = self.statements.rows.as_ref().ok_or("this work reads no table")?;
        let statement = match partition {
            Some(partition) => prepared.bind((partition,))?,
            None => prepared.bind(())?,
        };
        if rows.drain {
            return drain(&self.session, statement.page_size(rows.page)).await;
        }
        // As the driver, which reads one page ahead.
        let options = StreamOptions::new().page_size(rows.page).prefetch(1);
        let mut stream = self.session.stream_with::<(i32, i32, String)>(statement, options);
        let mut seen = 0;
        while let Some(row) = stream.next().await {
            std::hint::black_box(row?);
            seen += 1;
        }
        Ok(seen)
    }

    fn under_way(&self) -> Option<u64> {
        let nodes = self.session.health().nodes;
        let at_nodes: u64 = nodes.iter().map(|node| u64::from(node.in_flight)).sum();
        Some(self.session.running() + at_nodes)
    }
}

async fn drain(session: &Session, statement: Statement) -> Result<u64> {
    let response = session.execute(statement).await?;
    let all = response.rows::<(i32, i32, String)>()?;
    Ok(std::hint::black_box(all).len() as u64)
}
