//! What handlers take: checked bodies, checked parameters, ids, the database.

mod body;
mod database;
mod fields;
mod id;
mod params;

pub(crate) use body::Body;
pub(crate) use database::Db;
pub(crate) use fields::{maybe_whole, present, whole};
pub(crate) use id::Id;
pub(crate) use params::Params;

use crate::errors::{ApiError, Problem};

/// Says what is wrong with values that have the right types.
pub(crate) trait Check {
    fn check(&self, problems: &mut Problems);
}

/// What was found to be wrong so far.
#[derive(Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn note(&mut self, field: impl Into<String>, message: impl Into<String>) {
        // Enough for any person, and bounded whatever was sent.
        if self.0.len() < 20 {
            self.0.push(Problem::new(field, message));
        }
    }

    pub(crate) fn range<T: PartialOrd + std::fmt::Display>(
        &mut self,
        field: &str,
        value: T,
        least: T,
        most: T,
    ) {
        // Written so that a number that is none fails as well.
        if !(value >= least && value <= most) {
            self.note(field, format!("must be from {least} to {most}"));
        }
    }

    /// Text with something in it, of at most so many characters, none of them a control character.
    pub(crate) fn text(&mut self, field: impl Into<String>, value: &str, most: usize) {
        if value.trim().is_empty() {
            self.note(field, "must not be empty");
        } else if value.chars().count() > most {
            self.note(field, format!("must have at most {most} characters"));
        } else if value.chars().any(char::is_control) {
            self.note(field, "must not have control characters");
        }
    }

    pub(crate) fn end(self) -> Result<(), ApiError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Invalid(self.0))
        }
    }
}

fn checked<T: Check>(value: T) -> Result<T, ApiError> {
    let mut problems = Problems::default();
    value.check(&mut problems);
    problems.end().map(|()| value)
}

/// The field that a decoder stumbled over. For one that is missing, or there twice, it names only the `whole` that lacks or has it; the name is in its words.
fn misfit(whole: &str, path: &str, message: &str) -> ApiError {
    let of = |words: &str| message.strip_prefix(words)?.split('`').next();
    let path = path.trim_end_matches('?').trim_end_matches('.');
    let (name, message) = match (of("missing field `"), of("duplicate field `")) {
        (Some(name), _) => (name, "is missing"),
        (_, Some(name)) => (name, "is there twice"),
        _ => ("", message),
    };
    let field = match (path, name) {
        ("", "") => whole.to_owned(),
        ("", name) => name.to_owned(),
        (path, "") => path.to_owned(),
        (path, name) if path.ends_with(name) => path.to_owned(),
        (path, name) => format!("{path}.{name}"),
    };
    ApiError::field(&field, message)
}
