use std::collections::VecDeque;

use super::types::{CqlType, specs};
use super::{Answer, Reply};
use crate::error::Error;
use crate::statement::{Statement, What};

/// One request that is expected, or several of its kind, and the answers.
///
/// It is for as many requests as it has answers, one if it has none (then it is answered without rows); [`times`](Self::times) and [`any_times`](Self::any_times) change that. When there are more
/// requests than answers the last one is repeated.
#[derive(Clone, Debug)]
pub struct Expect {
    pub(super) which: Which,
    pub(super) markers: Option<Result<Markers, Error>>,
    pub(super) answers: VecDeque<Answer>,
    times: Times,
    /// How many came.
    pub(super) seen: u64,
}

pub(super) type Markers = Vec<scylla::frame::response::result::ColumnSpec<'static>>;

/// How often it may come.
#[derive(Clone, Copy, Debug)]
enum Times {
    /// As often as there are answers, at least once.
    Answers,
    Exactly(u64),
    Any,
}

#[derive(Clone, Debug)]
pub(super) enum Which {
    Text(String),
    Label(String),
    Batch(Vec<String>),
}

impl Expect {
    const fn of(which: Which) -> Self {
        Self {
            which,
            markers: None,
            answers: VecDeque::new(),
            times: Times::Answers,
            seen: 0,
        }
    }

    /// A statement with this text, prepared or not. White space and a semicolon at the end do not matter.
    #[must_use]
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::of(Which::Text(spaced(text.as_ref())))
    }

    /// A statement with this label ([`Statement::label`]). Its text, if it is prepared, has to be known by
    /// [`Script::prepares`](super::Script::prepares).
    #[must_use]
    pub fn label(label: impl Into<String>) -> Self {
        Self::of(Which::Label(label.into()))
    }

    /// A batch of members with these texts, in this order.
    #[must_use]
    pub fn batch<T: AsRef<str>>(members: impl IntoIterator<Item = T>) -> Self {
        let members = members.into_iter().map(|text| spaced(text.as_ref()));
        Self::of(Which::Batch(members.collect()))
    }

    /// The names and types of the markers, which the server would know: needed to bind values.
    #[must_use]
    pub fn markers<N: Into<String>, T: Into<CqlType>>(
        mut self,
        markers: impl IntoIterator<Item = (N, T)>,
    ) -> Self {
        self.markers = Some(specs(markers));
        self
    }

    /// Adds an answer.
    #[must_use]
    pub fn reply(mut self, answer: impl Into<Answer>) -> Self {
        self.answers.push_back(answer.into());
        self
    }

    /// Adds the pages of one result: each but the last says that more follow.
    #[must_use]
    pub fn pages(mut self, pages: impl IntoIterator<Item = Reply>) -> Self {
        let mut pages = pages.into_iter().peekable();
        let mut number = 0_u32;
        while let Some(page) = pages.next() {
            number += 1;
            let last = pages.peek().is_none();
            self = self.reply(if last {
                page
            } else {
                page.more(number.to_be_bytes())
            });
        }
        self
    }

    /// Expects it so often.
    #[must_use]
    pub const fn times(mut self, times: u64) -> Self {
        self.times = Times::Exactly(times);
        self
    }

    /// Expects it any number of times, also never.
    #[must_use]
    pub const fn any_times(mut self) -> Self {
        self.times = Times::Any;
        self
    }

    /// How often it has to come.
    pub(super) fn wanted(&self) -> u64 {
        match self.times {
            Times::Answers => u64::try_from(self.answers.len()).unwrap_or(u64::MAX).max(1),
            Times::Exactly(times) => times,
            Times::Any => 0,
        }
    }

    pub(super) fn takes(&self, statement: &Statement) -> bool {
        if !matches!(self.times, Times::Any) && self.seen >= self.wanted() {
            return false;
        }
        match (&self.which, &statement.what) {
            (Which::Label(label), _) => statement.options.label == Some(label.as_str()),
            (Which::Batch(members), What::Batch(batch)) => {
                members.len() == batch.members.len()
                    && members
                        .iter()
                        .zip(&batch.members)
                        .all(|(text, member)| member.text().is_some_and(|its| spaced(its) == *text))
            }
            (Which::Text(text), What::Text(_) | What::Unbound(..) | What::Bound { .. }) => {
                statement.text().is_some_and(|its| spaced(its) == *text)
            }
            _ => false,
        }
    }

    /// The answer for the next one.
    pub(super) fn next(&mut self) -> Answer {
        let place = usize::try_from(self.seen).unwrap_or(usize::MAX);
        self.seen += 1;
        let answer = self.answers.get(place).or(self.answers.back());
        answer.cloned().unwrap_or_else(|| Reply::empty().into())
    }

    /// Does it name this text?
    pub(super) fn names(&self, text: &str) -> bool {
        match &self.which {
            Which::Text(its) => its == text,
            Which::Batch(members) => members.iter().any(|member| member == text),
            Which::Label(_) => false,
        }
    }
}

/// The text with its white space folded and without a semicolon at the end.
pub(super) fn spaced(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ");
    text.trim_end_matches([';', ' ']).to_owned()
}
