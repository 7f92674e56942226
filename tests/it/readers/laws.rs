//! What holds for every reader: one call has the same classes in every dialect, no text is kept, nothing panics.

use attr::read::Options;
use attr::read::anthropic::Anthropic;
use attr::read::litellm::LiteLlm;
use attr::read::openai::OpenAi;
use attr::read::otlp::Otlp;
use proptest::prelude::*;

use super::calls;
use super::check;
use super::expect;
use super::read;
use super::read_as;
use super::readers;
use super::sample;
use super::samples;

/// Acceptance check 1: input 200, read 4000, written 1000, output 350, in five dialects.
#[test]
fn one_call_in_every_dialect_has_the_same_classes() {
    let same = |write: &'static str| vec![("input", 200), ("cache_read", 4000), (write, 1000), ("output", 350)];
    let anthropic = calls(&Anthropic, "anthropic/wrapped.jsonl");
    expect(&anthropic["msg_01Aa"], &same("cache_write_5m"));
    let openai = calls(&OpenAi, "openai/mixed.jsonl");
    expect(&openai["chatcmpl-Ab"], &same("cache_write_30m"));
    let otlp = read(&Otlp, &sample("otlp/traces.jsonl"));
    expect(&otlp.calls[0], &same("cache_write_5m"));
    expect(&otlp.calls[1], &same("cache_write_5m"));
    expect(&otlp.calls[3], &same("cache_write_30m"));
    let litellm = calls(&LiteLlm, "litellm/spend_logs.jsonl");
    expect(
        &litellm["b-1"],
        &[("input", 200), ("cache_read", 4000), ("cache_write_5m", 600), ("cache_write_1h", 400), ("output", 350)],
    );
}

/// Texts of prompts and answers never leave a reader.
#[test]
fn no_answer_text_is_kept() {
    for (reader, path, text) in samples() {
        let kept = format!("{:?}", read(readers()[*reader], text));
        assert!(!kept.contains("left out"), "{path}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_at_all_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for reader in readers() {
            check(&read_as(*reader, &bytes, &Options::default()));
        }
    }

    #[test]
    fn mutated_samples_do_not_panic(
        which in 0..samples().len(),
        other in 0..readers().len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..6usize), 1..12),
    ) {
        let (reader, _, text) = &samples()[which];
        let mut bytes = text.clone().into_bytes();
        for (at, byte, cut) in edits {
            let at = at.index(bytes.len().max(1));
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, [byte]);
        }
        for reader in [*reader, other] {
            check(&read_as(readers()[reader], &bytes, &Options::default()));
        }
    }

    #[test]
    fn mutated_numbers_do_not_panic(
        which in 0..samples().len(),
        number in prop::sample::select(vec!["-1", "0", "1e99", "9999999999", "1.5", "null", "\"\"", "{}", "[]", "true", "-0", "1e-400"]),
        at in any::<prop::sample::Index>(),
    ) {
        let (reader, _, text) = &samples()[which];
        let digits: Vec<usize> = text.char_indices().filter(|(i, c)| c.is_ascii_digit() && text[..*i].ends_with(':')).map(|(i, _)| i).collect();
        if !digits.is_empty() {
            let start = digits[at.index(digits.len())];
            let end = text[start..].find([',', '}', ']', '\n']).map_or(text.len(), |n| start + n);
            let mutated = format!("{}{number}{}", &text[..start], &text[end..]);
            check(&read_as(readers()[*reader], mutated.as_bytes(), &Options::default()));
        }
    }
}
