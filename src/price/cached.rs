//! What the cached part of a prompt costs, and what the same tokens would cost without a cache.

use crate::domain::Class;
use crate::domain::Timestamp;
use crate::domain::Tokens;
use crate::domain::Unpriced;
use crate::domain::Usd;
use crate::price::pricer::Plan;
use crate::price::pricer::checked;
use crate::price::pricer::token_charge;

/// Some tokens of a prompt, priced as they are and as though there were no cache. Each is rounded once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cached {
    /// What they cost.
    pub cost: Usd,
    /// What they would cost as uncached input of the same call: same model, mode, region, time and size of the prompt.
    pub uncached: Usd,
}

impl Plan<'_> {
    /// Prices the cached tokens of a call that are of some classes; classes without a cache count for nothing.
    ///
    /// # Errors
    /// As [`Plan::price`], also where the uncached class is not sold.
    pub fn cached(&self, ts: Timestamp, tokens: &Tokens, is_meant: impl Fn(Class) -> bool) -> Result<Cached, Unpriced> {
        let (_, factors) = self.factors(ts, tokens.prompt())?;
        let (mut cost, mut uncached) = (0, 0);
        for (class, count) in tokens.iter().filter(|(class, _)| is_meant(*class)) {
            let Some(plain) = class.uncached() else { continue };
            cost += token_charge(&factors, class, count)?.atto(&factors);
            uncached += token_charge(&factors, plain, count)?.atto(&factors);
        }
        Ok(Cached { cost: checked(cost)?, uncached: checked(uncached)? })
    }
}
