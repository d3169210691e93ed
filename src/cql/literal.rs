//! The lengths of literals that are more than a run of letters and digits.

/// The length of a UUID as text.
const UUID: usize = 36;

/// A UUID at the beginning of `text`. Its hyphens are no subtraction.
pub(super) fn uuid(text: &[u8]) -> Option<usize> {
    let bytes = text.get(..UUID)?;
    let fits = bytes.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    fits.then_some(UUID)
}

/// The length of a number at the beginning of `text`, which begins with a digit: an integer, a fraction, with or without
/// exponent, or a duration such as `1h30m`. The point of a range (`1..5`) is not part of it.
pub(super) fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| from + run(&bytes[from..], u8::is_ascii_digit);
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.')
        && (bytes.get(end + 1) != Some(&b'.') || bytes.get(end + 2) == Some(&b'.'))
    {
        end = digits(end + 1);
    }
    let signed =
        matches!(bytes.get(end), Some(b'e' | b'E')) && matches!(bytes.get(end + 1), Some(b'+' | b'-'));
    if signed && bytes.get(end + 2).is_some_and(u8::is_ascii_digit) {
        return digits(end + 2);
    }
    end + word(&text[end..])
}

/// The length of the letters, digits and underscores that `text` begins with.
pub(super) fn word(text: &str) -> usize {
    let ascii = run(text.as_bytes(), |byte| {
        byte.is_ascii_alphanumeric() || *byte == b'_'
    });
    if text.as_bytes().get(ascii).is_none_or(u8::is_ascii) {
        return ascii;
    }
    text.find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(text.len())
}

/// A duration in one of the forms of ISO 8601 at the beginning of `text`: `P1Y2M3DT4H5M6S`, `P2W` or
/// `P0001-02-03T04:05:06`. To the eye of a tokenizer it begins like a name.
pub(super) fn iso_duration(text: &[u8]) -> Option<usize> {
    const ALTERNATIVE: &[u8] = b"P0000-00-00T00:00:00";
    if text.first() != Some(&b'P') {
        return None;
    }
    let fits = |(byte, form): (&u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        _ => byte == form,
    };
    let end = match text.get(..ALTERNATIVE.len()) {
        Some(whole) if whole.iter().zip(ALTERNATIVE).all(fits) => ALTERNATIVE.len(),
        _ => {
            let date = designated(text, 1, b"YMWD");
            match text.get(date) {
                Some(b'T') if date > 1 || text.get(2).is_some_and(u8::is_ascii_digit) => {
                    designated(text, date + 1, b"HMS")
                }
                _ => date,
            }
        }
    };
    let boundary = text
        .get(end)
        .is_none_or(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'_');
    (end > 2 && boundary).then_some(end)
}

/// Where the numbers with one of these letters behind them end.
fn designated(text: &[u8], from: usize, letters: &[u8]) -> usize {
    let mut end = from;
    loop {
        let number = run(&text[end..], u8::is_ascii_digit);
        match text.get(end + number) {
            Some(letter) if number > 0 && letters.contains(letter) => end += number + 1,
            _ => return end,
        }
    }
}

fn run(bytes: &[u8], is: impl Fn(&u8) -> bool) -> usize {
    bytes.iter().position(|byte| !is(byte)).unwrap_or(bytes.len())
}
