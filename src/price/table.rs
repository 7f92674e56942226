//! The price table: where its files come from, and its read-only face. Finding a model is `lookup`'s, adding up `pricer`'s.

use std::path::{Path, PathBuf};

use crate::domain::call::Unpriced;

use crate::price::build::{self, Rules};
use crate::price::error::{PriceError, Source};
use crate::price::lookup::Names;
use crate::price::rows::{Model, Seller};
use crate::price::schema::TableFile;
use crate::price::{check, digest};

/// Every file of `pricing/`, in order of name. A test compares the list with the folder.
pub(super) const BUILTIN: &[(&str, &str)] = &[
    ("TABLE.toml", include_str!("../../pricing/TABLE.toml")),
    ("anthropic.toml", include_str!("../../pricing/anthropic.toml")),
    ("google.toml", include_str!("../../pricing/google.toml")),
    ("openai.toml", include_str!("../../pricing/openai.toml")),
];

/// The file that holds a table's format number and version.
const TABLE_FILE: &str = "TABLE.toml";
/// The version of a user's table that states none.
const CUSTOM: &str = "custom";
/// Starts the line that names a file in the text of a kept table.
const FILE_MARK: &str = "#@ file ";

/// A table of prices, checked and ready to answer.
#[derive(Clone, Debug)]
pub struct Table {
    id: String,
    version: String,
    text: String,
    pub(super) sellers: Vec<Seller>,
    pub(super) models: Vec<Model>,
    pub(super) names: Names,
}

impl Table {
    /// Returns the table that comes with the program.
    ///
    /// # Errors
    /// Where a file of `pricing/` is wrong, which the tests exclude for a released program.
    pub fn builtin() -> Result<Table, PriceError> {
        let source = |(name, text): &(&str, &str)| Source::new(&format!("pricing/{name}"), (*text).to_string());
        Table::from_sources(&BUILTIN.iter().map(source).collect::<Vec<_>>(), Rules::BuiltIn)
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
        let read = |path: &PathBuf| -> Result<Source, PriceError> {
            Ok(Source::new(&path.display().to_string(), fs_err::read_to_string(path)?))
        };
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
        Table::from_sources(&paths.iter().map(read).collect::<Result<Vec<_>, _>>()?, Rules::User)
    }

    /// Reads a table back from the text that [`Table::text`] gave.
    ///
    /// # Errors
    /// Where the text does not start with a file's name, or a file in it is wrong.
    pub fn from_text(text: &str) -> Result<Table, PriceError> {
        let mut files: Vec<(&str, String)> = Vec::new();
        for line in text.split_inclusive('\n') {
            if let Some(name) = line.strip_prefix(FILE_MARK) {
                files.push((name.trim_end(), String::new()));
            } else {
                let (_, file) = files.last_mut().ok_or(PriceError::NotATable(FILE_MARK))?;
                file.push_str(line);
            }
        }
        if files.is_empty() {
            return Err(PriceError::NotATable(FILE_MARK));
        }
        let sources: Vec<Source> = files.into_iter().map(|(name, text)| Source::new(name, text)).collect();
        Table::from_sources(&sources, Rules::User)
    }

    fn from_sources(sources: &[Source], rules: Rules) -> Result<Table, PriceError> {
        let (mut sellers, mut models, mut version): (Vec<Seller>, Vec<Model>, _) = (Vec::new(), Vec::new(), None);
        for source in sources {
            if is_table_file(source) {
                version = Some(read_version(source)?);
                continue;
            }
            let parsed = build::read(source, rules)?;
            parsed.sellers.into_iter().for_each(|seller| merge(&mut sellers, seller));
            models.extend(parsed.models);
            version = version.or(parsed.version);
        }
        if models.is_empty() {
            let what = "no model in the whole table";
            let nowhere =
                sources.last().map(|source| source.error(0..0, what, "add a [[model]] with a [[model.price]]"));
            return Err(nowhere.unwrap_or(PriceError::NotATable(FILE_MARK)));
        }
        check::table(&sellers, &models)?;
        let version = version.unwrap_or_else(|| CUSTOM.to_string());
        let id = digest::id(&version, &sellers, &models);
        let names = Names::new(&sellers, &models);
        Ok(Table { id, version, text: kept_text(sources), sellers, models, names })
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

    /// Returns the sellers, in order of their files.
    pub fn sellers(&self) -> impl Iterator<Item = &Seller> {
        self.sellers.iter()
    }

    /// Returns the models, in order of their files.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.models.iter()
    }

    /// Returns the model a name means, an alias meaning what it means last.
    ///
    /// # Errors
    /// [`Unpriced::UnknownSeller`] or [`Unpriced::UnknownModel`], as [`Table::resolve`] would say.
    pub fn find_model(&self, provider: Option<&str>, name: &str) -> Result<&Model, Unpriced> {
        let (_, steps) = self.lookup(provider, Some(name))?;
        steps.last().map(|(_, model)| *model).ok_or(Unpriced::UnknownModel)
    }
}

fn is_table_file(source: &Source) -> bool {
    Path::new(&*source.name).file_name().is_some_and(|name| name == TABLE_FILE)
}

fn read_version(source: &Source) -> Result<String, PriceError> {
    let file: TableFile = toml::from_str(&source.text).map_err(|error| source.toml_error(&error))?;
    build::schema(source, &file.schema)?;
    let version = file.version.get_ref();
    if version.is_empty() || version.contains(['+', ' ']) {
        let what = format!("`{version}` is not a version");
        return Err(source.error(file.version.span(), what, "write version = \"2026.11.21\", without blanks and `+`"));
    }
    Ok(version.clone())
}

/// Adds a seller, or what another file says about one already known.
fn merge(sellers: &mut Vec<Seller>, seller: Seller) {
    let Some(known) = sellers.iter_mut().find(|known| known.id == seller.id) else {
        sellers.push(seller);
        return;
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
}

fn kept_text(sources: &[Source]) -> String {
    let mut text = String::new();
    for source in sources {
        text.push_str(&format!("{FILE_MARK}{}\n{}", source.name, source.text));
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}
