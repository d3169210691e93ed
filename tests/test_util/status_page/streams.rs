use std::time::Duration;

use http::{Method, StatusCode};
use tokio::time::{Instant, advance, timeout};
use tower_cassandra::ClusterBuilder;
use tower_cassandra::status_page::{MAX_STREAMS, STREAM_LIFE, StatusPage};

use super::{Reader, ask, get, json, page, session};

const SECOND: Duration = Duration::from_secs(1);

fn data(event: &str) -> serde_json::Value {
    let json = event.strip_prefix("retry: 1000\n").unwrap_or(event);
    let json = json.strip_prefix("data: ").unwrap().strip_suffix("\n\n").unwrap();
    assert!(!json.contains('\n'), "{json}");
    serde_json::from_str(json).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_stream_has_an_event_at_once_and_one_each_second_until_its_life_is_over() {
    let page = page();
    let answer = get(&page, "/events").await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert!(!answer.headers().contains_key("content-length"));
    let (mut stream, began, mut events) = (Reader::of(answer), Instant::now(), Vec::new());
    while let Some(event) = stream.next().await {
        events.push((began.elapsed(), data(&event)["elapsed_ms"].as_f64().unwrap()));
    }
    assert_eq!(events.len(), 60, "{events:?}");
    for (number, (at, elapsed)) in events.iter().enumerate() {
        let due = SECOND * number as u32;
        assert!(
            *at >= due && *at < due + Duration::from_millis(10),
            "{number}: {at:?}"
        );
        assert!(
            (elapsed - due.as_secs_f64() * 1_000.0).abs() < 10.0,
            "{number}: {elapsed}"
        );
    }
    assert!(began.elapsed() >= STREAM_LIFE);
    drop(stream);
    assert_eq!(page.streams(), 0);
}

#[tokio::test(start_paused = true)]
async fn all_who_look_in_the_same_second_see_the_same_snapshot() {
    let page = page();
    let mut early = Reader::of(get(&page, "/events").await);
    let first = data(&early.next().await.unwrap());
    advance(Duration::from_millis(600)).await;
    let mut late = Reader::of(get(&page, "/events").await);
    assert_eq!(data(&late.next().await.unwrap()), first);
    assert_eq!(json(&page).await, first);
    // The next one comes to all at the same moment, and is the same for all.
    let (one, other) = tokio::join!(early.next(), late.next());
    let (one, other) = (data(&one.unwrap()), data(&other.unwrap()));
    assert_eq!(one, other);
    assert_ne!(one, first);
    assert_eq!(one["streams"], 2);
}

#[tokio::test(start_paused = true)]
async fn there_are_so_many_streams_and_no_more_and_a_dropped_one_makes_place() {
    let page = page();
    let mut streams = Vec::new();
    for _ in 0..MAX_STREAMS {
        let answer = get(&page, "/events").await;
        assert_eq!(answer.status(), StatusCode::OK);
        streams.push(Reader::of(answer));
    }
    let refused = get(&page, "/events").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "5");
    assert_eq!(page.streams(), MAX_STREAMS);
    // The rest goes on.
    assert_eq!(get(&page, "/").await.status(), StatusCode::OK);
    assert_eq!(ask(&page, Method::HEAD, "/events").await.status(), StatusCode::OK);
    // One that was read and one that was not.
    streams[0].next().await.unwrap();
    streams.truncate(MAX_STREAMS - 1);
    streams.remove(0);
    assert_eq!(page.streams(), MAX_STREAMS - 2);
    assert_eq!(get(&page, "/events").await.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_closed_ends_its_streams_and_opens_none() {
    let page = page();
    let mut stream = Reader::of(get(&page, "/events").await);
    stream.next().await.unwrap();
    page.clone().close();
    assert_eq!(timeout(SECOND * 2, stream.next()).await.unwrap(), None);
    assert_eq!(
        get(&page, "/events").await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(get(&page, "/status.json").await.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_closed_says_so_in_the_last_event() {
    let (_script, session) = session(ClusterBuilder::new().no_metrics());
    let page = StatusPage::new(session.clone());
    let mut stream = Reader::of(get(&page, "/events").await);
    assert_eq!(data(&stream.next().await.unwrap())["session"]["closed"], false);
    session.close(SECOND).await.unwrap();
    let last = stream.next().await.unwrap();
    // The browser is told not to come back soon.
    let last = last.strip_prefix("retry: 10000\n").unwrap();
    assert_eq!(data(last)["session"]["closed"], true);
    assert_eq!(stream.next().await, None);
}

#[test]
fn without_a_runtime_there_is_one_event_and_no_panic() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (page, answer) = runtime.block_on(async {
        let page = page();
        let answer = get(&page, "/events").await;
        (page, answer)
    });
    let text = futures_util::FutureExt::now_or_never(Reader::of(answer).rest()).unwrap();
    assert_eq!(text.matches("data: ").count(), 1);
    assert_eq!(page.streams(), 0);
}
