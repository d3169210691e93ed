//! What is between the sockets and the handlers.

mod figures;
mod observe;
mod server;
mod stream;

pub(crate) use figures::HttpFigures;
pub(crate) use observe::{count, refuse_late};
pub(crate) use server::{Limits, serve};
pub(crate) use stream::{Shape, answer_with_rows};
