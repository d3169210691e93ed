//! The application as a process of its own: for its memory and for signals.

use std::process::Stdio;

use local_cassandra::LocalCluster;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child as Process, ChildStdout, Command};
use tokio::time::timeout;

use crate::support::{Client, PATIENCE, drop_keyspaces, keyspace, settings};

pub(crate) struct Child {
    pub(crate) client: Client,
    process: Process,
    // Read to the end: a process that prints to a closed pipe fails.
    _lines: Lines<BufReader<ChildStdout>>,
    settings: axum_users::Settings,
}

impl Child {
    /// Starts it and waits until it is ready.
    pub(crate) async fn ready(cluster: &LocalCluster, test: &str, variables: &[(&str, &str)]) -> Self {
        let points = cluster.contact_points();
        let mut command = Command::new(env!("CARGO_BIN_EXE_axum-users"));
        command
            .env("CASSANDRA_CONTACT_POINTS", points.join(","))
            .env("CASSANDRA_KEYSPACE", keyspace(test))
            .env("PORT", "0")
            .env("TENANTS", "nobody")
            .env("DEMO_ITEMS", "0")
            .env("RUST_LOG", "warn")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.expect("its address");
        let line = line.unwrap().expect("it starts");
        let address = line
            .rsplit_once("http://")
            .expect("an address")
            .1
            .parse()
            .unwrap();
        let client = Client::new(address);
        client.ready().await;
        let mut settings = settings(points, test);
        settings.tenants = vec!["nobody".to_owned()];
        Self {
            client,
            process,
            _lines: lines,
            settings,
        }
    }

    /// Megabytes that it holds in memory; none where nobody says so.
    pub(crate) fn memory(&self) -> Option<f64> {
        let path = format!("/proc/{}/status", self.process.id()?);
        let status = std::fs::read_to_string(path).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kilobytes / 1_024.0)
    }

    /// Asks it to end, as whoever runs services does.
    pub(crate) async fn terminate(&self) {
        let id = self.process.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(sent.unwrap().success());
    }

    /// Waits for its end, which has to be a good one.
    pub(crate) async fn ended(&mut self) {
        let status = timeout(PATIENCE, self.process.wait()).await.expect("it ends");
        assert!(status.unwrap().success());
    }

    pub(crate) async fn done(mut self) {
        self.terminate().await;
        self.ended().await;
        drop_keyspaces(&self.settings).await;
    }
}
