//! Answers of a server that say rows and cannot be read as such (D4).

use scripted_cassandra::Action;
use tower_cassandra::{Applied, ErrorKind};

use super::bed;
use super::kinds::{Kind, Texts};
use crate::support::requests;

fn string(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap().to_be_bytes();
    [&length, text.as_bytes()].concat()
}

/// Rows of one column of type boolean, in one row with this cell.
fn rows(column: &str, cell: &[u8]) -> Action {
    let mut body = vec![0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1];
    for name in ["ks", "t", column] {
        body.extend(string(name));
    }
    body.extend([0, 4]);
    body.extend([0, 0, 0, 1]);
    body.extend(cell);
    Action::Frame(0x08, body)
}

/// Columns whose count is a lie.
fn cut_short() -> Action {
    let body = vec![0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9, 0, 1, b'k'];
    Action::Frame(0x08, body)
}

#[tokio::test]
async fn rows_that_cannot_be_read_leave_a_conditional_write_open() {
    let bed = bed().await;
    let texts = Texts::prepare(&bed).await;
    let answers = [
        ("columns cut short", cut_short(), [true, true]),
        (
            "verdict of two bytes",
            rows("[applied]", &[0, 0, 0, 2, 1, 1]),
            [false, true],
        ),
        ("verdict of NULL", rows("[applied]", &[255; 4]), [false, true]),
        (
            "verdict cut short",
            rows("[applied]", &[0, 0, 0, 9, 1]),
            [false, true],
        ),
    ];
    let mut id = 0;
    for (name, answer, of_all) in answers {
        for kind in Kind::ALL {
            if !of_all[usize::from(kind == Kind::Lwt)] {
                continue;
            }
            id += 2;
            bed.cluster.on(requests()).then(answer.clone());
            let error = bed.fails(texts.statement(kind, id)).await;
            let at = format!("{name}, {kind}: {error:?}");
            // The driver may find it first (D2).
            let kinds = [ErrorKind::Decode, ErrorKind::Protocol];
            assert!(kinds.contains(&error.kind()), "{at}");
            let applied = if kind == Kind::Lwt {
                Applied::Maybe
            } else {
                Applied::Yes
            };
            assert_eq!(error.applied(), applied, "{at}");
            assert_eq!(bed.frames().len(), 1, "{at}: never sent again");
            bed.clear();
        }
    }
    // One that can be read is a verdict.
    for (verdict, cell) in [(true, [0, 0, 0, 1, 1]), (false, [0, 0, 0, 1, 0])] {
        bed.cluster.on(requests()).then(rows("[applied]", &cell));
        let response = bed.session.execute(texts.statement(Kind::Lwt, 1)).await.unwrap();
        assert_eq!(response.was_applied(), Some(verdict));
        assert_eq!(response.current_row::<(i32,)>().unwrap(), None);
        bed.clear();
    }
    bed.at_rest().await;
}
