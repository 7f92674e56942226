//! `attr prices import`: rows drafted from a price list that others publish, for a person to review.

use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use chrono::NaiveDate;

use crate::domain::Timestamp;
use crate::price::PriceError;
use crate::price::Table as PriceTable;
use crate::price::sources::Draft;
use crate::price::sources::Entry;
use crate::price::sources::Head;
use crate::price::sources::ListError;
use crate::price::sources::PriceList;
use crate::read::source::decompressed;

/// Why nothing can be drafted from a list.
#[derive(Debug, thiserror::Error)]
pub enum ListsError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The file is no price list.
    #[error("{}: {error}", path.display())]
    List {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: ListError,
    },
    /// A pattern of model names that is none.
    #[error("`{0}` is not a pattern of model names")]
    Pattern(String),
    /// Nobody said whose prices are wanted, or the list does not have them.
    #[error("{what}")]
    Provider {
        /// What is missing.
        what: String,
        /// The list's providers.
        known: Vec<String>,
    },
    /// No model of the list is in the draft.
    #[error("nothing to draft: {0}")]
    Nothing(String),
    /// The draft would not load.
    #[error("the draft would not load: {0}")]
    Broken(PriceError),
}

/// What to draft.
#[derive(Clone, Debug, Default)]
pub struct ImportOrder {
    /// The list.
    pub file: PathBuf,
    /// Our seller.
    pub seller: Option<String>,
    /// The list's word for the seller.
    pub provider: Option<String>,
    /// Patterns of model names; none for all.
    pub models: Vec<String>,
    /// The date of prices that have none.
    pub from: Option<Timestamp>,
    /// Whether prices without a date hold since launch.
    pub since_launch: bool,
    /// Whether to leave out models that the table knows.
    pub new_only: bool,
    /// The list and its version; else the file's name says it.
    pub source: Option<String>,
    /// When the list was read.
    pub read: Option<NaiveDate>,
}

/// A draft, ready to be written.
#[derive(Clone, Debug)]
pub struct Drafted {
    /// The rows, as TOML.
    pub text: String,
    /// How many models are in it.
    pub count: usize,
    /// What is not, and why: (model, reason).
    pub left_out: Vec<(String, String)>,
}

/// Reads a list, plain or compressed.
pub(super) fn read_list(path: &Path) -> Result<PriceList, ListsError> {
    let mut text = String::new();
    decompressed(fs_err::File::open(path)?, Default::default())?.read_to_string(&mut text)?;
    PriceList::read(&text).map_err(|error| ListsError::List { path: path.to_path_buf(), error })
}

/// Returns a list's name and version as its file's name says them: `litellm-1.109.1` of
/// `litellm-1.109.1-model_prices.json.gz`.
pub(super) fn list_name(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split(".json").next().unwrap_or_default();
    let is_version = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    let parts: Vec<&str> = stem.split('-').collect();
    match parts.iter().position(|part| is_version(part)) {
        Some(at) if at > 0 => parts[..=at].join("-"),
        _ => stem.to_string(),
    }
}

/// Drafts rows from a list.
pub fn draft(table: &PriceTable, order: &ImportOrder) -> Result<Drafted, ListsError> {
    let list = read_list(&order.file)?;
    let (seller, providers) = parties(table, order, &list)?;
    let globs = order.models.iter().map(|text| glob::Pattern::new(text).map_err(|_| ListsError::Pattern(text.clone())));
    let globs: Vec<glob::Pattern> = globs.collect::<Result<_, _>>()?;
    let known = table.sellers().find(|known| known.id == seller);
    let mut provider_names: Vec<String> = vec![seller.clone()];
    provider_names.extend(providers.iter().filter(|name| **name != seller).cloned());
    let mut draft = Draft::new(Head {
        provider_names,
        source: order.source.clone().unwrap_or_else(|| list_name(&order.file)),
        read: order.read,
        from: order.from,
        since_launch: order.since_launch,
        mode_names: known.map(|known| known.mode_names.clone()).unwrap_or_default(),
        seller: seller.clone(),
    });
    let wanted = |entry: &&Entry| {
        let fits = |glob: &glob::Pattern| entry.names.iter().any(|name| glob.matches(name));
        providers.contains(&entry.provider) && (globs.is_empty() || globs.iter().any(fits))
    };
    let mut seen = 0;
    for entry in list.entries.iter().filter(wanted) {
        seen += 1;
        match table.find_model(Some(&seller), &entry.id) {
            Ok(_) if order.new_only => {}
            Ok(model) => draft.add(entry, Some(&format!("Priced already, as {}/{}.", model.seller, model.id))),
            Err(_) => draft.add(entry, None),
        }
    }
    if draft.count == 0 {
        let why = match draft.left_out.first() {
            _ if seen == 0 => "the list has no such model".into(),
            None => "the table has every one of these models".into(),
            Some((model, why)) => format!("{model}: {why}"),
        };
        return Err(ListsError::Nothing(why));
    }
    let text = draft.finish(&list.calendars);
    PriceTable::from_text(&format!("#@ file draft.toml\n{text}")).map_err(ListsError::Broken)?;
    Ok(Drafted { text, count: draft.count, left_out: draft.left_out })
}

/// Returns our seller and the list's words for it.
fn parties(table: &PriceTable, order: &ImportOrder, list: &PriceList) -> Result<(String, Vec<String>), ListsError> {
    let providers = list.providers();
    let fail =
        |what: String| Err(ListsError::Provider { what, known: providers.iter().map(ToString::to_string).collect() });
    let by_name = |name: &str| table.sellers().find(|seller| seller.provider_names.contains(&name.to_lowercase()));
    match (&order.seller, &order.provider) {
        (_, Some(provider)) if !providers.contains(&provider.as_str()) => {
            fail(format!("the list has no provider `{provider}`"))
        }
        (Some(seller), Some(provider)) => Ok((seller.clone(), vec![provider.clone()])),
        (None, Some(provider)) => {
            let seller = by_name(provider).map_or_else(|| provider.clone(), |seller| seller.id.clone());
            Ok((seller, vec![provider.clone()]))
        }
        (Some(seller), None) => {
            let found = of_seller(table, seller, list);
            if found.is_empty() {
                fail(format!("the list has no provider like `{seller}`"))
            } else {
                Ok((seller.clone(), found))
            }
        }
        (None, None) => fail("whose prices?".into()),
    }
}

/// Returns a list's providers that are a seller, by the names that logs use for it.
pub(super) fn of_seller(table: &PriceTable, seller: &str, list: &PriceList) -> Vec<String> {
    let known = table.sellers().find(|known| known.id == seller);
    let is_it = |provider: &&str| {
        let folded = provider.to_lowercase();
        folded == seller.to_lowercase() || known.is_some_and(|known| known.provider_names.contains(&folded))
    };
    list.providers().into_iter().filter(is_it).map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::list_name;
    use std::path::Path;

    #[test]
    fn a_list_is_named_by_its_file() {
        assert_eq!(list_name(Path::new("x/litellm-1.109.1-model_prices.json.gz")), "litellm-1.109.1");
        assert_eq!(list_name(Path::new("genai-prices-0.2.3-data.json")), "genai-prices-0.2.3");
        assert_eq!(list_name(Path::new("prices.json")), "prices");
    }
}
