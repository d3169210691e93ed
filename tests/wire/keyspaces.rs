//! The keyspace of a session: its name, and changes that are cut short.

use std::time::Duration;

use scripted_cassandra::{Action, Consistency, ErrorFrame, Match, ScriptedCluster, Table, Type};
use tokio::time::timeout;
use tower_cassandra::ErrorKind;

use crate::support::{Bed, client, ms, until};

#[tokio::test]
async fn a_name_without_quotes_means_the_same_in_capitals() {
    let bed = Bed::with(3, |client| client.keyspace("KS").infer_idempotence(true)).await;
    assert_eq!(bed.session.keyspace().as_deref(), Some("ks"));
    // The schema knows that this table has counters, under the name that the schema has.
    let late = ErrorFrame::write_timeout(Consistency::QUORUM, 1, 2, "SIMPLE");
    bed.cluster.on(Match::any()).then(late);
    bed.fails("DELETE FROM counts WHERE id = 1").await;
    assert_eq!(bed.frames().len(), 1);
    bed.cluster.clear_rules();
    bed.session.set_keyspace("Ks", false).await.unwrap();
    assert_eq!(bed.session.keyspace().as_deref(), Some("ks"));
    let error = bed.session.set_keyspace("Ks", true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert_eq!(bed.session.keyspace().as_deref(), Some("ks"));
    bed.at_rest().await;
}

async fn two_keyspaces(call_limit: Duration) -> Bed {
    let table = |keyspace: &str| {
        Table::new(keyspace, "t")
            .partition_key("id", Type::Int)
            .column("v", Type::Text)
    };
    let cluster = ScriptedCluster::builder()
        .keyspace("one", 1)
        .table(table("one"))
        .keyspace("two", 1)
        .table(table("two"))
        .start()
        .await
        .unwrap();
    let client = client(&cluster).keyspace("one").attempt_timeout(ms(100));
    let session = client.timeout(call_limit).connect().await.unwrap();
    let bed = Bed { cluster, session };
    bed.connected().await;
    bed
}

fn change() -> Match {
    Match::any().statement_contains("USE").including_driver()
}

const SELECT: &str = "SELECT id, v FROM t WHERE id = ?";

#[tokio::test]
async fn a_change_that_nobody_waits_for_is_made_as_a_whole() {
    let bed = two_keyspaces(ms(5_000)).await;
    bed.session.query(SELECT, (1,)).await.unwrap();
    bed.cluster.on(change()).then(Action::delay(ms(300)));
    timeout(ms(100), bed.session.set_keyspace("two", false))
        .await
        .unwrap_err();
    until("the session has the new keyspace", || {
        bed.session.keyspace().as_deref() == Some("two")
    })
    .await;
    bed.session.query(SELECT, (1,)).await.unwrap();
    // What was prepared in the old keyspace is not used any more.
    assert_eq!(bed.session.prepared_cache().misses, 2);
    bed.at_rest().await;
}

#[tokio::test]
async fn a_change_that_takes_too_long_goes_back_to_the_old_keyspace() {
    let bed = two_keyspaces(ms(400)).await;
    bed.cluster.on(change()).times(1).then(Action::delay(ms(800)));
    let error = bed.session.set_keyspace("two", false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(bed.session.keyspace().as_deref(), Some("one"));
    let driver = bed.session.driver().unwrap();
    let of_driver = || driver.get_keyspace().map(|name| name.to_string());
    until("the driver has the old keyspace", || {
        of_driver().as_deref() == Some("one")
    })
    .await;
    drop(driver);
    // Changes take turns, so this one comes after the way back.
    bed.session.set_keyspace("two", false).await.unwrap();
    assert_eq!(bed.session.keyspace().as_deref(), Some("two"));
    bed.at_rest().await;
}
