//! Rooms for attempts, used again and again.
//!
//! The driver's future of one request takes four kilobytes: more than allocators keep at hand, and every line of it is far away when it is touched for the first
//! time. A room that an attempt has left a moment ago is near.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::attempt::{Order, attempt};
use crate::error::Error;
use crate::response::Response;

/// So many empty rooms a thread keeps, of about 4.5 kB each. Most often the next attempt begins where one has just ended.
const KEPT: usize = 32;

thread_local! {
    // Not of a session: what is empty holds nothing of any.
    static EMPTY: RefCell<Vec<Pin<Box<dyn Room>>>> = const { RefCell::new(Vec::new()) };
}

/// Room for one attempt at a time, whose type has no name.
trait Room: Send {
    fn begin(self: Pin<&mut Self>, order: Order);
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response, Error>>;
    fn clear(self: Pin<&mut Self>);
}

pin_project! {
    struct RoomFor<M, F> {
        make: M,
        #[pin]
        attempt: Option<F>,
    }
}

impl<M, F> Room for RoomFor<M, F>
where
    M: Fn(Order) -> F + Send,
    F: Future<Output = Result<Response, Error>> + Send,
{
    #[inline]
    fn begin(self: Pin<&mut Self>, order: Order) {
        let mut this = self.project();
        this.attempt.set(Some((this.make)(order)));
    }

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response, Error>> {
        match self.project().attempt.as_pin_mut() {
            Some(attempt) => attempt.poll(cx),
            None => Poll::Pending,
        }
    }

    #[inline]
    fn clear(self: Pin<&mut Self>) {
        self.project().attempt.set(None);
    }
}

fn build<M, F>(make: M) -> Pin<Box<dyn Room>>
where
    M: Fn(Order) -> F + Send + 'static,
    F: Future<Output = Result<Response, Error>> + Send + 'static,
{
    Box::pin(RoomFor { make, attempt: None })
}

/// An attempt in its room, which is given back with it.
pub(crate) struct Housed(Option<Pin<Box<dyn Room>>>);

impl fmt::Debug for Housed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Housed").finish_non_exhaustive()
    }
}

impl Housed {
    #[inline]
    pub(super) fn begin(order: Order) -> Self {
        // While a thread ends it keeps none any more.
        let kept = EMPTY.try_with(|empty| empty.try_borrow_mut().ok()?.pop());
        let mut room = kept.ok().flatten().unwrap_or_else(|| build(attempt));
        room.as_mut().begin(order);
        Self(Some(room))
    }
}

impl Future for Housed {
    type Output = Result<Response, Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Some(room) => room.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl Drop for Housed {
    #[inline]
    fn drop(&mut self) {
        let Some(mut room) = self.0.take() else {
            return;
        };
        // What is dropped in there may panic, or begin another attempt: nothing is borrowed meanwhile.
        room.as_mut().clear();
        let _ = EMPTY.try_with(|empty| {
            if let Ok(mut empty) = empty.try_borrow_mut()
                && empty.len() < KEPT
            {
                empty.push(room);
            }
        });
    }
}

#[cfg(test)]
mod tests;
