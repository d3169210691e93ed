//! Values read from the database, for a short while.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::time::Instant;

/// A bounded cache whose entries have a life. Where it is full the one that was not asked for longest goes.
pub(crate) struct Cache<V> {
    inner: Mutex<Inner<V>>,
    life: Duration,
}

struct Inner<V> {
    entries: LruCache<String, (Instant, V)>,
    /// Changes with every entry that is dropped because the database has another value.
    epoch: u64,
    hits: u64,
    misses: u64,
}

/// What was found.
pub(crate) enum Found<V> {
    Hit(V),
    /// To be given back with the value that is read now.
    Miss(Epoch),
}

/// The moment at which a value was not there.
#[derive(Clone, Copy)]
pub(crate) struct Epoch(u64);

impl<V: Clone> Cache<V> {
    pub(crate) fn new(entries: usize, life: Duration) -> Self {
        let entries = LruCache::new(NonZeroUsize::new(entries).unwrap_or(NonZeroUsize::MIN));
        Self {
            inner: Mutex::new(Inner {
                entries,
                epoch: 0,
                hits: 0,
                misses: 0,
            }),
            life,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<V>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, key: &str) -> Found<V> {
        let mut inner = self.lock();
        let now = Instant::now();
        let found = inner.entries.get(key);
        let fresh = found.filter(|(since, _)| now.duration_since(*since) < self.life);
        match fresh.map(|(_, value)| value.clone()) {
            Some(value) => {
                inner.hits += 1;
                Found::Hit(value)
            }
            None => {
                inner.entries.pop(key);
                inner.misses += 1;
                Found::Miss(Epoch(inner.epoch))
            }
        }
    }

    /// Keeps a value, unless something was written since it was found missing: it may be older than what was written.
    pub(crate) fn put(&self, key: String, value: V, read_since: Epoch) {
        let mut inner = self.lock();
        if inner.epoch == read_since.0 {
            inner.entries.put(key, (Instant::now(), value));
        }
    }

    /// Drops a value: to be called when another one was written, or may have been.
    pub(crate) fn drop_entry(&self, key: &str) {
        let mut inner = self.lock();
        inner.entries.pop(key);
        inner.epoch += 1;
    }

    /// Hits, misses, entries.
    pub(crate) fn figures(&self) -> (u64, u64, usize) {
        let inner = self.lock();
        (inner.hits, inner.misses, inner.entries.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn entries_end_with_their_life_with_a_write_and_with_the_room() {
        let cache = Cache::new(2, Duration::from_secs(60));
        let is_hit = |key: &str| matches!(cache.get(key), Found::Hit(_));
        let fill = |key: &str| {
            if let Found::Miss(epoch) = cache.get(key) {
                cache.put(key.to_owned(), 1, epoch);
            }
        };
        fill("a");
        assert!(is_hit("a"));
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(is_hit("a"));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!is_hit("a"));
        fill("a");
        fill("b");
        fill("c");
        assert!(!is_hit("a") && is_hit("b") && is_hit("c"));
        // A value that was read before a write is not kept.
        let Found::Miss(before) = cache.get("d") else {
            panic!()
        };
        cache.drop_entry("d");
        cache.put("d".to_owned(), 1, before);
        assert!(!is_hit("d"));
    }
}
