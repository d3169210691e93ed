//! What a client asks of the server: every kind of statement, and all that can be read of an answer.

use std::sync::Mutex;
use std::time::Duration;

use rand::Rng;
use rand::rngs::SmallRng;
use tower_cassandra::{
    Backoff, Batch, ClusterBuilder, Error, Prepared, Response, RetryPolicy, Row, Session, Statement,
    StreamOptions,
};

use crate::table::WIDE;

const SELECT: &str = "SELECT id, v FROM ks.t WHERE id = ?";
const INSERT: &str = "INSERT INTO ks.t (id, v) VALUES (?, ?)";
const CONDITIONAL: &str = "INSERT INTO ks.t (id, v) VALUES (?, ?) IF NOT EXISTS";

/// A session with its statements, prepared while the server is honest.
pub(crate) struct Client {
    pub(crate) session: Session,
    select: Prepared,
    pub(crate) insert: Prepared,
    conditional: Prepared,
    /// The last error, for when nothing goes on.
    pub(crate) last: Mutex<String>,
}

impl Client {
    pub(crate) async fn connect(points: Vec<String>) -> Self {
        let quick = Backoff::exponential(Duration::from_millis(1), Duration::from_millis(1));
        let session = ClusterBuilder::new()
            .contact_points(points)
            .no_health_check()
            .timeout(Duration::from_secs(4))
            .attempt_timeout(Duration::from_secs(1))
            .prepare_timeout(Duration::from_secs(4))
            .keepalive(Duration::from_millis(200), Duration::from_millis(500))
            .retry(
                RetryPolicy::default()
                    .max_retries(2)
                    .backoff(quick)
                    .without_budget(),
            )
            .connect()
            .await
            .unwrap();
        Self {
            select: session.prepare(SELECT).await.unwrap(),
            insert: session.prepare(INSERT).await.unwrap(),
            conditional: session.prepare(CONDITIONAL).await.unwrap(),
            session,
            last: Mutex::default(),
        }
    }

    /// One statement of any kind.
    pub(crate) async fn one(&self, rng: &mut SmallRng) -> Result<(), Error> {
        let id = rng.random_range(0..100);
        let statement: Statement = match rng.random_range(0..12) {
            0..=2 => Statement::new(WIDE),
            3 | 4 => self.select.bind((id,))?.tracing(rng.random()),
            5 => self.insert.bind((id, "text"))?,
            6 => self.conditional.bind((id, "text"))?,
            7 => Batch::unlogged()
                .with(self.insert.bind((id, "a"))?)
                .with(self.insert.bind((id, "b"))?)
                .into(),
            // A text that was never prepared.
            8 => {
                let prepared = self.session.prepare(format!("{SELECT} /* {id} */")).await?;
                prepared.bind((id,))?
            }
            9 => {
                let options = StreamOptions::new().page_size(2);
                let mut rows = self.session.stream_with::<Row>(WIDE, options);
                while let Some(row) = rows.next().await {
                    row?;
                }
                return Ok(());
            }
            10 => {
                let page = self
                    .session
                    .execute_page(Statement::new(WIDE).page_size(2), Default::default());
                let page = page.await?;
                let _ = (page.rows::<Row>(), page.next().map(|state| state.to_bytes()));
                return Ok(());
            }
            _ => self.insert.bind((id, "text"))?.idempotent(true),
        };
        read(&self.session.execute(statement).await?);
        Ok(())
    }
}

/// Reads all that can be read of an answer, in all ways.
fn read(response: &Response) {
    let _ = response.rows::<Row>();
    let _ = response.rows::<(i32, String)>();
    let _ = response.maybe_first_row::<(i32, &str)>();
    let _ = response.current_row::<(i32, String)>();
    let _ = (
        response.warnings().count(),
        response.columns().map(|columns| columns.len()),
    );
    let _ = (response.tracing_id(), response.page_count(), response.byte_len());
    let _ = (format!("{response:?}"), format!("{}", response.timings()));
}
