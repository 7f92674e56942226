//! OpenAI's usage exports: what contains what, batches, tiers, sisters.

use attr::domain::Charge;
use attr::domain::Quantity;
use proptest::prelude::*;

use super::Bill;
use super::quantities;
use super::read;
use super::sample_text;

const OF_2025: &str = "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens,input_text_tokens,output_text_tokens,input_cached_text_tokens,input_audio_tokens,input_cached_audio_tokens,output_audio_tokens,input_image_tokens,input_cached_image_tokens,output_image_tokens";

fn expect(bill: &Bill, row: u64, expected: &[(&str, i128)]) {
    let expected: Vec<(String, i128)> = expected.iter().map(|(name, count)| ((*name).into(), *count)).collect();
    assert_eq!(quantities(bill, row), expected, "row {row}");
}

fn completions() -> Bill {
    read(&sample_text("openai_usage/completions_usage_2026-08-01_2026-08-03.csv")).unwrap()
}

#[test]
fn what_the_input_contains_is_taken_out_of_it() {
    let bill = completions();
    assert_eq!((bill.format, bill.control.rows, bill.control.skipped["empty_day"]), ("openai_usage", 4, 1));
    expect(&bill, 3, &[("input", 30_346), ("cache_read", 4_000), ("output", 29), ("requests", 4)]);
    expect(
        &bill,
        4,
        &[("input", 6_000), ("cache_read", 2_500), ("cache_write", 1_500), ("output", 900), ("requests", 2)],
    );
    expect(
        &bill,
        5,
        &[
            ("input", 100),
            ("cache_read", 100),
            ("output", 150),
            ("audio_in", 560),
            ("audio_cache_read", 150),
            ("audio_out", 250),
            ("image_in", 40),
            ("image_cache_read", 50),
            ("requests", 1),
        ],
    );
    assert!(bill.control.totals.is_empty());
}

#[test]
fn batches_and_tiers_are_named_as_logs_name_them() {
    let bill = completions();
    let tier = |row: u64| bill.lines.iter().find(|line| line.row == row).unwrap().tier.clone().unwrap();
    assert_eq!((tier(3).as_ref(), tier(4).as_ref(), tier(5).as_ref()), ("standard", "batch", "incentivized-tier"));
    let line = &bill.lines[0];
    assert_eq!((line.workspace.as_deref(), line.api_key.as_deref()), (Some("proj_search"), Some("key_search")));
    assert!(!format!("{:?}", bill.lines).contains("user-"));
}

#[test]
fn the_older_header_has_no_column_for_what_was_written_to_a_cache() {
    let row = |input: &str| {
        format!(
            "{OF_2025}\n1759622400,1759708800,,,proj_a,10.0,user-1,key_a,gpt-4o-2024-08-06,FALSE,default,{input},10646.0,5760.0,53440.0,53440.0,10646.0,5760.0,0.0,0.0,0.0,0.0,0.0,0.0\n"
        )
    };
    let usual = read(&row("59200.0")).unwrap();
    expect(&usual, 2, &[("input", 53_440), ("cache_read", 5_760), ("output", 10_646), ("requests", 10)]);
    let written = read(&row("59300.0")).unwrap();
    assert!(quantities(&written, 2).contains(&("cache_write".into(), 100)));
    let refused = read(&row("59000.0")).err().unwrap_or_default();
    assert!(refused.contains("less than its parts"), "{refused}");
}

#[test]
fn images_and_moderations_are_counted_in_their_own_way() {
    let images = read(&sample_text("openai_usage/images_usage_2026-08-01_2026-08-02.csv")).unwrap();
    let line = &images.lines[0];
    assert_eq!((images.format, line.charge, line.unit.as_deref()), ("openai_usage", Charge::Other, Some("images")));
    assert_eq!(line.quantity, Some(Quantity::whole(3)));
    assert_eq!(line.description.as_deref(), Some("1024x1024 image.generation"));
    let moderations = read(&sample_text("openai_usage/moderations_usage_2026-08-01_2026-08-02.csv")).unwrap();
    expect(&moderations, 2, &[("input", 210), ("requests", 3)]);
}

#[test]
fn a_renamed_column_and_a_broken_cell_refuse_the_file() {
    let text = sample_text("openai_usage/completions_usage_2026-08-01_2026-08-03.csv");
    for (from, to, expected) in [
        ("num_model_requests", "requests", "`num_model_requests` is missing"),
        (",input_tokens,", ",prompt_tokens,", "`input_tokens` is missing"),
        (",output_tokens,", ",completion_tokens,", "`output_tokens` is missing"),
        ("input_cached_tokens", "cached", "`input_cached_tokens` is missing"),
        ("False,default", "perhaps,default", "`batch` is neither"),
        (",34346.0,", ",34347.0,", "not the sum"),
        (",34346.0,", ",-1,", "`input_tokens` is negative"),
        (",900.0,2500.0,", ",9OO.0,2500.0,", "`output_tokens` is not a number"),
        (",1000.0,400.0,", ",1000.0,200.0,", "`output_tokens` is less than its parts"),
    ] {
        assert!(text.contains(from), "{from}");
        let refused = read(&text.replacen(from, to, 1)).err().unwrap_or_default();
        assert!(refused.contains(expected), "{from}: {refused}");
    }
}

#[test]
fn the_activity_export_of_2023_is_left_to_a_mapping() {
    let refused = read(
        "organization_id,n_requests,operation,n_context_tokens_total,n_generated_tokens_total,usage_type,model,timestamp,user\n\
         org-lamp,1,completion,20,5,text,gpt-4-0613,1690000000,\n",
    );
    assert_eq!(refused.err().as_deref(), Some("no bill format claims it"));
}

proptest! {
    #[test]
    fn the_kinds_of_a_row_sum_to_its_input_and_output(
        parts in proptest::array::uniform10(0u32..1_000_000),
        batch in prop::sample::select(vec!["", "False", "TRUE"]),
    ) {
        let [text, cached, audio, cached_audio, image, cached_image, written, out, out_audio, out_image] =
            parts.map(u64::from);
        let (all_cached, uncached) = (cached + cached_audio + cached_image, text + audio + image);
        let (input, output) = (all_cached + uncached + written, out + out_audio + out_image);
        let header = "start_time,end_time,start_time_iso,end_time_iso,num_model_requests,batch,input_tokens,output_tokens,input_cached_tokens,input_cache_write_tokens,input_uncached_tokens,input_audio_tokens,input_cached_audio_tokens,output_audio_tokens,input_image_tokens,input_cached_image_tokens,output_image_tokens";
        let row = format!("1785542400,1785628800,,,1,{batch},{input}.0,{output},{all_cached},{written},{uncached},{audio},{cached_audio},{out_audio},{image},{cached_image},{out_image}");
        let bill = read(&format!("{header}\n{row}\n")).unwrap();
        let sum: i128 = bill.lines.iter().filter(|line| line.charge != Charge::Requests)
            .map(|line| line.quantity.unwrap().rounded()).sum();
        prop_assert_eq!(sum, i128::from(input + output));
        let mut kinds: Vec<_> = bill.lines.iter().map(|line| line.charge).collect();
        let told = kinds.len();
        kinds.dedup();
        prop_assert_eq!(kinds.len(), told, "no kind twice");
    }
}
