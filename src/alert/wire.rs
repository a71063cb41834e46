//! The JSON of Alertmanager, read so that nothing unexpected loses a page.
//!
//! serde's derived structs refuse a field of another type and a field given twice. An alert receiver must not:
//! what it does not use may change at any time. Here a value of another kind than expected reads as absent.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What is used of the body that Alertmanager posts to a webhook (version 4).
#[derive(Debug, Default)]
pub(super) struct Webhook<'a> {
    pub status: Option<Cow<'a, str>>,
    pub alerts: Vec<Alert<'a>>,
}

/// What is used of one alert.
#[derive(Debug, Default)]
pub(super) struct Alert<'a> {
    /// In a webhook `firing` or `resolved`; in the API the `state` of an object: `active`, `suppressed` or `unprocessed`.
    pub status: Option<Cow<'a, str>>,
    pub labels: Labels<'a>,
    pub annotations: Annotations<'a>,
    pub starts_at: Option<Cow<'a, str>>,
    pub fingerprint: Option<Cow<'a, str>>,
}

/// The labels that say which plan and node an alert is about.
#[derive(Debug, Default)]
pub(super) struct Labels<'a> {
    pub alertname: Option<Cow<'a, str>>,
    pub backup_id: Option<Cow<'a, str>>,
    pub id: Option<Cow<'a, str>>,
    pub name: Option<Cow<'a, str>>,
    pub node: Option<Cow<'a, str>>,
}

/// The annotation that says in words what an alert is about: `summary` by custom, one for each language in NS8's own rules.
#[derive(Debug, Default)]
pub(super) struct Annotations<'a> {
    pub summary: Option<Cow<'a, str>>,
    pub summary_en: Option<Cow<'a, str>>,
    pub summary_it: Option<Cow<'a, str>>,
}

/// Reads the list that the API answers with. An item that is no object reads as an empty alert.
pub(super) fn api_alerts(body: &[u8]) -> serde_json::Result<Vec<Alert<'_>>> {
    let items: Vec<Object<Alert>> = serde_json::from_slice(body)?;
    Ok(items.into_iter().map(|item| item.0.unwrap_or_default()).collect())
}

/// A JSON object of which some fields are used.
trait Fields<'de>: Default {
    /// Reads the value of `key`, or skips it.
    fn read<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

impl<'de> Fields<'de> for Webhook<'de> {
    fn read<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "status" => self.status = map.next_value::<Text>()?.0,
            "alerts" => self.alerts = map.next_value::<List<Alert>>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de> Fields<'de> for Alert<'de> {
    fn read<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "status" => self.status = map.next_value::<Status>()?.0,
            "labels" => self.labels = map.next_value::<Object<Labels>>()?.0.unwrap_or_default(),
            "annotations" => {
                self.annotations = map.next_value::<Object<Annotations>>()?.0.unwrap_or_default();
            }
            "startsAt" => self.starts_at = map.next_value::<Text>()?.0,
            "fingerprint" => self.fingerprint = map.next_value::<Text>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de> Fields<'de> for Labels<'de> {
    fn read<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "alertname" => self.alertname = map.next_value::<Text>()?.0,
            "backup_id" => self.backup_id = map.next_value::<Text>()?.0,
            "id" => self.id = map.next_value::<Text>()?.0,
            "name" => self.name = map.next_value::<Text>()?.0,
            "node" => self.node = map.next_value::<Text>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de> Fields<'de> for Annotations<'de> {
    fn read<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "summary" => self.summary = map.next_value::<Text>()?.0,
            "summary_en" => self.summary_en = map.next_value::<Text>()?.0,
            "summary_it" => self.summary_it = map.next_value::<Text>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(drop)
}

impl<'de> Deserialize<'de> for Webhook<'de> {
    /// Unlike the values inside it, the body itself must be an object.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Object::deserialize(deserializer)?.0 {
            Some(webhook) => Ok(webhook),
            None => Err(D::Error::custom("expected a JSON object")),
        }
    }
}

/// A text, or a number or truth value as text; anything else reads as absent.
struct Text<'a>(Option<Cow<'a, str>>);

/// A text, or the text `state` of an object.
struct Status<'a>(Option<Cow<'a, str>>);

/// The object that holds an alert's state in the API.
#[derive(Default)]
struct State<'a>(Option<Cow<'a, str>>);

/// The fields of an object; anything else reads as absent.
struct Object<T>(Option<T>);

/// A list of objects, of which each that is not one reads as empty; anything else reads as an empty list.
struct List<T>(Vec<T>);

/// Reads any JSON value; what a kind of value means is chosen by the type that is wanted.
struct Lenient<T>(PhantomData<T>);

/// What a value of each kind is read as. The default is "absent".
trait FromAny<'de>: Sized {
    fn absent() -> Self;
    fn borrowed(_text: &'de str) -> Self {
        Self::absent()
    }
    fn owned(_text: String) -> Self {
        Self::absent()
    }
    fn sequence<A: SeqAccess<'de>>(mut sequence: A) -> Result<Self, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::absent())
    }
    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::absent())
    }
}

impl<'de> FromAny<'de> for Text<'de> {
    fn absent() -> Self {
        Text(None)
    }
    fn borrowed(text: &'de str) -> Self {
        Text(Some(Cow::Borrowed(text)))
    }
    fn owned(text: String) -> Self {
        Text(Some(Cow::Owned(text)))
    }
}

impl<'de> FromAny<'de> for Status<'de> {
    fn absent() -> Self {
        Status(None)
    }
    fn borrowed(text: &'de str) -> Self {
        Status(Some(Cow::Borrowed(text)))
    }
    fn owned(text: String) -> Self {
        Status(Some(Cow::Owned(text)))
    }
    fn object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        let state = Object::<State>::object(map)?.0.unwrap_or_default();
        Ok(Status(state.0))
    }
}

impl<'de> Fields<'de> for State<'de> {
    fn read<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "state" => self.0 = map.next_value::<Text>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de, T: Fields<'de>> FromAny<'de> for Object<T> {
    fn absent() -> Self {
        Object(None)
    }
    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut fields = T::default();
        while let Some(key) = map.next_key::<Text>()? {
            fields.read(key.0.as_deref().unwrap_or_default(), &mut map)?;
        }
        Ok(Object(Some(fields)))
    }
}

impl<'de, T: Fields<'de>> FromAny<'de> for List<T> {
    fn absent() -> Self {
        List(Vec::new())
    }
    fn sequence<A: SeqAccess<'de>>(mut sequence: A) -> Result<Self, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element::<Object<T>>()? {
            items.push(item.0.unwrap_or_default());
        }
        Ok(List(items))
    }
}

impl<'de, T: FromAny<'de>> Visitor<'de> for Lenient<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok(T::borrowed(text))
    }
    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::owned(text.to_owned()))
    }
    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::owned(value.to_string()))
    }
    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(T::owned(value.to_string()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(T::owned(value.to_string()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<T, E> {
        Ok(T::owned(value.to_string()))
    }
    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::absent())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<T, A::Error> {
        T::sequence(sequence)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::object(map)
    }
}

macro_rules! deserialize_leniently {
    ($($type:ty, [$($generics:tt)*];)*) => {$(
        impl<'de, $($generics)*> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Lenient(PhantomData))
            }
        }
    )*};
}

deserialize_leniently! {
    Text<'de>, [];
    Status<'de>, [];
    Object<T>, [T: Fields<'de>];
    List<T>, [T: Fields<'de>];
}
