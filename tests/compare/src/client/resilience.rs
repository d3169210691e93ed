//! tower-resilience's layers, with the numbers of our defaults where it has them.

use std::time::Duration;

use tower::Layer;
use tower_cassandra::scylla::response::query_result::QueryResult;
use tower_resilience::bulkhead::BulkheadLayer;
use tower_resilience::circuitbreaker::CircuitBreakerLayer;
use tower_resilience::ratelimiter::RateLimiterLayer;
use tower_resilience::retry::RetryLayer;
use tower_resilience::timelimiter::TimeLimiterLayer;

use super::Client;
use super::bare::Bare;
use super::hand::{AT_ONCE, ATTEMPT};
use super::layered::Layered;
use super::leaf::{Leaf, Request};
use crate::Result;

pub(crate) fn client(bare: &Bare) -> Result<impl Client + use<>> {
    let limiter = TimeLimiterLayer::builder()
        .timeout_duration(ATTEMPT)
        .cancel_running_future(true)
        .build();
    let breaker = CircuitBreakerLayer::standard().build()?;
    let retry = RetryLayer::<Request, QueryResult, _>::builder()
        .max_attempts(4)
        .build();
    let rate = RateLimiterLayer::builder()
        .limit_for_period(1_000_000)
        .refresh_period(Duration::from_secs(1))
        .build()?;
    let bulkhead = BulkheadLayer::builder().max_concurrent_calls(AT_ONCE).build()?;
    let attempt = breaker.layer(limiter.layer(Leaf::new(bare)));
    let service = bulkhead.layer(rate.layer(retry.layer(attempt)));
    Ok(Layered::new(service))
}
