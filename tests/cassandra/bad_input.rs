//! Input that makes no sense ends soon, with a kind of its own and a text that says what to do.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tower_cassandra::{
    Applied, Batch, ClusterBuilder, ConcurrencyLimit, Error, ErrorKind, RateLimit, Session, Statement,
};

use crate::support::{Bed, PATIENCE, builder, chain, eventually, one_node};

const SECOND: Duration = Duration::from_secs(1);
/// No answer at all is what these limits are for; how soon it comes is printed.
const SOON: Duration = Duration::from_secs(30);

/// One line of the table.
async fn refused<T>(
    what: &str,
    kinds: &[ErrorKind],
    limit: Duration,
    input: impl Future<Output = Result<T, Error>>,
) -> Error {
    let started = Instant::now();
    let result = timeout(limit, input).await;
    let took = started.elapsed();
    let Ok(Err(error)) = result else {
        panic!("{what}: no error within {limit:?}");
    };
    println!("{what} | {:?} | {} | {took:.1?}", error.kind(), chain(&error));
    assert!(kinds.contains(&error.kind()), "{what}: {error:?}");
    assert_eq!(error.applied(), Applied::No, "{what}: {error:?}");
    error
}

/// Refused before anything is opened: there is nothing at the contact point.
async fn option(what: &str, builder: ClusterBuilder) {
    let error = refused(what, &[ErrorKind::Config], SOON, builder.connect()).await;
    let config = error.invalid_config().expect("which option");
    let text = error.to_string();
    assert!(
        text.contains(config.option()) && text.contains(config.expected()),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_that_make_no_sense() {
    let new = || ClusterBuilder::new().contact_points(["127.0.0.1:1"]).no_metrics();
    let zero = Duration::ZERO;
    option("no contact points", new().contact_points(Vec::<String>::new())).await;
    option("port 0", new().port(0)).await;
    option("host:0", new().contact_points(["127.0.0.1:0"])).await;
    option("timeout of 0", new().timeout(zero)).await;
    option("attempt_timeout of 0", new().attempt_timeout(zero)).await;
    option("connect_timeout of 0", new().connect_timeout(zero)).await;
    option("rate_limit of 0", new().rate_limit(RateLimit::per_second(0))).await;
    let nobody = ConcurrencyLimit::new(0);
    option("concurrency_limit of 0", new().concurrency_limit(nobody)).await;
    option("keepalive interval of 0", new().keepalive(zero, SECOND)).await;
    option("keepalive timeout of 0", new().keepalive(SECOND, zero)).await;
    let inverted = new().timeout(SECOND).attempt_timeout(SECOND * 2);
    option("attempt limit above call limit", inverted).await;
    for name in ["", "a b", "a-b", "ks;drop", "ключ", &"x".repeat(49)] {
        option(&format!("keyspace {name:?}"), new().keyspace(name)).await;
    }
    let five = new().min_protocol_version(5).connect();
    let error = refused("protocol 5", &[ErrorKind::ProtocolVersion], SOON, five).await;
    assert_eq!(
        (error.negotiated_protocol(), error.required_protocol()),
        (Some(4), Some(5))
    );
    let text = error.to_string();
    assert!(text.contains('4') && text.contains('5'), "{text}");
}

/// Counts how often connecting is tried.
fn counted(builder: ClusterBuilder) -> (ClusterBuilder, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let tries = Arc::clone(&count);
    let builder = builder.configure(move |driver| {
        tries.fetch_add(1, Relaxed);
        driver
    });
    (builder, count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyspace_that_is_not_there_is_asked_for_once() {
    let Some(cluster) = one_node("no_keyspace").await else {
        return;
    };
    let (builder, tries) = counted(builder(&cluster).keyspace("no_such_keyspace"));
    let kinds = [ErrorKind::Invalid, ErrorKind::Config];
    let error = refused("missing keyspace", &kinds, SOON, builder.connect()).await;
    assert!(!error.is_transient(), "{error:?}");
    assert!(chain(&error).contains("no_such_keyspace"), "{}", chain(&error));
    assert_eq!(tries.load(Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ports_where_nobody_speaks() {
    let kinds = [ErrorKind::Connect, ErrorKind::Timeout];
    let short = |port: u16| {
        ClusterBuilder::new()
            .contact_points([format!("127.0.0.1:{port}")])
            .connect_timeout(SECOND * 2)
            .no_metrics()
    };
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    // Holds every connection until the other side ends it.
    let (accepted, over) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let listening = tokio::spawn({
        let (accepted, over) = (Arc::clone(&accepted), Arc::clone(&over));
        async move {
            let mut held = JoinSet::new();
            loop {
                let (mut stream, _) = tokio::select! {
                    connection = silent.accept() => connection.unwrap(),
                    () = over.notified() => break,
                };
                accepted.fetch_add(1, Relaxed);
                held.spawn(async move {
                    let mut sink = Vec::new();
                    let _ = stream.read_to_end(&mut sink).await;
                });
            }
            timeout(PATIENCE, held.join_all())
                .await
                .expect("all connections are closed");
        }
    });
    let error = refused("a port that is silent", &kinds, SOON, short(port).connect()).await;
    assert!(error.is_transient());
    eventually(PATIENCE, "it has connected", || accepted.load(Relaxed) > 0).await;
    over.notify_one();
    listening.await.unwrap();
    let accepted = accepted.load(Relaxed);
    assert!((1..=10).contains(&accepted), "{accepted}");

    // Taken, so that nobody else listens there, and nobody does.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = closed.local_addr().unwrap().port();
    let error = refused("a port that is closed", &kinds, SOON, short(port).connect()).await;
    assert_eq!(error.kind(), ErrorKind::Connect);
}

async fn sent(what: &str, kind: ErrorKind, session: &Session, statement: impl Into<Statement>) -> Error {
    let error = refused(what, &[kind], SOON, session.execute(statement)).await;
    assert!(error.attempts().is_empty(), "nothing is to be sent: {error:?}");
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_that_make_no_sense() {
    let Some(bed) = Bed::make("bad_statements").await else {
        return;
    };
    bed.run("CREATE TABLE t (id int PRIMARY KEY, age int)").await;
    let session = &bed.session;
    let error = sent("USE", ErrorKind::Unsupported, session, "USE system").await;
    assert!(error.to_string().contains("set_keyspace"), "{error}");
    let prepare = session.prepare("USE system");
    refused("USE, prepared", &[ErrorKind::Unsupported], SOON, prepare).await;
    let no_rows = Statement::new("SELECT id FROM t").page_size(0);
    sent("page_size(0)", ErrorKind::Invalid, session, no_rows).await;

    let member = Statement::new("INSERT INTO t (id, age) VALUES (1, 1)");
    let mut batch = Batch::unlogged();
    (0..65_536).for_each(|_| batch.push(&member));
    let error = sent("a batch of 65,536", ErrorKind::Invalid, session, batch).await;
    assert!(error.to_string().contains("65,535"), "{error}");
    for other in [
        "SELECT id FROM t",
        "TRUNCATE t",
        "DROP TABLE t",
        "USE system",
        "BEGIN BATCH APPLY BATCH",
    ] {
        let batch = Batch::logged().with(&member).with(other);
        sent(other, ErrorKind::Invalid, session, batch).await;
    }

    let insert = "INSERT INTO t (id, age) VALUES (?, ?)";
    session.prepare(insert).await.unwrap();
    let text = Statement::with_values(insert, (1, "forty"));
    let error = sent("text for an int", ErrorKind::Serialization, session, text).await;
    let shown = chain(&error);
    assert!(shown.contains("age") && shown.contains("Int"), "{shown}");
    assert!(!shown.contains("forty"), "{shown}");
    for (what, values) in [("one value for two markers", 1), ("four values", 4)] {
        let statement = Statement::with_values(insert, vec![1; values]);
        sent(what, ErrorKind::Serialization, session, statement).await;
    }

    let strict = builder(&bed.cluster)
        .strict_prepared(true)
        .connect()
        .await
        .unwrap();
    let text = Statement::with_values("SELECT key FROM system.local WHERE key = ?", ("local",));
    let error = sent(
        "strict, with values",
        ErrorKind::ParametersNeedPrepare,
        &strict,
        &text,
    )
    .await;
    assert!(error.to_string().contains("prepared"), "{error}");
    let batch = Batch::logged().with(Statement::with_values(insert, (1, 1)));
    sent(
        "strict, in a batch",
        ErrorKind::ParametersNeedPrepare,
        &strict,
        batch,
    )
    .await;
    strict.close(PATIENCE).await.unwrap();
    assert_eq!(session.execute("SELECT id FROM t").await.unwrap().len(), 0);
    bed.done().await;
}
