//! A table as a CSV file: 5,000 products, a line each and one for the names of the columns.
//!
//! ```sh
//! EXAMPLE_OUTPUT_DIR=export cargo run --release --example export_large_table
//! ```

mod support;

use std::process::ExitCode;

use support::{Place, Result, check, result, run};
use tower_cassandra::StreamOptions;

const PRODUCTS: i32 = 5_000;
const COLUMNS: [&str; 4] = ["id", "name", "price", "in_stock"];

type Product = (i32, String, f64, bool);

#[tokio::main]
async fn main() -> ExitCode {
    run("export_large_table", work).await
}

fn product(id: i32) -> Product {
    // Commas and quotes belong into a CSV file as well.
    let name = format!("Product {id}, \"size {}\"", id % 12);
    (id, name, f64::from(id) * 0.25, id % 3 != 0)
}

async fn work(place: &Place) -> Result<()> {
    let session = &place.session;
    session
        .execute("CREATE TABLE products (id int PRIMARY KEY, name text, price double, in_stock boolean)")
        .await?;
    let insert = session
        .prepare("INSERT INTO products (id, name, price, in_stock) VALUES (?, ?, ?, ?)")
        .await?;
    place
        .write_all((0..PRODUCTS).map(|id| insert.bind(product(id))))
        .await?;

    let path = place.file("products.csv");
    let mut file = csv::Writer::from_path(&path)?;
    file.write_record(COLUMNS)?;
    let options = StreamOptions::new()
        .page_size(5_000)
        .on_page(|page| println!("exported: {} rows in {} pages", page.rows, page.number));
    let mut rows = session.stream_with::<Product>("SELECT id, name, price, in_stock FROM products", options);
    while let Some(row) = rows.next().await {
        let (id, name, price, in_stock) = row?;
        file.write_record([id.to_string(), name, price.to_string(), in_stock.to_string()])?;
    }
    file.flush()?;

    let lines = std::fs::read_to_string(&path)?.lines().count();
    check(lines == PRODUCTS as usize + 1, format!("{lines} lines"))?;
    let mut read: Vec<Product> = Vec::new();
    for record in csv::Reader::from_path(&path)?.records() {
        let record = record?;
        let field = |at: usize| record.get(at).unwrap_or_default();
        read.push((
            field(0).parse()?,
            field(1).to_owned(),
            field(2).parse()?,
            field(3).parse()?,
        ));
    }
    read.sort_by_key(|(id, ..)| *id);
    check(
        read.into_iter().eq((0..PRODUCTS).map(product)),
        "the file differs from the table",
    )?;
    result("rows_exported", rows.handle().rows());
    result("csv_lines", lines);
    Ok(())
}
