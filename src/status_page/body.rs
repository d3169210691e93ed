//! What is sent: a whole answer, or a stream of events that is pulled.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep_until};

use super::shared::Slot;

/// The body of an answer of the [`StatusPage`](super::StatusPage). It never fails.
pub struct Body(Kind);

enum Kind {
    Whole(Bytes),
    Events(Box<Events>),
}

/// One event for each second, made when the server asks for it. Dropped with the connection, and its place is free.
struct Events {
    slot: Slot,
    /// None before the first event.
    next: Option<Pin<Box<Sleep>>>,
    is_done: bool,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Whole(_) => "Body::Whole",
            Kind::Events(_) => "Body::Events",
        })
    }
}

impl Body {
    pub(super) const fn whole(content: Bytes) -> Self {
        Self(Kind::Whole(content))
    }

    pub(super) const fn empty() -> Self {
        Self::whole(Bytes::new())
    }

    pub(super) fn events(slot: Slot) -> Self {
        Self(Kind::Events(Box::new(Events {
            slot,
            next: None,
            is_done: false,
        })))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = match &mut self.0 {
            Kind::Whole(content) => Some(std::mem::take(content)).filter(|content| !content.is_empty()),
            Kind::Events(events) => ready!(events.poll_next(cx)),
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(content) => content.is_empty(),
            Kind::Events(events) => events.is_done,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(content) => SizeHint::with_exact(content.len() as u64),
            Kind::Events(_) => SizeHint::default(),
        }
    }
}

impl Events {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let shared = self.slot.shared();
        let is_first = match &mut self.next {
            None => true,
            Some(next) => {
                ready!(next.as_mut().poll(cx));
                false
            }
        };
        let is_late = Instant::now() >= self.slot.ends();
        // A timer needs a runtime; without one there is one event and no more.
        let has_timer = Handle::try_current().is_ok();
        if self.is_done || shared.is_closed() || is_late {
            self.is_done = true;
            return Poll::Ready(None);
        }
        // A session that is closed has said so in the last event.
        self.is_done = shared.is_over() || !has_timer;
        let next = shared.next_second();
        let event = event(is_first, self.is_done, &shared.json());
        if has_timer {
            match &mut self.next {
                Some(timer) => timer.as_mut().reset(next),
                None => self.next = Some(Box::pin(sleep_until(next))),
            }
        }
        Poll::Ready(Some(event))
    }
}

/// One event. The JSON has no line breaks. The first one says how soon a stream that ended is opened again, and so does the last one of a session that is closed: nothing will change soon.
fn event(is_first: bool, is_last: bool, json: &[u8]) -> Bytes {
    let retry: &[u8] = match (is_first, is_last) {
        (_, true) => b"retry: 10000\n",
        (true, false) => b"retry: 1000\n",
        (false, false) => b"",
    };
    let mut text = Vec::with_capacity(retry.len() + json.len() + 8);
    text.extend_from_slice(retry);
    text.extend_from_slice(b"data: ");
    text.extend_from_slice(json);
    text.extend_from_slice(b"\n\n");
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_of_data_and_an_empty_one() {
        assert_eq!(event(false, false, b"{}"), "data: {}\n\n");
        assert_eq!(event(true, false, b"{}"), "retry: 1000\ndata: {}\n\n");
        // Nothing will change soon, so the browser is told to take its time.
        assert_eq!(event(false, true, b"{}"), "retry: 10000\ndata: {}\n\n");
        assert_eq!(event(true, true, b"{}"), "retry: 10000\ndata: {}\n\n");
    }
}
