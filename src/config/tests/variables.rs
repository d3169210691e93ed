//! The environment, and who wins.

use std::time::Duration;

use super::*;

#[test]
fn variables_are_read_as_what_is_expected() {
    let from_env = variables(&[
        ("DB_CONTACT_POINTS", "one, two:9043"),
        ("DB_PORT", "9044"),
        ("DB_USER", "me"),
        ("DB_PASSWORD", "12345"),
        ("DB_TIMEOUT", "2 s"),
        ("DB_ATTEMPT_TIMEOUT", "off"),
        ("DB_STRICT_PREPARED", "true"),
        ("DB_DEFAULT_CONSISTENCY", "local_one"),
        ("DB_KEEPALIVE__INTERVAL", "1 s"),
        ("DB_RETRY__MAX_RETRIES", "7"),
        ("DB_CONCURRENCY_LIMIT__LIMIT", "8"),
        ("DB_CONCURRENCY_LIMIT__SHARES", "export=0.25, report=0.5"),
        ("DB_ADDRESS_TRANSLATION", "10.0.0.1:1=10.0.0.2:2"),
        ("DB_ALLOWED_HOSTS", "10.0.0.1:1,10.0.0.2:2"),
        ("DB_PROFILES__REPORT__TIMEOUT", "60 s"),
        ("DB_EMPTY", ""),
        ("DBX_PORT", "nobody looks here"),
    ]);
    let in_file = r#"
        contact_points = ["one", "two:9043"]
        port = 9044
        user = "me"
        password = "12345"
        timeout = "2 s"
        attempt_timeout = "off"
        strict_prepared = true
        default_consistency = "LOCAL_ONE"
        allowed_hosts = ["10.0.0.1:1", "10.0.0.2:2"]
        keepalive.interval = "1 s"
        retry.max_retries = 7
        profiles.report.timeout = "60 s"
        [address_translation]
        "10.0.0.1:1" = "10.0.0.2:2"
        [concurrency_limit]
        limit = 8
        shares = { export = 0.25, report = 0.5 }
    "#;
    let (from_env, from_file) = (from_env.unwrap(), Settings::from_toml_str(in_file).unwrap());
    assert_eq!(format!("{from_env:?}"), format!("{from_file:?}"));
    assert_eq!(from_env.0.password, from_file.0.password);
    ClusterBuilder::from_settings(from_env).unwrap().build().unwrap();
}

#[test]
fn entries_of_a_table_come_from_several_variables() {
    let variable = |name: &str, text: &str| (name.into(), text.into());
    let settings = Settings::from_variables(
        "DB",
        [
            variable("DB_CONCURRENCY_LIMIT__LIMIT", "8"),
            variable("DB_CONCURRENCY_LIMIT__SHARES", "export=0.1,import=0.3"),
            variable("DB_CONCURRENCY_LIMIT__SHARES__EXPORT", "0.25"),
            variable("DB_CONCURRENCY_LIMIT__SHARES__REPORT", "0.5"),
        ],
    );
    let shares = settings.unwrap().0.concurrency_limit.shares.unwrap();
    let shares: Vec<_> = shares
        .iter()
        .map(|(label, part)| (label.as_str(), *part))
        .collect();
    assert_eq!(shares, [("export", 0.25), ("import", 0.3), ("report", 0.5)]);
}

#[test]
fn a_bad_variable_is_named() {
    for (name, text, key) in [
        ("DB_TIMEOUT", "5", "timeout"),
        ("DB_TIMEOUT", "5 parsecs", "timeout"),
        ("DB_PORT", "many", "port"),
        ("DB_STRICT_PREPARED", "perhaps", "strict_prepared"),
        ("DB_TIMEUOT", "5 s", "timeuot"),
        ("DB_RETRY", "3", "retry"),
        ("DB_RETRY__RETRIES", "3", "retry.retries"),
        ("DB_PORT__NUMBER", "3", "port.number"),
        ("DB_PROFILES__A", "3", "profiles.a"),
        ("DB_ALLOWED_HOSTS", "host", "allowed_hosts"),
        ("DB_ADDRESS_TRANSLATION", "host", "address_translation"),
        ("DB_", "3", ""),
    ] {
        let error = variables(&[(name, text)]).expect_err(name);
        let place = format!("environment variable {name}");
        assert_eq!(problem(&error), (key.to_owned(), place), "{error}");
    }
}

#[test]
fn calls_win_over_the_environment_and_that_over_the_file() {
    let file = "port = 1\ntimeout = '1 s'\nattempt_timeout = '100 ms'\nuser = 'me'\npassword = 'a'\nretry.max_retries = 1\n\
                retry.jitter = false\nprofiles.p.page_size = 1\nprofiles.p.max_retries = 1";
    let file = Settings::from_toml_str(file).unwrap();
    let password = std::env::temp_dir().join(format!("tower-cassandra-config-{}", std::process::id()));
    std::fs::write(&password, "b").unwrap();
    let environment = variables(&[
        ("DB_PORT", "2"),
        ("DB_TIMEOUT", "2 s"),
        ("DB_PASSWORD_FILE", &password.display().to_string()),
        ("DB_RETRY__MAX_RETRIES", "2"),
        ("DB_PROFILES__P__PAGE_SIZE", "2"),
    ]);
    let both = environment.unwrap().over(file);
    let builder = ClusterBuilder::from_settings(both).unwrap().port(3);
    let all = shown(&builder);
    std::fs::remove_file(&password).unwrap();
    for part in [
        "port: 3",
        "2s",
        "100ms",
        "max_retries: 2",
        "jitter: false",
        "page_size: Some(\n",
        "credentials provider",
    ] {
        assert!(all.contains(part), "no {part} in {all}");
    }
    let profile = crate::Profile::new().page_size(2).max_retries(1);
    assert!(all.contains(&format!("{:?}", Duration::from_secs(2))));
    assert_eq!(
        builder.profile_named("p").map(|p| format!("{p:?}")),
        Some(format!("{profile:?}"))
    );
}

#[test]
fn of_the_two_sizes_of_the_pool_that_of_the_environment_wins() {
    for (file, name) in [
        ("per_host", "DB_POOL__PER_SHARD"),
        ("per_shard", "DB_POOL__PER_HOST"),
    ] {
        let file = Settings::from_toml_str(&format!("pool.{file} = 7")).unwrap();
        let both = variables(&[(name, "2")]).unwrap().over(file);
        let all = shown(&ClusterBuilder::from_settings(both).unwrap());
        let size = if name.ends_with("SHARD") {
            "PerShard"
        } else {
            "PerHost"
        };
        assert!(all.contains(size) && !all.contains("(7"), "{all}");
    }
}
