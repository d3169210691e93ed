use tower_cassandra::{ErrorKind, StreamOptions};

use super::forged::{Result, all};
use super::read_ids;
use crate::support::Bed;

#[tokio::test]
async fn options_that_make_no_sense_are_the_first_item_and_nothing_is_sent() {
    let bed = Bed::make(1).await;
    let cases = [
        (StreamOptions::new().page_size(0), ErrorKind::Invalid, "page size"),
        (
            StreamOptions::new().page_size(u32::MAX),
            ErrorKind::Invalid,
            "page size",
        ),
        (StreamOptions::new().max_pages(0), ErrorKind::Config, "max_pages"),
        (StreamOptions::new().prefetch(2), ErrorKind::Config, "prefetch"),
    ];
    for (options, kind, named) in cases {
        let mut rows = bed.session.stream_with::<(i32, String)>(all(), options);
        let error = rows.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(named), "{error}");
        assert!(rows.next().await.is_none());
    }
    assert!(bed.frames().is_empty());
    bed.at_rest().await;
}

#[tokio::test]
async fn it_ends_after_max_pages_and_can_go_on() {
    for prefetch in [0, 1] {
        let bed = Bed::make(1).await;
        Result::of(100).serve(&bed.cluster);
        let options = || StreamOptions::new().page_size(10).prefetch(prefetch);
        let mut rows = bed
            .session
            .stream_with::<(i32, String)>(all(), options().max_pages(3));
        let mut ids = Vec::new();
        read_ids(&mut rows, &mut ids).await;
        assert_eq!((ids.len(), rows.handle().pages(), bed.frames().len()), (30, 3, 3));
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
async fn a_row_that_does_not_fit_the_type_ends_it() {
    let bed = Bed::make(1).await;
    Result::of(20).serve(&bed.cluster);
    let mut rows = bed.session.stream::<(i32, i64)>(all());
    let error = rows.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(rows.next().await.is_none());
    assert!(rows.paging_state().unwrap().is_start());
    bed.at_rest().await;
}

#[tokio::test]
async fn caps_of_the_statement_hold_over_all_pages() {
    let bed = Bed::make(1).await;
    Result::of(100).serve(&bed.cluster);
    let options = StreamOptions::new().page_size(10);
    let mut rows = bed
        .session
        .stream_with::<(i32, String)>(all().max_rows(25), options);
    let mut given = 0;
    let error = loop {
        match rows.next().await.unwrap() {
            Ok(_) => given += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((error.kind(), given), (ErrorKind::Invalid, 20));
    bed.at_rest().await;
}
