//! Collectors and the log of slow requests.

mod collectors;
mod slow_log;

use std::time::Duration;

use tower_cassandra::test_util::{Answer, Expect, Script};
use tower_cassandra::{ClusterBuilder, Session, Statement};

const SELECT: &str = "SELECT name FROM users WHERE id = 'sesame'";

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn session(script: &Script, builder: ClusterBuilder) -> Session {
    script.session_under(builder.no_metrics().no_retry()).unwrap()
}

fn any(answer: impl Into<Answer>) -> Script {
    Script::new().expect(Expect::label("any").reply(answer).any_times())
}

fn labelled() -> Statement {
    Statement::new(SELECT).label("any")
}
