//! From the TOML of one file to models and their rows. What belongs to a seller as a whole is read in `blocks`, single
//! values in `values`; whether rows agree is `check`'s business.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;

use crate::domain::tokens::{CLASSES, Class};

use crate::price::blocks::{first_span_of_a_seller, plain_seller};
use crate::price::deal::Override;
use crate::price::error::{Place, PriceError, Source};
use crate::price::rows::{Model, Price, Seller};
use crate::price::schema::{ModelBlock, PriceBlock, SCHEMA, SellerFile};
use crate::price::values::{Reading, Rules};

/// What one file says: sellers, their models, and the version if it states one.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) sellers: Vec<Seller>,
    pub(super) models: Vec<Model>,
    pub(super) overrides: Vec<Override>,
    pub(super) version: Option<String>,
}

impl Parsed {
    /// Returns a seller of the file, known from now on if it was not.
    fn known(&mut self, id: &str, place: Place) -> &mut Seller {
        let at = self.sellers.iter().position(|known| known.id == id).unwrap_or_else(|| {
            self.sellers.push(plain_seller(id, place));
            self.sellers.len() - 1
        });
        &mut self.sellers[at]
    }
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

/// Checks a version, which ids are made of.
pub(super) fn version(source: &Source, version: &Spanned<String>) -> Result<String, PriceError> {
    let word = version.get_ref();
    if word.is_empty() || word.contains(['+', ' ']) {
        let hint = "write version = \"2026.11.21\", without blanks and `+`";
        return Err(source.error(version.span(), format!("`{word}` is not a version"), hint));
    }
    Ok(word.clone())
}

impl Reading<'_> {
    fn file(&self, file: &SellerFile) -> Result<Parsed, PriceError> {
        if let Some(number) = &file.schema {
            schema(self.source, number)?;
        }
        if let Some(currency) = file.currency.as_ref().filter(|currency| currency.get_ref() != "USD") {
            let what = format!("prices in `{}`", currency.get_ref());
            return Err(self.source.error(currency.span(), what, "only currency = \"USD\" is understood"));
        }
        let stated = file.version.as_ref().map(|stated| version(self.source, stated)).transpose()?;
        let mut parsed = Parsed { version: stated, ..Parsed::default() };
        let main = file.seller.as_ref().map(|seller| self.word(seller)).transpose()?;
        if let Some(id) = &main {
            parsed.sellers.push(self.seller(id, file)?);
        } else if let Some(span) = first_span_of_a_seller(file) {
            let hint = "write seller = \"...\" at the top of the file";
            return Err(self.source.error(span, "this needs the file's `seller`", hint));
        }
        for block in &file.model {
            let id = block.get_ref().id.get_ref();
            let seller = self.owner(block.get_ref().seller.as_ref(), &main, block.span(), &format!("model `{id}`"))?;
            parsed.known(&seller, self.source.place(block.span()));
            parsed.models.push(self.model(&seller, block)?);
        }
        for block in &file.alias {
            let name = block.get_ref().name.get_ref();
            let seller =
                self.owner(block.get_ref().seller.as_ref(), &main, block.span(), &format!("alias `{name}`"))?;
            let alias = self.alias(block)?;
            parsed.known(&seller, self.source.place(block.span())).aliases.push(alias);
        }
        for block in &file.overrides {
            let seller = self.owner(block.get_ref().seller.as_ref(), &main, block.span(), "[[override]]")?;
            parsed.overrides.push(self.agreed(seller, block)?);
        }
        Ok(parsed)
    }

    /// Returns the seller a block belongs to: the one it names, else the file's.
    fn owner(
        &self,
        own: Option<&Spanned<String>>,
        main: &Option<String>,
        span: Range<usize>,
        block: &str,
    ) -> Result<String, PriceError> {
        let own = own.map(|seller| self.word(seller)).transpose()?;
        own.or_else(|| main.clone()).ok_or_else(|| {
            let hint = "write seller = \"...\" in the block, or at the top of the file";
            self.source.error(span, format!("no seller for {block}"), hint)
        })
    }

    fn model(&self, seller: &str, spanned: &Spanned<ModelBlock>) -> Result<Model, PriceError> {
        let block = spanned.get_ref();
        self.evidence(spanned.span(), "[[model]]", &[("names", block.names.is_some())])?;
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
        prices.sort_by(Price::in_order);
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
            window: block.window.as_ref().map(|id| self.word(id)).transpose()?,
            from: self.instant(block.from.as_ref())?,
            since_launch: block.since_launch,
            known: self.instant(block.known.as_ref())?,
            withdrawn: self.instant(block.withdrawn.as_ref())?,
            prompt_min,
            prompt_max,
            basis: block.basis.as_ref().map(|basis| self.basis(basis)).transpose()?,
            read: block.read.as_ref().map(|read| self.date(read)).transpose()?,
            src: block.src.clone(),
            note: block.note.clone(),
            fix: block.fix.clone(),
            exempt: block.exempt.clone(),
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

    pub(super) fn rates(
        &self,
        block: &BTreeMap<Spanned<String>, Spanned<String>>,
    ) -> Result<[Option<i64>; CLASSES], PriceError> {
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
