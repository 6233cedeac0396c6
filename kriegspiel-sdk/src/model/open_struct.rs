//! Structs that keep the fields they do not know.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, forward_to_deserialize_any};
use serde_json::{Map, Value};

/// The fields of an answer that this version does not know, as they came.
///
/// ```
/// use kriegspiel_sdk::model::GameResult;
///
/// let result: GameResult =
///     serde_json::from_str(r#"{"winner":"white","reason":"checkmate","brilliancy":true}"#).unwrap();
/// assert_eq!(result.extra.get("brilliancy"), Some(&true.into()));
/// ```
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Extra(pub(crate) Map<String, Value>);

impl Extra {
    /// The value of a field.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    /// The names and values of all of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}

/// The value of a field that is not there: `None` for an option, an error that names the field for everything else.
pub(super) fn missing<'de, T: Deserialize<'de>, E: Error>(field: &'static str) -> Result<T, E> {
    struct Missing<E>(&'static str, PhantomData<E>);

    impl<'de, E: Error> Deserializer<'de> for Missing<E> {
        type Error = E;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, E> {
            Err(E::missing_field(self.0))
        }

        fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
            visitor.visit_none()
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
            newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
        }
    }

    T::deserialize(Missing(field, PhantomData))
}

/// Defines a struct of an answer. Fields that it does not know go to `extra`, without a detour for those that it knows:
/// `#[serde(flatten)]` would read the whole answer into a buffer first.
macro_rules! open_struct {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
            /// The fields that this version does not know.
            #[serde(flatten)]
            pub extra: $crate::model::Extra,
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[allow(non_camel_case_types, reason = "named as the fields are")]
                enum Name { $($field,)* Other(String) }

                struct NameVisitor;

                impl serde::de::Visitor<'_> for NameVisitor {
                    type Value = Name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("the name of a field")
                    }

                    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Name, E> {
                        Ok(match name {
                            $(stringify!($field) => Name::$field,)*
                            other => Name::Other(other.to_owned()),
                        })
                    }
                }

                impl<'de> serde::Deserialize<'de> for Name {
                    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                        deserializer.deserialize_identifier(NameVisitor)
                    }
                }

                struct StructVisitor;

                impl<'de> serde::de::Visitor<'de> for StructVisitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("an object (", stringify!($name), ")"))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        $(let mut $field = None::<$type>;)*
                        let mut extra = $crate::model::Extra::default();
                        while let Some(name) = map.next_key::<Name>()? {
                            match name {
                                $(Name::$field => $field = Some(map.next_value()?),)*
                                Name::Other(name) => {
                                    extra.0.insert(name, map.next_value()?);
                                }
                            }
                        }
                        Ok($name {
                            $($field: match $field {
                                Some(value) => value,
                                None => $crate::model::open_struct::missing(stringify!($field))?,
                            },)*
                            extra,
                        })
                    }
                }

                deserializer.deserialize_struct(stringify!($name), &[$(stringify!($field)),*], StructVisitor)
            }
        }
    };
}

pub(crate) use open_struct;
