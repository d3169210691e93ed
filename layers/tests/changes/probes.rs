//! How little is asked of the nodes for it.

use super::*;

fn counting(
    count: &Arc<AtomicUsize>,
    takes: Duration,
) -> impl Fn(Arc<Endpoint>) -> BoxFuture<'static, Answer> + use<> {
    let count = Arc::clone(count);
    move |_| {
        count.fetch_add(1, SeqCst);
        sleep(takes).map(|()| Ok("5.0.4".into())).boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn however_many_ask_one_probe_is_sent() {
    let rig = Rig::new(1);
    let count = Arc::new(AtomicUsize::new(0));
    let probe = counting(&count, ms(30));
    let started = Instant::now();
    let records = join_all((0..1_000).map(|_| Prober::ask(&rig.nodes[0], ms(100), &probe))).await;
    assert!(records.iter().all(|record| record.latency == Some(ms(30))));
    assert_eq!((count.load(SeqCst), started.elapsed()), (1, ms(30)));
    // What ended before is not good enough for those who ask now, even at the same moment.
    Prober::ask(&rig.nodes[0], ms(100), &probe).await;
    assert_eq!(count.load(SeqCst), 2);

    // The one that sent it goes away, the next takes over.
    let mut first = Box::pin(Prober::ask(&rig.nodes[0], ms(100), &probe));
    let mut second = Box::pin(Prober::ask(&rig.nodes[0], ms(100), &probe));
    assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
    drop(first);
    assert_eq!(second.await.latency, Some(ms(30)));
    assert_eq!(count.load(SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_its_own_limit() {
    let rig = Rig::new(1);
    let count = Arc::new(AtomicUsize::new(0));
    let probe = counting(&count, Duration::from_secs(60));
    let started = Instant::now();
    let patient = Prober::ask(&rig.nodes[0], Duration::from_secs(10), &probe);
    let hasty = async {
        let record = Prober::ask(&rig.nodes[0], ms(50), &probe).await;
        assert_eq!(record.error.as_deref(), Some("no answer within 50 ms"));
        assert_eq!(started.elapsed(), ms(50));
        assert_eq!(rig.nodes[0].status(), Status::Up, "that is not for the table");
    };
    let (record, ()) = tokio::join!(patient, hasty);
    assert_eq!(record.error.as_deref(), Some("no answer within 10 s"));
    assert_eq!((count.load(SeqCst), rig.nodes[0].status()), (1, Status::Unknown));
}

#[tokio::test(start_paused = true)]
async fn several_that_ask_in_intervals_send_no_more_than_the_most_eager_one() {
    let rig = Rig::new(2);
    let count = Arc::new(AtomicUsize::new(0));
    let probe = {
        let count = Arc::clone(&count);
        move |_| {
            count.fetch_add(1, SeqCst);
            ready(Ok("5.0.4".into()) as Answer)
        }
    };
    let seconds = |n| HealthCheck::every(Duration::from_secs(n));
    let _every_5 = Prober::spawn(rig.table.clone(), seconds(5), probe.clone()).unwrap();
    let _every_60 = Prober::spawn(rig.table.clone(), seconds(60), probe.clone()).unwrap();
    sleep(Duration::from_secs(600)).await;
    let sent = count.swap(0, SeqCst);
    assert!((2 * 115..=2 * 128).contains(&sent), "{sent}");
    // Whoever is more eager does all the work.
    let _every_1 = Prober::spawn(rig.table.clone(), seconds(1), probe).unwrap();
    sleep(Duration::from_secs(100)).await;
    let sent = count.load(SeqCst);
    assert!((2 * 95..=2 * 106).contains(&sent), "{sent}");
}
