//! What tower-resilience's layers of the same purpose cost: measured by the overhead benchmark of tower-cassandra-layers,
//! which builds and runs this program. It has the driving half of the benchmark and nothing else.

#[path = "../../benches/overhead/alloc.rs"]
mod alloc;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "../../benches/overhead/clock.rs"]
mod clock;
#[allow(dead_code, reason = "the benchmark uses more of it")]
#[path = "../../benches/overhead/drive.rs"]
mod drive;
#[allow(dead_code, reason = "the benchmark uses more of it")]
#[path = "../../benches/overhead/leaf.rs"]
mod leaf;
#[path = "../../benches/overhead/timer.rs"]
mod timer;

use std::process::ExitCode;
use std::time::Duration;

use drive::Case;
use leaf::Request;
use tower::Layer;
use tower_resilience::bulkhead::BulkheadLayer;
use tower_resilience::circuitbreaker::CircuitBreakerLayer;
use tower_resilience::ratelimiter::RateLimiterLayer;
use tower_resilience::retry::RetryLayer;
use tower_resilience::timelimiter::TimeLimiterLayer;

macro_rules! breaker {
    () => {
        CircuitBreakerLayer::standard().build().expect("sound settings")
    };
}
macro_rules! bulkhead {
    () => {
        BulkheadLayer::builder()
            .max_concurrent_calls(1_024)
            .build()
            .expect("sound settings")
    };
}
macro_rules! retry {
    () => {
        RetryLayer::<Request, u32, _>::builder().max_attempts(3).build()
    };
}
macro_rules! time_limiter {
    () => {
        TimeLimiterLayer::builder()
            .timeout_duration(Duration::from_secs(1))
            .cancel_running_future(true)
            .build()
    };
}
macro_rules! rate_limiter {
    () => {
        RateLimiterLayer::builder()
            .limit_for_period(1_000_000_000)
            .refresh_period(Duration::from_secs(1))
            .build()
            .expect("sound settings")
    };
}

const CASES: &[Case] = &[
    timer::CONTROL,
    Case {
        name: "resilience_time_limiter",
        reaches_leaf: true,
        run: |leaf, rounds| rounds.drive(time_limiter!().layer(leaf)),
    },
    Case {
        name: "resilience_bulkhead",
        reaches_leaf: true,
        run: |leaf, rounds| rounds.drive(bulkhead!().layer(leaf)),
    },
    Case {
        name: "resilience_rate_limiter",
        reaches_leaf: true,
        run: |leaf, rounds| rounds.drive(rate_limiter!().layer(leaf)),
    },
    Case {
        name: "resilience_retry",
        reaches_leaf: true,
        run: |leaf, rounds| rounds.drive(retry!().layer(leaf)),
    },
    Case {
        name: "resilience_circuit_breaker",
        reaches_leaf: true,
        run: |leaf, rounds| rounds.drive(breaker!().layer(leaf)),
    },
    Case {
        name: "resilience_five",
        reaches_leaf: true,
        run: |leaf, rounds| {
            let attempt = breaker!().layer(time_limiter!().layer(leaf));
            let call = bulkhead!().layer(rate_limiter!().layer(retry!().layer(attempt)));
            rounds.drive(call);
        },
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let cases: Vec<&Case> = CASES.iter().collect();
    if drive::handle(&cases, &arguments) {
        return ExitCode::SUCCESS;
    }
    eprintln!("run by: cargo bench -p tower-cassandra-layers --bench overhead");
    ExitCode::FAILURE
}
