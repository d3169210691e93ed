//! The end of the server.

use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::support::Bed;

#[tokio::test]
async fn a_client_that_watches_the_health_is_told_and_does_not_hold_up_the_shutdown() {
    let Some(bed) = Bed::make("grpc_watched_end").await else {
        return;
    };
    let request = HealthCheckRequest::default();
    let mut client = HealthClient::new(bed.channel.clone());
    let mut changes = client.watch(request).await.unwrap().into_inner();
    let watching = tokio::spawn(async move {
        let mut last = None;
        while let Some(change) = changes.message().await.unwrap() {
            last = Some(change.status());
        }
        last
    });
    // Without loss, and not by the limit.
    bed.done().await;
    assert_eq!(watching.await.unwrap(), Some(ServingStatus::NotServing));
}
