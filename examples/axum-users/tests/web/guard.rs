//! What is for operators.

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::{App, settings};

const TOKEN: &str = "a-token-of-operators";

/// All that ends the application, loads it, or looks behind it, as the description has it; and the page, which is not in there.
async fn guarded(app: &App) -> Vec<(String, String)> {
    let document = app.client.get("/openapi.json").await.json();
    let mut guarded = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if operation["security"].is_array() {
                guarded.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    guarded
}

#[tokio::test]
async fn operators_have_a_token_and_browsers_may_look_with_it() {
    // It needs no database: nobody listens there.
    let mut settings = settings(vec!["127.0.0.1:1".to_owned()], "guard");
    settings.admin_token = Some(TOKEN.to_owned());
    let app = App::start(settings).await;
    let ask = async |method: &str, path: &str, login: &str| {
        let login = [("authorization", login)];
        app.client.ask(method, path, &login, None).await.unwrap()
    };
    let bearer = format!("Bearer {TOKEN}");
    let basic = format!("Basic {}", STANDARD.encode(format!("me:{TOKEN}")));
    let guarded = guarded(&app).await;
    for path in [
        "/shutdown",
        "/users/cleanup",
        "/performance/async",
        "/test/concurrent_load",
    ] {
        assert!(guarded.iter().any(|(_, guarded)| guarded == path), "{path}");
    }
    for (method, path) in &guarded {
        for login in ["", "Bearer wrong", &basic] {
            let refused = ask(method, path, login).await.expect(401);
            assert_eq!(refused.header("www-authenticate"), "Bearer", "{path}");
        }
        if path != "/shutdown" {
            let status = ask(method, path, &bearer).await.status.as_u16();
            assert!(status != 401 && status != 403, "{path}: {status}");
        }
    }
    for path in ["/status", "/status/status.json", "/status/events"] {
        let refused = ask("GET", path, "Basic bWU6d3Jvbmc=").await.expect(401);
        assert!(refused.header("www-authenticate").starts_with("Basic "), "{path}");
    }
    for login in [&basic, &bearer] {
        let page = ask("GET", "/status/", login).await.expect(200);
        assert!(page.text().contains("<title>"));
        let figures = ask("GET", "/status/status.json", login).await.expect(200).json();
        assert_eq!(figures["title"], "axum-users");
    }
    app.client.get("/healthz").await.expect(200);
    assert!(!app.state.shutdown().has_begun());
    ask("POST", "/shutdown", &bearer).await.expect(200);
    assert!(app.state.shutdown().has_begun());
    app.end().await;
}

#[tokio::test]
async fn without_a_token_nobody_from_outside_is_an_operator() {
    let mut settings = settings(vec!["127.0.0.1:1".to_owned()], "guard_off");
    settings.listen.set_ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let mut app = App::start(settings).await;
    app.client.address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let guarded = guarded(&app).await;
    assert!(guarded.len() > 10, "{guarded:?}");
    for (method, path) in guarded {
        let refused = app.client.ask(&method, &path, &[], None).await.unwrap();
        assert!(refused.expect(403).text().contains("ADMIN_TOKEN"), "{path}");
    }
    app.client.get("/status/").await.expect(403);
    assert!(!app.state.shutdown().has_begun());
    app.end().await;
}
