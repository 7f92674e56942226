//! What the counts of a log contain: the procedure, step by step.

use attr::domain::Call;
use attr::domain::Class;
use attr::domain::Dim;
use attr::domain::Flags;
use attr::domain::Unpriced;
use attr::read::CachedInput;
use attr::read::tokens::Contents;
use attr::read::tokens::Counts;
use attr::read::tokens::Reading;

const COUNTS: Counts = Counts {
    input: 1000,
    uncached: None,
    output: 100,
    read: 600,
    written: 0,
    short: 0,
    long: 0,
    reasoning: 0,
    total: None,
    is_summed: false,
    audio_in: 0,
    audio_read: 0,
    image_in: 0,
    image_read: 0,
    audio_out: 0,
    image_out: 0,
};

fn settled(counts: Counts, said: Option<CachedInput>, reading: Reading) -> Call<'static> {
    let mut call = Call::default();
    counts.settle(&mut call, said, reading);
    call
}

fn input(counts: Counts, said: Option<CachedInput>, reading: Reading) -> (u64, [Option<u64>; 2]) {
    let call = settled(counts, said, reading);
    assert_eq!(call.flags.has(Flags::INCLUSIVE_GUESSED), call.other_inputs[0].is_some(), "a guess is flagged");
    (call.tokens.get(Class::Input), call.other_inputs)
}

#[test]
fn the_users_word_comes_first_and_a_record_against_it_has_no_price() {
    let reading = Reading::PERHAPS_INSIDE;
    assert_eq!(input(COUNTS, Some(CachedInput::Outside), reading), (1000, [None; 2]));
    assert_eq!(input(COUNTS, Some(CachedInput::Inside), Reading::OUTSIDE), (400, [None; 2]));
    let call = settled(Counts { read: 1001, ..COUNTS }, Some(CachedInput::Inside), reading);
    assert_eq!((call.tokens.get(Class::Input), call.unpriced), (1000, Some(Unpriced::UsageInconsistent)));
}

#[test]
fn a_part_cannot_exceed_the_whole() {
    let more = Counts { read: 1001, ..COUNTS };
    for reading in [Reading::INSIDE, Reading::PERHAPS_INSIDE, Reading::PERHAPS_OUTSIDE] {
        assert_eq!(input(more, None, reading), (1000, [None; 2]), "{reading:?}");
    }
    let call = settled(Counts { reasoning: 130, ..COUNTS }, None, Reading::INSIDE);
    assert_eq!((call.tokens.get(Class::Output), call.reasoning), (230, 130));
    let call = settled(Counts { audio_out: 101, ..COUNTS }, None, Reading::INSIDE);
    assert_eq!(call.unpriced, Some(Unpriced::UsageInconsistent));
    let call = settled(Counts { audio_in: 1001, ..COUNTS }, None, Reading::OUTSIDE);
    assert_eq!((call.tokens.get(Class::Input), call.unpriced), (1000, Some(Unpriced::UsageInconsistent)));
}

#[test]
fn a_total_tells_what_stands_beside_unless_the_tool_summed_it() {
    let with =
        |total: u64, reasoning: u64, is_summed: bool| Counts { total: Some(total), reasoning, is_summed, ..COUNTS };
    assert_eq!(input(with(1100, 0, false), None, Reading::PERHAPS_OUTSIDE), (400, [None; 2]));
    assert_eq!(input(with(1100, 0, true), None, Reading::PERHAPS_OUTSIDE), (1000, [Some(400), None]));
    assert_eq!(input(with(1700, 0, true), None, Reading::PERHAPS_INSIDE), (1000, [None; 2]));
    let call = settled(with(1740, 40, true), None, Reading::PERHAPS_INSIDE);
    assert_eq!((call.tokens.get(Class::Input), call.tokens.get(Class::Output), call.reasoning), (1000, 140, 40));
    let call = settled(with(1150, 50, false), None, Reading::PERHAPS_OUTSIDE);
    assert_eq!((call.tokens.get(Class::Input), call.tokens.get(Class::Output)), (400, 150));
    // 600 more than the sum: the cached tokens, or as many of reasoning.
    let call = settled(with(1700, 600, true), None, Reading::PERHAPS_INSIDE);
    assert_eq!((call.tokens.get(Class::Input), call.other_inputs[0]), (400, Some(1000)));
}

#[test]
fn what_is_in_a_providers_total_alone_is_reasoning() {
    let with = |is_summed: bool| Counts { total: Some(1162), is_summed, ..COUNTS };
    let call = settled(with(false), None, Reading::INSIDE);
    assert_eq!((call.tokens.get(Class::Output), call.reasoning), (162, 62));
    assert!(call.extra.iter().any(|(key, value)| key == "reasoning_hidden" && value == "62"));
    assert_eq!(settled(with(true), None, Reading::INSIDE).tokens.get(Class::Output), 100);
    assert_eq!(settled(with(false), None, Reading::PERHAPS_INSIDE).tokens.get(Class::Output), 100);
}

#[test]
fn every_possible_reading_is_kept_the_likeliest_taken() {
    let reading = Reading::Open(&[Contents::All, Contents::Reads, Contents::Nothing]);
    let counts = Counts { written: 100, ..COUNTS };
    assert_eq!(input(counts, None, reading), (300, [Some(400), Some(1000)]));
    assert_eq!(input(Counts { written: 500, ..COUNTS }, None, reading), (400, [Some(1000), None]));
    assert_eq!(input(COUNTS, None, reading), (400, [Some(1000), None]), "without writes two readings are one");
    assert_eq!(input(Counts { read: 0, ..COUNTS }, None, reading), (1000, [None; 2]), "nothing cached, no question");
    assert_eq!(input(Counts { uncached: Some(7), ..counts }, None, reading), (7, [None; 2]), "the log says so");
}

#[test]
fn sounds_and_pictures_are_cut_out_of_every_reading() {
    let counts = Counts { audio_in: 150, audio_read: 50, image_in: 20, audio_out: 30, ..COUNTS };
    let call = settled(counts, None, Reading::PERHAPS_INSIDE);
    let get = |class: Class| call.tokens.get(class);
    assert_eq!((get(Class::Input), call.other_inputs[0]), (280, Some(880)));
    assert_eq!((get(Class::AudioIn), get(Class::ImageIn), get(Class::AudioCacheRead)), (100, 20, 50));
    assert_eq!((get(Class::CacheRead), get(Class::Output), get(Class::AudioOut)), (550, 70, 30));
}

#[test]
fn cache_writes_are_kept_as_long_as_the_models_maker_keeps_them() {
    let with = |provider: &'static str, model: &'static str, short: u64| {
        let mut call = Call::default();
        call.set(Dim::Provider, provider);
        call.set(Dim::Model, model);
        Counts { written: 90, short, ..COUNTS }.settle(&mut call, None, Reading::INSIDE);
        let get = |class: Class| call.tokens.get(class);
        (get(Class::CacheWrite5m), get(Class::CacheWrite30m), call.flags.has(Flags::TTL_UNKNOWN))
    };
    assert_eq!(with("anthropic", "claude-opus-5", 0), (90, 0, true));
    assert_eq!(with("anthropic", "claude-opus-5", 90), (90, 0, false));
    assert_eq!(with("anthropic", "claude-opus-5", 40), (90, 0, true), "what the split leaves out is billed");
    assert_eq!(with("openai", "gpt-5.6", 0), (0, 90, true));
    assert_eq!(with("azure", "our-deployment", 0), (0, 90, true));
    assert_eq!(with("azure", "claude-opus-5", 0), (90, 0, true), "Azure sells Claude too");
    assert_eq!(with("openrouter", "openai/gpt-5.6", 0), (0, 90, true));
}
