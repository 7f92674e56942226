//! What of a call has no column of its own, as the JSON of its row.

use std::fmt::Write as _;

use crate::domain::Call;
use crate::domain::Dim;
use crate::store::batch::COLUMN_CLASSES;
use crate::store::batch::Fixed;
use crate::store::batch::JSON_DIMS;
use crate::store::batch::identity::LONGEST_VALUE;

/// Writes what has no column of its own as JSON: `{"meta":{…},"dims":{…},"tokens":{…},"tools":{…},"ttft_ms":…}`.
pub(super) fn write_more(call: &Call<'_>, fixed: &Fixed, out: &mut String) {
    let mut part = |name: &str, pairs: &mut dyn Iterator<Item = (&str, Value<'_>)>| {
        let mut first = true;
        for (key, value) in pairs {
            out.push(if out.is_empty() { '{' } else { ',' });
            if first {
                write_json_text(name, out);
                out.push_str(":{");
                first = false;
            }
            write_json_text(key, out);
            out.push(':');
            match value {
                Value::Text(text) => write_json_text(text, out),
                Value::Count(count) => write!(out, "{count}").expect("writing to a String cannot fail"),
            }
        }
        if !first {
            out.push('}');
        }
    };
    let is_fixed = |key: &str| fixed.extra.iter().any(|(known, _)| known == key);
    let short = call.extra.iter().filter(|(key, value)| value.len() <= LONGEST_VALUE && !is_fixed(key));
    let logged = short.map(|(key, value)| (key.as_ref(), Value::Text(value)));
    let set = fixed.extra.iter().filter(|(_, value)| !value.is_empty());
    part("meta", &mut set.map(|(key, value)| (key.as_str(), Value::Text(value))).chain(logged));
    let value = |dim: Dim| fixed.dims[dim as usize].as_deref().or(call.dim(dim)).filter(|value| !value.is_empty());
    part("dims", &mut JSON_DIMS.iter().filter_map(|dim| Some((dim.name(), Value::Text(value(*dim)?)))));
    let rare = call.tokens.iter().filter(|(class, _)| !COLUMN_CLASSES.contains(class));
    part("tokens", &mut rare.map(|(class, count)| (class.name(), Value::Count(count))));
    part("tools", &mut call.tools.iter().map(|(tool, uses)| (tool.as_ref(), Value::Count(*uses))));
    if let Some(ms) = call.ttft_ms {
        out.push_str(if out.is_empty() { "{" } else { "," });
        write!(out, "\"ttft_ms\":{ms}").expect("writing to a String cannot fail");
    }
    if !out.is_empty() {
        out.push('}');
    }
}

pub(super) enum Value<'v> {
    Text(&'v str),
    Count(u64),
}

pub(super) fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        out.push_str(text);
    } else {
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                c if (c as u32) < 0x20 => write!(out, "\\u{:04x}", c as u32).expect("writing to a String cannot fail"),
                c => out.push(c),
            }
        }
    }
    out.push('"');
}
