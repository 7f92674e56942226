//! `--where`: conditions on dimensions, all of which must hold.

use crate::domain::dimension::Axis;

/// What a condition asks of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// The value is one of these; `None` stands for untagged.
    AnyOf(Vec<Option<String>>),
    /// The value is none of these.
    NoneOf(Vec<Option<String>>),
    /// The value matches one of these globs (`*`, `?`).
    Glob(Vec<String>),
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The axis it looks at.
    pub axis: Axis,
    /// What must hold.
    pub test: Test,
}

/// Conditions that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(pub Vec<Condition>);

/// Why a condition could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a filter: use KEY=VALUE, KEY!=VALUE, KEY~GLOB, KEY= (untagged) or KEY=a,b (either)")]
pub struct FilterError(pub String);

impl Condition {
    /// Asks for one value along an axis; `None` is untagged.
    pub fn is(axis: Axis, value: Option<&str>) -> Condition {
        Condition { axis, test: Test::AnyOf(vec![value.map(str::to_string)]) }
    }

    /// Understands `KEY=VALUE`, `KEY!=VALUE`, `KEY~GLOB`, `KEY=`, `KEY=a,b`.
    pub fn parse(text: &str) -> Result<Condition, FilterError> {
        let fail = || FilterError(text.to_string());
        let at = text.find(['=', '~']).ok_or_else(fail)?;
        let (key, value) = (&text[..at], &text[at + 1..]);
        let (key, negated) = match key.strip_suffix('!') {
            Some(key) => (key, true),
            None => (key, false),
        };
        if key.trim().is_empty() || (negated && text.as_bytes()[at] == b'~') {
            return Err(fail());
        }
        let test = if text.as_bytes()[at] == b'~' {
            Test::Glob(value.split(',').map(str::to_string).collect())
        } else {
            let values = value.split(',').map(|v| (!v.is_empty()).then(|| v.to_string())).collect();
            if negated { Test::NoneOf(values) } else { Test::AnyOf(values) }
        };
        Ok(Condition { axis: Axis::parse(key.trim()), test })
    }

    /// Tells whether a value passes.
    pub fn accepts(&self, value: Option<&str>) -> bool {
        let among = |values: &[Option<String>]| values.iter().any(|v| v.as_deref() == value);
        match &self.test {
            Test::AnyOf(values) => among(values),
            Test::NoneOf(values) => !among(values),
            Test::Glob(globs) => value.is_some_and(|value| globs.iter().any(|glob| glob_matches(glob, value))),
        }
    }
}

/// Matches `*` (any run) and `?` (any one character), without backtracking beyond the last star.
pub fn glob_matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut g, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if g < glob.len() && glob[g] == '*' {
            star = Some((g, t));
            g += 1;
        } else if g < glob.len() && (glob[g] == '?' || glob[g] == text[t]) {
            g += 1;
            t += 1;
        } else if let Some((star_g, star_t)) = star {
            g = star_g + 1;
            t = star_t + 1;
            star = Some((star_g, star_t + 1));
        } else {
            return false;
        }
    }
    glob[g..].iter().all(|c| *c == '*')
}
