//! The price table: where its files come from, and its read-only face. Finding a model is `lookup`'s, adding up `pricer`'s.

use std::path::{Path, PathBuf};

use crate::domain::call::Unpriced;
use crate::domain::time::Timestamp;

use crate::price::build::{self, Parsed};
use crate::price::deal::Override;
use crate::price::error::{PriceError, Source};
use crate::price::lookup::{Lookup, Names};
use crate::price::rows::{Model, Price, Seller, show_date};
use crate::price::schema::TableFile;
use crate::price::values::Rules;
use crate::price::{check, digest};

/// Every file of `pricing/`, in order of name. A test compares the list with the folder.
pub(super) const BUILTIN: &[(&str, &str)] = &[
    ("TABLE.toml", include_str!("../../pricing/TABLE.toml")),
    ("anthropic.toml", include_str!("../../pricing/anthropic.toml")),
    ("azure.toml", include_str!("../../pricing/azure.toml")),
    ("bedrock.toml", include_str!("../../pricing/bedrock.toml")),
    ("cohere.toml", include_str!("../../pricing/cohere.toml")),
    ("deepseek.toml", include_str!("../../pricing/deepseek.toml")),
    ("fireworks.toml", include_str!("../../pricing/fireworks.toml")),
    ("google.toml", include_str!("../../pricing/google.toml")),
    ("groq.toml", include_str!("../../pricing/groq.toml")),
    ("meta.toml", include_str!("../../pricing/meta.toml")),
    ("mistral.toml", include_str!("../../pricing/mistral.toml")),
    ("moonshot.toml", include_str!("../../pricing/moonshot.toml")),
    ("openai.toml", include_str!("../../pricing/openai.toml")),
    ("openrouter.toml", include_str!("../../pricing/openrouter.toml")),
    ("together.toml", include_str!("../../pricing/together.toml")),
    ("vertex.toml", include_str!("../../pricing/vertex.toml")),
    ("xai.toml", include_str!("../../pricing/xai.toml")),
    ("zai.toml", include_str!("../../pricing/zai.toml")),
];

/// The file that holds a table's format number and version.
const TABLE_FILE: &str = "TABLE.toml";
/// The version of a user's table that states none.
const CUSTOM: &str = "custom";
/// Starts the line that names a file in the text of a kept table.
const FILE_MARK: &str = "#@ file ";
/// Starts the line that names a file of overrides there.
const OVERRIDES_MARK: &str = "#@ overrides ";
/// Starts a line there that begins like a mark in its own file.
const LINE_MARK: &str = "#@ line ";

/// The files a table is made of: list prices, and what the user puts on top.
#[derive(Default)]
struct Files {
    list: Vec<Source>,
    overrides: Vec<Source>,
    rules: Option<Rules>,
}

/// A table of prices, checked and ready to answer.
#[derive(Clone, Debug)]
pub struct Table {
    id: String,
    version: String,
    text: String,
    pub(super) sellers: Vec<Seller>,
    pub(super) models: Vec<Model>,
    pub(super) overrides: Vec<Override>,
    pub(super) names: Names,
}

impl Table {
    /// Returns the table that comes with the program.
    ///
    /// # Errors
    /// Where a file of `pricing/` is wrong, which the tests exclude for a released program.
    pub fn builtin() -> Result<Table, PriceError> {
        Table::assemble(None, &[])
    }

    /// Returns the names of the files of `pricing/` that the program carries.
    pub fn builtin_files() -> impl Iterator<Item = &'static str> {
        BUILTIN.iter().map(|(name, _)| *name)
    }

    /// Reads a user's table: one TOML file, or every TOML file of a folder.
    ///
    /// # Errors
    /// Where a file cannot be read or is wrong: the message names file and line.
    pub fn load(path: &Path) -> Result<Table, PriceError> {
        Table::assemble(Some(path), &[])
    }

    /// Makes a table of list prices, the user's or the built-in ones, and files of overrides: what was agreed,
    /// private models, and the user's own names.
    ///
    /// # Errors
    /// Where a file cannot be read or is wrong: the message names file and line.
    pub fn assemble(list: Option<&Path>, overrides: &[PathBuf]) -> Result<Table, PriceError> {
        let files = match list {
            None => {
                let source = |(name, text): &(&str, &str)| Source::new(&format!("pricing/{name}"), (*text).to_string());
                Files { list: BUILTIN.iter().map(source).collect(), rules: Some(Rules::BuiltIn), ..Files::default() }
            }
            Some(path) => Files { list: read_files(path)?, ..Files::default() },
        };
        let overrides = overrides.iter().map(|path| read_file(path)).collect::<Result<_, _>>()?;
        Table::from_files(&Files { overrides, ..files })
    }

    /// Reads a table back from the text that [`Table::text`] gave.
    ///
    /// # Errors
    /// Where the text does not start with a file's name, or a file in it is wrong.
    pub fn from_text(text: &str) -> Result<Table, PriceError> {
        let mut found: Vec<(bool, &str, String)> = Vec::new();
        for line in text.split_inclusive('\n') {
            if let Some(name) = line.strip_prefix(FILE_MARK) {
                found.push((false, name.trim_end(), String::new()));
            } else if let Some(name) = line.strip_prefix(OVERRIDES_MARK) {
                found.push((true, name.trim_end(), String::new()));
            } else {
                let (_, _, file) = found.last_mut().ok_or(PriceError::NotATable(FILE_MARK))?;
                file.push_str(line.strip_prefix(LINE_MARK).unwrap_or(line));
            }
        }
        let mut files = Files::default();
        for (is_override, name, text) in found {
            let kind = if is_override { &mut files.overrides } else { &mut files.list };
            kind.push(Source::new(name, text));
        }
        Table::from_files(&files)
    }

    fn from_files(files: &Files) -> Result<Table, PriceError> {
        let rules = files.rules.unwrap_or(Rules::User);
        let (mut whole, mut version) = (Parsed::default(), None);
        for source in &files.list {
            if is_table_file(source) {
                version = Some(read_version(source)?);
                continue;
            }
            let mut parsed = build::read(source, rules)?;
            version = version.or(parsed.version.take());
            merge(&mut whole, parsed);
        }
        if whole.models.is_empty() {
            let what = "no model in the whole table";
            let hint = "add a [[model]] with a [[model.price]]";
            let nowhere = files.list.last().map(|source| source.error(0..0, what, hint));
            return Err(nowhere.unwrap_or(PriceError::NotATable(FILE_MARK)));
        }
        let version = version.unwrap_or_else(|| CUSTOM.to_string());
        let mut id = digest::id(&version, &whole);
        for source in &files.overrides {
            let parsed = build::read(source, Rules::User)?;
            id.push_str(&digest::part(&parsed));
            merge(&mut whole, parsed);
        }
        let Parsed { sellers, models, mut overrides, .. } = whole;
        check::table(&sellers, &models, &mut overrides)?;
        let names = Names::new(&sellers, &models);
        Ok(Table { id, version, text: kept_text(files), sellers, models, overrides, names })
    }

    /// Returns the table as it stood on a day: without rows it did not know yet, with those withdrawn since.
    ///
    /// A row that does not say when it became known counts as known from its start, or from when it was read if that
    /// was earlier; one that holds since launch, all along.
    pub fn known_on(&self, day: Timestamp) -> Table {
        let mut table = self.clone();
        table.id = format!("{}+known-on.{}", self.id, show_date(day));
        for model in &mut table.models {
            model.prices.retain(|row| row.known_since().is_none_or(|known| known <= day));
            model.prices.retain(|row| row.withdrawn.is_none_or(|withdrawn| day < withdrawn));
            model.prices.iter_mut().for_each(|row| row.withdrawn = None);
            model.prices.sort_by(Price::in_order);
        }
        table
    }

    /// Returns the id: the version and a digest of the rows, `2026.11.21+3f1c09a2b7de`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the version the table states; `custom` where it states none.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the text of all files, each after a line with its name: what to keep, to price the same way later.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns what was agreed in place of list prices.
    pub fn overrides(&self) -> impl Iterator<Item = &Override> {
        self.overrides.iter()
    }

    /// Returns the sellers, in order of their files.
    pub fn sellers(&self) -> impl Iterator<Item = &Seller> {
        self.sellers.iter()
    }

    /// Returns the models, in order of their files.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.models.iter()
    }

    /// Returns the prompt sizes at which some price changes, in order: the smallest sizes of the bands.
    pub fn prompt_edges(&self) -> Vec<u64> {
        let rows = self.models.iter().flat_map(|model| &model.prices);
        let mut edges: Vec<u64> =
            rows.flat_map(|row| [Some(row.prompt_min), row.prompt_max.map(|max| max + 1)]).flatten().collect();
        edges.push(0);
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    pub(super) fn lookup(&self) -> Lookup<'_> {
        Lookup { sellers: &self.sellers, models: &self.models, names: &self.names }
    }

    /// Returns known names that look like an unknown one, best first, to ask "did you mean". Nothing applies them.
    pub fn suggest_model(&self, name: &str) -> Vec<String> {
        self.lookup().suggest(name)
    }

    /// Returns the model a name means, an alias meaning what it means last.
    ///
    /// # Errors
    /// [`Unpriced::UnknownSeller`] or [`Unpriced::UnknownModel`], as [`Table::resolve`] would say.
    pub fn find_model(&self, provider: Option<&str>, name: &str) -> Result<&Model, Unpriced> {
        let (_, steps) = self.lookup().find(provider, Some(name))?;
        steps.last().map(|(_, model)| *model).ok_or(Unpriced::UnknownModel)
    }
}

fn is_table_file(source: &Source) -> bool {
    Path::new(&*source.name).file_name().is_some_and(|name| name == TABLE_FILE)
}

fn read_version(source: &Source) -> Result<String, PriceError> {
    let file: TableFile = toml::from_str(&source.text).map_err(|error| source.toml_error(&error))?;
    build::schema(source, &file.schema)?;
    build::version(source, &file.version)
}

fn read_file(path: &Path) -> Result<Source, PriceError> {
    Ok(Source::new(&path.display().to_string(), fs_err::read_to_string(path)?))
}

/// Reads a file, or the TOML files of a folder in order of name.
fn read_files(path: &Path) -> Result<Vec<Source>, PriceError> {
    let mut paths = vec![path.to_path_buf()];
    if fs_err::metadata(path)?.is_dir() {
        paths.clear();
        for entry in fs_err::read_dir(path)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                paths.push(path);
            }
        }
        paths.sort();
    }
    if paths.is_empty() {
        return Err(PriceError::NoFiles(path.to_path_buf()));
    }
    paths.iter().map(|path| read_file(path)).collect()
}

/// Adds what another file says: its sellers, or more about those already known, and its models.
fn merge(whole: &mut Parsed, file: Parsed) {
    for seller in file.sellers {
        let Some(known) = whole.sellers.iter_mut().find(|known| known.id == seller.id) else {
            whole.sellers.push(seller);
            continue;
        };
        let new_names = seller.provider_names.into_iter().filter(|name| !known.provider_names.contains(name));
        let new_names: Vec<String> = new_names.collect();
        known.provider_names.extend(new_names);
        known.usage = known.usage.take().or(seller.usage);
        known.first_party &= seller.first_party;
        known.mode_names.extend(seller.mode_names);
        known.regions.extend(seller.regions);
        known.tools.extend(seller.tools);
        known.aliases.extend(seller.aliases);
        known.hours.extend(seller.hours);
        known.holidays.extend(seller.holidays);
    }
    whole.models.extend(file.models);
    whole.overrides.extend(file.overrides);
}

fn kept_text(files: &Files) -> String {
    let mut text = String::new();
    let list = files.list.iter().map(|source| (FILE_MARK, source));
    for (mark, source) in list.chain(files.overrides.iter().map(|source| (OVERRIDES_MARK, source))) {
        text.push_str(&format!("{mark}{}\n", source.name));
        for line in source.text.split_inclusive('\n') {
            text.push_str(if line.starts_with("#@ ") { LINE_MARK } else { "" });
            text.push_str(line);
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}
