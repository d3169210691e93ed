//! For live tests: one cluster for all tests of a process.
//!
//! Without a server the tests fail, and say how to get one. They are left out only when
//! `CASSANDRA_TESTS=skip` says so, and each then prints that it was.
//!
//! ```no_run
//! use local_cassandra::{LocalCluster, testing};
//!
//! #[tokio::test]
//! async fn a_row_comes_back() {
//!     let Some(cluster) = testing::shared("a_row_comes_back", LocalCluster::builder).await else {
//!         return;
//!     };
//!     println!("{:?}", cluster.contact_points());
//! }
//! # fn main() {}
//! ```
//!
//! The shared cluster is never dropped; it ends with the process.

use std::io::Write as _;
use std::ops::Deref;

use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::builder::Builder;
use crate::cluster::LocalCluster;
use crate::error::Error;
pub use crate::error::chain;

static CLUSTER: OnceCell<Result<LocalCluster, Error>> = OnceCell::const_new();
static USERS: RwLock<()> = RwLock::const_new(());

/// The shared cluster, for as long as a test uses it.
#[derive(Debug)]
pub struct Shared {
    cluster: &'static LocalCluster,
    _use: Use,
}

#[derive(Debug)]
#[allow(dead_code, reason = "held for the time of use")]
enum Use {
    WithOthers(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

impl Deref for Shared {
    type Target = LocalCluster;

    fn deref(&self) -> &LocalCluster {
        self.cluster
    }
}

/// The cluster that all tests of this process share, side by side; the first that asks starts it. `None`
/// if tests with a server are to be skipped.
///
/// # Panics
///
/// If there is none, with what to do about it.
pub async fn shared(test: &str, builder: impl FnOnce() -> Builder) -> Option<Shared> {
    if skipped(test) {
        return None;
    }
    let with_others = Use::WithOthers(USERS.read().await);
    Some(join(test, builder, with_others).await)
}

/// As [`shared`], but no other test has the cluster meanwhile: for those that freeze or kill nodes. They
/// must leave all nodes as they found them, for which [`LocalCluster::ready`] helps. Waits for ever if
/// the same test holds a [`Shared`] already.
///
/// # Panics
///
/// If there is none, with what to do about it.
pub async fn exclusive(test: &str, builder: impl FnOnce() -> Builder) -> Option<Shared> {
    if skipped(test) {
        return None;
    }
    let alone = Use::Alone(USERS.write().await);
    Some(join(test, builder, alone).await)
}

/// A cluster for one test alone. `None` if tests with a server are to be skipped.
///
/// # Panics
///
/// If there is none, with what to do about it.
pub async fn start(test: &str, builder: Builder) -> Option<LocalCluster> {
    if skipped(test) {
        return None;
    }
    match builder.start().await {
        Ok(cluster) => Some(cluster),
        Err(error) => give_up(test, &error),
    }
}

/// Whether tests with a server are to be skipped; if so, prints that this one is.
#[must_use]
pub fn skipped(test: &str) -> bool {
    let skip = std::env::var_os("CASSANDRA_TESTS").is_some_and(|value| value == "skip");
    if skip {
        self::skip(test, "CASSANDRA_TESTS=skip");
    }
    skip
}

/// Prints that a test is left out, and why.
pub fn skip(test: &str, why: &str) {
    // Past the test harness, which shows nothing of a test that passes.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}

async fn join(test: &str, builder: impl FnOnce() -> Builder, held: Use) -> Shared {
    // A failure is kept too: each further try could take as long as the first.
    let cluster = CLUSTER.get_or_init(|| builder().start()).await;
    match cluster {
        Ok(cluster) => Shared { cluster, _use: held },
        Err(error) => give_up(test, error),
    }
}

fn give_up(test: &str, error: &Error) -> ! {
    panic!(
        "{test} needs a Cassandra cluster: {}\n(CASSANDRA_TESTS=skip leaves such tests out)",
        chain(error)
    )
}
