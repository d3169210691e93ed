use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use axum::{Router, middleware};
use tower::ServiceBuilder;
use tower_cassandra::InvalidConfig;
use tower_cassandra::axum::{Liveness, RequestLayer, RequestOptions};
use tower_cassandra::scylla::statement::Consistency;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    bulk, cached, home, items, live, load, monitoring, nested, per_user, products, safety, slow,
    user_advanced, user_streams, users,
};

use crate::errors::{no_such_method, no_such_path};
use crate::settings::Settings;
use crate::state::AppState;
use crate::web::{count, describe_guarded, operators_only, refuse_late, viewers_only};

#[derive(OpenApi)]
#[openapi(info(
    title = "axum-users",
    description = "Users and products over Apache Cassandra. \
        Every request may have the headers `X-Request-Timeout` (seconds) and `X-Consistency-Level`.",
    license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
))]
struct Description;

/// What callers may say by headers.
fn options(settings: &Settings) -> RequestOptions {
    RequestOptions::new()
        .max_timeout(settings.max_request_timeout)
        .allow_consistency([
            Consistency::One,
            Consistency::Two,
            Consistency::Three,
            Consistency::Quorum,
            Consistency::All,
            Consistency::LocalQuorum,
            Consistency::EachQuorum,
            Consistency::LocalOne,
        ])
}

/// All endpoints.
pub(crate) fn router(state: AppState) -> Result<Router, InvalidConfig> {
    let requests = RequestLayer::new(options(&state.settings))?;
    // As one: the router boxes what is around its routes once for each `.layer`. The first is the outermost.
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn_with_state(state.clone(), count))
        .layer(middleware::from_fn_with_state(state.clone(), refuse_late))
        .layer(requests);
    let mut for_operators = OpenApiRouter::new()
        .routes(routes!(home::shutdown))
        .routes(routes!(bulk::clean_up))
        .routes(routes!(load::concurrent))
        .routes(routes!(load::one_by_one))
        .routes(routes!(load::crowd))
        .routes(routes!(slow::slow_query))
        .routes(routes!(slow::long_running_query))
        .routes(routes!(slow::failing_query))
        .routes(routes!(slow::time_limit))
        .routes(routes!(safety::query_error))
        .routes(routes!(safety::streaming_error))
        .routes(routes!(safety::concurrent_streams))
        .routes(routes!(nested::nested_contexts))
        .routes(routes!(safety::cancellation))
        .routes(routes!(safety::status))
        .route_layer(middleware::from_fn_with_state(state.clone(), operators_only));
    describe_guarded(for_operators.get_openapi_mut());
    let status = Router::new()
        .nest_service("/status", state.status.clone())
        .layer(middleware::from_fn_with_state(state.clone(), viewers_only));
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(home::home))
        .routes(routes!(home::health))
        .routes(routes!(home::ready))
        .routes(routes!(monitoring::metrics))
        .routes(routes!(monitoring::queries))
        .routes(routes!(monitoring::hosts))
        .routes(routes!(monitoring::summary))
        .routes(routes!(monitoring::rate_limit))
        .routes(routes!(users::create, users::list))
        .routes(routes!(users::get, users::put, users::patch, users::delete))
        .routes(routes!(bulk::create))
        .routes(routes!(user_streams::rows))
        .routes(routes!(user_streams::pages))
        .routes(routes!(user_advanced::advanced))
        .routes(routes!(products::search))
        .routes(routes!(products::multi_query))
        .routes(routes!(items::large_dataset))
        .routes(routes!(items::paginated))
        .routes(routes!(items::stream_data))
        .routes(routes!(cached::get, cached::post))
        .routes(routes!(cached::background_write))
        .routes(routes!(per_user::user_data))
        .merge(for_operators)
        .split_for_parts();
    let description: Arc<str> = serde_json::to_string(&description).unwrap_or_default().into();
    let description = move || async move { ([(CONTENT_TYPE, "application/json")], description.to_string()) };
    Ok(router
        .route("/openapi.json", get(description))
        // A description of OpenAPI has no words for web sockets.
        .route("/ws/stream", get(live::stream))
        .route_service("/healthz", Liveness)
        .merge(status)
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(layers)
        .with_state(state))
}
