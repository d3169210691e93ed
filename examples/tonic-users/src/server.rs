//! The server around the service.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};
use tower::util::MapResponseLayer;
use tower_cassandra::tonic::{RequestLayer, Shutdown, ShutdownReport};
use tower_cassandra::{InvalidConfig, Session};

use crate::connections::{Limits, accept};
use crate::pb::DESCRIPTORS;
use crate::pb::users_server::{SERVICE_NAME, UsersServer};
use crate::schema::create_schema;
use crate::service::UsersService;
use crate::too_large;

/// The largest message that is taken or sent: a user has names, not books.
pub const MAX_MESSAGE: usize = 64 * 1024;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Serves until the shutdown is requested, and then as long as its limit allows. The session may still be connecting: until it is there calls are
/// `UNAVAILABLE` and the health service says `NOT_SERVING`.
///
/// # Errors
/// When the listener fails. Everything else is answered to the client it concerns.
pub async fn serve(
    listener: TcpListener,
    session: Session,
    keyspace: &str,
    shutdown: &Shutdown,
    limits: Limits,
) -> Result<ShutdownReport, BoxError> {
    let (reporter, health) = health_reporter();
    // It begins with saying that all is well.
    tell(&reporter, ServingStatus::NotServing).await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let users = UsersServer::new(UsersService::new(session.clone(), keyspace))
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    let server = Server::builder()
        // A client that holds on to a dead connection, or asks for everything at once, costs no more than its connection.
        .http2_keepalive_interval(Some(limits.keepalive))
        .http2_keepalive_timeout(Some(limits.keepalive_timeout))
        .concurrency_limit_per_connection(256)
        // Each may hold a page of rows, for as long as its client does not read.
        .max_concurrent_streams(Some(32))
        .layer(request_layer()?)
        .layer(MapResponseLayer::new(too_large::as_others_say))
        .add_service(health)
        .add_service(reflection)
        .add_service(users)
        .serve_with_incoming_shutdown(accept(listener, limits), shutdown.requested());
    tokio::select! {
        report = shutdown.run(server) => Ok(report?),
        never = follow(session, keyspace, reporter, shutdown) => match never {},
    }
}

fn request_layer() -> Result<RequestLayer, InvalidConfig> {
    use tower_cassandra::tonic::RequestOptions;
    // Over gRPC nobody reads `Server-Timing`.
    RequestLayer::new(RequestOptions::new().server_timing(false))
}

/// Tells the health service how it is, until the shutdown begins.
async fn follow(
    session: Session,
    keyspace: &str,
    mut reporter: HealthReporter,
    shutdown: &Shutdown,
) -> Infallible {
    tokio::select! {
        () = tell_changes(session, keyspace, &reporter) => {}
        () = shutdown.requested() => {}
    }
    tell(&reporter, ServingStatus::NotServing).await;
    // The server waits for its open calls, and those that watch the health would never end by themselves.
    if shutdown.has_begun() {
        for name in NAMES {
            reporter.clear_service_status(name).await;
        }
    }
    pending().await
}

/// Makes the table as soon as there is a database, and tells of every change. Ends when the session is closed.
async fn tell_changes(session: Session, keyspace: &str, reporter: &HealthReporter) {
    let mut changes = session.watch_ready();
    // It ends with its last handle.
    let mut session = Some(session);
    while let Some(ready) = changes.next().await {
        if ready && let Some(session) = session.take() {
            while let Err(error) = create_schema(&session, keyspace).await {
                tracing::warn!(%error, "the table cannot be made, trying again in a second");
                tokio::time::sleep(Duration::from_secs(1)).await;
                if session.is_closed() {
                    return;
                }
            }
        }
        let status = if ready {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        tell(reporter, status).await;
    }
}

/// The server as a whole, and the service.
const NAMES: [&str; 2] = ["", SERVICE_NAME];

async fn tell(reporter: &HealthReporter, status: ServingStatus) {
    for name in NAMES {
        reporter.set_service_status(name, status).await;
    }
}
