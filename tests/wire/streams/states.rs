use tower_cassandra::{ErrorKind, PageState, Statement, StreamOptions};

use super::forged::{ALL, Result, all};
use super::read_ids;
use crate::support::{Bed, SELECT};

#[tokio::test]
async fn a_page_at_a_time_also_from_another_session() {
    let bed = Bed::make(1).await;
    Result::of(25).serve(&bed.cluster);
    let other = crate::support::client(&bed.cluster).connect().await.unwrap();
    let (mut cursor, mut ids, mut pages) = (Some(PageState::start().to_bytes()), Vec::new(), 0);
    while let Some(bytes) = cursor {
        // A session that knows nothing of the other, as in another process.
        let session = if pages % 2 == 0 { &bed.session } else { &other };
        let from = PageState::from_bytes(&bytes).unwrap();
        let page = session.execute_page(all().page_size(10), from).await.unwrap();
        ids.extend(
            page.rows::<(i32, String)>()
                .unwrap()
                .into_iter()
                .map(|(id, _)| id),
        );
        pages += 1;
        cursor = page.next().map(PageState::to_bytes);
    }
    assert_eq!(pages, 3);
    assert!(ids.into_iter().eq(0..25));
    bed.at_rest().await;
}

#[tokio::test]
async fn in_the_middle_of_a_page_every_row_comes_once_whatever_the_page_size() {
    let bed = Bed::make(1).await;
    Result::of(100).serve(&bed.cluster);
    for (stop, size) in [
        (0, 10),
        (5, 10),
        (10, 10),
        (37, 10),
        (37, 3),
        (39, 100),
        (99, 7),
        (100, 7),
    ] {
        let mut rows = bed
            .session
            .stream_with::<(i32, String)>(all(), StreamOptions::new().page_size(10));
        let mut ids = Vec::new();
        while ids.len() < stop {
            ids.push(rows.next().await.unwrap().unwrap().0);
        }
        let Some(state) = rows.paging_state() else {
            assert_eq!(stop, 100);
            continue;
        };
        let state = PageState::from_bytes(&state.to_bytes()).unwrap();
        let options = StreamOptions::new().page_size(size).resume_from(state.clone());
        let mut rows = bed.session.stream_with::<(i32, String)>(all(), options);
        read_ids(&mut rows, &mut ids).await;
        assert!(ids.into_iter().eq(0..100), "stopped at {stop}, then {size}");
        // The whole page again, for those who would rather see a row twice.
        let options = StreamOptions::new()
            .page_size(10)
            .resume_from(state.at_page_start());
        let mut rows = bed.session.stream_with::<(i32, String)>(all(), options);
        let first = rows.next().await.unwrap().unwrap().0;
        assert_eq!(first as usize, stop / 10 * 10);
    }
    bed.at_rest().await;
}

#[tokio::test]
async fn a_state_of_another_statement_is_refused_before_anything_is_sent() {
    let bed = Bed::make(1).await;
    Result::of(25).serve(&bed.cluster);
    let page = bed
        .session
        .execute_page(all().page_size(10), PageState::start())
        .await
        .unwrap();
    let state = page.next().unwrap().clone();
    let select = bed.prepare(SELECT).await;
    bed.clear();
    let others = [
        Statement::new(format!("{ALL} LIMIT 50")),
        select.bind((1,)).unwrap(),
        Statement::with_values(SELECT, (1,)),
    ];
    for other in others {
        let error = bed.session.execute_page(&other, state.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("another statement"), "{error}");
        let options = StreamOptions::new().resume_from(state.clone());
        let mut rows = bed.session.stream_with::<(i32, String)>(other, options);
        assert_eq!(rows.next().await.unwrap().unwrap_err().kind(), ErrorKind::Invalid);
    }
    assert!(bed.frames().is_empty());
    bed.at_rest().await;
}

#[tokio::test]
async fn a_state_belongs_to_the_values_too() {
    const OF: &str = "SELECT id, v FROM ks.t WHERE id > ?";
    let bed = Bed::make(1).await;
    for id in 0..10 {
        let insert = Statement::with_values(crate::support::INSERT, (id, "v"));
        bed.session.execute(insert).await.unwrap();
    }
    let of = |id: i32| Statement::with_values(OF, (id,)).page_size(3);
    let page = bed.session.execute_page(of(1), PageState::start()).await.unwrap();
    let state = page.next().unwrap().clone();
    bed.session.execute_page(of(1), state.clone()).await.unwrap();
    let prepared = bed.prepare(OF).await.bind((1,)).unwrap().page_size(2);
    bed.session.execute_page(prepared, state.clone()).await.unwrap();
    let before = bed.frames().len();
    let error = bed.session.execute_page(of(2), state).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(bed.frames().len(), before);
    bed.at_rest().await;
}
