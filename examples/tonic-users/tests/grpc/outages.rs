//! A node that is silent or gone; deadlines and callers that go away meanwhile.

use tokio::time::{Instant, timeout};
use tonic::Code;
use tower_cassandra::HealthCheck;

use crate::support::{Bed, Frozen, PATIENCE, ms, pushback, until};

/// What the node still owes an answer for, whoever waits for it.
fn owed(bed: &Bed) -> (u32, u32) {
    let health = bed.session.health();
    let node = &health.nodes[0];
    (node.in_flight, node.abandoned)
}

#[tokio::test]
async fn a_deadline_passes_and_a_caller_goes_away_and_the_gauges_know() {
    // Probes would be among what is owed.
    let Some(bed) = Bed::alone("grpc_deadline", |builder| builder.no_health_check()).await else {
        return;
    };
    let ada = bed.create("Ada").await;
    bed.get(&ada.id).await.unwrap();
    until("nothing is owed", || owed(&bed) == (0, 0)).await;
    let frozen = Frozen::new(bed.cluster.node(0));

    let began = Instant::now();
    let status = bed
        .get_with(&ada.id, &[("x-request-timeout", "0.3")])
        .await
        .unwrap_err();
    assert!(began.elapsed() >= ms(300));
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert_eq!(status.message(), "the request took too long");
    // A read: to repeat it is harmless, but nobody knows when it would do.
    assert_eq!(pushback(&status), None);
    assert_eq!(bed.session.running(), 0);
    assert_eq!(owed(&bed), (1, 1), "the node still owes the answer");

    // tonic's client watches its own deadline; the server's handler is dropped all the same.
    let status = bed
        .get_with(&ada.id, &[("grpc-timeout", "300m")])
        .await
        .unwrap_err();
    assert!(
        matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled),
        "{status:?}"
    );
    until("its call is over", || {
        (bed.session.running(), owed(&bed)) == (0, (2, 2))
    })
    .await;

    // A caller that goes away.
    let mut call = Box::pin(bed.get(&ada.id));
    let arrived = until("it is at the node", || {
        bed.session.running() == 1 && owed(&bed).0 == 3
    });
    tokio::select! {
        answer = &mut call => panic!("of a frozen node: {answer:?}"),
        () = arrived => {}
    }
    drop(call);
    until("its call is over", || {
        (bed.session.running(), owed(&bed)) == (0, (3, 3))
    })
    .await;

    // A write may have been applied: not to be repeated by a client on its own.
    let write = timeout(ms(300), bed.try_create("Bob")).await;
    assert!(write.is_err());
    let mut create = tonic::Request::new(tonic_users::pb::CreateUserRequest {
        name: "Bob".to_owned(),
        email: "a@b".to_owned(),
        age: 1,
    });
    create
        .metadata_mut()
        .insert("x-request-timeout", "0.3".parse().unwrap());
    let status = bed.users.clone().create_user(create).await.unwrap_err();
    assert_eq!(
        (status.code(), pushback(&status)),
        (Code::DeadlineExceeded, Some(-1)),
        "{status:?}"
    );

    drop(frozen);
    until("all was answered", || owed(&bed) == (0, 0)).await;
    assert_eq!(bed.get(&ada.id).await.unwrap(), ada);
    bed.cluster.ready().await.unwrap();
    bed.done().await;
}

#[tokio::test]
async fn health_follows_the_node_and_calls_are_unavailable_without_it() {
    let check = HealthCheck::every(ms(500)).timeout(ms(400));
    let Some(bed) = Bed::alone("grpc_health", |builder| builder.health(check)).await else {
        return;
    };
    let ada = bed.create("Ada").await;
    bed.get(&ada.id).await.unwrap();
    let frozen = Frozen::new(bed.cluster.node(0));
    bed.health("", false).await;
    bed.health("users.v1.Users", false).await;
    drop(frozen);
    bed.health("users.v1.Users", true).await;
    assert_eq!(bed.get(&ada.id).await.unwrap(), ada);

    bed.cluster.node(0).disable_client_port().await.unwrap();
    bed.health("users.v1.Users", false).await;
    let status = bed.get(&ada.id).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(pushback(&status).is_some_and(|pause| pause > 0), "{status:?}");
    assert_eq!(status.message(), "temporarily unavailable");
    bed.cluster.node(0).enable_client_port().await.unwrap();
    bed.health("users.v1.Users", true).await;
    let found = timeout(PATIENCE, async {
        loop {
            if let Ok(user) = bed.get(&ada.id).await {
                return user;
            }
            tokio::time::sleep(ms(10)).await;
        }
    });
    assert_eq!(found.await.unwrap(), ada);
    bed.cluster.ready().await.unwrap();
    bed.done().await;
}
