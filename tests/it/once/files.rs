//! Many files at once, broken ones among them: those that are whole are in, as if they had come one by one.

use std::fmt::Write as _;
use std::io::Write as _;

use super::*;

fn line(file: usize, n: usize) -> String {
    format!(
        "{{\"ts\":\"2026-10-{:02}T10:{:02}:00Z\",\"request_id\":\"f{file}-{n}\",\"provider\":\"openai\",\"model\":\"gpt-4o\",\
         \"feature\":\"feature-{}\",\"input_tokens\":{},\"output_tokens\":7}}\n",
        1 + file % 28,
        n % 60,
        file % 3,
        1000 + n,
    )
}

fn log(file: usize, calls: usize) -> String {
    (0..calls).map(|n| line(file, n)).collect()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Fifty files, each of its own calls and one that all share; the one in the middle ends in the middle.
fn fifty(world: &World) -> (Vec<PathBuf>, PathBuf) {
    let shared = line(99, 0);
    let paths: Vec<PathBuf> = (0..50)
        .map(|file| {
            let text = log(file, 1 + file % 4) + &shared;
            let packed = gzip(text.as_bytes());
            let content = match file {
                25 => packed[..packed.len() - 9].to_vec(),
                _ if file % 2 == 0 => packed,
                _ => text.into_bytes(),
            };
            world.write(&format!("logs/{file:02}.jsonl"), content).into()
        })
        .collect();
    let broken = paths[25].clone();
    (paths, broken)
}

#[test]
fn a_broken_file_among_fifty_is_the_only_one_that_is_not_in() {
    let world = World::new();
    let (paths, broken) = fifty(&world);
    let mut together = book();
    let outcomes = put_all(&mut together, &paths);
    assert_sound(&together.store);
    let mut one_by_one = book();
    for (path, outcome) in paths.iter().zip(&outcomes) {
        if *path == broken {
            assert!(matches!(outcome, FileOutcome::Failed { .. }), "{outcome:?}");
            assert!(matches!(import_how(&mut one_by_one, path, How::default()), FileOutcome::Failed { .. }));
            continue;
        }
        let FileOutcome::In { imported, tail, .. } = outcome else { panic!("{}: {outcome:?}", shown(path)) };
        let alone = put(&mut one_by_one, path);
        assert_eq!(
            (imported.new, imported.duplicate),
            (alone.imported.new, alone.imported.duplicate),
            "{}",
            shown(path)
        );
        assert_eq!(imported.total, alone.imported.total, "{}", shown(path));
        assert_eq!((tail.records, tail.bytes), (alone.tail.records, alone.tail.bytes), "{}", shown(path));
    }
    assert_eq!(together.store.imports().unwrap().len(), 49);
    assert_alike(&picture(&together.store), &picture(&one_by_one.store), "together and one by one");
    let calls: usize = (0..50).filter(|file| *file != 25).map(|file| 1 + file % 4).sum::<usize>() + 1;
    assert_eq!(total(&together.store).calls as usize, calls);
}

/// Small on disk and large in truth: it leaves the others' transaction, and they lose nothing by it.
#[test]
fn a_small_file_of_many_rows_is_in_with_its_neighbours() {
    const ROWS: usize = 66_000;
    let world = World::new();
    let mut text = String::new();
    for n in 0..ROWS {
        writeln!(
            text,
            "{{\"ts\":1790000000,\"request_id\":\"r{n}\",\"model\":\"gpt-4o\",\"input_tokens\":1,\"output_tokens\":1}}"
        )
        .unwrap();
    }
    let large = gzip(text.as_bytes());
    assert!(large.len() < 4 << 20, "it must look small: {}", large.len());
    let before = world.write("a.jsonl", log(1, 3));
    let within = world.write("b.jsonl.gz", large);
    let after = world.write("c.jsonl", log(1, 5));
    let mut book = book();
    let outcomes = put_all(&mut book, &[before.into(), within.into(), after.into()]);
    let new: Vec<u64> = outcomes
        .iter()
        .map(|outcome| match outcome {
            FileOutcome::In { imported, .. } => imported.new,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(new, [3, ROWS as u64, 2], "the first three of the last file were in the first");
    assert_eq!(total(&book.store).calls as usize, ROWS + 5);
    assert_sound(&book.store);
}

#[test]
fn a_dry_run_tells_what_an_import_does() {
    let world = World::new();
    let (paths, _) = fifty(&world);
    let folder = world.path("logs").display().to_string();
    let counts = |ran: &serde_json::Value| -> Vec<(String, u64, u64)> {
        ran["imports"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| {
                let count = |key: &str| file[key].as_u64().unwrap_or_default();
                (file["path"].to_string(), count("new"), count("duplicate"))
            })
            .collect()
    };
    let dry = world.attr(&["import", &folder, "--dry-run", "--json"]).ended(2).says("25.jsonl").json();
    assert!(!world.db().exists(), "a dry run makes no store");
    let wet = world.attr(&["import", &folder, "--json"]).ended(2).json();
    assert_eq!(counts(&dry), counts(&wet));
    assert_eq!(dry["total"], wet["total"]);
    let again = world.attr(&["import", &folder, "--dry-run", "--json"]).ended(2).json();
    assert!(counts(&again).iter().all(|(_, new, _)| *new == 0), "{again}");
    assert_eq!(paths.len(), 50);
    world.sound();
}

/// A rejected record makes a strict import one that failed its check; what is sound in the file is in all the same.
#[test]
fn a_strict_import_tells_by_its_code() {
    let world = World::new();
    let good = world.write("good.jsonl", log(1, 2));
    let half = world.write("half.jsonl", log(2, 2) + "{\"ts\":\"soon\",\"model\":\"gpt-4o\",\"input_tokens\":1}\n");
    world.attr(&["import", &good, "--strict"]).ended(0);
    world.attr(&["import", &half, "--strict"]).ended(1);
    assert_eq!(world.total().0, 4);
    let ran = world.attr(&["import", &half, "--strict", "--json"]).ended(1).json();
    assert_eq!((&ran["imports"][0]["new"], &ran["imports"][0]["rejected"]), (&0.into(), &1.into()));
    world.attr(&["import", &half]).ended(0);
    assert_eq!(world.total().0, 4);
    world.sound();
}

/// A folder of many files is summed by what they are; the document for machines has each.
#[test]
fn many_files_are_told_by_their_kind() {
    let world = World::new();
    for n in 0..45 {
        let line = format!(
            "{{\"ts\":\"2026-06-01T12:00:{n:02}Z\",\"model\":\"gpt-4o\",\"input_tokens\":10,\"output_tokens\":1}}\n"
        );
        world.write(&format!("logs/{n:02}.jsonl"), if n < 23 { String::new() } else { line });
    }
    let folder = world.path("logs").display().to_string();
    let ran = world.attr(&["import", &folder]).ended(0);
    assert_eq!(ran.out.lines().count(), 4, "{}", ran.out);
    assert!(ran.out.contains("23 files") && ran.out.contains("22 files"), "{}", ran.out);
    assert_eq!(ran.err.matches("is empty").count(), 20, "{}", ran.err);
    assert!(ran.err.contains("and 3 more files"), "{}", ran.err);
    let again = world.attr(&["import", "--json", &folder]).ended(0).json();
    assert_eq!(again["imports"].as_array().map(Vec::len), Some(45));
    world.sound();
}

/// What an import adds and what it corrects of earlier files is the change of the store's total, to the last digit.
#[test]
fn a_better_record_of_an_earlier_call_is_told_in_dollars() {
    let world = World::new();
    let app = r#"{"ts":"2026-06-01T12:00:00Z","model":"claude-sonnet-4-6","input_tokens":200,"output_tokens":350,"response_id":"msg_01Better"}"#;
    let body = r#"{"ts":"2026-06-01T12:00:00Z","response":{"id":"msg_01Better","type":"message","model":"claude-sonnet-4-6","content":[],"usage":{"input_tokens":200,"cache_read_input_tokens":4000,"output_tokens":350}}}"#;
    let (app, body) = (world.write("app.jsonl", app), world.write("body.jsonl", body));
    let first = world.attr(&["import", "--json", &app]).ended(0).json();
    assert_eq!((first["total"]["cost_usd"].as_str(), first.get("corrected_usd")), (Some("0.00585"), None), "{first}");
    let second = world.attr(&["import", "--json", &body]).ended(0).json();
    // 4,000 tokens read at 0.3 a million.
    assert_eq!((second["total"]["cost_usd"].as_str(), second["corrected_usd"].as_str()), (Some("0"), Some("0.0012")));
    assert_eq!(second["warnings"][0]["code"], "earlier_calls_corrected", "{second}");
    assert_eq!(world.total().1.to_string(), "0.00705");
    world.sound();
}
