//! What calls have saved for second attempts.

#[rustfmt::skip]
#[allow(dead_code, reason = "the handle uses more of it")]
#[path = "../../../layers/src/hedge/savings.rs"]
mod savings;

use loom::sync::Arc;
use loom::thread;
use savings::Savings;

/// Two spend while a third gives back what it does not use.
pub fn what_is_saved_is_spent_once() {
    let savings = Arc::new(Savings::new(1.0, 2));
    savings.earn();
    let takers: [_; 2] = core::array::from_fn(|_| {
        let savings = Arc::clone(&savings);
        thread::spawn(move || u64::from(savings.take()))
    });
    // One that was not sent is there again.
    if savings.take() {
        savings.give_back();
    }
    savings.earn();
    let taken: u64 = takers.into_iter().map(|taker| taker.join().unwrap()).sum();
    assert_eq!(savings.saved() + taken, 2);
}
