//! What cannot be started, and what is said about it.

use std::process::Command;

use local_cassandra::{ErrorKind, LocalCluster, testing};

#[tokio::test]
async fn a_wrong_java_is_named_with_the_right_ones() {
    let home = std::env::temp_dir().join(format!("java-21-{}", std::process::id()));
    let java = home.join("bin/java");
    std::fs::create_dir_all(java.parent().unwrap()).unwrap();
    // Not by us: a file that is open for writing, in a child that another test is just starting,
    // cannot be run.
    let write = r##"printf '#!/bin/sh\necho "openjdk version \\"21.0.2\\"" >&2\n' >"$1" && chmod 755 "$1""##;
    let shell = Command::new("/bin/sh")
        .args(["-c", write, "sh"])
        .arg(&java)
        .status();
    assert!(shell.unwrap().success());

    let start = LocalCluster::builder().java_home(&home).start().await;
    std::fs::remove_dir_all(&home).unwrap();
    let error = start.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let expected = format!(
        "{} is Java 21, but Cassandra runs on Java 11 or 17",
        java.display()
    );
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn an_address_in_use_is_named_before_anything_starts() {
    let test = "an_address_in_use_is_named_before_anything_starts";
    if testing::skipped(test) {
        return;
    }
    let _other = std::net::TcpListener::bind("127.0.252.2:9042").unwrap();
    let builder = LocalCluster::builder().nodes(2).address_block(252);
    let error = builder.start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Address);
    assert!(error.to_string().contains("127.0.252.2:9042"), "{error}");
}

#[tokio::test]
async fn a_node_that_ends_at_once_is_reported_with_its_last_words() {
    let test = "a_node_that_ends_at_once_is_reported_with_its_last_words";
    if testing::skipped(test) {
        return;
    }
    let builder = LocalCluster::builder().yaml("no_such_setting", "1");
    let error = builder.start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Start);
    let text = error.to_string();
    assert!(text.contains("ended before it was ready"), "{text}");
    assert!(text.contains("no_such_setting"), "{text}");

    let log = text.split("Last lines of ").nth(1).unwrap();
    let log = log.split(":\n").next().unwrap();
    let kept = std::fs::read_to_string(log).unwrap();
    assert!(kept.contains("no_such_setting"));
    std::fs::remove_file(log).unwrap();
}
