use tower_layer::Layer;

use super::AttemptMetricsService;
use crate::metrics::NodeMetrics;

/// Measures attempts, node by node. See the [module](crate::metrics).
///
/// ```
/// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
/// use tower_cassandra_layers::metrics::{AttemptMetricsLayer, Metrics};
/// use tower_cassandra_layers::{Call, Outcome, classify::classify_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let metrics = Metrics::new();
/// let classifier = classify_fn(|_: Result<&&str, &std::convert::Infallible>| Outcome::Success);
///
/// // Below a balancer the node comes with the attempt. This client has one node, and no balancer.
/// let mut service = ServiceBuilder::new()
///     .layer(AttemptMetricsLayer::new(classifier).only_node(metrics.node("10.0.0.1:9042")))
///     .service(service_fn(|_: Call<&str>| async { Ok("rows") }));
///
/// assert_eq!(service.ready().await.unwrap().call(Call::new("SELECT ...")).await, Ok("rows"));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AttemptMetricsLayer<C> {
    classifier: C,
    only_node: Option<NodeMetrics>,
}

impl<C> AttemptMetricsLayer<C> {
    /// Records what this classifier makes of the results, on the handles of the node that the balancer has chosen for
    /// the attempt. Attempts without a node are not recorded. The classifier is cloned for every attempt.
    pub const fn new(classifier: C) -> Self {
        Self {
            classifier,
            only_node: None,
        }
    }

    /// Records attempts for which no balancer has chosen a node under this one: for a client of a single node.
    #[must_use]
    pub fn only_node(mut self, node: NodeMetrics) -> Self {
        self.only_node = Some(node);
        self
    }
}

impl<S, C: Clone> Layer<S> for AttemptMetricsLayer<C> {
    type Service = AttemptMetricsService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        AttemptMetricsService::new(inner, self.classifier.clone(), self.only_node.clone())
    }
}
