//! Power cuts: an import killed at any moment leaves the store as it was, and can be done again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use attr::domain::Usd;

use crate::world::World;

/// Enough that pages reach the file before the import ends: the store keeps 32 MiB of them in memory.
const ROWS: u64 = 110_000;
const BEFORE: u64 = 9_000;

/// Writes calls of known cost: 1,000 tokens in and `n % 90` out of `gpt-4o`.
fn log(ids: &str, count: u64) -> (String, Usd) {
    let (mut text, mut pico) = (String::new(), 0i128);
    for n in 0..count {
        let output = n % 90;
        pico += 1_000 * 2_500_000 + i128::from(output) * 10_000_000;
        writeln!(
            text,
            "{{\"ts\":\"2026-10-{:02}T{:02}:{:02}:{:02}Z\",\"request_id\":\"{ids}-{n:08x}\",\"session_id\":\"session-{:06}\",\
             \"provider\":\"openai\",\"model\":\"gpt-4o\",\"feature\":\"feature-{}\",\"tenant\":\"tenant-{}\",\
             \"input_tokens\":1000,\"output_tokens\":{output},\"note\":\"{:016x}\"}}",
            1 + n / 86_400,
            n / 3_600 % 24,
            n / 60 % 60,
            n % 60,
            n / 3,
            n % 30,
            n % 700,
            n.wrapping_mul(0x9E37_79B9_7F4A_7C15),
        )
        .unwrap();
    }
    (text, Usd::from_pico(pico))
}

/// A small seedable generator, so that a failure can be had again.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) % n
    }
}

/// What the store holds, or nothing where there is none yet.
fn held(world: &World) -> (u64, Usd) {
    if !world.db().exists() {
        return (0, Usd::ZERO);
    }
    world.sound();
    world.total()
}

/// Starts an import, stops it after some time, and returns whether it had ended before.
fn cut_short(world: &World, path: &str, after: Duration, signal: Option<&str>) -> bool {
    let mut child = world.command(&["import", path]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    match signal {
        None => child.kill().unwrap(),
        Some(signal) => {
            Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status().unwrap();
        }
    }
    child.wait().unwrap().success()
}

/// Kills imports at moments spread over their length; after each the store is sound and holds all or nothing.
fn rounds(name: &str, before: u64, count: u64, signal: Option<&str>) {
    let (text, whole) = log("new", ROWS);
    let (first, held_before) = log("old", before);
    // How long an import takes here and now.
    let measured = {
        let world = World::new();
        let path = world.write("log.jsonl", &text);
        let started = Instant::now();
        world.attr(&["import", &path]).ended(0);
        assert_eq!(world.total(), (ROWS, whole));
        started.elapsed()
    };
    let (all, none) = ((before + ROWS, held_before + whole), (before, held_before));
    let prepared = || {
        let world = World::new();
        if before > 0 {
            let path = world.write("before.jsonl", &first);
            world.attr(&["import", &path]).ended(0);
        }
        let path = world.write("log.jsonl", &text);
        (world, path)
    };
    // Whether an import was cut short at that moment.
    let is_cut = |world: &World, path: &str, moment: Duration| {
        let ended = cut_short(world, path, moment, signal);
        let found = held(world);
        assert!(found == none || found == all, "{name}, after {moment:?}: {found:?}");
        assert!(!ended || found == all, "{name}, after {moment:?}: it said that it had ended");
        found == none
    };
    let mut random = Random(0x5EED ^ before << 20 ^ count);
    let mut killed = 0;
    for round in 0..count {
        let (world, path) = prepared();
        // Twice in a row now and then: a store may be cut short while it recovers.
        for _ in 0..1 + round % 2 {
            let moment = measured.mul_f64((round * 1_000 / count + random.below(1_000 / count)) as f64 / 950.0);
            killed += u32::from(is_cut(&world, &path, moment));
        }
        world.attr(&["import", &path]).ended(0);
        assert_eq!(held(&world), all, "{name}, round {round}: after the import was done again");
        if round == 0 {
            let again = world.attr(&["import", &path, "--json"]).ended(0).json();
            assert_eq!(again["imports"][0]["new"], serde_json::json!(0), "{name}, round {round}");
            assert_eq!(held(&world), all);
        }
    }
    // What was measured while others worked may be longer than an import takes: sooner, until one is cut short.
    let mut moment = measured;
    for _ in 0..10 {
        if killed > 0 {
            return;
        }
        moment /= 2;
        let (world, path) = prepared();
        killed += u32::from(is_cut(&world, &path, moment));
    }
    assert!(killed > 0, "{name}: no import was ever cut short");
}

#[test]
fn an_import_into_an_empty_store_can_be_killed() {
    rounds("an empty store", 0, 5, None);
}

#[test]
fn an_import_into_a_store_in_use_can_be_killed() {
    rounds("a store in use", BEFORE, 5, None);
}

#[test]
fn an_import_can_be_interrupted() {
    // What runs in the background may be deaf to an interrupt from the keyboard; both end it alike.
    rounds("interrupted", BEFORE, 2, Some("-TERM"));
}

/// Taking an import out and making segments anew are transactions too.
#[test]
fn upkeep_can_be_killed() {
    let world = World::new();
    let (text, whole) = log("new", ROWS);
    let path = world.write("log.jsonl", &text);
    world.attr(&["import", &path]).ended(0);
    let mut random = Random(77);
    for args in [&["store", "rebuild"][..], &["store", "rebuild"], &["store", "rebuild"], &["imports", "undo", "1"]] {
        let mut child = world.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(20 + random.below(300)));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = held(&world);
        let undone = args[0] == "imports" && found == (0, Usd::ZERO);
        assert!(found == (ROWS, whole) || undone, "{args:?}: {found:?}");
    }
    world.attr(&["import", &path]).ended(0);
    assert_eq!(held(&world), (ROWS, whole));
}
