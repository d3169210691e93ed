use std::sync::Arc;

use tower_layer::Layer;

use super::service::Balance;
use crate::health::Table;

/// Chooses a node for each attempt. See the [module](crate::balance).
#[derive(Debug)]
pub struct BalanceLayer<D, C> {
    pub(super) shared: Arc<Parts<D, C>>,
}

#[derive(Debug)]
pub(super) struct Parts<D, C> {
    pub(super) table: Table,
    pub(super) directory: D,
    pub(super) classifier: C,
}

impl<D, C> Clone for BalanceLayer<D, C> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<D, C> BalanceLayer<D, C> {
    /// Chooses among the candidates of `directory` by what `table` knows, and writes into `table` what `classifier` makes of the
    /// results.
    pub fn new(table: Table, directory: D, classifier: C) -> Self {
        Self {
            shared: Arc::new(Parts {
                table,
                directory,
                classifier,
            }),
        }
    }
}

impl<S, D, C> Layer<S> for BalanceLayer<D, C> {
    type Service = Balance<S, D, C>;

    fn layer(&self, inner: S) -> Self::Service {
        Balance {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}
