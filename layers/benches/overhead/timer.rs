//! A service that does nothing but arm one tokio timer when its leaf is pending: what a timer costs, and the proof that
//! registrations are counted.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};
use tower_service::Service;

use crate::drive::Case;
use crate::leaf::{Leaf, Request};

pub(crate) const CONTROL: Case = Case {
    name: "tokio_timer",
    reaches_leaf: true,
    run: |leaf, rounds| rounds.drive(Timer(leaf)),
};

struct Timer(Leaf);

impl Service<Request> for Timer {
    type Response = u32;
    type Error = crate::leaf::Error;
    type Future = Armed;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Armed {
        Armed {
            inner: self.0.call(request),
            sleep: None,
        }
    }
}

pin_project_lite::pin_project! {
    pub(crate) struct Armed {
        #[pin]
        inner: crate::leaf::Answering,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Future for Armed {
    type Output = Result<u32, crate::leaf::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(result) = this.inner.poll(cx) {
            return Poll::Ready(result);
        }
        this.sleep.set(Some(sleep(Duration::from_secs(1))));
        if let Some(sleep) = this.sleep.as_pin_mut() {
            assert!(sleep.poll(cx).is_pending());
        }
        Poll::Pending
    }
}
