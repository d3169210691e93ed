//! Errors and scopes leave open what lies further out: a statement that fails, a stream that breaks off, nested scopes, streams beside each other, and
//! a consumer that gives up.
//!
//! ```sh
//! cargo run --release --example context_manager_safety_demo
//! ```

mod support;

use std::process::ExitCode;
use std::time::Duration;

use support::{Place, Result, builder, check, result, run};
use tokio::time::{sleep, timeout};
use tower_cassandra::{ErrorKind, Session, StreamOptions};

#[tokio::main]
async fn main() -> ExitCode {
    run("context_manager_safety_demo", work).await
}

async fn work(place: &Place) -> Result<()> {
    let session = &place.session;
    session
        .execute("CREATE TABLE rows (part int, at int, v text, PRIMARY KEY (part, at))")
        .await?;
    let insert = session
        .prepare("INSERT INTO rows (part, at, v) VALUES (?, ?, ?)")
        .await?;
    let rows = (0..3).flat_map(|part| (0..10).map(move |at| (part, at)));
    place
        .write_all(rows.map(|(part, at)| insert.bind((part, at, format!("{part}.{at}")))))
        .await?;

    query_error(session).await?;
    streaming_error(session).await?;
    concurrent_streams(session).await?;
    nested_scopes(place).await?;
    cancellation(session).await?;
    check(session.running() == 0, "something still runs")
}

/// Is the session open, and does it work?
async fn works(session: &Session) -> Result<()> {
    check(!session.is_closed(), "the session is closed")?;
    let rows = session.execute("SELECT v FROM rows").await?.len();
    check(rows == 30, format!("{rows} rows"))
}

async fn query_error(session: &Session) -> Result<()> {
    let kind = session
        .execute("SELECT v FROM nowhere")
        .await
        .err()
        .map(|error| error.kind());
    check(kind == Some(ErrorKind::Invalid), format!("{kind:?}"))?;
    works(session).await?;
    result("query_error_session_works", true);
    Ok(())
}

async fn streaming_error(session: &Session) -> Result<()> {
    let mut broken = session.stream::<(String,)>("SELECT v FROM nowhere");
    let kind = match broken.next().await {
        Some(Err(error)) => Some(error.kind()),
        _ => None,
    };
    check(kind == Some(ErrorKind::Invalid), format!("{kind:?}"))?;
    check(broken.next().await.is_none(), "a stream goes on after its error")?;
    works(session).await?;
    result("streaming_error_session_works", true);
    Ok(())
}

async fn read(session: &Session, part: i32) -> Result<Vec<i32>> {
    let of = session.prepare("SELECT at FROM rows WHERE part = ?").await?;
    let options = StreamOptions::new().page_size(5);
    let mut rows = session.stream_with::<(i32,)>(of.bind((part,))?, options);
    let mut seen = Vec::new();
    while let Some((at,)) = rows.next().await.transpose()? {
        seen.push(at);
    }
    Ok(seen)
}

async fn concurrent_streams(session: &Session) -> Result<()> {
    let (one, two, three) = tokio::try_join!(read(session, 0), read(session, 1), read(session, 2))?;
    for rows in [&one, &two, &three] {
        check(rows.iter().copied().eq(0..10), format!("{rows:?}"))?;
    }
    works(session).await?;
    result("concurrent_streams_rows", one.len() + two.len() + three.len());
    Ok(())
}

async fn nested_scopes(place: &Place) -> Result<()> {
    let mut events = Vec::new();
    let cluster = builder(&place.cluster)?.build()?;
    {
        let session = cluster.connect().await?;
        events.push("session opened");
        {
            let text = format!("SELECT at FROM {}.rows LIMIT 5", place.keyspace);
            let mut rows = session.stream::<(i32,)>(text);
            let mut seen = 0;
            while rows.next().await.transpose()?.is_some() {
                seen += 1;
            }
            check(seen == 5, format!("{seen} rows"))?;
            rows.close();
            events.push("stream closed");
        }
        check(!session.is_closed(), "the stream closed its session")?;
        session.close(Duration::from_secs(10)).await?;
        events.push("session closed");
    }
    // The cluster goes on without it, and so does the session outside.
    let second = cluster.connect().await?;
    second.execute("SELECT key FROM system.local").await?;
    second.close(Duration::from_secs(10)).await?;
    events.push("cluster still works");
    works(&place.session).await?;
    println!("{}", events.join(", "));
    result("nested_scopes_events", events.len());
    Ok(())
}

async fn cancellation(session: &Session) -> Result<()> {
    let options = StreamOptions::new().page_size(1).prefetch(1);
    let mut rows = session.stream_with::<(String,)>("SELECT v FROM rows", options);
    let handle = rows.handle();
    let slow = async {
        while rows.next().await.transpose()?.is_some() {
            sleep(Duration::from_millis(50)).await;
        }
        Ok::<(), tower_cassandra::Error>(())
    };
    check(
        timeout(Duration::from_millis(200), slow).await.is_err(),
        "it was too fast",
    )?;
    handle.cancel();
    check(rows.next().await.is_none(), "a cancelled stream goes on")?;
    check(handle.rows() < 30, "nothing was left")?;
    drop(rows);
    works(session).await?;
    result("cancellation_session_works", true);
    Ok(())
}
