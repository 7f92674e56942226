//! A user's own bill: which columns hold what, and how its amounts and days are written.

use crate::invoice::mapped::plan::Plan;

/// A mapping, from `[invoice.NAME]` of the settings. Names of columns are matched as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Its name, shown with the import.
    pub name: String,
    /// Who charges; the mapping's name if empty.
    pub provider: String,
    /// ISO 4217; absent where a column tells.
    pub currency: Option<String>,
    /// The zone whose days the bill counts, as an IANA name; UTC if absent.
    pub timezone: Option<String>,
    /// `hour`, `day`, `month`, or `line`: a date a line with no span meant; `day` if absent.
    pub granularity: Option<String>,
    /// `net`, `list` or `after_credit`.
    pub basis: Option<String>,
    /// `currency` or `cents`.
    pub unit: Option<String>,
    /// The step amounts are rounded to, as a decimal (`0.01`).
    pub quantum: Option<String>,
    /// `tokens`, `1K`, `1M` or `requests`; absent where it is not known.
    pub quantity_unit: Option<String>,
    /// `credit`: amounts are negative where money is to be paid. `charge` or absent: as they stand.
    pub sign: Option<String>,
    /// The character between cells; found out if absent.
    pub delimiter: Option<String>,
    /// The character before decimals; `.` if absent.
    pub decimal: Option<String>,
    /// The character between thousands; none if absent.
    pub thousands: Option<String>,
    /// How dates are written, in `strftime` words; ISO 8601 if absent.
    pub date_format: Option<String>,
    /// Field to column: `date`, `amount`, `model`, `description`, `quantity`, `account`, `workspace`, `api_key`, `region`,
    /// `tier`, `class`, `currency`, `list`, `end`, `invoice`.
    pub columns: Vec<(String, String)>,
    /// What texts mean, the first match counting: a pattern over the class column and the description, and the charge
    /// it means.
    pub rules: Vec<(String, String)>,
}

/// The fields that columns can hold.
pub const FIELDS: [&str; 15] = [
    "date",
    "amount",
    "model",
    "description",
    "quantity",
    "account",
    "workspace",
    "api_key",
    "region",
    "tier",
    "class",
    "currency",
    "list",
    "end",
    "invoice",
];

/// What is wrong with a mapping, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: {reason}")]
pub struct MappingError {
    /// The key, as the settings have it (`parsing.decimal`, `rules`).
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Mapping {
    /// Looks for what no file could be read by.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), MappingError> {
        Plan::new(self).map(|_| ())
    }

    /// Returns the delimiter that the mapping fixes: a file is then cut by it, whatever its header looks like.
    pub fn delimiter(&self) -> Option<u8> {
        match self.delimiter.as_deref()?.as_bytes() {
            [byte] if byte.is_ascii() => Some(*byte),
            b"\\t" | b"tab" => Some(b'\t'),
            _ => None,
        }
    }
}
