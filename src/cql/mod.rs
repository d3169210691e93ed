//! What can be told from the text of a statement without a server: may it be sent twice ([`idempotence`]), and which
//! statements are the same but for their values ([`Fingerprint`]).
//!
//! Both read the words, literals and signs of the text once, from left to right, in time linear in its length. The server
//! judges the grammar; where the text is unclear the answer is the careful one. No text makes them panic.

mod fingerprint;
mod idempotence;
mod literal;
mod read;
mod token;

pub use fingerprint::Fingerprint;
pub use idempotence::{Doubt, Idempotence, idempotence};
pub(crate) use token::{Kind, Token, Tokens};
