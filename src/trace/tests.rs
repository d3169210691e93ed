use std::future::pending;
use std::time::Duration;

use tokio::time::timeout;
use tower::service_fn;

use super::heard::Heard;
use super::{SessionFields, request};
use crate::error::Error;
use crate::response::Response;
use crate::session::Session;
use crate::statement::{Batch, Statement};

const INTO_A: &str = "INSERT INTO ks.a (id) VALUES (1)";
const INTO_B: &str = "INSERT INTO ks.b (id) VALUES (1)";
const INTO_OTHER: &str = "INSERT INTO other.a (id) VALUES (1)";
const INTO_OPEN_A: &str = "INSERT INTO a (id) VALUES (1)";
const FROM_A: &str = "DELETE FROM ks.a WHERE id = 1";

/// The fields of a request that are about what it does to what.
fn fields(statement: &Statement) -> String {
    let (heard, _guard) = Heard::with_spans();
    drop(request(statement, SessionFields::default(), || Some("ks".into())));
    let line = heard.take().concat();
    let ours = [
        "db.operation",
        "db.namespace",
        "db.collection",
        "db.query.summary",
    ];
    // Values of several words are put together again.
    let line = line
        .replace(" db.", "\ndb.")
        .replace(" cassandra.", "\ncassandra.");
    let line = line.replace('"', "");
    let kept = line
        .lines()
        .filter(|part| ours.iter().any(|name| part.starts_with(name)));
    kept.map(|part| part.trim_start_matches("db."))
        .collect::<Vec<_>>()
        .join(", ")
}

#[test]
fn a_batch_is_called_what_all_its_members_are() {
    let of = |members: &[&str]| {
        let batch = members
            .iter()
            .fold(Batch::logged(), |batch, text| batch.with(*text));
        fields(&batch.into())
    };
    for (members, shown) in [
        (
            &[INTO_A, INTO_A][..],
            "operation.name=BATCH INSERT, operation.batch.size=2, namespace=ks, collection.name=a, query.summary=BATCH INSERT ks.a",
        ),
        (
            // The keyspace of the session is meant where none is named.
            &[INTO_A, INTO_OPEN_A],
            "operation.name=BATCH INSERT, operation.batch.size=2, namespace=ks, collection.name=a, query.summary=BATCH INSERT ks.a",
        ),
        (
            &[INTO_A, FROM_A],
            "operation.name=BATCH, operation.batch.size=2, namespace=ks, collection.name=a, query.summary=BATCH ks.a",
        ),
        (
            &[INTO_A, INTO_B],
            "operation.name=BATCH INSERT, operation.batch.size=2, namespace=ks, query.summary=BATCH INSERT",
        ),
        (
            &[INTO_A, INTO_OTHER],
            "operation.name=BATCH INSERT, operation.batch.size=2, query.summary=BATCH INSERT",
        ),
        (
            &[INTO_A],
            "operation.name=INSERT, namespace=ks, collection.name=a, query.summary=INSERT ks.a",
        ),
        (
            &[],
            "operation.name=BATCH, operation.batch.size=0, namespace=ks, query.summary=BATCH",
        ),
    ] {
        assert_eq!(of(members), shown, "{members:?}");
    }
    assert_eq!(
        fields(&Statement::new(INTO_A)),
        "operation.name=INSERT, namespace=ks, collection.name=a, query.summary=INSERT ks.a"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_waits_for_any_more_says_so_and_others_do_not() {
    let silent = service_fn(|_: Statement| pending::<Result<Response, Error>>());
    let silent = Session::from_service(silent);
    let (heard, _guard) = Heard::with_spans();
    let call = silent.execute("SELECT a FROM t");
    timeout(Duration::from_millis(10), call).await.unwrap_err();
    let said = heard.take();
    assert!(said[0].starts_with("request "), "{said:?}");
    assert_eq!(said[1..], [r#"record error.type="cancelled""#]);

    let mut pages = silent.pages("SELECT a FROM t");
    timeout(Duration::from_millis(10), pages.next())
        .await
        .unwrap_err();
    drop(pages);
    let said = heard.take();
    let is_cancelled = |line: &&String| line.contains("cancelled");
    assert_eq!(said.iter().filter(is_cancelled).count(), 1, "{said:?}");

    let answering = service_fn(|_: Statement| async { Ok::<_, Error>(Response::empty()) });
    let answering = Session::from_service(answering);
    answering.execute("SELECT a FROM t").await.unwrap();
    let mut pages = answering.pages("SELECT a FROM t");
    pages.next().await.unwrap().unwrap();
    drop(pages);
    let said = heard.take();
    assert!(!said.iter().any(|line| line.contains("cancelled")), "{said:?}");

    let closing = silent.clone();
    let (call, ()) = tokio::join!(silent.execute("SELECT a FROM t"), async {
        let _ = closing.close(Duration::from_millis(10)).await;
    });
    call.unwrap_err();
    let said = heard.take();
    assert!(
        said.iter().any(|line| line.contains(r#"error.type="closed""#)),
        "{said:?}"
    );
    assert!(!said.iter().any(|line| line.contains("cancelled")), "{said:?}");
}
