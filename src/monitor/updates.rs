use std::sync::Arc;

use tokio::sync::watch;

use super::figures::ClusterHealth;

/// What the latest round found. Made by [`Monitor::updates`](super::Monitor::updates).
///
/// A reader that is slow skips rounds and sees the newest. Clones go on from the same place.
#[derive(Clone, Debug)]
pub struct Updates {
    pub(super) receiver: watch::Receiver<Option<Arc<ClusterHealth>>>,
}

impl Updates {
    /// The newest round; none before the first.
    #[must_use]
    pub fn latest(&self) -> Option<Arc<ClusterHealth>> {
        self.receiver.borrow().clone()
    }

    /// Waits for a round that this reader has not seen; none once the session is gone. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Arc<ClusterHealth>> {
        loop {
            self.receiver.changed().await.ok()?;
            let newest = self.receiver.borrow_and_update().clone();
            if newest.is_some() {
                return newest;
            }
        }
    }
}
