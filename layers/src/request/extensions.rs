//! What a user's layers leave on a request for each other.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

type Values = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

/// One value of each type, for layers of one's own: a tenant, a trace, a tag.
///
/// They travel inwards with the request, and each repetition and each page has them too. Without any it costs a comparison; a clone costs
/// a reference count. What a layer adds is seen further inside, not by those outside. `Debug` shows how many there are, and none
/// of them.
#[derive(Clone, Default)]
pub struct Extensions(Option<Arc<Values>>);

impl Extensions {
    /// Adds a value, in place of one of the same type.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        let values = Arc::make_mut(self.0.get_or_insert_default());
        values.insert(TypeId::of::<T>(), Arc::new(value));
    }

    /// The value of this type, if there is one.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.as_ref()?.get(&TypeId::of::<T>())?.downcast_ref()
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.as_ref().map_or(0, |values| values.len());
        f.debug_struct("Extensions").field("count", &count).finish()
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
