use super::*;

fn kinds(text: &str) -> Vec<(Kind, &str)> {
    Tokens::of(text).map(|token| (token.kind, token.text)).collect()
}

fn one(text: &str) -> Kind {
    let all = kinds(text);
    assert_eq!(all.len(), 1, "{text}: {all:?}");
    assert_eq!(all[0].1, text);
    all[0].0
}

#[test]
fn literals_are_one_token_each() {
    for text in [
        "''",
        "'a'",
        "'it''s -- no /* comment'",
        "$$ 'raw' $ \" $$",
        "$$$$",
    ] {
        assert_eq!(one(text), Kind::Text, "{text}");
    }
    for text in [
        "0",
        "17",
        "1.5",
        "1.",
        "1e5",
        "1.5E-3",
        "2e+9",
        "1h30m",
        "89h4m48s",
        "10µs",
        "P1Y2M3DT4H5M6S",
        "PT5M",
        "P3W",
        "P0001-02-03T04:05:06",
    ] {
        assert_eq!(one(text), Kind::Number, "{text}");
    }
    for text in [
        "123e4567-e89b-12d3-a456-426614174000",
        "AAAAAAAA-e89b-12d3-a456-426614174000",
    ] {
        assert_eq!(one(text), Kind::Uuid, "{text}");
    }
    for text in ["0x", "0xCAFE", "0Xcafe"] {
        assert_eq!(one(text), Kind::Blob, "{text}");
    }
    for text in ["\"a\"", "\"A\"\"b\"", "\"-- x\""] {
        assert_eq!(one(text), Kind::Quoted, "{text}");
    }
    for text in ["a", "_a1", "größe", "P", "P1", "PT", "P1Yx", "Plain", "e5"] {
        assert_eq!(one(text), Kind::Word, "{text}");
    }
}

#[test]
fn what_has_no_end_is_said_to_have_none() {
    for text in ["'a", "'a''", "$$a", "$$a$", "\"a", "\"a\"\"", "/* a", "/*/"] {
        assert_eq!(one(text), Kind::Unfinished, "{text}");
    }
}

#[test]
fn comments_and_white_space_are_nothing() {
    for text in [
        "",
        " \t\r\n",
        "-- a",
        "// a\n",
        "/* a */",
        "/**/ -- b\n /* c\n */",
        "\u{a0}",
    ] {
        assert_eq!(kinds(text), [], "{text:?}");
    }
    let expected = [(Kind::Word, "a"), (Kind::Word, "b")];
    for text in ["a/**/b", "a--\nb", "a // x\r b", "a/* -- */b"] {
        assert_eq!(kinds(text), expected, "{text:?}");
    }
}

#[test]
fn a_range_is_not_part_of_a_number() {
    let signs = |text| {
        kinds(text)
            .into_iter()
            .filter(|(kind, _)| *kind == Kind::Sign('.'))
            .count()
    };
    assert_eq!(
        (signs("1..2"), signs("1...2"), signs("1.2"), signs("a.b")),
        (2, 2, 0, 1)
    );
}

#[test]
fn a_colon_begins_a_marker_unless_it_separates_inside_of_braces() {
    let markers = |text| -> Vec<&str> {
        Tokens::of(text)
            .filter(|token| token.kind == Kind::Marker)
            .map(|token| token.text)
            .collect()
    };
    assert_eq!(markers("a = :b AND c IN :d"), ["b", "d"]);
    assert_eq!(markers("(:a, : b, :\"C\")"), ["a", "b", "\"C\""]);
    assert_eq!(markers("{'k':true, a:null, ?:x, (1):y}"), ["?"]);
    assert_eq!(markers("{'k'::v, :k:1, 'l': :w}"), ["v", "k", "w"]);
    assert_eq!(markers("{'k': [:v], 'l': (:w)}"), ["v", "w"]);
    assert_eq!(markers("{'a': {b:c}} :d"), ["d"]);
    assert_eq!(markers(": : ::1 :'a' :"), [""; 0]);
    // Deeper than it can count no colon is a marker, also one in square brackets.
    let deep = |depth: usize| format!("{}1 :a", "[".repeat(depth));
    let (countable, deeper) = (deep(64), deep(65));
    assert_eq!(markers(&countable), ["a"]);
    assert_eq!(markers(&deeper), [""; 0]);
}

#[test]
fn names_are_lower_case_unless_quoted() {
    let name = |text| Tokens::of(text).next().and_then(Token::name);
    assert_eq!(name("Users").as_deref(), Some("users"));
    assert_eq!(name("\"Users\"").as_deref(), Some("Users"));
    assert_eq!(name("\"\"\"a\"\"\"").as_deref(), Some("\"a\""));
    assert_eq!(name("'a'"), None);
}

#[test]
fn the_tokens_of_a_text_stand_in_it_in_order_and_none_is_empty() {
    for text in [
        "SELECT a, \"B\" FROM ks.t WHERE k = :k AND x > -1.5e-3 -- end",
        "INSERT INTO t (a) VALUES ({'a':1, 'b': :c}) IF NOT EXISTS;",
        "é'ü''ö'$$ß$$→«»",
        "\u{feff}SELECT $ $a$",
    ] {
        let mut from = 0;
        for (_, token) in kinds(text) {
            assert!(!token.is_empty());
            from += text[from..].find(token).unwrap() + token.len();
        }
    }
}
