use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use scylla::client::session::Session as Driver;

/// Where the driver's session is, once there is one and until `close` takes it out.
#[derive(Clone, Default)]
pub(crate) struct DriverSlot(Arc<ArcSwapOption<Driver>>);

impl DriverSlot {
    pub(crate) fn new(driver: Arc<Driver>) -> Self {
        Self(Arc::new(ArcSwapOption::new(Some(driver))))
    }

    /// Puts the driver in.
    pub(crate) fn set(&self, driver: Arc<Driver>) {
        self.0.store(Some(driver));
    }

    /// The driver; none before it is connected and after `close`.
    pub(crate) fn get(&self) -> Option<Arc<Driver>> {
        self.0.load_full()
    }

    /// Lets go of the driver. Its connections end with the last request that is under way.
    pub(crate) fn clear(&self) {
        self.0.store(None);
    }
}

impl fmt::Debug for DriverSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriverSlot")
            .field("open", &self.0.load().is_some())
            .finish()
    }
}
