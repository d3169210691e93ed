//! A cluster, a session and a stream, one in the other.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::safety::works;
use crate::described::Errors;
use crate::errors::ApiError;
use crate::extract::Db;
use crate::state::AppState;

/// What happened in which order.
#[derive(Serialize, ToSchema)]
pub(crate) struct Nested {
    test: &'static str,
    events: Vec<&'static str>,
    correct_order: bool,
    row_count: usize,
    main_session_unaffected: bool,
}

/// A cluster, in it a session, in it a stream: each ends and leaves open what is around it.
#[utoipa::path(
    post, path = "/context_manager_safety/nested_contexts",
    responses((status = 200, body = Nested, description = "as asked"), Errors)
)]
pub(crate) async fn nested_contexts(State(state): State<AppState>, db: Db) -> Result<Json<Nested>, ApiError> {
    const ORDER: [&str; 7] = [
        "cluster_opened",
        "session_opened",
        "stream_opened",
        "stream_closed",
        "session_closed",
        "cluster_works_after_session",
        "cluster_closed",
    ];
    let _place = state.heavy_place()?;
    let mut events = vec!["cluster_opened"];
    let cluster = crate::app::builder(&state.settings).no_metrics().build()?;
    let session = cluster.connect().await?;
    events.push("session_opened");
    let text = format!("SELECT seq FROM {}.items LIMIT 5", state.settings.keyspace);
    let mut rows = session.stream::<(i32,)>(db.session.apply(text));
    events.push("stream_opened");
    let mut row_count = 0;
    while rows.next().await.transpose()?.is_some() {
        row_count += 1;
    }
    rows.close();
    if works(&session).await {
        events.push("stream_closed");
    }
    let limit = std::time::Duration::from_secs(5);
    session.close(limit).await?;
    events.push("session_closed");
    let second = cluster.connect().await?;
    if works(&second).await {
        events.push("cluster_works_after_session");
    }
    cluster.close(limit).await?;
    events.push("cluster_closed");
    Ok(Json(Nested {
        test: "nested_context_managers",
        correct_order: events == ORDER,
        events,
        row_count,
        main_session_unaffected: works(state.session()).await,
    }))
}
