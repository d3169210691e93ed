//! The example file and the builder: neither has an option that the other has not.

use std::collections::BTreeSet;

use super::*;

const EXAMPLE: &str = include_str!("../../../examples/cluster.toml");

#[test]
fn the_example_shows_the_defaults() {
    let builder = ClusterBuilder::from_toml_str(EXAMPLE).unwrap();
    assert_eq!(shown(&builder), shown(&ClusterBuilder::new()));
    builder.build().unwrap();
}

/// The example with its commented keys turned on: all options there are.
fn with_all_keys() -> String {
    let is_key = |line: &str| {
        let word = line.split([' ', '=', '.', ']']).next().unwrap_or("");
        let key = word.trim_start_matches('[');
        let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        plain && (line.starts_with('[') || line.contains(" = "))
    };
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if is_key(rest) => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn flatten(before: &str, table: &toml::Table, keys: &mut BTreeSet<String>) {
    for (key, value) in table {
        let key = format!("{before}{key}");
        match value {
            // Tables whose keys are the user's.
            toml::Value::Table(_) if key.ends_with("shares") || key.ends_with("translation") => {
                keys.insert(key);
            }
            toml::Value::Table(inner) if before == "profiles." => flatten("profiles.*.", inner, keys),
            toml::Value::Table(inner) => flatten(&format!("{key}."), inner, keys),
            _ => {
                keys.insert(key);
            }
        }
    }
}

#[test]
fn the_example_contains_every_option_and_no_other() {
    let all = with_all_keys();
    let mut there = BTreeSet::new();
    flatten("", &all.parse().unwrap(), &mut there);
    let known: BTreeSet<String> = Settings::keys().into_iter().collect();
    assert_eq!(there, known);
    // Types and units are right as well.
    Settings::from_toml_str(&all).unwrap();
}

/// Setters that take code or a type of the program and not a value. All others can be written down.
const CODE: &[&str] = &[
    "attempt_layer",
    "authenticator",
    "classifier",
    "collector",
    "configure",
    "credentials_provider",
    "driver_load_balancing",
    "layer",
];

/// What setters are called in a file, where that is not their own name.
const RENAMED: &[(&str, &str)] = &[
    ("address_translator", "address_translation"),
    ("credentials", "password"),
    ("health_settings", "health.node_limit"),
    ("health", "health.interval"),
    ("hedge", "hedge.enabled"),
    ("host_filter", "allowed_hosts"),
    ("keepalive", "keepalive.interval"),
    ("metrics", "metrics.client"),
    ("no_health_check", "health.enabled"),
    ("no_metrics", "metrics.enabled"),
    ("no_retry", "retry.enabled"),
    ("pool_size", "pool.per_host"),
    ("profile", "profiles.*.timeout"),
    ("rate_limit", "rate_limit.count"),
    ("concurrency_limit", "concurrency_limit.limit"),
    ("read_timeouts", "retry.read_timeouts"),
    ("resend_overloaded", "retry.resend_overloaded"),
    ("retry_views", "retry.retry_views"),
    ("slow_log", "slow_log.threshold"),
    ("retry", "retry.max_retries"),
    ("tls", "tls.ca_file"),
    ("tls_files", "tls.ca_file"),
];

#[test]
fn every_setter_of_the_builder_can_be_written_down() {
    let keys = Settings::keys();
    let sources = [
        include_str!("../../cluster/builder/connection.rs"),
        include_str!("../../cluster/builder/layers.rs"),
        include_str!("../../cluster/builder/locality.rs"),
        include_str!("../../cluster/builder/login.rs"),
        include_str!("../../cluster/builder/network.rs"),
    ];
    let mut setters = 0;
    for line in sources.iter().flat_map(|source| source.lines()) {
        let line = line.trim();
        let name = ["pub fn ", "pub const fn "]
            .iter()
            .find_map(|start| line.strip_prefix(start));
        let Some(name) = name.and_then(|rest| rest.split(['(', '<']).next()) else {
            continue;
        };
        if CODE.contains(&name) || name == "with_auth" {
            continue;
        }
        setters += 1;
        let renamed = RENAMED.iter().find(|(setter, _)| *setter == name);
        let key = renamed.map_or(name, |(_, key)| key);
        assert!(keys.iter().any(|known| known == key), "{name} has no key {key}");
    }
    assert!(setters > 35, "{setters}: are the setters elsewhere now?");
}
