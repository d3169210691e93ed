//! Logins: right, wrong, none, and passwords that change.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use local_cassandra::forward::Forward;
use tokio::time::{Instant, sleep};
use tower_cassandra::scylla::authentication::{
    AuthenticatorProvider, AuthenticatorSession, PlainTextAuthenticator,
};
use tower_cassandra::{Applied, Credentials, ErrorKind, PasswordFile};

use crate::support::{PATIENCE, QUERY, Secured, alone, chain, count, fails, shared, works};

/// Three ways to the node, and how often a text was sent on all of them together.
struct Ways(Vec<Forward>);

impl Ways {
    async fn to(node: &Secured) -> Self {
        let mut ways = Vec::new();
        for _ in 0..3 {
            ways.push(node.forward().await);
        }
        Self(ways)
    }

    fn points(&self) -> Vec<String> {
        self.0.iter().map(|way| way.address().to_string()).collect()
    }

    fn sent(&self, text: &[u8]) -> usize {
        self.0.iter().map(|way| count(&way.sent(), text)).sum()
    }

    fn accepted(&self) -> usize {
        self.0.iter().map(Forward::accepted).sum()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_sent_once_however_many_contact_points_there_are() {
    let Some(node) = shared("a_wrong_password").await else {
        return;
    };
    for points in [1, 3] {
        let ways = Ways::to(&node).await;
        let client = node
            .client()
            .contact_points(ways.points().into_iter().take(points))
            .credentials("cassandra", "guessed");
        let started = Instant::now();
        let error = fails(client).await;
        println!(
            "{points} contact points: {:?}: {}",
            started.elapsed(),
            chain(&error)
        );
        assert_eq!(
            (error.kind(), error.applied()),
            (ErrorKind::Authentication, Applied::No)
        );
        assert!(!error.is_transient());
        assert_eq!(ways.sent(b"\0cassandra\0guessed"), 1, "{points} contact points");
        let shown = format!("{error} {error:?} {}", chain(&error));
        assert!(!shown.contains("guessed"), "{shown}");
        if points == 1 {
            assert!(
                error
                    .message()
                    .is_some_and(|message| message.contains("cassandra"))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_login_the_error_says_how_to_give_one() {
    let Some(node) = shared("without_a_login").await else {
        return;
    };
    let ways = Ways::to(&node).await;
    let client = tower_cassandra::ClusterBuilder::new()
        .contact_points(ways.points().into_iter().take(1))
        .no_metrics();
    let error = fails(client).await;
    assert_eq!(error.kind(), ErrorKind::Authentication, "{}", chain(&error));
    assert_eq!(ways.accepted(), 1);
    let text = chain(&error);
    assert!(
        text.contains("ClusterBuilder") && text.contains("credentials"),
        "{text}"
    );
    assert!(!text.contains("SessionBuilder"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_fails_is_tried_again_and_is_the_source() {
    let Some(node) = shared("a_provider_that_fails").await else {
        return;
    };
    let asked = Arc::new(AtomicUsize::new(0));
    let provider = {
        let asked = Arc::clone(&asked);
        move || {
            let number = asked.fetch_add(1, Relaxed);
            async move {
                match number {
                    0 => Err(std::io::Error::other("the vault is sealed")),
                    _ => Ok(Credentials::new("cassandra", "cassandra")),
                }
            }
        }
    };
    let session = node
        .client()
        .credentials_provider(provider)
        .connect()
        .await
        .unwrap();
    // Once in vain, for control, and for requests.
    assert!(asked.load(Relaxed) >= 3, "{asked:?}");
    works(&session).await;

    let sealed = || async { Err::<Credentials, _>(std::io::Error::other("the vault is sealed")) };
    let error = fails(node.client().credentials_provider(sealed)).await;
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(chain(&error).contains("the vault is sealed"), "{}", chain(&error));
    assert_eq!(error.attempts().len(), 3);
}

struct Counting(PlainTextAuthenticator, AtomicUsize);

#[async_trait]
impl AuthenticatorProvider for Counting {
    async fn start_authentication_session(
        &self,
        name: &str,
    ) -> Result<(Option<Vec<u8>>, Box<dyn AuthenticatorSession>), String> {
        assert_eq!(name, "org.apache.cassandra.auth.PasswordAuthenticator");
        self.1.fetch_add(1, Relaxed);
        self.0.start_authentication_session(name).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authenticator_of_ones_own_leads_the_exchange() {
    let Some(node) = shared("an_authenticator").await else {
        return;
    };
    let plain = |password: &str| PlainTextAuthenticator::new("cassandra".to_owned(), password.to_owned());
    let right = Arc::new(Counting(plain("cassandra"), AtomicUsize::new(0)));
    works(
        &node
            .client()
            .authenticator(right.clone())
            .connect()
            .await
            .unwrap(),
    )
    .await;
    assert!(right.1.load(Relaxed) >= 2);
    let wrong = Arc::new(Counting(plain("guessed"), AtomicUsize::new(0)));
    let error = fails(node.client().authenticator(wrong.clone())).await;
    assert_eq!(error.kind(), ErrorKind::Authentication, "{}", chain(&error));
    assert_eq!(wrong.1.load(Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_changes_needs_no_new_session() {
    let Some(node) = alone("a_password_that_changes").await else {
        return;
    };
    let admin = node.client().connect().await.unwrap();
    admin
        .execute("CREATE ROLE IF NOT EXISTS changing WITH PASSWORD = 'one' AND LOGIN = true")
        .await
        .unwrap();
    let path = std::env::temp_dir().join(format!("tower-cassandra-changing-{}", std::process::id()));
    std::fs::write(&path, "one\n").unwrap();
    let current = Arc::new(Mutex::new("one"));
    let provider = {
        let current = Arc::clone(&current);
        move || {
            let password = *current.lock().unwrap();
            async move { Ok::<_, std::io::Error>(Credentials::new("changing", password)) }
        }
    };
    let by_closure = node
        .client()
        .credentials_provider(provider)
        .connect()
        .await
        .unwrap();
    let by_file = PasswordFile::new("changing", &path);
    let by_file = node
        .client()
        .credentials_provider(by_file)
        .connect()
        .await
        .unwrap();
    admin
        .execute("ALTER ROLE changing WITH PASSWORD = 'two'")
        .await
        .unwrap();
    *current.lock().unwrap() = "two";
    std::fs::write(&path, "two\n").unwrap();

    // All connections are lost, and have to log in again.
    let server = node.cluster.node(0);
    server.disable_client_port().await.unwrap();
    server.enable_client_port().await.unwrap();
    let old = fails(node.client().credentials("changing", "one")).await;
    assert_eq!(old.kind(), ErrorKind::Authentication, "{}", chain(&old));
    let started = Instant::now();
    for session in [&by_closure, &by_file] {
        while session.execute(QUERY).await.is_err() {
            assert!(started.elapsed() < PATIENCE, "not connected again");
            sleep(Duration::from_millis(100)).await;
        }
    }
    println!(
        "connected again with the new password after {:?}",
        started.elapsed()
    );
    works(&by_closure).await;
    works(&by_file).await;
    std::fs::remove_file(&path).unwrap();
    // This session was there before the port was closed.
    while admin.execute("DROP ROLE IF EXISTS changing").await.is_err() {
        assert!(started.elapsed() < PATIENCE, "not connected again");
        sleep(Duration::from_millis(100)).await;
    }
    works(&admin).await;
}
