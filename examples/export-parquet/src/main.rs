//! A table as Parquet files, page by page: 12,000 readings, once with each of the codecs Snappy, gzip and LZ4, read back and compared value by value.
//!
//! ```sh
//! EXAMPLE_OUTPUT_DIR=parquet cargo run --release -p export-parquet
//! ```

#[path = "../../support/mod.rs"]
mod support;

mod columns;

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use columns::{Reading, batch, readings, schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, GzipLevel};
use parquet::file::properties::WriterProperties;
use support::{Place, Result, check, result, run};
use tower_cassandra::StreamOptions;

const ROWS: i32 = 12_000;

#[tokio::main]
async fn main() -> ExitCode {
    run("export_to_parquet", work).await
}

/// With every kind of value, and some missing.
fn reading(id: i32) -> Reading {
    Reading {
        id,
        sensor: format!("sensor {}", id % 40),
        at: columns::timestamp(1_700_000_000_000 + i64::from(id) * 1_000),
        celsius: f64::from(id % 500) / 10.0 - 10.0,
        count: i64::from(id) << 32,
        good: id % 7 != 0,
        note: (id % 3 == 0).then(|| format!("note {id}")),
    }
}

async fn work(place: &Place) -> Result<()> {
    let session = &place.session;
    session
        .execute(
            "CREATE TABLE readings (id int PRIMARY KEY, sensor text, at timestamp, celsius double, count bigint, good boolean, note text)",
        )
        .await?;
    let insert = session
        .prepare(
            "INSERT INTO readings (id, sensor, at, celsius, count, good, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .await?;
    let rows = (0..ROWS).map(|id| insert.bind(reading(id)));
    result("rows_written", place.write_all(rows).await?);

    let codecs = [
        ("snappy", Compression::SNAPPY),
        ("gzip", Compression::GZIP(GzipLevel::default())),
        ("lz4", Compression::LZ4_RAW),
    ];
    for (name, codec) in codecs {
        let path = place.file(format!("readings.{name}.parquet"));
        let rows = export(place, &path, codec).await?;
        check(rows == ROWS as usize, format!("{name}: {rows} rows"))?;
        compare(&path, codec)?;
        result(&format!("{name}_rows"), rows);
        result(&format!("{name}_bytes"), std::fs::metadata(&path)?.len());
    }
    result("types_preserved", true);
    Ok(())
}

/// A row group per page: no more than a page is in memory.
async fn export(place: &Place, path: &Path, codec: Compression) -> Result<usize> {
    let properties = WriterProperties::builder().set_compression(codec).build();
    let mut file = ArrowWriter::try_new(File::create(path)?, schema(), Some(properties))?;
    let mut pages = place.session.pages_with(
        "SELECT id, sensor, at, celsius, count, good, note FROM readings",
        StreamOptions::new().page_size(5_000).prefetch(1),
    );
    while let Some(page) = pages.next().await {
        file.write(&batch(&page?.rows::<Reading>()?)?)?;
        file.flush()?;
    }
    let written = file.close()?;
    Ok(usize::try_from(written.file_metadata().num_rows())?)
}

fn compare(path: &Path, codec: Compression) -> Result<()> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
    let used = reader.metadata().row_group(0).column(0).compression();
    check(
        std::mem::discriminant(&used) == std::mem::discriminant(&codec),
        format!("compressed by {used}"),
    )?;
    check(reader.schema().fields() == schema().fields(), "the types differ")?;
    let mut read = Vec::new();
    for batch in reader.build()? {
        read.extend(readings(&batch?)?);
    }
    read.sort_by_key(|reading| reading.id);
    check(read.into_iter().eq((0..ROWS).map(reading)), "the values differ")
}
