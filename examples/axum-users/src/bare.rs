//! `GET /users/{id}` on the plain driver, at an address of its own: what the stack costs is the difference.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router, middleware};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_cassandra::scylla::client::session::Session;
use tower_cassandra::scylla::client::session_builder::SessionBuilder;
use tower_cassandra::scylla::statement::prepared::PreparedStatement;
use tracing::{info, warn};

use crate::errors::ApiError;
use crate::extract::Id;
use crate::state::AppState;
use crate::store::{User, UserRow};
use crate::web::{Limits, count, refuse_late, serve};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone)]
struct Driver(Arc<(Session, PreparedStatement)>);

const FAILED: ApiError = ApiError::Busy("failed", Duration::from_secs(1));

async fn user(State(state): State<Bare>, id: Id) -> Result<Json<User>, ApiError> {
    let (session, statement) = &*state.driver.0;
    let rows = session.execute_unpaged(statement, (id.0,)).await;
    let rows = rows.map_err(|_| FAILED)?.into_rows_result().map_err(|_| FAILED)?;
    let user = rows.maybe_first_row::<UserRow>().map_err(|_| FAILED)?;
    let user = user.and_then(UserRow::user);
    user.map(Json).ok_or(ApiError::NotFound("User not found"))
}

#[derive(Clone)]
struct Bare {
    app: AppState,
    driver: Driver,
}

impl axum::extract::FromRef<Bare> for AppState {
    fn from_ref(bare: &Bare) -> Self {
        bare.app.clone()
    }
}

async fn connect(state: &AppState) -> Result<Driver, AnyError> {
    let settings = &state.settings;
    let point = |point: &String| {
        if point.contains(':') {
            point.clone()
        } else {
            format!("{point}:{}", settings.port)
        }
    };
    let mut builder = SessionBuilder::new().known_nodes(settings.contact_points.iter().map(point));
    if let Some((user, password)) = &settings.login {
        builder = builder.user(user, password);
    }
    let session = builder.build().await?;
    let text = state.statements().ok_or("not set up")?.user.text().to_owned();
    let statement = session.prepare(text).await?;
    Ok(Driver(Arc::new((session, statement))))
}

/// Serves until the application ends. The handler passes what the other one passes of the application's own: figures, the refusal of late requests.
pub(crate) async fn run(state: AppState, address: SocketAddr, limits: Limits) {
    let work = async {
        let driver = connect(&state).await?;
        let listener = TcpListener::bind(address).await?;
        info!(address = %listener.local_addr()?, "listening on the plain driver");
        let app = state.clone();
        let layers = ServiceBuilder::new()
            .layer(middleware::from_fn_with_state(app.clone(), count))
            .layer(middleware::from_fn_with_state(app.clone(), refuse_late));
        let router = Router::new()
            .route("/users/{id}", get(user))
            .layer(layers)
            .with_state(Bare { app, driver });
        serve(listener, router, limits, state.shutdown().requested()).await?;
        Ok::<(), AnyError>(())
    };
    if let Err(error) = work.await {
        warn!(%error, "the plain driver is not served");
    }
}
