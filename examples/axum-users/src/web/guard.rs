//! Who may end the application, put load on it, or look behind it: operators, who know a token.

use std::net::IpAddr;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{OpenApi, ResponseBuilder};

use crate::errors::ErrorBody;
use crate::state::AppState;

/// Knows operators.
///
/// With a token: who sends it. Without one: everybody where only this machine can connect (a loopback address), else nobody.
pub(crate) struct Guard {
    // Codes of texts of any length are compared in constant time; their key is made anew by each process.
    key: Hmac<Sha256>,
    token: Option<Vec<u8>>,
    is_open: bool,
}

/// How a token may be sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Login {
    /// `Authorization: Bearer TOKEN`. No browser sends that by itself, so no page of somebody else can have it sent.
    Bearer,
    /// Also as the password of any user (`Basic`), which is how browsers ask for one. For what only shows something.
    Browser,
}

impl Login {
    const fn challenge(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Browser => "Basic realm=\"operators\", charset=\"UTF-8\"",
        }
    }

    /// The token that was sent.
    fn token(self, headers: &HeaderMap) -> Option<Vec<u8>> {
        let (scheme, value) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(value.trim().as_bytes().to_vec());
        }
        if self == Self::Browser && scheme.eq_ignore_ascii_case("basic") {
            let login = STANDARD.decode(value.trim()).ok()?;
            let colon = login.iter().position(|byte| *byte == b':')?;
            return Some(login[colon + 1..].to_vec());
        }
        None
    }
}

impl Guard {
    pub(crate) fn new(token: Option<&str>, listens_at: IpAddr) -> Self {
        let key: [u8; 32] = rand::random();
        let key = Hmac::new_from_slice(&key);
        // HMAC takes keys of any length; the type says otherwise for other codes.
        let key: Hmac<Sha256> =
            key.unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
        let code = |token: &str| key.clone().chain_update(token).finalize().into_bytes().to_vec();
        Self {
            token: token.map(code),
            is_open: token.is_none() && listens_at.is_loopback(),
            key,
        }
    }

    /// The answer to who is none.
    fn refusal(&self, headers: &HeaderMap, login: Login) -> Option<Response> {
        if self.is_open {
            return None;
        }
        let Some(token) = &self.token else {
            let body = ErrorBody::new("for operators only: nobody is one without ADMIN_TOKEN");
            return Some((StatusCode::FORBIDDEN, Json(body)).into_response());
        };
        let sent = login.token(headers).unwrap_or_default();
        let is_right = self.key.clone().chain_update(sent).verify_slice(token).is_ok();
        if is_right {
            return None;
        }
        let challenge = [(WWW_AUTHENTICATE, login.challenge())];
        let body = Json(ErrorBody::new("for operators only"));
        Some((StatusCode::UNAUTHORIZED, challenge, body).into_response())
    }
}

/// In front of what does something.
pub(crate) async fn operators_only(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match state.guard.refusal(request.headers(), Login::Bearer) {
        None => next.run(request).await,
        Some(refused) => refused,
    }
}

/// In front of pages for browsers, which only show something.
pub(crate) async fn viewers_only(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match state.guard.refusal(request.headers(), Login::Browser) {
        None => next.run(request).await,
        Some(refused) => refused,
    }
}

const SCHEME: &str = "token";

/// Says of all operations of a description that they are for operators.
pub(crate) fn describe_guarded(api: &mut OpenApi) {
    let refusal = |text: &str| ResponseBuilder::new().description(text).build().into();
    for path in api.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.post, &mut path.delete];
        for operation in operations.into_iter().flatten() {
            operation.security = Some(vec![SecurityRequirement::new(SCHEME, [""; 0])]);
            let responses = &mut operation.responses.responses;
            responses.insert("401".to_owned(), refusal("Without the token of operators."));
            responses.insert("403".to_owned(), refusal("There is no token, so nobody may."));
        }
    }
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "The token of operators. Not needed where the application has none and listens on a loopback address.",
    ));
    api.components
        .get_or_insert_default()
        .add_security_scheme(SCHEME, SecurityScheme::Http(scheme.build()));
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const ANYWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

    fn status(guard: &Guard, login: Login, header: &str) -> u16 {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        let refused = guard.refusal(&headers, login);
        refused.map_or(200, |refused| refused.status().as_u16())
    }

    #[test]
    fn only_who_knows_the_token_is_an_operator_and_browsers_only_look() {
        let guard = Guard::new(Some("sesame, open yourself"), LOOPBACK);
        let basic = |login: &str| format!("Basic {}", STANDARD.encode(login));
        for (login, header, right) in [
            (Login::Bearer, "Bearer sesame, open yourself".to_owned(), 200),
            (Login::Browser, "bearer sesame, open yourself".to_owned(), 200),
            (Login::Browser, basic("me:sesame, open yourself"), 200),
            (Login::Browser, basic(":sesame, open yourself"), 200),
            (Login::Bearer, basic("me:sesame, open yourself"), 401),
            (Login::Browser, basic("sesame, open yourself"), 401),
            (Login::Browser, "Basic me:sesame".to_owned(), 401),
            (Login::Bearer, "Bearer sesame, open yoursel".to_owned(), 401),
            (Login::Bearer, "Bearer sesame, open yourself!".to_owned(), 401),
            (Login::Bearer, "Bearer ".to_owned(), 401),
            (Login::Bearer, "sesame, open yourself".to_owned(), 401),
        ] {
            assert_eq!(status(&guard, login, &header), right, "{header}");
        }
    }

    #[test]
    fn without_a_token_it_is_this_machine_or_nobody() {
        assert_eq!(status(&Guard::new(None, LOOPBACK), Login::Bearer, "x"), 200);
        let closed = Guard::new(None, ANYWHERE);
        for header in ["x", "Bearer ", "Bearer x"] {
            assert_eq!(status(&closed, Login::Bearer, header), 403);
        }
    }
}
