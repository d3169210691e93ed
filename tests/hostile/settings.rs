//! Configurations that were damaged. 1,000,000 files and as many sets of variables with `FULL=1`.

use std::ffi::OsString;

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use tower_cassandra::{ClusterBuilder, Error, ErrorKind, Settings};

use crate::{mangle, seed, times};

const EXAMPLE: &str = include_str!("../../examples/cluster.toml");

/// Looks like a value of some option, or like none.
const VALUES: [&str; 24] = [
    "0",
    "-1",
    "1.5",
    "1e400",
    "nan",
    "true",
    "''",
    "'10 s'",
    "'10'",
    "'1 ms'",
    "'-1 s'",
    "'18446744073709551615 s'",
    "18446744073709551616",
    "9223372036854775807",
    "[]",
    "['a', 'b:9042']",
    "[[]]",
    "{}",
    "{ a = 1 }",
    "'local_quorum'",
    "'127.0.0.1'",
    "'größe'",
    "1979-05-27",
    "\"\\u0000\"",
];

/// The example with all that is commented out.
fn whole() -> Vec<String> {
    let shown = |line: &str| {
        let bare = line.strip_prefix("# ").or(line.strip_prefix('#'));
        let setting = |text: &&str| text.starts_with('[') || text.contains(" = ");
        bare.filter(setting).unwrap_or(line).to_owned()
    };
    EXAMPLE.lines().map(shown).collect()
}

fn damaged(lines: &[String], rng: &mut SmallRng) -> String {
    let mut lines: Vec<String> = lines.to_vec();
    // Few lines, so that what follows the first mistake is read often enough.
    let keep = rng.random_range(0.02..1.0);
    lines.retain(|line| line.starts_with('[') || rng.random_bool(keep));
    for _ in 0..rng.random_range(0..3) {
        let Some(at) = (!lines.is_empty()).then(|| rng.random_range(0..lines.len())) else {
            break;
        };
        match rng.random_range(0..4) {
            0 => drop(lines.remove(at)),
            1 => {
                let line = lines[at].clone();
                let to = rng.random_range(0..=lines.len());
                lines.insert(to, line);
            }
            _ => {
                if let Some((key, _)) = lines[at].clone().split_once(" = ") {
                    lines[at] = format!("{key} = {}", VALUES.choose(rng).unwrap_or(&""));
                }
            }
        }
    }
    let mut text = lines.join("\n").into_bytes();
    if rng.random_bool(0.3) {
        mangle::bytes(&mut text, rng);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Whether it is taken. A refusal has the kind of a refusal.
fn taken(settings: Result<Settings, Error>, place: &str) -> bool {
    let builder = settings.and_then(ClusterBuilder::from_settings);
    match builder.and_then(ClusterBuilder::build) {
        Ok(cluster) => {
            let _ = format!("{cluster:?}");
            true
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Config, "{place}: {error:?}");
            let _ = format!("{error} {error:?} {:?}", error.bad_setting());
            false
        }
    }
}

#[test]
fn a_damaged_file_is_taken_or_refused_and_nothing_else() {
    let inputs = times(1_000_000);
    let seed = seed("files", inputs);
    let lines = whole();
    let mut count = 0;
    for input in 0..inputs {
        let mut rng = SmallRng::seed_from_u64(seed ^ (input << 20));
        let text = damaged(&lines, &mut rng);
        count += u64::from(taken(
            Settings::from_toml_str(&text),
            &format!("SEED={seed}, input {input}:\n{text}"),
        ));
    }
    println!("files: {count} of {inputs} taken");
    assert!(count > 0 && count < inputs, "SEED={seed}: {count}");
}

#[test]
fn damaged_variables_are_taken_or_refused_and_nothing_else() {
    let inputs = times(1_000_000);
    let seed = seed("variables", inputs);
    let keys = Settings::keys();
    let mut count = 0;
    for input in 0..inputs {
        let mut rng = SmallRng::seed_from_u64(seed ^ (input << 20));
        let variables = (0..rng.random_range(0..4)).map(|_| {
            let key = keys.choose(&mut rng).map_or("", |key| key.as_str());
            let mut name =
                format!("X_{}", key.replace('.', "__").replace('*', "p").to_uppercase()).into_bytes();
            let mut value = VALUES
                .choose(&mut rng)
                .unwrap_or(&"")
                .trim_matches('\'')
                .as_bytes()
                .to_vec();
            if rng.random_bool(0.1) {
                mangle::bytes(&mut name, &mut rng);
            }
            if rng.random_bool(0.2) {
                mangle::bytes(&mut value, &mut rng);
            }
            (os(name), os(value))
        });
        let variables: Vec<_> = variables.collect();
        let place = format!("SEED={seed}, input {input}: {variables:?}");
        count += u64::from(taken(Settings::from_variables("X", variables), &place));
    }
    println!("variables: {count} of {inputs} taken");
    assert!(count > 0 && count < inputs, "SEED={seed}: {count}");
}

/// Bytes that need not be text, where the system allows that.
fn os(bytes: Vec<u8>) -> OsString {
    #[cfg(unix)]
    return std::os::unix::ffi::OsStringExt::from_vec(bytes);
    #[cfg(not(unix))]
    return String::from_utf8_lossy(&bytes).into_owned().into();
}
