//! Which options make no sense. Everything is found before anything is opened.

use std::borrow::Cow;
use std::time::Duration;

use super::builder::ClusterBuilder;
use crate::error::Error;

/// Longer limits are taken for a mistake in the unit.
const LONGEST: Duration = Duration::from_secs(86_400);

pub(super) fn check(builder: &ClusterBuilder) -> Result<(), Error> {
    if builder.contact_points.is_empty() {
        return Err(Error::config(
            "contact_points",
            "an empty list",
            "at least one host or host:port",
        ));
    }
    for point in &builder.contact_points {
        if point.trim().is_empty() || point.chars().any(char::is_whitespace) {
            return Err(Error::config(
                "contact_points",
                point,
                "hosts or host:port without white space",
            ));
        }
        let Some((host, port)) = split_port(point) else {
            continue;
        };
        if host.is_empty() {
            return Err(Error::config(
                "contact_points",
                point,
                "a host before the colon: a variable that was not set leaves nothing there",
            ));
        }
        if port.parse::<u16>().ok().filter(|port| *port != 0).is_none() {
            return Err(Error::config(
                "contact_points",
                point,
                "a port from 1 to 65,535 behind the colon",
            ));
        }
    }
    if builder.port == 0 {
        return Err(Error::config("port", 0, "a port from 1 to 65,535"));
    }
    if let Some((keyspace, _)) = &builder.keyspace {
        check_keyspace(keyspace)?;
    }
    if let Some(name) = &builder.datacenter
        && name.is_empty()
    {
        return Err(Error::config(
            "prefer_datacenter",
            "",
            "the name of a data centre",
        ));
    }
    if let Some(name) = &builder.rack
        && name.is_empty()
    {
        return Err(Error::config("prefer_rack", "", "the name of a rack"));
    }
    if builder.prepared_cache == 0 {
        return Err(Error::config("prepared_cache", 0, "at least one statement"));
    }
    for (option, limit) in [
        ("timeout", builder.timeout.value),
        ("attempt_timeout", builder.attempt_timeout.value),
        ("connect_timeout", Some(builder.connect_timeout)),
        ("prepare_timeout", Some(builder.prepare_timeout)),
        ("schema_agreement_timeout", Some(builder.schema_agreement_timeout)),
        ("metadata_timeout", Some(builder.metadata_timeout)),
        ("tcp_connect_timeout", Some(builder.tcp_connect_timeout)),
        (
            "metadata_refresh_interval",
            Some(builder.metadata_refresh_interval),
        ),
        ("keepalive.interval", Some(builder.keepalive.0)),
        ("keepalive.timeout", Some(builder.keepalive.1)),
    ] {
        if let Some(limit) = limit
            && (limit.is_zero() || limit > LONGEST)
        {
            return Err(Error::config(
                option,
                limit,
                "a duration above zero and of at most one day",
            ));
        }
    }
    // More often would be nothing but load on one node.
    if builder.metadata_refresh_interval < Duration::from_secs(1) {
        return Err(Error::config(
            "metadata_refresh_interval",
            builder.metadata_refresh_interval,
            "at least 1 s",
        ));
    }
    check_limits(builder)?;
    builder.profiles.check(
        builder.retry.is_some(),
        builder.timeout.value,
        builder.attempt_timeout.value,
    )?;
    // Files that cannot be used are found here, and not by the first session.
    #[cfg(any(feature = "rustls", feature = "openssl"))]
    super::tls::ready(builder)?;
    let has_locality = builder.datacenter.is_some() || builder.rack.is_some() || builder.permit_dc_failover;
    if builder.driver_load_balancing.is_some() && has_locality {
        return Err(Error::config(
            "driver_load_balancing",
            "set together with prefer_datacenter, prefer_rack or permit_dc_failover",
            "only one of both: the driver's policy has settings of its own for data centres and racks",
        ));
    }
    if builder.driver_load_balancing.is_some() && builder.hedge.is_some() {
        return Err(Error::config(
            "driver_load_balancing",
            "set together with hedge",
            "only one of both: the driver's policy might choose the same node for the second attempt",
        ));
    }
    if let Some(check) = &builder.health {
        check.validate()?;
    }
    Ok(())
}

fn check_limits(builder: &ClusterBuilder) -> Result<(), Error> {
    let (call, attempt) = (builder.timeout, builder.attempt_timeout);
    if builder.retry.is_some() && call.value.is_none() && attempt.value.is_none() {
        return Err(Error::config(
            "timeout",
            "none, and attempt_timeout none",
            "at least one of the two limits, or no_retry: a retry would wait for ever",
        ));
    }
    if let (Some(hedge), Some(limit)) = (builder.hedge, attempt.value) {
        let (option, delay) = match hedge.fixed_delay() {
            Some(delay) => ("hedge.after", delay),
            None => ("hedge.floor", hedge.least_delay()),
        };
        if delay >= limit {
            let expected = "less than the attempt limit, after which there is nothing to be faster than";
            return Err(Error::config(option, delay, expected));
        }
    }
    if let (Some(call_limit), Some(attempt_limit)) = (call.value, attempt.value)
        && call.explicit
        && attempt.explicit
        && attempt_limit > call_limit
    {
        return Err(Error::config(
            "attempt_timeout",
            attempt_limit,
            "at most the timeout of the call, which bounds all attempts together",
        ));
    }
    Ok(())
}

/// The name rule of Cassandra. The driver stores a name before it checks it, so it is checked here.
pub(crate) fn check_keyspace(name: &str) -> Result<(), Error> {
    let fits = (1..=48).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if fits {
        Ok(())
    } else {
        Err(Error::config(
            "keyspace",
            name,
            "1 to 48 ASCII letters, digits and `_`",
        ))
    }
}

/// A keyspace as the schema has it: without quotes its name is lower case. The driver and its metadata take every name exactly.
pub(crate) fn exact_keyspace(name: &str, case_sensitive: bool) -> Cow<'_, str> {
    if case_sensitive || !name.contains(|c: char| c.is_ascii_uppercase()) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(name.to_ascii_lowercase())
    }
}

/// Host and port of a contact point that names a port. IPv6 addresses need brackets for that.
pub(super) fn split_port(point: &str) -> Option<(&str, &str)> {
    let (host, port) = point.rsplit_once(':')?;
    let bare_v6 = host.contains(':') && !host.ends_with(']');
    (!bare_v6).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use tower_cassandra_layers::limit::{ConcurrencyLimit, RateLimit};

    fn refused(builder: ClusterBuilder) -> Option<&'static str> {
        let error = builder.build().err()?;
        assert_eq!(error.kind(), ErrorKind::Config);
        let config = error.invalid_config().unwrap();
        assert!(
            !config.expected().is_empty() && error.to_string().contains(config.option()),
            "{error}"
        );
        Some(config.option())
    }

    #[test]
    fn an_option_that_makes_no_sense_is_named() {
        let new = ClusterBuilder::new;
        let second = Duration::from_secs(1);
        for (builder, option) in [
            (new().contact_points(Vec::<String>::new()), "contact_points"),
            (new().contact_points([""]), "contact_points"),
            (new().contact_points(["a b"]), "contact_points"),
            (new().contact_points(["localhost:0"]), "contact_points"),
            (new().contact_points(["localhost", ":9042"]), "contact_points"),
            (new().contact_points(["localhost:99999"]), "contact_points"),
            (new().port(0), "port"),
            (new().keyspace("sch\u{f6}n"), "keyspace"),
            (new().keyspace("a".repeat(49)), "keyspace"),
            (new().keyspace(""), "keyspace"),
            (new().prefer_datacenter(""), "prefer_datacenter"),
            (new().prefer_rack(""), "prefer_rack"),
            (new().timeout(Duration::ZERO), "timeout"),
            (new().timeout(Duration::MAX), "timeout"),
            (new().attempt_timeout(Duration::ZERO), "attempt_timeout"),
            (
                new().timeout(second).attempt_timeout(second * 2),
                "attempt_timeout",
            ),
            (new().timeout(None).attempt_timeout(None), "timeout"),
            (new().connect_timeout(Duration::ZERO), "connect_timeout"),
            (new().keepalive(Duration::ZERO, second), "keepalive.interval"),
            (new().prepared_cache(0), "prepared_cache"),
            (new().rate_limit(RateLimit::per_second(0)), "rate_limit"),
            (
                new().concurrency_limit(ConcurrencyLimit::new(0)),
                "concurrency_limit",
            ),
        ] {
            assert_eq!(refused(builder), Some(option));
        }
    }

    #[test]
    fn a_default_limit_is_cut_silently_and_limits_can_be_off() {
        let new = ClusterBuilder::new;
        assert_eq!(refused(new().timeout(Duration::from_millis(500))), None);
        assert_eq!(refused(new().timeout(None)), None);
        assert_eq!(
            refused(new().timeout(None).attempt_timeout(None).no_retry()),
            None
        );
        assert_eq!(
            refused(new().contact_points(["::1", "[::1]:9042", "localhost", "a.b:1"])),
            None
        );
    }

    #[test]
    fn a_password_is_never_shown() {
        let shown = format!("{:?}", ClusterBuilder::new().credentials("someone", "s3cret"));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
