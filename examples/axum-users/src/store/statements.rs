//! All statements of the application, prepared once.

use tower_cassandra::{PrepareAllError, Prepared, Session};

/// Declares the statements: the field, and the text behind the name of the keyspace.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident: $before:literal . $after:literal;)*) => {
        /// The prepared statements. Tables are named with their keyspace: the session has none.
        pub(crate) struct Statements {
            $($(#[$doc])* pub(crate) $name: Prepared,)*
        }

        impl Statements {
            /// Prepares all, and says of all that fail why.
            pub(crate) async fn prepare(session: &Session, keyspace: &str) -> Result<Self, PrepareAllError> {
                let texts = [$(format!(concat!($before, "{}.", $after), keyspace)),*];
                let [$($name),*] = session.prepare_all(texts.each_ref()).await?;
                Ok(Self { $($name),* })
            }
        }
    };
}

statements! {
    insert_user: "INSERT INTO "."users (id, name, email, age, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)";
    user: "SELECT id, name, email, age, created_at, updated_at FROM "."users WHERE id = ?";
    users: "SELECT id, name, email, age, created_at, updated_at FROM "."users LIMIT ?";
    user_names: "SELECT id, name FROM "."users";
    /// Fields that are not given are bound as unset: they stay as they are.
    update_user: "UPDATE "."users SET name = ?, email = ?, age = ?, updated_at = ? WHERE id = ?";
    delete_user: "DELETE FROM "."users WHERE id = ?";
    insert_product: "INSERT INTO "."products (category, id, name, price, stock) VALUES (?, ?, ?, ?, ?)";
    products: "SELECT category, id, name, price, stock FROM "."products WHERE category = ? LIMIT ?";
    insert_item: "INSERT INTO "."items (bucket, seq, name, payload) VALUES (?, ?, ?, ?)";
    item: "SELECT bucket, seq, name, payload FROM "."items WHERE bucket = ? AND seq = ?";
    items: "SELECT bucket, seq, name, payload FROM "."items LIMIT ?";
    all_items: "SELECT bucket, seq, name, payload FROM "."items";
    insert_cached: "INSERT INTO "."cached_data (key, value, updated_at) VALUES (?, ?, ?)";
    cached: "SELECT value FROM "."cached_data WHERE key = ?";
    insert_background: "INSERT INTO "."background_writes (id, note, written_at) VALUES (?, ?, ?)";
    insert_safety: "INSERT INTO "."safety_rows (run, n, age) VALUES (?, ?, ?)";
    safety: "SELECT n FROM "."safety_rows WHERE run = ?";
    safety_of_age: "SELECT n FROM "."safety_rows WHERE run = ? AND age = ? ALLOW FILTERING";
    delete_safety: "DELETE FROM "."safety_rows WHERE run = ?";
}
