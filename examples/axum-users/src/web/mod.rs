//! What is between the sockets and the handlers.

mod figures;
mod guard;
mod observe;
mod server;
mod stream;

pub(crate) use figures::HttpFigures;
pub(crate) use guard::{Guard, describe_guarded, operators_only, viewers_only};
pub(crate) use observe::{count, refuse_late};
pub(crate) use server::{Limits, serve};
pub(crate) use stream::{Shape, answer_with_rows};
