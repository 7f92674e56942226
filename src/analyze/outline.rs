//! A tree cut for reading: so many levels, and long rows of like calls as one line. What is cut is summed, not lost.

use crate::analyze::trace::Kind;
use crate::analyze::trace::Node;
use crate::analyze::trace::Piece;
use crate::analyze::trace::Tree;
use crate::domain::rollup::Measures;

/// Deeper than this nothing is shown: documents that nest further cannot be read back by common parsers.
pub const DEEPEST: usize = 50;

/// How much of a tree to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// So many levels.
    pub depth: Option<usize>,
    /// So many of calls that follow one another and are of one name and model; the others are one line.
    pub alike: Option<usize>,
}

/// A line of the outline, with the lines below it.
#[derive(Clone, Debug)]
pub struct Line<'t> {
    /// What it shows; of several calls, the first.
    pub piece: &'t Piece,
    /// How many calls it shows at once.
    pub calls: usize,
    /// What it adds itself.
    pub own: Measures,
    /// What it adds with all below it.
    pub inclusive: Measures,
    /// The lines below it.
    pub children: Vec<Line<'t>>,
    /// The nodes below it that are not shown, and what they add.
    pub below: Option<(usize, Measures)>,
}

/// Cuts a tree.
pub fn outline(tree: &Tree, cut: Cut) -> Vec<Line<'_>> {
    let depth = cut.depth.unwrap_or(DEEPEST).clamp(1, DEEPEST);
    lines(tree, &tree.roots, depth, cut.alike)
}

fn lines<'t>(tree: &'t Tree, siblings: &[usize], depth: usize, alike: Option<usize>) -> Vec<Line<'t>> {
    let mut lines = Vec::new();
    let mut rest = siblings;
    while let Some(first) = rest.first() {
        let like = rest.iter().take_while(|at| are_alike(&tree.nodes[*first], &tree.nodes[**at])).count().max(1);
        let (group, others) = rest.split_at(like);
        // A line that says "one more" is no shorter than the one.
        let shown = alike.filter(|most| like > most + 1).unwrap_or(like);
        lines.extend(group[..shown].iter().map(|at| line(tree, *at, depth, alike)));
        if shown < like {
            lines.push(folded(tree, &group[shown..]));
        }
        rest = others;
    }
    lines
}

/// Tells whether two siblings are calls, with nothing below, that read the same but for their figures.
fn are_alike(a: &Node, b: &Node) -> bool {
    reading(a).is_some_and(|first| Some(first) == reading(b))
}

/// Returns what a call with nothing below reads like: its name, its model, and why it is not counted.
fn reading(node: &Node) -> Option<(&str, Option<&str>, Option<&str>)> {
    let piece = &node.piece;
    let is_leaf = piece.kind == Kind::Call && node.children.is_empty();
    is_leaf.then(|| (piece.name.as_str(), piece.model.as_deref(), piece.held.map(|(reason, _)| reason)))
}

fn line<'t>(tree: &'t Tree, at: usize, depth: usize, alike: Option<usize>) -> Line<'t> {
    let node = &tree.nodes[at];
    let (children, below) = match (depth, node.children.is_empty()) {
        (1, false) => (Vec::new(), Some(hidden(tree, &node.children))),
        _ => (lines(tree, &node.children, depth.saturating_sub(1), alike), None),
    };
    Line {
        piece: &node.piece,
        calls: usize::from(node.piece.kind == Kind::Call),
        own: node.piece.own.clone(),
        inclusive: node.inclusive.clone(),
        children,
        below,
    }
}

/// Shows several calls as one line.
fn folded<'t>(tree: &'t Tree, group: &[usize]) -> Line<'t> {
    let mut sum = Measures::default();
    group.iter().for_each(|at| sum.add(&tree.nodes[*at].inclusive));
    let piece = &tree.nodes[group[0]].piece;
    Line { piece, calls: group.len(), own: sum.clone(), inclusive: sum, children: Vec::new(), below: None }
}

/// Counts and sums what is not shown.
fn hidden(tree: &Tree, children: &[usize]) -> (usize, Measures) {
    let mut sum = Measures::default();
    children.iter().for_each(|child| sum.add(&tree.nodes[*child].inclusive));
    let (mut count, mut open) = (0, children.to_vec());
    while let Some(at) = open.pop() {
        count += 1;
        open.extend(&tree.nodes[at].children);
    }
    (count, sum)
}
