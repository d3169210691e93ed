//! The process that started a node ends, one way or another.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use local_cassandra::{LocalCluster, testing};

use crate::support::{PATIENCE, eventually, processes_with, text_of};

/// The program of this package.
fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_local-cassandra"));
    program
        .args(["start", "--heap", "256", "--quiet"])
        .env_remove("CASSANDRA_CONTACT_POINTS")
        .stdout(Stdio::piped());
    program
}

/// The program, which a test that fails does not leave behind.
struct Parent(Child);

impl Drop for Parent {
    #[expect(clippy::disallowed_methods, reason = "nothing can be awaited in here")]
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            // It ends its node before itself.
            let parent = self.0.id().to_string();
            let _ = Command::new("kill").args(["-TERM", &parent]).status();
        }
        for _ in 0..PATIENCE.as_secs() * 20 {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        // Whoever watches the node sees that it is gone.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Started {
    parent: Parent,
    output: BufReader<ChildStdout>,
    node: u32,
    dir: PathBuf,
}

/// Waits until the program tells of its node: `  127.0.10.1:9042  process 1  log <dir>/nodes/1/node.log`.
async fn started() -> Started {
    tokio::task::spawn_blocking(|| {
        let mut parent = Parent(program().spawn().unwrap());
        let mut output = BufReader::new(parent.0.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("Ctrl-C") {
            assert_ne!(output.read_line(&mut said).unwrap(), 0, "{said}");
        }
        let line = said.lines().find(|line| line.contains("  log ")).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let log = PathBuf::from(words[4]);
        Started {
            parent,
            output,
            node: words[2].parse().unwrap(),
            dir: log.ancestors().nth(3).unwrap().to_owned(),
        }
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn no_node_outlives_a_parent_that_is_killed() {
    if testing::skipped("no_node_outlives_a_parent_that_is_killed") {
        return;
    }
    let mut started = started().await;
    let dir = text_of(&started.dir);
    assert!(processes_with(&dir).contains(&started.node));
    assert!(started.dir.exists());

    // SIGKILL.
    started.parent.0.kill().unwrap();
    started.parent.0.wait().unwrap();
    let gone = eventually(PATIENCE, || processes_with(&dir).is_empty()).await;
    assert!(gone, "left behind: {:?}", processes_with(&dir));
    assert!(!started.dir.exists());
}

#[tokio::test]
async fn an_interrupted_program_ends_its_node_before_itself() {
    if testing::skipped("an_interrupted_program_ends_its_node_before_itself") {
        return;
    }
    let mut started = started().await;
    let parent = started.parent.0.id().to_string();
    let kill = Command::new("kill").args(["-INT", &parent]).status();
    assert!(kill.unwrap().success());
    let status = tokio::task::spawn_blocking(move || {
        started.output.read_to_end(&mut Vec::new()).unwrap();
        started.parent.0.wait().unwrap()
    });
    assert!(status.await.unwrap().success());
    assert_eq!(processes_with(&text_of(&started.dir)), []);
    assert!(!started.dir.exists());
}

#[tokio::test]
async fn a_cluster_named_by_the_environment_is_used_and_left_alone() {
    let test = "a_cluster_named_by_the_environment_is_used_and_left_alone";
    let Some(cluster) = testing::shared(test, LocalCluster::builder).await else {
        return;
    };
    let points = cluster.contact_points().join(",");
    let mut named = program();
    named.env("CASSANDRA_CONTACT_POINTS", &points);
    let said = tokio::task::spawn_blocking(move || {
        let mut named = Parent(named.spawn().unwrap());
        let mut output = BufReader::new(named.0.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("Ctrl-C") {
            assert_ne!(output.read_line(&mut said).unwrap(), 0, "{said}");
        }
        named.0.kill().unwrap();
        named.0.wait().unwrap();
        said
    })
    .await
    .unwrap();
    assert!(said.contains(&format!("contact points: {points}\n")), "{said}");
    assert!(!said.contains("process"), "{said}");
    assert!(cluster.node(0).is_running());
}
