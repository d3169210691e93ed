//! What a user's layers leave on a request for each other.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

type Values = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

/// One value of each type.
#[derive(Clone, Default)]
pub(super) struct Extensions(Values);

impl Extensions {
    /// Adds a value, in place of one of the same type.
    pub(super) fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Arc::new(value));
    }

    /// The value of this type, if there is one.
    pub(super) fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref()
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extensions")
            .field("count", &self.0.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_has_what_there_was_and_goes_its_own_way() {
        let mut outside = Extensions::default();
        assert_eq!(outside.get::<&str>(), None);
        outside.insert("tenant");
        let mut inside = outside.clone();
        inside.insert("other");
        inside.insert(7_u32);
        assert_eq!((outside.get(), outside.get::<u32>()), (Some(&"tenant"), None));
        assert_eq!((inside.get(), inside.get()), (Some(&"other"), Some(&7_u32)));
        assert_eq!(format!("{inside:?}"), "Extensions { count: 2 }");
    }
}
