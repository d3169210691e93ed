//! Products by web socket, every second.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::debug;

use crate::errors::ApiError;
use crate::extract::Db;
use crate::state::AppState;
use crate::store::{CATEGORIES, Product, Time};

/// Bytes of a message of a client. There is nothing that it has to say.
const LARGEST: usize = 1_024;
/// How long a client may take nothing.
const SEND: Duration = Duration::from_secs(5);

#[derive(Serialize)]
struct Products {
    number: u64,
    timestamp: Time,
    products: Vec<Product>,
}

/// `GET /ws/stream`: a text message with products every second, until the client goes, says something, or takes nothing for 5 s.
pub(crate) async fn stream(
    State(state): State<AppState>,
    db: Db,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return Ok(rejection.into_response()),
    };
    let busy = ApiError::Busy("too many web sockets", Duration::from_secs(1));
    let place = Arc::clone(&state.sockets).try_acquire_owned().map_err(|_| busy)?;
    let upgrade = upgrade.max_message_size(LARGEST).max_frame_size(LARGEST);
    Ok(upgrade.on_upgrade(move |socket| run(socket, state, db, place)))
}

/// Why it ends.
struct End(u16, &'static str);

async fn run(mut socket: WebSocket, state: AppState, db: Db, place: OwnedSemaphorePermit) {
    let End(code, reason) = send_all(&mut socket, &state, &db).await;
    debug!(code, reason, "a web socket ends");
    let reason = reason.into();
    let close = Message::Close(Some(CloseFrame { code, reason }));
    // A courtesy: it may be gone.
    let _ = timeout(SEND, socket.send(close)).await;
    drop(place);
}

async fn send_all(socket: &mut WebSocket, state: &AppState, db: &Db) -> End {
    let mut ticks = interval(state.settings.socket_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut shutdown = std::pin::pin!(state.shutdown().requested());
    let mut number = 0;
    loop {
        tokio::select! {
            () = &mut shutdown => return End(close_code::AWAY, "shutting down"),
            message = socket.recv() => match message {
                None | Some(Ok(Message::Close(_))) => return End(close_code::NORMAL, "bye"),
                // Answered by the library.
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Text(_) | Message::Binary(_))) => return End(close_code::POLICY, "nothing to say here"),
                Some(Err(_)) => return End(close_code::PROTOCOL, "no web socket"),
            },
            _ = ticks.tick() => {
                number += 1;
                let Ok(text) = message(db, number).await else {
                    // The facade would log it where it became an answer; here it becomes the reason of the end.
                    return End(close_code::AGAIN, "temporarily unavailable");
                };
                if !matches!(timeout(SEND, socket.send(Message::text(text))).await, Ok(Ok(()))) {
                    return End(close_code::AWAY, "too slow");
                }
            }
        }
    }
}

async fn message(db: &Db, number: u64) -> Result<String, tower_cassandra::Error> {
    let category = CATEGORIES[(number as usize) % CATEGORIES.len()];
    let products = db.statements.products.bind((category, 10))?;
    // By the session itself: the deadline of the request was that of the handshake.
    let found = db.session.session().execute(products).await?;
    let products = Products {
        number,
        timestamp: Time::now(),
        products: found.rows()?,
    };
    Ok(serde_json::to_string(&products).unwrap_or_default())
}
