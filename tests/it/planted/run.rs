//! A scene through the program: log and bills as files, imported and reconciled, and what the answer says.

use attr::domain::Usd;
use serde_json::Value;

use super::bills;
use super::logs;
use super::plants::Planted;
use super::scene::Scene;
use crate::world::World;

/// A line of the bridge.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) cause: String,
    /// In picodollars.
    pub(super) amount: i128,
    pub(super) place: Value,
}

/// What `attr reconcile` answers, as far as it is judged here; amounts in picodollars.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) invoiced: i128,
    pub(super) logged: i128,
    pub(super) bridge: Vec<Item>,
    pub(super) unexplained: i128,
    pub(super) bound: i128,
    pub(super) status: String,
}

/// Causes that say that there is nothing to say.
const HARMLESS: [&str; 1] = ["rounding"];

fn pico(value: &Value, key: &str) -> Result<i128, String> {
    let text = value[key].as_str().ok_or_else(|| format!("no `{key}` in {value}"))?;
    Usd::parse(text).map(Usd::pico).map_err(|error| format!("`{key}`: {error}: {text}"))
}

/// Puts a scene's files into a folder of their own; returns it with the paths of the bills.
pub(super) fn lay_out(scene: &Scene) -> (World, Vec<String>) {
    let world = World::new();
    world.write("app.jsonl", logs::application(scene));
    if !scene.gateway.is_empty() {
        world.write("gateway.csv", logs::gateway(scene));
    }
    if let Some(settings) = bills::settings(scene) {
        world.write("attr.toml", settings);
    }
    let paths = bills::files(scene).into_iter().map(|file| world.write(&file.name, file.text)).collect();
    (world, paths)
}

/// Imports a scene's logs.
fn import(scene: &Scene, world: &World) -> Result<(), String> {
    for (name, source, is_there) in [("app.jsonl", "app", true), ("gateway.csv", "gateway", !scene.gateway.is_empty())]
    {
        if is_there {
            let ran = world.attr(&["import", name, "--source", source, "--json"]);
            if ran.code != Some(0) {
                return Err(format!("{name} is not in: {ran:?}"));
            }
        }
    }
    Ok(())
}

/// Reconciles a scene.
pub(super) fn reconcile(scene: &Scene) -> Result<Answer, String> {
    let (world, paths) = lay_out(scene);
    import(scene, &world)?;
    let mut args = vec!["reconcile", "--json"];
    args.extend(paths.iter().map(String::as_str));
    args.extend(scene.args.iter().map(String::as_str));
    let ran = world.attr(&args);
    if !matches!(ran.code, Some(0 | 1)) || ran.err.contains("panicked") {
        return Err(format!("no answer: {:?} {} {}", ran.code, ran.out, ran.err));
    }
    let answer = ran.json();
    let bridge = answer["bridge"].as_array().ok_or("no bridge")?;
    let item = |item: &Value| {
        let cause = item["cause"].as_str().ok_or("no cause")?.to_string();
        Ok::<_, String>(Item { cause, amount: pico(item, "amount_usd")?, place: item["where"].clone() })
    };
    Ok(Answer {
        invoiced: pico(&answer, "invoiced_usd")?,
        logged: pico(&answer, "logged_usd")?,
        bridge: bridge.iter().map(item).collect::<Result<_, _>>()?,
        unexplained: pico(&answer, "unexplained_usd")?,
        bound: pico(&answer, "bound_usd")?,
        status: answer["status"].as_str().unwrap_or_default().to_string(),
    })
}

impl Answer {
    /// Whether the bridge sums, to the last digit.
    pub(super) fn sums(&self) -> bool {
        self.invoiced == self.logged + self.bridge.iter().map(|item| item.amount).sum::<i128>() + self.unexplained
    }

    /// What a cause is said to be worth; `None` if it is not said.
    pub(super) fn of(&self, cause: &str) -> Option<i128> {
        let mut items = self.bridge.iter().filter(|item| item.cause == cause).peekable();
        items.peek()?;
        Some(items.map(|item| item.amount).sum())
    }

    /// The causes that are said and were not planted.
    pub(super) fn beside(&self, planted: &[Planted]) -> Vec<&str> {
        let mut causes: Vec<&str> = self.bridge.iter().map(|item| item.cause.as_str()).collect();
        causes.retain(|cause| !HARMLESS.contains(cause) && !planted.iter().any(|planted| planted.cause == *cause));
        causes.sort_unstable();
        causes.dedup();
        causes
    }

    /// Whether a planted cause is named.
    pub(super) fn names(&self, planted: &Planted) -> bool {
        self.of(planted.cause).is_some()
    }

    /// Whether it is named with its dollars.
    pub(super) fn values(&self, planted: &Planted) -> bool {
        self.of(planted.cause).is_some_and(|amount| (amount - planted.amount).abs() <= planted.slack)
    }

    /// Whether it is named with its place, or has none.
    pub(super) fn places(&self, planted: &Planted) -> bool {
        let Some((dimension, value)) = &planted.place else { return self.names(planted) };
        let is_it = |item: &&Item| item.cause == planted.cause && item.place[*dimension] == value.as_str();
        self.bridge.iter().find(is_it).is_some()
    }

    /// Whether nothing is left that rounding cannot be.
    pub(super) fn is_explained(&self) -> bool {
        self.unexplained.abs() <= self.bound && matches!(self.status.as_str(), "reconciled" | "explained")
    }
}
