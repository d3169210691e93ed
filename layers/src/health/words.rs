//! Reasons in words, for people.

use std::time::Duration;

/// A time as one would say it: `12 s`, `1.5 s`, `80 ms`.
pub(crate) fn time(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0 => "less than 1 ms".to_owned(),
        1..1_000 => format!("{millis} ms"),
        1_000..10_000 if millis % 1_000 >= 50 && millis % 1_000 < 950 => {
            format!("{:.1} s", duration.as_secs_f64())
        }
        _ => format!("{:.0} s", duration.as_secs_f64()),
    }
}

/// A label as words.
pub(crate) fn label(label: &str) -> String {
    label.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        for (millis, words) in [
            (0, "less than 1 ms"),
            (80, "80 ms"),
            (1_000, "1 s"),
            (1_500, "1.5 s"),
            (1_970, "2 s"),
            (12_340, "12 s"),
            (60_000, "60 s"),
        ] {
            assert_eq!(time(Duration::from_millis(millis)), words);
        }
        assert_eq!(label("server_error"), "server error");
    }
}
