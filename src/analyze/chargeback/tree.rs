//! Rows by key, rounded from the top down: children sum to their parent's cents, and the top to the bill's.

use std::sync::Arc;

use crate::analyze::chargeback::Exact;
use crate::analyze::chargeback::Kind;
use crate::analyze::chargeback::cents::deal;
use crate::domain::Usd;

/// What stands in one place of a key; the order is that of ties.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// A dimension's value.
    Value(Arc<str>),
    /// Calls without one.
    Untagged,
    /// Money without an owner.
    Apart(Kind),
    /// What money of a provider's month is for, where rows tell that too.
    Part(u32, Kind),
}

/// An exact part of a bill under its key.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Vec<Slot>,
    /// How much.
    pub exact: Exact,
    /// What the calls behind it cost.
    pub logged: Usd,
}

/// A row, with the rows below it.
#[derive(Clone, Debug)]
pub struct Node {
    /// The last place of its key.
    pub slot: Slot,
    /// How much, exactly.
    pub exact: Exact,
    /// How much, in cents.
    pub cents: i128,
    /// What the calls behind it cost.
    pub logged: Usd,
    /// The rows below.
    pub children: Vec<Node>,
}

/// A bill in rows.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The rows: owners first, most money first; then what has no owner.
    pub nodes: Vec<Node>,
    /// What the bill asks, exactly.
    pub billed: Exact,
    /// What the rows sum to, in cents.
    pub cents: i128,
}

impl Tree {
    /// Returns the rows of the last level, with their keys.
    pub fn leaves(&self) -> Vec<(Vec<Slot>, &Node)> {
        let mut found = Vec::new();
        walk(&self.nodes, &mut Vec::new(), &mut |key, node| {
            if node.children.is_empty() {
                found.push((key.to_vec(), node));
            }
        });
        found
    }

    /// Returns the rows of the levels above the last, with their keys.
    pub fn subtotals(&self) -> Vec<(Vec<Slot>, &Node)> {
        let mut found = Vec::new();
        walk(&self.nodes, &mut Vec::new(), &mut |key, node| {
            if !node.children.is_empty() {
                found.push((key.to_vec(), node));
            }
        });
        found
    }
}

fn walk<'n>(nodes: &'n [Node], key: &mut Vec<Slot>, on: &mut impl FnMut(&[Slot], &'n Node)) {
    for node in nodes {
        key.push(node.slot.clone());
        on(key, node);
        walk(&node.children, key, on);
        key.pop();
    }
}

/// Puts parts into rows and rounds them, once.
pub fn tree(mut entries: Vec<Entry>) -> Tree {
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    let billed: Exact = entries.iter().map(|entry| entry.exact).sum();
    let cents = billed.cents();
    let mut nodes = nodes(&entries, 0);
    round(&mut nodes, cents);
    Tree { nodes, billed, cents }
}

/// Gathers the rows of a level from entries in order of their keys.
fn nodes(entries: &[Entry], level: usize) -> Vec<Node> {
    let same = |a: &Entry, b: &Entry| a.key.get(level) == b.key.get(level);
    let node = |group: &[Entry]| {
        let slot = group.first()?.key.get(level)?.clone();
        Some(Node {
            slot,
            exact: group.iter().map(|entry| entry.exact).sum(),
            cents: 0,
            logged: group.iter().map(|entry| entry.logged).sum(),
            children: nodes(group, level + 1),
        })
    };
    entries.chunk_by(same).filter_map(node).collect()
}

fn round(nodes: &mut [Node], cents: i128) {
    let shares: Vec<i128> = nodes.iter().map(|node| node.exact.units()).collect();
    for (node, cents) in nodes.iter_mut().zip(deal(&shares, cents)) {
        node.cents = cents;
        round(&mut node.children, cents);
    }
    // Only now: ties went by the order of the keys.
    let apart = |node: &Node| match node.slot {
        Slot::Apart(kind) => Some(kind),
        Slot::Value(_) | Slot::Untagged | Slot::Part(..) => None,
    };
    nodes.sort_by(|a, b| apart(a).cmp(&apart(b)).then(b.exact.cmp(&a.exact)).then_with(|| a.slot.cmp(&b.slot)));
}
