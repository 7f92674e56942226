//! A run as a tree: pieces that name their parents, put in place, with what each costs itself and with all below it.
//!
//! Whatever the pieces say of each other, every piece has exactly one place: an orphan stands at the root, a circle of
//! parents is cut at its earliest piece, and of several pieces with one id the first is the parent. So the sums of the
//! roots are the sum of the pieces, always.

use std::collections::HashMap;

use crate::domain::Timestamp;
use crate::domain::rollup::Measures;

/// How others name a piece as their parent: a trace, if there is one, and an id within it.
pub type Name = (Option<String>, String);

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A level of an agent's path, made for the calls below it.
    Agent,
    /// A span that is no call.
    Span,
    /// A call.
    Call,
}

impl Kind {
    /// Returns the name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Agent => "agent",
            Kind::Span => "span",
            Kind::Call => "call",
        }
    }
}

/// A piece of a run.
#[derive(Clone, Debug)]
pub struct Piece {
    /// What it is.
    pub kind: Kind,
    /// What people know it by.
    pub name: String,
    /// How others name it.
    pub id: Option<Name>,
    /// The pieces it may stand below: the first that there is.
    pub below: Vec<Name>,
    /// The path of its agent, `outer/inner`, where it stands if there is none of those.
    pub agent: Option<String>,
    /// Its first instant.
    pub start: Option<Timestamp>,
    /// Its last instant.
    pub end: Option<Timestamp>,
    /// The number of the call that it is.
    pub call: Option<i64>,
    /// The model of the call.
    pub model: Option<String>,
    /// Why its call is not counted, and the call counted in its place.
    pub held: Option<(&'static str, Option<i64>)>,
    /// What it adds itself; nothing for what is no counted call.
    pub own: Measures,
}

/// A piece in its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The piece.
    pub piece: Piece,
    /// What stands right below it, in order of time.
    pub children: Vec<usize>,
    /// What it adds with all below it.
    pub inclusive: Measures,
}

/// A run.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Every piece, and a node for each level of the agents' paths.
    pub nodes: Vec<Node>,
    /// What stands at the top, in order of time.
    pub roots: Vec<usize>,
}

/// More levels of one agent's path than this are one level.
const MOST_AGENTS: usize = 20;

impl Tree {
    /// Puts pieces in their places.
    pub fn grow(pieces: Vec<Piece>) -> Tree {
        let mut parents = parents(&pieces);
        cut_circles(&pieces, &mut parents);
        let nodes =
            pieces.into_iter().map(|piece| Node { piece, children: Vec::new(), inclusive: Measures::default() });
        let mut tree = Tree { nodes: nodes.collect(), roots: Vec::new() };
        tree.add_agents(&mut parents);
        for (at, parent) in parents.iter().enumerate() {
            match parent {
                Some(parent) => tree.nodes[*parent].children.push(at),
                None => tree.roots.push(at),
            }
        }
        tree.settle();
        tree
    }

    /// Returns what all of it adds.
    pub fn total(&self) -> Measures {
        let mut total = Measures::default();
        self.roots.iter().for_each(|root| total.add(&self.nodes[*root].inclusive));
        total
    }

    /// Returns the first and the last instant of all of it.
    pub fn time(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let pieces = || self.roots.iter().map(|root| &self.nodes[*root].piece);
        (pieces().filter_map(|piece| piece.start).min(), pieces().filter_map(|piece| piece.end.or(piece.start)).max())
    }

    /// Takes out what has no call below it, counted or not.
    pub fn prune(&mut self) {
        let mut keeps = vec![false; self.nodes.len()];
        for at in self.order().into_iter().rev() {
            let node = &self.nodes[at];
            keeps[at] = node.piece.call.is_some() || node.children.iter().any(|child| keeps[*child]);
        }
        self.roots.retain(|root| keeps[*root]);
        self.nodes.iter_mut().for_each(|node| node.children.retain(|child| keeps[*child]));
    }

    /// Gives calls that name no parent a node for each level of their agent's path.
    fn add_agents(&mut self, parents: &mut Vec<Option<usize>>) {
        let mut levels: HashMap<(Option<usize>, String), usize> = HashMap::new();
        for at in 0..self.nodes.len() {
            let Some(path) = self.nodes[at].piece.agent.clone().filter(|_| parents[at].is_none()) else { continue };
            let mut above = None;
            for name in path.splitn(MOST_AGENTS, '/').filter(|name| !name.is_empty()) {
                let next = *levels.entry((above, name.to_string())).or_insert_with(|| {
                    self.nodes.push(agent(name));
                    parents.push(above);
                    self.nodes.len() - 1
                });
                above = Some(next);
            }
            parents[at] = above;
        }
    }

    /// Returns every node, each behind the one above it.
    fn order(&self) -> Vec<usize> {
        let mut order = self.roots.clone();
        let mut next = 0;
        while let Some(at) = order.get(next) {
            order.extend(&self.nodes[*at].children);
            next += 1;
        }
        order
    }

    /// Sums from the leaves up, finds the times of what has none of its own, and sorts by time.
    fn settle(&mut self) {
        for at in self.order().into_iter().rev() {
            let mut children = std::mem::take(&mut self.nodes[at].children);
            children.sort_by_key(|child| self.nodes[*child].rank(*child));
            let mut inclusive = self.nodes[at].piece.own.clone();
            children.iter().for_each(|child| inclusive.add(&self.nodes[*child].inclusive));
            let below = || children.iter().map(|child| &self.nodes[*child].piece);
            let start = below().filter_map(|piece| piece.start).min();
            let end = below().filter_map(|piece| piece.end.or(piece.start)).max();
            let node = &mut self.nodes[at];
            (node.children, node.inclusive) = (children, inclusive);
            if node.piece.start.is_none() {
                // Where no piece says how long it took, nobody knows how long they took together.
                (node.piece.start, node.piece.end) = (start, end.filter(|end| Some(*end) > start));
            }
        }
        let mut roots = std::mem::take(&mut self.roots);
        roots.sort_by_key(|root| self.nodes[*root].rank(*root));
        self.roots = roots;
    }
}

impl Node {
    /// What siblings are sorted by: time, then the order they came in; what has no time comes last.
    fn rank(&self, at: usize) -> (bool, Option<Timestamp>, usize) {
        (self.piece.start.is_none(), self.piece.start, at)
    }
}

fn agent(name: &str) -> Node {
    let piece = Piece {
        kind: Kind::Agent,
        name: name.to_string(),
        id: None,
        below: Vec::new(),
        agent: None,
        start: None,
        end: None,
        call: None,
        model: None,
        held: None,
        own: Measures::default(),
    };
    Node { piece, children: Vec::new(), inclusive: Measures::default() }
}

/// Returns the place of each piece's parent, as the pieces say.
fn parents(pieces: &[Piece]) -> Vec<Option<usize>> {
    let mut places: HashMap<&Name, usize> = HashMap::new();
    for (at, piece) in pieces.iter().enumerate() {
        if let Some(id) = &piece.id {
            places.entry(id).or_insert(at);
        }
    }
    let parent = |(at, piece): (usize, &Piece)| {
        piece.below.iter().find_map(|name| places.get(name).copied().filter(|place| *place != at))
    };
    pieces.iter().enumerate().map(parent).collect()
}

/// Makes the earliest piece of every circle of parents a root.
fn cut_circles(pieces: &[Piece], parents: &mut [Option<usize>]) {
    const UNSEEN: usize = usize::MAX;
    let mut seen_from = vec![UNSEEN; pieces.len()];
    for begin in 0..pieces.len() {
        let mut at = begin;
        let mut next = Some(begin);
        while let Some(here) = next.filter(|here| seen_from[*here] == UNSEEN) {
            seen_from[here] = begin;
            at = here;
            next = parents[here];
        }
        // The walk came back to where it has been itself: that piece is in a circle.
        if let Some(met) = next.filter(|met| seen_from[*met] == begin && parents[at] == Some(*met)) {
            let mut first = met;
            let mut walk = parents[met];
            while let Some(here) = walk.filter(|here| *here != met) {
                if (pieces[here].start, here) < (pieces[first].start, first) {
                    first = here;
                }
                walk = parents[here];
            }
            parents[first] = None;
        }
    }
}
