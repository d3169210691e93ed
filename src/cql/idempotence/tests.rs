use super::Doubt::{Arithmetic, Condition, Counter, Element, Function, List, Unclear, Verb};
use super::*;

fn verdicts(expected: Idempotence, texts: &[&str]) {
    for text in texts {
        assert_eq!(idempotence(text), expected, "{text}");
    }
}

#[test]
fn reading_is_idempotent_whatever_is_read() {
    verdicts(
        Idempotence::Yes,
        &[
            "SELECT a FROM t",
            "select now(), count(*) from t where token(k) > ? allow filtering;",
            " /* why */ SELECT JSON a FROM t -- end",
        ],
    );
    verdicts(
        Idempotence::No(Unclear),
        &[
            "SELECT a FROM t; DELETE FROM t WHERE k = 1",
            "SELECT 'a FROM t",
            "SELECT a FROM t /*",
        ],
    );
}

#[test]
fn writing_literals_and_markers_is_idempotent() {
    verdicts(
        Idempotence::Yes,
        &[
            "INSERT INTO t (a, b) VALUES (?, :b)",
            "insert into \"Ks\".\"T\" (\"A\", b) values ('it''s', $$now()$$);",
            "INSERT INTO t (a, b, c, d) VALUES (-1, 1.5e-3, 0xcafe, 123e4567-e89b-12d3-a456-426614174000)",
            "INSERT INTO t (a, b, c, d) VALUES (true, NULL, -Infinity, NaN)",
            "INSERT INTO t (a, b) VALUES (1h30m, P1Y2M) USING TTL 60 AND TIMESTAMP :ts",
            "INSERT INTO t (l, s, m) VALUES (?, {'a', [1]}, {'k': ?, 'l': [:v]})",
            "INSERT INTO t (u, t, e) VALUES ({street: 'x', \"No\": 1, more: {zip: ?}}, (1, ('a', ?)), {})",
            "UPDATE t SET a = ?, b = {[?, ?]} WHERE k = 1 AND c IN (1, 2)",
            "UPDATE ks.t USING TTL 5 SET u.f = {'a'} WHERE (a, b) = (1, ?) AND c >= :c",
            "UPDATE t SET a = '+ IF now()' /* IF */ WHERE k IN :keys -- IF",
            "UPDATE t SET \"IF\" = ? WHERE \"now\" = ?",
            "DELETE FROM t WHERE k = ? AND c > 1 AND c <= 5",
            "DELETE a, u.f FROM ks.t USING TIMESTAMP 17 WHERE k = 1;",
        ],
    );
}

#[test]
fn braces_are_never_a_list() {
    verdicts(
        Idempotence::Yes,
        &[
            "UPDATE t SET s = s + {1, 2} WHERE k = 1",
            "UPDATE t SET s = S - {?} WHERE k = 1",
            "UPDATE t SET m += {'a': ?}, s -= {'b'} WHERE k = 1",
            "UPDATE t SET l = l - [1, 2] WHERE k = 1",
            "UPDATE t SET l -= [?] WHERE k = 1",
            "UPDATE t SET m['a'] = ?, m[123e4567-e89b-12d3-a456-426614174000] = 1, m[0x01] = 2 WHERE k = 1",
            "DELETE m['a'], n FROM t WHERE k = 1",
        ],
    );
}

#[test]
fn what_may_grow_a_list_or_a_counter_is_not_idempotent() {
    verdicts(
        Idempotence::No(Arithmetic),
        &[
            "UPDATE t SET c = c + 1 WHERE k = 1",
            "UPDATE t SET c = c -1 WHERE k = 1",
            "UPDATE t SET c = c + ? WHERE k = 1",
            "UPDATE t SET c += 1 WHERE k = 1",
            "UPDATE t SET c -= ? WHERE k = 1",
            "UPDATE t SET l = l + [1] WHERE k = 1",
            "UPDATE t SET l = ? + l WHERE k = 1",
            "UPDATE t SET l += [1] WHERE k = 1",
            "UPDATE t SET l = l - ? WHERE k = 1",
            "UPDATE t SET l = l + (int) ? WHERE k = 1",
            "UPDATE t SET a = 1, \"L\" = \"L\" + [1] WHERE k = 1",
            "UPDATE t SET a = 1 + 1 WHERE k = 1",
        ],
    );
    verdicts(
        Idempotence::No(Element),
        &[
            "UPDATE t SET l[0] = 1 WHERE k = 1",
            "UPDATE t SET l[?] = 1 WHERE k = 1",
            "UPDATE t SET m['a' + 'b'] = 1 WHERE k = 1",
            "DELETE l[0] FROM t WHERE k = 1",
            "DELETE a, l[:i] FROM t WHERE k = 1",
        ],
    );
}

/// Shown on a real server in `tests/cassandra/idempotence.rs`.
#[test]
fn a_list_as_a_whole_is_not_idempotent() {
    verdicts(
        Idempotence::No(List),
        &[
            "INSERT INTO t (a) VALUES ([1])",
            "INSERT INTO t (a, b) VALUES (?, ([]))",
            "INSERT INTO t JSON '{\"a\": 1}'",
            "INSERT INTO t JSON ? USING TTL ?",
            "INSERT INTO t JSON ? IF NOT EXISTS",
            "UPDATE t SET a = 1, l = [1, 2] WHERE k = 1",
            "UPDATE t SET l = [1] + l WHERE k = 1",
            "UPDATE t SET l = [] WHERE k = 1",
        ],
    );
}

#[test]
fn functions_are_not_idempotent_wherever_they_stand() {
    verdicts(
        Idempotence::No(Function),
        &[
            "INSERT INTO t (a) VALUES (now())",
            "INSERT INTO t (a) VALUES (1, uuid ())",
            "INSERT INTO t (a) VALUES ({'k': [ks.f(1)]})",
            "INSERT INTO t (a) VALUES (\"F\"(?))",
            "UPDATE t SET a = toTimestamp(now()) WHERE k = 1",
            "UPDATE t SET a = ? WHERE k = now()",
            "UPDATE t SET a = ? WHERE k IN (1, uuid())",
            "UPDATE t SET s = s + {now()} WHERE k = 1",
            "DELETE FROM t WHERE f(k) = 1",
            "DELETE writetime(a) FROM t WHERE k = 1",
        ],
    );
}

#[test]
fn conditions_are_not_idempotent() {
    verdicts(
        Idempotence::No(Condition),
        &[
            "INSERT INTO t (a) VALUES (1) IF NOT EXISTS",
            "UPDATE t SET a = 1 WHERE k = 1 IF EXISTS",
            "UPDATE t SET a = 1 WHERE k = 1 AND c = 2 /* */ IF a = 3",
            "DELETE FROM t WHERE k = 1 IF a IN (1, 2)",
            "BEGIN BATCH UPDATE t SET a = 1 WHERE k = 1 IF a = 2; APPLY BATCH",
        ],
    );
}

#[test]
fn a_batch_is_as_its_members_are() {
    verdicts(
        Idempotence::Yes,
        &[
            "BEGIN BATCH INSERT INTO t (a) VALUES (1); DELETE FROM t WHERE k = 2; APPLY BATCH;",
            "begin unlogged batch using timestamp 5 update t set a = 1 where k = 1 delete from t where k = 2 apply batch",
            "BEGIN BATCH APPLY BATCH",
        ],
    );
    verdicts(Idempotence::No(Counter), &["BEGIN COUNTER BATCH APPLY BATCH"]);
    verdicts(
        Idempotence::No(Arithmetic),
        &["BEGIN UNLOGGED BATCH DELETE FROM t WHERE k = 1; UPDATE t SET c = c + 1 WHERE k = 1; APPLY BATCH"],
    );
    verdicts(
        Idempotence::No(Verb),
        &[
            "BEGIN BATCH SELECT a FROM t; APPLY BATCH",
            "BEGIN BATCH BEGIN BATCH APPLY BATCH APPLY BATCH",
        ],
    );
    verdicts(
        Idempotence::No(Unclear),
        &[
            "BEGIN BATCH INSERT INTO t (a) VALUES (1)",
            "BEGIN TRANSACTION UPDATE t SET a = 1 WHERE k = 1; COMMIT TRANSACTION",
            "BEGIN BATCH APPLY BATCH DELETE FROM t WHERE k = 1",
        ],
    );
}

#[test]
fn other_verbs_are_not_idempotent() {
    verdicts(
        Idempotence::No(Verb),
        &[
            "CREATE TABLE t (a int PRIMARY KEY)",
            "DROP TABLE t",
            "TRUNCATE t",
            "USE ks",
            "GRANT ALL ON t TO a",
            "LIST ROLES",
            "MERGE INTO t",
        ],
    );
}

#[test]
fn what_is_not_understood_is_not_idempotent() {
    verdicts(
        Idempotence::No(Unclear),
        &[
            "",
            ";",
            "'INSERT'",
            "INSERT",
            "INSERT INTO t (a) VALUES (1",
            "INSERT INTO t (a) VALUES (1) 'x'",
            "INSERT INTO t (a) VALUES (1, )",
            "INSERT INTO t (a) VALUES (1 2)",
            "INSERT INTO t (a) VALUES (1 + 2)",
            "INSERT INTO t (a) VALUES ((int) 1)",
            "INSERT INTO t (a) VALUES ({1)",
            "INSERT INTO t (a) VALUES (b)",
            "INSERT INTO t (a) VALUES ('b)",
            "INSERT INTO t (a) VALUES (1) /* x",
            "INSERT INTO t (a) VALUES (1) USING TTL 5 IF NOT EXISTS",
            "UPDATE t SET a = b WHERE k = 1",
            "UPDATE t SET a = 1, if = 2 WHERE k = 1",
            "DELETE FROM t WHERE token(k) = 1",
            "UPDATE t SET a = b + {1} WHERE k = 1",
            "UPDATE t SET a = 1 WHERE k = 1 OR k = 2",
            "UPDATE t SET a = 1 WHERE k = 1; DELETE FROM t WHERE k = 1",
            "UPDATE t SET a = 1 WHERE k LIKE 'x'",
            "DELETE FROM t WHERE k IS NOT NULL",
        ],
    );
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| {
        let (open, close) = ("{".repeat(depth), "}".repeat(depth));
        idempotence(&format!("INSERT INTO t (a) VALUES ({open}{close})"))
    };
    // The parenthesis of VALUES is one more.
    assert_eq!(nested(31), Idempotence::Yes);
    assert_eq!(nested(32), Idempotence::No(Unclear));
    assert_eq!(nested(1_000_000), Idempotence::No(Unclear));
}
