//! LIF: scopes of cluster and session on a real node.

use tower_cassandra::{ClusterPhase, Error, ErrorKind};

use crate::support::{Bed, PATIENCE, builder, create_keyspace, done, one_node};

const QUERY: &str = "SELECT key FROM system.local";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lif_04_each_scope_closes_what_it_opened_and_nothing_further_out() {
    let Some(node) = one_node("lif_04").await else {
        return;
    };
    let elsewhere = builder(&node).connect().await.unwrap();
    let keyspace = create_keyspace(&elsewhere, "lif_04", 1).await;
    let run = async |text: &str| {
        elsewhere
            .execute(text.replace("ks.", &format!("{keyspace}.")))
            .await
    };
    run("CREATE TABLE ks.t (id int PRIMARY KEY)").await.unwrap();
    for id in 0..5 {
        run(&format!("INSERT INTO ks.t (id) VALUES ({id})"))
            .await
            .unwrap();
    }
    let cluster = builder(&node).keyspace(&keyspace).build().unwrap();
    let mut inner = None;
    let rows = cluster
        .with_session(async |session| {
            let rows = session.execute("SELECT id FROM t").await?.rows::<(i32,)>()?;
            inner = Some(session);
            Ok::<_, Error>(rows.len())
        })
        .await
        .unwrap();
    assert_eq!(rows, 5);
    let inner = inner.unwrap();
    assert_eq!(inner.execute(QUERY).await.unwrap_err().kind(), ErrorKind::Closed);
    // The cluster is open, and closes without the session elsewhere.
    assert_eq!(cluster.phase(), ClusterPhase::Open);
    let next = cluster.connect().await.unwrap();
    assert_eq!(next.execute("SELECT id FROM t").await.unwrap().len(), 5);
    cluster.close(PATIENCE).await.unwrap();
    assert!(next.is_closed());
    assert_eq!(cluster.connect().await.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(run("SELECT id FROM ks.t").await.unwrap().len(), 5);
    done(elsewhere, &keyspace).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lif_05_an_error_in_a_scope_comes_out_unchanged() {
    let Some(node) = one_node("lif_05").await else {
        return;
    };
    let cluster = builder(&node).build().unwrap();
    let mut inner = None;
    let error = cluster
        .with_session(async |session| {
            inner = Some(session.clone());
            session.execute("SELECT nothing FROM system.local").await
        })
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.message().is_some_and(|message| message.contains("nothing")));
    assert!(inner.is_some_and(|session| session.is_closed()));
    assert!(!cluster.is_closed());
    let session = cluster.connect().await.unwrap();
    assert_eq!(session.execute(QUERY).await.unwrap().len(), 1);
    session.close(PATIENCE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lif_08_wave_after_wave_succeeds() {
    let Some(bed) = Bed::make("lif_08").await else {
        return;
    };
    let mut good = 0;
    for _ in 0..5 {
        let wave = (0..20).map(|_| bed.session.execute(QUERY));
        let results = futures_util::future::join_all(wave).await;
        good += results.iter().filter(|result| result.is_ok()).count();
    }
    assert_eq!(good, 100);
    bed.done().await;
}
