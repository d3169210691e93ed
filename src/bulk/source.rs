use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::error::Error;
use crate::statement::{Batch, Statement};

/// What [`Session::execute_many`](crate::Session::execute_many) takes: a statement, or the error that there was instead of one, such as that of
/// [`Prepared::bind`](crate::Prepared::bind).
pub trait IntoStatement: sealed::Sealed {
    /// The statement.
    ///
    /// # Errors
    /// The one it was made from.
    fn into_statement(self) -> Result<Statement, Error>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! into_statement {
    ($($from:ty),*) => {
        $(impl sealed::Sealed for $from {}

        impl IntoStatement for $from {
            fn into_statement(self) -> Result<Statement, Error> {
                Ok(self.into())
            }
        })*
    };
}

into_statement!(Statement, &Statement, Batch, &Batch, &str, String, &String);

impl<S: Into<Statement>> sealed::Sealed for Result<S, Error> {}

impl<S: Into<Statement>> IntoStatement for Result<S, Error> {
    fn into_statement(self) -> Result<Statement, Error> {
        self.map(Into::into)
    }
}

/// An iterator as the stream that [`ExecuteMany`](super::ExecuteMany) reads from.
pub struct Iter<I>(pub(super) I);

impl<I> fmt::Debug for Iter<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}

// Nothing in it is ever pinned.
impl<I> Unpin for Iter<I> {}

impl<I: Iterator> Stream for Iter<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(self.0.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}
