//! A bill and the calls that it is for: a year of daily lines, 50 models, 20 workspaces, 5 lines each.
//!
//! Written into a folder: `calls.jsonl`, `bill.csv` (an OpenAI cost export with quantities, 1,825,000 lines) and
//! `prices.toml`, the table by which both tie to the last digit. The models are invented, so that no change of a real
//! price changes what is measured. Two calls in turn go to each model and workspace of a day: a standard one with all
//! classes of tokens, and one of a batch with output alone. 730,000 calls reach every line of the bill.

use std::fs::File;
use std::io::BufWriter;
use std::io::Result;
use std::io::Write;
use std::path::Path;

use crate::Random;

const DAYS: u64 = 365;
const MODELS: u64 = 50;
const WORKSPACES: u64 = 20;
/// Models and workspaces of a day.
const PLACES: u64 = MODELS * WORKSPACES;
/// 2025-11-01T00:00:00Z.
const START: u64 = 1_761_955_200;
const DAY: u64 = 86_400;
/// What a line is for, in the words of the export.
const ITEMS: [&str; 5] = ["input", "cached input", "cache write", "output", "output"];
/// The line of the batches.
const BATCH: usize = 4;

/// Returns picodollars a token of a model, line by line.
fn rates(model: u64) -> [u64; 5] {
    let base = 400_000 + 20_000 * model;
    [base, base / 10, base / 4 * 5, base * 8, base * 4]
}

/// Writes the three files.
pub(crate) fn write(folder: &Path, rows: u64, seed: u64) -> Result<()> {
    fs_err::create_dir_all(folder)?;
    let open = |name: &str| File::create(folder.join(name)).map(|file| BufWriter::with_capacity(1 << 20, file));
    prices(&mut open("prices.toml")?)?;
    let (mut calls, mut bill) = (open("calls.jsonl")?, open("bill.csv")?);
    writeln!(
        bill,
        "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id,\
         organization_id,quantity,quantity_unit"
    )?;
    let mut random = Random::seeded(seed);
    for day in 0..DAYS {
        let (first, end) = (rows * day / DAYS, rows * (day + 1) / DAYS);
        let mut tokens = vec![[0u64; 5]; PLACES as usize];
        for row in first..end {
            let (place, is_batch) = ((row - first) % PLACES, (row - first) / PLACES % 2 == 1);
            // The first two calls of a place are of both kinds, whatever the number of calls is.
            let second = START + day * DAY + (row - first) * DAY / (end - first);
            let counts = draw(&mut random, is_batch);
            tokens[place as usize].iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            call(&mut calls, row, second, place, &counts)?;
        }
        for (place, sums) in tokens.iter().enumerate() {
            lines(&mut bill, day, place as u64, sums)?;
        }
    }
    calls.flush()?;
    bill.flush()
}

fn draw(random: &mut Random, is_batch: bool) -> [u64; 5] {
    if is_batch {
        return [0, 0, 0, 0, 20 + random.below(1_500)];
    }
    let mut upto = |most| 1 + random.below(most);
    [upto(12_000), upto(8_000), upto(3_000), upto(1_500), 0]
}

fn call(out: &mut impl Write, row: u64, second: u64, place: u64, counts: &[u64; 5]) -> Result<()> {
    let time = chrono::DateTime::from_timestamp(second as i64, 0).expect("within 2026");
    let [input, cached, written, output, batch] = counts;
    writeln!(
        out,
        "{{\"ts\":\"{}\",\"request_id\":\"req_{row:012x}\",\"provider\":\"openai\",\"model\":\"bench-{:02}\",\
         \"workspace\":\"proj-{:02}\",\"service_tier\":\"{}\",\"feature\":\"feature-{:02}\",\"uncached_input_tokens\":{input},\
         \"cache_read_tokens\":{cached},\"cache_write_tokens\":{written},\"output_tokens\":{},\"status\":\"ok\"}}",
        time.format("%Y-%m-%dT%H:%M:%SZ"),
        place / WORKSPACES,
        place % WORKSPACES,
        if *batch > 0 { "batch" } else { "default" },
        row % 30,
        output + batch,
    )
}

fn lines(out: &mut impl Write, day: u64, place: u64, sums: &[u64; 5]) -> Result<()> {
    let (model, start) = (place / WORKSPACES, START + day * DAY);
    for (at, (sum, rate)) in sums.iter().zip(rates(model)).enumerate() {
        let (pico, mode) = (sum * rate, if at == BATCH { "batch" } else { "default" });
        writeln!(
            out,
            "{start},{},,,{}.{:012},usd,\"{mode} | bench-{model:02}, {}\",proj-{:02},org-bench,{sum},tokens",
            start + DAY,
            pico / 1_000_000_000_000,
            pico % 1_000_000_000_000,
            ITEMS[at],
            place % WORKSPACES,
        )?;
    }
    Ok(())
}

fn prices(out: &mut impl Write) -> Result<()> {
    writeln!(out, "seller = \"openai\"\ncurrency = \"USD\"\nprovider_names = [\"openai\"]")?;
    for model in 0..MODELS {
        let mtok = |pico: u64| format!("\"{}.{:06}\"", pico / 1_000_000, pico % 1_000_000);
        let [input, cached, written, output, batch] = rates(model).map(mtok);
        writeln!(
            out,
            "\n[[model]]\nid = \"bench-{model:02}\"\n\n[[model.price]]\nmode = \"standard\"\nfrom = 2025-01-01\n\
             usd_per_mtok = {{ input = {input}, cache_read = {cached}, cache_write_30m = {written}, output = {output} }}\n\n\
             [[model.price]]\nmode = \"batch\"\nfrom = 2025-01-01\nusd_per_mtok = {{ input = {input}, output = {batch} }}"
        )?;
    }
    out.flush()
}
