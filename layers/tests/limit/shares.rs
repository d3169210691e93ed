use std::sync::Arc;
use std::task::Poll;

use tower::{Layer, Service};
use tower_cassandra_layers::Call;
use tower_cassandra_layers::limit::concurrency::{MAX_SHARES, ResponseFuture};
use tower_cassandra_layers::limit::{
    ConcurrencyHandle, ConcurrencyLimit, ConcurrencyLimitLayer, ConcurrencyLimited, Reason,
};

use crate::support::{Error, Leaf, Log, Task};

type Limited = ConcurrencyLimited<Leaf>;
type Future = ResponseFuture<Leaf, Call<u32>>;

fn limited(limit: ConcurrencyLimit) -> (Limited, Arc<Log>, ConcurrencyHandle) {
    let leaf = Leaf::new();
    let log = Arc::clone(&leaf.log);
    let layer = ConcurrencyLimitLayer::new(limit).unwrap();
    (layer.layer(leaf), log, layer.handle())
}

fn read(service: &Limited, value: u32) -> Task<Future> {
    Task::waiting(service.clone().call(Call::new(value)))
}

fn export(service: &Limited, value: u32) -> Task<Future> {
    Task::waiting(service.clone().call(Call::new(value).with_label("export")))
}

fn refused(service: &Limited, call: Call<u32>) -> Option<Reason> {
    match Task::new(service.clone().call(call)).poll() {
        Poll::Ready(Err(error)) => error.reason(),
        _ => None,
    }
}

fn answered<T>(result: Poll<Result<T, Error>>) -> bool {
    matches!(result, Poll::Ready(Ok(_)))
}

#[tokio::test]
async fn a_label_holds_at_most_its_share_and_does_not_block_others() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(8).share("export", 0.25));
    let _exports: Vec<_> = (0..5).map(|value| export(&service, value)).collect();
    assert_eq!((log.started(), handle.queued()), (vec![0, 1], 3));
    // Neither those without a label nor those with a label that has no share are held back by those who wait.
    let _reads: Vec<_> = (10..15).map(|value| read(&service, value)).collect();
    let _other = Task::waiting(service.clone().call(Call::new(15).with_label("other")));
    assert_eq!(log.started(), [0, 1, 10, 11, 12, 13, 14, 15]);
    assert_eq!((handle.active(), handle.queued()), (8, 3));
    assert_eq!(
        (handle.share_active("export"), handle.share_active("other")),
        (Some(2), None)
    );
}

#[tokio::test]
async fn those_who_wait_behind_a_held_label_pass_it_and_it_goes_on_in_its_turn() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(3).share("export", 0.34));
    let mut first = export(&service, 0);
    let mut reads: Vec<_> = (10..12).map(|value| read(&service, value)).collect();
    let mut held = export(&service, 1);
    let mut late = [read(&service, 20), read(&service, 21)];
    assert_eq!((log.started(), handle.queued()), (vec![0, 10, 11], 3));
    log.answer(1);
    assert!(answered(first.poll()));
    // The export was the first of those who may run now.
    assert_eq!((held.wakes(), late[0].wakes(), late[1].wakes()), (1, 0, 0));
    assert!(held.poll().is_pending());
    let _held_again = export(&service, 2);
    log.answer(1);
    assert!(answered(reads[0].poll()));
    assert_eq!((late[0].wakes(), late[1].wakes()), (1, 0));
    assert!(late[0].poll().is_pending());
    assert_eq!(log.started(), [0, 10, 11, 1, 20]);
}

#[tokio::test]
async fn a_light_request_does_not_overtake_a_heavy_one_of_its_label() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(10).share("export", 0.3));
    let mut first = export(&service, 0);
    let mut heavy = Task::waiting(
        service
            .clone()
            .call(Call::new(1).with_label("export").with_weight(3)),
    );
    let light = export(&service, 2);
    assert_eq!((log.started(), handle.share_active("export")), (vec![0], Some(1)));
    log.answer(1);
    assert!(answered(first.poll()));
    assert_eq!((heavy.wakes(), light.wakes()), (1, 0));
    assert!(heavy.poll().is_pending());
    assert_eq!((handle.share_active("export"), handle.active()), (Some(3), 3));
    drop(heavy);
    assert_eq!((light.wakes(), handle.share_active("export")), (1, Some(1)));
    drop(light);
    assert_eq!(
        (handle.share_active("export"), handle.active(), handle.queued()),
        (Some(0), 0, 0)
    );
}

#[tokio::test]
async fn a_request_heavier_than_its_share_is_rejected() {
    let (service, _, handle) = limited(ConcurrencyLimit::new(8).share("export", 0.25));
    let heavy = Call::new(0).with_label("export").with_weight(3);
    assert_eq!(refused(&service, heavy), Some(Reason::TooHeavy));
    let _other = Task::waiting(service.clone().call(Call::new(0).with_weight(3)));
    assert_eq!((handle.active(), handle.rejected().too_heavy), (3, 1));
}

#[tokio::test]
async fn a_label_fills_no_more_than_its_share_of_the_queue() {
    let (service, _, handle) = limited(ConcurrencyLimit::new(4).queue(4).share("export", 0.5));
    let _under_way: Vec<_> = (0..4).map(|value| read(&service, value)).collect();
    let _exports = [export(&service, 10), export(&service, 11)];
    let third = Call::new(12).with_label("export");
    assert_eq!(refused(&service, third), Some(Reason::ConcurrencyQueueFull));
    let _reads = [read(&service, 20), read(&service, 21)];
    assert_eq!(
        refused(&service, Call::new(22)),
        Some(Reason::ConcurrencyQueueFull)
    );
    assert_eq!((handle.queued(), handle.rejected().queue_full), (4, 2));
}

#[tokio::test]
async fn a_share_can_be_changed_while_requests_run_and_wait() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(10).share("export", 0.2));
    let mut running = [export(&service, 0), export(&service, 1)];
    let mut waiting = [export(&service, 2), export(&service, 3)];
    handle.set_share("export", 0.3).unwrap();
    assert_eq!((waiting[0].wakes(), waiting[1].wakes()), (1, 0));
    assert!(waiting[0].poll().is_pending());
    assert_eq!(
        (log.started(), handle.share("export")),
        (vec![0, 1, 2], Some(0.3))
    );

    handle.set_share("export", 0.1).unwrap();
    let mut heavy = Task::waiting(service.clone().call(Call::new(4).with_label("export")));
    log.answer(2);
    assert!(running.iter_mut().all(|task| answered(task.poll())));
    assert_eq!((waiting[1].wakes(), handle.share_active("export")), (0, Some(1)));
    handle.set_limit(100).unwrap();
    assert_eq!((waiting[1].wakes(), heavy.wakes()), (1, 1));
    assert!(waiting[1].poll().is_pending() && heavy.poll().is_pending());
    assert_eq!(log.started(), [0, 1, 2, 3, 4]);

    let mut heavy = Task::waiting(
        service
            .clone()
            .call(Call::new(5).with_label("export").with_weight(9)),
    );
    handle.set_share("export", 0.05).unwrap();
    assert_eq!(heavy.wakes(), 1);
    assert!(matches!(heavy.poll(), Poll::Ready(Err(error)) if error.reason() == Some(Reason::TooHeavy)));

    for (label, share) in [
        ("export", 0.0),
        ("export", 1.5),
        ("export", f64::NAN),
        ("other", 0.5),
    ] {
        let error = handle.set_share(label, share).unwrap_err();
        assert_eq!(error.option(), "concurrency_limit.share");
    }
    assert_eq!(
        (handle.share("export"), handle.share("other")),
        (Some(0.05), None)
    );
}

#[test]
fn shares_that_make_no_sense_are_errors() {
    let error = |limit: ConcurrencyLimit| ConcurrencyLimitLayer::new(limit).unwrap_err();
    for share in [0.0, -0.5, 1.1, f64::NAN, f64::INFINITY] {
        let limit = ConcurrencyLimit::new(8).share("export", share);
        assert_eq!(error(limit).option(), "concurrency_limit.share");
    }
    let twice = ConcurrencyLimit::new(8)
        .share("export", 0.5)
        .share("export", 0.25);
    assert_eq!(
        error(twice).to_string(),
        "`concurrency_limit.share` cannot be 0.25 of `export`: give each label one share"
    );
    let labels = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q",
    ];
    let give = |count| {
        let give = |limit: ConcurrencyLimit, label: &&'static str| limit.share(label, 1.0);
        labels[..count].iter().fold(ConcurrencyLimit::new(8), give)
    };
    assert!(ConcurrencyLimitLayer::new(give(MAX_SHARES)).is_ok());
    assert_eq!(error(give(MAX_SHARES + 1)).option(), "concurrency_limit.share");
    let text = format!("{:?}", ConcurrencyLimit::new(8).share("export", 0.5));
    assert!(text.contains(r#"{"export": 0.5}"#), "{text}");
}

#[tokio::test]
async fn a_share_is_what_its_decimal_number_says_and_at_least_one_permit() {
    for (limit, share, cap) in [
        (100, 0.29, 29),
        (8, 0.25, 2),
        (8, 0.2, 1),
        (8, 0.01, 1),
        (3, 1.0, 3),
    ] {
        let (service, _, handle) = limited(ConcurrencyLimit::new(limit).share("export", share));
        let _exports: Vec<_> = (0..limit as u32).map(|value| export(&service, value)).collect();
        assert_eq!(handle.share_active("export"), Some(cap));
    }
}
