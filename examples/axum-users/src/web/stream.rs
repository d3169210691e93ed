//! Rows of the database as an answer, while they come: the memory is that of a page, however many there are.

use std::future::ready;
use std::pin::Pin;

use axum::body::{Body, Bytes};
use axum::http::header::ACCEPT;
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::stream::{self, Stream, StreamExt};
use serde::Serialize;
use tower_cassandra::{Error, StreamHandle};
use tracing::warn;

use crate::errors::ApiError;

/// How much is sent at a time.
const CHUNK: usize = 16 * 1024;

type Rows<T> = Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>;

/// How the rows are written.
pub(crate) enum Shape {
    /// One JSON value per line.
    Lines,
    /// One JSON array.
    Array,
    /// One JSON object, with the rows under this name, and behind them what the function makes of the number of rows and pages: members without braces.
    Object(&'static str, fn(rows: u64, pages: u64, page_size: u32) -> String),
}

impl Shape {
    /// Lines for who asks for them.
    pub(crate) fn asked(headers: &HeaderMap, otherwise: Self) -> Self {
        let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        match accept {
            Some(accept) if accept.contains("application/x-ndjson") => Self::Lines,
            _ => otherwise,
        }
    }
}

struct Writer<T> {
    rows: Rows<T>,
    handle: StreamHandle,
    page_size: u32,
    shape: Shape,
    next: Option<Result<T, Error>>,
    written: u64,
    buffer: Vec<u8>,
    over: bool,
}

impl<T: Serialize> Writer<T> {
    fn begin(&mut self) {
        match self.shape {
            Shape::Lines => {}
            Shape::Array => self.buffer.push(b'['),
            Shape::Object(name, _) => self
                .buffer
                .extend_from_slice(format!("{{\"{name}\":[").as_bytes()),
        }
    }

    fn row(&mut self, row: &T) {
        if !matches!(self.shape, Shape::Lines) && self.written > 0 {
            self.buffer.push(b',');
        }
        // Writing to memory what has only strings as keys does not fail.
        if let Err(error) = serde_json::to_writer(&mut self.buffer, row) {
            warn!(%error, "a row is left out");
        }
        if matches!(self.shape, Shape::Lines) {
            self.buffer.push(b'\n');
        }
        self.written += 1;
    }

    fn end(&mut self) {
        if !matches!(self.shape, Shape::Lines) {
            self.buffer.push(b']');
        }
        if let Shape::Object(_, tail) = self.shape {
            let tail = tail(self.written, self.handle.pages(), self.page_size);
            self.buffer.extend_from_slice(format!(",{tail}}}").as_bytes());
        }
        self.over = true;
    }

    /// The next piece. What is there is sent when nothing more is at hand.
    async fn piece(&mut self) -> Option<Result<Bytes, Error>> {
        while !self.over && self.buffer.len() < CHUNK {
            let next = match self.next.take() {
                Some(next) => Some(next),
                None => match self.rows.next().now_or_never() {
                    Some(next) => next,
                    None if self.buffer.is_empty() => self.rows.next().await,
                    None => break,
                },
            };
            match next {
                Some(Ok(row)) => self.row(&row),
                Some(Err(error)) => {
                    self.over = true;
                    self.buffer.clear();
                    return Some(Err(error));
                }
                None => self.end(),
            }
        }
        if self.buffer.is_empty() {
            return None;
        }
        Some(Ok(std::mem::take(&mut self.buffer).into()))
    }
}

/// Answers with rows. The first piece is waited for, so that a failure up to then has a status of its own. When the client goes away the server drops the
/// answer, and with it the query.
///
/// Pieces are made when the client has room for them, so that one that takes nothing holds the rows of two pages if `rows` read one ahead, and no permit; when
/// it has taken nothing for the time that `serve` allows its connection ends.
pub(crate) async fn answer_with_rows<T>(
    rows: impl Stream<Item = Result<T, Error>> + Send + 'static,
    handle: StreamHandle,
    page_size: u32,
    shape: Shape,
) -> Result<Response, ApiError>
where
    T: Serialize + Send + 'static,
{
    let mut rows: Rows<T> = Box::pin(rows);
    let next = rows.next().await.transpose()?.map(Ok);
    let kind = match shape {
        Shape::Lines => "application/x-ndjson",
        Shape::Array | Shape::Object(..) => "application/json",
    };
    let over = next.is_none();
    let mut writer = Writer {
        rows,
        handle,
        page_size,
        shape,
        next,
        written: 0,
        buffer: Vec::new(),
        over: false,
    };
    writer.begin();
    if over {
        writer.end();
    }
    let first = writer.piece().await.transpose()?.unwrap_or_default();
    if writer.over {
        // With its length.
        return Ok(([(CONTENT_TYPE, kind)], first).into_response());
    }
    let rest = stream::unfold(writer, |mut writer| async move {
        let piece = writer.piece().await?;
        if let Err(error) = &piece {
            // The head is gone: all that is left is to break off, which every client notices.
            tower_cassandra::axum::log(error);
            warn!(rows = writer.written, "an answer breaks off");
        }
        Some((piece, writer))
    });
    let pieces = stream::once(ready(Ok(first))).chain(rest);
    Ok(([(CONTENT_TYPE, kind)], Body::from_stream(pieces)).into_response())
}
