//! From the TOML of one file to rows. Single values are read in `values`; whether rows agree is `check`'s business.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::domain::tokens::{CLASSES, Class};

use crate::price::error::{PriceError, Source};
use crate::price::rows::{Alias, Model, Move, Price, Region, Seller, Tool, ToolUnit};
use crate::price::schema::{
    AliasBlock, ModelBlock, MoveBlock, OneOrMany, PriceBlock, RegionBlock, SCHEMA, SellerFile, ToolBlock,
};

/// Which rules a file is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// The built-in table: every row says where it comes from.
    BuiltIn,
    /// A user's table: evidence is welcome, not asked for.
    User,
}

/// What one file says: sellers, their models, and the version if it states one.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) sellers: Vec<Seller>,
    pub(super) models: Vec<Model>,
    pub(super) version: Option<String>,
}

/// Reads one file.
pub(super) fn read(source: &Source, rules: Rules) -> Result<Parsed, PriceError> {
    let file: SellerFile = toml::from_str(&source.text).map_err(|error| source.toml_error(&error))?;
    Reading { source, rules }.file(&file)
}

/// Checks the number of the format.
pub(super) fn schema(source: &Source, schema: &Spanned<u32>) -> Result<(), PriceError> {
    let number = *schema.get_ref();
    if number == SCHEMA {
        return Ok(());
    }
    let what = format!("the price format is number {number}; this version reads number {SCHEMA}");
    Err(source.error(schema.span(), what, "use a newer attr, or a table written for this one"))
}

/// A file being read; what its single values mean is in `values`.
pub(super) struct Reading<'a> {
    pub(super) source: &'a Source,
    pub(super) rules: Rules,
}

impl Reading<'_> {
    fn file(&self, file: &SellerFile) -> Result<Parsed, PriceError> {
        self.refuse_later_blocks(file)?;
        if let Some(number) = &file.schema {
            schema(self.source, number)?;
        }
        if let Some(currency) = file.currency.as_ref().filter(|currency| currency.get_ref() != "USD") {
            let what = format!("prices in `{}`", currency.get_ref());
            return Err(self.source.error(currency.span(), what, "only currency = \"USD\" is understood"));
        }
        let mut parsed = Parsed { version: file.version.as_ref().map(|v| v.get_ref().clone()), ..Parsed::default() };
        let main = file.seller.as_ref().map(|seller| self.word(seller)).transpose()?;
        if let Some(id) = &main {
            parsed.sellers.push(self.seller(id, file)?);
        } else if let Some(span) = first_span_of_a_seller(file) {
            let hint = "write seller = \"...\" at the top of the file";
            return Err(self.source.error(span, "this needs the file's `seller`", hint));
        }
        for block in &file.model {
            let own = block.get_ref().seller.as_ref().map(|seller| self.word(seller)).transpose()?;
            let Some(seller) = own.or_else(|| main.clone()) else {
                let what = format!("no seller for model `{}`", block.get_ref().id.get_ref());
                let hint = "write seller = \"...\" in the [[model]], or at the top of the file";
                return Err(self.source.error(block.span(), what, hint));
            };
            if !parsed.sellers.iter().any(|known| known.id == seller) {
                parsed.sellers.push(plain_seller(&seller));
            }
            parsed.models.push(self.model(&seller, block)?);
        }
        Ok(parsed)
    }

    fn refuse_later_blocks(&self, file: &SellerFile) -> Result<(), PriceError> {
        let refuse = |block: &str, span| {
            let what = format!("{block} is not understood by this version");
            Err(self.source.error(span, what, "remove it: a price that depends on it would be wrong"))
        };
        let blocks = [
            ("[[window]]", &file.window),
            ("[[holidays]]", &file.holidays),
            ("[[storage]]", &file.storage),
            ("[[override]]", &file.overrides),
        ];
        for (name, found) in blocks {
            if let Some(block) = found.first() {
                return refuse(name, block.span());
            }
        }
        let rows = file.model.iter().flat_map(|model| &model.get_ref().price);
        match rows.filter_map(|row| row.get_ref().window.as_ref()).next() {
            Some(window) => refuse("`window` on a price", window.span()),
            None => Ok(()),
        }
    }

    fn seller(&self, id: &str, file: &SellerFile) -> Result<Seller, PriceError> {
        let mut seller = plain_seller(id);
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
        seller.aliases = file.alias.iter().map(|block| self.alias(block)).collect::<Result<_, _>>()?;
        Ok(seller)
    }

    fn region(&self, spanned: &Spanned<RegionBlock>) -> Result<Region, PriceError> {
        let block = spanned.get_ref();
        let words = |list: &Option<OneOrMany>| match list {
            None => Vec::new(),
            Some(OneOrMany::One(word)) => vec![word.to_lowercase()],
            Some(OneOrMany::Many(words)) => words.iter().map(|word| word.to_lowercase()).collect(),
        };
        let regions = [words(&block.when.region), words(&block.when.inference_geo)].concat();
        if regions.is_empty() || regions.iter().any(String::is_empty) {
            let hint = "write when = { region = \"eu\" } or a list of regions";
            return Err(self.source.error(spanned.span(), "a [[region]] without a region", hint));
        }
        self.evidence(spanned.span(), "[[region]]", &[("src", block.src.is_some())])?;
        Ok(Region {
            regions,
            mult: block.mult.get_ref().clone(),
            from: self.instant(block.from.as_ref())?,
            models_released_from: self.instant(block.models_released_from.as_ref())?,
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
        let models = block.models.as_ref();
        Ok(Tool {
            id: self.word(&block.id)?,
            per,
            from: self.instant(block.from.as_ref())?,
            models: models.map(|ids| ids.iter().map(|id| self.word(id)).collect()).transpose()?,
            src: block.src.clone(),
            pico_per_1000: self.decimal(&block.usd_per_1000)?,
            place: self.source.place(spanned.span()),
        })
    }

    fn alias(&self, spanned: &Spanned<AliasBlock>) -> Result<Alias, PriceError> {
        let block = spanned.get_ref();
        self.evidence(spanned.span(), "[[alias]]", &[("src", block.src.is_some())])?;
        let names = std::iter::once(&block.name).chain(&block.also).map(|name| self.word(name));
        Ok(Alias {
            names: names.collect::<Result<_, _>>()?,
            moves: block.to.iter().map(|step| self.step(step)).collect::<Result<_, _>>()?,
            src: block.src.clone(),
            place: self.source.place(spanned.span()),
        })
    }

    fn step(&self, spanned: &Spanned<MoveBlock>) -> Result<Move, PriceError> {
        let block = spanned.get_ref();
        let from = self.timestamp(&block.from)?;
        Ok(Move { from, model: self.word(&block.model)?, place: self.source.place(spanned.span()) })
    }

    fn model(&self, seller: &str, spanned: &Spanned<ModelBlock>) -> Result<Model, PriceError> {
        let block = spanned.get_ref();
        let stated = [("names", block.names.is_some()), ("released", block.released.is_some())];
        self.evidence(spanned.span(), "[[model]]", &stated)?;
        let id = self.word(&block.id)?;
        if block.price.is_empty() {
            let hint = "add a [[model.price]], or remove the model";
            return Err(self.source.error(spanned.span(), format!("no price for model `{id}`"), hint));
        }
        let mut names = vec![id.clone()];
        for name in block.names.iter().flatten() {
            let name = self.word(name)?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let mut prices: Vec<Price> = block.price.iter().map(|row| self.price(row)).collect::<Result<_, _>>()?;
        prices.sort_by_key(|row| (row.withdrawn, row.mode, row.starts(), row.prompt_min));
        Ok(Model {
            seller: seller.to_string(),
            id,
            names,
            dated: block.dated.iter().map(|pattern| self.word(pattern)).collect::<Result<_, _>>()?,
            strip: block.strip.iter().map(|ending| self.word(ending)).collect::<Result<_, _>>()?,
            released: self.instant(block.released.as_ref())?,
            prices,
            place: self.source.place(spanned.span()),
        })
    }

    fn price(&self, spanned: &Spanned<PriceBlock>) -> Result<Price, PriceError> {
        let block = spanned.get_ref();
        let stated = [("basis", block.basis.is_some()), ("read", block.read.is_some()), ("src", block.src.is_some())];
        self.evidence(spanned.span(), "[[model.price]]", &stated)?;
        if block.from.is_none() && !block.since_launch {
            let hint = "add from = YYYY-MM-DD, or since_launch = true";
            return Err(self.source.error(spanned.span(), "a price without a start", hint));
        }
        let (prompt_min, prompt_max) = self.band(spanned)?;
        let rates = self.rates(&block.usd_per_mtok)?;
        Ok(Price {
            mode: self.mode(&block.mode)?,
            from: self.instant(block.from.as_ref())?,
            since_launch: block.since_launch,
            known: self.instant(block.known.as_ref())?,
            withdrawn: self.instant(block.withdrawn.as_ref())?,
            prompt_min,
            prompt_max,
            basis: block.basis.as_ref().map(|basis| self.basis(basis)).transpose()?,
            read: block.read.as_ref().map(|read| self.date(read)).transpose()?,
            src: block.src.clone(),
            place: self.source.place(spanned.span()),
            fallback: self.fallback(&block.fallback, &rates)?,
            rates,
        })
    }

    /// Reads the band of prompt sizes as its smallest and largest size.
    fn band(&self, spanned: &Spanned<PriceBlock>) -> Result<(u64, Option<u64>), PriceError> {
        let block = spanned.get_ref();
        let count = |bound: &Option<Spanned<u64>>| bound.as_ref().map(|bound| *bound.get_ref());
        let fault = |what: &str, hint: &str| Err(self.source.error(spanned.span(), what, hint));
        let min = match (count(&block.prompt_over), count(&block.prompt_from)) {
            (Some(_), Some(_)) => return fault("two lower bounds of the prompt", "keep prompt_over or prompt_from"),
            (Some(over), None) => over.saturating_add(1),
            (None, from) => from.unwrap_or(0),
        };
        let max = match (count(&block.prompt_max), count(&block.prompt_below)) {
            (Some(_), Some(_)) => return fault("two upper bounds of the prompt", "keep prompt_max or prompt_below"),
            (None, Some(0)) => return fault("no prompt is below 0 tokens", "remove prompt_below"),
            (None, below) => below.map(|below| below - 1),
            (max, None) => max,
        };
        if max.is_some_and(|max| max < min) {
            return fault("the band of prompt sizes is empty", "the upper bound lies below the lower one");
        }
        Ok((min, max))
    }

    fn rates(&self, block: &BTreeMap<Spanned<String>, Spanned<String>>) -> Result<[Option<i64>; CLASSES], PriceError> {
        let mut rates = [None; CLASSES];
        for (class, rate) in block {
            rates[self.class(class)? as usize] = Some(self.decimal(rate)?);
        }
        Ok(rates)
    }

    fn fallback(
        &self,
        block: &BTreeMap<Spanned<String>, Spanned<String>>,
        rates: &[Option<i64>; CLASSES],
    ) -> Result<[Option<Class>; CLASSES], PriceError> {
        let mut fallback = [None; CLASSES];
        for (class, other) in block {
            let (missing, used) = (self.class(class)?, self.class(other)?);
            if rates[missing as usize].is_some() {
                let what = format!("`{}` has a price and a fallback", missing.name());
                return Err(self.source.error(class.span(), what, "keep one of the two"));
            }
            if rates[used as usize].is_none() {
                let what = format!("the fallback `{}` has no price in this row", used.name());
                return Err(self.source.error(other.span(), what, "fall back to a class of usd_per_mtok"));
            }
            fallback[missing as usize] = Some(used);
        }
        Ok(fallback)
    }
}

/// A seller of which only the id is known.
fn plain_seller(id: &str) -> Seller {
    Seller {
        id: id.to_string(),
        provider_names: vec![id.to_lowercase()],
        usage: None,
        first_party: true,
        mode_names: Vec::new(),
        regions: Vec::new(),
        tools: Vec::new(),
        aliases: Vec::new(),
    }
}

/// Returns the span of the first thing that only makes sense for the file's own seller.
fn first_span_of_a_seller(file: &SellerFile) -> Option<std::ops::Range<usize>> {
    let names = file.provider_names.iter().map(Spanned::span);
    let modes = file.mode_names.keys().map(Spanned::span);
    let regions = file.region.iter().map(Spanned::span);
    let tools = file.tool.iter().map(Spanned::span);
    names.chain(modes).chain(regions).chain(tools).chain(file.alias.iter().map(Spanned::span)).next()
}
