//! `attr prices check`: the rules a table should keep, what was released of it, and what other lists say.

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::Timestamp;
use crate::ops::prices::lists::ListsError;
use crate::ops::prices::lists::list_name;
use crate::ops::prices::lists::of_seller;
use crate::ops::prices::lists::read_list;
use crate::price::Comparison;
use crate::price::Disagreement;
use crate::price::Explained;
use crate::price::FROZEN;
use crate::price::Finding;
use crate::price::PriceError;
use crate::price::Table as PriceTable;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Report;
use crate::report::Table;

/// The file beside a table's price files that holds the rows of every release.
const FROZEN_FILE: &str = "FROZEN.txt";
/// What stands at its top.
const FROZEN_HEAD: &str = "# Every price row that a release had: its key and a digest of what it charges. `attr prices check --freeze` adds rows;\n\
                           # none is ever taken out.\n";

/// Why a table cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The table cannot be used at all.
    #[error(transparent)]
    Price(#[from] PriceError),
    /// A list cannot be read.
    #[error(transparent)]
    List(#[from] ListsError),
    /// The explanations cannot be read.
    #[error("{}: {error}", path.display())]
    Explained {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: String,
    },
    /// Only a folder of prices can be frozen.
    #[error("--freeze needs the folder of the table: `attr prices check pricing --freeze`")]
    NoFolder,
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// What to check.
#[derive(Clone, Debug, Default)]
pub struct CheckOrder {
    /// The table; none for the one built in.
    pub path: Option<PathBuf>,
    /// Lists to compare with.
    pub against: Vec<PathBuf>,
    /// Explanations of disagreements.
    pub explained: Option<PathBuf>,
    /// The moment whose prices are compared.
    pub at: Option<Timestamp>,
    /// Whether to add the rows of the table to those released.
    pub freeze: bool,
}

/// Checks a table; tells too whether nothing was found.
pub fn check(order: &CheckOrder, now: Timestamp) -> Result<(Report, bool), CheckError> {
    let table = PriceTable::assemble(order.path.as_deref(), &[])?;
    let frozen_file = order.path.as_ref().filter(|path| path.is_dir()).map(|path| path.join(FROZEN_FILE));
    let frozen = match &frozen_file {
        _ if order.path.is_none() => Some(FROZEN.to_string()),
        Some(file) if file.exists() => Some(fs_err::read_to_string(file)?),
        _ => None,
    };
    // A table that is released says where every row comes from; a user's own need not.
    let mut findings = table.audit(now, frozen.is_some());
    findings.extend(table.audit_frozen(frozen.as_deref().unwrap_or_default()));
    let mut report = Report::new("prices check");
    report.price_table = Some(table.id().to_string());
    report.blocks.push(Block::Heading(format!("price table {}", table.id())));
    let mut compared = Compared { table: &table, explained: explanations(order)?, rows: Vec::new(), only: Vec::new() };
    let mut used = BTreeSet::new();
    for path in &order.against {
        compared.with(path, order.at.unwrap_or(now), &mut used)?;
    }
    findings.extend(compared.findings(&used, &order.against));
    if order.freeze {
        let file = frozen_file.ok_or(CheckError::NoFolder)?;
        let added = freeze(&table, &file, frozen.as_deref().unwrap_or_default())?;
        report.put("frozen", added);
        report.blocks.push(Block::Note(format!("rows added to {}: {added}", file.display())));
    }
    compared.tell(&mut report);
    tell(&mut report, &findings);
    Ok((report, findings.is_empty()))
}

/// Adds the rows of a table to those released; returns how many are new.
fn freeze(table: &PriceTable, file: &Path, frozen: &str) -> Result<usize, CheckError> {
    let mut lines: BTreeSet<String> =
        frozen.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_string).collect();
    let before = lines.len();
    lines.extend(table.frozen_lines());
    let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    fs_err::write(file, format!("{FROZEN_HEAD}{text}"))?;
    Ok(lines.len() - before)
}

fn explanations(order: &CheckOrder) -> Result<Explained, CheckError> {
    let Some(path) = &order.explained else { return Ok(Explained::default()) };
    let text = fs_err::read_to_string(path)?;
    Explained::read(&text).map_err(|error| CheckError::Explained { path: path.clone(), error: error.to_string() })
}

/// The table beside the lists.
struct Compared<'t> {
    table: &'t PriceTable,
    explained: Explained,
    /// Each disagreement with its list and the explanation, if there is one.
    rows: Vec<(String, Disagreement, Option<usize>)>,
    /// What only one has, by list.
    only: Vec<(String, Comparison)>,
}

impl Compared<'_> {
    fn with(&mut self, path: &Path, at: Timestamp, used: &mut BTreeSet<usize>) -> Result<(), CheckError> {
        let (list, name) = (read_list(path)?, list_name(path));
        let mut comparison = Comparison::default();
        for seller in self.table.sellers() {
            let providers = of_seller(self.table, &seller.id, &list);
            if !providers.is_empty() {
                comparison.add(self.table, seller, &list, &providers, at);
            }
        }
        for it in &comparison.disagreements {
            let all = self.explained.disagreement.iter().enumerate();
            let why: Vec<usize> = all.filter(|(_, why)| why.explains(&name, it)).map(|(n, _)| n).collect();
            used.extend(&why);
            self.rows.push((name.clone(), it.clone(), why.first().copied()));
        }
        self.only.push((name, comparison));
        Ok(())
    }

    /// Returns the disagreements that nobody explained, and the explanations that explain nothing any more.
    fn findings(&self, used: &BTreeSet<usize>, lists: &[PathBuf]) -> Vec<Finding> {
        let first_party = |id: &str| self.table.sellers().any(|seller| seller.id == id && seller.first_party);
        let open = self.rows.iter().filter(|(_, it, why)| why.is_none() && first_party(&it.seller));
        let mut found: Vec<Finding> = open
            .map(|(list, it, _)| Finding {
                rule: "unexplained",
                row: format!("{}/{}/{}", it.seller, it.model, it.mode),
                place: None,
                message: format!("{} is {}, and {} in {list}", what(it), ours(it), it.theirs),
            })
            .collect();
        let lists: Vec<String> = lists.iter().map(|path| list_name(path)).collect();
        for (n, why) in self.explained.disagreement.iter().enumerate() {
            if !used.contains(&n) && lists.iter().any(|list| why.is_about(list)) {
                let message = "explains no disagreement any more".to_string();
                found.push(Finding { rule: "explains_nothing", row: why.told(), place: None, message });
            }
        }
        found
    }

    fn tell(&self, report: &mut Report) {
        if self.only.is_empty() {
            return;
        }
        let rows: Vec<Value> = self.rows.iter().map(|(list, it, why)| self.object(list, it, *why)).collect();
        report.put("disagreements", rows);
        let mut lists = Vec::new();
        for (name, comparison) in &self.only {
            let ids = |pairs: &[(String, String)]| {
                pairs.iter().map(|(seller, id)| format!("{seller}/{id}")).collect::<Vec<_>>()
            };
            lists.push(json!({
                "list": name,
                "compared": comparison.compared,
                "only_in_table": ids(&comparison.only_table),
                "only_in_list": ids(&comparison.only_list),
            }));
            report.blocks.push(Block::Note(format!(
                "{name}: models compared {}, only in the table {}, only in the list {}",
                comparison.compared,
                comparison.only_table.len(),
                comparison.only_list.len()
            )));
        }
        report.put("lists", lists);
        let mut shown = Table {
            columns: ["seller", "model", "listed as", "mode", "prompt", "class", "ours", "theirs", "list", "why"]
                .map(Column::new)
                .into(),
            ..Table::default()
        };
        for (list, it, why) in &self.rows {
            let why = why.map_or(Cell::Empty, |n| Cell::Text(self.explained.disagreement[n].why.clone()));
            let prompt = if it.prompt_min == 0 { Cell::Empty } else { Cell::Text(format!("from {}", it.prompt_min)) };
            shown.rows.push(vec![
                Cell::Text(it.seller.clone()),
                Cell::Logged(it.model.clone()),
                if it.listed_as == it.model { Cell::Empty } else { Cell::Logged(it.listed_as.clone()) },
                Cell::Text(it.mode.to_string()),
                prompt,
                it.class.map_or(Cell::Empty, |class| Cell::Text(class.name().into())),
                Cell::Text(ours(it)),
                Cell::Text(format!("${}", it.theirs)),
                Cell::Text(list.clone()),
                why,
            ]);
        }
        if !shown.rows.is_empty() {
            report.blocks.push(Block::Table(shown));
        }
    }

    fn object(&self, list: &str, it: &Disagreement, why: Option<usize>) -> Value {
        let mut object = Map::new();
        object.insert("seller".into(), json!(it.seller));
        object.insert("model".into(), json!(it.model));
        if it.listed_as != it.model {
            object.insert("listed_as".into(), json!(it.listed_as));
        }
        object.insert("mode".into(), json!(it.mode.name()));
        if it.prompt_min > 0 {
            object.insert("prompt_min".into(), json!(it.prompt_min));
        }
        if let Some(class) = it.class {
            object.insert("class".into(), json!(class.name()));
        }
        if let Some(ours) = &it.ours {
            object.insert("ours".into(), json!(ours));
        }
        object.insert("theirs".into(), json!(it.theirs));
        object.insert("list".into(), json!(list));
        if let Some(n) = why {
            object.insert("why".into(), json!(self.explained.disagreement[n].why));
        }
        object.into()
    }
}

fn what(it: &Disagreement) -> String {
    let class = it.class.map_or("the price", |class| class.name());
    if it.prompt_min == 0 { class.into() } else { format!("{class} from {} tokens on", it.prompt_min) }
}

fn ours(it: &Disagreement) -> String {
    it.ours.as_ref().map_or_else(|| "not sold".into(), |usd| format!("${usd}"))
}

fn tell(report: &mut Report, findings: &[Finding]) {
    let object = |finding: &Finding| {
        let mut object = Map::new();
        object.insert("rule".into(), finding.rule.into());
        object.insert("price_row".into(), finding.row.clone().into());
        if let Some(place) = &finding.place {
            object.insert("place".into(), format!("{}:{}", place.file, place.line).into());
        }
        object.insert("message".into(), finding.message.clone().into());
        Value::Object(object)
    };
    report.put_rows("findings", findings.iter().map(object));
    let mut shown = Table { columns: ["rule", "row", "finding", "place"].map(Column::new).into(), ..Table::default() };
    for finding in findings {
        let place = finding.place.as_ref().map_or(Cell::Empty, |at| Cell::Path(format!("{}:{}", at.file, at.line)));
        let (row, message) = (Cell::Path(finding.row.clone()), Cell::Text(finding.message.clone()));
        shown.rows.push(vec![Cell::Text(finding.rule.into()), row, message, place]);
    }
    match findings.len() {
        0 => report.blocks.push(Block::Note("nothing found".into())),
        _ => report.blocks.push(Block::Table(shown)),
    }
}
