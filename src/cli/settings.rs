//! Settings: flags before environment before attr.toml before the user's file before defaults, each with its origin.

pub mod check;
pub mod dimensions;
pub mod events;
pub mod invoices;

use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use strsim::jaro_winkler;

use crate::cli::args::CachedInputArg;
use crate::cli::args::ColorChoice;
use crate::cli::args::GlobalArgs;
use crate::cli::error::CliError;
use crate::cli::settings::check::Check;
use crate::cli::settings::dimensions::Blocks;
use crate::cli::settings::dimensions::Dimensions;
use crate::cli::settings::dimensions::Source;
use crate::cli::settings::events::Events;
use crate::cli::settings::invoices::Invoices;
use crate::domain::Zone;
use crate::ops::import::How;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag(&'static str),
    /// An environment variable.
    Environment(&'static str),
    /// A settings file.
    File(PathBuf),
    /// Nobody said anything.
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Flag(flag) => f.write_str(flag),
            Origin::Environment(name) => f.write_str(name),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Its origin.
    pub origin: Origin,
}

/// What the program goes by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The store.
    pub db: Setting<PathBuf>,
    /// A price table in place of the built-in one.
    pub pricing: Setting<Option<PathBuf>>,
    /// Files of overrides on top of the price table.
    pub overrides: Setting<Vec<PathBuf>>,
    /// The zone that cuts days.
    pub timezone: Setting<Zone>,
    /// The moment taken for now, in words.
    pub as_of: Setting<Option<String>>,
    /// When to colour.
    pub color: Setting<ColorChoice>,
    /// How to read files that match a pattern.
    pub sources: Vec<(String, How)>,
    /// What dimensions mean.
    pub dimensions: Dimensions,
    /// How bills of the user's own are read.
    pub invoices: Invoices,
    /// What the spend is held to.
    pub check: Check,
    /// What was planned to cost more.
    pub events: Events,
    /// The settings files read, the nearer first.
    pub files: Vec<PathBuf>,
}

/// A settings file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
struct File {
    db: Option<PathBuf>,
    pricing: Option<PathBuf>,
    overrides: Option<Vec<PathBuf>>,
    timezone: Option<String>,
    as_of: Option<String>,
    color: Option<String>,
    pseudonym_key_file: Option<PathBuf>,
    #[serde(default)]
    source: Vec<SourceRule>,
    #[serde(default)]
    dimensions: Blocks,
    #[serde(default)]
    invoice: invoices::Blocks,
    check: Option<check::Block>,
    #[serde(default)]
    event: Vec<events::Block>,
    /// The file as it is written, to find lines in.
    #[serde(skip)]
    text: String,
}

/// How to read the files that match a pattern: a `[[source]]` block.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceRule {
    path: String,
    name: Option<String>,
    input_format: Option<String>,
    cached_input: Option<String>,
    #[serde(default)]
    map: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    set: std::collections::BTreeMap<String, String>,
}

const FILE_NAME: &str = "attr.toml";

impl Settings {
    /// Gathers the settings.
    pub fn load(args: &GlobalArgs) -> Result<Settings, CliError> {
        let mut files = Vec::new();
        let explicit = args.config.clone().or_else(|| env("ATTR_CONFIG").map(PathBuf::from));
        match explicit {
            Some(path) => files.push(read(&path)?),
            None => {
                files.extend(nearest().map(|path| read(&path)).transpose()?);
                let user = user_folder("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("attr").join(FILE_NAME));
                files.extend(user.filter(|path| path.is_file()).map(|path| read(&path)).transpose()?);
            }
        }
        let pick = |flag: Option<String>, flag_name, variable, of: fn(&(PathBuf, File)) -> Option<String>| {
            if let Some(value) = flag {
                return (Some(value), Origin::Flag(flag_name));
            }
            if let Some(value) = env(variable) {
                return (Some(value), Origin::Environment(variable));
            }
            match files.iter().find_map(|file| of(file).map(|value| (value, file.0.clone()))) {
                Some((value, path)) => (Some(value), Origin::File(path)),
                None => (None, Origin::Default),
            }
        };
        let text = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let (db, db_origin) = pick(text(&args.db), "--db", "ATTR_DB", |(path, file)| beside(path, file.db.as_ref()));
        let (pricing, pricing_origin) =
            pick(text(&args.pricing), "--pricing", "ATTR_PRICING", |(path, file)| beside(path, file.pricing.as_ref()));
        let (zone, zone_origin) =
            pick(args.timezone.clone(), "--timezone", "ATTR_TIMEZONE", |(_, file)| file.timezone.clone());
        let (as_of, as_of_origin) = pick(args.as_of.clone(), "--as-of", "ATTR_AS_OF", |(_, file)| file.as_of.clone());
        let color = args.color.map(|color| color.name().to_string());
        let (color, color_origin) = pick(color, "--color", "ATTR_COLOR", |(_, file)| file.color.clone());
        let db = match db {
            Some(path) => PathBuf::from(path),
            None => default_db()?,
        };
        Ok(Settings {
            db: Setting { value: db, origin: db_origin },
            pricing: Setting { value: pricing.map(PathBuf::from), origin: pricing_origin },
            overrides: overrides(args, &files),
            timezone: Setting { value: zone.map_or(Ok(Zone::UTC), |name| parse_zone(&name))?, origin: zone_origin },
            as_of: Setting { value: as_of, origin: as_of_origin },
            color: Setting {
                value: color.map_or(Ok(ColorChoice::Auto), |word| parse_color(&word))?,
                origin: color_origin,
            },
            sources: rules(&files)?,
            dimensions: dimensions(&files)?,
            invoices: invoices(&files)?,
            check: gates(&files)?,
            events: events(&files),
            files: files.into_iter().map(|(path, _)| path).collect(),
        })
    }
}

/// Returns the files of overrides; `ATTR_OVERRIDES` lists several as PATH does.
fn overrides(args: &GlobalArgs, files: &[(PathBuf, File)]) -> Setting<Vec<PathBuf>> {
    if !args.overrides.is_empty() {
        return Setting { value: args.overrides.clone(), origin: Origin::Flag("--overrides") };
    }
    if let Some(list) = env("ATTR_OVERRIDES") {
        let value = std::env::split_paths(&list).collect();
        return Setting { value, origin: Origin::Environment("ATTR_OVERRIDES") };
    }
    let stated = files.iter().find_map(|(path, file)| Some((path, file.overrides.as_ref()?)));
    match stated {
        None => Setting { value: Vec::new(), origin: Origin::Default },
        Some((path, list)) => {
            let value = list.iter().filter_map(|file| beside(path, Some(file))).map(PathBuf::from).collect();
            Setting { value, origin: Origin::File(path.clone()) }
        }
    }
}

/// Returns an environment variable that is set and not empty.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub(super) fn env(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

pub(super) fn user_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    env(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(PathBuf::from(env("HOME")?).join(below_home)))
}

fn default_db() -> Result<PathBuf, CliError> {
    let folder = user_folder("XDG_DATA_HOME", ".local/share").ok_or_else(|| {
        CliError::new("no place for the store: neither HOME nor XDG_DATA_HOME is set").hint("name one with --db PATH")
    })?;
    Ok(folder.join("attr").join("attr.db"))
}

/// Returns the nearest settings file from the current folder upwards.
fn nearest() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file())
}

fn read(path: &Path) -> Result<(PathBuf, File), CliError> {
    let text = fs_err::read_to_string(path).map_err(|error| CliError::new(error.to_string()))?;
    let file: File = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(&text, span.start));
        CliError::new(format!("{}:{line}: {}", path.display(), error.message()))
    })?;
    Ok((path.to_path_buf(), File { text, ..file }))
}

/// Returns the line of a place in a text, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn dimensions(files: &[(PathBuf, File)]) -> Result<Dimensions, CliError> {
    let sources = files.iter().map(|(path, file)| Source {
        path,
        text: &file.text,
        blocks: &file.dimensions,
        key_file: file.pseudonym_key_file.as_ref(),
    });
    Dimensions::gather(&sources.collect::<Vec<_>>())
}

fn invoices(files: &[(PathBuf, File)]) -> Result<Invoices, CliError> {
    let sources = files.iter().map(|(path, file)| invoices::Source { path, text: &file.text, blocks: &file.invoice });
    Invoices::gather(&sources.collect::<Vec<_>>())
}

fn gates(files: &[(PathBuf, File)]) -> Result<Check, CliError> {
    Check::gather(files.iter().map(|(path, file)| check::Source { path, text: &file.text, block: file.check.as_ref() }))
}

fn events(files: &[(PathBuf, File)]) -> Events {
    let mut events = Events::default();
    files.iter().for_each(|(path, file)| events.add(path, &file.text, &file.event));
    events
}

/// A path in a settings file counts from the file's folder.
fn beside(file: &Path, path: Option<&PathBuf>) -> Option<String> {
    let path = path?;
    Some(file.parent().unwrap_or(Path::new("")).join(path).display().to_string())
}

fn parse_zone(name: &str) -> Result<Zone, CliError> {
    Zone::parse(name).ok_or_else(|| {
        let near = chrono_tz::TZ_VARIANTS
            .iter()
            .map(|zone| (jaro_winkler(&zone.name().to_lowercase(), &name.to_lowercase()), zone.name()))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(score, _)| *score > 0.8);
        let error = CliError::new(format!("no time zone is called `{name}`"));
        match near {
            Some((_, near)) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("use a name such as Europe/Berlin or America/New_York"),
        }
    })
}

fn parse_color(word: &str) -> Result<ColorChoice, CliError> {
    [ColorChoice::Auto, ColorChoice::Always, ColorChoice::Never]
        .into_iter()
        .find(|choice| choice.name() == word)
        .ok_or_else(|| CliError::new(format!("`{word}` is no colour setting")).hint("use auto, always or never"))
}

fn rules(files: &[(PathBuf, File)]) -> Result<Vec<(String, How)>, CliError> {
    let mut rules = Vec::new();
    for (path, file) in files {
        for rule in &file.source {
            let mut how = How {
                input_format: rule.input_format.clone(),
                set: rule.set.clone().into_iter().collect(),
                source: rule.name.clone(),
                ..How::default()
            };
            how.options.map = rule.map.clone().into_iter().collect();
            how.options.cached_input = match rule.cached_input.as_deref() {
                None => None,
                Some("inside") => Some(CachedInputArg::Inside.into()),
                Some("outside") => Some(CachedInputArg::Outside.into()),
                Some(word) => {
                    return Err(CliError::new(format!("{}: `{word}` is no value of cached_input", path.display()))
                        .hint("use inside or outside"));
                }
            };
            rules.push((rule.path.clone(), how));
        }
    }
    Ok(rules)
}
