//! Cache writes by how long they are kept, which decides their price.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::provider;

/// Sets the cache writes of a call of any maker's: by the split where there is one, else by the maker's default.
pub fn set_cache_writes(call: &mut Call<'_>, total: u64, short: u64, long: u64) {
    if short + long == 0 && keeps_for_half_an_hour(call) {
        set_half_hour_writes(call, total);
    } else {
        set_split_writes(call, total, short, long);
    }
}

/// Sets cache writes by their lifetime, as Anthropic's models count them. What the split leaves out is real, and
/// billed: in streamed calls with server tools the split covers only the first iteration (BerriAI/litellm issue
/// 42663). The shortest lifetime is taken for it.
pub fn set_split_writes(call: &mut Call<'_>, total: u64, short: u64, long: u64) {
    let rest = total.saturating_sub(short + long);
    call.tokens.set(Class::CacheWrite5m, short + rest);
    call.tokens.set(Class::CacheWrite1h, long);
    if rest > 0 {
        call.flags.add(Flags::TTL_UNKNOWN);
    }
}

/// Sets the cache writes of OpenAI's models: no usage tells their retention, so the default of thirty minutes is
/// taken, and flagged.
pub fn set_half_hour_writes(call: &mut Call<'_>, total: u64) {
    call.tokens.set(Class::CacheWrite30m, total);
    if total > 0 {
        call.flags.add(Flags::TTL_UNKNOWN);
    }
}

/// Tells whether a cache write of a call is kept for thirty minutes, as OpenAI's models do; others keep it for five.
pub fn keeps_for_half_an_hour(call: &Call<'_>) -> bool {
    let model = call.dim(Dim::Model).unwrap_or_default();
    // Azure's own name for a model says little, and it sells Claude too.
    let sells = matches!(call.dim(Dim::Provider), Some("openai" | "azure")) && !model.contains("claude");
    sells || provider::is_openai_model(model.rsplit('/').next().unwrap_or(model))
}
