//! The names of Google's SKUs for models, of two families:
//!
//! - Vertex AI: `Gemini 2.5 Flash GA Thinking Text Output - Predictions`, ` Gemini 2.5 Flash Lite Input Text Caching`
//!   (with a space before it), `Gemini 3.8 Flash Global Image Input Batch - Predictions`;
//! - the Gemini API: `Generate content output token count gemini 2.5 flash short output text non-thinking`,
//!   `Generate_content text cached input token count for gemini 3 pro short`.
//!
//! The model is what follows `gemini`: a number and known words, so that Flash Lite is never Flash. `image` belongs to
//! the model where another word tells what is counted, else it is what is counted. Tokens of thought have an SKU of
//! their own (`Thinking Text Output`); `Text Output (Thinking On)` is the answer of a model that thinks. A word that is
//! not known (`Live`, `TTS`) makes the SKU unknown: those models have prices of their own.

use crate::domain::Charge;
use crate::domain::Class;

/// What an SKU charges for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sku {
    pub(super) charge: Charge,
    pub(super) model: Option<String>,
    pub(super) tool: Option<&'static str>,
    pub(super) tier: Option<&'static str>,
    pub(super) long_context: Option<bool>,
    /// The name says that the global endpoint answered.
    pub(super) is_global: bool,
}

/// Reads the name of an SKU; `None` where it is not about the tokens of a known kind of model.
pub(super) fn read(name: &str) -> Option<Sku> {
    let name = name.to_ascii_lowercase().replace("non-thinking", " ").replace("thinking on", " ");
    let words: Vec<&str> =
        name.split(|c: char| !(c.is_alphanumeric() || c == '.')).filter(|word| !word.is_empty()).collect();
    if let Some(tool) = tool(&words) {
        let base = Sku { charge: Charge::Tool, model: None, tool: Some(tool), ..Sku::default() };
        return Some(base);
    }
    let start = words.iter().position(|word| *word == "gemini")?;
    let mut found = Words::default();
    for word in &words[..start] {
        found.take(word, false)?;
    }
    found.is_model_open = true;
    for word in &words[start + 1..] {
        found.take(word, true)?;
    }
    let model = found.model()?;
    let charge = found.charge()?;
    Some(Sku {
        charge,
        model: Some(model),
        tool: None,
        tier: found.tier,
        long_context: found.long_context,
        is_global: found.is_global,
    })
}

impl Default for Sku {
    fn default() -> Self {
        Sku { charge: Charge::Other, model: None, tool: None, tier: None, long_context: None, is_global: false }
    }
}

/// Returns the tool of an SKU for searches and places.
fn tool(words: &[&str]) -> Option<&'static str> {
    let has = |word: &str| words.contains(&word);
    match (has("grounding"), has("search"), has("maps")) {
        (true, _, true) => Some("google_maps"),
        (true, true, false) => Some("google_search"),
        (false, true, false) if has("query") || has("queries") => Some("google_search"),
        _ => None,
    }
}

/// Words that follow the number of a model.
const KINDS: [&str; 4] = ["pro", "flash", "lite", "preview"];

#[derive(Default)]
struct Words<'n> {
    model: Vec<&'n str>,
    /// Text, audio, image or video, as often as one is named.
    kinds: Vec<&'n str>,
    /// The first of them stands before the model.
    is_told_before: bool,
    is_model_open: bool,
    is_output: Option<bool>,
    is_cached: bool,
    is_stored: bool,
    is_thought: bool,
    is_global: bool,
    tier: Option<&'static str>,
    long_context: Option<bool>,
}

impl<'n> Words<'n> {
    fn take(&mut self, word: &'n str, is_behind: bool) -> Option<()> {
        if is_behind && self.is_model_open {
            if KINDS.contains(&word) || self.model.is_empty() && is_number(word) {
                self.model.push(word);
                return Some(());
            }
            self.is_model_open = word == "image";
        }
        match word {
            "text" | "audio" | "image" | "video" => {
                self.kinds.push(word);
                self.is_told_before |= !is_behind;
                Some(())
            }
            // `short input text` behind the model says again what `output token count` before it has said.
            "input" | "output" => {
                self.is_output.get_or_insert(word == "output");
                Some(())
            }
            "caching" | "cached" | "cache" => {
                self.is_cached = true;
                Some(())
            }
            "storage" => {
                self.is_stored = true;
                Some(())
            }
            "thinking" => {
                // Before its `output` it names the tokens, behind it the mode of the model.
                self.is_thought |= self.is_output.is_none();
                Some(())
            }
            "long" | "short" => {
                self.long_context = Some(word == "long");
                Some(())
            }
            "batch" => self.put_tier("batch"),
            "priority" => self.put_tier("priority"),
            "flex" => self.put_tier("flex"),
            "global" => {
                self.is_global = true;
                Some(())
            }
            "ga" | "predictions" | "generate" | "content" | "token" | "tokens" | "count" | "for" | "of" => Some(()),
            _ => None,
        }
    }

    fn put_tier(&mut self, tier: &'static str) -> Option<()> {
        self.tier.replace(tier).is_none_or(|before| before == tier).then_some(())
    }

    /// Takes the kind of token from the kinds named, and gives the model the `image` that is its own.
    fn kind(&self) -> Option<(&'n str, bool)> {
        match (self.kinds.as_slice(), self.is_told_before) {
            ([], _) => Some(("text", false)),
            ([kind], _) => Some((kind, false)),
            ([kind, rest @ ..], true) if rest.iter().all(|other| other == kind) && *kind != "image" => {
                Some((kind, false))
            }
            ([kind, "image"], true) => Some((kind, true)),
            (["image", kind], false) => Some((kind, true)),
            _ => None,
        }
    }

    fn model(&self) -> Option<String> {
        let (number, kinds) = self.model.split_first()?;
        if !is_number(number) || kinds.is_empty() {
            return None;
        }
        let image = if self.kind()?.1 { "-image" } else { "" };
        Some(format!("gemini-{}{image}", self.model.join("-")))
    }

    fn charge(&self) -> Option<Charge> {
        if self.is_stored {
            return self.is_cached.then_some(Charge::Storage);
        }
        let class = match (self.kind()?.0, self.is_output?, self.is_cached) {
            ("text", false, false) => Class::Input,
            ("text", false, true) => Class::CacheRead,
            ("text", true, false) if self.is_thought => return Some(Charge::Reasoning),
            ("text", true, false) => Class::Output,
            ("audio", false, false) => Class::AudioIn,
            ("audio", false, true) => Class::AudioCacheRead,
            ("audio", true, false) => Class::AudioOut,
            ("image", false, false) => Class::ImageIn,
            ("image", false, true) => Class::ImageCacheRead,
            ("image", true, false) => Class::ImageOut,
            ("video", false, false) => Class::VideoIn,
            _ => return None,
        };
        Some(Charge::Tokens(class))
    }
}

fn is_number(word: &str) -> bool {
    word.split('.').all(|part| part.len() <= 2 && part.parse::<u8>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_families_are_read() {
        let cases = [
            ("Gemini 2.5 Flash GA Text Input - Predictions", "gemini-2.5-flash", "input", None, None),
            ("Gemini 2.5 Flash GA Thinking Text Output - Predictions", "gemini-2.5-flash", "reasoning", None, None),
            ("Gemini 2.5 Flash GA Text Output (Thinking On) - Predictions", "gemini-2.5-flash", "output", None, None),
            ("Gemini 2.5 Flash Lite Text Input - Predictions", "gemini-2.5-flash-lite", "input", None, None),
            (" Gemini 2.5 Flash Lite Input Text Caching", "gemini-2.5-flash-lite", "cache_read", None, None),
            (" Gemini 2.5 Flash GA Input Text Caching (Long)", "gemini-2.5-flash", "cache_read", None, Some(true)),
            ("Gemini 2.5 Flash Input Text Caching Storage", "gemini-2.5-flash", "storage", None, None),
            (
                "Gemini 2.5 Flash GA Video Input Priority - Predictions",
                "gemini-2.5-flash",
                "video_in",
                Some("priority"),
                None,
            ),
            (
                "Gemini 3 Flash Image Input Caching Priority",
                "gemini-3-flash",
                "image_cache_read",
                Some("priority"),
                None,
            ),
            ("Gemini 3.1 Flash Image Text Input - Predictions", "gemini-3.1-flash-image", "input", None, None),
            ("Gemini 3.1 Flash Image Image Output - Predictions", "gemini-3.1-flash-image", "image_out", None, None),
            (
                "Generate content output token count gemini 2.5 flash short input text",
                "gemini-2.5-flash",
                "output",
                None,
                Some(false),
            ),
            (
                "Generate content output token count gemini 2.5 flash lite short output text non-thinking",
                "gemini-2.5-flash-lite",
                "output",
                None,
                Some(false),
            ),
            (
                "Generate_content text cached input token count for gemini 3 pro long",
                "gemini-3-pro",
                "cache_read",
                None,
                Some(true),
            ),
            (
                "Generate_content image output token count for Gemini 3 Pro Image",
                "gemini-3-pro-image",
                "image_out",
                None,
                None,
            ),
            (
                "Generate content output token count gemini 3 flash text flex",
                "gemini-3-flash",
                "output",
                Some("flex"),
                None,
            ),
            (
                "Generate content input token count gemini 3.1 flash lite preview text",
                "gemini-3.1-flash-lite-preview",
                "input",
                None,
                None,
            ),
        ];
        for (name, model, charge, tier, long) in cases {
            let sku = read(name).unwrap_or_default();
            let found = (sku.model.as_deref(), sku.charge.name(), sku.tier, sku.long_context);
            assert_eq!(found, (Some(model), charge, tier, long), "{name}");
        }
    }

    #[test]
    fn searches_are_tools() {
        for name in ["Grounding with Google Search on Gemini 3", "LLM Grounding with Google Search tool - Predictions"]
        {
            assert_eq!(read(name).and_then(|sku| sku.tool), Some("google_search"), "{name}");
        }
    }

    #[test]
    fn an_unknown_word_makes_an_sku_unknown() {
        for name in [
            "Gemini 2.5 Flash Live Audio Input - Predictions",
            "Gemini 2.5 Flash TTS Audio Output - Predictions",
            "Gemini Text Input - Predictions",
            "Gemini 2.5 Flash Text - Predictions",
            "Gemini 2.5 Flash Text Output Caching",
            "Gemini 2.5 Flash Batch Priority Text Input",
            "Online Prediction N1 Predefined Instance Core",
            "",
        ] {
            assert_eq!(read(name), None, "{name}");
        }
    }
}
