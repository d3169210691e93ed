//! Rows to begin with: 50 products, and items for what is about much data.

use tower_cassandra::{Error, Session};

use super::statements::Statements;

/// The categories of products, which are the keys of their partitions.
pub(crate) const CATEGORIES: [&str; 5] = ["books", "games", "garden", "kitchen", "tools"];

const PRODUCTS: i32 = 50;
/// Writes at a time.
const TOGETHER: usize = 64;
/// Items of one partition.
const BUCKET: i32 = 1_000;

fn products(
    statements: &Statements,
) -> impl Iterator<Item = Result<tower_cassandra::Statement, Error>> + use<'_> {
    (0..PRODUCTS).map(|id| {
        let category = CATEGORIES[id as usize % CATEGORIES.len()];
        let price = f64::from(id * 37 % 500) + 0.99;
        let values = (category, id, format!("product {id}"), price, id * 7 % 100);
        statements
            .insert_product
            .bind(values)
            .map(|insert| insert.idempotent(true))
    })
}

/// The last one comes by itself, behind the others: where it is, all are.
fn item(statements: &Statements, n: i32) -> Result<tower_cassandra::Statement, Error> {
    let values = (n / BUCKET, n % BUCKET, format!("item {n}"), "x".repeat(100));
    statements
        .insert_item
        .bind(values)
        .map(|insert| insert.idempotent(true))
}

/// Writes what is not there.
pub(crate) async fn write(session: &Session, statements: &Statements, items: u32) -> Result<(), Error> {
    let one = |error: tower_cassandra::BulkError| match error.failures().first() {
        Some((_, error)) => Err(error.clone()),
        None => Ok(()),
    };
    if let Err(error) = session
        .execute_many(products(statements))
        .concurrency(TOGETHER)
        .run()
        .await
    {
        one(error)?;
    }
    let Some(last) = i32::try_from(items).ok().and_then(|items| items.checked_sub(1)) else {
        return Ok(());
    };
    let found = statements.item.bind((last / BUCKET, last % BUCKET))?;
    if !session.execute(found).await?.is_empty() {
        return Ok(());
    }
    let rows = (0..last).map(|n| item(statements, n));
    if let Err(error) = session.execute_many(rows).concurrency(TOGETHER).run().await {
        one(error)?;
    }
    session.execute(item(statements, last)?).await?;
    Ok(())
}
