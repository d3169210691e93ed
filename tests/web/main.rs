//! What services made with axum and tonic get: errors, headers, the session of a request, health, shutdown. Against scripted answers.

mod cancelling;
mod errors;
mod headers;
mod health;
#[allow(dead_code, reason = "each of the tests that share it uses a part")]
#[path = "../../src/trace/heard.rs"]
mod heard;
#[path = "../support/kinds.rs"]
mod kinds;
mod logs;
mod requests;
mod secrets;
mod shutdown;

use axum_core::body::Body;
use http::Response;
use http_body_util::BodyExt;
use kinds::KINDS;

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}
