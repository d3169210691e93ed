//! Each mistake with its key and its place.

use super::*;

#[test]
fn mistakes_are_named_with_key_line_and_column() {
    for (text, key, place) in [
        ("timeout = 5", "timeout", "line 1, column 11"),
        (
            "port = 1\ntimeout = \"5 parsecs\"",
            "timeout",
            "line 2, column 11",
        ),
        ("timeout = \"5\"", "timeout", "line 1, column 11"),
        ("timeout = \"0\"", "timeout", "line 1, column 11"),
        ("port = \"many\"", "port", "line 1, column 8"),
        ("port = 70000", "port", "line 1, column 8"),
        ("port = -1", "port", "line 1, column 8"),
        ("contact_points = \"one\"", "contact_points", "line 1, column 18"),
        (
            "default_consistency = \"MOST\"",
            "default_consistency",
            "line 1, column 23",
        ),
        ("compression = \"zip\"", "compression", "line 1, column 15"),
        (
            "[retry]\nmax_retries = \"3\"",
            "retry.max_retries",
            "line 2, column 15",
        ),
        ("[retry]\njitter = 1", "retry.jitter", "line 2, column 10"),
        (
            "[profiles.a]\ntimeout = 5",
            "profiles.a.timeout",
            "line 2, column 11",
        ),
        (
            "allowed_hosts = ['host']",
            "allowed_hosts[0]",
            "line 1, column 18",
        ),
    ] {
        assert_eq!(refused(text), (key.to_owned(), place.to_owned()), "{text}");
    }
}

#[test]
fn unknown_keys_and_what_is_no_toml_are_found_where_they_are() {
    for (text, what, place) in [
        ("port = 1\ntimeuot = \"5 s\"", "timeuot", "line 2, column 1"),
        ("[retry]\nretries = 3", "retries", "line 2, column 1"),
        ("[profiles.a]\nspeed = 3", "speed", "line 2, column 1"),
        ("[nonsense]\n", "nonsense", "line 1, column 2"),
    ] {
        let error = Settings::from_toml_str(text).unwrap_err();
        assert_eq!(problem(&error).1, place, "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
    let (_, place) = refused("port = \n");
    assert!(place.starts_with("line 1"), "{place}");
    let (_, place) = refused("port = 1\nport = 2");
    assert!(place.starts_with("line 2"), "{place}");
}

#[test]
fn options_that_do_not_fit_together_are_refused() {
    for (text, key) in [
        ("user = 'a'", "user"),
        ("password = 'a'", "password"),
        ("password_file = 'a'", "password_file"),
        ("user = 'a'\npassword = 'a'\npassword_file = 'a'", "password_file"),
        ("user = 'a'\npassword_file = '/nowhere/at/all'", "password_file"),
        ("keyspace_case_sensitive = true", "keyspace_case_sensitive"),
        ("[pool]\nper_host = 1\nper_shard = 1", "pool"),
        ("[pool]\nper_host = 0", "pool.per_host"),
        ("[rate_limit]\nburst = 1", "rate_limit"),
        ("[concurrency_limit]\nqueue = 1", "concurrency_limit"),
        ("[metrics]\nenabled = false\nclient = 'a'", "metrics.enabled"),
        ("[health]\nenabled = false\ninterval = '1 s'", "health.enabled"),
        ("[retry]\nbudget = false\nbudget_floor = 1", "retry.budget"),
        ("[retry]\nenabled = false\nmax_retries = 1", "retry.enabled"),
        ("[hedge]\nshare = 0.5", "hedge.enabled"),
    ] {
        assert_eq!(refused(text), (key.to_owned(), String::new()), "{text}");
    }
    // What only the layers know is found when it is built.
    for text in [
        "[rate_limit]\ncount = 0",
        "port = 0",
        "[metrics]\nclient = ''",
        "[profiles.a]\npage_size = 0",
    ] {
        let error = ClusterBuilder::from_toml_str(text).unwrap().build().unwrap_err();
        assert!(error.invalid_config().is_some(), "{text}: {error}");
    }
}

#[cfg(any(feature = "rustls", feature = "openssl"))]
#[test]
fn tls_options_need_each_other() {
    for (text, key) in [
        ("[tls]\nserver_name = 'a'", "tls.server_name"),
        ("[tls]\nca_file = 'a'\nkey_file = 'a'", "tls.key_file"),
        (
            "[tls]\nca_file = 'a'\ncertificate_file = 'a'",
            "tls.certificate_file",
        ),
        ("[tls]\nca_file = 'a'\nlibrary = 'schannel'", "tls.library"),
    ] {
        assert_eq!(refused(text), (key.to_owned(), String::new()), "{text}");
    }
    let missing = ClusterBuilder::from_toml_str("[tls]\nca_file = '/nowhere/ca.pem'").unwrap();
    let error = missing.build().unwrap_err();
    assert_eq!(error.invalid_config().unwrap().option(), "tls.ca_file");
}

#[cfg(not(any(feature = "rustls", feature = "openssl")))]
#[test]
fn without_a_library_tls_is_refused_and_not_left_out() {
    assert_eq!(refused("[tls]\nca_file = 'a'").0, "tls");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = ClusterBuilder::from_file("/nowhere/at/all.toml").unwrap_err();
    assert!(error.to_string().contains("/nowhere/at/all.toml"), "{error}");
    let path = std::env::temp_dir().join(format!("tower-cassandra-settings-{}.toml", std::process::id()));
    std::fs::write(&path, "port = true").unwrap();
    let error = ClusterBuilder::from_file(&path).unwrap_err();
    std::fs::remove_file(&path).unwrap();
    let place = format!("{}:1:8", path.display());
    assert_eq!(problem(&error), ("port".to_owned(), place));
}
