//! Series as terminals, pages and spreadsheets get them.

use attr::domain::Usd;
use attr::render::Format;
use attr::render::Style;
use attr::render::render;
use attr::report::Block;
use attr::report::Cell;
use attr::report::Chart;
use attr::report::Column;
use attr::report::Point;
use attr::report::Report;
use attr::report::Table;

fn drawn(block: Block, format: Format, width: Option<usize>) -> String {
    let mut report = Report::new("slice");
    report.blocks.push(block);
    let mut out = Vec::new();
    render(&report, format, Style { width, color: false }, &mut out).expect("a report is drawn");
    String::from_utf8(out).expect("text")
}

fn cents(cents: i128) -> Usd {
    Usd::from_pico(cents * 10_000_000_000)
}

fn fortnight() -> Chart {
    let points = (1..=14).map(|day| Point {
        label: format!("11-{day:02}"),
        value: cents(if day > 11 { 1000 } else { 200 + 10 * (day % 3) }),
        usual: Some(cents(if day == 5 { 500 } else { 210 })),
        marked: day > 11,
    });
    Chart { title: "chat, dollars a day".into(), points: points.collect() }
}

#[test]
fn a_chart_shows_height_usual_and_marks() {
    let lines = drawn(Block::Chart(fortnight()), Format::Table, Some(60));
    insta::assert_snapshot!(lines);
}

#[test]
fn a_chart_is_never_wider_than_its_page_and_gives_way_where_there_is_no_room() {
    for width in 0..140 {
        let many = Chart {
            title: "t".into(),
            points: (0..400)
                .map(|at| Point { label: at.to_string(), value: cents(at), usual: None, marked: at == 7 })
                .collect(),
        };
        let lines = drawn(Block::Chart(many), Format::Table, Some(width));
        assert!(lines.lines().all(|line| line.chars().count() <= width), "{width}:\n{lines}");
        assert_eq!(lines.contains('│'), width >= 19, "{width}");
    }
}

#[test]
fn nothing_and_less_than_nothing_draw_no_bar() {
    for value in [Usd::ZERO, cents(-5)] {
        let points = vec![Point { label: "1".into(), value, usual: None, marked: false }];
        let lines = drawn(Block::Chart(Chart { title: "t".into(), points }), Format::Table, None);
        assert!(!lines.contains('│'), "{lines}");
    }
    assert_eq!(drawn(Block::Chart(Chart::default()), Format::Table, None).trim(), "");
}

#[test]
fn a_chart_in_markdown_is_a_block_that_no_value_can_end() {
    let chart = Chart { title: "``` <script>\u{1b}[2J".into(), ..fortnight() };
    let text = drawn(Block::Chart(chart), Format::Markdown, None);
    assert_eq!(text.matches("```").count(), 2, "{text}");
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn a_trend_is_drawn_for_people_and_left_out_for_machines_and_narrow_terminals() {
    let table = || {
        Block::Table(Table {
            columns: vec![Column::new("feature"), Column::new("trend"), Column::new("cost")],
            rows: vec![vec![
                Cell::Logged("chat".into()),
                Cell::Trend((0..24).map(cents).collect()),
                Cell::Usd(cents(7)),
            ]],
            total: None,
        })
    };
    let wide = drawn(table(), Format::Table, Some(80));
    assert!(wide.contains("▁▁▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇███"), "{wide}");
    let narrow = drawn(table(), Format::Table, Some(30));
    assert!(!narrow.contains('▁') && !narrow.contains("trend") && narrow.contains("chat"), "{narrow}");
    assert_eq!(drawn(table(), Format::Csv, None), "feature,cost\nchat,0.07\n");
    assert!(drawn(table(), Format::Markdown, None).contains('▂'));
}
