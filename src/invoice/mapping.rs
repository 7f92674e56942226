//! A user's own bill: which columns hold what, and how its amounts and days are written.

/// A mapping, from `[invoice.NAME]` of the settings. Names of columns are matched as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Its name, shown with the import.
    pub name: String,
    /// Who charges.
    pub provider: String,
    /// ISO 4217; absent where a column tells.
    pub currency: Option<String>,
    /// The zone whose days the bill counts, as an IANA name; UTC if absent.
    pub timezone: Option<String>,
    /// `hour`, `day`, `month`, or `line`: a date a line with no span meant.
    pub granularity: Option<String>,
    /// `net`, `list` or `after_credit`.
    pub basis: Option<String>,
    /// `currency` or `cents`.
    pub unit: Option<String>,
    /// The step amounts are rounded to, as a decimal (`0.01`).
    pub quantum: Option<String>,
    /// `tokens`, `1K`, `1M` or `requests`.
    pub quantity_unit: Option<String>,
    /// `credit`: amounts are negative where money is to be paid.
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
    /// What texts mean, the first match counting: a pattern over the description (and the class column), and the charge
    /// it means.
    pub rules: Vec<(String, String)>,
}
