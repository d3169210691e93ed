//! What services made with axum and tonic get: errors, headers, the session of a request, health, shutdown. Against scripted answers.

mod cancelling;
mod errors;
mod headers;
mod health;
#[path = "../support/heard.rs"]
mod heard;
mod logs;
mod requests;
mod secrets;
mod shutdown;

use axum_core::body::Body;
use http::Response;
use http_body_util::BodyExt;
use tower_cassandra::ErrorKind;

/// One of every kind. A new one is missed by `no_kind_is_left_out`.
const KINDS: [ErrorKind; 34] = [
    ErrorKind::Config,
    ErrorKind::ProtocolVersion,
    ErrorKind::Unsupported,
    ErrorKind::Serialization,
    ErrorKind::ParametersNeedPrepare,
    ErrorKind::Connect,
    ErrorKind::Connection,
    ErrorKind::Closed,
    ErrorKind::NoHost,
    ErrorKind::Rejected,
    ErrorKind::Timeout,
    ErrorKind::Authentication,
    ErrorKind::Unauthorized,
    ErrorKind::Syntax,
    ErrorKind::Invalid,
    ErrorKind::ServerConfig,
    ErrorKind::AlreadyExists,
    ErrorKind::FunctionFailure,
    ErrorKind::Prepare,
    ErrorKind::Unavailable,
    ErrorKind::Overloaded,
    ErrorKind::Bootstrapping,
    ErrorKind::Truncate,
    ErrorKind::ServerRateLimit,
    ErrorKind::ReadTimeout,
    ErrorKind::WriteTimeout,
    ErrorKind::ReadFailure,
    ErrorKind::WriteFailure,
    ErrorKind::ServerError,
    ErrorKind::Protocol,
    ErrorKind::Other(0x1600),
    ErrorKind::Decode,
    ErrorKind::SchemaAgreement,
    ErrorKind::Internal,
];

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}
