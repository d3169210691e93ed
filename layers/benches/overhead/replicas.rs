//! Who has which key among simulated nodes.

use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use tower_cassandra_layers::Call;
use tower_cassandra_layers::balance::{Directory, Endpoint, Group};
use tower_service::Service;

use crate::drive::poll;
use crate::leaf::Request;

/// From this key on there is one candidate, the node of that number.
const ONLY: u32 = 1 << 31;

/// Three replicas of each key, however many nodes there are.
pub(crate) struct Replicas(pub(crate) Box<[Arc<Endpoint>]>);

impl Directory<Request> for Replicas {
    fn visit(
        &self,
        request: &Request,
        group: Group,
        each: &mut dyn FnMut(&Arc<Endpoint>, bool) -> ControlFlow<()>,
    ) {
        if group != Group::Preferred {
            return;
        }
        if request.value >= ONLY {
            let _ = each(&self.0[(request.value - ONLY) as usize], true);
            return;
        }
        let first = (u64::from(request.value.wrapping_mul(0x9e37_79b9)) * self.0.len() as u64) >> 32;
        for i in 0..3 {
            let past = first as usize + i;
            let replica = if past < self.0.len() {
                past
            } else {
                past - self.0.len()
            };
            if each(&self.0[replica], true).is_break() {
                return;
            }
        }
    }
}

/// Asks each node before anything is counted: its ledger gets its storage at its first request.
pub(crate) fn ask_each<S: Service<Request>>(service: &mut S, nodes: u32, times: u32) {
    for node in (0..nodes).cycle().take((nodes * times) as usize) {
        assert!(
            service
                .poll_ready(&mut Context::from_waker(Waker::noop()))
                .is_ready()
        );
        let mut asked = pin!(service.call(Call::new(ONLY + node)));
        while poll(asked.as_mut()).is_pending() {}
    }
}
