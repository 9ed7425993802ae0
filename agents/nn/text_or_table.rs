//! Values that the run file writes either as a word or as a table: `"adam"` or `{ type = "adam", beta1 = 0.95 }`.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;

/// A value with the two forms.
pub(crate) trait TextOrTable: Sized {
    /// The table's form.
    type Table: for<'de> Deserialize<'de>;
    /// What is expected, for the message when neither form is found.
    const EXPECTED: &'static str;

    /// The value that a word stands for, or why there is none.
    fn from_text(text: &str) -> Result<Self, String>;

    /// The value that a table stands for, or why there is none.
    fn from_table(table: Self::Table) -> Result<Self, String>;
}

/// Reads either form.
pub(crate) fn text_or_table<'de, T: TextOrTable, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    struct Either<T>(PhantomData<T>);
    impl<'de, T: TextOrTable> Visitor<'de> for Either<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::EXPECTED)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            T::from_text(text).map_err(E::custom)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::Table::deserialize(MapAccessDeserializer::new(map))
                .and_then(|table| T::from_table(table).map_err(A::Error::custom))
        }
    }
    from.deserialize_any(Either(PhantomData))
}
