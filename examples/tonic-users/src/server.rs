//! The server around the service.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};
use tower_cassandra::tonic::{RequestLayer, Shutdown, ShutdownReport};
use tower_cassandra::{InvalidConfig, Session};

use crate::pb::DESCRIPTORS;
use crate::pb::users_server::{SERVICE_NAME, UsersServer};
use crate::schema::create_schema;
use crate::service::UsersService;

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
) -> Result<ShutdownReport, BoxError> {
    let (reporter, health) = health_reporter();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let users = UsersServer::new(UsersService::new(session.clone(), keyspace))
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    let server = Server::builder()
        // A client that holds on to a dead connection, or asks for everything at once, costs no more than its connection.
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .concurrency_limit_per_connection(256)
        .layer(request_layer()?)
        .add_service(health)
        .add_service(reflection)
        .add_service(users)
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), shutdown.requested());
    // The one task beside the server's own. It ends with the session, and at the latest with this function.
    let following = tokio::spawn(follow(session, keyspace.to_owned(), reporter));
    let report = shutdown.run(server).await;
    following.abort();
    Ok(report?)
}

fn request_layer() -> Result<RequestLayer, InvalidConfig> {
    use tower_cassandra::tonic::RequestOptions;
    // Over gRPC nobody reads `Server-Timing`.
    RequestLayer::new(RequestOptions::new().server_timing(false))
}

/// Tells the health service how it is, and makes the table as soon as there is a database.
async fn follow(session: Session, keyspace: String, reporter: HealthReporter) {
    let mut changes = session.watch_ready();
    // It ends with its last handle.
    let mut session = Some(session);
    tell(&reporter, ServingStatus::NotServing).await;
    while let Some(ready) = changes.next().await {
        if ready && let Some(session) = session.take() {
            while let Err(error) = create_schema(&session, &keyspace).await {
                tracing::warn!(%error, "the table cannot be made, trying again in a second");
                tokio::time::sleep(Duration::from_secs(1)).await;
                if session.is_closed() {
                    break;
                }
            }
        }
        let status = if ready {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        tell(&reporter, status).await;
    }
}

/// Of the service, and of the server as a whole.
async fn tell(reporter: &HealthReporter, status: ServingStatus) {
    for name in ["", SERVICE_NAME] {
        reporter.set_service_status(name, status).await;
    }
}
