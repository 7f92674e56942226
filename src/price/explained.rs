//! Disagreements with lists that somebody has looked into: each with the reason why the table says what it says.

use serde::Deserialize;

use crate::price::compare::Disagreement;

/// The file of explanations.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    /// The explanations.
    #[serde(default)]
    pub disagreement: Vec<Explanation>,
}

/// Why the table and a list differ on some models.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// The seller.
    pub seller: String,
    /// The ids of the models; `*` stands for any letters.
    pub models: Vec<String>,
    /// The modes; none for all.
    #[serde(default)]
    pub mode: OneOrMany,
    /// The classes; none for all.
    #[serde(default)]
    pub class: OneOrMany,
    /// The lists, with their versions.
    pub list: OneOrMany,
    /// The reason.
    pub why: String,
}

/// A word or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> OneOrMany {
        OneOrMany::Many(Vec::new())
    }
}

impl OneOrMany {
    /// Returns the words.
    pub fn words(&self) -> &[String] {
        match self {
            OneOrMany::One(word) => std::slice::from_ref(word),
            OneOrMany::Many(words) => words,
        }
    }

    fn has(&self, word: &str) -> bool {
        self.words().iter().any(|known| known == word)
    }

    /// Tells whether a word is among them, or there are none at all.
    fn allows(&self, word: &str) -> bool {
        self.words().is_empty() || self.has(word)
    }
}

impl Explained {
    /// Reads a file of explanations; the error tells the line.
    ///
    /// # Errors
    /// Where the text is not TOML of that shape.
    pub fn read(text: &str) -> Result<Explained, toml::de::Error> {
        toml::from_str(text)
    }
}

impl Explanation {
    /// Tells whether the explanation is for a list.
    pub fn is_about(&self, list: &str) -> bool {
        self.list.has(list)
    }

    /// Tells whether it explains a disagreement with a list.
    pub fn explains(&self, list: &str, it: &Disagreement) -> bool {
        self.is_about(list)
            && self.seller == it.seller
            && self.mode.allows(it.mode.name())
            && it.class.map_or(self.class.words().is_empty(), |class| self.class.allows(class.name()))
            && self.models.iter().any(|pattern| *pattern == it.model || fits(pattern, &it.model))
    }

    /// Names it shortly.
    pub fn told(&self) -> String {
        format!("{} {} ({})", self.seller, self.models.join(", "), self.list.words().join(", "))
    }
}

/// Tells whether a name fits a pattern with `*` in it.
fn fits(pattern: &str, name: &str) -> bool {
    glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(name))
}
