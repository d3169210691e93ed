//! The dashboard and the rules of `examples/monitoring`: every name in them is one that the endpoint shows.

use std::collections::BTreeSet;

use scripted_cassandra::{Action, ErrorFrame};
use tower_cassandra::layers::metrics::catalogue;
use tower_cassandra::prometheus::Exporter;
use tower_cassandra::{ConcurrencyLimit, ErrorKind, Hedge, RateLimit, Statement};

use crate::support::{Bed, INSERT, SELECT, ms, requests};

const DASHBOARD: &str = include_str!("../../examples/monitoring/dashboard.json");
const ALERTS: &str = include_str!("../../examples/monitoring/alerts.yml");
const TESTS: &str = include_str!("../../examples/monitoring/alerts_test.yml");

/// The words of a text that begin with the prefix of metrics.
fn names(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_part(c))
        .filter(|word| word.starts_with("cassandra_"))
        .collect()
}

#[test]
fn nodes_that_have_left_are_not_called_unfit() {
    // The gauge of one that has left is 0 as well, but it is in no state.
    let asking = |text: &'static str| {
        let asks = |line: &&str| line.contains("connection_healthy") && line.contains("== 0");
        text.lines().filter(asks)
    };
    let asked: Vec<_> = asking(DASHBOARD).chain(asking(ALERTS)).collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    for line in asked {
        assert!(line.contains("cassandra_node_state"), "{line}");
    }
}

#[tokio::test]
async fn every_name_of_the_dashboard_and_of_the_rules_is_shown_by_the_endpoint() {
    let exporter = Exporter::new();
    let metrics = exporter.metrics();
    let bed = Bed::with(3, |client| {
        client
            .metrics(metrics)
            .hedge(Hedge::default())
            .concurrency_limit(ConcurrencyLimit::new(1).queue(0))
            .rate_limit(RateLimit::per_second(100_000))
    })
    .await;
    let insert = bed.prepare(INSERT).await;
    let write = |id| insert.bind((id, "v")).unwrap().idempotent(true).label("signup");
    // One that succeeds, one that is repeated, one that fails, and one that is refused while another is under way.
    bed.session.execute(write(1)).await.unwrap();
    bed.cluster
        .on(requests())
        .times(1)
        .then(ErrorFrame::overloaded("busy"));
    assert_eq!(bed.session.execute(write(2)).await.unwrap().attempts(), 2);
    bed.cluster
        .on(requests())
        .times(1)
        .then(ErrorFrame::invalid("no"));
    bed.session.execute(SELECT).await.unwrap_err();
    bed.cluster.on(requests()).times(1).then(Action::delay(ms(50)));
    let (slow, refused) = tokio::join!(bed.session.execute(write(3)), bed.session.execute(write(4)));
    slow.unwrap();
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Rejected);
    let mut pages = bed
        .session
        .pages(Statement::new("SELECT id FROM ks.t").page_size(1));
    while let Some(page) = pages.next().await {
        page.unwrap();
    }

    let text = exporter.render();
    let shown: BTreeSet<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    for (file, used) in [
        ("dashboard.json", names(DASHBOARD)),
        ("alerts.yml", names(ALERTS)),
        ("alerts_test.yml", names(TESTS)),
    ] {
        assert!(used.len() > 5, "{file}: {used:?}");
        let missing: Vec<_> = used.difference(&shown).collect();
        assert!(missing.is_empty(), "{file}: {missing:?} are not shown:\n{text}");
    }
    // And the dashboard leaves nothing out.
    for metric in catalogue() {
        let name = format!("cassandra_{}", metric.base());
        assert!(
            names(DASHBOARD).iter().any(|used| used.starts_with(&name)),
            "{name}"
        );
    }
    bed.at_rest().await;
}
