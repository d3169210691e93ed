//! Places in a result that leave the process: signed, so that nobody can make one up.
//!
//! A cursor is `version | tag | page state`, in base64 for URLs. The tag is HMAC-SHA256 over version, purpose, limit and page state: a cursor is good for
//! the very query and limit that it came from. It is not secret: it holds parts of a key of the table, which the client has seen in the rows.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tower_cassandra::PageState;

use crate::errors::ApiError;

const VERSION: u8 = 1;
const TAG: usize = 32;
/// Longer ones are not looked at. The server's own part is some tens of bytes.
const LONGEST: usize = 2_048;

/// Signs and checks cursors.
#[derive(Clone)]
pub(crate) struct Cursors {
    key: Hmac<Sha256>,
}

impl Cursors {
    /// With this key, or one that nobody knows.
    pub(crate) fn new(key: Option<&[u8]>) -> Self {
        let random: [u8; 32] = rand::random();
        let key = Hmac::new_from_slice(key.unwrap_or(&random));
        // HMAC takes keys of any length; the type says otherwise for other codes.
        let key = key.unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
        Self { key }
    }

    fn over(&self, purpose: &str, limit: u32, place: &[u8]) -> Hmac<Sha256> {
        let mut code = self.key.clone();
        code.update(&[VERSION]);
        // Its length goes before it, so that no two inputs look the same.
        code.update(&(purpose.len() as u64).to_be_bytes());
        code.update(purpose.as_bytes());
        code.update(&limit.to_be_bytes());
        code.update(place);
        code
    }

    pub(crate) fn sign(&self, purpose: &str, limit: u32, place: &PageState) -> String {
        let place = place.to_bytes();
        let tag = self.over(purpose, limit, &place).finalize().into_bytes();
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&tag);
        bytes.extend_from_slice(&place);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place, if this very cursor was signed for this purpose and limit. Compared in constant time.
    pub(crate) fn open(&self, purpose: &str, limit: u32, cursor: &str) -> Result<PageState, ApiError> {
        let bad = || ApiError::Bad("invalid cursor");
        if cursor.len() > LONGEST {
            return Err(bad());
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
        let (&version, rest) = bytes.split_first().ok_or_else(bad)?;
        let (tag, place) = rest.split_at_checked(TAG).ok_or_else(bad)?;
        if version != VERSION {
            return Err(bad());
        }
        let code = self.over(purpose, limit, place);
        code.verify_slice(tag).map_err(|_| bad())?;
        PageState::from_bytes(place).map_err(|_| bad())
    }
}

#[cfg(test)]
mod forged;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_only_as_it_was_signed() {
        let cursors = Cursors::new(Some(&[7; 32]));
        let signed = cursors.sign("items", 20, &PageState::start());
        assert_eq!(cursors.open("items", 20, &signed).unwrap(), PageState::start());
        assert!(cursors.open("items", 21, &signed).is_err());
        assert!(cursors.open("users", 20, &signed).is_err());
        assert!(Cursors::new(None).open("items", 20, &signed).is_err());
        for at in 0..signed.len() {
            for other in ['A', 'z', '0'] {
                let mut forged: Vec<char> = signed.chars().collect();
                if forged[at] == other {
                    continue;
                }
                forged[at] = other;
                let forged: String = forged.into_iter().collect();
                assert!(cursors.open("items", 20, &forged).is_err(), "{at}: {forged}");
            }
        }
        for garbage in ["", "A", "?", &"A".repeat(100), &"A".repeat(5_000)] {
            assert!(cursors.open("items", 20, garbage).is_err());
        }
    }
}
