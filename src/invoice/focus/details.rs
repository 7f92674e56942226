//! What `SkuPriceDetails` says: a map that stands in its cell as JSON, its keys each provider's own.

use crate::read::json::Node;
use crate::read::json::Tape;

/// The JSON in `SkuPriceDetails`, keys in lower case without `x_` and `_`. What is no JSON says nothing.
pub(super) struct Details(Vec<(String, String)>);

impl Details {
    pub(super) fn of(node: Node<'_>) -> Details {
        let Some(cell) = node.get("SkuPriceDetails") else { return Details(Vec::new()) };
        if cell.is_object() {
            return Details(Details::fields(cell));
        }
        let text = cell.text().unwrap_or_default();
        let mut tape = Tape::default();
        match tape.parse(&text) {
            Ok(()) => Details(Details::fields(tape.root(&text))),
            Err(_) => Details(Vec::new()),
        }
    }

    fn fields(object: Node<'_>) -> Vec<(String, String)> {
        let fold = |key: &str| key.to_ascii_lowercase().trim_start_matches("x_").replace(['_', ' '], "");
        object.fields().filter_map(|(key, value)| Some((fold(key), value.text()?.into_owned()))).collect()
    }

    pub(super) fn find(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.0.iter().find(|(name, _)| name == key)).map(|(_, value)| value.as_str())
    }

    pub(super) fn model(&self) -> Option<&str> {
        self.find(&["model", "modelname", "modelid"])
    }
}
