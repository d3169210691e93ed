//! One session for several runtimes, as in a program whose threads have one each.

use std::sync::{Arc, Barrier};

use scripted_cassandra::{Action, Match, Opcode};
use tokio::runtime::{Builder, Runtime};
use tower_cassandra::{
    Applied, ClusterBuilder, Error, ErrorKind, Response, Session, Statement, StreamOptions,
};

use crate::support::{Bed, INSERT, PATIENCE, SELECT, until};

fn home() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

fn small() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Writes and reads, and streams what all wrote when all have.
async fn work(session: &Session, first: i32, all: &Barrier) {
    for id in first..first + 100 {
        session.query(INSERT, (id, "v")).await.unwrap();
        let response = session.query(SELECT, (id,)).await.unwrap();
        assert_eq!(response.one::<(i32, &str)>().unwrap(), Some((id, "v")));
    }
    all.wait();
    let options = StreamOptions::new().page_size(20).prefetch(1);
    let mut rows = session.stream_with::<(i32, String)>("SELECT id, v FROM ks.t", options);
    let mut ids = Vec::new();
    while let Some(row) = rows.next().await {
        ids.push(row.unwrap().0);
    }
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..300));
}

#[test]
fn a_session_serves_several_runtimes_at_once() {
    let home = home();
    let bed = home.block_on(Bed::make(3));
    let all = Arc::new(Barrier::new(3));
    let threads = [0, 100, 200].map(|first| {
        let (session, all) = (bed.session.clone(), Arc::clone(&all));
        std::thread::spawn(move || small().block_on(work(&session, first, &all)))
    });
    for thread in threads {
        thread.join().unwrap();
    }
    // They have ended, and the session has not.
    home.block_on(bed.at_rest());
}

#[test]
fn a_prepare_that_ends_with_its_runtime_is_begun_anew_by_those_who_wait() {
    let home = home();
    let patient = |client: ClusterBuilder| client.timeout(PATIENCE).attempt_timeout(PATIENCE / 2);
    let bed = home.block_on(Bed::with(1, patient));
    bed.cluster
        .on(Match::opcode(Opcode::Prepare))
        .times(1)
        .then(Action::Silence);
    let first = small();
    let waiting = first.block_on(async {
        let begun = bed.session.prepare(SELECT);
        tokio::pin!(begun);
        tokio::select! {
            result = &mut begun => panic!("{result:?}"),
            () = until("it was sent", || bed.cluster.ledger().count(Opcode::Prepare, SELECT) == 1) => {}
        }
        // Also one that only has the text.
        let session = bed.session.clone();
        let prepare = home.spawn({
            let session = session.clone();
            async move { session.prepare(SELECT).await.map(drop) }
        });
        let query = home.spawn(async move { session.query(SELECT, (1,)).await.map(drop) });
        until("both wait for it", || bed.session.prepared_cache().shared == 2).await;
        [prepare, query]
    });
    drop(first);
    for waiting in waiting {
        home.block_on(waiting).unwrap().unwrap();
    }
    assert_eq!(bed.cluster.ledger().count(Opcode::Prepare, SELECT), 2);
    let cache = bed.session.prepared_cache();
    assert_eq!((cache.entries, cache.in_flight), (1, 0), "{cache:?}");
    home.block_on(async {
        bed.hang_up().await;
        bed.at_rest().await;
    });
}

#[tokio::test]
async fn a_service_that_panics_while_it_prepares_is_an_error_of_all_who_wait() {
    let session = Session::from_service(tower::service_fn(
        async |_: Statement| -> Result<Response, Error> { panic!("on purpose") },
    ));
    let (one, other) = tokio::join!(session.prepare(SELECT), session.query(SELECT, (1,)));
    for error in [one.map(drop).unwrap_err(), other.map(drop).unwrap_err()] {
        assert_eq!(
            (error.kind(), error.applied()),
            (ErrorKind::Internal, Applied::No)
        );
    }
    let cache = session.prepared_cache();
    assert_eq!((cache.in_flight, cache.misses), (0, 1), "{cache:?}");
}
