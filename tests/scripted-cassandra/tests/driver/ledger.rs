use scripted_cassandra::{Action, Answered, Consistency, Match, Opcode, Recording};
use scylla::statement::{Consistency as Level, SerialConsistency};

use crate::support::{INSERT, builder, insert, session};

#[tokio::test]
async fn a_frame_is_kept_with_all_that_was_in_it() {
    let cluster = builder(1).start().await.unwrap();
    let session = session(&cluster).await;
    let mut prepared = session.prepare(INSERT).await.unwrap();
    prepared.set_consistency(Level::EachQuorum);
    prepared.set_serial_consistency(Some(SerialConsistency::LocalSerial));
    prepared.set_timestamp(Some(123));
    prepared.set_page_size(50);
    insert(&session, &prepared, 7).await.unwrap();
    let rule = cluster
        .on(Match::opcode(Opcode::Execute))
        .then(scripted_cassandra::ErrorFrame::overloaded("no"));
    insert(&session, &prepared, 8).await.unwrap_err();
    rule.remove();

    let frames = cluster.ledger().of(Opcode::Execute, "INSERT");
    let frame = &frames[0];
    assert_eq!(frame.text(), INSERT);
    assert_eq!(frame.consistency, Some(Consistency::EACH_QUORUM));
    assert_eq!(frame.serial_consistency, Some(Consistency::LOCAL_SERIAL));
    assert_eq!((frame.timestamp, frame.page_size), (Some(123), Some(50)));
    assert_eq!(frame.values()[0].bytes(), Some(&7_i32.to_be_bytes()[..]));
    assert_eq!(frame.values()[1].bytes(), Some(&b"text"[..]));
    assert_eq!((frame.executed, frame.answered), (true, Answered::Result));
    assert_eq!(
        (frames[1].executed, frames[1].answered),
        (false, Answered::Error(0x1001))
    );
    assert!(frames[1].at >= frame.at && frames[1].connection == frame.connection);
    assert_eq!(format!("{:?}", Consistency::EACH_QUORUM), "EACH_QUORUM");
}

#[tokio::test]
async fn a_ledger_keeps_as_much_as_it_is_told() {
    for (recording, frames, executions) in [
        (Recording::Everything, 11, Some(2)),
        (Recording::Last(3), 3, Some(2)),
        (Recording::Keys, 0, Some(2)),
        (Recording::Counts, 0, None),
    ] {
        let cluster = builder(1).recording(recording).start().await.unwrap();
        let session = session(&cluster).await;
        let prepared = session.prepare(INSERT).await.unwrap();
        for id in 0..10 {
            insert(&session, &prepared, id / 2).await.unwrap();
        }
        let ledger = cluster.ledger();
        assert_eq!(ledger.frames().len(), frames, "{recording:?}");
        assert_eq!(ledger.count(Opcode::Execute, "INSERT"), 10);
        assert_eq!(ledger.count_at(0, Opcode::Prepare, "INSERT"), 1);
        if let Some(executions) = executions {
            assert_eq!(ledger.executions("INSERT", &0_i32.to_be_bytes()), executions);
        }
        ledger.clear();
        assert_eq!(ledger.requests(), 0);
        if executions.is_some() {
            assert!(ledger.repeated("INSERT").is_empty());
        }
    }
}

#[tokio::test]
#[should_panic(expected = "no keys are recorded")]
async fn what_was_executed_cannot_be_asked_where_only_counts_are_kept() {
    let cluster = builder(1).recording(Recording::Counts).start().await.unwrap();
    let _ = cluster.ledger().repeated("INSERT");
}

#[tokio::test]
async fn a_key_is_known_also_where_it_stands_in_the_text_and_how_often_a_rule_executed_it() {
    let cluster = builder(1).start().await.unwrap();
    let session = session(&cluster).await;
    session
        .query_unpaged("INSERT INTO ks.t (id, v) VALUES (7, 'seven')", &[])
        .await
        .unwrap();
    let ledger = cluster.ledger();
    assert_eq!(ledger.executions("INSERT", &7_i32.to_be_bytes()), 1);
    let twice = Action::Answer.executed();
    cluster
        .on(Match::any().statement_contains("UPDATE"))
        .times(1)
        .then(twice);
    session
        .query_unpaged("UPDATE ks.counts SET n = n + 1 WHERE id = 7", &[])
        .await
        .unwrap();
    assert_eq!(ledger.executions("UPDATE", &7_i32.to_be_bytes()), 2);
    assert_eq!(ledger.repeated("UPDATE"), [(7_i32.to_be_bytes().to_vec(), 2)]);
}

#[tokio::test]
async fn without_a_store_writes_are_acknowledged_and_forgotten() {
    let cluster = builder(2)
        .without_store()
        .recording(Recording::Counts)
        .start()
        .await
        .unwrap();
    let session = session(&cluster).await;
    let prepared = session.prepare(INSERT).await.unwrap();
    for id in 0..20 {
        insert(&session, &prepared, id).await.unwrap();
    }
    let rows = session.query_unpaged("SELECT * FROM ks.t", &[]).await.unwrap();
    assert_eq!(rows.into_rows_result().unwrap().rows_num(), 0);
    assert_eq!(cluster.ledger().count(Opcode::Execute, "INSERT"), 20);
    assert!(cluster.thread_time().is_none_or(|time| !time.is_zero()));
}
