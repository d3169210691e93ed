//! Streams, scans and bulks that are under way.

use futures_util::FutureExt;
use tower_cassandra::bulk::Iter;
use tower_cassandra::{ErrorKind, ExecuteMany, PageStream, RowStream, Session, StreamOptions, TableScan};

const TEXT: &str = "SELECT id, v FROM t";

type Row = (i32, String);

/// One of each, begun and not at its end.
pub(crate) struct Open {
    /// Without reading ahead, and with.
    pub(crate) rows: [RowStream<Row>; 2],
    pages: PageStream,
    scan: TableScan<Row>,
    many: ExecuteMany<Iter<std::iter::Repeat<&'static str>>>,
}

impl Open {
    pub(crate) async fn begin(session: &Session) -> Self {
        let options = |prefetch| {
            let options = StreamOptions::new().page_size(10).prefetch(prefetch);
            options.on_page(|page| assert!(page.rows <= 10))
        };
        let scan = session.scan_table("t").columns(["id", "v"]).page_size(10);
        let mut open = Self {
            rows: [0, 1].map(|prefetch| session.stream_with(TEXT, options(prefetch))),
            pages: session.pages_with(TEXT, options(0)),
            scan: scan.concurrency(4).start().await.unwrap(),
            many: session.execute_many(std::iter::repeat(TEXT)).concurrency(4),
        };
        for rows in &mut open.rows {
            // One page to its end, so that the next look is for another.
            for _ in 0..10 {
                rows.next().await.unwrap().unwrap();
            }
        }
        open.pages.next().await.unwrap().unwrap();
        open.scan.next().await.unwrap().unwrap();
        open.many.next().await.unwrap().result.unwrap();
        open
    }

    /// Asks once for what comes next, and does not wait for it.
    pub(crate) fn look(&mut self) {
        for rows in &mut self.rows {
            let _ = rows.next().now_or_never();
        }
        let _ = self.pages.next().now_or_never();
        let _ = self.scan.next().now_or_never();
        let _ = self.many.next().now_or_never();
    }

    pub(crate) fn close(&mut self, session: &Session) {
        self.rows.iter_mut().for_each(RowStream::close);
        self.pages.close();
        self.scan.close();
        // It has no end but its own.
        self.many = session.execute_many(std::iter::repeat(TEXT));
    }

    pub(crate) async fn cancel(&mut self) {
        for rows in &mut self.rows {
            rows.handle().cancel();
            assert!(rows.next().await.is_none());
        }
        self.pages.handle().cancel();
        assert!(self.pages.next().await.is_none());
        self.scan.handle().cancel();
        assert!(self.scan.next().await.is_none());
        self.stop_many().await;
    }

    /// What is under way ends by itself.
    pub(crate) async fn stop_many(&mut self) {
        self.many.progress().stop();
        while let Some(item) = self.many.next().await {
            item.result.unwrap();
        }
    }

    /// What was read is given out; then each says that the session is closed.
    pub(crate) async fn say_closed(&mut self) {
        for rows in &mut self.rows {
            closed(async || rows.next().await.map(|row| row.err().map(|error| error.kind()))).await;
        }
        closed(async || {
            self.pages
                .next()
                .await
                .map(|page| page.err().map(|error| error.kind()))
        })
        .await;
        closed(async || {
            self.scan
                .next()
                .await
                .map(|row| row.err().map(|error| error.kind()))
        })
        .await;
        while let Some(item) = self.many.next().await {
            if let Err(error) = item.result {
                assert_eq!(error.kind(), ErrorKind::Closed);
            }
        }
    }
}

/// The end is an error that says so, and not as if there were no more rows.
async fn closed(mut next: impl AsyncFnMut() -> Option<Option<ErrorKind>>) {
    loop {
        match next().await {
            Some(None) => {}
            Some(Some(kind)) => break assert_eq!(kind, ErrorKind::Closed),
            None => panic!("ended without an error"),
        }
    }
}
