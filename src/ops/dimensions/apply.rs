//! Where the rules meet calls and spans, on their way from a reader to a batch.
//!
//! A call that no rule changes passes untouched; of one that is changed only the changed texts are copied. What a
//! rule says of a value is worked out once and remembered.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::Axis;
use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::span::Span;
use crate::domain::span::SpanRole;
use crate::ops::dimensions::FIXED;
use crate::ops::dimensions::OVER_LIMIT;
use crate::ops::dimensions::Others;
use crate::ops::dimensions::PseudonymKey;
use crate::ops::dimensions::Rule;
use crate::ops::dimensions::Rules;
use crate::ops::dimensions::hide;
use crate::ops::dimensions::hide::Hidden;
use crate::read::fields;
use crate::read::value;
use crate::store::Fixed;

/// Values and keys remembered before all is forgotten, so that no log grows the memory without end.
const MOST_REMEMBERED: usize = 100_000;
/// Values that are not allowed and are told by name.
const MOST_TOLD: usize = 5;

/// What the rule of one dimension did to the records of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruled {
    /// The dimension.
    pub name: String,
    /// What becomes of values that are not allowed.
    pub others: Others,
    /// The first values that are not allowed.
    pub values: Vec<String>,
    /// Calls with such a value that are kept.
    pub not_allowed: u64,
    /// Spans whose value is not handed down to the calls below them.
    pub not_handed_down: u64,
    /// How many values there may be.
    pub max_values: u64,
    /// Calls whose value came after the last allowed one.
    pub over_limit: u64,
}

impl Ruled {
    /// Adds what the same rule did to another file.
    pub fn add(&mut self, other: &Ruled) {
        for value in &other.values {
            if self.values.len() < MOST_TOLD && !self.values.contains(value) {
                self.values.push(value.clone());
            }
        }
        self.not_allowed += other.not_allowed;
        self.not_handed_down += other.not_handed_down;
        self.over_limit += other.over_limit;
    }

    /// Forgets what was done to the files so far.
    fn forget(&mut self) {
        self.values.clear();
        (self.not_allowed, self.not_handed_down, self.over_limit) = (0, 0, 0);
    }

    /// Tells whether there is anything to tell.
    pub fn is_quiet(&self) -> bool {
        self.values.is_empty() && self.over_limit == 0 && self.not_handed_down == 0
    }
}

/// The rules at work on one file.
#[derive(Clone)]
pub struct Ruler {
    rules: Vec<Worked>,
    key: Option<PseudonymKey>,
    /// Whether the keys of calls matter, and not only their dimensions.
    looks_at_keys: bool,
    hides: bool,
    roles: HashMap<String, Role>,
    /// The best key of each rule in the current call, with its rank.
    best: Vec<Option<(usize, usize)>>,
    hidden: Vec<Hidden>,
}

/// What a key is to the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Plain,
    /// It holds the dimension of a rule, with its rank among such keys.
    Holds(usize, usize),
    /// It tells the same as a dimension under a pseudonym.
    Tells(usize),
}

/// A rule with what it has worked out.
#[derive(Clone)]
struct Worked {
    axis: Axis,
    name: String,
    rule: Rule,
    keys: Vec<String>,
    folds: HashMap<String, Arc<str>>,
    known: HashSet<String>,
    verdicts: HashMap<String, Verdict>,
    /// The user sets a value for every call of the file.
    is_set: bool,
    ruled: Ruled,
}

#[derive(Clone, Debug)]
struct Verdict {
    to: To,
    note: Note,
}

#[derive(Clone, Debug)]
enum To {
    Same,
    Text(Arc<str>),
    Nothing,
    Reject,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Note {
    Fine,
    NotAllowed,
    Over,
}

impl Ruler {
    /// Sets the rules to work. `known` are the values that the store has of each dimension with a limit, by name.
    pub fn new(rules: &Rules, mut known: HashMap<String, HashSet<String>>) -> Ruler {
        let worked: Vec<Worked> = rules
            .of
            .iter()
            .map(|(axis, rule)| {
                let name = axis.to_string();
                let known = known.remove(&name).unwrap_or_default();
                Worked::new(axis, name, rule, known)
            })
            .collect();
        let hides = worked.iter().any(|worked| worked.rule.pseudonym);
        let by_key = |worked: &Worked| !worked.keys.is_empty() || matches!(worked.axis, Axis::Key(_));
        Ruler {
            looks_at_keys: hides || worked.iter().any(by_key),
            hides,
            best: vec![None; worked.len()],
            rules: worked,
            key: rules.key.clone(),
            roles: HashMap::new(),
            hidden: Vec::new(),
        }
    }

    /// Applies the rules to a call: `None` if it stays as it is, an error if it is rejected.
    pub fn call<'c>(&mut self, call: &'c Call<'c>) -> Result<Option<Call<'c>>, String> {
        self.apply(call, None)
    }

    /// Applies the rules to a span: `None` if it stays as it is. A value that would reject a record is not handed
    /// down.
    pub fn span(&mut self, span: &Span<'_>) -> Option<Span<'static>> {
        let mut call = Call::default();
        for (dim, value) in &span.dims {
            call.set(*dim, value.as_ref());
        }
        for (key, value) in &span.extra {
            call.extra.retain(|(known, _)| known != key);
            call.extra.push((key.as_ref().into(), value.as_ref().into()));
        }
        let changed = self.apply(&call, Some(span.role)).unwrap_or_default();
        let name = hide::hidden_in(&span.name, &self.hidden);
        if changed.is_none() && name.is_none() {
            return None;
        }
        let owned = |text: &str| Cow::<'static, str>::Owned(text.to_string());
        let call = changed.unwrap_or(call.borrowed());
        let dims = Dim::all().filter_map(|dim| Some((dim, owned(call.dim(dim)?))));
        Some(Span {
            trace: owned(&span.trace),
            id: owned(&span.id),
            parent: span.parent.as_deref().map(owned),
            name: owned(name.as_deref().unwrap_or(&span.name)),
            start: span.start,
            end: span.end,
            role: span.role,
            dims: dims.collect(),
            extra: call.extra.iter().map(|(key, value)| (owned(key), owned(value))).collect(),
        })
    }

    /// Applies the rules to what the user sets for every call. Values of the log that it covers are not judged.
    pub fn fixed(&mut self, fixed: &Fixed) -> Result<Fixed, String> {
        let mut call = Call::default();
        call.dims.iter_mut().zip(&fixed.dims).for_each(|(to, value)| {
            *to = value.as_deref().filter(|value| !value.is_empty()).map(Cow::Borrowed);
        });
        let set = fixed.extra.iter().filter(|(_, value)| !value.is_empty());
        call.extra.extend(set.map(|(key, value)| (key.into(), value.into())));
        let changed = self.apply(&call, None)?.unwrap_or(call.borrowed());
        // A value set to nothing, by the user or by a rule, says that there is none.
        let mut ruled = Fixed::default();
        for (at, to) in ruled.dims.iter_mut().enumerate() {
            let nothing = fixed.dims[at].as_ref().map(|_| String::new());
            *to = changed.dims[at].as_deref().map(str::to_string).or(nothing);
        }
        ruled.extra = changed.extra.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        ruled.extra.extend(fixed.extra.iter().filter(|(_, value)| value.is_empty()).cloned());
        for rule in &mut self.rules {
            rule.is_set = match &rule.axis {
                Axis::Dim(dim) => ruled.dims[*dim as usize].is_some(),
                Axis::Key(name) => ruled.extra.iter().any(|(key, _)| key == name),
                Axis::Time(_) | Axis::Call | Axis::Trait(_) => false,
            };
            (rule.ruled.not_allowed, rule.ruled.over_limit) = (0, 0);
        }
        Ok(ruled)
    }

    /// Returns what the rules did since the last time, for those that have something to tell.
    pub fn take_ruled(&mut self) -> Vec<Ruled> {
        let told = self.rules.iter().map(|rule| &rule.ruled).filter(|ruled| !ruled.is_quiet()).cloned().collect();
        self.rules.iter_mut().for_each(|rule| rule.ruled.forget());
        told
    }

    fn apply<'c>(&mut self, call: &'c Call<'c>, span: Option<SpanRole>) -> Result<Option<Call<'c>>, String> {
        self.hidden.clear();
        let mut changed: Option<Call<'c>> = None;
        if self.looks_at_keys && !call.extra.is_empty() {
            self.take_keys(call, &mut changed);
        }
        for rule in &mut self.rules {
            let Some(value) = rule.value_of(changed.as_ref().unwrap_or(call)) else { continue };
            let verdict = match (rule.is_set, rule.rule.pseudonym) {
                (false, _) => rule.judge(value, self.key.as_ref()),
                (true, true) => rule.hide(value, self.key.as_ref()),
                (true, false) => continue,
            };
            if rule.rule.pseudonym
                && let To::Text(pseudonym) = &verdict.to
            {
                self.hidden.push(Hidden { value: value.to_string(), pseudonym: Arc::clone(pseudonym) });
            }
            let to = match verdict.to {
                To::Same => None,
                To::Text(text) => Some(Some(text.to_string())),
                To::Nothing => Some(None),
                To::Reject if span.is_some() => {
                    rule.ruled.not_handed_down += u64::from(span == Some(SpanRole::Structure));
                    Some(None)
                }
                To::Reject => return Err(rule.rejection(value, self.key.as_ref())),
            };
            if span.is_none() {
                rule.ruled.not_allowed += u64::from(verdict.note == Note::NotAllowed);
                rule.ruled.over_limit += u64::from(verdict.note == Note::Over);
            }
            if let Some(to) = to {
                rule.put(changed.get_or_insert_with(|| call.borrowed()), to);
            }
        }
        if self.hides {
            self.hide_elsewhere(call, &mut changed);
        }
        Ok(changed)
    }

    /// Gives each dimension the value of the best of the keys that the user names for it.
    fn take_keys<'c>(&mut self, call: &'c Call<'c>, changed: &mut Option<Call<'c>>) {
        self.best.iter_mut().for_each(|best| *best = None);
        for (at, (key, value)) in call.extra.iter().enumerate() {
            if let Role::Holds(rule, rank) = self.role_of(key)
                && !value.is_empty()
                && self.best[rule].is_none_or(|(known, _)| rank < known)
            {
                self.best[rule] = Some((rank, at));
            }
        }
        for (rule, best) in self.rules.iter().zip(&self.best) {
            let Some((_, at)) = *best else { continue };
            let (key, value) = &call.extra[at];
            if !rule.is_set && !matches!(&rule.axis, Axis::Key(name) if name == key) {
                rule.take(key, value, changed.get_or_insert_with(|| call.borrowed()));
            }
        }
    }

    fn role_of(&mut self, key: &str) -> Role {
        if let Some(role) = self.roles.get(key) {
            return *role;
        }
        let folded = fields::folded(key);
        let holds = self.rules.iter().enumerate().find_map(|(at, rule)| Some(Role::Holds(at, rule.rank_of(&folded)?)));
        let tells = || {
            let tells = |rule: &Worked| rule.rule.pseudonym && hide::tells(&rule.axis, key, &folded);
            self.rules.iter().position(tells).map(Role::Tells)
        };
        let role = holds.or_else(tells).unwrap_or(Role::Plain);
        if self.roles.len() < MOST_REMEMBERED {
            self.roles.insert(key.to_string(), role);
        }
        role
    }

    /// Hides what a dimension under a pseudonym says wherever else the call says it.
    fn hide_elsewhere<'c>(&mut self, call: &'c Call<'c>, changed: &mut Option<Call<'c>>) {
        let pairs = changed.as_ref().unwrap_or(call).extra.len();
        let mut done = vec![false; pairs];
        for (at, done) in done.iter_mut().enumerate() {
            let Some((key, value)) = changed.as_ref().unwrap_or(call).extra.get(at) else { continue };
            let (key, value) = (key.to_string(), value.to_string());
            let (Role::Holds(rule, _) | Role::Tells(rule)) = self.role_of(&key) else { continue };
            let rule = &self.rules[rule];
            *done = rule.rule.pseudonym;
            // The rule's own key has its pseudonym already.
            if !rule.rule.pseudonym || matches!(&rule.axis, Axis::Key(name) if *name == key) {
                continue;
            }
            if let To::Text(pseudonym) = rule.hide(&value, self.key.as_ref()).to {
                changed.get_or_insert_with(|| call.borrowed()).extra[at].1 = pseudonym.to_string().into();
                self.hidden.push(Hidden { value, pseudonym });
            }
        }
        if self.hidden.is_empty() {
            return;
        }
        self.hidden.sort_by(|a, b| b.value.len().cmp(&a.value.len()).then_with(|| a.value.cmp(&b.value)));
        for dim in Dim::all().filter(|dim| FIXED.iter().all(|(fixed, _)| fixed != dim)) {
            let of_rule = |rule: &Worked| rule.rule.pseudonym && rule.axis == Axis::Dim(dim);
            if self.rules.iter().any(of_rule) {
                continue;
            }
            let value = changed.as_ref().unwrap_or(call).dim(dim);
            if let Some(text) = value.and_then(|value| hide::hidden_in(value, &self.hidden)) {
                changed.get_or_insert_with(|| call.borrowed()).set(dim, text);
            }
        }
        for at in (0..pairs).filter(|at| !done[*at]) {
            let Some((key, value)) = changed.as_ref().unwrap_or(call).extra.get(at) else { continue };
            let to = (hide::hidden_in(key, &self.hidden), hide::hidden_in(value, &self.hidden));
            if to == (None, None) {
                continue;
            }
            let pair = &mut changed.get_or_insert_with(|| call.borrowed()).extra[at];
            if let Some(key) = to.0 {
                pair.0 = key.into();
            }
            if let Some(value) = to.1 {
                pair.1 = value.into();
            }
        }
    }
}

impl Worked {
    fn new(axis: &Axis, name: String, rule: &Rule, mut known: HashSet<String>) -> Worked {
        let pairs = rule.fold.iter().flat_map(|(target, values)| {
            let target: Arc<str> = target.as_str().into();
            let spellings: Vec<String> = values.iter().map(|value| value.to_lowercase()).collect();
            let own = [target.to_lowercase()];
            spellings.into_iter().chain(own).map(move |value| (value, Arc::clone(&target)))
        });
        known.remove(OVER_LIMIT);
        Worked {
            axis: axis.clone(),
            keys: rule.keys.iter().map(|key| fields::folded(key)).collect(),
            folds: pairs.collect(),
            known,
            verdicts: HashMap::new(),
            is_set: false,
            ruled: Ruled {
                name: name.clone(),
                others: rule.others.unwrap_or_default(),
                max_values: rule.max_values.unwrap_or_default(),
                ..Ruled::default()
            },
            rule: rule.clone(),
            name,
        }
    }

    /// Returns the place of a folded key among those that hold the dimension; its own name comes last.
    fn rank_of(&self, folded: &str) -> Option<usize> {
        let named = self.keys.iter().position(|key| key == folded);
        let own = || matches!(&self.axis, Axis::Key(name) if fields::folded(name) == folded).then_some(self.keys.len());
        named.or_else(own)
    }

    fn value_of<'v>(&self, call: &'v Call<'_>) -> Option<&'v str> {
        match &self.axis {
            Axis::Dim(dim) => call.dim(*dim),
            Axis::Key(name) => call.extra.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref()),
            Axis::Time(_) | Axis::Call | Axis::Trait(_) => None,
        }
    }

    /// Moves a value from its key to the dimension; what the dimension had stays as a key of its name.
    fn take<'c>(&self, key: &str, value: &'c str, call: &mut Call<'c>) {
        call.extra.retain(|(known, _)| known != key);
        let (had, kept_as) = match &self.axis {
            Axis::Dim(dim) => (call.dims[*dim as usize].replace(value.into()), dim.name().to_string()),
            Axis::Key(name) => {
                let had = call.extra.iter().position(|(known, _)| known == name).map(|at| call.extra.remove(at).1);
                call.extra.push((name.clone().into(), value.into()));
                (had, format!("{name}.logged"))
            }
            Axis::Time(_) | Axis::Call | Axis::Trait(_) => return,
        };
        if let Some(had) = had.filter(|had| had != value) {
            call.set_extra(kept_as, had);
        }
    }

    fn put(&self, call: &mut Call<'_>, value: Option<String>) {
        match (&self.axis, value) {
            (Axis::Dim(dim), value) => call.dims[*dim as usize] = value.map(Cow::Owned),
            (Axis::Key(name), None) => call.extra.retain(|(key, _)| key != name),
            (Axis::Key(name), Some(value)) => {
                let known = call.extra.iter_mut().find(|(key, _)| key == name);
                known.into_iter().for_each(|(_, old)| *old = value.clone().into());
            }
            (Axis::Time(_) | Axis::Call | Axis::Trait(_), _) => {}
        }
    }

    fn judge(&mut self, value: &str, key: Option<&PseudonymKey>) -> Verdict {
        if let Some(verdict) = self.verdicts.get(value) {
            return verdict.clone();
        }
        let verdict = self.judge_anew(value, key);
        if self.verdicts.len() >= MOST_REMEMBERED {
            self.verdicts.clear();
        }
        self.verdicts.insert(value.to_string(), verdict.clone());
        verdict
    }

    fn judge_anew(&mut self, value: &str, key: Option<&PseudonymKey>) -> Verdict {
        let mut note = Note::Fine;
        let folded = self.folds.get(&value.to_lowercase()).cloned();
        let folded: &str = folded.as_deref().unwrap_or(value);
        if !self.rule.allowed.is_empty() && !self.rule.allowed.iter().any(|allowed| allowed == folded) {
            if self.ruled.others == Others::Reject {
                return Verdict { to: To::Reject, note: Note::Fine };
            }
            note = Note::NotAllowed;
            let shown = self.shown(folded, key);
            if self.ruled.values.len() < MOST_TOLD && !self.ruled.values.contains(&shown) {
                self.ruled.values.push(shown);
            }
            if self.ruled.others == Others::Untag {
                return Verdict { to: To::Nothing, note };
            }
        }
        let named = self.shown(folded, key);
        if let Some(most) = self.rule.max_values
            && !self.known.contains(&named)
            && named != OVER_LIMIT
        {
            if self.known.len() as u64 >= most {
                return Verdict { to: To::Text(OVER_LIMIT.into()), note: Note::Over };
            }
            self.known.insert(named.clone());
        }
        let to = if named == value { To::Same } else { To::Text(named.into()) };
        Verdict { to, note }
    }

    /// Returns the value as it may be shown and stored.
    fn shown(&self, value: &str, key: Option<&PseudonymKey>) -> String {
        match (self.rule.pseudonym, key) {
            (false, _) => value.to_string(),
            (true, Some(key)) => key.pseudonym(&self.name, value),
            // Rules are never set to work without their key; should they be, nothing is shown.
            (true, None) => format!("{}-(no key)", self.name),
        }
    }

    /// Returns the pseudonym of a value that is not judged otherwise.
    fn hide(&self, value: &str, key: Option<&PseudonymKey>) -> Verdict {
        let folded = self.folds.get(&value.to_lowercase()).map_or(value, AsRef::as_ref);
        Verdict { to: To::Text(self.shown(folded, key).into()), note: Note::Fine }
    }

    fn rejection(&self, value: &str, key: Option<&PseudonymKey>) -> String {
        let folded = self.folds.get(&value.to_lowercase()).map_or(value, AsRef::as_ref);
        let allowed: Vec<String> = self.rule.allowed.iter().take(10).map(|value| format!("`{value}`")).collect();
        let more = if self.rule.allowed.len() > 10 { ", …" } else { "" };
        let shown = value::excerpt(&self.shown(folded, key));
        format!("`{}` is {shown}, and the settings allow {}{more}", self.name, allowed.join(", "))
    }
}
