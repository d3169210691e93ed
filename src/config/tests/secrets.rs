//! Passwords, wherever they stand.

use super::*;

#[test]
fn a_secret_is_in_no_error_and_in_no_debug() {
    fn whole(error: &Error) -> String {
        use std::error::Error as _;
        let source = error.source().map(ToString::to_string).unwrap_or_default();
        format!("{error} {error:?} {source} {:?}", error.bad_setting())
    }
    for text in [
        "password = 53217",
        "password = -53217",
        "password = 53217.0",
        "password = ['53217']",
        "password = { a = '53217' }",
        "password = 53217-01-01",
        "password = '53217",
        "password = a53217",
        "password = \"53217\\q\"",
        "password = '53217'\ntimeout = 5",
        "password = '53217'",
        "user = 'a'\npassword = '53217' x",
    ] {
        let error = ClusterBuilder::from_toml_str(text).expect_err(text);
        assert!(!whole(&error).contains("53217"), "{text}: {}", whole(&error));
    }
    let error = variables(&[("DB_PASSWORD__X", "53217")]).unwrap_err();
    assert!(!whole(&error).contains("53217"), "{}", whole(&error));
    let settings = Settings::from_toml_str("user = 'a'\npassword = '53217'").unwrap();
    assert!(!format!("{settings:?}").contains("53217"));
    let builder = ClusterBuilder::from_settings(settings).unwrap();
    assert!(!format!("{builder:?}{}", shown(&builder)).contains("53217"));
}
