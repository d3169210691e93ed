use std::collections::BTreeMap;

use scripted_cassandra::{Action, Consistency, ErrorFrame};
use tower_cassandra::{ErrorKind, StreamOptions};

use super::forged::{ALL, Result, all, asking};
use super::read_ids;
use crate::support::{Bed, ms};

async fn ids(bed: &Bed, options: StreamOptions) -> Vec<i32> {
    let mut rows = bed.session.stream_with::<(i32, String)>(all(), options);
    let mut ids = Vec::new();
    read_ids(&mut rows, &mut ids).await;
    assert_eq!(rows.handle().rows(), ids.len() as u64);
    assert!(rows.paging_state().is_none());
    ids
}

#[tokio::test]
async fn a_page_that_is_retried_is_asked_for_with_the_same_state() {
    for prefetch in [0, 1] {
        let bed = Bed::make(1).await;
        // The rule made first decides first: it has to come before the pages.
        let unavailable = ErrorFrame::unavailable(Consistency::QUORUM, 2, 1);
        bed.cluster.on(asking()).after(3).times(2).then(unavailable);
        Result::of(100).serve(&bed.cluster);
        let options = StreamOptions::new().page_size(10).prefetch(prefetch);
        assert!(ids(&bed, options).await.into_iter().eq(0..100));
        let mut asked: BTreeMap<_, u32> = BTreeMap::new();
        for frame in bed.frames() {
            *asked.entry(frame.paging_state).or_default() += 1;
        }
        assert_eq!(asked.len(), 10);
        let mut times: Vec<u32> = asked.into_values().collect();
        times.sort_unstable();
        assert_eq!(times, [1, 1, 1, 1, 1, 1, 1, 1, 1, 3], "prefetch {prefetch}");
        bed.at_rest().await;
    }
}

#[tokio::test]
async fn empty_pages_in_the_middle_are_passed_over() {
    let bed = Bed::make(1).await;
    let pages = Result {
        empty: 3,
        ..Result::of(50)
    };
    pages.serve(&bed.cluster);
    assert!(
        ids(&bed, StreamOptions::new().page_size(10))
            .await
            .into_iter()
            .eq(0..50)
    );
    // The pages of a page stream are all there.
    let mut sizes = Vec::new();
    let mut pages = bed.session.pages_with(all(), StreamOptions::new().page_size(10));
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert_eq!(page.len(), page.rows::<(i32, String)>().unwrap().len());
        sizes.push(page.len());
    }
    assert_eq!(sizes, [10, 10, 0, 10, 10, 0, 10]);
    assert_eq!((pages.handle().pages(), pages.handle().rows()), (7, 50));
    bed.at_rest().await;
}

#[tokio::test]
async fn an_error_that_comes_before_the_first_look_is_the_first_item() {
    for prefetch in [0, 1] {
        let bed = Bed::make(1).await;
        bed.cluster.on(asking()).then(ErrorFrame::invalid("why"));
        let options = StreamOptions::new().prefetch(prefetch);
        let mut rows = bed.session.stream_with::<(i32, String)>(all(), options);
        let error = rows.next().await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Invalid, Some("why")));
        assert!(rows.next().await.is_none());
        assert!(rows.next().await.is_none());
        // The place is still there: the first row.
        assert!(rows.paging_state().unwrap().is_start());
        bed.at_rest().await;
    }
}

#[tokio::test]
async fn after_an_error_it_goes_on_where_it_was() {
    for prefetch in [0, 1] {
        let bed = Bed::with(1, |client| client.no_retry()).await;
        bed.cluster
            .on(asking())
            .after(4)
            .times(1)
            .then(ErrorFrame::overloaded("enough"));
        Result::of(100).serve(&bed.cluster);
        let options = || StreamOptions::new().page_size(10).prefetch(prefetch);
        let mut rows = bed.session.stream_with::<(i32, String)>(all(), options());
        let mut ids = Vec::new();
        let error = loop {
            match rows.next().await.unwrap() {
                Ok((id, _)) => ids.push(id),
                Err(error) => break error,
            }
        };
        assert_eq!((error.kind(), ids.len()), (ErrorKind::Overloaded, 40));
        let state = rows.paging_state().unwrap();
        let mut rows = bed
            .session
            .stream_with::<(i32, String)>(all(), options().resume_from(state));
        read_ids(&mut rows, &mut ids).await;
        assert!(ids.into_iter().eq(0..100));
        bed.at_rest().await;
    }
}

#[tokio::test]
async fn streams_of_one_statement_with_other_page_sizes_do_not_disturb_each_other() {
    let bed = Bed::make(1).await;
    Result::of(60).serve(&bed.cluster);
    let statement = all();
    let stream = |size| {
        let options = StreamOptions::new().page_size(size);
        bed.session.stream_with::<(i32, String)>(&statement, options)
    };
    let (mut small, mut large) = (stream(7), stream(13));
    let (mut of_small, mut of_large) = (Vec::new(), Vec::new());
    loop {
        match (small.next().await, large.next().await) {
            (None, None) => break,
            (one, other) => {
                of_small.extend(one.map(|row| row.unwrap().0));
                of_large.extend(other.map(|row| row.unwrap().0));
            }
        }
    }
    assert!(of_small.into_iter().eq(0..60) && of_large.into_iter().eq(0..60));
    let sizes: Vec<i32> = bed.frames().iter().filter_map(|frame| frame.page_size).collect();
    let times = |size| sizes.iter().filter(|it| **it == size).count();
    assert_eq!((times(7), times(13), sizes.len()), (9, 5, 14));
    // Where nobody says anything: 1,000 for streams, and the statement as it was.
    bed.clear();
    Result::of(60).serve(&bed.cluster);
    assert!(ids(&bed, StreamOptions::new()).await.into_iter().eq(0..60));
    bed.session.execute(&statement).await.unwrap();
    let sizes: Vec<_> = bed.frames().iter().map(|frame| frame.page_size).collect();
    assert_eq!(sizes, [Some(1_000), Some(5_000)]);
    bed.at_rest().await;
}

#[tokio::test]
async fn every_page_is_a_call_of_its_own() {
    let bed = Bed::with(1, |client| client.concurrency_limit(1)).await;
    Result::of(30).serve(&bed.cluster);
    let options = || StreamOptions::new().page_size(10);
    let mut rows = bed.session.stream_with::<(i32, String)>(all(), options());
    rows.next().await.unwrap().unwrap();
    // Between two pages the only permit is free.
    assert_eq!(bed.session.running(), 0);
    bed.session.execute(ALL).await.unwrap();
    // A limit of one page, shorter than a page takes: `Timeout`, and the place is kept.
    bed.cluster.clear_rules();
    bed.cluster.on(asking()).then(Action::Silence);
    let options = options().page_timeout(ms(50));
    let mut late = bed.session.stream_with::<(i32, String)>(all(), options);
    let error = late.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    bed.hang_up().await;
    bed.at_rest().await;
}
