use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, advance};
use tower::{Layer, Service, ServiceExt};
use tower_cassandra_layers::limit::{
    ConcurrencyHandle, ConcurrencyLimit, ConcurrencyLimitLayer, ConcurrencyLimited, RateLimit,
    RateLimitLayer, Reason,
};
use tower_cassandra_layers::{Call, Priority};

use crate::support::{Error, Leaf, Log, Task};

use Priority::{High, Low, Normal};

const MS: Duration = Duration::from_millis(1);

fn limited(limit: ConcurrencyLimit) -> (ConcurrencyLimited<Leaf>, Arc<Log>, ConcurrencyHandle) {
    let leaf = Leaf::new();
    let log = Arc::clone(&leaf.log);
    let layer = ConcurrencyLimitLayer::new(limit).unwrap();
    (layer.layer(leaf), log, layer.handle())
}

/// Polled once.
fn arrived<S>(service: &S, value: u32, priority: Priority) -> Task<S::Future>
where
    S: Service<Call<u32>, Error = Error> + Clone,
{
    Task::waiting(service.clone().call(Call::new(value).with_priority(priority)))
}

fn refused<S>(service: &S, call: Call<u32>) -> bool
where
    S: Service<Call<u32>, Error = Error> + Clone,
{
    full(Task::new(service.clone().call(call)).poll())
}

fn full<T>(result: Poll<Result<T, Error>>) -> bool {
    let Poll::Ready(Err(error)) = result else {
        return false;
    };
    let reason = error.reason();
    reason == Some(Reason::ConcurrencyQueueFull) || reason == Some(Reason::RateQueueFull)
}

#[tokio::test]
async fn permits_go_to_the_highest_class_first_and_in_order_of_arrival_within_it() {
    let (service, log, _) = limited(ConcurrencyLimit::new(1));
    let classes = [Normal, Low, High, Normal, High, Low, Normal];
    let mut tasks = vec![arrived(&service, 0, Low)];
    tasks.extend(
        (1..)
            .zip(classes)
            .map(|(value, class)| arrived(&service, value, class)),
    );
    for _ in 0..8 {
        log.answer(1);
        for task in tasks.iter_mut().rev() {
            let _ = task.poll();
        }
        for task in &mut tasks {
            let _ = task.poll();
        }
    }
    assert_eq!(log.started(), [0, 3, 5, 1, 4, 7, 2, 6]);
}

#[tokio::test(start_paused = true)]
async fn turns_go_to_the_highest_class_first_and_in_order_of_arrival_within_it() {
    let leaf = Leaf::fast();
    let log = Arc::clone(&leaf.log);
    let layer = RateLimitLayer::new(RateLimit::per_second(100).burst(1)).unwrap();
    let service = layer.layer(leaf);
    let begin = Instant::now();
    let mut set = tokio::task::JoinSet::new();
    let classes = [Low, Normal, Low, High, Normal, High, Low, Normal];
    for (value, class) in (0..).zip(classes) {
        set.spawn(service.clone().oneshot(Call::new(value).with_priority(class)));
    }
    assert!(set.join_all().await.iter().all(Result::is_ok));
    assert_eq!(log.started(), [0, 3, 5, 1, 4, 7, 2, 6]);
    // Nobody who was overtaken loses more than the turns of those who overtook it.
    let times: Vec<_> = log.times().iter().map(|at| (*at - begin).as_millis()).collect();
    assert_eq!(times, [0, 10, 20, 30, 40, 50, 60, 70]);
}

#[tokio::test]
async fn a_full_queue_drops_the_youngest_of_the_lowest_class_for_a_higher_one() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1).queue(3));
    let mut running = arrived(&service, 0, Normal);
    let mut low = [arrived(&service, 1, Low), arrived(&service, 2, Low)];
    let mut normal = arrived(&service, 3, Normal);
    // Of the lowest class itself.
    assert!(refused(&service, Call::new(4).with_priority(Low)));
    assert_eq!((low[0].wakes(), low[1].wakes()), (0, 0));

    let _high = arrived(&service, 5, High);
    assert_eq!((low[0].wakes(), low[1].wakes(), normal.wakes()), (0, 1, 0));
    assert!(full(low[1].poll()));
    let _normal = arrived(&service, 6, Normal);
    assert_eq!(low[0].wakes(), 1);
    // No lower class is left, and equal ones are not dropped for each other.
    assert!(refused(&service, Call::new(7)));
    let _high = arrived(&service, 8, High);
    assert_eq!((normal.wakes(), handle.queued()), (0, 3));
    assert!(full(low[0].poll()));
    assert_eq!(handle.rejected().queue_full, 4);

    log.answer(1);
    assert!(matches!(running.poll(), Poll::Ready(Ok(_))));
    assert!(normal.poll().is_pending());
    assert_eq!(log.started(), [0]);
}

#[tokio::test]
async fn one_that_was_dropped_does_not_disturb_the_one_in_its_place() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(1).queue(1));
    let mut running = arrived(&service, 0, Normal);
    let low = arrived(&service, 1, Low);
    let mut high = arrived(&service, 2, High);
    drop(low);
    assert_eq!((handle.queued(), handle.active()), (1, 1));
    log.answer(1);
    assert!(matches!(running.poll(), Poll::Ready(Ok(_))));
    assert_eq!(high.wakes(), 1);
    assert!(high.poll().is_pending());
    assert_eq!(
        (log.started(), handle.queued(), handle.active()),
        (vec![0, 2], 0, 1)
    );
}

#[tokio::test]
async fn a_higher_class_does_not_wait_behind_a_heavy_request_of_a_lower_one() {
    let (service, log, _) = limited(ConcurrencyLimit::new(3));
    let _running = arrived(&service, 0, Normal);
    let heavy = Call::new(1).with_weight(3);
    let _heavy = Task::waiting(service.clone().call(heavy));
    let _normal = arrived(&service, 2, Normal);
    let _high = arrived(&service, 3, High);
    assert_eq!(log.started(), [0, 3]);
}

#[tokio::test]
async fn when_a_heavy_one_is_dropped_for_another_the_next_ones_run() {
    let (service, log, _) = limited(ConcurrencyLimit::new(3).queue(2));
    let _running = arrived(&service, 0, Normal);
    let heavy = |value, class| Call::new(value).with_weight(3).with_priority(class);
    let mut dropped = Task::waiting(service.clone().call(heavy(1, Low)));
    let mut light = arrived(&service, 2, Low);
    // The youngest goes, and that is the light one.
    let _high = Task::waiting(service.clone().call(heavy(3, High)));
    assert_eq!((dropped.wakes(), light.wakes()), (0, 1));
    assert!(full(light.poll()));
    drop(_high);
    let mut light = arrived(&service, 4, Low);
    let _high = arrived(&service, 5, High);
    assert_eq!(log.started(), [0, 5]);
    assert_eq!((dropped.wakes(), light.wakes()), (0, 0));
    assert!(dropped.poll().is_pending() && light.poll().is_pending());
}

#[tokio::test]
async fn a_label_that_fills_its_part_of_the_queue_drops_its_own() {
    let limit = ConcurrencyLimit::new(1).queue(4).share("export", 0.5);
    let (service, _, handle) = limited(limit);
    let _running = arrived(&service, 0, Normal);
    let export = |value, class| Call::new(value).with_label("export").with_priority(class);
    let low = arrived(&service, 1, Low);
    let mut own = Task::waiting(service.clone().call(export(2, Normal)));
    let _low = Task::waiting(service.clone().call(export(3, High)));
    assert!(refused(&service, export(4, Normal)));
    let _high = Task::waiting(service.clone().call(export(5, High)));
    assert_eq!((low.wakes(), own.wakes(), handle.queued()), (0, 1, 3));
    assert!(full(own.poll()));
}

#[tokio::test]
async fn what_a_higher_class_takes_of_a_share_lets_those_behind_the_lower_class_run() {
    let (service, log, handle) = limited(ConcurrencyLimit::new(8).share("export", 0.5));
    let export = |value| Call::new(value).with_label("export");
    let _running =
        [export(0), Call::new(1).with_weight(5)].map(|call| Task::waiting(service.clone().call(call)));
    // Within its share, but there are not so many permits; so it keeps the next one waiting.
    let heavy = export(2).with_weight(3).with_priority(Low);
    let _heavy = Task::waiting(service.clone().call(heavy));
    let mut behind = arrived(&service, 3, Low);
    // Now there is not so much left of the share either.
    let _high = Task::waiting(service.clone().call(export(4).with_priority(High)));
    assert_eq!((behind.wakes(), handle.queued()), (1, 1));
    assert!(behind.poll().is_pending());
    assert_eq!(log.started(), [0, 1, 4, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_for_turns_drops_the_lowest_class_first() {
    let layer = RateLimitLayer::new(RateLimit::per_second(100).burst(1).queue(2)).unwrap();
    let service = layer.layer(Leaf::fast());
    let log = Arc::clone(&service.get_ref().log);
    service.clone().oneshot(Call::new(0)).await.unwrap();
    let (mut normal, mut low) = (arrived(&service, 1, Normal), arrived(&service, 2, Low));
    assert!(refused(&service, Call::new(3).with_priority(Low)));
    let mut high = arrived(&service, 4, High);
    assert_eq!((normal.wakes(), low.wakes()), (0, 1));
    assert!(full(low.poll()));
    assert!(refused(&service, Call::new(5)));
    advance(10 * MS).await;
    assert!(normal.poll().is_pending());
    assert!(matches!(high.poll(), Poll::Ready(Ok(_))));
    advance(10 * MS).await;
    assert!(matches!(normal.poll(), Poll::Ready(Ok(_))));
    assert_eq!(log.started(), [0, 4, 1]);
    assert_eq!(
        (layer.handle().rejected().queue_full, layer.handle().queued()),
        (3, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_turn_is_compared_with_the_deadline_by_the_place_of_the_class() {
    let layer = RateLimitLayer::new(RateLimit::per_second(100).burst(1)).unwrap();
    let service = layer.layer(Leaf::fast());
    service.clone().oneshot(Call::new(0)).await.unwrap();
    let _waiting: Vec<_> = (1..4).map(|value| arrived(&service, value, Normal)).collect();
    let soon = Call::new(9).with_deadline(Instant::now() + 11 * MS);
    let late = service.clone().oneshot(soon.clone()).await;
    assert!(matches!(late, Err(Error::Elapsed(_))));
    let in_time = service.clone().oneshot(soon.with_priority(High)).await;
    assert_eq!(in_time.unwrap().get(), 9);
}
