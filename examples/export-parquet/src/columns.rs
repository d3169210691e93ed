//! Rows to columns and back.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, TimestampMillisecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use tower_cassandra::scylla;
use tower_cassandra::scylla::value::CqlTimestamp;
use tower_cassandra::scylla::{DeserializeRow, SerializeRow};

use crate::support::Result;

/// A row, by the names of its columns.
#[derive(Clone, Debug, PartialEq, SerializeRow, DeserializeRow)]
#[scylla(crate = "scylla")]
pub(crate) struct Reading {
    pub(crate) id: i32,
    pub(crate) sensor: String,
    pub(crate) at: CqlTimestamp,
    pub(crate) celsius: f64,
    pub(crate) count: i64,
    pub(crate) good: bool,
    pub(crate) note: Option<String>,
}

pub(crate) const fn timestamp(millis: i64) -> CqlTimestamp {
    CqlTimestamp(millis)
}

pub(crate) fn schema() -> Arc<Schema> {
    let column = |name: &str, of: DataType| Field::new(name, of, false);
    Arc::new(Schema::new(vec![
        column("id", DataType::Int32),
        column("sensor", DataType::Utf8),
        column(
            "at",
            DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        ),
        column("celsius", DataType::Float64),
        column("count", DataType::Int64),
        column("good", DataType::Boolean),
        Field::new("note", DataType::Utf8, true),
    ]))
}

pub(crate) fn batch(rows: &[Reading]) -> Result<RecordBatch> {
    let at = TimestampMillisecondArray::from_iter_values(rows.iter().map(|row| row.at.0));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.id))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.sensor))),
        Arc::new(at.with_timezone("UTC")),
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.celsius))),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.count))),
        Arc::new(rows.iter().map(|row| Some(row.good)).collect::<BooleanArray>()),
        Arc::new(
            rows.iter()
                .map(|row| row.note.as_deref())
                .collect::<StringArray>(),
        ),
    ];
    Ok(RecordBatch::try_new(schema(), columns)?)
}

pub(crate) fn readings(batch: &RecordBatch) -> Result<Vec<Reading>> {
    let column = |name: &str| {
        batch
            .column_by_name(name)
            .ok_or_else(|| format!("no column {name}"))
    };
    let (id, sensor) = (
        column("id")?.as_primitive::<Int32Type>(),
        column("sensor")?.as_string::<i32>(),
    );
    let at = column("at")?.as_primitive::<TimestampMillisecondType>();
    let celsius = column("celsius")?.as_primitive::<Float64Type>();
    let count = column("count")?.as_primitive::<Int64Type>();
    let (good, note) = (column("good")?.as_boolean(), column("note")?.as_string::<i32>());
    Ok((0..batch.num_rows())
        .map(|row| Reading {
            id: id.value(row),
            sensor: sensor.value(row).to_owned(),
            at: timestamp(at.value(row)),
            celsius: celsius.value(row),
            count: count.value(row),
            good: good.value(row),
            note: note.is_valid(row).then(|| note.value(row).to_owned()),
        })
        .collect())
}
