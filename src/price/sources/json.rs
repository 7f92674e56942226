//! JSON whose numbers keep their text: a price must never pass through a binary float.

use serde::Deserialize;
use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::money::{div_half_even, parse_scaled};

/// The highest price taken for one: past it the number is a slip or a marker.
const MAX_PICO: i128 = 100_000 * 1_000_000_000_000;
/// Digits of a price that can be meant; those behind are the noise of a float.
const MEANT_DIGITS: u32 = 12;

/// A value of a JSON document.
#[derive(Clone, Debug)]
pub(super) enum Node<'t> {
    Null,
    Bool(bool),
    /// A number as it is written.
    Number(&'t str),
    Text(String),
    List(Vec<Node<'t>>),
    Object(Vec<(String, Node<'t>)>),
}

struct Pairs<'t>(Vec<(String, &'t RawValue)>);

impl<'de: 't, 't> Deserialize<'de> for Pairs<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(InOrder).map(Pairs)
    }
}

/// Reads a document. Its depth is bounded by serde_json's own limit, which sees the whole text first.
pub(super) fn parse(text: &str) -> Result<Node<'_>, serde_json::Error> {
    let text = text.trim();
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let Pairs(pairs) = serde_json::from_str(text)?;
            let read = pairs.into_iter().map(|(key, raw)| Ok((key, parse(raw.get())?)));
            Node::Object(read.collect::<Result<_, serde_json::Error>>()?)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            Node::List(items.into_iter().map(|raw| parse(raw.get())).collect::<Result<_, _>>()?)
        }
        Some(b'"') => Node::Text(serde_json::from_str(text)?),
        Some(b't' | b'f') => Node::Bool(serde_json::from_str(text)?),
        Some(b'n') => serde_json::from_str::<()>(text).map(|()| Node::Null)?,
        // Anything else is a number or an error; serde_json says which.
        _ => serde_json::from_str::<&RawValue>(text).map(|raw| Node::Number(raw.get()))?,
    })
}

impl<'t> Node<'t> {
    /// Returns the value of a key; of a key that is written twice, the last, as other readers do.
    pub(super) fn get(&self, key: &str) -> Option<&Node<'t>> {
        let found = self.pairs().iter().rev().find(|(name, _)| name == key)?;
        Some(&found.1).filter(|node| !matches!(node, Node::Null))
    }

    pub(super) fn pairs(&self) -> &[(String, Node<'t>)] {
        if let Node::Object(pairs) = self { pairs } else { &[] }
    }

    pub(super) fn items(&self) -> &[Node<'t>] {
        if let Node::List(items) = self { items } else { &[] }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Node::Text(text) = self { Some(text) } else { None }
    }

    /// Returns the text of a key.
    pub(super) fn word(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// Returns the texts of a list, or the one text.
    pub(super) fn words(&self) -> Vec<&str> {
        match self {
            Node::Text(text) => vec![text],
            _ => self.items().iter().filter_map(Node::text).collect(),
        }
    }

    /// Reads a whole number, also where it is written as a float: `256000.0`.
    pub(super) fn count(&self) -> Option<u64> {
        let Node::Number(text) = self else { return None };
        let (value, exact) = parse_scaled(text, 0).ok()?;
        u64::try_from(value).ok().filter(|_| exact)
    }

    /// Reads a decimal, a number or a text of one, as an integer of `10^-scale` units: exactly but for the noise of
    /// binary floats, which is rounded away.
    pub(super) fn scaled(&self, scale: i32) -> Result<i64, String> {
        let text = match self {
            Node::Number(text) => text,
            Node::Text(text) => text.as_str(),
            _ => return Err("not a number".into()),
        };
        let (value, _) = parse_scaled(text, scale).map_err(|error| format!("`{text}` is {error}"))?;
        if !(0..=MAX_PICO).contains(&value) {
            return Err(format!("`{text}` is no price"));
        }
        let meant = if significant(text) > MEANT_DIGITS { denoised(value) } else { value };
        i64::try_from(meant).map_err(|_| format!("`{text}` is no price"))
    }

    /// Tells it shortly, for a message.
    pub(super) fn told(&self) -> String {
        match self {
            Node::Null => "null".into(),
            Node::Bool(value) => value.to_string(),
            Node::Number(text) => (*text).to_string(),
            Node::Text(text) => text.clone(),
            Node::List(items) => items.iter().map(Node::told).collect::<Vec<_>>().join(", "),
            Node::Object(pairs) => {
                let told = pairs.iter().map(|(key, value)| format!("{key} {}", value.told()));
                told.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// Counts the digits of a number from the first that is not zero.
fn significant(text: &str) -> u32 {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').count();
    u32::try_from(digits).unwrap_or(u32::MAX)
}

/// Rounds to the digits that can be meant.
fn denoised(value: i128) -> i128 {
    let digits = value.checked_ilog10().map_or(0, |log| log + 1);
    let unit = 10i128.pow(digits.saturating_sub(MEANT_DIGITS));
    div_half_even(value, unit) * unit
}

#[cfg(test)]
mod tests {
    use super::Node;

    #[test]
    fn a_price_is_read_from_its_digits() {
        let per_token = |text| Node::Number(text).scaled(18);
        assert_eq!(per_token("1.25e-06"), Ok(1_250_000_000_000));
        assert_eq!(per_token("0.000003"), Ok(3_000_000_000_000));
        assert_eq!(per_token("3.6250000000000003e-09"), Ok(3_625_000_000));
        assert_eq!(per_token("0.0"), Ok(0));
        let per_mtok = |text: &str| Node::Text(text.into()).scaled(12);
        assert_eq!(per_mtok("4.800000000000001"), Ok(4_800_000_000_000));
        assert_eq!(per_mtok("1.0399999999999998"), Ok(1_040_000_000_000));
        assert_eq!(per_mtok("0.003625"), Ok(3_625_000_000));
        assert!(per_mtok("-1").is_err());
        assert!(per_mtok("1e9").is_err());
        assert!(per_mtok("free").is_err());
    }
}
