//! 15,000 inserts in 50 s, one of three nodes frozen for 20 s of them: what is usually measured of a client.

use std::sync::Arc;
use std::time::Duration;

use local_cassandra::LocalCluster;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tower_cassandra::scylla::client::execution_profile::ExecutionProfile;
use tower_cassandra::scylla::client::session::Session as Driver;
use tower_cassandra::scylla::client::session_builder::SessionBuilder;
use tower_cassandra::scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use tower_cassandra::scylla::statement::Consistency;
use tower_cassandra::scylla::statement::prepared::PreparedStatement;
use tower_cassandra::{ClusterBuilder, Hedge, Prepared, Session};

use crate::options::Options;
use crate::{PER_SECOND, Result, VICTIM};

const LASTS: Duration = Duration::from_secs(50);
/// The node is frozen then, for so long.
const FROZEN_AFTER: Duration = Duration::from_secs(15);
const FROZEN: Duration = Duration::from_secs(20);

const INSERT: &str = "INSERT INTO inserts.t (k, v) VALUES (?, 'value')";

/// Which client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arm {
    Ours,
    Hedge,
    Bare,
    Speculative,
}

impl Arm {
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        let all = [Self::Ours, Self::Hedge, Self::Bare, Self::Speculative];
        all.into_iter().find(|arm| arm.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Hedge => "hedge",
            Self::Bare => "bare",
            Self::Speculative => "speculative",
        }
    }
}

enum Client {
    Stack(Session, Prepared),
    Driver(Box<Driver>, Box<PreparedStatement>),
}

impl Client {
    async fn connect(cluster: &LocalCluster, arm: Arm) -> Result<Self> {
        if matches!(arm, Arm::Ours | Arm::Hedge) {
            let mut builder = ClusterBuilder::new().contact_points(cluster.contact_points());
            if arm == Arm::Hedge {
                builder = builder.hedge(Hedge::default());
            }
            let session = builder.connect().await?;
            let insert = session.prepare(INSERT).await?;
            return Ok(Self::Stack(session, insert));
        }
        let mut profile = ExecutionProfile::builder().consistency(Consistency::LocalQuorum);
        if arm == Arm::Speculative {
            let policy = SimpleSpeculativeExecutionPolicy {
                max_retry_count: 2,
                retry_interval: Duration::from_millis(100),
            };
            profile = profile.speculative_execution_policy(Some(Arc::new(policy)));
        }
        let driver = SessionBuilder::new()
            .known_nodes(cluster.contact_points())
            .default_execution_profile_handle(profile.build().into_handle())
            .build()
            .await?;
        let mut insert = driver.prepare(INSERT).await?;
        insert.set_is_idempotent(true);
        Ok(Self::Driver(Box::new(driver), Box::new(insert)))
    }

    /// How many second attempts it took, where the client says so.
    async fn insert(&self, key: i32) -> std::result::Result<u32, String> {
        match self {
            Self::Stack(session, insert) => {
                let statement = insert.bind((key,)).map_err(|error| error.to_string())?;
                let inserted = session.execute(statement.idempotent(true)).await;
                inserted
                    .map(|response| response.hedges())
                    .map_err(|error| error.to_string())
            }
            Self::Driver(driver, insert) => {
                let inserted = driver.execute_unpaged(insert, (key,)).await;
                inserted.map(|_| 0).map_err(|error| error.to_string())
            }
        }
    }

    async fn close(&self) -> Result<()> {
        match self {
            Self::Stack(session, _) => Ok(session.close(Duration::from_secs(5)).await?),
            Self::Driver(..) => Ok(()),
        }
    }
}

/// All clients, run by run, so that what else the machine does meets all of them.
pub(crate) async fn run(cluster: &LocalCluster, options: &Options) -> Result<()> {
    if cluster.is_external() {
        return Err("this drill freezes nodes: unset CASSANDRA_CONTACT_POINTS".into());
    }
    let maker = ClusterBuilder::new()
        .contact_points(cluster.contact_points())
        .connect()
        .await?;
    maker
        .execute("CREATE KEYSPACE inserts WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 3}")
        .await?;
    maker
        .execute("CREATE TABLE inserts.t (k int PRIMARY KEY, v text)")
        .await?;
    println!("--- warm-up for {:?}", options.warm_up);
    let client = Client::connect(cluster, Arm::Ours).await?;
    offer(Arc::new(client), options.warm_up).await?;
    for run in 1..=options.runs {
        for arm in &options.arms {
            let client = Arc::new(Client::connect(cluster, *arm).await?);
            let load = tokio::spawn(offer(Arc::clone(&client), LASTS));
            sleep(FROZEN_AFTER).await;
            cluster.node(VICTIM).freeze()?;
            sleep(FROZEN).await;
            cluster.node(VICTIM).resume()?;
            let figures = load.await??;
            println!("drill: inserts run={run} client={} {figures}", arm.name());
            client.close().await?;
            cluster.ready().await?;
            // What the others have kept for the node is delivered.
            sleep(Duration::from_secs(10)).await;
        }
    }
    maker.execute("DROP KEYSPACE inserts").await?;
    Ok(maker.close(Duration::from_secs(5)).await?)
}

/// Sends at the intended times, however long the answers take, and waits for all of them.
async fn offer(client: Arc<Client>, lasts: Duration) -> Result<Figures> {
    let mut ticks = interval(Duration::from_secs(1) / PER_SECOND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let all = (lasts.as_secs() * u64::from(PER_SECOND)) as i32;
    let mut inserts = JoinSet::new();
    for key in 0..all {
        let intended = ticks.tick().await;
        let client = Arc::clone(&client);
        inserts.spawn(async move {
            let result = client.insert(key).await;
            (intended.elapsed(), result)
        });
    }
    let mut figures = Figures::default();
    while let Some(ended) = inserts.join_next().await {
        let (took, result) = ended?;
        figures.took.push(took);
        match result {
            Ok(hedges) => figures.hedges += hedges,
            Err(error) => {
                figures.errors += 1;
                // The first ones say enough.
                if figures.errors <= 3 {
                    println!("failed after {took:?}: {error}");
                }
            }
        }
    }
    figures.took.sort_unstable();
    Ok(figures)
}

#[derive(Default)]
struct Figures {
    errors: usize,
    hedges: u32,
    /// In order.
    took: Vec<Duration>,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |of_a_thousand: usize| {
            let index = self.took.len().saturating_sub(1) * of_a_thousand / 1_000;
            self.took.get(index).map_or(0.0, |took| took.as_secs_f64() * 1e3)
        };
        let over = |limit: u64| {
            let limit = Duration::from_millis(limit);
            self.took.len() - self.took.partition_point(|took| *took <= limit)
        };
        write!(
            f,
            "sent={} errors={} p50={:.1} p99={:.1} p99.9={:.1} slowest={:.0} over_100ms={} over_1s={} hedges={}",
            self.took.len(),
            self.errors,
            at(500),
            at(990),
            at(999),
            at(1_000),
            over(100),
            over(1_000),
            self.hedges
        )
    }
}
