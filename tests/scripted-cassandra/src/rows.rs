//! Answers with rows, and how they are written.

use crate::schema::Table;
use crate::types::Type;
use crate::value::Value;
use crate::wire::Put;

/// Columns and rows of an answer that a script gives.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub(crate) columns: Vec<(String, Type)>,
    pub(crate) rows: Vec<Vec<Value>>,
    pub(crate) binds: Vec<(String, Type)>,
}

impl Rows {
    /// No rows of these columns.
    #[must_use]
    pub fn new<N: Into<String>>(columns: impl IntoIterator<Item = (N, Type)>) -> Self {
        Self {
            columns: columns.into_iter().map(|(name, of)| (name.into(), of)).collect(),
            ..Self::default()
        }
    }

    /// Adds a row, whose values must be of the types of the columns.
    #[must_use]
    pub fn row<V: Into<Value>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.rows.push(values.into_iter().map(Into::into).collect());
        self
    }

    /// Adds the next marker of the statement, for one whose table is not declared.
    #[must_use]
    pub fn bind(mut self, name: impl Into<String>, of: Type) -> Self {
        self.binds.push((name.into(), of));
        self
    }
}

/// The result columns of a statement.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    count: usize,
    /// Table and columns as in a ROWS frame after the paging state.
    encoded: Vec<u8>,
}

const GLOBAL: i32 = 0x01;
const MORE: i32 = 0x02;
const NO_METADATA: i32 = 0x04;

impl Output {
    pub(crate) fn new<'a>(
        keyspace: &str,
        table: &str,
        columns: impl IntoIterator<Item = (&'a str, &'a Type)>,
    ) -> Self {
        let mut encoded = Vec::new();
        encoded.put_string(keyspace);
        encoded.put_string(table);
        let mut count = 0;
        for (name, of) in columns {
            encoded.put_string(name);
            of.write(&mut encoded);
            count += 1;
        }
        Self { count, encoded }
    }

    pub(crate) fn of_rows(rows: &Rows, table: Option<&Table>) -> Self {
        let (keyspace, name) = table.map_or(("scripted", "rows"), |table| (&table.keyspace, &table.name));
        Self::new(
            keyspace,
            name,
            rows.columns.iter().map(|(name, of)| (name.as_str(), of)),
        )
    }

    /// Table and columns alone, as after the markers of a PREPARED answer.
    pub(crate) fn write_columns(&self, out: &mut Vec<u8>) {
        out.put(&self.encoded);
    }

    /// The metadata of a PREPARED answer.
    pub(crate) fn write_metadata(&self, out: &mut Vec<u8>) {
        out.put_i32(GLOBAL);
        out.put_count(self.count);
        out.put(&self.encoded);
    }

    /// The metadata of a PREPARED answer without result columns.
    pub(crate) fn write_none(out: &mut Vec<u8>) {
        out.put_i32(NO_METADATA);
        out.put_i32(0);
    }

    /// A ROWS result: what comes before the rows. The rows follow, each value as bytes.
    pub(crate) fn write_head(&self, out: &mut Vec<u8>, paging_state: Option<&[u8]>, rows: usize) {
        out.put_i32(2);
        let more = if paging_state.is_some() { MORE } else { 0 };
        out.put_i32(GLOBAL | more);
        out.put_count(self.count);
        if let Some(state) = paging_state {
            out.put_bytes(Some(state));
        }
        out.put(&self.encoded);
        out.put_count(rows);
    }
}

/// How much of a result is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Page<'a> {
    pub(crate) size: Option<i32>,
    pub(crate) state: Option<&'a [u8]>,
}

impl Page<'_> {
    /// The rows of this page out of `total`, and the state for the next one if there is one.
    pub(crate) fn cut(self, total: usize) -> (std::ops::Range<usize>, Option<[u8; 8]>) {
        let number = self.state.and_then(|state| state.try_into().ok());
        let start = number.map_or(0, u64::from_be_bytes);
        let start = usize::try_from(start).unwrap_or(total).min(total);
        let size = self.size.filter(|size| *size > 0);
        let size = size.map_or(total, |size| usize::try_from(size).unwrap_or(total));
        let end = start.saturating_add(size).min(total);
        let next = (end < total).then(|| (end as u64).to_be_bytes());
        (start..end, next)
    }
}

pub(crate) fn write_rows(out: &mut Vec<u8>, output: &Output, rows: &[Vec<Value>], page: Page<'_>) {
    let (range, next) = page.cut(rows.len());
    output.write_head(out, next.as_ref().map(<[u8; 8]>::as_slice), range.len());
    for row in &rows[range] {
        for value in row {
            out.put_bytes(value.bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let page = |size, state| Page { size, state };
        assert_eq!(page(None, None).cut(5), (0..5, None));
        let (first, state) = page(Some(2), None).cut(5);
        assert_eq!((first, state), (0..2, Some(2_u64.to_be_bytes())));
        let last = page(Some(3), state.as_ref().map(<[u8; 8]>::as_slice)).cut(5);
        assert_eq!(last, (2..5, None));
        assert_eq!(page(Some(2), Some(&[9, 9])).cut(1), (0..1, None));
    }
}
