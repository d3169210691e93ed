//! What headers say.

use std::time::Duration;

use ::http::{HeaderMap, HeaderName};
use scylla::statement::Consistency;

use super::{BadHeader, RequestOptions};

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// All levels by the names of the protocol.
const LEVELS: [(Consistency, &str); 11] = [
    (Consistency::Any, "ANY"),
    (Consistency::One, "ONE"),
    (Consistency::Two, "TWO"),
    (Consistency::Three, "THREE"),
    (Consistency::Quorum, "QUORUM"),
    (Consistency::All, "ALL"),
    (Consistency::LocalQuorum, "LOCAL_QUORUM"),
    (Consistency::EachQuorum, "EACH_QUORUM"),
    (Consistency::LocalOne, "LOCAL_ONE"),
    (Consistency::Serial, "SERIAL"),
    (Consistency::LocalSerial, "LOCAL_SERIAL"),
];

/// The one value of a header: none where it is not there, an error where it is there twice or is no text.
fn one<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    expected: impl Fn() -> String,
) -> Result<Option<&'a str>, BadHeader> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text.trim())),
        _ => Err(BadHeader::new(name, expected())),
    }
}

/// How long the request may take.
pub(super) fn timeout(headers: &HeaderMap, options: &RequestOptions) -> Result<Option<Duration>, BadHeader> {
    let own = own_timeout(headers, options)?;
    let grpc = grpc_timeout(headers)?.map(|limit| limit.min(options.max_timeout));
    let given = own.into_iter().chain(grpc).min();
    Ok(given.or(options.default_timeout))
}

fn own_timeout(headers: &HeaderMap, options: &RequestOptions) -> Result<Option<Duration>, BadHeader> {
    let name = &options.timeout_header;
    let max = options.max_timeout;
    let expected = || format!("seconds above 0 and of at most {}", max.as_secs_f64());
    let Some(text) = one(headers, name, expected)? else {
        return Ok(None);
    };
    match seconds(text) {
        Some(limit) if limit <= max => Ok(Some(limit)),
        _ => Err(BadHeader::new(name, expected())),
    }
}

/// Seconds as a plain decimal number above 0.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    // Without signs, exponents, infinity, and at a length that is no attack.
    let plain = text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds = text.parse::<f64>().ok().filter(|_| plain)?;
    let limit = Duration::try_from_secs_f64(seconds).ok()?;
    (!limit.is_zero()).then_some(limit)
}

fn grpc_timeout(headers: &HeaderMap) -> Result<Option<Duration>, BadHeader> {
    let expected = || "up to 8 digits and one of H, M, S, m, u, n, as gRPC defines it".to_owned();
    let Some(text) = one(headers, &GRPC_TIMEOUT, expected)? else {
        return Ok(None);
    };
    grpc(text)
        .map(Some)
        .ok_or_else(|| BadHeader::new(&GRPC_TIMEOUT, expected()))
}

/// A duration as gRPC writes it. Zero is one: the time is over.
pub(super) fn grpc(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3_600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// At which consistency its statements run, if the caller may say so and does.
pub(super) fn consistency(
    headers: &HeaderMap,
    options: &RequestOptions,
) -> Result<Option<Consistency>, BadHeader> {
    if options.levels.is_empty() {
        return Ok(None);
    }
    let name = &options.consistency_header;
    let expected = || {
        let allowed =
            |(level, name): &(Consistency, &'static str)| options.levels.contains(level).then_some(*name);
        let names: Vec<&str> = LEVELS.iter().filter_map(allowed).collect();
        format!("one of {}", names.join(", "))
    };
    let Some(text) = one(headers, name, expected)? else {
        return Ok(None);
    };
    LEVELS
        .iter()
        .find(|(level, name)| name.eq_ignore_ascii_case(text) && options.levels.contains(level))
        .map(|(level, _)| Some(*level))
        .ok_or_else(|| BadHeader::new(name, expected()))
}
