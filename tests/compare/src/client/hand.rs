//! tower's own layers, with the numbers of our defaults.

#[path = "../../../../layers/benches/overhead/attempts.rs"]
mod attempts;

use std::time::Duration;

use tower::ServiceBuilder;

use super::Client;
use super::bare::Bare;
use super::layered::Layered;
use super::leaf::Leaf;
use attempts::Attempts;

pub(crate) const CALL: Duration = Duration::from_secs(10);
pub(crate) const ATTEMPT: Duration = Duration::from_secs(3);
/// More than any work has under way.
pub(crate) const AT_ONCE: usize = 12_000;

pub(crate) fn client(bare: &Bare) -> impl Client + use<> {
    let service = ServiceBuilder::new()
        .load_shed()
        .timeout(CALL)
        .concurrency_limit(AT_ONCE)
        .retry(Attempts::new())
        .timeout(ATTEMPT)
        .service(Leaf::new(bare));
    Layered::new(service)
}
