//! Who may end the application, put load on it, or look behind it: operators, who know a token.

use std::net::IpAddr;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, StatusCode};
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
/// With a token: who sends it. Without one: everybody where only this machine can connect (a loopback address), else nobody. A browser on this machine can connect, too, and
/// sends what pages from elsewhere tell it to send: those are nobody.
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
            return is_by_a_foreign_page(headers).then(|| {
                let body = ErrorBody::new("for operators only: not for pages and names from elsewhere");
                (StatusCode::FORBIDDEN, Json(body)).into_response()
            });
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

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Has a browser sent this because a page from elsewhere told it to? Browsers say so by `Sec-Fetch-Site`, older ones by the `Origin` of what is not only fetched. A page whose
/// own name was made to point at this machine is of the same origin, but asks for that name; so does a proxy that makes public what is for this machine only.
fn is_by_a_foreign_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(HOST).unwrap_or_default();
    let is_here = host.parse::<Authority>().is_ok_and(|authority| {
        let name = authority.host();
        let address = name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>();
        name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    });
    let is_of_another_page = text(FETCH_SITE).is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let is_of_another_origin = text(ORIGIN).is_some_and(|origin| {
        let own = origin.split_once("://").map(|(_, authority)| authority);
        !own.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    });
    !is_here || is_of_another_page || is_of_another_origin
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
    fn a_page_from_elsewhere_is_nobody_also_on_this_machine() {
        let open = Guard::new(None, LOOPBACK);
        let status = |lines: &[(&'static str, &'static str)]| {
            let headers = lines
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            let refused = open.refusal(&headers.collect(), Login::Bearer);
            refused.map_or(200, |refused| refused.status().as_u16())
        };
        let here = ("host", "127.0.0.1:8000");
        for host in [
            "localhost",
            "LOCALHOST:8000",
            "127.0.0.1:8000",
            "127.9.9.9",
            "[::1]:8000",
        ] {
            assert_eq!(status(&[("host", host)]), 200, "{host}");
        }
        for host in [
            "example.org",
            "localhost.example.org:8000",
            "127.0.0.1.example.org",
            "10.0.0.1",
            "::",
            "",
        ] {
            assert_eq!(status(&[("host", host)]), 403, "{host}");
        }
        assert_eq!(status(&[]), 403);
        for site in ["same-origin", "none"] {
            assert_eq!(status(&[here, ("sec-fetch-site", site)]), 200, "{site}");
        }
        for site in ["cross-site", "same-site", "what else"] {
            assert_eq!(status(&[here, ("sec-fetch-site", site)]), 403, "{site}");
        }
        assert_eq!(status(&[here, ("origin", "http://127.0.0.1:8000")]), 200);
        for origin in [
            "https://example.org",
            "null",
            "http://127.0.0.1:9000",
            "http://localhost:8000",
        ] {
            assert_eq!(status(&[here, ("origin", origin)]), 403, "{origin}");
        }
    }

    #[test]
    fn without_a_token_it_is_this_machine_or_nobody() {
        let open = Guard::new(None, LOOPBACK);
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("localhost:8000"));
        assert!(open.refusal(&headers, Login::Bearer).is_none());
        let closed = Guard::new(None, ANYWHERE);
        for header in ["x", "Bearer ", "Bearer x"] {
            assert_eq!(status(&closed, Login::Bearer, header), 403);
        }
    }
}
