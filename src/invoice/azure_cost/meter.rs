//! The names of Azure's meters for models: `gpt 4o 0806 Inp glbl Tokens`, `5.6 sol LongCo Cd Wr PP Gl 1M Tokens`.
//!
//! They follow no one grammar but share their words, between spaces and hyphens, in any case and order: direction,
//! cache, deployment, service mode, length of the prompt, and what remains is the model. A word that is not known makes
//! the meter unknown: a fine-tuned or a spoken model must not pass for another at its price. From GPT-5 on the maker
//! is left out (`5.1 codex`), and the models of others are numbered alike (`4.3 Inp DZ` is a Grok): such a name is
//! read only where the row says that it is OpenAI's.

use crate::domain::Charge;
use crate::domain::Class;

/// What a meter counts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meter {
    pub(super) charge: Charge,
    pub(super) model: Option<String>,
    /// How it was deployed: `global`, `data_zone`, `regional`.
    pub(super) scope: Option<&'static str>,
    pub(super) tier: Option<&'static str>,
    pub(super) long_context: Option<bool>,
}

/// Reads the name of a meter; `None` where a word of it is unknown.
pub(super) fn read(name: &str, is_openai: bool) -> Option<Meter> {
    let name = name.to_ascii_lowercase();
    let words = name.split([' ', '-', '_']).filter(|word| !word.is_empty());
    let mut found = Words::default();
    for word in words {
        found.take(word)?;
    }
    if found.is_zone_open {
        return None;
    }
    if found.model.contains(&"provisioned") {
        return Some(found.meter(Charge::Commitment, None, Some("provisioned")));
    }
    if found.model.iter().any(|word| matches!(*word, "training" | "trng")) {
        return Some(found.meter(Charge::Training, None, None));
    }
    let model = model(&found.model, is_openai)?;
    let charge = found.charge(model.starts_with("text-embedding-"))?;
    let tier = found.tier;
    Some(found.meter(charge, Some(model), tier))
}

/// The words of a name, sorted by what they say.
#[derive(Default)]
struct Words<'n> {
    model: Vec<&'n str>,
    is_output: Option<bool>,
    is_cached: bool,
    is_written: bool,
    scope: Option<&'static str>,
    tier: Option<&'static str>,
    long_context: Option<bool>,
    /// `data` was read, and its `zone` must follow.
    is_zone_open: bool,
}

impl<'n> Words<'n> {
    fn take(&mut self, word: &'n str) -> Option<()> {
        if std::mem::take(&mut self.is_zone_open) {
            return if word == "zone" { put(&mut self.scope, "data_zone") } else { None };
        }
        match word {
            "inp" | "inpt" | "input" | "in" => put(&mut self.is_output, false),
            "outp" | "outpt" | "opt" | "output" | "out" => put(&mut self.is_output, true),
            "cd" | "cchd" | "cached" | "cched" | "ccchd" => {
                self.is_cached = true;
                Some(())
            }
            "wr" | "write" => {
                self.is_written = true;
                Some(())
            }
            "gl" | "glb" | "glbl" | "global" => put(&mut self.scope, "global"),
            "dz" | "dzn" | "dzone" | "datazone" => put(&mut self.scope, "data_zone"),
            "regn" | "rgnl" | "regnl" | "regional" => put(&mut self.scope, "regional"),
            "data" => {
                self.is_zone_open = true;
                Some(())
            }
            "std" => put(&mut self.tier, "standard"),
            "batch" => put(&mut self.tier, "batch"),
            "pp" => put(&mut self.tier, "priority"),
            "fl" => put(&mut self.tier, "flex"),
            "shortco" => put(&mut self.long_context, false),
            "longco" | "loco" => put(&mut self.long_context, true),
            // The unit once more: the row has a column for it.
            "tokens" | "token" | "tkn" | "1m" | "1k" => Some(()),
            other => {
                self.model.push(other);
                Some(())
            }
        }
    }

    fn charge(&self, is_embedding: bool) -> Option<Charge> {
        match (self.is_output, self.is_cached, self.is_written) {
            (None | Some(false), _, true) => Some(Charge::CacheWrite),
            (None | Some(false), true, false) => Some(Charge::Tokens(Class::CacheRead)),
            (Some(false), false, false) => Some(Charge::Tokens(Class::Input)),
            (Some(true), false, false) => Some(Charge::Tokens(Class::Output)),
            (None, false, false) => is_embedding.then_some(Charge::Tokens(Class::Input)),
            (Some(true), _, _) => None,
        }
    }

    fn meter(&self, charge: Charge, model: Option<String>, tier: Option<&'static str>) -> Meter {
        Meter { charge, model, scope: self.scope, tier, long_context: self.long_context }
    }
}

/// Sets what must not be said twice in two ways.
fn put<T: PartialEq>(place: &mut Option<T>, said: T) -> Option<()> {
    if place.as_ref().is_some_and(|before| *before != said) {
        return None;
    }
    *place = Some(said);
    Some(())
}

/// Words that follow the number of a model.
const KINDS: [&str; 16] = [
    "mini", "nano", "pro", "codex", "chat", "max", "turbo", "instruct", "preview", "deep", "research", "sol", "terra",
    "luna", "astra", "32k",
];

/// Versions, which meters write without their year: the model, the day, and the model as the price table has it.
const VERSIONS: [(&str, &str, &str); 13] = [
    ("gpt-4o", "0513", "gpt-4o-2024-05-13"),
    ("gpt-4o", "0806", "gpt-4o-2024-08-06"),
    ("gpt-4o", "1120", "gpt-4o-2024-11-20"),
    ("gpt-4o-mini", "0718", "gpt-4o-mini"),
    ("gpt-4.5", "0227", "gpt-4.5-preview"),
    ("o1-preview", "0912", "o1-preview"),
    ("o1-mini", "0912", "o1-mini"),
    ("o1", "1217", "o1"),
    ("o3-mini", "0131", "o3-mini"),
    ("o3", "0416", "o3"),
    ("o4-mini", "0416", "o4-mini"),
    ("o3-deep-research", "0626", "o3-deep-research"),
    ("gpt-5.2-chat", "0210", "gpt-5.2-chat"),
];

/// Returns the model that words name.
fn model(words: &[&str], is_openai: bool) -> Option<String> {
    let is_day = |word: &&str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    let day = words.iter().copied().find(|word| is_day(word));
    let words: Vec<&str> = words.iter().copied().filter(|word| !is_day(word)).collect();
    let base = match *words.first()? {
        "text" => {
            let name = words.join("-");
            let known = ["text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"];
            known.contains(&name.as_str()).then_some(name)?
        }
        "codex" => (words == ["codex", "mini"]).then(|| "codex-mini".to_string())?,
        "o1" | "o3" | "o4" => numbered("", &words)?,
        "gpt" => numbered("gpt-", &words[1..])?,
        number => {
            // Bare numbers came with GPT-5.
            let major = number.split('.').next()?.parse::<u32>().ok()?;
            (is_openai && major >= 5).then(|| numbered("gpt-", &words))??
        }
    };
    match day {
        None => Some(base),
        Some(day) => VERSIONS.iter().find(|known| known.0 == base && known.1 == day).map(|known| known.2.to_string()),
    }
}

/// Joins a number and the words behind it.
fn numbered(maker: &str, words: &[&str]) -> Option<String> {
    let (number, kinds) = words.split_first()?;
    let is_number = matches!(*number, "o1" | "o3" | "o4" | "4o")
        || number.len() <= 3 && number.split('.').all(|part| part.parse::<u32>().is_ok());
    (is_number && kinds.iter().all(|kind| KINDS.contains(kind))).then(|| format!("{maker}{}", words.join("-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Model, charge, deployment and service mode.
    type Said = (Option<String>, &'static str, Option<&'static str>, Option<&'static str>);

    fn says(name: &str) -> Option<Said> {
        read(name, true).map(|meter| (meter.model, meter.charge.name(), meter.scope, meter.tier))
    }

    #[test]
    fn names_of_every_generation_of_meters_are_read() {
        let cases = [
            ("gpt 4o 0806 Inp glbl Tokens", "gpt-4o-2024-08-06", "input", Some("global"), None),
            ("gpt-4o-0806-Inp-regnl Tokens", "gpt-4o-2024-08-06", "input", Some("regional"), None),
            ("gpt 4o 0806 cached Inp Data Zone Tokens", "gpt-4o-2024-08-06", "cache_read", Some("data_zone"), None),
            ("gpt-4o-0806-Batch-Inp-glbl", "gpt-4o-2024-08-06", "input", Some("global"), Some("batch")),
            ("o4-mini 0416 Outp glbl Tokens", "o4-mini", "output", Some("global"), None),
            ("5.4 longco batch cd inp Dz 1M Tokens", "gpt-5.4", "cache_read", Some("data_zone"), Some("batch")),
            (
                "GPT 5 Nano Batch Inpt cchd Dzone 1M Tokens",
                "gpt-5-nano",
                "cache_read",
                Some("data_zone"),
                Some("batch"),
            ),
            ("5.6 sol ShortCo Cd Wr PP Gl 1M Tokens", "gpt-5.6-sol", "cache_write", Some("global"), Some("priority")),
            ("6-sol LongCo Opt Std DZ 1M Tokens", "gpt-6-sol", "output", Some("data_zone"), Some("standard")),
            ("5.1 codex mini opt Gl 1M Tokens", "gpt-5.1-codex-mini", "output", Some("global"), None),
            ("gpt-5-codex-ccchd-inp-glbl Tokens", "gpt-5-codex", "cache_read", Some("global"), None),
            ("text embedding 3 large DZ Tokens", "text-embedding-3-large", "input", Some("data_zone"), None),
        ];
        for (name, model, charge, scope, tier) in cases {
            assert_eq!(says(name), Some((Some(model.into()), charge, scope, tier)), "{name}");
        }
    }

    #[test]
    fn an_unknown_word_makes_a_meter_unknown() {
        for name in [
            "gpt-4o-0806-FT-inp-glbl Tokens",
            "gpt-4o-rt-aud-1217 Inp glbl Tokens",
            "gpt 4o 0101 Inp glbl Tokens",
            "gpt4omini-aud1217 Inp glbl Tokens",
            "gpt 4o Inp Outp glbl",
            "gpt 4o glbl Tokens",
            "V3 Inp glbl Tokens",
            "5.4 data inp",
            "Image-DALL-E-2-glbl Images",
            "",
        ] {
            assert_eq!(read(name, true), None, "{name}");
        }
    }

    #[test]
    fn a_bare_number_is_no_model_of_another_maker() {
        assert_eq!(read("4.3 Inp DZ", false), None);
        assert_eq!(read("5 Inp DZ", false), None);
        assert_eq!(read("4.3 Inp DZ", true), None, "bare numbers began with GPT-5");
        assert!(read("5 Inp DZ", true).is_some());
    }

    #[test]
    fn the_length_of_the_prompt_is_told_only_where_the_name_tells_it() {
        let long = |name: &str| read(name, true).unwrap().long_context;
        assert_eq!(long("5.4 LoCo Inp Gl"), Some(true));
        assert_eq!(long("5.4 ShortCo Inp Gl"), Some(false));
        assert_eq!(long("5.4 Inp Gl"), None);
    }
}
