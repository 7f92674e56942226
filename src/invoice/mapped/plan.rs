//! A mapping made ready to read by: every word of it checked, patterns compiled.

use regex_lite::Regex;

use crate::domain::Charge;
use crate::domain::Class;
use crate::domain::Zone;
use crate::domain::money::parse_scaled;
use crate::invoice::mapped::date::Dates;
use crate::invoice::mapped::date::Granularity;
use crate::invoice::mapped::number::Numbers;
use crate::invoice::mapping::FIELDS;
use crate::invoice::mapping::Mapping;
use crate::invoice::mapping::MappingError;
use crate::invoice::value;

/// What the amounts of a bill are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basis {
    /// To be paid, before credits.
    Net,
    /// Before discounts.
    List,
    /// To be paid, after credits.
    AfterCredit,
}

/// What a text means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) charge: Charge,
    pub(super) tool: Option<String>,
}

impl Meaning {
    /// Reads a charge by its name, by `tool:NAME`, or by a name that price lists use.
    pub(super) fn parse(name: &str) -> Option<Meaning> {
        let name = name.trim().to_lowercase();
        let plain = |charge| Some(Meaning { charge, tool: None });
        match name.as_str() {
            "input_cached" | "cached_input" => plain(Charge::Tokens(Class::CacheRead)),
            "embedding" => plain(Charge::Tokens(Class::Input)),
            tool if tool.starts_with("tool:") => {
                let tool = tool["tool:".len()..].trim();
                (!tool.is_empty()).then(|| Meaning { charge: Charge::Tool, tool: Some(tool.to_string()) })
            }
            known => plain(Charge::parse(known)?),
        }
    }
}

/// A mapping made ready.
#[derive(Clone, Debug)]
pub(in crate::invoice) struct Plan {
    pub(super) provider: String,
    pub(super) currency: Option<String>,
    pub(super) basis: Basis,
    /// Decimals of the unit that amounts count: 0 for the currency, 2 for cents.
    pub(super) scale: i32,
    pub(super) quantum: i128,
    pub(super) quantity_unit: Option<String>,
    /// Amounts are negative where money is to be paid.
    pub(super) is_credit_positive: bool,
    pub(super) delimiter: Option<u8>,
    pub(super) numbers: Numbers,
    pub(super) dates: Dates,
    /// Field and column.
    pub(super) columns: Vec<(String, String)>,
    pub(super) rules: Vec<(Regex, Meaning)>,
    /// How the file was read, in a sentence.
    pub(super) told: String,
}

impl Plan {
    /// Checks a mapping and makes it ready.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub(in crate::invoice) fn new(mapping: &Mapping) -> Result<Plan, MappingError> {
        let columns = columns(mapping)?;
        let has = |field: &str| columns.iter().any(|(known, _)| known == field);
        let currency = match &mapping.currency {
            None if !has("currency") => {
                return Err(wrong("source.currency", "give a currency, or the column that tells it"));
            }
            None => None,
            Some(text) => Some(value::currency(text).map_err(|reason| wrong("source.currency", reason))?.into_owned()),
        };
        let scale = choice("amounts.unit", mapping.unit.as_deref(), &[("currency", 0), ("cents", 2)])?;
        let quantity_units = [("tokens", ()), ("1K", ()), ("1M", ()), ("requests", ())];
        if mapping.quantity_unit.is_some() {
            choice("amounts.quantity_unit", mapping.quantity_unit.as_deref(), &quantity_units)?;
        }
        let bases = [("net", Basis::Net), ("list", Basis::List), ("after_credit", Basis::AfterCredit)];
        Ok(Plan {
            provider: if mapping.provider.is_empty() { mapping.name.clone() } else { mapping.provider.clone() },
            currency,
            basis: choice("amounts.basis", mapping.basis.as_deref(), &bases)?,
            scale,
            quantum: quantum(mapping)?,
            quantity_unit: mapping.quantity_unit.clone(),
            is_credit_positive: choice(
                "amounts.sign",
                mapping.sign.as_deref(),
                &[("charge", false), ("credit", true)],
            )?,
            delimiter: delimiter(mapping)?,
            numbers: numbers(mapping)?,
            dates: dates(mapping)?,
            rules: rules(mapping)?,
            told: told(mapping, &columns),
            columns,
        })
    }

    /// Returns the column that holds a field.
    pub(super) fn column(&self, field: &str) -> Option<&str> {
        self.columns.iter().find(|(known, _)| known == field).map(|(_, column)| column.as_str())
    }
}

fn wrong(key: &str, reason: impl Into<String>) -> MappingError {
    MappingError { key: key.into(), reason: reason.into() }
}

/// Finds a word among the known ones; the first is taken where nothing is said.
fn choice<T: Copy>(key: &str, word: Option<&str>, known: &[(&str, T)]) -> Result<T, MappingError> {
    let found = match word {
        None => known.first(),
        Some(word) => known.iter().find(|(name, _)| *name == word),
    };
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        wrong(key, format!("`{}` is none of {}", word.unwrap_or_default(), names.join(", ")))
    })
}

fn columns(mapping: &Mapping) -> Result<Vec<(String, String)>, MappingError> {
    for (at, (field, column)) in mapping.columns.iter().enumerate() {
        let key = format!("columns.{field}");
        if !FIELDS.contains(&field.as_str()) {
            return Err(wrong(&key, format!("there is no such field; there are {}", FIELDS.join(", "))));
        }
        if column.is_empty() {
            return Err(wrong(&key, "names no column"));
        }
        if mapping.columns[..at].iter().any(|(before, _)| before == field) {
            return Err(wrong(&key, "stands twice"));
        }
    }
    let missing = ["date", "amount"].into_iter().find(|field| !mapping.columns.iter().any(|(known, _)| known == field));
    match missing {
        Some(field) => Err(wrong(&format!("columns.{field}"), "is missing: a bill has dates and amounts")),
        None => Ok(mapping.columns.clone()),
    }
}

fn quantum(mapping: &Mapping) -> Result<i128, MappingError> {
    let Some(text) = &mapping.quantum else { return Ok(0) };
    let wrong = || wrong("amounts.quantum", format!("`{text}` is no step of an amount, such as 0.01"));
    let (pico, is_exact) = parse_scaled(text, 12).map_err(|_| wrong())?;
    if is_exact && (0..=1_000_000_000_000_000).contains(&pico) { Ok(pico) } else { Err(wrong()) }
}

fn delimiter(mapping: &Mapping) -> Result<Option<u8>, MappingError> {
    match (&mapping.delimiter, mapping.delimiter()) {
        (Some(text), None) => Err(wrong("parsing.delimiter", format!("`{text}` is not one character"))),
        (_, delimiter) => Ok(delimiter),
    }
}

fn numbers(mapping: &Mapping) -> Result<Numbers, MappingError> {
    let mark = |key: &str, text: &Option<String>| {
        let Some(text) = text.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (Some(mark), None) if !mark.is_alphanumeric() && !matches!(mark, '-' | '+' | '(' | ')') => Ok(Some(mark)),
            _ => Err(wrong(key, format!("`{text}` is not one mark"))),
        }
    };
    let decimal = mark("parsing.decimal", &mapping.decimal)?.unwrap_or('.');
    let thousands = mark("parsing.thousands", &mapping.thousands)?;
    if thousands == Some(decimal) {
        return Err(wrong("parsing.thousands", format!("`{decimal}` stands before decimals already")));
    }
    Ok(Numbers { decimal, thousands })
}

fn dates(mapping: &Mapping) -> Result<Dates, MappingError> {
    let known = [
        ("day", Granularity::Day),
        ("hour", Granularity::Hour),
        ("month", Granularity::Month),
        ("line", Granularity::Line),
    ];
    let zone = match mapping.timezone.as_deref() {
        None => Zone::UTC,
        Some(name) => Zone::parse(name).ok_or_else(|| {
            wrong("source.timezone", format!("no time zone is called `{name}` (Europe/Berlin is one)"))
        })?,
    };
    if let Some(format) = &mapping.date_format {
        let is_broken =
            chrono::format::StrftimeItems::new(format).any(|item| matches!(item, chrono::format::Item::Error));
        if is_broken || !format.contains('%') {
            let text = format!("`{format}` is no strftime format, such as %d.%m.%Y");
            return Err(wrong("parsing.date_format", text));
        }
    }
    let granularity = choice("source.granularity", mapping.granularity.as_deref(), &known)?;
    Ok(Dates { format: mapping.date_format.clone(), granularity, zone })
}

fn rules(mapping: &Mapping) -> Result<Vec<(Regex, Meaning)>, MappingError> {
    let rule = |(pattern, class): &(String, String)| {
        let regex = Regex::new(pattern).map_err(|error| wrong("rules", format!("`{pattern}`: {error}")))?;
        let meaning =
            Meaning::parse(class).ok_or_else(|| wrong("rules", format!("`{class}` is no class of charge")))?;
        Ok((regex, meaning))
    };
    mapping.rules.iter().map(rule).collect()
}

fn told(mapping: &Mapping, columns: &[(String, String)]) -> String {
    let columns: Vec<String> = columns.iter().map(|(field, column)| format!("{field} = {column}")).collect();
    let optional = [
        ("dates", &mapping.date_format),
        ("decimal", &mapping.decimal),
        ("thousands", &mapping.thousands),
        ("quantities", &mapping.quantity_unit),
        ("basis", &mapping.basis),
        ("unit", &mapping.unit),
        ("sign", &mapping.sign),
    ];
    let words: String =
        optional.iter().filter_map(|(name, text)| text.as_ref().map(|text| format!("; {name} {text}"))).collect();
    format!("read by [invoice.{}]: {}{words}", mapping.name, columns.join(", "))
}
