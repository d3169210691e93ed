//! The database goes and comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use local_cassandra::testing;
use tokio::time::{Instant, sleep};

use crate::support::{App, Client, PATIENCE, eventually, is_full, settings};

/// Asks until the answer has this status, and looks at all others on the way.
async fn until(client: &Client, path: &str, status: u16, mut see: impl FnMut(u16)) -> crate::support::Reply {
    let began = Instant::now();
    loop {
        let answer = client.get(path).await;
        if answer.status == status {
            return answer;
        }
        see(answer.status.as_u16());
        assert!(began.elapsed() < PATIENCE, "{path} stays {}", answer.status);
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_04_errors_tell_nothing_and_the_next_good_request_succeeds() {
    let Some(cluster) = testing::exclusive("web_04", testing::patient_node).await else {
        return;
    };
    let app = App::ready(&cluster, "web_04", |_| ()).await;
    let client = &app.client;
    let failed = client.get("/test/query_error").await.expect(500);
    failed.is_silent();
    client.get("/users").await.expect(200);

    cluster.node(0).disable_client_port().await.unwrap();
    let unavailable = until(client, "/users", 503, |status| {
        assert!([200, 504].contains(&status))
    })
    .await;
    unavailable.is_silent();
    assert!(unavailable.header("retry-after").parse::<u64>().unwrap() >= 1);
    let health = until(client, "/health", 503, |_| ()).await;
    health.is_silent();
    assert_eq!(health.json()["status"], "unhealthy");
    client.get("/healthz").await.expect(200);
    client.get("/readyz").await.expect(503);

    cluster.node(0).enable_client_port().await.unwrap();
    until(client, "/users", 200, |status| {
        assert!([503, 504].contains(&status))
    })
    .await;
    client.ready().await;
    assert_eq!(
        client.get("/health").await.expect(200).json()["cassandra_connected"],
        true
    );
    app.done().await;
}

/// What clients saw while they asked all the time.
#[derive(Debug, Default)]
struct Seen {
    good: u32,
    unavailable: u32,
    late: u32,
    wrong: Vec<String>,
}

async fn load(client: Client, path: String, stop: Arc<AtomicBool>) -> Seen {
    let mut seen = Seen::default();
    while !stop.load(Relaxed) {
        match client.ask("GET", &path, &[], None).await {
            Ok(answer) if answer.status == 200 => seen.good += 1,
            Ok(answer) if answer.status == 503 && !answer.header("retry-after").is_empty() => {
                answer.is_silent();
                seen.unavailable += 1;
                sleep(Duration::from_millis(20)).await;
            }
            // On its way when the node died.
            Ok(answer) if answer.status == 504 => seen.late += 1,
            Ok(answer) => seen.wrong.push(format!("{}: {}", answer.status, answer.text())),
            Err(error) => seen.wrong.push(error),
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_12_the_application_outlives_the_database_and_starts_before_it() {
    let Some(cluster) = testing::exclusive("web_12", testing::patient_node).await else {
        return;
    };
    let app = App::ready(&cluster, "web_12", |_| ()).await;
    let user = app.client.user("Alice").await;
    let path = format!("/users/{}", user["id"].as_str().unwrap());
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..10)
        .map(|_| tokio::spawn(load(app.client.clone(), path.clone(), Arc::clone(&stop))))
        .collect();
    sleep(Duration::from_millis(500)).await;
    cluster.node(0).kill().await.unwrap();

    // Another one starts meanwhile.
    let early = App::start(settings(cluster.contact_points(), "web_12_early")).await;
    early.client.get("/healthz").await.expect(200);
    for path in ["/readyz", "/users", "/user-data?user=alice"] {
        let began = Instant::now();
        let answer = early.client.get(path).await.expect(503);
        println!("web_12: {path} without a database: {:?}", began.elapsed());
        answer.is_silent();
        assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
    until(&app.client, "/readyz", 503, |status| assert_eq!(status, 200)).await;

    cluster.node(0).restart().await.unwrap();
    let began = Instant::now();
    let (again, first) = tokio::join!(app.client.ready(), early.client.ready());
    println!("web_12: ready again after {again:?}, for the first time after {first:?}");
    let slack = if is_full() { 1 } else { 4 };
    assert!(again < Duration::from_secs(15) * slack, "{again:?}");
    assert!(first < Duration::from_secs(30) * slack, "{first:?}");
    until(&app.client, &path, 200, |status| {
        assert!([503, 504].contains(&status))
    })
    .await;
    println!("web_12: the first good answer after {:?}", began.elapsed());
    early.client.user("Bob").await;

    sleep(Duration::from_millis(500)).await;
    stop.store(true, Relaxed);
    let mut all = Seen::default();
    for client in clients {
        let seen = client.await.unwrap();
        all.good += seen.good;
        all.unavailable += seen.unavailable;
        all.late += seen.late;
        all.wrong.extend(seen.wrong);
    }
    println!(
        "web_12: {} good, {} unavailable, {} late",
        all.good, all.unavailable, all.late
    );
    assert!(all.wrong.is_empty(), "{:?}", all.wrong);
    assert!(all.good > 0 && all.unavailable > 0, "{all:?}");
    eventually("early is at rest", || early.state.session().running() == 0).await;
    early.done().await;
    app.done().await;
}
