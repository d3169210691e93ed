//! More than the session takes.

use tokio::task::JoinSet;
use tonic::Code;
use tower_cassandra::{ConcurrencyLimit, RateLimit};

use crate::support::{Bed, Frozen, pushback, until};

#[tokio::test]
async fn a_full_queue_is_resource_exhausted_and_says_when_to_come_back() {
    let limit = ConcurrencyLimit::new(1).queue(1);
    let Some(bed) = Bed::alone("grpc_overload", |builder| builder.concurrency_limit(limit)).await else {
        return;
    };
    let ada = bed.create("Ada").await;
    // What is asked below is prepared from here on.
    bed.get(&ada.id).await.unwrap();
    let handle = bed.session.limits().concurrency.unwrap();
    let frozen = Frozen::new(bed.cluster.node(0));
    let mut waiting = JoinSet::new();
    for _ in 0..2 {
        let (mut users, id) = (bed.users.clone(), ada.id.clone());
        waiting.spawn(async move { users.get_user(tonic_users::pb::GetUserRequest { id }).await });
    }
    until("one runs and one waits", || {
        (handle.active(), handle.queued()) == (1, 1)
    })
    .await;
    let status = bed.get(&ada.id).await.unwrap_err();
    assert_eq!(
        (status.code(), pushback(&status)),
        (Code::ResourceExhausted, Some(1_000)),
        "{status:?}"
    );
    assert_eq!(status.message(), "too many requests at the moment");
    drop(frozen);
    // What waited was not lost.
    for answer in waiting.join_all().await {
        assert_eq!(answer.unwrap().into_inner(), ada);
    }
    assert_eq!((handle.active(), handle.queued()), (0, 0));
    bed.cluster.ready().await.unwrap();
    bed.done().await;
}

#[tokio::test]
async fn a_rate_that_is_used_up_says_how_long_the_queue_is() {
    // One in ten seconds: what waits will not have its turn within this test.
    let limit = RateLimit::per_second(1_000).burst(1_000).queue(1);
    let Some(bed) = Bed::alone("grpc_rate", |builder| builder.rate_limit(limit)).await else {
        return;
    };
    let ada = bed.create("Ada").await;
    // What is asked below is prepared from here on.
    bed.get(&ada.id).await.unwrap();
    let handle = bed.session.limits().rate.unwrap();
    handle.set_rate(1, std::time::Duration::from_secs(10)).unwrap();
    handle.set_burst(1).unwrap();
    let mut waiting = JoinSet::new();
    let status = loop {
        let (mut users, id) = (bed.users.clone(), ada.id.clone());
        waiting.spawn(async move { users.get_user(tonic_users::pb::GetUserRequest { id }).await });
        if handle.queued() == 1 {
            break bed.get(&ada.id).await.unwrap_err();
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    };
    assert_eq!(
        (status.code(), pushback(&status)),
        // The turn of the one that waits, and one more.
        (Code::ResourceExhausted, Some(20_000)),
        "{status:?}"
    );
    // Their callers go away.
    drop(waiting);
    until("nobody waits", || handle.queued() == 0).await;
    handle.set_rate(1_000, std::time::Duration::from_secs(1)).unwrap();
    handle.set_burst(1_000).unwrap();
    bed.done().await;
}
