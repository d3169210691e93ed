//! Large results: which way of reading (and writing) is for what.
//!
//! | you have | take | memory |
//! |---|---|---|
//! | a row, or some hundred | [`execute`](crate::Session::execute): all pages, one after the other | the whole result; [`max_rows`](crate::Statement::max_rows) and [`max_bytes`](crate::Statement::max_bytes) end it with an error |
//! | more rows than fit into memory | [`stream`](crate::Session::stream) | one page, two with `prefetch(1)` |
//! | work on whole pages: files, batches | [`pages`](crate::Session::pages) | the same |
//! | a web page with *next* | [`execute_page`](crate::Session::execute_page), and [`PageState`](crate::PageState) as bytes in between | one page |
//! | a whole table | [`scan_table`](crate::Session::scan_table): token ranges in parallel, can go on after a crash | one page for each range read at a time |
//! | many statements | [`execute_many`](crate::Session::execute_many): so many at a time, holds the producer back | what is under way |
//!
//! ```no_run
//! use tower_cassandra::{Session, Statement};
//!
//! # async fn example(session: Session) -> Result<(), tower_cassandra::Error> {
//! let mut rows = session.stream::<(i32, String)>(Statement::streaming("SELECT id, name FROM shop.users"));
//! while let Some((id, name)) = rows.next().await.transpose()? {
//!     println!("{id}: {name}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Dropping a stream ends it; nothing has to be closed. What all streams have in common (each page is a call, cancelling, going on later) stands in
//! [`stream`](crate::stream), what a scan promises in [`scan`](crate::scan), and how many statements run at a time in [`bulk`](crate::bulk).
//!
//! # Time
//!
//! | limit | of a stream |
//! |---|---|
//! | [`page_timeout`](crate::StreamOptions::page_timeout), by default the call limit | each page by itself, so a stream may run for hours |
//! | [`deadline`](crate::StreamOptions::deadline), by default none | the whole, with the time that you take |
//!
//! A page that fails is retried by itself with the same paging state: no row is lost and none comes twice.
//!
//! # A slow consumer
//!
//! Nothing is read that there is no room for, and between two pages a stream holds neither permit nor connection: a consumer that stops for an hour costs one page of memory. Between
//! pages others may write: a stream is not a snapshot.
//!
//! # Sizes
//!
//! 1,000 rows in a page of a stream, 5,000 in one of `execute`. A page should be some 100 kB to 1 MB: rows of 10 kB want
//! [`page_size(100)`](crate::StreamOptions::page_size). The server may give less, and an empty page is not the end.
//!
//! To run: `--example streaming_basic`, `realtime_processing`, `export_table`, and `-p export-parquet`.
