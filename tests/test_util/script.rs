//! A script is followed or it is an error.

use tower_cassandra::test_util::{Answer, Expect, Reply, Script, error, server_error};
use tower_cassandra::{Applied, Batch, ErrorKind, Limit, Statement, scylla::errors::DbError};

use crate::kinds::KINDS;

const SELECT: &str = "SELECT name FROM users WHERE id = ?";
const INSERT: &str = "INSERT INTO users (id, name) VALUES (?, ?)";

fn named(name: &str) -> Reply {
    Reply::rows([("name", "text")]).row((name,))
}

fn by_id() -> Expect {
    Expect::text(SELECT).markers([("id", "int")])
}

#[tokio::test]
async fn answers_come_in_their_order_and_are_counted() {
    let script = Script::new().expect(
        by_id()
            .reply(named("Ada"))
            .reply(ErrorKind::Unavailable)
            .reply(named("Eve")),
    );
    let session = script.session();
    let prepared = session.prepare(SELECT).await.unwrap();
    let mut names = Vec::new();
    for id in 1..=3 {
        let response = session.execute(prepared.bind((id,)).unwrap()).await;
        names.push(response.map(|response| response.one::<(String,)>().unwrap().unwrap().0));
    }
    assert_eq!(names[0].as_deref().unwrap(), "Ada");
    assert_eq!(names[1].as_ref().unwrap_err().required(), Some(2));
    assert_eq!(names[2].as_deref().unwrap(), "Eve");
    assert_eq!(script.count(SELECT), 3);
    let ids: Vec<i32> = script
        .calls()
        .iter()
        .map(|call| call.values::<(i32,)>().unwrap().0)
        .collect();
    assert_eq!(ids, [1, 2, 3]);
    script.finish().unwrap();
}

#[tokio::test]
async fn what_is_not_expected_fails_and_is_remembered() {
    let script = Script::new().expect(by_id().reply(named("Ada")));
    let session = script.session();
    session.query(SELECT, (1,)).await.unwrap();
    // Once more than expected, another text, and another one to prepare.
    for result in [
        session.query(SELECT, (2,)).await,
        session.execute("TRUNCATE users").await,
        session
            .query("SELECT id FROM users WHERE name = ?", ("Ada",))
            .await,
    ] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Internal);
    }
    let unfinished = script.finish().unwrap_err();
    assert_eq!(unfinished.unexpected.len(), 3, "{unfinished}");
    assert!(unfinished.missing.is_empty());
    assert!(format!("{unfinished:?}").contains("`TRUNCATE users`"));
}

#[tokio::test]
async fn what_is_expected_and_does_not_come_is_missed() {
    let script = Script::new()
        .expect(by_id().reply(named("Ada")).times(2))
        .expect(Expect::text("TRUNCATE users"))
        .expect(Expect::label("report").any_times());
    script.session().query(SELECT, (1,)).await.unwrap();
    let unfinished = script.finish().unwrap_err();
    assert!(unfinished.unexpected.is_empty());
    assert_eq!(unfinished.missing.len(), 2, "{unfinished}");
    assert!(unfinished.missing[0].contains("1 of 2"), "{unfinished}");
}

#[tokio::test]
async fn a_label_takes_whatever_the_text_is() {
    let script = Script::new()
        .prepares(SELECT, [("id", "int")])
        .expect(Expect::label("report").reply(named("Ada")).any_times());
    let session = script.session();
    for statement in [
        Statement::new("SELECT name FROM users"),
        Statement::with_values(SELECT, (1,)),
    ] {
        let response = session.execute(statement.label("report")).await.unwrap();
        assert_eq!(response.one::<(String,)>().unwrap(), Some(("Ada".to_owned(),)));
    }
    assert_eq!(script.calls().len(), 2);
    script.finish().unwrap();
}

#[tokio::test]
async fn a_batch_is_known_by_its_members() {
    let members = [INSERT, "DELETE FROM users WHERE id = 2"];
    let script = Script::new()
        .prepares(INSERT, [("id", "int"), ("name", "text")])
        .expect(Expect::batch(members).reply(Reply::applied(false)));
    let session = script.session();
    let batch = || {
        Batch::logged()
            .with(Statement::with_values(INSERT, (1, "Ada")))
            .with(members[1])
    };
    assert_eq!(session.execute(batch()).await.unwrap().was_applied(), Some(false));
    let sent = script.calls()[0].members();
    assert_eq!(sent[0].values::<(i32, &str)>().unwrap(), (1, "Ada"));
    assert_eq!(sent[1].text(), Some(members[1]));
    script.finish().unwrap();
    // Other members are another batch.
    assert!(session.execute(Batch::logged().with(members[1])).await.is_err());
}

#[tokio::test]
async fn pages_are_requests_of_their_own() {
    let page = |ids: std::ops::Range<i32>| Reply::rows([("id", "int")]).with_rows(ids.map(|id| (id,)));
    let text = "SELECT id FROM users";
    let script = Script::new().expect(Expect::text(text).pages([page(0..3), page(3..3), page(3..5)]));
    let response = script.session().execute(text).await.unwrap();
    let ids: Vec<i32> = response
        .rows::<(i32,)>()
        .unwrap()
        .into_iter()
        .map(|(id,)| id)
        .collect();
    assert_eq!(
        (ids.as_slice(), response.page_count()),
        ([0, 1, 2, 3, 4].as_slice(), 3)
    );
    assert_eq!(script.count(text), 3);
    script.finish().unwrap();
}

#[tokio::test]
async fn declarations_that_do_not_fit_are_errors_and_no_panics() {
    let script = Script::new()
        .expect(Expect::text("SELECT a FROM t WHERE k = ?").any_times())
        .expect(
            by_id()
                .reply(Reply::rows([("name", "text")]).row((1,)))
                .reply(Reply::rows([("name", "txt")])),
        )
        .expect(
            Expect::text("SELECT b FROM t WHERE k = ?")
                .markers([("k", "list<")])
                .any_times(),
        );
    let session = script.session();
    let kind = async |text: &str, id: i32| session.query(text, (id,)).await.unwrap_err().kind();
    assert_eq!(kind("SELECT a FROM t WHERE k = ?", 1).await, ErrorKind::Config);
    assert_eq!(kind("SELECT b FROM t WHERE k = ?", 1).await, ErrorKind::Config);
    // The row does not fit its column, then the column has no type.
    assert_eq!(kind(SELECT, 1).await, ErrorKind::Serialization);
    assert_eq!(kind(SELECT, 1).await, ErrorKind::Config);
    // The value does not fit its marker: nothing comes to the script.
    let error = session.query(SELECT, ("one",)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Serialization);
    assert_eq!(script.count(SELECT), 2);
    script.finish().unwrap();
}

#[tokio::test]
async fn an_error_of_every_kind_can_be_made_and_comes_through() {
    let script = Script::new().expect(KINDS.into_iter().fold(Expect::label("any"), Expect::reply));
    let session = script.session();
    for kind in KINDS {
        assert_eq!(error(kind).kind(), kind);
        let got = session
            .execute(Statement::new("SELECT 1").label("any"))
            .await
            .unwrap_err();
        assert_eq!((got.kind(), got.label()), (kind, kind.label()));
        assert!(!got.to_string().is_empty());
        assert_eq!(got.statement_fingerprint().unwrap().text(), "select ?");
    }
    assert_eq!(error(ErrorKind::Timeout).timeout(), Some(Limit::Call));
    assert_eq!(error(ErrorKind::Other(0x1700)).code(), Some(0x1700));
    assert_eq!(error(ErrorKind::ReadFailure).failures(), Some(1));
    script.finish().unwrap();
}

#[tokio::test]
async fn an_answer_of_a_server_is_judged_by_the_nature_of_the_request() {
    let unavailable = || {
        let consistency = tower_cassandra::scylla::statement::Consistency::All;
        let error = DbError::Unavailable {
            consistency,
            required: 3,
            alive: 1,
        };
        Answer::from(server_error(error, "two are down"))
    };
    let script = Script::new().expect(Expect::label("any").reply(unavailable()).any_times());
    let session = script.session();
    for (text, applied) in [
        ("SELECT a FROM t", Applied::No),
        ("INSERT INTO t (a) VALUES (1)", Applied::No),
        ("INSERT INTO t (a) VALUES (1) IF NOT EXISTS", Applied::Maybe),
    ] {
        let error = session
            .execute(Statement::new(text).label("any"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.applied(), error.alive(), error.message()),
            (applied, Some(1), Some("two are down"))
        );
    }
}
