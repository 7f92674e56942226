//! Writes invented usage logs of any size to standard output: `generate [ROWS] [SEED] [DAYS] [TENANTS]`.
//! `generate claude FOLDER [LINES] [FILES] [SEED]` writes a folder of Claude Code sessions instead, and
//! `generate bill FOLDER [ROWS] [SEED]` a bill of 1.8 million lines with the calls that it is for.
//!
//! Flat JSON lines of 27 fields and some 620 bytes: 2,000 tenants, unless told otherwise, and 30 features by a zipf law, 12 models,
//! 50,000 users, runs of six calls of one tenant's, feature's and agent's. The same arguments always give the same bytes.

mod bill;
mod claude;

use std::io::{BufWriter, Write};
use std::path::Path;

/// A small, fast, seedable generator (xorshift64*), so that a log can be made again anywhere.
struct Random(u64);

impl Random {
    fn seeded(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }

    /// An index drawn by a zipf law (exponent near one) over the cumulated weights.
    fn zipf(&mut self, cumulated: &[u64]) -> usize {
        let total = cumulated.last().copied().unwrap_or(1);
        let at = self.below(total);
        cumulated.partition_point(|c| *c <= at)
    }
}

fn zipf_weights(n: u64) -> Vec<u64> {
    (1..=n)
        .scan(0, |sum, rank| {
            *sum += 1_000_000_000 / rank;
            Some(*sum)
        })
        .collect()
}

const MODELS: [(&str, &str); 12] = [
    ("anthropic", "claude-sonnet-4-6"),
    ("anthropic", "claude-haiku-4-5"),
    ("openai", "gpt-5-mini"),
    ("openai", "gpt-4.1-mini"),
    ("anthropic", "claude-opus-4-8"),
    ("google", "gemini-2.5-flash"),
    ("openai", "gpt-5"),
    ("openai", "gpt-4o"),
    ("google", "gemini-2.5-pro"),
    ("openai", "gpt-4o-mini"),
    ("anthropic", "claude-opus-4-5"),
    ("openai", "o3"),
];
const REGIONS: [&str; 4] = ["us-east-1", "eu-west-1", "eu-central-1", "ap-south-1"];
const ENVIRONMENTS: [&str; 4] = ["prod", "prod", "prod", "staging"];

const AGENTS: [&str; 5] = ["planner", "researcher", "writer", "critic", "none"];
const CALLS_OF_A_RUN: u64 = 6;

/// What the calls of a run have in common.
#[derive(Clone, Copy, Default)]
struct Work {
    tenant: usize,
    feature: usize,
    model: usize,
    user: u64,
    session: u64,
    agent: &'static str,
    environment: &'static str,
    region: &'static str,
}

impl Work {
    fn draw(random: &mut Random, tenants: &[u64], features: &[u64], models: &[u64]) -> Work {
        let feature = random.zipf(features);
        Work {
            tenant: random.zipf(tenants),
            feature,
            model: random.zipf(models),
            user: random.below(50_000),
            session: random.below(200_000),
            // A feature has agents of its own.
            agent: AGENTS[(feature + random.below(2) as usize) % AGENTS.len()],
            environment: ENVIRONMENTS[random.below(4) as usize],
            region: REGIONS[random.below(4) as usize],
        }
    }
}

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, folder, numbers @ ..] = args.as_slice()
        && mode == "claude"
    {
        let number = |at: usize, default| numbers.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
        return claude::write(Path::new(folder), number(0, 10_000), number(1, 50), number(2, 1));
    }
    if let [mode, folder, numbers @ ..] = args.as_slice()
        && mode == "bill"
    {
        let number = |at: usize, default| numbers.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
        return bill::write(Path::new(folder), number(0, 1_000_000), number(1, 1));
    }
    let numbers: Vec<u64> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
    let rows = numbers.first().copied().unwrap_or(1_000);
    let seed = numbers.get(1).copied().unwrap_or(1);
    let days = numbers.get(2).copied().unwrap_or(90);
    let tenants = numbers.get(3).copied().unwrap_or(2_000);
    let mut random = Random::seeded(seed);
    let (tenants, features, models) = (zipf_weights(tenants), zipf_weights(30), zipf_weights(12));
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    // 2026-08-01T00:00:00Z, in milliseconds.
    let start = 1_785_542_400_000u64;
    let span = days * 86_400_000;
    let mut work = Work::default();
    for row in 0..rows {
        if row % CALLS_OF_A_RUN == 0 {
            work = Work::draw(&mut random, &tenants, &features, &models);
        }
        let Work { tenant, feature, model, user, agent, environment, region, session } = work;
        let (provider, model) = MODELS[model];
        let ts = start + (u128::from(span) * u128::from(row) / u128::from(rows.max(1))) as u64;
        let time = chrono::DateTime::from_timestamp_millis(ts as i64).expect("within 2026");
        let input = 200 + random.below(12_000);
        let cached = if random.below(3) == 0 { input * random.below(90) / 100 } else { 0 };
        let output = 20 + random.below(1_500);
        let reasoning = if random.below(4) == 0 { output / 2 } else { 0 };
        let failed = random.below(100) == 0;
        let (run, latency) = (row / CALLS_OF_A_RUN, 150 + random.below(9_000));
        let (id, trace) = (random.next(), random.next());
        writeln!(
            out,
            "{{\"ts\":\"{}\",\"request_id\":\"req_{id:016x}{row:08x}\",\"trace_id\":\"{trace:016x}{id:016x}\",\
             \"run_id\":\"run-{run:08}\",\"session_id\":\"sess-{session:07}\",\"provider\":\"{provider}\",\"model\":\"{model}\",\
             \"feature\":\"feature-{feature:02}\",\"tenant\":\"tenant-{tenant:04}\",\"team\":\"team-{:02}\",\
             \"user_id\":\"user-{user:05}\",\"environment\":\"{environment}\",\"region\":\"{region}\",\"agent\":\"{agent}\",\
             \"prompt_name\":\"prompt-{feature:02}\",\"prompt_version\":\"v{}.{}\",\"service_tier\":\"{}\",\
             \"input_tokens\":{input},\"cache_read_tokens\":{cached},\"output_tokens\":{output},\
             \"reasoning_tokens\":{reasoning},\"latency_ms\":{latency},\"ttft_ms\":{},\"status\":\"{}\",\
             \"http_status\":{},\"sdk_version\":\"1.{}.0\",\"stream\":{}}}",
            time.format("%Y-%m-%dT%H:%M:%S%.3fZ"),
            feature % 8,
            1 + feature % 4,
            (row * 10 / rows.max(1)),
            if random.below(20) == 0 { "batch" } else { "standard" },
            latency / 5,
            if failed { "error" } else { "ok" },
            if failed { 529 } else { 200 },
            random.below(9),
            random.below(2) == 0,
        )?;
    }
    out.flush()
}
