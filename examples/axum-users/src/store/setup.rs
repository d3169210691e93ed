use std::time::Duration;

use tokio::time::sleep;
use tower_cassandra::{Error, Session};
use tracing::{info, warn};

use super::statements::Statements;
use super::{demo, schema};
use crate::settings::Settings;

/// Between two tries. The session itself waits longer between tries to connect; this one asks it only whether it has.
const PAUSE: Duration = Duration::from_millis(250);

/// Waits for the database, however long that takes, and gives the statements when tables and rows are there.
pub(crate) async fn set_up(session: &Session, settings: &Settings) -> Option<Statements> {
    let mut told = false;
    loop {
        match attempt(session, settings).await {
            Ok(statements) => {
                info!(keyspace = settings.keyspace, "tables and statements are ready");
                return Some(statements);
            }
            Err(_) if session.is_closed() => return None,
            Err(error) => {
                // Once: the session tells of each of its tries.
                if !told {
                    warn!(%error, "the database is not ready yet");
                }
                told = true;
            }
        }
        sleep(PAUSE).await;
    }
}

async fn attempt(session: &Session, settings: &Settings) -> Result<Statements, Error> {
    session.check_ready()?;
    schema::create(session, settings).await?;
    let statements = Statements::prepare(session, &settings.keyspace).await?;
    demo::write(session, &statements, settings.demo_items).await?;
    Ok(statements)
}
