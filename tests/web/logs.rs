//! What is logged of a failed request: once, and with what is needed to mend it.

use axum_core::response::IntoResponse;
use tonic::Status;
use tower_cassandra::ErrorKind;
use tower_cassandra::scylla::errors::DbError;
use tower_cassandra::test_util::{Expect, Script, server_error};

use crate::heard::Heard;

#[tokio::test]
async fn a_failed_request_is_logged_once_with_its_statement_and_its_kind() {
    let (heard, _guard) = Heard::listen(|metadata| metadata.target() == "tower_cassandra::http");
    let script = Script::new().expect(
        Expect::text("SELECT v FROM t WHERE id = 'sesame'")
            .reply(ErrorKind::Unavailable)
            .any_times(),
    );
    let session = script.session();
    let failed = async || {
        session
            .execute("SELECT v FROM t WHERE id = 'sesame'")
            .await
            .unwrap_err()
    };
    drop(failed().await.into_response());
    let lines = heard.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("unavailable") && lines[0].contains("select v from t"),
        "{lines:?}"
    );
    assert!(!lines[0].contains("sesame"), "{lines:?}");
    drop(Status::from(failed().await));
    assert_eq!(heard.lines().len(), 2);
}

#[tokio::test]
async fn of_a_mistake_of_the_service_the_servers_words_are_logged_once_and_no_literal() {
    let (heard, _guard) = Heard::listen(|metadata| metadata.target().starts_with("tower_cassandra"));
    let text = "SELECT v FROM t WHERE id = 'sesame'";
    let invalid = server_error(
        DbError::Invalid,
        "Invalid STRING constant (sesame) for \"id\" of type uuid",
    );
    let away = server_error(DbError::Overloaded, "Too many, says sesame");
    let script = Script::new()
        .expect(Expect::text(text).reply(invalid.clone()).any_times())
        .expect(Expect::text("SELECT 1").reply(away))
        .expect(Expect::text("CREATE ROLE r WITH PASSWORD = 'sesame'").reply(invalid));
    let session = script.session();
    let failed = async |text: &str| session.execute(text).await.unwrap_err();
    const SAID: &str = "Invalid STRING constant (?)";

    let error = failed(text).await;
    assert!(
        heard.lines().iter().all(|line| !line.contains(SAID)),
        "{:?}",
        heard.lines()
    );
    drop(error.clone().into_response());
    drop(Status::from(error));
    let lines = heard.lines();
    assert_eq!(
        lines.iter().filter(|line| line.contains(SAID)).count(),
        2,
        "{lines:?}"
    );

    // Nothing that a service could mend, and what must not be told.
    for text in ["SELECT 1", "CREATE ROLE r WITH PASSWORD = 'sesame'"] {
        let before = heard.lines().len();
        drop(failed(text).await.into_response());
        let lines = &heard.lines()[before..];
        assert_eq!(
            lines
                .iter()
                .filter(|line| line.contains("a request failed"))
                .count(),
            1
        );
        assert!(!lines.iter().any(|line| line.contains("server=")), "{lines:?}");
    }
    assert!(
        !heard.lines().iter().any(|line| line.contains("sesame")),
        "{:?}",
        heard.lines()
    );
}
