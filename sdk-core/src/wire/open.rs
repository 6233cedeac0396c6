//! Words and ids that stay open for what comes after this version.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Visitor};

/// Defines an open enum of words on the wire: the known ones by name, every other one kept in `Other`.
///
/// ```
/// sdk_core::string_enum! {
///     /// A colour.
///     pub enum Colour {
///         /// Like grass.
///         Green = "green",
///         /// Like the sky.
///         Blue = "blue",
///     }
/// }
/// assert_eq!(Colour::from("green"), Colour::Green);
/// assert_eq!(Colour::from("mauve").as_str(), "mauve");
/// assert_eq!(serde_json::to_string(&Colour::Blue).unwrap(), "\"blue\"");
/// assert_eq!(serde_json::from_str::<Colour>("\"red\"").unwrap(), Colour::Other("red".into()));
/// ```
#[macro_export]
macro_rules! string_enum {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        $vis enum $name {
            $(
                $(#[$variant_meta])*
                #[doc = concat!("\n\nOn the wire: `", $word, "`.")]
                $variant,
            )*
            /// A word that this version does not know, as it came.
            Other(Box<str>),
        }

        impl $name {
            /// Every word that this version knows, in the documentation's order.
            pub const KNOWN: &'static [&'static str] = &[$($word),*];

            /// The word on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }

            /// Whether this version knows the word.
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::Other(_))
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    other => Self::Other(other.into()),
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                Self::from(word.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl $crate::wire::__serde::Serialize for $name {
            fn serialize<S: $crate::wire::__serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::wire::__serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::wire::__serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str> as $crate::wire::__serde::Deserialize<'de>>::deserialize(deserializer)?;
                Ok(Self::from(&*word))
            }
        }
    };
}

/// Defines an id: an opaque text of its own type, cheap to clone, that cannot be mixed up with another kind of id.
///
/// It decodes from a string or an integer (platforms are not consistent) and encodes as a string.
///
/// ```
/// sdk_core::id_type! {
///     /// The id of a match.
///     pub struct MatchId;
/// }
/// let id: MatchId = serde_json::from_str("42").unwrap();
/// assert_eq!(id, MatchId::from("42"));
/// assert_eq!(id.to_string(), "42");
/// ```
#[macro_export]
macro_rules! id_type {
    ($(#[$meta:meta])* $vis:vis struct $name:ident;) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        $vis struct $name(std::sync::Arc<str>);

        impl $name {
            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }

        impl $crate::wire::__serde::Serialize for $name {
            fn serialize<S: $crate::wire::__serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> $crate::wire::__serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::wire::__serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::id_text(deserializer).map(|text| Self::from(&*text))
            }
        }
    };
}

/// The text of an id that may be a string or an integer: for `#[serde(deserialize_with)]` and [`id_type!`](crate::id_type).
///
/// # Errors
/// When it is neither.
pub fn id_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    struct IdText;

    impl<'de> Visitor<'de> for IdText {
        type Value = Cow<'de, str>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an id: a string or an integer")
        }

        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Cow::Borrowed(text))
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Cow::Owned(text.to_owned()))
        }

        fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Cow::Owned(number.to_string()))
        }

        fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
            Ok(Cow::Owned(number.to_string()))
        }
    }

    deserializer.deserialize_any(IdText)
}
