//! One environment variable as a value of an option: its name says where, its text is read as what is expected there.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{self, Deserializer, IntoDeserializer, Visitor};

/// What is left of the path to the option, and the text.
#[derive(Clone, Copy)]
pub(super) struct Variable<'a> {
    pub(super) path: &'a [String],
    pub(super) text: &'a str,
}

/// A message, without a quotation of the text: it may be a secret.
#[derive(Debug)]
pub(super) struct Problem(pub(super) String);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Problem {}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl<'a> Variable<'a> {
    fn read<T: std::str::FromStr>(self, expected: &str) -> Result<T, Problem> {
        self.whole()?;
        // Lists and tables come apart at commas; white space around is for the eye.
        let text = self.text.trim();
        text.parse()
            .map_err(|_| Problem(format!("{text:?} is not {expected}")))
    }

    /// Nothing may be left of the path where a value is expected.
    fn whole(self) -> Result<(), Problem> {
        match self.path {
            [] => Ok(()),
            [part, ..] => Err(Problem(format!("has no part `{part}`"))),
        }
    }

    fn items(self) -> impl Iterator<Item = &'a str> {
        let items = self.text.split(',').map(str::trim);
        items.filter(|item| !item.is_empty())
    }
}

/// An item of a list: read as text, like the whole.
impl<'a> IntoDeserializer<'a, Problem> for Variable<'a> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty,)*) => {
        $(fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
            visitor.$visit(self.read::<$type>(concat!("a number (", stringify!($type), ")"))?)
        })*
    };
}

impl<'a> Deserializer<'a> for Variable<'a> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.path {
            [] => visitor.visit_borrowed_str(self.text),
            [..] => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_bool(self.read("true or false")?)
    }

    numbers! {
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_f64 visit_f64 f64,
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.whole()?;
        let items = self.items().map(|text| Variable { path: &[], text });
        visitor.visit_seq(SeqDeserializer::new(items))
    }

    /// A part of the path, or a table in one text: `a=1,b=2`.
    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        if let [first, rest @ ..] = self.path {
            let key: StrDeserializer<'_, Problem> = first.as_str().into_deserializer();
            let value = Variable { path: rest, ..self };
            return visitor.visit_map(MapDeserializer::new(std::iter::once((Key(key), value))));
        }
        let mut entries = Vec::new();
        for item in self.items() {
            let (key, text) = item
                .split_once('=')
                .ok_or_else(|| Problem("a table is written `name=value,name=value`".to_owned()))?;
            let key: StrDeserializer<'_, Problem> = key.trim().into_deserializer();
            entries.push((Key(key), Variable { path: &[], text }));
        }
        visitor.visit_map(MapDeserializer::new(entries.into_iter()))
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if self.path.is_empty() {
            let problem = format!("has parts of its own: {}", fields.join(", "));
            return Err(Problem(problem));
        }
        self.deserialize_map(visitor)
    }

    serde::forward_to_deserialize_any! {
        <W: Visitor<'a>>
        i8 i16 i32 i64 i128 u128 f32 char str string bytes byte_buf unit unit_struct tuple tuple_struct enum
        identifier ignored_any
    }
}

/// A key of a map.
struct Key<'a>(StrDeserializer<'a, Problem>);

impl<'a> IntoDeserializer<'a, Problem> for Key<'a> {
    type Deserializer = StrDeserializer<'a, Problem>;

    fn into_deserializer(self) -> Self::Deserializer {
        self.0
    }
}
