//! How much memory a stream needs, counted by the allocator: one page, and one more with prefetch, however long the result is and however
//! slow the consumer. In a binary of its own because it replaces the allocator; server and client are in this one process, so what the
//! server builds of a page counts too.

#[path = "wire/streams/forged.rs"]
mod forged;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use scripted_cassandra::{Recording, ScriptedCluster, Table, Type};
use tokio::time::sleep;
use tower_cassandra::{ClusterBuilder, Session, StreamOptions};

struct Counting;

static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

fn grown(by: i64) {
    let live = LIVE.fetch_add(by, Relaxed) + by;
    PEAK.fetch_max(live, Relaxed);
}

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size() as i64);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        grown(-(layout.size() as i64));
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const VALUE: usize = 100;
const PAGE: u32 = 1_000;
/// What a page is on the wire.
const PAGE_BYTES: i64 = PAGE as i64 * (VALUE as i64 + 12);

async fn connect(cluster: &ScriptedCluster) -> Session {
    ClusterBuilder::new()
        .contact_points(cluster.contact_points())
        .no_metrics()
        .no_health_check()
        // A page that is asked for again is one more in memory.
        .timeout(Duration::from_secs(120))
        .attempt_timeout(None)
        .connect()
        .await
        .unwrap()
}

/// The most that was alive above what was alive before, in pages.
fn pages_above(before: i64) -> f64 {
    (PEAK.load(Relaxed) - before) as f64 / PAGE_BYTES as f64
}

async fn stream(session: &Session, rows: u32, prefetch: u8, slow: bool) -> f64 {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let options = StreamOptions::new().page_size(PAGE).prefetch(prefetch);
    let mut stream = session.stream_with::<(i32, String)>(forged::all(), options);
    let mut next = 0;
    while let Some(row) = stream.next().await {
        assert_eq!(row.unwrap().0, next);
        next += 1;
        if slow && next % 10_000 == 0 {
            // Long enough for everything to arrive that was asked for.
            sleep(Duration::from_millis(5)).await;
        }
    }
    assert_eq!(next as u32, rows);
    pages_above(before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_rows_need_the_memory_of_a_few_pages() {
    const ROWS: u32 = 1_000_000;
    let table = Table::new("ks", "t").partition_key("id", Type::Int);
    let cluster = ScriptedCluster::builder()
        .nodes(1)
        .keyspace("ks", 1)
        .table(table.column("v", Type::Text))
        .recording(Recording::Counts)
        .start()
        .await
        .unwrap();
    let rule = forged::Result {
        value: VALUE,
        ..forged::Result::of(ROWS)
    }
    .serve(&cluster);
    let session = connect(&cluster).await;
    stream(&session, ROWS, 1, false).await;

    let plain = stream(&session, ROWS, 0, false).await;
    let ahead = stream(&session, ROWS, 1, false).await;
    let slow = stream(&session, ROWS, 1, true).await;
    println!("at most alive, in pages of {PAGE_BYTES} bytes: {plain:.1}, ahead {ahead:.1}, slow {slow:.1}");
    // The page itself, its copy on the side of the server, and the buffers of the connection on both.
    for pages in [plain, ahead, slow] {
        assert!(pages < 6.0, "{pages}");
    }

    // A tenth of it read as a whole: the counter does see what is held.
    rule.remove();
    forged::Result {
        value: VALUE,
        ..forged::Result::of(ROWS / 10)
    }
    .serve(&cluster);
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let all = session.execute(forged::ALL).await.unwrap();
    assert_eq!(all.len(), ROWS as usize / 10);
    let held = pages_above(before);
    println!("a tenth of the rows at once: {held:.1}");
    assert!(held > 90.0, "{held}");
}
