//! Whether two values of a dimension are likely one, written twice. Pure; rather silent than wrong.
//!
//! Three things tell: the same letters and digits in other case or with other separators, the usual words for one
//! environment, and a slip of the pen in a long word. Two values whose digits differ are never alike.

use strsim::jaro_winkler;

use crate::domain::Dim;

/// Usual words for one environment.
const ENVIRONMENTS: &[&[&str]] = &[
    &["prod", "production", "prd"],
    &["staging", "stage", "stg", "stag"],
    &["dev", "development", "devel", "develop"],
    &["test", "testing", "tst"],
];

/// A shorter word has too many real neighbours.
const SHORTEST_WORD: usize = 6;
/// A shorter word has neighbours that lack a letter: contact and contract.
const SHORTEST_LACKING: usize = 9;
const CLOSE: f64 = 0.95;

/// Returns the form that all spellings of a value share, or `None` if there is no letter to go by.
pub(super) fn normal(dim: Dim, value: &str) -> Option<String> {
    let value = value.trim().trim_end_matches('/').to_lowercase();
    if !value.chars().any(char::is_alphabetic) {
        return None;
    }
    let mut form = String::with_capacity(value.len());
    let mut separated = false;
    for c in value.chars() {
        if matches!(c, '-' | '_' | ' ' | '.') {
            separated = true;
            continue;
        }
        // 1.2 is not 12.
        if separated && c.is_ascii_digit() && form.ends_with(|last: char| last.is_ascii_digit()) {
            form.push('-');
        }
        separated = false;
        form.push(c);
    }
    if dim == Dim::Environment
        && let Some(words) = ENVIRONMENTS.iter().find(|words| words.contains(&form.as_str()))
    {
        return words.first().map(|word| (*word).to_string());
    }
    (!form.is_empty()).then_some(form)
}

/// Tells whether one value is the other with a slip of the pen: letters swapped, one doubled or not, or one left out
/// of a long word. A letter in place of another is no slip, nor is anything at a word's ends: those are other words.
pub(super) fn is_slip(dim: Dim, a: &str, b: &str) -> bool {
    // Names of customers, and of keys, are near each other by nature.
    if matches!(dim, Dim::Tenant | Dim::ApiKey) {
        return false;
    }
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).map(str::to_string).collect::<Vec<_>>()
    };
    let (a, b) = (words(&a), words(&b));
    if a.len() != b.len() {
        return false;
    }
    let mut differing = a.iter().zip(&b).filter(|(a, b)| a != b);
    match (differing.next(), differing.next()) {
        (Some((a, b)), None) => is_slip_in_word(a, b),
        _ => false,
    }
}

fn is_slip_in_word(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a.as_bytes(), b.as_bytes()) } else { (b.as_bytes(), a.as_bytes()) };
    if !short.iter().chain(long).all(u8::is_ascii_lowercase) || short.len() < SHORTEST_WORD {
        return false;
    }
    if jaro_winkler(a, b) < CLOSE {
        return false;
    }
    let start = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let end = short.iter().rev().zip(long.iter().rev()).take_while(|(a, b)| a == b).count();
    if start == 0 {
        return false;
    }
    if short.len() == long.len() {
        // Exactly two neighbours, swapped.
        return end > 0
            && start + 2 + end == short.len()
            && short.get(start) == long.get(start + 1)
            && short.get(start + 1) == long.get(start);
    }
    let is_one_more = long.len() == short.len() + 1 && start + end >= short.len();
    let is_doubled = start > 0 && long.get(start) == long.get(start - 1);
    let is_inside = start < short.len() && end > 0;
    is_one_more && is_inside && (is_doubled || short.len() >= SHORTEST_LACKING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(dim: Dim, a: &str, b: &str) -> bool {
        let same = normal(dim, a).is_some() && normal(dim, a) == normal(dim, b);
        assert_eq!(is_slip(dim, a, b), is_slip(dim, b, a), "{a} {b}");
        same || is_slip(dim, a, b)
    }

    #[test]
    fn one_thing_written_twice() {
        for (a, b) in [("prod", "Prod"), ("prod", "production"), ("PRD", "production"), ("dev", "development")] {
            assert!(alike(Dim::Environment, a, b), "{a} {b}");
        }
        for (a, b) in [
            ("acme-corp", "acme_corp"),
            ("AcmeCorp", "acme corp"),
            ("acme.corp", "acmecorp"),
            ("support", "suport"),
            ("summarize-mail", "sumarize-mail"),
            ("environment", "enviroment"),
        ] {
            assert!(alike(Dim::Feature, a, b), "{a} {b}");
        }
        assert!(alike(Dim::Route, "/v1/chat", "/v1/chat/"));
        assert!(alike(Dim::Feature, "onboarding", "onbaording"));
    }

    #[test]
    fn two_things_with_near_names() {
        for (a, b) in [
            ("eu-west-1", "eu-west-2"),
            ("v1", "v2"),
            ("v1.2", "v12"),
            ("1.0", "1-0"),
            ("team-a", "team-b"),
            ("customer-a", "customer-b"),
            ("order", "orders"),
            ("searcher", "searched"),
            ("contact", "contract"),
            ("import", "export"),
            ("upload", "unload"),
            ("batch-import", "batch-export"),
            ("planner", "planner2"),
            ("planner/search", "planner/searches"),
            ("a/bc", "ab/c"),
            ("prod", "production"),
            ("summarize", "summarizer"),
            ("chat-eu", "chat-us"),
            ("t-0001", "t-0010"),
            ("processor", "professor"),
        ] {
            assert!(!alike(Dim::Feature, a, b), "{a} {b}");
        }
        assert!(!alike(Dim::Tenant, "johnson", "johnsson"));
        assert!(!alike(Dim::Environment, "dev", "prod"));
        assert!(!alike(Dim::Environment, "test", "staging"));
    }
}
