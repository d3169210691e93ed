use super::*;
use crate::error::ErrorKind;
use crate::saved::damage;

fn state() -> PageState {
    let fingerprint = Fingerprint::of(&Statement::new("SELECT a FROM ks.t"), None);
    PageState::new(
        fingerprint,
        Some(&PagingState::new_from_raw_bytes(vec![1, 2, 3, 4, 5, 6, 7])),
        42,
    )
}

/// A small generator with a fixed seed (xorshift), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }
}

fn is_refused(bytes: &[u8]) -> bool {
    match PageState::from_bytes(bytes) {
        Err(error) => error.kind() == ErrorKind::Invalid,
        Ok(_) => false,
    }
}

#[test]
fn bytes_give_the_same_place_back() {
    for state in [
        state(),
        PageState::start(),
        state().at_page_start(),
        state().after(3),
    ] {
        assert_eq!(PageState::from_bytes(&state.to_bytes()).unwrap(), state);
    }
    // What was stored once must be readable for ever.
    let stored: &[u8] = &[
        0x74, 0x63, 0x70, 0x67, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255,
        255, 255,
    ];
    let mut stored = stored.to_vec();
    stored.extend(hash(&stored).to_le_bytes());
    assert_eq!(PageState::from_bytes(&stored).unwrap(), PageState::start());
}

#[test]
fn every_single_bit_that_is_flipped_is_found() {
    let bytes = state().to_bytes();
    for at in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[at / 8] ^= 1 << (at % 8);
        assert!(is_refused(&damaged), "bit {at}");
    }
}

#[test]
fn every_cut_and_every_addition_is_found() {
    let bytes = state().to_bytes();
    for length in 0..bytes.len() {
        assert!(is_refused(&bytes[..length]), "length {length}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(is_refused(&longer));
}

#[test]
fn any_bytes_whatever_are_refused_without_a_panic() {
    let mut random = Random(0x5EED);
    for round in 0..20_000 {
        let mut bytes: Vec<u8> = (0..random.below(120)).map(|_| random.next() as u8).collect();
        // Half of them look right at first sight, a quarter down to the checksum.
        if round % 2 == 0 {
            bytes.splice(0..0, *b"tcpg\x01");
        }
        let forged = round % 4 == 0;
        if forged {
            bytes.extend(hash(&bytes).to_le_bytes());
        }
        let read = PageState::from_bytes(&bytes);
        assert!(forged || read.is_err(), "round {round}");
        if let Ok(state) = read {
            assert_eq!(state.to_bytes(), bytes, "round {round}");
        }
    }
}

#[test]
fn what_was_forged_with_a_right_checksum_is_refused_or_means_one_thing() {
    let mut counts = [0, 0];
    damage::each(&state().to_bytes(), |bytes, place| {
        let read = PageState::from_bytes(bytes);
        counts[usize::from(read.is_ok())] += 1;
        match read {
            Ok(state) => {
                let again = PageState::from_bytes(&state.to_bytes()).unwrap();
                assert_eq!(again, state, "{place}");
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Invalid, "{place}"),
        }
    });
    assert!(counts.iter().all(|count| *count > 100), "{counts:?}");
}

#[test]
fn a_newer_version_is_told_from_damage() {
    let mut bytes = state().to_bytes();
    bytes[4] = 2;
    let error = PageState::from_bytes(&bytes).unwrap_err();
    assert!(error.to_string().contains("newer"), "{error}");
}

#[test]
fn it_belongs_to_one_text_one_keyspace_and_one_set_of_values() {
    let of = |text: &str, keyspace| Fingerprint::of(&Statement::new(text), keyspace);
    let here = of("SELECT a FROM t", Some("ks"));
    let state = PageState::new(here, None, 0);
    state.check(here).unwrap();
    for other in [
        of("SELECT b FROM t", Some("ks")),
        of("SELECT a FROM t", Some("other")),
    ] {
        assert_eq!(state.check(other).unwrap_err().kind(), ErrorKind::Invalid);
    }
    let values = |values| Fingerprint { values, ..here };
    let bound = PageState::new(values(Some(1)), None, 0);
    bound.check(values(None)).unwrap();
    assert!(bound.check(values(Some(2))).is_err());
    PageState::start().check(here).unwrap();
}

#[cfg(feature = "test-util")]
#[test]
fn a_text_may_be_prepared_between_two_pages() {
    let text = "SELECT a FROM ks.t";
    let bound = crate::test_util::prepared(text, Vec::<(&str, &str)>::new())
        .and_then(|prepared| prepared.bind(()))
        .unwrap();
    let [of_text, of_bound] =
        [&Statement::new(text), &bound].map(|statement| Fingerprint::of(statement, None));
    assert_eq!(of_text, of_bound);
}

#[test]
fn debug_does_not_show_the_place() {
    let shown = format!("{:?}", state());
    assert!(!shown.contains("1, 2, 3"), "{shown}");
}
