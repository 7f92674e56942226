//! The `[[event]]` blocks of settings files: what was planned to cost more, so that `attr spikes` raises no alarm.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use crate::cli::error::CliError;
use crate::cli::settings::Origin;
use crate::cli::settings::line_of;
use crate::domain::Condition;
use crate::domain::Filter;
use crate::domain::Window;
use crate::domain::window::Frame;
use crate::ops::spikes::Event;

/// One block.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Block {
    name: Spanned<String>,
    since: String,
    until: String,
    #[serde(default, rename = "where")]
    conditions: BTreeMap<String, String>,
}

/// A block and the place it stands at.
#[derive(Clone, Debug)]
struct Planned {
    block: Block,
    place: String,
}

/// What the settings say was planned.
#[derive(Clone, Debug, Default)]
pub struct Events {
    planned: Vec<Planned>,
    /// Each event as it is shown: (name, value, origin).
    pub shown: Vec<(String, String, Origin)>,
}

impl Events {
    /// Adds the blocks of a file.
    pub(super) fn add(&mut self, path: &Path, text: &str, blocks: &[Block]) {
        for block in blocks {
            let conditions = block.conditions.iter().map(|(key, value)| format!(" where {key}={value}"));
            let value = format!("{} to {}{}", block.since, block.until, conditions.collect::<String>());
            let name = format!("event.{}", block.name.get_ref());
            self.shown.push((name, value, Origin::File(path.to_path_buf())));
            let place = format!("{}:{}", path.display(), line_of(text, block.name.span().start));
            self.planned.push(Planned { block: block.clone(), place });
        }
    }

    /// Returns the events, their words of time resolved as those of the command line are.
    pub fn events(&self, frame: Frame) -> Result<Vec<Event>, CliError> {
        self.planned.iter().map(|planned| planned.event(frame)).collect()
    }
}

impl Planned {
    fn event(&self, frame: Frame) -> Result<Event, CliError> {
        let Block { name, since, until, conditions } = &self.block;
        let name = name.get_ref();
        let wrong = |why: String| CliError::new(format!("{}: event `{name}`: {why}", self.place));
        let window = Window::parse(Some(since), Some(until), frame).map_err(|error| wrong(error.to_string()))?;
        let condition = |(key, value): (&String, &String)| {
            Condition::parse(&format!("{key}={value}")).map_err(|error| wrong(error.to_string()))
        };
        let filter = Filter(conditions.iter().map(condition).collect::<Result<_, _>>()?);
        Ok(Event { name: name.clone(), window, filter })
    }
}
