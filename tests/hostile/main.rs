//! What nobody means to send: answers of a hostile server, and configurations made of damaged text.
//!
//! Whatever comes, nothing panics, nothing waits longer than its limit, and what is said about it is a typed error. A hundredth of the inputs
//! that `FULL=1` runs. The seed is printed; `SEED=n` repeats a run.

mod client;
mod counts;
mod handshake;
mod known;
mod mangle;
mod server;
mod settings;
mod table;

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Far more than anything takes on a busy machine: what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

static PANICS: AtomicU64 = AtomicU64::new(0);

/// Panics of any thread of this process since the first call. Those that somebody catches count as well.
fn panics() -> u64 {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            before(panic);
        }));
    });
    PANICS.load(Ordering::SeqCst)
}

/// So many with `FULL=1`, else a hundredth.
fn times(full: u64) -> u64 {
    if std::env::var_os("FULL").is_some() {
        full
    } else {
        full / 100
    }
}

fn seed(name: &str, inputs: u64) -> u64 {
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = given.unwrap_or_else(|| now.subsec_nanos().into());
    println!("{name}: {inputs} inputs, SEED={seed}");
    seed
}
