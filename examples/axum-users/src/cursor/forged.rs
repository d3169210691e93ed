//! Cursors that were not made here, made by somebody who knows all but the key: none opens, and none is a panic.

use std::collections::HashMap;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngCore, SeedableRng};
use scripted_cassandra::{Rows, ScriptedCluster, Type};
use sha2::Digest;
use tower_cassandra::{ClusterBuilder, ErrorKind, Session, Statement};

use super::*;

const PURPOSE: &str = "items";
const LIMIT: u32 = 2;

fn bytes(of: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(of).unwrap()
}

/// Up to `most` bytes by chance.
fn noise(most: usize, rng: &mut StdRng) -> Vec<u8> {
    let mut noise = vec![0; rng.random_range(0..=most)];
    rng.fill_bytes(&mut noise);
    noise
}

/// Changes one to four places.
fn damage(of: &mut Vec<u8>, mut by: impl FnMut(&mut StdRng) -> u8, rng: &mut StdRng) {
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=of.len());
        match rng.random_range(0..4) {
            0 => of.insert(at, by(rng)),
            1 if at < of.len() => drop(of.remove(at)),
            2 if at < of.len() => {
                let other = rng.random_range(0..of.len());
                of.swap(at, other);
            }
            _ if at < of.len() => of[at] = by(rng),
            _ => {}
        }
    }
}

/// What somebody has who wants to make one up.
struct Forger {
    /// Cursors that the client was given.
    given: Vec<String>,
    /// The same places, by a key of the forger's own.
    foreign: Vec<String>,
}

impl Forger {
    fn one(&self, rng: &mut StdRng) -> String {
        self.given.choose(rng).unwrap().clone()
    }

    /// How it was made, what it is meant for, and itself.
    fn forge(&self, rng: &mut StdRng) -> (&'static str, (&'static str, u32), String) {
        let here = (PURPOSE, LIMIT);
        match rng.random_range(0..9) {
            0 => {
                let mut text = self.one(rng).into_bytes();
                damage(&mut text, |rng| rng.random_range(b' '..=b'~'), rng);
                ("characters", here, String::from_utf8(text).unwrap())
            }
            1 => {
                let mut raw = bytes(&self.one(rng));
                damage(&mut raw, Rng::random, rng);
                ("bytes", here, URL_SAFE_NO_PAD.encode(raw))
            }
            2 => {
                let mut raw = bytes(&self.one(rng));
                let at = rng.random_range(0..raw.len());
                let kept = if rng.random() {
                    raw.split_off(at)
                } else {
                    raw.truncate(at);
                    raw
                };
                ("cut", here, URL_SAFE_NO_PAD.encode(kept))
            }
            3 => ("foreign key", here, self.foreign.choose(rng).unwrap().clone()),
            4 => {
                let elsewhere = [("users", LIMIT), (PURPOSE, LIMIT + 1), ("", LIMIT), ("items2", 2)];
                ("elsewhere", *elsewhere.choose(rng).unwrap(), self.one(rng))
            }
            5 => {
                let (tag, place) = (bytes(&self.one(rng)), bytes(&self.one(rng)));
                let raw = [&tag[..1 + TAG], &place[1 + TAG..]].concat();
                ("tag of another", here, URL_SAFE_NO_PAD.encode(raw))
            }
            6 => {
                let place = bytes(&self.one(rng)).split_off(1 + TAG);
                let tag = match rng.random_range(0..4) {
                    0 => rng.random::<[u8; TAG]>().to_vec(),
                    1 => vec![0; TAG],
                    // Short: as much as is there could be compared.
                    2 => noise(TAG, rng),
                    _ => Sha256::digest(&place).to_vec(),
                };
                let raw = [&[VERSION][..], &tag, &place].concat();
                ("tag made up", here, URL_SAFE_NO_PAD.encode(raw))
            }
            7 => {
                let text = match rng.random_range(0..3) {
                    0 => URL_SAFE_NO_PAD.encode(noise(2_400, rng)),
                    1 => String::from_utf8_lossy(&noise(300, rng)).into_owned(),
                    _ => "\u{0}é𝄞=-_+/%"
                        .chars()
                        .cycle()
                        .take(rng.random_range(0..3_000))
                        .collect(),
                };
                ("noise", here, text)
            }
            // The same bytes written otherwise: one place has one cursor.
            _ => {
                let raw = bytes(&self.one(rng));
                let text = match rng.random_range(0..3) {
                    0 => URL_SAFE.encode(raw),
                    1 => STANDARD_NO_PAD.encode(raw),
                    _ => format!(" {}", self.one(rng)),
                };
                ("written otherwise", here, text)
            }
        }
    }
}

/// All places in a result, as a server gives them.
async fn places(session: &Session, text: &str) -> Vec<PageState> {
    let (mut places, mut at) = (Vec::new(), PageState::start());
    loop {
        let statement = Statement::new(text).page_size(LIMIT);
        let page = session.execute_page(statement, at.clone()).await.unwrap();
        places.push(at);
        match page.next() {
            Some(next) => at = next.clone(),
            None => return places,
        }
    }
}

/// 20,000, with `FULL=1` 2,000,000. The seed is printed; `SEED=n` repeats a run.
#[tokio::test]
async fn a_forged_cursor_never_opens() {
    const ITEMS: &str = "SELECT id FROM ks.items";
    const USERS: &str = "SELECT id FROM ks.users";
    let cluster = ScriptedCluster::builder().start().await.unwrap();
    for text in [ITEMS, USERS] {
        let rows = (0..20).fold(Rows::new([("id", Type::Int)]), |rows, id| rows.row([id]));
        cluster.answer_rows(text, rows);
    }
    let session = ClusterBuilder::new().contact_points(cluster.contact_points());
    let session = session.no_health_check().connect().await.unwrap();
    let places = places(&session, ITEMS).await;
    assert!(places.len() >= 10, "{}", places.len());

    let (cursors, other) = (Cursors::new(Some(&[7; 32])), Cursors::new(Some(&[8; 32])));
    let sign = |by: &Cursors| -> Vec<String> {
        let signed = places.iter().map(|place| by.sign(PURPOSE, LIMIT, place));
        signed.collect()
    };
    let forger = Forger {
        given: sign(&cursors),
        foreign: sign(&other),
    };
    let count = if std::env::var_os("FULL").is_some() {
        2_000_000
    } else {
        20_000
    };
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or_else(|| rand::rng().random_range(0..1 << 20));
    println!("cursors: {count} forged, SEED={seed}");
    let mut ways = HashMap::<_, u64>::new();
    for input in 0..count {
        let mut rng = StdRng::seed_from_u64(seed ^ (input << 20));
        let (way, (purpose, limit), forged) = forger.forge(&mut rng);
        // Damage that cancels itself out, the tag of the very same.
        if (purpose, limit) == (PURPOSE, LIMIT) && forger.given.contains(&forged) {
            continue;
        }
        let opened = cursors.open(purpose, limit, &forged);
        let is_refused = matches!(opened, Err(ApiError::Bad("invalid cursor")));
        assert!(
            is_refused,
            "SEED={seed}, input {input}, {way}: {forged:?} is {opened:?}"
        );
        *ways.entry(way).or_default() += 1;
    }
    println!("cursors: refused {ways:?}");
    assert!(
        ways.len() == 9 && ways.values().all(|refused| *refused > count / 50),
        "{ways:?}"
    );

    // Not because nothing opens.
    for (cursor, place) in forger.given.iter().zip(&places) {
        assert_eq!(cursors.open(PURPOSE, LIMIT, cursor).unwrap(), *place);
    }
    // Signed by us, for another table: the place itself knows where it belongs.
    let place = cursors.open(PURPOSE, LIMIT, &forger.given[1]).unwrap();
    let users = Statement::new(USERS).page_size(LIMIT);
    let error = session.execute_page(users, place).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    session.close(std::time::Duration::from_secs(60)).await.unwrap();
}

/// Where one field ends and the next begins is part of what is signed.
#[test]
fn fields_that_only_together_look_the_same_have_other_tags() {
    let cursors = Cursors::new(Some(&[7; 32]));
    let tag = |purpose, limit: &[u8; 4], place: &[u8]| {
        let code = cursors.over(purpose, u32::from_be_bytes(*limit), place);
        code.finalize().into_bytes()
    };
    assert_ne!(tag("a", b"bcde", b"fg"), tag("ab", b"cdef", b"g"));
}
