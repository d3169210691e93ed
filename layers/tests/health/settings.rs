//! Settings and what a node carries.

use std::time::Duration;

use tower_cassandra_layers::NodeId;
use tower_cassandra_layers::health::{HealthCheck, HealthSettings, Table};

use crate::support::ms;

#[test]
fn settings_that_make_no_sense_are_refused() {
    let refused = |settings: HealthSettings| Table::new(settings).unwrap_err().option();
    let settings = HealthSettings::default();
    assert_eq!(refused(settings.node_limit(0)), "health.node_limit");
    assert_eq!(refused(settings.abandoned_limit(0)), "health.abandoned_limit");
    assert_eq!(
        refused(settings.consecutive_failures(0)),
        "health.consecutive_failures"
    );
    for percent in [0, 101] {
        assert_eq!(
            refused(settings.failure_percent(percent)),
            "health.failure_percent"
        );
    }
    for (base, cap) in [(ms(0), ms(1)), (ms(2), ms(1)), (ms(1), Duration::MAX)] {
        assert_eq!(refused(settings.ejection(base, cap)), "health.ejection");
    }
    let check = |check: HealthCheck| check.validate().unwrap_err().option();
    assert_eq!(check(HealthCheck::every(ms(99))), "health.every");
    assert_eq!(check(HealthCheck::every(Duration::MAX)), "health.every");
    assert_eq!(
        check(HealthCheck::default().timeout(Duration::ZERO)),
        "health.timeout"
    );
    // The default is cut silently; what was asked for is not.
    assert_eq!(HealthCheck::every(ms(500)).limit(), ms(500));
    let above = HealthCheck::every(ms(500)).timeout(ms(501));
    assert_eq!(check(above), "health.timeout");
    assert!(above.validate().unwrap_err().to_string().contains("501ms"));
    HealthCheck::every(ms(500)).timeout(ms(500)).validate().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_payload_is_found_by_its_type() {
    let table = Table::new(HealthSettings::default()).unwrap();
    let endpoint = table.endpoint(NodeId(1), "127.0.0.1:9042", 7_u16);
    assert_eq!(endpoint.payload::<u16>(), Some(&7));
    assert_eq!(endpoint.payload::<u32>(), None);
    assert_eq!(endpoint.name(), "127.0.0.1:9042");
    assert!(table.is_empty(), "not there before it is given to the table");
}
