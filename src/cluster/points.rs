//! Contact points, as they are given to the driver and as addresses.

use std::net::SocketAddr;

use futures_util::future::join_all;
use tokio::net::lookup_host;
use tokio::time::{Instant, timeout_at};

use super::builder::ClusterBuilder;
use super::check::split_port;

/// The contact points, each with its port.
pub(super) fn points(builder: &ClusterBuilder) -> Vec<String> {
    let points = builder.contact_points.iter();
    points.map(|point| with_port(point, builder.port)).collect()
}

fn with_port(point: &str, port: u16) -> String {
    if split_port(point).is_some() {
        return point.to_owned();
    }
    let host = if point.contains(':') && !point.starts_with('[') {
        format!("[{point}]")
    } else {
        point.to_owned()
    };
    format!("{host}:{port}")
}

/// Their addresses, as far as they are found until `end`, looked up beside each other.
pub(super) async fn addresses(points: &[String], end: Instant) -> Vec<SocketAddr> {
    let lookups = points.iter().map(|point| timeout_at(end, lookup_host(point)));
    let found = join_all(lookups).await;
    found.into_iter().flatten().flatten().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::with_port;

    #[test]
    fn the_port_is_added_only_where_there_is_none() {
        for (point, whole) in [
            ("host", "host:9042"),
            ("host:1", "host:1"),
            ("127.0.0.1", "127.0.0.1:9042"),
            ("::1", "[::1]:9042"),
            ("[::1]", "[::1]:9042"),
            ("[::1]:5", "[::1]:5"),
        ] {
            assert_eq!(with_port(point, 9042), whole);
        }
    }
}
