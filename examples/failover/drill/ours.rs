//! The stack with its defaults.

use std::time::Duration;

use local_cassandra::LocalCluster;
use tower_cassandra::cluster::defaults;
use tower_cassandra::uuid::Uuid;
use tower_cassandra::{ClusterBuilder, Error, Hedge, Prepared, Response, Session, Statement};

use super::Result;
use super::bed::{ROWS, Texts};
use super::log::{Side, Told};
use super::operation::Operation;

pub(crate) struct Ours {
    pub(crate) session: Session,
    read: Prepared,
    read_default: Prepared,
    insert: Prepared,
    append: Prepared,
    add: Prepared,
    claim: Prepared,
    texts: Texts,
}

impl Ours {
    pub(crate) async fn connect(
        cluster: &LocalCluster,
        timeout: Option<Duration>,
        hedge: bool,
        texts: Texts,
    ) -> Result<Self> {
        // Nothing else is changed: these defaults are what the drill is about.
        let mut builder = ClusterBuilder::new()
            .contact_points(cluster.contact_points())
            .timeout(timeout.unwrap_or(defaults::TIMEOUT));
        if hedge {
            builder = builder.hedge(Hedge::default());
        }
        let session = builder.connect().await?;
        Ok(Self {
            read: session.prepare(&texts.read).await?,
            read_default: session.prepare(&texts.read_default).await?,
            insert: session.prepare(&texts.insert).await?,
            append: session.prepare(&texts.append).await?,
            add: session.prepare(&texts.add).await?,
            claim: session.prepare(&texts.claim).await?,
            session,
            texts,
        })
    }

    pub(crate) async fn perform(&self, operation: Operation, number: u32, key: i64) -> (Told, Option<Uuid>) {
        match self.request(operation, number, key).await {
            Ok(response) => {
                let told = match operation {
                    Operation::Read | Operation::ReadDefault if response.is_empty() => Told::Missing,
                    Operation::Lwt if response.was_applied() != Some(true) => Told::Refused,
                    _ => Told::Done,
                };
                (told, response.coordinator())
            }
            Err(error) => {
                let told = Told::Failed {
                    kind: error.label(),
                    applied: error.applied(),
                };
                (told, error.node())
            }
        }
    }

    async fn request(
        &self,
        operation: Operation,
        number: u32,
        key: i64,
    ) -> std::result::Result<Response, Error> {
        // The mark must make no difference to what may never be sent again.
        let marked = |statement: Statement| statement.idempotent(number.is_multiple_of(2));
        let statement = match operation {
            Operation::Read => self.read.bind((key.rem_euclid(ROWS),))?,
            Operation::ReadDefault => self.read_default.bind((key.rem_euclid(ROWS),))?,
            Operation::IdempotentWrite => self.insert.bind((key,))?.idempotent(true),
            Operation::Write => self.append.bind((vec![i64::from(number)], key))?,
            Operation::Counter => marked(self.add.bind((key,))?),
            Operation::Lwt => marked(self.claim.bind((key, i64::from(number)))?),
            Operation::Prepare => {
                let fresh = self.texts.fresh(Side::Ours, number);
                return self.session.prepare(fresh).await.map(|_| Response::empty());
            }
        };
        self.session.execute(statement).await
    }
}
