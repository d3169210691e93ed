//! Products by web socket, every second.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tracing::debug;

use crate::errors::ApiError;
use crate::extract::Db;
use crate::state::AppState;
use crate::store::{CATEGORIES, Product, Time};

/// Bytes of a message of a client. There is nothing that it has to say.
const LARGEST: usize = 1_024;
/// How long a client may take nothing.
const SEND: Duration = Duration::from_secs(5);
/// A client that is silent for so many pings is gone.
const SILENT_PINGS: u32 = 2;

#[derive(Serialize)]
struct Products {
    number: u64,
    timestamp: Time,
    products: Vec<Product>,
}

/// `GET /ws/stream`: a text message with products every second, until the client goes, says something, takes nothing for 5 s, or answers
/// no ping.
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

async fn run(socket: WebSocket, state: AppState, db: Db, place: OwnedSemaphorePermit) {
    let (mut to, mut from) = socket.split();
    // At the same time: whatever one of them waits for, the others notice the end.
    let End(code, reason) = tokio::select! {
        end = hear(&mut from, state.settings.socket_ping * SILENT_PINGS) => end,
        end = send_all(&mut to, &state, &db) => end,
        () = state.shutdown().requested() => End(close_code::AWAY, "shutting down"),
    };
    debug!(code, reason, "a web socket ends");
    let reason = reason.into();
    let close = Message::Close(Some(CloseFrame { code, reason }));
    // A courtesy: it may be gone.
    let _ = timeout(SEND, to.send(close)).await;
    drop(place);
}

/// Ends when the client does, or when nothing is heard of it for so long: it is asked more often than that.
async fn hear(from: &mut SplitStream<WebSocket>, patience: Duration) -> End {
    loop {
        match timeout(patience, from.next()).await {
            Err(_) => return End(close_code::AWAY, "silent"),
            Ok(None | Some(Ok(Message::Close(_)))) => return End(close_code::NORMAL, "bye"),
            // A ping is answered by the library.
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
            Ok(Some(Ok(Message::Text(_) | Message::Binary(_)))) => {
                return End(close_code::POLICY, "nothing to say here");
            }
            Ok(Some(Err(_))) => return End(close_code::PROTOCOL, "no web socket"),
        }
    }
}

async fn send_all(to: &mut SplitSink<WebSocket, Message>, state: &AppState, db: &Db) -> End {
    let ping = state.settings.socket_ping;
    let mut pings = interval_at(Instant::now() + ping, ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut number = 1;
    let mut next = pin!(message(db, number, Duration::ZERO));
    loop {
        let sent = tokio::select! {
            _ = pings.tick() => Message::Ping(Bytes::new()),
            text = &mut next => {
                let text = match text {
                    Ok(text) => text,
                    Err(error) => {
                        // Where it becomes an answer the facade logs it by itself; here it becomes the reason of the end.
                        tower_cassandra::axum::log(&error);
                        return End(close_code::AGAIN, "temporarily unavailable");
                    }
                };
                number += 1;
                next.set(message(db, number, state.settings.socket_interval));
                Message::text(text)
            }
        };
        if !matches!(timeout(SEND, to.send(sent)).await, Ok(Ok(()))) {
            return End(close_code::AWAY, "too slow");
        }
    }
}

/// The next message, after a pause.
async fn message(db: &Db, number: u64, pause: Duration) -> Result<String, tower_cassandra::Error> {
    sleep(pause).await;
    let category = CATEGORIES[(number as usize) % CATEGORIES.len()];
    let mut products = db.statements.products.bind((category, 10))?;
    if let Some(level) = db.session.consistency() {
        products = products.consistency(level);
    }
    // By the session itself: the deadline of the request was that of the handshake.
    let found = db.session.session().execute(products).await?;
    let products = Products {
        number,
        timestamp: Time::now(),
        products: found.rows()?,
    };
    Ok(serde_json::to_string(&products).unwrap_or_default())
}
