//! Service modes and the spellings every seller shares. A seller's own spellings are data: `[mode_names]` of its file.

use std::fmt;

/// How a call was served, as far as it changes the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// On demand, at list price.
    Standard,
    /// Asynchronous batch.
    Batch,
    /// Cheaper and slower, by request.
    Flex,
    /// Preferred capacity, paid by the token.
    Priority,
    /// Faster generation, paid by the token.
    Fast,
    /// The fastest generation, paid by the token.
    Ultrafast,
    /// OpenAI's scale tier: paid ahead, no public price by the token.
    Scale,
    /// Provisioned throughput: paid ahead, no public price by the token.
    Provisioned,
}

impl Mode {
    /// Every mode, in the order of listings.
    pub const ALL: [Mode; 8] = [
        Mode::Standard,
        Mode::Batch,
        Mode::Flex,
        Mode::Priority,
        Mode::Fast,
        Mode::Ultrafast,
        Mode::Scale,
        Mode::Provisioned,
    ];

    /// Returns the name used in price files and row keys.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Standard => "standard",
            Mode::Batch => "batch",
            Mode::Flex => "flex",
            Mode::Priority => "priority",
            Mode::Fast => "fast",
            Mode::Ultrafast => "ultrafast",
            Mode::Scale => "scale",
            Mode::Provisioned => "provisioned",
        }
    }

    /// Finds a mode by its name.
    pub fn parse(name: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// Understands what logs write as the tier served; `None` for a word that says nothing about the price.
    pub(super) fn of_tier(tier: &str) -> Option<Mode> {
        match tier {
            "" | "auto" | "default" | "on_demand" | "not_available" => Some(Mode::Standard),
            _ => Mode::parse(tier),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
