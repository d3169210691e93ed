//! A server that stalls for ten seconds must not be sent several times what it was sent before.

use std::time::Duration;

use tower_cassandra_layers::retry::{Backoff, RetryPolicy};

use crate::by_hand::full;
use crate::server::{Plan, Server, open_loop};
use crate::stack::{Layers, Settings};
use crate::support::ms;

struct Figures {
    attempts_per_call: f64,
    /// Of the load that is offered, in the last second.
    served: f64,
}

async fn stall(policy: RetryPolicy, name: &str) -> Figures {
    let plan = Plan {
        workers: if full() { 48 } else { 8 },
        service: if full() { 2_285 } else { 4_000 },
        stall: 2_000_000..12_000_000,
    };
    let settings = Settings {
        call_limit: Some(ms(1_000)),
        attempt_limit: Some(ms(100)),
        concurrency: None,
        retry: policy.backoff(Backoff::exponential(ms(10), ms(50))).seed(1),
        ..Settings::default()
    };
    let server = Server::new(plan.clone(), 1);
    let rate = (plan.capacity() * 0.8) as u64;
    let service = Layers::new(settings).unwrap().lay(server.clone());
    let calls = open_loop(&server, service, rate, Duration::from_secs(17)).await;
    let made = calls
        .iter()
        .filter(|call| plan.stall.contains(&call.made))
        .count();
    let served = calls
        .iter()
        .filter(|call| call.result.is_ok() && (16_000_000..17_000_000).contains(&call.ended))
        .count();
    let figures = Figures {
        attempts_per_call: server.arrived(&plan.stall) as f64 / made as f64,
        served: served as f64 / rate as f64,
    };
    println!(
        "stall of 10 s at {rate} calls/s, {name}: {:.2} attempts per call in the stall; 4 s after it {:.0} % served",
        figures.attempts_per_call,
        figures.served * 100.0
    );
    let before = calls.iter().filter(|call| call.made < 1_500_000);
    assert!(before.clone().all(|call| call.result.is_ok()), "healthy before");
    assert_eq!(server.late(), 0, "attempts sent after their deadline");
    figures
}

#[tokio::test(start_paused = true)]
async fn with_the_budget_a_stall_is_no_storm() {
    let figures = stall(RetryPolicy::default(), "budget of 20 %").await;
    assert!(figures.attempts_per_call <= 1.25);
}

#[tokio::test(start_paused = true)]
async fn without_the_budget_the_same_stall_is_one() {
    let figures = stall(RetryPolicy::default().without_budget(), "no budget (control)").await;
    assert!(figures.attempts_per_call >= 3.0);
    assert!(figures.served < 0.5, "and it goes on after the stall");
}
