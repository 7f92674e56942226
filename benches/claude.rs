//! A folder of invented Claude Code sessions: `generate claude FOLDER [LINES] [FILES] [SEED]`.
//!
//! Lines of the sizes and in the mixture that such folders have: an answer is one to four lines that repeat a usage
//! as it grows, its tools' results are the bulk of the bytes, hooks and snapshots stand between. One file in eight is
//! a subagent's, one in thirty goes on from a copy of an earlier session, one in sixty replays its parent in an aside.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::Random;

const MODELS: [&str; 4] =
    ["claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101", "claude-haiku-4-5-20251001", "claude-opus-4-6"];
const TOOLS: [&str; 5] = ["Bash", "Read", "Edit", "Grep", "Write"];
const WORDS: [&str; 24] = [
    "the ",
    "reader ",
    "returns ",
    "a value ",
    "fn parse(",
    "let mut at = 0;\\n",
    "    if let Some(x) = next {\\n",
    "        }\\n",
    "\\\"name\\\": ",
    "error ",
    "src/main.rs",
    ":42: ",
    "// why ",
    "because it ",
    "was never ",
    "closed\\n",
    "\\tassert_eq!(",
    "total, ",
    "expected) ",
    "warning: ",
    "unused ",
    "variable ",
    "passed\\n",
    "café ",
];

/// What every line of a session says.
struct Session {
    id: String,
    project: String,
    version: &'static str,
    model: &'static str,
    /// Empty, or the id of the subagent.
    agent: String,
    at: u64,
    uuid: String,
    cached: u64,
}

/// Writes so many lines in so many files below a folder.
pub(crate) fn write(folder: &Path, lines: u64, files: u64, seed: u64) -> io::Result<()> {
    let mut random = Random::seeded(seed);
    let mean = (lines / files.max(1)).max(8);
    let (mut left, mut earlier) = (lines, None::<(String, u64)>);
    for file in 0..files {
        if left == 0 {
            break;
        }
        let wanted = if file + 1 == files { left } else { (mean / 4 + random.below(mean * 3 / 2)).min(left) };
        let mut session = start(&mut random, file);
        let mut text = String::new();
        let (mut count, mut parent) = (0, None);
        if let Some((main, at)) = earlier.as_ref().filter(|_| file % 8 == 7 || file % 60 == 59) {
            (parent, session.at) = (Some(main.lines().next().unwrap_or_default().to_string()), *at);
            let name = if file % 60 == 59 { "aside_question-" } else { "a" };
            session.agent = format!("{name}{:016x}", random.next());
        }
        if let Some((main, at)) = earlier.as_ref().filter(|_| file % 30 == 29 && file % 60 != 59) {
            // Resumed under a new id: the history is copied.
            for line in main.lines().take(wanted as usize / 2) {
                text += &with_session(line, &session.id);
                text.push('\n');
                count += 1;
            }
            session.at = *at;
        } else if let Some((main, _)) = earlier.as_ref().filter(|_| file % 60 == 59) {
            for line in main.lines().filter(|line| line.contains("\"usage\"")).take(wanted as usize / 2) {
                text += &replayed(line, &session.agent);
                text.push('\n');
                count += 1;
            }
        }
        if let Some(parent) = parent {
            session.id = between(&parent, "\"sessionId\":\"").to_string();
            session.project = between(&parent, "\"cwd\":\"").to_string();
        }
        while count < wanted {
            count += turn(&mut text, &mut session, &mut random, wanted - count);
        }
        left -= wanted;
        save(folder, &session, &text)?;
        if session.agent.is_empty() {
            earlier = Some((text, session.at));
        }
    }
    Ok(())
}

fn start(random: &mut Random, file: u64) -> Session {
    let (a, b) = (random.next(), random.next());
    // No session crosses midnight: tools differ in which line's time an answer has.
    let day = 1_772_323_200 + file % 90 * 86_400;
    Session {
        id: uuid(a, b),
        project: format!("/home/dev/app-{:02}", random.below(40)),
        version: ["2.0.76", "2.1.16", "2.1.39"][random.below(3) as usize],
        model: MODELS[random.below(MODELS.len() as u64) as usize],
        agent: String::new(),
        at: (day + 6 * 3600 + random.below(8 * 3600)) * 1000,
        uuid: uuid(b, a),
        cached: 12_000,
    }
}

fn save(folder: &Path, session: &Session, text: &str) -> io::Result<()> {
    let project = folder.join("projects").join(session.project.replace('/', "-"));
    let path = if session.agent.is_empty() {
        project.join(format!("{}.jsonl", session.id))
    } else {
        project.join(&session.id).join("subagents").join(format!("agent-{}.jsonl", session.agent))
    };
    if let Some(parent) = path.parent() {
        fs_err::create_dir_all(parent)?;
    }
    fs_err::write(path, text)
}

/// Writes one turn: an answer of one to four lines, the results of its tools, what hooks say. Returns the lines.
fn turn(out: &mut String, session: &mut Session, random: &mut Random, most: u64) -> u64 {
    let blocks = [1, 2, 2, 2, 3, 3, 3, 4][random.below(8) as usize].min(most);
    let (id, request) = (format!("msg_01{:016x}", random.next()), format!("req_011C{:016x}", random.next()));
    let (input, written) = (1 + random.below(12), 200 + random.below(4_000));
    let output = 80 + random.below(1_200);
    let read = session.cached;
    session.cached = if read > 150_000 { 12_000 } else { read + written };
    for block in 0..blocks {
        let last = block + 1 == blocks;
        // Half of the answers are logged while they grow.
        let so_far = if last || output.is_multiple_of(2) { output } else { 1 + output * block / blocks };
        let content = match (block, last) {
            (0, false) => format!(
                r#"{{"type":"thinking","thinking":"{}","signature":"{}"}}"#,
                prose(random, 200, 1_400),
                noise(random, 300, 1_500)
            ),
            (_, true) => format!(
                r#"{{"type":"tool_use","id":"toolu_01{:016x}","name":"{}","input":{{"command":"{}","description":"{}"}}}}"#,
                random.next(),
                TOOLS[random.below(5) as usize],
                prose(random, 60, 900),
                prose(random, 10, 60)
            ),
            _ => format!(r#"{{"type":"text","text":"{}"}}"#, prose(random, 60, 900)),
        };
        let stop = if last { r#""tool_use""# } else { "null" };
        head(out, session, random);
        let _ = write!(
            out,
            r#""message":{{"model":"{}","id":"{id}","type":"message","role":"assistant","content":[{content}],"stop_reason":{stop},"stop_sequence":null,"usage":{{"input_tokens":{input},"cache_creation_input_tokens":{written},"cache_read_input_tokens":{read},"cache_creation":{{"ephemeral_5m_input_tokens":{written},"ephemeral_1h_input_tokens":0}},"output_tokens":{so_far},"service_tier":"standard"}}}},"requestId":"{request}","type":"assistant""#,
            session.model
        );
        tail(out, session, random, 700);
    }
    let results = random.below(3).min(most - blocks);
    for _ in 0..results {
        let (tool, result) = (random.next(), prose(random, 100, 2_200));
        head(out, session, random);
        let _ = write!(
            out,
            r#""type":"user","message":{{"role":"user","content":[{{"tool_use_id":"toolu_01{tool:016x}","type":"tool_result","content":"{result}","is_error":false}}]}},"toolUseResult":{{"stdout":"{result}","stderr":"","interrupted":false,"isImage":false}}"#
        );
        tail(out, session, random, 2_500);
    }
    let others = u64::from(random.below(3) > 0).min(most - blocks - results);
    if others > 0 {
        head(out, session, random);
        match random.below(4) {
            0 => {
                let _ = write!(
                    out,
                    r#""type":"system","subtype":"stop_hook_summary","hookCount":1,"hookInfos":[{{"command":"{}"}}],"level":"suggestion""#,
                    prose(random, 30, 120)
                );
            }
            1 => {
                let _ = write!(
                    out,
                    r#""type":"attachment","attachment":{{"type":"edited_text_file","snippet":"{}"}}"#,
                    prose(random, 200, 3_000)
                );
            }
            _ => {
                let _ = write!(
                    out,
                    r#""type":"progress","data":{{"type":"hook_progress","hookEvent":"PostToolUse","hookName":"PostToolUse:Bash","command":"{}"}},"toolUseID":"toolu_01{:016x}""#,
                    prose(random, 20, 80),
                    random.next()
                );
            }
        }
        tail(out, session, random, 300);
    }
    blocks + results + others
}

/// Begins a line as Claude Code does.
fn head(out: &mut String, session: &Session, random: &mut Random) {
    let aside = !session.agent.is_empty();
    let _ = write!(
        out,
        r#"{{"parentUuid":"{}","isSidechain":{aside},"userType":"external","cwd":"{}","sessionId":"{}","version":"{}","gitBranch":"main","#,
        session.uuid, session.project, session.id, session.version
    );
    if aside {
        let _ = write!(out, r#""agentId":"{}","#, session.agent);
    }
    let _ = write!(out, r#""slug":"quiet-{:03}","#, random.below(10));
}

/// Ends a line, and moves the session's clock by at most so many milliseconds.
fn tail(out: &mut String, session: &mut Session, random: &mut Random, most: u64) {
    session.at += 1 + random.below(most);
    session.uuid = uuid(random.next(), random.next());
    let time = chrono::DateTime::from_timestamp_millis(session.at as i64).expect("within 2026");
    let _ = writeln!(out, r#","uuid":"{}","timestamp":"{}"}}"#, session.uuid, time.format("%Y-%m-%dT%H:%M:%S%.3fZ"));
}

fn with_session(line: &str, id: &str) -> String {
    line.replacen(between(line, "\"sessionId\":\""), id, 1)
}

/// A line as an aside repeats it: the same answer under another request.
fn replayed(line: &str, agent: &str) -> String {
    line.replacen("\"isSidechain\":false,", &format!("\"isSidechain\":true,\"agentId\":\"{agent}\","), 1).replacen(
        "\"requestId\":\"req_011C",
        "\"requestId\":\"req_011D",
        1,
    )
}

fn between<'a>(text: &'a str, start: &str) -> &'a str {
    text.split_once(start).and_then(|(_, rest)| rest.split_once('"')).map_or("", |(inner, _)| inner)
}

fn uuid(a: u64, b: u64) -> String {
    let (a, b) = (format!("{a:016x}"), format!("{b:016x}"));
    format!("{}-{}-4{}-a{}-{}", &a[..8], &a[8..12], &a[13..], &b[1..4], &b[4..])
}

/// Text of a size between the two, most of it short.
fn prose(random: &mut Random, least: u64, most: u64) -> String {
    let wanted = (least + random.below(most) * random.below(1_000) / 700) as usize;
    let mut text = String::with_capacity(wanted + 32);
    while text.len() < wanted {
        text += WORDS[random.below(WORDS.len() as u64) as usize];
    }
    text
}

fn noise(random: &mut Random, least: u64, most: u64) -> String {
    let wanted = (least + random.below(most)) as usize;
    let mut text = String::with_capacity(wanted + 16);
    while text.len() < wanted {
        let _ = write!(text, "{:016X}", random.next());
    }
    text
}
