//! Write timestamps: one for all attempts of a call, and growing from call to call.

use futures_util::future::join_all;
use scripted_cassandra::{Consistency, ErrorFrame};
use tower_cassandra::scylla::value::Counter;
use tower_cassandra::{Batch, Statement};

use crate::support::{ADD, Bed, CONDITIONAL, INSERT, SELECT, requests};

fn fail(bed: &Bed) {
    let error = ErrorFrame::write_timeout(Consistency::QUORUM, 1, 2, "SIMPLE");
    bed.cluster.on(requests()).then(error);
}

/// The one timestamp of all attempts of a call that fails.
async fn stamp(bed: &Bed, statement: impl Into<Statement>, attempts: usize) -> Option<i64> {
    bed.fails(statement).await;
    let frames = bed.frames();
    assert_eq!(frames.len(), attempts);
    assert!(frames.iter().all(|frame| frame.timestamp == frames[0].timestamp));
    frames[0].timestamp
}

#[tokio::test]
async fn all_attempts_of_a_call_have_one_timestamp_and_each_call_a_later_one() {
    let bed = Bed::make(3).await;
    let insert = bed.prepare(INSERT).await;
    let bound = insert.bind((1, "v")).unwrap().idempotent(true);
    let text = Statement::new("INSERT INTO ks.t (id, v) VALUES (1, 'v')").idempotent(true);
    let both = |batch: Batch| batch.with(&bound).with(&text).idempotent(true);
    fail(&bed);
    let mut last = 0;
    for statement in [
        bound.clone(),
        text.clone(),
        both(Batch::logged()).into(),
        both(Batch::unlogged()).into(),
        bound.clone(),
    ] {
        let stamp = stamp(&bed, statement, 4).await.unwrap();
        assert!(stamp > last, "{stamp} after {last}");
        last = stamp;
    }
    bed.clear();
    let many = join_all((0..200).map(|id| bed.session.execute(insert.bind((id, "v")).unwrap())));
    assert!(many.await.iter().all(Result::is_ok));
    let mut stamps: Vec<i64> = bed.frames().iter().filter_map(|frame| frame.timestamp).collect();
    stamps.sort_unstable();
    stamps.dedup();
    assert_eq!(stamps.len(), 200);
    assert!(stamps[0] > last);
    bed.at_rest().await;
}

#[tokio::test]
async fn what_has_its_time_from_elsewhere_is_not_stamped() {
    let bed = Bed::make(3).await;
    let bound = bed.prepare(INSERT).await.bind((1, "v")).unwrap().idempotent(true);
    let conditional = bed.prepare(CONDITIONAL).await.bind((1, "v")).unwrap();
    let add = bed.prepare(ADD).await.bind((Counter(1), 1)).unwrap();
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    fail(&bed);
    assert_eq!(stamp(&bed, bound.clone().timestamp(123), 4).await, Some(123));
    assert_eq!(stamp(&bed, bound.clone().server_timestamp(), 4).await, None);
    assert_eq!(stamp(&bed, &conditional, 1).await, None);
    assert_eq!(stamp(&bed, &add, 1).await, None);
    assert_eq!(stamp(&bed, Batch::counter().with(&add), 1).await, None);
    assert_eq!(
        stamp(&bed, Batch::unlogged().with(&add).idempotent(true), 1).await,
        None
    );
    assert_eq!(stamp(&bed, &select, 4).await, None);
    bed.at_rest().await;

    let bed = Bed::with(3, |client| client.server_timestamps()).await;
    let bound = bed.prepare(INSERT).await.bind((1, "v")).unwrap().idempotent(true);
    fail(&bed);
    assert_eq!(stamp(&bed, &bound, 4).await, None);
    assert_eq!(stamp(&bed, Batch::logged().with(&bound), 1).await, None);
    assert_eq!(stamp(&bed, bound.timestamp(7), 4).await, Some(7));
    bed.at_rest().await;
}
