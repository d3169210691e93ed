use std::borrow::Borrow;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Handles by the value of a label, of a bounded number of values.
///
/// A value is resolved when it is seen for the first time. From then on it is found without a lock, by comparing short texts one after the other.
#[derive(Debug)]
pub(super) struct Slots<K, T> {
    // Filled from the front, never emptied.
    slots: Box<[OnceLock<(K, T)>]>,
    filling: Mutex<()>,
}

impl<K: Borrow<str>, T> Slots<K, T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            slots: (0..capacity).map(|_| OnceLock::new()).collect(),
            filling: Mutex::new(()),
        }
    }

    /// The place of a value, which gets one if there is one left.
    pub(super) fn place(&self, value: &str, make: impl FnOnce() -> (K, T)) -> Option<usize> {
        self.find(value).or_else(|| self.fill(value, make))
    }

    /// The handles of a value, if there is room for it.
    pub(super) fn get(&self, value: &str, make: impl FnOnce() -> (K, T)) -> Option<&T> {
        self.at(self.place(value, make)?)
    }

    /// The handles at a place.
    pub(super) fn at(&self, place: usize) -> Option<&T> {
        Some(&self.slots.get(place)?.get()?.1)
    }

    fn find(&self, value: &str) -> Option<usize> {
        let mut known = self.slots.iter().map_while(OnceLock::get);
        known.position(|(known, _)| known.borrow() == value)
    }

    #[cold]
    fn fill(&self, value: &str, make: impl FnOnce() -> (K, T)) -> Option<usize> {
        if self.slots.last().is_none_or(|slot| slot.get().is_some()) {
            return None;
        }
        // One at a time, or one value could take two slots.
        let _filling = self.filling.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = self.find(value) {
            return Some(place);
        }
        let free = self.slots.iter().position(|slot| slot.get().is_none())?;
        self.slots[free].get_or_init(make);
        Some(free)
    }
}
