//! A place for each thread, so that threads that do the same thing at the same time do not wait for each other's memory.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// So many threads have a place of their own; with more of them some share.
const PLACES: usize = 16;

/// Threads that have asked so far.
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static PLACE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// As many values as there are places, one of which is the current thread's.
#[derive(Debug)]
pub(crate) struct Striped<T>(Box<[Apart<T>]>);

/// Two lines of 64 bytes, as processors fetch them in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Apart<T>(T);

impl<T> Striped<T> {
    pub(crate) fn new(mut make: impl FnMut() -> T) -> Self {
        Self((0..PLACES).map(|_| Apart(make())).collect())
    }

    /// That of the current thread.
    #[inline]
    pub(crate) fn mine(&self) -> &T {
        // While a thread ends it has no place any more.
        let place = PLACE.try_with(|place| place.get().unwrap_or_else(|| settle(place)));
        &self.0[place.unwrap_or_default() % PLACES].0
    }

    /// The one that stands for all where one has to.
    pub(crate) fn first(&self) -> &T {
        &self.0[0].0
    }

    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter().map(|Apart(value)| value)
    }
}

#[cold]
fn settle(place: &Cell<Option<usize>>) -> usize {
    let mine = THREADS.fetch_add(1, Relaxed) % PLACES;
    place.set(Some(mine));
    mine
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn threads_stay_where_they_are_and_apart_from_others() {
        let striped = Striped::new(|| Mutex::new(0));
        let count = || *striped.mine().lock().unwrap() += 1;
        std::thread::scope(|scope| {
            for _ in 0..PLACES {
                scope.spawn(|| (count(), count()));
            }
        });
        let counts: Vec<_> = striped.all().map(|value| *value.lock().unwrap()).collect();
        assert_eq!(counts.iter().sum::<i32>(), 2 * PLACES as i32);
        assert!(counts.iter().all(|count| count % 2 == 0), "{counts:?}");
        // Others that run beside may have taken a place meanwhile.
        assert!(
            counts.iter().filter(|count| **count > 0).count() > PLACES / 2,
            "{counts:?}"
        );
    }
}
