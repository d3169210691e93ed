//! Ten times what the server can do: what it can do is done, and the rest is refused.

use std::time::Duration;

use tower_cassandra_layers::limit::{ConcurrencyLimit, Reason};

use crate::server::{Plan, Server, open_loop};
use crate::stack::{Layers, Settings};
use crate::support::{Kind, ms};

const SECONDS: u64 = 4;

/// The share of the capacity that was of use, out of ten times as much.
async fn overload(concurrency: Option<ConcurrencyLimit>, name: &str) -> (f64, usize) {
    let plan = Plan {
        workers: 8,
        service: 4_000,
        stall: 0..0,
    };
    let layers = Layers::new(Settings {
        call_limit: Some(ms(100)),
        attempt_limit: Some(ms(100)),
        concurrency,
        ..Settings::default()
    });
    let layers = layers.unwrap();
    let server = Server::new(plan.clone(), 2);
    let service = layers.lay(server.clone());
    let rate = plan.capacity() as u64 * 10;
    let calls = open_loop(&server, service, rate, Duration::from_secs(SECONDS)).await;
    // The first half second is not steady yet.
    let time = 500_000..SECONDS * 1_000_000;
    let good = calls
        .iter()
        .filter(|call| call.result.is_ok() && time.contains(&call.ended));
    let goodput = good.count() as f64 / (plan.capacity() * (SECONDS as f64 - 0.5));
    let rejected = calls.iter().filter(|call| call.is_rejected()).count();
    let ok = calls.iter().filter(|call| call.result.is_ok());
    let longest = ok.map(|call| call.ended - call.made).max().unwrap_or(0);
    println!(
        "10x overload, {name}: goodput {:.1} % of capacity; {} calls, {rejected} rejected, {} sent, {} of them late; \
         longest answer {} ms",
        goodput * 100.0,
        calls.len(),
        server.arrived(&(0..u64::MAX)),
        server.late(),
        longest / 1_000,
    );
    assert_eq!(server.late(), 0, "sent after the deadline");
    for call in &calls {
        match call.result.as_ref().map_err(|error| &error.kind) {
            Ok(()) => {}
            Err(Kind::Rejected(rejected)) => assert_eq!(rejected.reason(), Reason::ConcurrencyQueueFull),
            // In the queue or on the way.
            Err(Kind::Elapsed(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
        assert!(
            call.ended - call.made <= 101_000,
            "nobody waits longer than the limit"
        );
    }
    for (what, level) in layers.levels() {
        assert_eq!(level, 0.0, "{what}");
    }
    (goodput, rejected)
}

#[tokio::test(start_paused = true)]
async fn a_concurrency_limit_keeps_the_goodput_of_an_overloaded_server() {
    let limit = ConcurrencyLimit::new(24).queue(100);
    let (goodput, rejected) = overload(Some(limit), "24 permits, 100 in the queue").await;
    assert!(goodput >= 0.95 && rejected > 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_the_same_server_works_for_nobody() {
    let (goodput, rejected) = overload(None, "no limit (control)").await;
    assert!(goodput < 0.2 && rejected == 0);
}
