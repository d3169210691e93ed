//! Users as they are read.

use tokio::time::{Instant, sleep};
use tonic_users::pb::{CreateUserRequest, ListUsersRequest};

use crate::support::{Bed, PATIENCE, ms, until};

/// So much per user that a page is more than a client's window takes.
const NAME: usize = 1_000;
const USERS: u32 = 2_000;
const PAGE: u32 = 20;

async fn fill(bed: &Bed) {
    use futures_util::stream::{StreamExt, TryStreamExt};
    let create = |_| {
        let mut users = bed.users.clone();
        async move {
            let wanted = CreateUserRequest {
                name: "n".repeat(NAME),
                email: "a@b".to_owned(),
                age: 1,
            };
            users.create_user(wanted).await
        }
    };
    let created = futures_util::stream::iter(0..USERS)
        .map(create)
        .buffer_unordered(32);
    assert_eq!(created.try_fold(0, async |n, _| Ok(n + 1)).await.unwrap(), USERS);
}

/// Once this has not changed for a while; how long that took.
async fn settled(calls: impl Fn() -> u64) -> u64 {
    let start = Instant::now();
    let (mut last, mut since) = (calls(), Instant::now());
    while since.elapsed() < ms(1_000) {
        sleep(ms(10)).await;
        if calls() != last {
            (last, since) = (calls(), Instant::now());
        }
        assert!(start.elapsed() < PATIENCE, "it never comes to rest");
    }
    last
}

#[tokio::test]
async fn a_client_that_stops_reading_stops_the_page_requests() {
    let Some(bed) = Bed::make("grpc_back_pressure").await else {
        return;
    };
    fill(&bed).await;
    let mut client = bed.users.clone();
    let list = |limit| ListUsersRequest {
        limit,
        page_size: PAGE,
    };

    // All of them, and each once.
    let before = bed.calls.count();
    let mut stream = client.list_users(list(0)).await.unwrap().into_inner();
    let mut ids = std::collections::HashSet::new();
    while let Some(user) = stream.message().await.unwrap() {
        assert!(user.name.len() == NAME && ids.insert(user.id));
    }
    assert_eq!(ids.len(), USERS as usize);
    let pages = bed.calls.count() - before;
    assert!(pages >= u64::from(USERS / PAGE), "{pages}");

    // One is read, then nothing: what is under way fills the windows, and no more is asked for.
    let before = bed.calls.count();
    let mut stream = client.list_users(list(0)).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    let stopped = settled(|| bed.calls.count() - before).await;
    println!("{stopped} of {pages} pages were asked for while the client did not read");
    assert!(stopped <= pages / 2, "{stopped} of {pages}");
    assert_eq!(bed.session.running(), 0, "between two pages it holds nothing");
    // It reads on, and the rest comes.
    let mut rest = 1;
    while stream.message().await.unwrap().is_some() {
        rest += 1;
    }
    assert_eq!((rest, bed.calls.count() - before), (USERS, pages));

    // A client that goes away ends it.
    let before = bed.calls.count();
    let mut stream = client.list_users(list(0)).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    drop(stream);
    let left = settled(|| bed.calls.count() - before).await;
    assert!(left < pages, "{left} of {pages}");
    until("nothing runs", || bed.session.running() == 0).await;

    // A limit is kept.
    let mut stream = client.list_users(list(30)).await.unwrap().into_inner();
    let mut read = 0;
    while stream.message().await.unwrap().is_some() {
        read += 1;
    }
    assert_eq!(read, 30);
    drop(stream);
    drop(client);
    bed.done().await;
}
