//! Damage: to frames, and to bytes and texts of any kind.

use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;

use crate::known::{self, HEADER};

/// Opcodes of answers, and some that are none.
const OPCODES: [u8; 10] = [0x00, 0x02, 0x03, 0x06, 0x08, 0x0C, 0x0E, 0x10, 0x09, 0xFF];

/// Numbers at which lengths and counts go wrong.
const NUMBERS: [u32; 12] = [
    0,
    1,
    2,
    0x7F,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x00FF_FFFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFE,
    0xFFFF_FFFF,
];

/// Damages the frame of an answer. Mostly its body, so that the connection survives and the next one is read as well; `lethal` is the share
/// of damage that costs the connection or an answer.
pub(crate) fn answer(frame: &mut Vec<u8>, lethal: f64, rng: &mut SmallRng) {
    if frame.len() < HEADER {
        return;
    }
    if rng.random_bool(lethal) {
        return header(frame, rng);
    }
    let mut body = frame.split_off(HEADER);
    if rng.random_bool(0.1) {
        body = random(rng, 200);
        frame[4] = *OPCODES.choose(rng).unwrap_or(&0);
    } else {
        bytes(&mut body, rng);
    }
    if rng.random_bool(0.05) {
        // Compressed, traced, with a payload, with warnings, and what means nothing.
        frame[1] ^= 1 << rng.random_range(0..8);
    }
    if rng.random_bool(0.05) {
        frame[4] = *OPCODES.choose(rng).unwrap_or(&0);
    }
    known::spare(frame[1], frame[4], &mut body);
    let length = u32::try_from(body.len()).unwrap_or(0);
    frame[5..HEADER].copy_from_slice(&length.to_be_bytes());
    frame.append(&mut body);
}

fn header(frame: &mut Vec<u8>, rng: &mut SmallRng) {
    match rng.random_range(0..7) {
        0 => frame[0] = rng.random(),
        // The answer to somebody else, or to nobody.
        1 => frame[2..4].copy_from_slice(&rng.random::<u16>().to_be_bytes()),
        // A length that is too short, too long, or absurd.
        2 => {
            let number = *NUMBERS.choose(rng).unwrap_or(&0);
            frame[5..HEADER].copy_from_slice(&number.min(known::LONGEST_FRAME).to_be_bytes());
        }
        3 => *frame = random(rng, 300),
        4 => frame.truncate(rng.random_range(0..known::longest_cut(frame))),
        // An event that nobody asked for.
        5 => {
            let body = random(rng, 60);
            let length = u32::try_from(body.len()).unwrap_or(0);
            frame.extend([0x84, 0, 0xFF, 0xFF, 0x0C]);
            frame.extend(length.to_be_bytes());
            frame.extend(body);
        }
        // The same answer twice.
        _ => frame.extend_from_within(..),
    }
}

/// Changes one to four places.
pub(crate) fn bytes(of: &mut Vec<u8>, rng: &mut SmallRng) {
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=of.len());
        let rest = of.len() - at;
        match rng.random_range(0..8) {
            0 if rest > 0 => of[at] ^= 1 << rng.random_range(0..8),
            1 if rest > 0 => of[at] = rng.random(),
            2 if rest >= 4 => {
                let number = *NUMBERS.choose(rng).unwrap_or(&0);
                of[at..at + 4].copy_from_slice(&number.to_be_bytes());
            }
            3 if rest >= 2 => {
                let number = *NUMBERS.choose(rng).unwrap_or(&0) as u16;
                of[at..at + 2].copy_from_slice(&number.to_be_bytes());
            }
            4 => of.truncate(at),
            5 => {
                let more = random(rng, 16);
                of.splice(at..at, more);
            }
            6 => {
                let end = at + rng.random_range(0..=rest.min(16));
                of.drain(at..end);
            }
            _ => {
                let end = at + rng.random_range(0..=rest.min(64));
                let piece = of[at..end].to_vec();
                let to = rng.random_range(0..=of.len());
                of.splice(to..to, piece);
            }
        }
    }
}

/// Up to so many bytes by chance.
pub(crate) fn random(rng: &mut SmallRng, most: usize) -> Vec<u8> {
    (0..rng.random_range(0..=most)).map(|_| rng.random()).collect()
}
