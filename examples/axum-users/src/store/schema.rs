//! What is created when the database is there for the first time.

use tower_cassandra::{Error, Session};

use crate::settings::Settings;

/// The keyspace of one user.
pub(crate) fn tenant_keyspace(keyspace: &str, tenant: &str) -> String {
    format!("{keyspace}_of_{tenant}")
}

fn keyspace(name: &str, copies: u8) -> String {
    format!(
        "CREATE KEYSPACE IF NOT EXISTS {name} WITH replication = \
         {{'class': 'NetworkTopologyStrategy', 'replication_factor': {copies}}}"
    )
}

/// Names of keyspaces are checked when the settings are read: letters, digits and `_`.
fn statements(settings: &Settings) -> Vec<String> {
    let Settings {
        keyspace: ks,
        replication,
        tenants,
        ..
    } = settings;
    let tables = [
        "users (id uuid PRIMARY KEY, name text, email text, age int, created_at timestamp, updated_at timestamp)",
        "products (category text, id int, name text, price double, stock int, PRIMARY KEY (category, id))",
        "items (bucket int, seq int, name text, payload text, PRIMARY KEY (bucket, seq))",
        "cached_data (key text PRIMARY KEY, value text, updated_at timestamp)",
        "background_writes (id uuid PRIMARY KEY, note text, written_at timestamp)",
        "safety_rows (run uuid, n int, age int, PRIMARY KEY (run, n))",
    ];
    let mut all = vec![keyspace(ks, *replication)];
    all.extend(tables.map(|table| format!("CREATE TABLE IF NOT EXISTS {ks}.{table}")));
    for tenant in tenants {
        let own = tenant_keyspace(ks, tenant);
        all.push(keyspace(&own, *replication));
        all.push(format!(
            "CREATE TABLE IF NOT EXISTS {own}.notes (id int PRIMARY KEY, note text)"
        ));
    }
    all
}

/// Creates what is not there. One after the other: schema changes at the same time make nodes disagree.
pub(crate) async fn create(session: &Session, settings: &Settings) -> Result<(), Error> {
    for statement in statements(settings) {
        session.execute(statement).await?;
    }
    Ok(())
}
