//! Which request gets which answer.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
    REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Response, StatusCode};
use uuid::Uuid;

use super::body::Body;
use super::page;
use super::shared::Shared;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Some proxies keep what they pass on until there is enough of it.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

enum Wanted {
    Page,
    Json,
    Events,
}

pub(super) fn to(shared: &Arc<Shared>, method: &Method, path: &str) -> Response<Body> {
    let wanted = match path {
        "" | "/" => Wanted::Page,
        "/status.json" => Wanted::Json,
        "/events" => Wanted::Events,
        _ => return failed(StatusCode::NOT_FOUND, "there is no such page\n"),
    };
    let head = match *method {
        Method::GET => false,
        Method::HEAD => true,
        _ => {
            let mut refused = failed(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            let allowed = HeaderValue::from_static("GET, HEAD");
            refused.headers_mut().insert(ALLOW, allowed);
            return refused;
        }
    };
    match wanted {
        Wanted::Page => {
            let nonce = Uuid::new_v4().simple().to_string();
            let mut page = whole(StatusCode::OK, HTML, page::html(&nonce).into(), head);
            if let Ok(policy) = HeaderValue::from_str(&page::policy(&nonce)) {
                page.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
            }
            page
        }
        Wanted::Json => whole(StatusCode::OK, JSON, shared.json(), head),
        Wanted::Events if head => with_headers(StatusCode::OK, EVENTS, Body::empty()),
        Wanted::Events => match shared.open_stream() {
            Some(slot) => {
                let mut stream = with_headers(StatusCode::OK, EVENTS, Body::events(slot));
                let no = HeaderValue::from_static("no");
                stream.headers_mut().insert(BUFFERING, no);
                stream
            }
            None => {
                let mut full = failed(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "too many streams are open; status.json has the same\n",
                );
                let pause = HeaderValue::from_static("5");
                full.headers_mut().insert(RETRY_AFTER, pause);
                full
            }
        },
    }
}

fn failed(status: StatusCode, text: &'static str) -> Response<Body> {
    whole(status, TEXT, Bytes::from_static(text.as_bytes()), false)
}

/// An answer of known length; the answer to HEAD says how long the one to GET would be.
fn whole(status: StatusCode, kind: HeaderValue, content: Bytes, head: bool) -> Response<Body> {
    let length = HeaderValue::from(content.len());
    let body = if head { Body::empty() } else { Body::whole(content) };
    let mut response = with_headers(status, kind, body);
    response.headers_mut().insert(CONTENT_LENGTH, length);
    response
}

fn with_headers(status: StatusCode, kind: HeaderValue, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CORP, "same-origin"),
        (CONTENT_SECURITY_POLICY, page::NOTHING),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
