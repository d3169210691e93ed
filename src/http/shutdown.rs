use std::fmt;
use std::future::{Future, IntoFuture, pending};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tower_cassandra_layers::trace::emit;

use super::signals::Signals;
use crate::session::Session;

/// Ends a service without losing a request that it has accepted: the server stops accepting, requests under way finish, then the session is closed, all within
/// one limit. Clones are the same shutdown.
///
/// ```no_run
/// # use std::time::Duration;
/// # use tower_cassandra::Session;
/// # async fn example<S>(session: Session, server: S) -> Result<(), std::io::Error>
/// # where S: std::future::Future<Output = Result<(), std::io::Error>> {
/// # #[cfg(feature = "axum")] {
/// use tower_cassandra::axum::Shutdown;
///
/// let shutdown = Shutdown::new(session, Duration::from_secs(30));
/// // let server = axum::serve(listener, app).with_graceful_shutdown(shutdown.requested());
/// // let server = Server::builder().add_service(users).serve_with_shutdown(address, shutdown.requested());
/// let report = shutdown.run(server).await?;
/// println!("{report}");
/// # }
/// # Ok(()) }
/// ```
///
/// It begins with SIGTERM, SIGINT (elsewhere Ctrl-C), or [`begin`](Self::begin). A second signal ends everything at once. Whatever is still under way at the limit
/// is cut off: calls end with `Closed`.
///
/// From the moment it begins [`Readiness`](https://docs.rs/tower-cassandra/latest/tower_cassandra/axum/struct.Readiness.html) can say so
/// (`Readiness::with_shutdown`). Where a load balancer needs a while to notice, [`linger`](Self::linger) goes on accepting meanwhile.
#[derive(Clone)]
pub struct Shutdown {
    session: Session,
    limit: Duration,
    linger: Duration,
    /// When it began.
    begun: Arc<watch::Sender<Option<Instant>>>,
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown")
            .field("limit", &self.limit)
            .field("linger", &self.linger)
            .field("begun", &self.has_begun())
            .finish_non_exhaustive()
    }
}

impl Shutdown {
    /// All of it takes at most `limit`: [`defaults::CLOSE_TIMEOUT`](crate::cluster::defaults::CLOSE_TIMEOUT) (30 s) is the usual one, and what
    /// Kubernetes grants before it kills a process. More than a day counts as a day.
    #[must_use]
    pub fn new(session: Session, limit: Duration) -> Self {
        const LONGEST: Duration = Duration::from_secs(86_400);
        Self {
            session,
            // Where a clock can still count to.
            limit: limit.min(LONGEST),
            linger: Duration::ZERO,
            begun: Arc::new(watch::Sender::new(None)),
        }
    }

    /// Sets how long the server goes on accepting after the shutdown has begun, as part of the limit. Default: not at all.
    #[must_use]
    pub const fn linger(mut self, time: Duration) -> Self {
        self.linger = time;
        self
    }

    /// Begins it, as a signal does. It may be called any number of times.
    pub fn begin(&self) {
        self.begun.send_if_modified(|begun| {
            let is_first = begun.is_none();
            begun.get_or_insert_with(Instant::now);
            is_first
        });
    }

    /// Has it begun?
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun.borrow().is_some()
    }

    /// Ends when the server should stop accepting: for `with_graceful_shutdown` of axum and `serve_with_shutdown` of tonic. It listens for the signals
    /// itself; dropping it changes nothing.
    pub fn requested(&self) -> impl Future<Output = ()> + Send + use<> {
        let this = self.clone();
        async move {
            let mut signals = this.signals();
            let began = tokio::select! {
                began = this.begun() => began,
                () = next(&mut signals) => {
                    this.begin();
                    this.begun().await
                }
            };
            // Never beyond what all of it may take.
            sleep_until(began + this.linger.min(this.limit)).await;
        }
    }

    /// Runs the server to its end and closes the session. Where the server ends by itself the session is closed as well.
    ///
    /// # Errors
    /// That of the server; the session is closed all the same.
    ///
    /// Dropping the future drops the server and leaves the session as it is.
    pub async fn run<S, E>(&self, server: S) -> Result<ShutdownReport, E>
    where
        S: IntoFuture<Output = Result<(), E>>,
    {
        let mut signals = self.signals();
        let mut served = None;
        let (how, calls_cut_off) = {
            let work = async {
                // Dropped where it ends: it accepts nothing any more.
                served = Some(server.into_future().await);
                let began = self.begun.borrow().unwrap_or_else(Instant::now);
                let rest = (began + self.limit).saturating_duration_since(Instant::now());
                self.session.end(rest).await
            };
            tokio::select! {
                biased;
                cut_off = work => (End::Done, Some(cut_off)),
                end = self.end(&mut signals) => (end, None),
            }
        };
        let calls_cut_off = match calls_cut_off {
            Some(cut_off) => cut_off,
            None => self.session.end(Duration::ZERO).await,
        };
        let report = ShutdownReport {
            took: self
                .begun
                .borrow()
                .map(|began| began.elapsed())
                .unwrap_or_default(),
            server_ended: served.is_some(),
            forced: how == End::Forced,
            calls_cut_off,
        };
        emit(|| tracing::info!(target: "tower_cassandra::http", "{report}"));
        served.unwrap_or(Ok(())).map(|()| report)
    }

    fn signals(&self) -> Option<Signals> {
        Signals::listen()
            .inspect_err(|error| {
                emit(|| tracing::warn!(target: "tower_cassandra::http", %error, "signals cannot be listened for"));
            })
            .ok()
    }

    /// When it began, once it has.
    async fn begun(&self) -> Instant {
        let mut begun = self.begun.subscribe();
        let begun = begun
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|begun| *begun);
        begun.unwrap_or_else(Instant::now)
    }

    /// Ends with patience: at the limit, or at the second signal.
    async fn end(&self, signals: &mut Option<Signals>) -> End {
        let late = async {
            sleep_until(self.begun().await + self.limit).await;
        };
        let forced = async {
            next(signals).await;
            self.begin();
            next(signals).await;
        };
        tokio::select! {
            () = late => End::Late,
            () = forced => End::Forced,
        }
    }
}

async fn next(signals: &mut Option<Signals>) {
    match signals {
        Some(signals) => signals.next().await,
        None => pending().await,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    Late,
    Forced,
}

/// How a shutdown went. `Display` says it in a sentence.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// From when it began.
    pub took: Duration,
    /// Did the server end by itself, all its requests answered?
    pub server_ended: bool,
    /// Was it a second signal that ended it?
    pub forced: bool,
    /// How many calls of the session were cut off.
    pub calls_cut_off: u64,
}

impl ShutdownReport {
    /// Was nothing cut off?
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.server_ended && self.calls_cut_off == 0
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shut down after {:.1} s", self.took.as_secs_f64())?;
        if self.is_clean() {
            return f.write_str(", nothing was cut off");
        }
        if self.forced {
            f.write_str(", by a second signal")?;
        }
        if !self.server_ended {
            f.write_str(", connections were cut off")?;
        }
        write!(f, ", calls cut off: {}", self.calls_cut_off)
    }
}
