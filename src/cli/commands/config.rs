//! `attr config`.

use clap::Args;
use serde_json::json;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::OutputArgs;
use crate::cli::error::CliError;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Report;
use crate::report::Table;

/// Show each setting with its origin
///
/// Flags count before ATTR_* variables, those before the nearest attr.toml, that before the user's own file.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(flatten)]
    output: OutputArgs,
}

impl ConfigArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let settings = &app.settings;
        let rows = [
            ("db", Some(settings.db.value.display().to_string()), &settings.db.origin),
            (
                "pricing",
                settings.pricing.value.as_ref().map(|path| path.display().to_string()),
                &settings.pricing.origin,
            ),
            (
                "overrides",
                (!settings.overrides.value.is_empty()).then(|| {
                    let paths = settings.overrides.value.iter().map(|path| path.display().to_string());
                    paths.collect::<Vec<_>>().join(", ")
                }),
                &settings.overrides.origin,
            ),
            ("timezone", Some(settings.timezone.value.name().to_string()), &settings.timezone.origin),
            ("as_of", settings.as_of.value.clone(), &settings.as_of.origin),
            ("color", Some(settings.color.value.name().to_string()), &settings.color.origin),
        ];
        let mut report = Report::new("config");
        let mut table = Table { columns: ["setting", "value", "origin"].map(Column::new).into(), ..Table::default() };
        let mut objects = Vec::new();
        for (name, value, origin) in rows {
            let mut object = json!({"setting": name, "origin": origin.to_string()});
            if let Some(value) = &value {
                object["value"] = json!(value);
            }
            objects.push(object);
            let shown = value.unwrap_or_else(|| {
                let unset = match name {
                    "pricing" => "built in",
                    "overrides" => "none",
                    _ => "the clock",
                };
                unset.into()
            });
            table.rows.push(vec![Cell::Text(name.into()), Cell::Text(shown), Cell::Text(origin.to_string())]);
        }
        let shown = settings.dimensions.shown.iter().chain(&settings.invoices.shown);
        for (name, value, origin) in shown.chain(&settings.check.shown).chain(&settings.events.shown) {
            objects.push(json!({"setting": name, "origin": origin.to_string(), "value": value}));
            table.rows.push(vec![Cell::Text(name.clone()), Cell::Text(value.clone()), Cell::Text(origin.to_string())]);
        }
        report.put_rows("settings", objects);
        report.put("files", settings.files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>());
        report.put("sources", settings.sources.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>());
        report.blocks.push(Block::Table(table));
        for path in &settings.files {
            report.blocks.push(Block::Note(format!("read {}", path.display())));
        }
        app.show(&mut report, &self.output)
    }
}
