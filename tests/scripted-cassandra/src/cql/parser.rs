use super::ast::{Condition, Literal, Op, Statement, TableRef, Term};
use super::lexer::{Token, tokens};
use crate::error_frames::ErrorFrame;

/// A statement, or the error that a server answers.
pub(crate) fn parse(text: &str) -> Result<Statement, ErrorFrame> {
    let syntax = |message: String| ErrorFrame::syntax_error(format!("line 1:0 {message}"));
    let tokens = tokens(text).map_err(syntax)?;
    let mut parser = Parser {
        tokens,
        at: 0,
        markers: 0,
    };
    let statement = parser.statement().map_err(syntax)?;
    parser.accept_symbol(';');
    if parser.at < parser.tokens.len() {
        return Err(syntax(parser.unexpected()));
    }
    Ok(statement)
}

pub(super) type Parsed<T> = Result<T, String>;

pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    markers: usize,
}

impl Parser {
    fn statement(&mut self) -> Parsed<Statement> {
        let first = self.word()?;
        match first.as_str() {
            "select" => self.select(),
            "insert" => self.insert(),
            "update" => self.update(),
            "delete" => self.delete(),
            "truncate" => {
                self.accept("table");
                self.table().map(Statement::Truncate)
            }
            "use" => self.name().map(Statement::Use),
            "create" | "alter" | "drop" | "grant" | "revoke" => self.ddl(&first).map(Statement::Ddl),
            _ => {
                self.at = 0;
                Err(self.unexpected())
            }
        }
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn next(&mut self) -> Parsed<Token> {
        let token = self.peek().cloned().ok_or_else(|| self.unexpected())?;
        self.at += 1;
        Ok(token)
    }

    pub(super) fn skip_all(&mut self) {
        self.at = self.tokens.len();
    }

    pub(super) fn unexpected(&self) -> String {
        match self.peek() {
            Some(token) => format!("no viable alternative at input {token:?}"),
            None => "no viable alternative at input '<EOF>'".to_owned(),
        }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found == word)
    }

    pub(super) fn accept(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn accept_all(&mut self, words: &[&str]) -> bool {
        let start = self.at;
        let found = words.iter().all(|word| self.accept(word));
        if !found {
            self.at = start;
        }
        found
    }

    pub(super) fn expect(&mut self, word: &str) -> Parsed<()> {
        if self.accept(word) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    pub(super) fn accept_symbol(&mut self, symbol: char) -> bool {
        let found = self.peek() == Some(&Token::Symbol(symbol));
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect_symbol(&mut self, symbol: char) -> Parsed<()> {
        if self.accept_symbol(symbol) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    pub(super) fn word(&mut self) -> Parsed<String> {
        match self.next()? {
            Token::Word(word) => Ok(word),
            _ => {
                self.at -= 1;
                Err(self.unexpected())
            }
        }
    }

    /// The name of something, quoted or not.
    pub(super) fn name(&mut self) -> Parsed<String> {
        match self.next()? {
            Token::Word(name) | Token::Quoted(name) => Ok(name),
            _ => {
                self.at -= 1;
                Err(self.unexpected())
            }
        }
    }

    pub(super) fn table(&mut self) -> Parsed<TableRef> {
        let first = self.name()?;
        if self.accept_symbol('.') {
            let name = self.name()?;
            return Ok(TableRef {
                keyspace: Some(first),
                name,
            });
        }
        Ok(TableRef {
            keyspace: None,
            name: first,
        })
    }

    /// What comes between commas, at least one.
    pub(super) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.accept_symbol(',') {
            items.push(item(self)?);
        }
        Ok(items)
    }

    pub(super) fn conditions(&mut self) -> Parsed<Vec<Condition>> {
        let mut conditions = vec![self.condition()?];
        while self.accept("and") {
            conditions.push(self.condition()?);
        }
        Ok(conditions)
    }

    fn condition(&mut self) -> Parsed<Condition> {
        let column = self.name()?;
        let op = match self.next()? {
            Token::Symbol('=') => Op::Equal,
            Token::Symbol('<') => Op::Less,
            Token::Symbol('>') => Op::Greater,
            Token::Compare("<=") => Op::LessOrEqual,
            Token::Compare(">=") => Op::GreaterOrEqual,
            Token::Compare(_) => Op::NotEqual,
            Token::Word(word) if word == "in" => Op::In,
            _ => {
                self.at -= 1;
                return Err(self.unexpected());
            }
        };
        let term = if op == Op::In && self.accept_symbol('(') {
            let terms = self.list(Self::term)?;
            self.expect_symbol(')')?;
            Term::Tuple(terms)
        } else {
            self.term()?
        };
        Ok(Condition { column, op, term })
    }

    pub(super) fn term(&mut self) -> Parsed<Term> {
        let token = self.next()?;
        Ok(Term::Literal(match token {
            Token::Marker(name) => {
                let index = self.markers;
                self.markers += 1;
                return Ok(Term::Marker { index, name });
            }
            Token::Text(text) => Literal::Text(text),
            Token::Number(number) => Literal::Number(number),
            Token::Uuid(id) => Literal::Uuid(id),
            Token::Blob(bytes) => Literal::Blob(bytes),
            Token::Symbol('-') => match self.next()? {
                Token::Number(number) => Literal::Number(format!("-{number}")),
                _ => return Err(self.unexpected()),
            },
            Token::Symbol('[') => Literal::Collection(self.items(']')?),
            Token::Symbol('{') => Literal::Collection(self.items('}')?),
            Token::Word(word) => match word.as_str() {
                "null" => Literal::Null,
                "true" => Literal::Boolean(true),
                "false" => Literal::Boolean(false),
                _ if self.accept_symbol('(') => {
                    while !self.accept_symbol(')') {
                        self.term()?;
                        self.accept_symbol(',');
                    }
                    Literal::Function(word)
                }
                _ => return Err(self.unexpected()),
            },
            _ => {
                self.at -= 1;
                return Err(self.unexpected());
            }
        }))
    }

    fn items(&mut self, end: char) -> Parsed<Vec<Term>> {
        let mut items = Vec::new();
        while !self.accept_symbol(end) {
            items.push(self.term()?);
            let _ = self.accept_symbol(',') || self.accept_symbol(':');
        }
        Ok(items)
    }
}
