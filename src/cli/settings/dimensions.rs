//! The `[dimensions.NAME]` blocks of settings files: read, put together option by option, and checked with their line.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use crate::cli::error::CliError;
use crate::cli::settings::Origin;
use crate::cli::settings::Setting;
use crate::cli::settings::beside;
use crate::cli::settings::env;
use crate::cli::settings::line_of;
use crate::domain::Axis;
use crate::ops::dimensions::Others;
use crate::ops::dimensions::PseudonymKey;
use crate::ops::dimensions::Rule;
use crate::ops::dimensions::Rules;

const KEY_VARIABLE: &str = "ATTR_PSEUDONYM_KEY";

/// The blocks of one file, by the name as it is written.
pub(super) type Blocks = BTreeMap<Spanned<String>, Block>;

/// One block.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Block {
    keys: Option<Spanned<Vec<String>>>,
    fold: Option<Spanned<BTreeMap<String, Vec<String>>>>,
    allowed: Option<Spanned<Vec<String>>>,
    others: Option<Spanned<String>>,
    pseudonym: Option<Spanned<bool>>,
    max_values: Option<Spanned<u64>>,
}

/// What the settings say of dimensions.
#[derive(Clone, Debug, Default)]
pub struct Dimensions {
    of: Vec<(Axis, Rule)>,
    /// Each option as it is shown: (name, value, origin).
    pub shown: Vec<(String, String, Origin)>,
    key_file: Option<Setting<PathBuf>>,
}

/// A settings file as far as dimensions go.
pub(super) struct Source<'f> {
    pub(super) path: &'f Path,
    pub(super) text: &'f str,
    pub(super) blocks: &'f Blocks,
    pub(super) key_file: Option<&'f PathBuf>,
}

impl Dimensions {
    /// Puts the files together; the nearer comes first, and what it says of an option counts.
    pub(super) fn gather(sources: &[Source<'_>]) -> Result<Dimensions, CliError> {
        let mut all = Dimensions::default();
        // Where each option was said, to point there if something is wrong with it.
        let mut places: BTreeMap<(String, &'static str), String> = BTreeMap::new();
        for source in sources {
            let mut seen: Vec<Axis> = Vec::new();
            for (name, block) in source.blocks {
                let axis = Axis::parse(name.get_ref());
                let place = |span: std::ops::Range<usize>| {
                    format!("{}:{}", source.path.display(), line_of(source.text, span.start))
                };
                if seen.contains(&axis) {
                    let message = format!("{}: `dimensions.{axis}` stands twice, by two names", place(name.span()));
                    return Err(CliError::new(message));
                }
                seen.push(axis.clone());
                places.entry((axis.to_string(), "")).or_insert_with(|| place(name.span()));
                let rule = match all.of.iter().position(|(known, _)| *known == axis) {
                    Some(at) => at,
                    None => {
                        all.of.push((axis.clone(), Rule::default()));
                        all.of.len() - 1
                    }
                };
                let rule = &mut all.of[rule].1;
                for (option, span, value) in block.fill(&places, &axis, rule, &place)? {
                    places.insert((axis.to_string(), option), place(span));
                    let name = format!("dimensions.{axis}.{option}");
                    all.shown.push((name, value, Origin::File(source.path.to_path_buf())));
                }
            }
            if all.key_file.is_none()
                && let Some(path) = beside(source.path, source.key_file)
            {
                let origin = Origin::File(source.path.to_path_buf());
                all.shown.push(("pseudonym_key_file".into(), path.clone(), origin.clone()));
                all.key_file = Some(Setting { value: path.into(), origin });
            }
        }
        all.of.retain(|(_, rule)| *rule != Rule::default());
        all.shown.sort_by(|a, b| a.0.cmp(&b.0));
        if env(KEY_VARIABLE).is_some() && all.of.iter().any(|(_, rule)| rule.pseudonym) {
            let row = ("pseudonym_key".to_string(), "(not shown)".to_string(), Origin::Environment(KEY_VARIABLE));
            all.shown.push(row);
        }
        let rules = Rules { of: all.of.clone(), key: None };
        rules.check().map_err(|wrong| {
            let axis = wrong.axis.to_string();
            let place = places.get(&(axis.clone(), wrong.option)).or_else(|| places.get(&(axis, "")));
            CliError::new(format!("{}: {wrong}", place.map(String::as_str).unwrap_or_default()))
        })?;
        Ok(all)
    }

    /// Returns the rules with the key that they need.
    pub fn rules(&self) -> Result<Rules, CliError> {
        let mut rules = Rules { of: self.of.clone(), key: None };
        let Some(axis) = rules.pseudonymous() else { return Ok(rules) };
        let (bytes, place) = match (env(KEY_VARIABLE), &self.key_file) {
            (Some(key), _) => (key.into_bytes(), KEY_VARIABLE.to_string()),
            (None, Some(file)) => {
                let bytes = fs_err::read(&file.value).map_err(|error| CliError::new(error.to_string()))?;
                (bytes, file.value.display().to_string())
            }
            (None, None) => {
                let message = format!("`dimensions.{axis}` asks for pseudonyms, and there is no key for them");
                return Err(CliError::new(message).hint(format!(
                    "set {KEY_VARIABLE}, or name a file with `pseudonym_key_file` in attr.toml; \
                     `openssl rand -hex 32` makes a key"
                )));
            }
        };
        let key = PseudonymKey::new(&bytes).map_err(|why| CliError::new(format!("{place}: {why}")))?;
        rules.key = Some(key);
        Ok(rules)
    }
}

/// An option that a block sets: its name, its place, and its value as it is shown.
type Told = (&'static str, std::ops::Range<usize>, String);

impl Block {
    /// Fills the options that no nearer file has set.
    fn fill(
        &self,
        set: &BTreeMap<(String, &'static str), String>,
        axis: &Axis,
        rule: &mut Rule,
        place: &dyn Fn(std::ops::Range<usize>) -> String,
    ) -> Result<Vec<Told>, CliError> {
        let mut told: Vec<Told> = Vec::new();
        let is_open = |option: &'static str| !set.contains_key(&(axis.to_string(), option));
        if let Some(keys) = self.keys.as_ref().filter(|_| is_open("keys")) {
            rule.keys = keys.get_ref().clone();
            told.push(("keys", keys.span(), rule.keys.join(", ")));
        }
        if let Some(fold) = self.fold.as_ref().filter(|_| is_open("fold")) {
            rule.fold = fold.get_ref().clone().into_iter().collect();
            let folds: Vec<String> =
                rule.fold.iter().map(|(target, values)| format!("{target} = {}", values.join(", "))).collect();
            told.push(("fold", fold.span(), folds.join("; ")));
        }
        if let Some(allowed) = self.allowed.as_ref().filter(|_| is_open("allowed")) {
            rule.allowed = allowed.get_ref().clone();
            if rule.allowed.is_empty() {
                let message = format!("{}: `dimensions.{axis}.allowed` names no value", place(allowed.span()));
                return Err(CliError::new(message).hint("leave it out to allow any value"));
            }
            told.push(("allowed", allowed.span(), rule.allowed.join(", ")));
        }
        if let Some(others) = self.others.as_ref().filter(|_| is_open("others")) {
            let word = others.get_ref();
            let Some(known) = Others::ALL.into_iter().find(|known| known.name() == word) else {
                let message = format!("{}: `{word}` is no value of `others`", place(others.span()));
                return Err(CliError::new(message).hint("use keep, untag or reject"));
            };
            rule.others = Some(known);
            told.push(("others", others.span(), word.clone()));
        }
        if let Some(pseudonym) = self.pseudonym.as_ref().filter(|_| is_open("pseudonym")) {
            rule.pseudonym = *pseudonym.get_ref();
            told.push(("pseudonym", pseudonym.span(), rule.pseudonym.to_string()));
        }
        if let Some(most) = self.max_values.as_ref().filter(|_| is_open("max_values")) {
            rule.max_values = Some(*most.get_ref());
            told.push(("max_values", most.span(), most.get_ref().to_string()));
        }
        Ok(told)
    }
}
