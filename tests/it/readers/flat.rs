//! Flat logs: what a spreadsheet or a script does to times, counts and sums.

use attr::read::Options;
use attr::read::flat::Flat;

use super::Seen;
use super::expect;
use super::read;
use super::read_as;

fn call(rest: &str) -> Seen {
    let kept = read(&Flat, &format!("{{\"model\":\"gpt-5-mini\",\"input_tokens\":10,\"output_tokens\":2,{rest}}}\n"));
    assert_eq!(kept.calls.len(), 1, "{rest}: {kept:?}");
    kept.calls[0].clone()
}

#[test]
fn an_epoch_may_be_in_scientific_notation() {
    for ts in ["1.7803152E+12", "\"1.7803152E+12\"", "1.7803152e9", "1780315200", "1780315200000", "1780315200000000"] {
        assert_eq!(call(&format!("\"ts\":{ts}")).ts, "2026-06-01T12:00:00Z", "{ts}");
    }
}

#[test]
fn a_path_of_agents_is_written_one_way() {
    const TS: &str = "\"ts\":\"2026-06-01T12:00:00Z\"";
    for path in [r#""planner/search""#, r#""planner > search""#, r#"["planner","search"]"#] {
        assert_eq!(call(&format!("{TS},\"agent_path\":{path}")).dims["agent"], "planner/search", "{path}");
    }
}

#[test]
fn a_day_with_a_count_of_requests_sums_calls() {
    for count in ["requests", "num_requests", "count", "api_requests"] {
        let row = format!(r#"{{"date":"2026-06-01","model":"m","input_tokens":10,"output_tokens":2,"{count}":4}}"#);
        assert_eq!(read(&Flat, &format!("{row}\n")).skips, [(1, "aggregate")], "{count}");
        let kept = call(&format!(r#""ts":"2026-06-01T12:00:00Z","{count}":4"#));
        assert_eq!(kept.extra[count], "4", "with a time it is a call, and the number is kept");
    }
}

#[test]
fn spreadsheets_write_numbers_their_way() {
    let csv = "ts,model,Input Tokens,output_tokens,cost_usd\n\
        2026-06-01T12:00:00Z,gpt-5-mini,\"1,200\",'80,\"0,0012\"\n\
        2026-06-01T12:00:01Z,gpt-5-mini,12.0,8,$0.5\n\
        2026-06-01T12:00:02Z,gpt-5-mini,12,8,\"1,234\"\n";
    let kept = read(&Flat, csv);
    expect(&kept.calls[0], &[("input", 1200), ("output", 80)]);
    expect(&kept.calls[1], &[("input", 12), ("output", 8)]);
    let costs: Vec<String> = kept.calls.iter().filter_map(|call| Some(call.cost?.to_string())).collect();
    assert_eq!(costs, ["0.0012", "0.5"]);
    assert!(kept.rejections.len() == 1 && kept.rejections[0].1.contains("thousands or decimals"), "{kept:?}");
}

#[test]
fn a_prompt_under_a_counts_name_is_no_count() {
    let text =
        r#"{"ts":"2026-06-01T12:00:00Z","model":"m","prompt":"how many is 12?","input_tokens":10,"output_tokens":2}"#;
    let kept = read(&Flat, &format!("{text}\n"));
    expect(&kept.calls[0], &[("input", 10), ("output", 2)]);
    assert!(!format!("{kept:?}").contains("how many"));
}

/// A price may depend on a region that a provider states; no other column's map makes one of a homemade one.
#[test]
fn a_map_leaves_the_other_columns_what_they_are() {
    let seen = |map: &[(&str, &str)], rest: &str| {
        let map = map.iter().map(|(field, column)| (field.to_string(), column.to_string())).collect();
        let options = Options { map, ..Options::default() };
        let text = format!("{{\"at\":\"2026-06-01T12:00:00Z\",\"model\":\"m\",\"input\":5,\"output\":2,{rest}}}\n");
        read_as(&Flat, text.as_bytes(), &options).calls.remove(0)
    };
    let homemade = seen(&[("ts", "at")], r#""region":"eu""#);
    assert_eq!((homemade.dims["region"].as_str(), homemade.is_geo_stated), ("eu", false));
    assert!(seen(&[("ts", "at")], r#""inference_geo":"eu""#).is_geo_stated);
    assert!(!seen(&[("ts", "at"), ("region", "where")], r#""where":"eu""#).is_geo_stated);
    assert!(seen(&[("ts", "at"), ("inference_geo", "where")], r#""where":"eu""#).is_geo_stated);
    // The user's word takes a field from any column that looks like it, in the record or below it.
    let taken = seen(&[("ts", "at"), ("tenant", "who"), ("input_tokens", "n")], r#""tenant":"t","n":7,"who":"acme""#);
    assert_eq!(taken.dims["tenant"], "acme");
    expect(&taken, &[("input", 7), ("output", 2)]);
    let nested = seen(&[("ts", "at"), ("input_tokens", "n")], r#""usage":{"input_tokens":9},"n":7"#);
    expect(&nested, &[("input", 7), ("output", 2)]);
}
