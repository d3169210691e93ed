//! What only a scripted server can show: the frames.

use axum_users::Settings;
use scripted_cassandra::{Consistency, Frame, Opcode, ScriptedCluster};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::support::{App, eventually, settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_15_the_header_chooses_the_consistency_of_the_frames() {
    let cluster = ScriptedCluster::builder().start().await.unwrap();
    let settings = Settings {
        keyspace: "web_15".to_owned(),
        ..settings(cluster.contact_points(), "web_15")
    };
    let app = App::start(settings).await;
    app.client.ready().await;
    let levels = [
        ("ONE", Consistency::ONE),
        ("QUORUM", Consistency::QUORUM),
        ("ALL", Consistency::ALL),
    ];
    for (name, level) in levels {
        cluster.ledger().clear();
        let header = [("x-consistency-level", name)];
        let body = json!({ "name": "Alice", "email": "alice@example.org", "age": 30 });
        let created = app
            .client
            .ask("POST", "/users", &header, Some(&body))
            .await
            .unwrap();
        let id = created.expect(201).json()["id"].as_str().unwrap().to_owned();
        let path = format!("/users/{id}");
        app.client.get_with(&path, &header).await.expect(200);
        let frames = cluster
            .ledger()
            .filter(|frame| frame.opcode == Opcode::Execute && frame.text().contains("users"));
        let levels: Vec<_> = frames.iter().map(|frame| frame.consistency).collect();
        assert_eq!(levels, [Some(level); 2]);
    }
    // A web socket asks as its handshake said.
    cluster.ledger().clear();
    let url = format!("ws://{}/ws/stream", app.client.address);
    let mut handshake = url.into_client_request().unwrap();
    let level = HeaderValue::from_static("QUORUM");
    handshake.headers_mut().insert("x-consistency-level", level);
    let socket = TcpStream::connect(app.client.address).await.unwrap();
    let socket = client_async(handshake, socket).await.unwrap();
    let asked = || {
        let products = |frame: &Frame| frame.opcode == Opcode::Execute && frame.text().contains("products");
        cluster.ledger().filter(products)
    };
    eventually("the web socket has asked for products", || !asked().is_empty()).await;
    assert_eq!(asked()[0].consistency, Some(Consistency::QUORUM));
    drop(socket);
    // Without the header: that of the session.
    cluster.ledger().clear();
    app.client.get("/users").await.expect(200);
    let frames = cluster.ledger().filter(|frame| frame.text().contains("users"));
    assert_eq!(frames[0].consistency, Some(Consistency::LOCAL_QUORUM));
    app.end().await;
}
