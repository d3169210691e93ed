use std::time::Duration;

use scripted_cassandra::{Action, ErrorFrame, Match, Opcode, Rows, Type};
use scylla::errors::RequestAttemptError;
use tokio::time::Instant;

use crate::support::{INSERT, SELECT, at, attempt, cluster, db_error, hangs, insert, session};

#[tokio::test]
async fn a_forgotten_statement_is_prepared_again() {
    let cluster = cluster(2).await;
    let session = session(&cluster).await;
    let prepared = at(&cluster, 1, &session.prepare(INSERT).await.unwrap());
    assert_eq!(cluster.ledger().count(Opcode::Prepare, "INSERT"), 2);
    cluster.node(1).forget_prepared();
    insert(&session, &prepared, 1).await.unwrap();
    let opcodes = cluster.ledger().filter(|frame| frame.node == 1);
    let opcodes: Vec<Opcode> = opcodes.iter().map(|frame| frame.opcode).collect();
    use Opcode::{Execute, Prepare};
    assert_eq!(opcodes, [Prepare, Execute, Prepare, Execute]);
    assert_eq!(cluster.ledger().executions("INSERT", &1_i32.to_be_bytes()), 1);

    cluster
        .on(Match::opcode(Execute))
        .times(1)
        .then(Action::Unprepared);
    insert(&session, &prepared, 2).await.unwrap();
    assert_eq!(cluster.ledger().count_at(1, Prepare, "INSERT"), 3);

    cluster.renew_prepared_ids();
    let error = attempt(insert(&session, &prepared, 3).await.unwrap_err());
    assert!(
        matches!(error, RequestAttemptError::RepreparedIdChanged { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn silence_lasts_and_hurts_nobody_else() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    let prepared = session.prepare(INSERT).await.unwrap();
    let rule = cluster
        .on(Match::opcode(Opcode::Execute).value(1))
        .then(Action::Silence);
    assert!(hangs(insert(&session, &prepared, 1)).await);
    insert(&session, &prepared, 2).await.unwrap();
    assert_eq!((rule.matched(), rule.applied()), (1, 1));
    rule.remove();
    insert(&session, &prepared, 1).await.unwrap();
    let frames = cluster.ledger().of(Opcode::Execute, "INSERT");
    let executed: Vec<bool> = frames.iter().map(|frame| frame.executed).collect();
    assert_eq!(executed, [false, true, true]);
}

#[tokio::test]
async fn delayed_answers_arrive_in_their_own_order() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    let prepared = session.prepare(INSERT).await.unwrap();
    let slow = Match::opcode(Opcode::Execute).value(1);
    // So far apart that a machine which stands still for two seconds does not bring them together.
    let (first, second) = (Duration::from_millis(5_000), Duration::from_millis(2_500));
    cluster.on(slow).then(Action::delay(first));
    cluster
        .on(Match::opcode(Opcode::Execute).value(2))
        .then(Action::decide(move |request| {
            assert_eq!(request.values().len(), 2);
            Action::from(ErrorFrame::overloaded("later")).after(second)
        }));
    let start = Instant::now();
    let times = tokio::join!(
        async {
            insert(&session, &prepared, 1).await.unwrap();
            start.elapsed()
        },
        async {
            insert(&session, &prepared, 2).await.unwrap_err();
            start.elapsed()
        },
        async {
            insert(&session, &prepared, 3).await.unwrap();
            start.elapsed()
        },
    );
    assert!(times.0 >= first, "{times:?}");
    assert!(times.1 >= second && times.1 < times.0, "{times:?}");
    assert!(times.2 < times.1, "{times:?}");
    assert_eq!((cluster.open_frames().now, cluster.open_frames().most), (0, 2));
}

#[tokio::test]
async fn a_write_can_be_done_and_reported_as_failed() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    let prepared = session.prepare(INSERT).await.unwrap();
    let failed = Action::Error(ErrorFrame::server_error("lost")).executed();
    cluster.on(Match::opcode(Opcode::Execute)).times(1).then(failed);
    insert(&session, &prepared, 1).await.unwrap_err();
    insert(&session, &prepared, 1).await.unwrap();
    assert_eq!(cluster.ledger().executions("INSERT", &1_i32.to_be_bytes()), 2);
    assert_eq!(
        cluster.ledger().repeated("INSERT"),
        [(1_i32.to_be_bytes().to_vec(), 2)]
    );
}

#[tokio::test]
async fn a_rule_answers_what_it_wants() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    let prepared = session.prepare(SELECT).await.unwrap();
    let rows = Rows::new([("id", Type::Int), ("v", Type::Text)])
        .row([scripted_cassandra::Value::from(4), "x".into()]);
    cluster.on(Match::any().statement(SELECT)).times(1).then(rows);
    let found = session
        .execute_unpaged(&prepared, (1,))
        .await
        .unwrap()
        .into_rows_result()
        .unwrap();
    assert_eq!(found.single_row::<(i32, &str)>().unwrap(), (4, "x"));

    cluster
        .on(Match::opcode(Opcode::Execute))
        .after(1)
        .times(1)
        .then(Action::NotApplied);
    let found = session
        .execute_unpaged(&prepared, (1,))
        .await
        .unwrap()
        .into_rows_result()
        .unwrap();
    assert_eq!(found.rows_num(), 0);
    let found = session
        .execute_unpaged(&prepared, (1,))
        .await
        .unwrap()
        .into_rows_result()
        .unwrap();
    assert_eq!(found.single_row::<(bool,)>().unwrap(), (false,));

    cluster
        .on(Match::opcode(Opcode::Prepare).body_contains("LIMIT 9"))
        .then(ErrorFrame::invalid("no"));
    assert!(session.prepare("SELECT * FROM ks.t LIMIT 9").await.is_err());
}

#[tokio::test]
async fn a_share_of_the_requests_fails() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    let prepared = session.prepare(INSERT).await.unwrap();
    let rule = cluster
        .on(Match::opcode(Opcode::Execute))
        .probability(0.2, 42)
        .then(ErrorFrame::overloaded("busy"));
    let mut failed = 0;
    for id in 0..200 {
        if let Err(error) = insert(&session, &prepared, id).await {
            assert_eq!(db_error(error).1, "busy");
            failed += 1;
        }
    }
    assert_eq!((rule.matched(), rule.applied()), (200, failed));
    assert!((20..60).contains(&failed), "{failed}");
}
