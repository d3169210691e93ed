//! Sessions opened and closed in a loop leave no task, socket or thread behind. In a process of its own: everything in it is counted.

mod open;
mod streams;

use std::sync::Mutex;
use std::time::Duration;

use local_cassandra::{LocalCluster, testing};
use scripted_cassandra::ScriptedCluster;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::{Instant, sleep};
use tower_cassandra::{Cluster, ClusterBuilder};

const QUERY: &str = "SELECT key FROM system.local";
/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One test at a time.
static ALONE: Mutex<()> = Mutex::new(());

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    tasks: usize,
    sockets: usize,
    threads: usize,
}

impl Left {
    /// Is there nothing that was not there then? What was still on its way out then may have gone since.
    const fn is_at_most(self, then: Self) -> bool {
        self.tasks <= then.tasks && self.sockets <= then.sockets && self.threads <= then.threads
    }

    fn now() -> Self {
        let sockets = std::fs::read_dir("/proc/self/fd").unwrap().filter(|entry| {
            let target = entry
                .as_ref()
                .ok()
                .and_then(|entry| entry.path().read_link().ok());
            target.is_some_and(|target| target.to_string_lossy().starts_with("socket:"))
        });
        Self {
            tasks: Handle::current().metrics().num_alive_tasks(),
            sockets: sockets.count(),
            threads: std::fs::read_dir("/proc/self/task").unwrap().count(),
        }
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        // Threads for blocking work, of callbacks, go when they have nothing to do; by default after 10 s.
        .thread_keep_alive(Duration::from_millis(100))
        .enable_all()
        .build()
        .unwrap()
}

/// Opens and closes sessions, in all the ways there are.
async fn churn(cluster: &Cluster, sessions: usize) {
    // The first one may start what stays: the runtime's own.
    once(cluster, 0).await;
    settled(None).await;
    let before = Left::now();
    let start = Instant::now();
    for number in 0..sessions {
        once(cluster, number).await;
    }
    let took = start.elapsed();
    let after = settled(Some(before)).await;
    println!("{sessions} sessions in {took:?}: before {before:?}, after {after:?}");
    assert!(after.is_at_most(before), "before {before:?}, after {after:?}");
    assert!(cluster.sessions().is_empty());
}

async fn once(cluster: &Cluster, number: usize) {
    match number % 4 {
        // Closed, dropped, dropped while a call is under way, given up while connecting.
        0 => {
            let session = cluster.connect().await.unwrap();
            session.execute(QUERY).await.unwrap();
            session.close(PATIENCE).await.unwrap();
        }
        1 => {
            let session = cluster.connect().await.unwrap();
            session.execute(QUERY).await.unwrap();
        }
        2 => {
            let session = cluster.connect().await.unwrap();
            let call = tokio::spawn({
                let session = session.clone();
                async move { session.execute(QUERY).await.map(drop) }
            });
            tokio::task::yield_now().await;
            call.abort();
            drop(session);
            let _ = call.await;
        }
        _ => {
            let wait = Duration::from_millis(number as u64 % 8);
            let _ = tokio::time::timeout(wait, cluster.connect()).await;
        }
    }
}

/// Waits until there is no more than before, or for some time until nothing changes any more.
async fn settled(wanted: Option<Left>) -> Left {
    let (start, mut last, mut same) = (Instant::now(), Left::now(), 0);
    let is_over = |last: Left, same| wanted.map_or(same >= 10, |wanted| last.is_at_most(wanted));
    while start.elapsed() < PATIENCE && !is_over(last, same) {
        sleep(Duration::from_millis(50)).await;
        let now = Left::now();
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}

fn client_of(node: &LocalCluster) -> ClusterBuilder {
    let builder = client(node.contact_points());
    match node.credentials() {
        Some((user, password)) => builder.credentials(user, password),
        None => builder,
    }
}

fn client(points: Vec<String>) -> ClusterBuilder {
    ClusterBuilder::new()
        .contact_points(points)
        .no_metrics()
        .timeout(PATIENCE)
        .attempt_timeout(PATIENCE / 2)
        .connect_timeout(PATIENCE)
        .metadata_timeout(PATIENCE / 4)
}

#[test]
fn two_hundred_sessions_leave_nothing_behind() {
    let _alone = ALONE.lock().unwrap_or_else(|broken| broken.into_inner());
    runtime().block_on(async {
        let server = ScriptedCluster::builder().nodes(3).start().await.unwrap();
        let cluster = client(server.contact_points()).build().unwrap();
        churn(&cluster, 200).await;
        let start = Instant::now();
        while server.nodes().iter().any(|node| node.connections() > 0) {
            assert!(start.elapsed() < PATIENCE, "connections are left");
            sleep(Duration::from_millis(20)).await;
        }
    });
}

#[test]
fn sessions_of_a_real_node_leave_nothing_behind() {
    let _alone = ALONE.lock().unwrap_or_else(|broken| broken.into_inner());
    runtime().block_on(async {
        let test = "sessions_of_a_real_node_leave_nothing_behind";
        let Some(node) = testing::shared(test, testing::patient_node).await else {
            return;
        };
        churn(&client_of(&node).build().unwrap(), 40).await;
    });
}
