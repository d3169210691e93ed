//! As much of CQL as tests need: enough to know the markers of a statement and to store what it writes.

mod ast;
mod ddl;
mod lexer;
mod parser;
mod select;
mod write;

pub(crate) use ast::{
    Change, Condition, Ddl, If, Literal, Modify, ModifyKind, Op, Select, Selector, Statement, TableRef, Term,
};
pub(crate) use parser::parse;
pub(crate) use write::equal_term;
