//! The blocks of a price file that belong to a seller as a whole: regions, fees, aliases, hours, and what was agreed.

use toml::Spanned;

use crate::domain::call::CACHE_STORAGE;
use crate::domain::time::Timestamp;
use crate::domain::tokens::CLASSES;

use crate::price::deal::{Override, Terms};
use crate::price::error::{Place, PriceError};
use crate::price::hours::{Holidays, Hours, span, weekdays};
use crate::price::mode::Mode;
use crate::price::rows::{Alias, Move, Region, Seller, Tool, ToolUnit};
use crate::price::schema::{
    AliasBlock, HolidaysBlock, MoveBlock, OneOrMany, OverrideBlock, RegionBlock, SellerFile, StorageBlock, ToolBlock,
    WindowBlock,
};
use crate::price::values::{Reading, Rules};

impl Reading<'_> {
    pub(super) fn seller(&self, id: &str, file: &SellerFile) -> Result<Seller, PriceError> {
        let place = self.source.place(file.seller.as_ref().map_or(0..0, Spanned::span));
        let mut seller = plain_seller(id, place);
        for name in &file.provider_names {
            let folded = self.word(name)?.to_lowercase();
            if !seller.provider_names.contains(&folded) {
                seller.provider_names.push(folded);
            }
        }
        seller.usage.clone_from(&file.usage);
        seller.first_party = file.first_party.unwrap_or(true);
        for (tier, mode) in &file.mode_names {
            seller.mode_names.push((tier.get_ref().to_lowercase(), self.mode(mode)?));
        }
        seller.regions = file.region.iter().map(|block| self.region(block)).collect::<Result<_, _>>()?;
        seller.tools = file.tool.iter().map(|block| self.tool(block)).collect::<Result<_, _>>()?;
        for block in &file.storage {
            seller.tools.push(self.storage(block)?);
        }
        seller.hours = file.window.iter().map(|block| self.hours(block)).collect::<Result<_, _>>()?;
        seller.holidays = file.holidays.iter().map(|block| self.holidays(block)).collect::<Result<_, _>>()?;
        Ok(seller)
    }

    fn region(&self, spanned: &Spanned<RegionBlock>) -> Result<Region, PriceError> {
        let block = spanned.get_ref();
        let words = |list: &Option<OneOrMany>| -> Vec<String> {
            list.iter().flat_map(OneOrMany::words).map(|word| word.to_lowercase()).collect()
        };
        let (named, excluded) =
            ([words(&block.when.region), words(&block.when.inference_geo)].concat(), words(&block.when.region_not));
        let is_exclusion = !excluded.is_empty();
        if named.is_empty() != is_exclusion || named.iter().any(String::is_empty) {
            let hint = "write when = { region = \"eu\" }, a list of regions, or { region_not = [\"global\"] }";
            return Err(self.source.error(spanned.span(), "a [[region]] without a region, or with two kinds", hint));
        }
        self.evidence(spanned.span(), "[[region]]", &[("src", block.src.is_some())])?;
        Ok(Region {
            regions: if is_exclusion { excluded } else { named },
            is_exclusion,
            mult: block.mult.get_ref().clone(),
            from: self.instant(block.from.as_ref())?,
            models_released_from: self.instant(block.models_released_from.as_ref())?,
            models: self.words(block.models.as_deref())?,
            src: block.src.clone(),
            fraction: self.fraction(&block.mult)?,
            place: self.source.place(spanned.span()),
        })
    }

    fn tool(&self, spanned: &Spanned<ToolBlock>) -> Result<Tool, PriceError> {
        let block = spanned.get_ref();
        self.evidence(spanned.span(), "[[tool]]", &[("src", block.src.is_some())])?;
        let per = match block.per.as_ref() {
            None => ToolUnit::Use,
            Some(per) if per.get_ref() == "use" => ToolUnit::Use,
            Some(per) if per.get_ref() == "call" => ToolUnit::Call,
            Some(per) => {
                let what = format!("unknown unit `{}`", per.get_ref());
                return Err(self.source.error(per.span(), what, "use per = \"use\" or per = \"call\""));
            }
        };
        if block.id.get_ref() == CACHE_STORAGE {
            let what = format!("`{CACHE_STORAGE}` is no tool: it is billed by tokens and hours");
            return Err(self.source.error(block.id.span(), what, "write [[storage]] with usd_per_mtok_hour"));
        }
        Ok(Tool {
            id: self.word(&block.id)?,
            per,
            from: self.instant(block.from.as_ref())?,
            models: self.words(block.models.as_deref())?,
            src: block.src.clone(),
            pico: self.decimal(&block.usd_per_1000)?,
            place: self.source.place(spanned.span()),
        })
    }

    fn words(&self, words: Option<&[Spanned<String>]>) -> Result<Option<Vec<String>>, PriceError> {
        words.map(|words| words.iter().map(|word| self.word(word)).collect()).transpose()
    }

    fn storage(&self, spanned: &Spanned<StorageBlock>) -> Result<Tool, PriceError> {
        let block = spanned.get_ref();
        self.evidence(spanned.span(), "[[storage]]", &[("src", block.src.is_some())])?;
        Ok(Tool {
            id: CACHE_STORAGE.to_string(),
            per: ToolUnit::TokenSecond,
            from: self.instant(block.from.as_ref())?,
            models: self.words(block.models.as_deref())?,
            src: block.src.clone(),
            pico: self.decimal(&block.usd_per_mtok_hour)?,
            place: self.source.place(spanned.span()),
        })
    }

    fn hours(&self, spanned: &Spanned<WindowBlock>) -> Result<Hours, PriceError> {
        let block = spanned.get_ref();
        self.evidence(spanned.span(), "[[window]]", &[("src", block.src.is_some())])?;
        let mut spans = Vec::new();
        for text in &block.utc {
            let fault = || {
                let what = format!("`{}` is not a span of hours", text.get_ref());
                self.source.error(text.span(), what, "write \"01:00-04:00\"; a span may cross midnight")
            };
            spans.push(span(text.get_ref()).ok_or_else(fault)?);
        }
        if spans.is_empty() {
            return Err(self.source.error(spanned.span(), "a window without hours", "write utc = [\"01:00-04:00\"]"));
        }
        let mut days = [block.days.is_none(); 7];
        for (word, at) in block.days.iter().flat_map(|days| days.get_ref().words().map(|word| (word, days.span()))) {
            let named = weekdays(word).ok_or_else(|| {
                self.source.error(at, format!("`{word}` names no weekday"), "write \"mon-fri\", or [\"sat\", \"sun\"]")
            })?;
            days.iter_mut().zip(named).for_each(|(day, named)| *day |= named);
        }
        if let Some(none) = block.days.as_ref().filter(|_| days == [false; 7]) {
            return Err(self.source.error(none.span(), "a window without days", "write days = \"mon-fri\""));
        }
        Ok(Hours {
            id: self.word(&block.id)?,
            spans,
            days,
            except: block.except.as_ref().map(|id| self.word(id)).transpose()?,
            src: block.src.clone(),
            place: self.source.place(spanned.span()),
        })
    }

    fn holidays(&self, spanned: &Spanned<HolidaysBlock>) -> Result<Holidays, PriceError> {
        let block = spanned.get_ref();
        self.evidence(spanned.span(), "[[holidays]]", &[("src", block.src.is_some())])?;
        let mut dates = block.dates.iter().map(|date| self.date(date)).collect::<Result<Vec<_>, _>>()?;
        dates.sort_unstable();
        dates.dedup();
        let covers_through = self.date(&block.covers_through)?;
        if let Some(late) = dates.last().filter(|last| **last > covers_through) {
            let what = format!("a holiday on {late}, but covers_through is {covers_through}");
            return Err(self.source.error(spanned.span(), what, "raise covers_through, or remove the day"));
        }
        let place = self.source.place(spanned.span());
        Ok(Holidays { id: self.word(&block.id)?, covers_through, dates, src: block.src.clone(), place })
    }

    /// Reads what a user has agreed with a seller.
    pub(super) fn agreed(&self, seller: String, spanned: &Spanned<OverrideBlock>) -> Result<Override, PriceError> {
        let block = spanned.get_ref();
        let fault = |what: &str, hint: &str| Err(self.source.error(spanned.span(), what, hint));
        if self.rules == Rules::BuiltIn {
            return fault("an [[override]] in the built-in table", "list prices only: overrides are a user's");
        }
        for (key, list) in [("models", &block.models), ("modes", &block.modes), ("applies", &block.applies)] {
            if list.as_ref().is_some_and(Vec::is_empty) {
                return fault(&format!("an [[override]] with {key} = []"), "name some, or remove the key");
            }
        }
        let modes = block.modes.as_ref().map(|modes| modes.iter().map(|mode| self.mode(mode)).collect()).transpose()?;
        let (terms, modes) = match (&block.discount, &block.usd_per_mtok) {
            (Some(discount), None) => (self.discount(discount)?, modes),
            // Agreed prices are those of one mode; without a word that is the standard one.
            (None, Some(rates)) => (Terms::Rates(self.rates(rates)?), modes.or_else(|| Some(vec![Mode::Standard]))),
            _ => {
                return fault(
                    "an [[override]] needs one of discount and usd_per_mtok",
                    "discount = \"0.15\" is 15 % off",
                );
            }
        };
        if terms == Terms::Rates([None; CLASSES]) {
            return fault("an [[override]] without prices", "write usd_per_mtok = { input = \"2.5\" }");
        }
        let (from, to) = (self.instant(block.from.as_ref())?, self.instant(block.to.as_ref())?);
        if matches!((from, to), (Some(from), Some(to)) if to <= from) {
            return fault("an [[override]] that ends before it starts", "`to` is the first day it no longer holds");
        }
        let (mut tokens, mut tools) = (block.applies.is_none(), false);
        for word in block.applies.iter().flatten() {
            match word.get_ref().as_str() {
                "tokens" => tokens = true,
                "tools" if matches!(terms, Terms::Discount { .. }) => tools = true,
                _ => {
                    let what = format!("`{}` is nothing an override applies to", word.get_ref());
                    return Err(self.source.error(word.span(), what, "use \"tokens\"; a discount also \"tools\""));
                }
            }
        }
        let place = self.source.place(spanned.span());
        if matches!(terms, Terms::Rates(_)) && block.models.is_none() {
            return fault(
                "agreed prices without `models`",
                "one price for all a seller has is a slip: name the models",
            );
        }
        let models = self.words(block.models.as_deref())?;
        Ok(Override { seller, models, modes, from, to, terms, tokens, tools, note: block.note.clone(), place })
    }

    fn discount(&self, discount: &Spanned<String>) -> Result<Terms, PriceError> {
        const WHOLE: i64 = 1_000_000;
        let off = self.decimal(discount)?;
        if off == 0 || off > WHOLE * WHOLE || off % WHOLE != 0 {
            let what = format!("`{}` is not a discount", discount.get_ref());
            return Err(self.source.error(discount.span(), what, "use a part of one: \"0.15\" is 15 % off"));
        }
        Ok(Terms::Discount { text: discount.get_ref().clone(), paid: (WHOLE - off / WHOLE, WHOLE) })
    }

    pub(super) fn alias(&self, spanned: &Spanned<AliasBlock>) -> Result<Alias, PriceError> {
        let block = spanned.get_ref();
        self.evidence(spanned.span(), "[[alias]]", &[("src", block.src.is_some())])?;
        let mut moves = block.to.iter().map(|step| self.step(step)).collect::<Result<Vec<_>, _>>()?;
        match (&block.model, moves.is_empty()) {
            (Some(model), true) => {
                let place = self.source.place(model.span());
                moves.push(Move { from: Timestamp(i64::MIN), model: self.word(model)?, place });
            }
            (Some(model), false) => {
                let hint = "keep `model`, or the moves of `to`";
                return Err(self.source.error(model.span(), "an alias with a model and with moves", hint));
            }
            (None, _) => {}
        }
        let names = std::iter::once(&block.name).chain(&block.also).map(|name| self.word(name));
        Ok(Alias {
            names: names.collect::<Result<_, _>>()?,
            moves,
            src: block.src.clone(),
            place: self.source.place(spanned.span()),
        })
    }

    fn step(&self, spanned: &Spanned<MoveBlock>) -> Result<Move, PriceError> {
        let block = spanned.get_ref();
        let from = self.timestamp(&block.from)?;
        Ok(Move { from, model: self.word(&block.model)?, place: self.source.place(spanned.span()) })
    }
}

/// A seller of which only the id is known.
pub(super) fn plain_seller(id: &str, place: Place) -> Seller {
    Seller {
        place,
        id: id.to_string(),
        provider_names: vec![id.to_lowercase()],
        usage: None,
        first_party: true,
        mode_names: Vec::new(),
        regions: Vec::new(),
        tools: Vec::new(),
        aliases: Vec::new(),
        hours: Vec::new(),
        holidays: Vec::new(),
    }
}

/// Returns the span of the first thing that only makes sense for the file's own seller.
pub(super) fn first_span_of_a_seller(file: &SellerFile) -> Option<std::ops::Range<usize>> {
    let names = file.provider_names.iter().map(Spanned::span);
    let modes = file.mode_names.keys().map(Spanned::span);
    let regions = file.region.iter().map(Spanned::span);
    let tools = file.tool.iter().map(Spanned::span);
    let hours = file.window.iter().map(Spanned::span).chain(file.holidays.iter().map(Spanned::span));
    names.chain(modes).chain(regions).chain(tools).chain(hours).chain(file.storage.iter().map(Spanned::span)).next()
}
