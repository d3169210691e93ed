//! The same with the driver alone, as one would write it by hand.

use std::ops::Range;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tower_cassandra::scylla::client::session::Session as Driver;
use tower_cassandra::scylla::client::session_builder::SessionBuilder;
use tower_cassandra::scylla::statement::prepared::PreparedStatement;

use crate::support::{Place, Result, check};
use crate::value;

pub(crate) async fn connect(place: &Place) -> Result<Driver> {
    let mut builder = SessionBuilder::new().known_nodes(place.cluster.contact_points());
    if let Some((user, password)) = place.cluster.credentials() {
        builder = builder.user(user, password);
    }
    Ok(builder.build().await?)
}

pub(crate) async fn prepare(driver: &Driver, text: &str) -> Result<PreparedStatement> {
    Ok(driver.prepare(text).await?)
}

pub(crate) async fn insert_all(
    driver: &Driver,
    insert: &PreparedStatement,
    rows: Range<i32>,
    concurrency: usize,
) -> Result<()> {
    let done: usize = stream::iter(rows.clone())
        .map(|id| driver.execute_unpaged(insert, (id, value(id))))
        .buffer_unordered(concurrency)
        .try_fold(0, async |done, _| Ok(done + 1))
        .await?;
    check(done == rows.len(), "rows are missing")
}

/// The driver's own pager, which reads one page ahead.
pub(crate) async fn page_through(
    driver: &Driver,
    all: &PreparedStatement,
    page: u32,
    rows: i32,
) -> Result<()> {
    let mut all = all.clone();
    all.set_page_size(i32::try_from(page)?);
    let mut stream = driver
        .execute_iter(all, ())
        .await?
        .rows_stream::<(i32, String)>()?;
    let mut seen = 0;
    while let Some(row) = stream.next().await {
        std::hint::black_box(row?);
        seen += 1;
    }
    check(seen == rows, format!("{seen} rows"))
}
