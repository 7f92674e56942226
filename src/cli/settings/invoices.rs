//! The `[invoice.NAME]` blocks of settings files: how bills of the user's own are read, checked with their line.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use strsim::jaro_winkler;
use toml::Spanned;

use crate::cli::error::CliError;
use crate::cli::settings::Origin;
use crate::cli::settings::line_of;
use crate::ops::bills::FIELDS;
use crate::ops::bills::Mapping;
use crate::ops::bills::MappingError;

/// The blocks of one file, by name.
pub(super) type Blocks = BTreeMap<String, Spanned<Block>>;

/// One block.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Block {
    #[serde(rename = "match")]
    pattern: Option<Spanned<String>>,
    source: Option<Spanned<SourceKeys>>,
    amounts: Option<Spanned<AmountKeys>>,
    parsing: Option<Spanned<ParsingKeys>>,
    columns: Option<Spanned<BTreeMap<String, String>>>,
    rules: Option<Spanned<Vec<RuleKeys>>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceKeys {
    provider: Option<String>,
    currency: Option<String>,
    timezone: Option<String>,
    granularity: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AmountKeys {
    basis: Option<String>,
    unit: Option<String>,
    quantum: Option<String>,
    quantity_unit: Option<String>,
    sign: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParsingKeys {
    delimiter: Option<String>,
    decimal: Option<String>,
    thousands: Option<String>,
    date_format: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleKeys {
    #[serde(rename = "match")]
    pattern: String,
    class: String,
}

/// What the settings say of bills.
#[derive(Clone, Debug, Default)]
pub struct Invoices {
    /// The mappings in the order of their names, each with the pattern of the paths it is for; one without a pattern
    /// is for files that are read by its name.
    pub of: Vec<(Option<String>, Mapping)>,
    /// Each option as it is shown: (name, value, origin).
    pub shown: Vec<(String, String, Origin)>,
}

/// A settings file as far as bills go.
pub(super) struct Source<'f> {
    pub(super) path: &'f Path,
    pub(super) text: &'f str,
    pub(super) blocks: &'f Blocks,
}

impl Invoices {
    /// Puts the files together; the nearer comes first, and its block of a name is the whole of it: halves of two
    /// descriptions of a file describe no file.
    pub(super) fn gather(sources: &[Source<'_>]) -> Result<Invoices, CliError> {
        let mut all = Invoices::default();
        for source in sources {
            for (name, block) in source.blocks {
                if all.of.iter().any(|(_, mapping)| mapping.name == *name) {
                    continue;
                }
                let place = |span: std::ops::Range<usize>| {
                    format!("{}:{}", source.path.display(), line_of(source.text, span.start))
                };
                let start = block.span();
                let block = block.get_ref();
                let mapping = block.mapping(name);
                mapping.check().map_err(|error| {
                    let at = block.span_of(&error.key).unwrap_or_else(|| start.clone());
                    refused(&place(at), name, &error)
                })?;
                if let Some(pattern) = &block.pattern
                    && let Err(error) = glob::Pattern::new(pattern.get_ref())
                {
                    let place = place(pattern.span());
                    return Err(CliError::new(format!("{place}: `invoice.{name}.match` is no pattern: {error}")));
                }
                let pattern = block.pattern.as_ref().map(|pattern| pattern.get_ref().clone());
                let origin = Origin::File(source.path.to_path_buf());
                all.show(name, pattern.as_ref(), &mapping, &origin);
                all.of.push((pattern, mapping));
            }
        }
        all.of.sort_by(|a, b| a.1.name.cmp(&b.1.name));
        all.shown.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(all)
    }

    /// Finds a mapping by its name.
    pub fn named(&self, name: &str) -> Result<Mapping, CliError> {
        let found = self.of.iter().find(|(_, mapping)| mapping.name == name);
        found.map(|(_, mapping)| mapping.clone()).ok_or_else(|| {
            let error = CliError::new(format!("no bill is described as `{name}`"));
            let names: Vec<&str> = self.of.iter().map(|(_, mapping)| mapping.name.as_str()).collect();
            error.hint(match names.is_empty() {
                true => format!("add [invoice.{name}] to attr.toml"),
                false => format!("add [invoice.{name}] to attr.toml; there are {}", names.join(", ")),
            })
        })
    }

    fn show(&mut self, name: &str, pattern: Option<&String>, mapping: &Mapping, origin: &Origin) {
        let provider = Some(&mapping.provider).filter(|provider| !provider.is_empty());
        let options = [
            ("match", pattern),
            ("source.provider", provider),
            ("source.currency", mapping.currency.as_ref()),
            ("source.timezone", mapping.timezone.as_ref()),
            ("source.granularity", mapping.granularity.as_ref()),
            ("amounts.basis", mapping.basis.as_ref()),
            ("amounts.unit", mapping.unit.as_ref()),
            ("amounts.quantum", mapping.quantum.as_ref()),
            ("amounts.quantity_unit", mapping.quantity_unit.as_ref()),
            ("amounts.sign", mapping.sign.as_ref()),
            ("parsing.delimiter", mapping.delimiter.as_ref()),
            ("parsing.decimal", mapping.decimal.as_ref()),
            ("parsing.thousands", mapping.thousands.as_ref()),
            ("parsing.date_format", mapping.date_format.as_ref()),
        ];
        let pairs = |pairs: &[(String, String)], between: &str| {
            let words: Vec<String> = pairs.iter().map(|(left, right)| format!("{left}{between}{right}")).collect();
            (!words.is_empty()).then(|| words.join(", "))
        };
        let columns = pairs(&mapping.columns, " = ");
        let rules = pairs(&mapping.rules, " → ");
        let options = options.into_iter().chain([("columns", columns.as_ref()), ("rules", rules.as_ref())]);
        for (option, value) in options {
            if let Some(value) = value {
                self.shown.push((format!("invoice.{name}.{option}"), value.clone(), origin.clone()));
            }
        }
    }
}

impl Block {
    fn mapping(&self, name: &str) -> Mapping {
        let source = self.source.as_ref().map(|keys| keys.get_ref().clone()).unwrap_or_default();
        let amounts = self.amounts.as_ref().map(|keys| keys.get_ref().clone()).unwrap_or_default();
        let parsing = self.parsing.as_ref().map(|keys| keys.get_ref().clone()).unwrap_or_default();
        let columns = self.columns.as_ref().map(|keys| keys.get_ref().clone()).unwrap_or_default();
        let rules = self.rules.as_ref().map(|keys| keys.get_ref().clone()).unwrap_or_default();
        Mapping {
            name: name.to_string(),
            provider: source.provider.unwrap_or_default(),
            currency: source.currency,
            timezone: source.timezone,
            granularity: source.granularity,
            basis: amounts.basis,
            unit: amounts.unit,
            quantum: amounts.quantum,
            quantity_unit: amounts.quantity_unit,
            sign: amounts.sign,
            delimiter: parsing.delimiter,
            decimal: parsing.decimal,
            thousands: parsing.thousands,
            date_format: parsing.date_format,
            columns: columns.into_iter().collect(),
            rules: rules.into_iter().map(|rule| (rule.pattern, rule.class)).collect(),
        }
    }

    /// Returns where the table stands that holds a key.
    fn span_of(&self, key: &str) -> Option<std::ops::Range<usize>> {
        match key.split('.').next()? {
            "source" => self.source.as_ref().map(Spanned::span),
            "amounts" => self.amounts.as_ref().map(Spanned::span),
            "parsing" => self.parsing.as_ref().map(Spanned::span),
            "columns" => self.columns.as_ref().map(Spanned::span),
            "rules" => self.rules.as_ref().map(Spanned::span),
            _ => None,
        }
    }
}

/// Says what is wrong with a mapping, and names the field that a slip was meant for.
fn refused(place: &str, name: &str, error: &MappingError) -> CliError {
    let message = CliError::new(format!("{place}: `invoice.{name}.{}`: {}", error.key, error.reason));
    let Some(field) = error.key.strip_prefix("columns.").filter(|field| !FIELDS.contains(field)) else {
        return message;
    };
    let score = |known: &str| jaro_winkler(known, &field.to_lowercase());
    let near = FIELDS.into_iter().map(|known| (score(known), known)).max_by(|a, b| a.0.total_cmp(&b.0));
    match near.filter(|(score, _)| *score > 0.8) {
        Some((_, near)) => message.hint(format!("did you mean `{near}`?")),
        None => message,
    }
}
