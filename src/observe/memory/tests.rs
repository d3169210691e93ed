use std::time::Duration;

use tokio::time::advance;

use super::*;
use crate::cql::Fingerprint;
use crate::error::ErrorKind;
use crate::timings::AttemptTiming;

fn record(text: &str, ms: u64) -> QueryRecord {
    QueryRecord::new(Fingerprint::of(text), Duration::from_millis(ms))
}

#[tokio::test(start_paused = true)]
async fn mon_01_totals_windows_errors_and_the_ring() {
    let memory = MemoryCollector::new();
    for ms in [10, 20, 30] {
        memory.record_query(&record("SELECT a FROM t WHERE id = 1", ms));
    }
    for ms in [100, 240] {
        memory.record_query(&record("SELECT a FROM t WHERE id = 2", ms).failed(ErrorKind::Timeout));
    }
    advance(Duration::from_secs(50)).await;
    let all = memory.statistics();
    let figures = all.query_performance;
    assert_eq!((figures.total_queries, figures.recent_queries_5min), (5, 5));
    assert_eq!(figures.success_rate, 0.6);
    assert_eq!(all.error_summary, BTreeMap::from([("timeout".to_owned(), 2)]));
    assert_eq!(
        (
            figures.min_duration_ms,
            figures.avg_duration_ms,
            figures.max_duration_ms
        ),
        (10.0, 80.0, 240.0)
    );
    assert_eq!(figures.queries_per_second, 0.1);
    assert!(
        figures.p50_duration_ms >= 30.0 && figures.p50_duration_ms <= 38.0,
        "{figures:?}"
    );
    assert!(
        figures.p99_duration_ms >= 240.0 && figures.p99_duration_ms <= 300.0,
        "{figures:?}"
    );
    // Two texts, one statement.
    assert_eq!(
        (
            all.top_queries.len(),
            all.top_queries[0].count,
            all.top_queries[0].errors
        ),
        (1, 5, 2)
    );

    let five = MemoryCollector::with_recent(5);
    for ms in 1..=10 {
        five.record_query(&record("SELECT a FROM t", ms));
    }
    let figures = five.statistics().query_performance;
    assert_eq!((figures.total_queries, figures.recent_queries_5min), (10, 5));
    assert_eq!((figures.min_duration_ms, figures.max_duration_ms), (6.0, 10.0));
}

#[tokio::test(start_paused = true)]
async fn mon_01_what_is_old_is_in_the_total_only() {
    let memory = MemoryCollector::new();
    advance(Duration::from_secs(700)).await;
    memory.record_query(&record("SELECT a FROM t", 1).aged(Duration::from_secs(600)));
    memory.record_query(&record("SELECT a FROM t", 1));
    let figures = memory.statistics().query_performance;
    assert_eq!((figures.total_queries, figures.recent_queries_5min), (2, 1));
    advance(MemoryCollector::WINDOW + Duration::from_secs(1)).await;
    let figures = memory.statistics().query_performance;
    assert_eq!((figures.total_queries, figures.recent_queries_5min), (2, 0));
    assert_eq!((figures.queries_per_second, figures.success_rate), (0.0, 1.0));
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_over_the_time_that_is_covered() {
    let memory = MemoryCollector::with_recent(10);
    for _ in 0..100 {
        advance(Duration::from_secs(1)).await;
        memory.record_query(&record("SELECT a FROM t", 1));
    }
    // The ring holds the last 10, of which the oldest is 9 s old.
    let figures = memory.statistics().query_performance;
    assert!(
        (figures.queries_per_second - 10.0 / 9.0).abs() < 1e-9,
        "{figures:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_that_of_the_window_once_the_ring_reaches_back_beyond_it() {
    let memory = MemoryCollector::with_recent(10);
    for _ in 0..100 {
        memory.record_query(&record("SELECT a FROM t", 1));
    }
    advance(MemoryCollector::WINDOW + Duration::from_secs(1)).await;
    memory.record_query(&record("SELECT a FROM t", 1));
    advance(Duration::from_millis(10)).await;
    let figures = memory.statistics().query_performance;
    assert_eq!(figures.recent_queries_5min, 1);
    assert!(
        (figures.queries_per_second - 1.0 / 300.0).abs() < 1e-9,
        "{figures:?}"
    );
}

#[tokio::test]
async fn a_node_that_took_the_place_of_another_stands_for_itself() {
    use crate::monitor::Status;

    let node = |id, status, error: Option<&str>| HostHealth {
        status,
        error: error.map(str::to_owned),
        ..HostHealth::named(id, "10.0.0.1:9042")
    };
    for [before, after] in [[1, 2], [2, 1]] {
        let memory = MemoryCollector::new();
        memory.record_host(&node(before, Status::Down, Some("no connection")));
        memory.record_host(&node(after, Status::Up, None));
        let shown = memory.statistics().connection_health;
        let errors: Vec<_> = shown.values().map(|host| host.last_error.clone()).collect();
        assert_eq!(errors, [None]);
    }
}

#[tokio::test]
async fn a_node_that_has_left_is_not_shown_and_makes_place() {
    let memory = MemoryCollector::new();
    let node = |id| HostHealth::named(id, &id.to_string());
    let mut late = record("SELECT a FROM t", 5);
    late.timings.push(AttemptTiming {
        node: Some(Uuid::from_u128(1)),
        ..AttemptTiming::default()
    });
    let shown = || memory.statistics().connection_health;
    for id in 0..MAX_HOSTS as u128 {
        memory.record_host(&node(id));
    }
    memory.host_left(&node(1));
    memory.record_query(&late);
    assert_eq!(shown().len(), MAX_HOSTS - 1);
    memory.record_host(&node(5_000));
    assert!(shown().contains_key("5000"));
    // It comes back.
    memory.host_left(&node(5_000));
    memory.record_host(&node(1));
    memory.record_query(&late);
    assert_eq!(shown()["1"].total_queries, 1);
    for id in 0..MAX_HOSTS as u128 {
        memory.host_left(&node(id));
    }
    assert!(shown().is_empty());
    assert!(memory.lock().left.len() <= MAX_HOSTS);
}

#[tokio::test]
async fn frequent_statements_stay_however_many_others_come() {
    let memory = MemoryCollector::new();
    for n in 0..5_000 {
        if n % 2 == 0 {
            memory.record_query(&record("SELECT often FROM t", 2));
        }
        memory.record_query(&record(&format!("SELECT c{n} FROM t"), 1));
    }
    let all = memory.statistics();
    assert_eq!(all.top_queries.len(), 10);
    assert_eq!(all.top_queries[0].query, "select often from t");
    assert_eq!(all.top_queries[0].count, 2_500);
    assert!(memory.lock().top.list(usize::MAX).len() <= 1_000);
    assert_eq!(all.query_performance.total_queries, 7_500);
}

#[tokio::test]
async fn attempts_are_counted_for_their_nodes_and_nodes_are_bounded() {
    let memory = MemoryCollector::new();
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let mut request = record("SELECT a FROM t", 5);
    for (node, error) in [(one, Some(ErrorKind::Overloaded)), (two, None)] {
        request.timings.push(AttemptTiming {
            node: Some(node),
            error,
            ..AttemptTiming::default()
        });
    }
    memory.record_query(&request);
    let health = memory.statistics().connection_health;
    let of = |id: Uuid| {
        let host = &health[&id.to_string()];
        (host.total_queries, host.error_count)
    };
    assert_eq!((of(one), of(two)), ((1, 1), (1, 0)));
    for n in 0..2_000 {
        let mut request = record("SELECT a FROM t", 5);
        request.timings.push(AttemptTiming {
            node: Some(Uuid::from_u128(n)),
            ..AttemptTiming::default()
        });
        memory.record_query(&request);
    }
    assert_eq!(memory.statistics().connection_health.len(), MAX_HOSTS);
    assert!(
        memory
            .statistics()
            .to_string()
            .contains("connection_health\n  00000000")
    );
}
