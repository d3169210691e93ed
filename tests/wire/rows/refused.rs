//! A11: what we refuse ourselves sends nothing, is not applied, and is not tried again, whatever the statement.

use scripted_cassandra::Action;
use tower_cassandra::layers::Advice;
use tower_cassandra::{Applied, ConcurrencyLimit, Error, ErrorKind, HealthSettings, RateLimit};

use super::kinds::{Kind, Texts};
use crate::support::{Bed, ms, requests, until};

/// Each kind of statement gets the error, and the server not one frame more.
async fn refuses(bed: &Bed, texts: &Texts, kind: ErrorKind) {
    let before = bed.frames().len();
    for statement in Kind::ALL {
        let error: Error = bed
            .session
            .execute(texts.statement(statement, 1))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{statement}: {error}");
        assert_eq!(
            (error.applied(), error.advice()),
            (Applied::No, Advice::Never),
            "{statement}"
        );
        assert!(!error.is_ambiguous(), "{statement}");
    }
    assert_eq!(bed.frames().len(), before);
}

#[tokio::test]
async fn a11_an_empty_bucket() {
    // One request in an hour.
    let limit = RateLimit::per(1, ms(3_600_000)).queue(0);
    let bed = Bed::with(1, |client| client.rate_limit(limit)).await;
    let texts = Texts::prepare(&bed).await;
    let first = texts.statement(Kind::Read, 1);
    bed.session.execute(first).await.unwrap();
    refuses(&bed, &texts, ErrorKind::Rejected).await;
}

/// One request holds all there is, and the others find nothing.
async fn refuses_beside_one(bed: Bed) {
    let texts = Texts::prepare(&bed).await;
    bed.cluster.on(requests()).times(1).then(Action::Silence);
    let held = texts
        .statement(Kind::Read, 1)
        .timeout(ms(60_000))
        .attempt_timeout(ms(60_000));
    let session = bed.session.clone();
    let holder = tokio::spawn(async move { session.execute(held).await });
    until("one is under way", || bed.frames().len() == 1).await;
    refuses(&bed, &texts, ErrorKind::Rejected).await;
    holder.abort();
    let _ = holder.await;
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn a11_a_full_queue() {
    let limit = ConcurrencyLimit::new(1).queue(0);
    refuses_beside_one(Bed::with(1, |client| client.concurrency_limit(limit)).await).await;
}

#[tokio::test]
async fn a11_all_nodes_full() {
    let settings = HealthSettings::default().node_limit(1);
    refuses_beside_one(Bed::with(1, |client| client.health_settings(settings)).await).await;
}

#[tokio::test]
async fn a11_a_closed_session() {
    let bed = Bed::make(1).await;
    let texts = Texts::prepare(&bed).await;
    bed.session.close(ms(1_000)).await.unwrap();
    refuses(&bed, &texts, ErrorKind::Closed).await;
}
