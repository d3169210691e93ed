use axum::Router;
use http::{Method, Request, StatusCode};
use tower::ServiceExt;

use super::{Reader, ask, get, page};

#[tokio::test]
async fn the_page_may_run_its_own_script_and_nothing_else_and_is_not_kept() {
    let page = page();
    let mut nonces = Vec::new();
    for path in ["/", "/", "/?theme=dark"] {
        let answer = get(&page, path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        let policy = header("content-security-policy");
        let (_, nonce) = policy.split_once("script-src 'nonce-").unwrap();
        let (nonce, _) = nonce.split_once('\'').unwrap();
        nonces.push(nonce.to_owned());
        let length: usize = header("content-length").parse().unwrap();
        let html = Reader::of(answer).rest().await;
        assert_eq!(html.len(), length);
        assert!(html.contains(&format!("<script nonce=\"{nonce}\">")));
    }
    nonces.dedup();
    assert_eq!(nonces.len(), 3, "a nonce is used once");
}

// Both answers show the same second.
#[tokio::test(start_paused = true)]
async fn only_get_and_head_and_only_what_is_there() {
    let page = page();
    for path in ["/", "/status.json", "/events"] {
        for method in [
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
            Method::OPTIONS,
            Method::TRACE,
        ] {
            let answer = ask(&page, method, path).await;
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(answer.headers()["allow"], "GET, HEAD");
        }
        let full = get(&page, path).await;
        let head = ask(&page, Method::HEAD, path).await;
        assert_eq!(head.status(), StatusCode::OK);
        for name in ["content-type", "content-length", "cache-control"] {
            assert_eq!(
                head.headers().get(name),
                full.headers().get(name),
                "{name} of {path}"
            );
        }
        drop(full);
        assert_eq!(Reader::of(head).rest().await, "");
        assert_eq!(page.streams(), 0, "HEAD opens no stream");
    }
    for path in [
        "/favicon.ico",
        "/status.json/",
        "//",
        "/../",
        "/index.html",
        "/EVENTS",
        "/status.json%00",
    ] {
        for method in [Method::GET, Method::POST] {
            let answer = ask(&page, method, path).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(answer.headers()["cache-control"], "no-store");
            let policy = &answer.headers()["content-security-policy"];
            assert!(policy.to_str().unwrap().starts_with("default-src 'none'"));
        }
    }
}

#[tokio::test]
async fn it_can_be_mounted_under_any_path_of_an_axum_router() {
    let app = Router::new().nest_service("/a/b", page());
    for (path, status) in [
        ("/a/b", 200),
        ("/a/b/", 200),
        ("/a/b/status.json", 200),
        ("/a/b/events", 200),
        ("/a/b/other", 404),
        ("/status.json", 404),
    ] {
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        let answer = app.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
}
