//! The uses of server-side tools by one call, as one text: `3:10:web_search1:9:code_exec`, uses, length and name.
//!
//! A name may hold any character, hence the length. Equal uses are equal texts, of which a batch keeps one.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Writes the uses of tools.
pub(super) fn written(tools: &[(Cow<'_, str>, u64)]) -> String {
    let mut out = String::new();
    for (tool, uses) in tools {
        write!(out, "{uses}:{}:{tool}", tool.len()).expect("writing to a String cannot fail");
    }
    out
}

/// Reads the uses of tools; stops at what was not written here.
pub fn read(text: &str) -> impl Iterator<Item = (&str, u64)> + Clone {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (uses, tail) = rest.split_once(':')?;
        let (length, tail) = tail.split_once(':')?;
        let (name, tail) = tail.split_at_checked(length.parse().ok()?)?;
        rest = tail;
        Some((name, uses.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_comes_back() {
        let tools = [("web_search", 3), ("a:1:b", 0), ("", 7), ("ü\n", u64::MAX)];
        let written = written(&tools.map(|(tool, uses)| (Cow::Borrowed(tool), uses)));
        assert_eq!(read(&written).collect::<Vec<_>>(), tools);
        assert_eq!(read("3:99:x").count(), 0);
    }
}
