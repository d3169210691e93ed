//! Limits on how much goes to the inner service: how many requests at a time, and how many in a given time.
//!
//! # Which one
//!
//! * A **concurrency limit** protects whatever gets slower under load. It needs no knowledge of how fast the other side
//!   is: when answers take longer, fewer requests go out by themselves. If in doubt, take this one.
//! * A **rate limit** keeps a promise about numbers: a quota, a fair share of a cluster, a migration that must not
//!   disturb. It does not notice that the other side has slowed down, so put a concurrency limit with it.
//!
//! ```
//! # use std::time::Duration;
//! # use tower_cassandra_layers::{Call, InvalidConfig, timeout::Elapsed};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! use tower_cassandra_layers::limit::{ConcurrencyLimitLayer, RateLimit, RateLimitLayer, Rejected};
//!
//! #[derive(Debug)]
//! enum Error {
//!     Refused(Rejected),
//!     TooLate(Elapsed),
//! }
//! # impl From<Rejected> for Error { fn from(error: Rejected) -> Self { Self::Refused(error) } }
//! # impl From<Elapsed> for Error { fn from(error: Elapsed) -> Self { Self::TooLate(error) } }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let concurrency = ConcurrencyLimitLayer::new(1024)?;
//! let rate = RateLimitLayer::new(RateLimit::per_second(5_000).burst(500))?;
//! let figures = concurrency.handle();
//!
//! let service = ServiceBuilder::new()
//!     .layer(concurrency)
//!     .layer(rate)
//!     .service(service_fn(|call: Call<u32>| async move { Ok::<_, Error>(call.value + 1) }));
//!
//! let answer = service.oneshot(Call::new(41)).await;
//! assert_eq!(answer.unwrap(), 42);
//! assert_eq!((figures.admitted(), figures.active()), (1, 0));
//! # Ok(())
//! # }
//! ```
//!
//! # Where they stand
//!
//! Below the layer that writes the deadline and above the one that retries: timeout, concurrency, rate, retry. A call is
//! admitted once, with all its attempts and the pauses between them. Elsewhere:
//!
//! * *Above the timeout* the wait has no end: there is no deadline yet to bound it.
//! * *Below retry* each attempt queues anew. A request that was admitted first then waits behind newcomers with its time
//!   running out, and a refusal under load is repeated, which is more load.
//! * *Rate above concurrency* spends turns on requests that then wait for a permit and go out in a bunch; the other way
//!   round a request holds its permit while it waits for its turn, so fewer wait in all, and what passes goes out at
//!   once.
//!
//! # Defaults
//!
//! | | default | why |
//! |---|---|---|
//! | permits, rate | none, they are always given | only the one who knows the other side can say |
//! | queue | [`DEFAULT_QUEUE`]: 1000 requests, at most [`MAX_QUEUE`] | a burst finds a place; [`queue(0)`](RateLimit::queue) refuses at once |
//! | [burst](RateLimit::burst) | 100 ms of the rate, at least 1 request | what a timer with millisecond steps cannot even out |
//! | [shares](ConcurrencyLimit::share) | none; at most [`MAX_SHARES`](concurrency::MAX_SHARES) labels | without a label all requests are equal |
//! | weight, class | 1 permit, [`Normal`](crate::Priority::Normal) | the request says otherwise |
//!
//! # What is shared
//!
//! Sharing is in the layer *value*. Its clones, all services it makes and all clones of those share one limit, one queue
//! and one set of figures; a second value made with the same numbers shares nothing. To limit two services together,
//! apply one value twice; to limit them apart, make two values.
//!
//! # Waiting
//!
//! `poll_ready` is ready at once and does not touch the inner service; an idle handle holds nothing. A request asks for
//! admission when the service is called. What cannot be admitted then waits in the future, from its first poll on, in a bounded
//! queue, first come first served within its [class of priority](#priorities). Nobody of its class overtakes: behind a request that needs many permits
//! light ones wait too. Admitted in order does not mean called in order where several are admitted at the same moment.
//!
//! After admission the inner service is made ready and called: at once where nothing has to be waited for, otherwise in the future,
//! which has its own clone of the inner service. Waiting allocates nothing and spawns nothing; it takes one timer, and only where a
//! request really waits.
//!
//! A request is refused without a word to the inner service, and nothing was sent then:
//!
//! * with [`Rejected`], when the queue is full ([`Reason::ConcurrencyQueueFull`], [`Reason::RateQueueFull`]) or when it
//!   weighs more than the limit can ever grant ([`Reason::TooHeavy`]): more than all permits or its share of them, or more
//!   than the burst. A request keeps its place in the queue until it has been polled after its admission, so the queue may be full for a
//!   moment after the last one in it was admitted;
//! * with [`Elapsed`](crate::timeout::Elapsed) and [`Applied::No`](crate::Applied::No), when its deadline passes in the
//!   queue or while the inner service gets ready, or has passed on arrival. The rate limit knows the turn of each request and refuses one on arrival whose turn
//!   cannot come before its deadline, even though requests before it might still give up.
//!
//! The deadline bounds the wait for the limit and the time that the inner service takes to get ready. It does not bound the call
//! itself.
//!
//! # Weights
//!
//! A request takes as many permits, or as much of the rate, as it [weighs](crate::Request::weight). Weight 0 passes at once
//! and uncounted, for work that must not wait behind user requests.
//!
//! # Priorities
//!
//! A request belongs to one of three [classes](crate::Priority), and what comes free goes to the highest class that waits,
//! within a class to the one that came first. A full queue drops the lowest class first: a request of a higher class takes
//! the place of the youngest of the lowest class there, which is refused as if it had found the queue full. One that finds
//! only its own or higher classes there is refused itself.
//!
//! So `Low` gets what `High` and `Normal` leave, and nothing if they leave nothing. That is what a class is for. What has
//! to make some progress under any load needs a permit of its own (a second limit), not a class.
//!
//! The rate limit compares the deadline of a new request with the turn it has if nobody more important comes. One that is
//! overtaken may learn only at its deadline that its turn comes too late.
//!
//! # Shares
//!
//! [`ConcurrencyLimit::share`] bounds what requests with one [label](crate::Request::label) may hold: a batch job labelled
//! `export` with a share of 0.25 never has more than a quarter of the permits, and fills no more than a quarter of the
//! queue, so it cannot keep reads out. Its requests that wait for their share are passed by all others and by nobody of
//! their own label; the others are served in order of arrival, and do not pay for the shares with a lock.
//!
//! # Figures
//!
//! The handle of a layer tells how many requests were admitted, are active, wait, and were refused for which cause, and
//! [how long](Waits) they waited: a histogram of those that were admitted, from their arrival to the moment at which they
//! went on.
//!
//! # A call that is dropped
//!
//! * before its first poll: it holds what it found when it was called, as after admission, and it is in no queue;
//! * in the queue: it leaves at once, and those behind move up. What it had just been granted goes to the next. (The rate
//!   limit can pass on only the last turn it granted; an earlier one is lost, so that no window sees too many.)
//! * after admission: the inner call is dropped first, then its permits are free. Its part of the rate stays used.
//!
//! # Choosing numbers
//!
//! * *Permits*: requests a second times seconds per request, with room for slow moments. 5,000 requests a second that take
//!   20 ms keep 100 permits busy; 400 let them take 80 ms.
//! * *Queue*: what can be served within the time a caller waits. A request that waits its whole time and then gives up was
//!   not helped by a longer queue. 0 refuses at once what cannot run at once. Its storage is reserved when the layer is
//!   made, about 100 bytes per place.
//! * *Burst*: how many may go out at once after a pause. The default, 100 ms of the rate, evens out what a timer with
//!   millisecond steps cannot. In every window of length `w`, at most `burst + rate * w` are admitted.

mod admitted;
pub mod concurrency;
mod error;
mod queue;
pub mod rate;
mod shared;
mod waits;

pub use concurrency::{ConcurrencyHandle, ConcurrencyLimit, ConcurrencyLimitLayer, ConcurrencyLimited};
pub use error::{Reason, Rejected};
pub use rate::{RateLimit, RateLimitHandle, RateLimitLayer, RateLimited};
pub use shared::Rejections;
pub use waits::Waits;

use crate::config::InvalidConfig;

/// How many requests may wait for a limit unless its configuration says otherwise: 1000.
pub const DEFAULT_QUEUE: usize = 1000;

/// The longest queue a limit can have: 1,048,576 requests. Its storage is reserved when the layer is made.
pub const MAX_QUEUE: usize = 1 << 20;

fn check_queue(option: &'static str, queue: usize) -> Result<usize, InvalidConfig> {
    if queue > MAX_QUEUE {
        return Err(InvalidConfig::new(option, queue, "at most 1048576 requests"));
    }
    Ok(queue)
}
