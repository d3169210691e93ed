//! Where the time of a request went, with the nodes it went to.

use scripted_cassandra::{Action, ErrorFrame, Match, Opcode};
use tower_cassandra::ErrorKind;

use crate::support::{Bed, SELECT, ms, requests};

#[tokio::test]
async fn attempts_tell_their_nodes_and_a_prepare_its_wait() {
    let bed = Bed::make(3).await;
    let prepares = Match::opcode(Opcode::Prepare);
    bed.cluster.on(prepares).then(Action::delay(ms(60)));
    bed.cluster
        .on(requests())
        .times(1)
        .then(ErrorFrame::overloaded("busy"));
    let first = bed.session.query(SELECT, (1,)).await.unwrap();
    let timings = first.timings();
    let nodes: Vec<_> = bed
        .nodes()
        .iter()
        .map(|node| bed.cluster.node(*node).host_id())
        .collect();
    let tries: Vec<_> = timings
        .attempts()
        .iter()
        .map(|attempt| (attempt.node, attempt.error))
        .collect();
    assert_eq!(
        tries,
        [
            (Some(nodes[0]), Some(ErrorKind::Overloaded)),
            (Some(nodes[1]), None)
        ]
    );
    assert_ne!(nodes[0], nodes[1]);
    assert!(timings.prepare_wait() >= ms(60), "{timings}");
    assert!(
        timings.attempts()[1].elapsed > ms(0) && timings.queue_wait() == ms(0),
        "{timings}"
    );
    // The second time it is known.
    let second = bed.session.query(SELECT, (1,)).await.unwrap().timings();
    assert!(second.prepare_wait() < ms(60), "{second}");
    assert_eq!(second.attempt_count(), 1);
    bed.at_rest().await;
}
