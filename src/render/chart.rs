//! Series as bars: a chart of several lines, and a line of bars that fits a cell.

use crate::domain::Usd;
use crate::render::text;
use crate::report::Chart;
use crate::report::Point;

/// Lines of bars: with eighths of a line, forty steps.
const HEIGHT: usize = 5;
/// Columns of a chart where nobody says how wide the page is.
pub(super) const USUAL_WIDTH: usize = 80;
/// Fewer columns of bars than this show no shape.
const NARROWEST: usize = 12;
/// Parts of a cell that a bar can end at.
const STEPS: usize = 8;
const RISING: [char; STEPS + 1] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws a chart in a width; no line where there is no room for a shape.
pub(super) fn lines(chart: &Chart, width: usize) -> Vec<String> {
    let highest = chart.points.iter().flat_map(|point| [Some(point.value), point.usual]).flatten().max();
    let Some(highest) = highest.filter(|highest| *highest > Usd::ZERO) else { return Vec::new() };
    let scale = highest.rounded();
    let margin = scale.chars().count();
    let room = width.saturating_sub(margin + 2);
    if room < NARROWEST {
        return Vec::new();
    }
    let points = merged(&chart.points, room);
    let each = (room / points.len()).clamp(1, 3);
    // Two bars of neighbours want air between them, where there is any.
    let bar = if each == 3 { 2 } else { 1 };
    let mut lines = vec![text::clean(&chart.title)];
    for line in (0..HEIGHT).rev() {
        let label = if line + 1 == HEIGHT { scale.as_str() } else { "" };
        let mut drawn = format!("{label:>margin$} │");
        for point in &points {
            let height = steps(point.value, highest, HEIGHT);
            let filled = height.saturating_sub(line * STEPS).min(STEPS);
            let usual = point.usual.map(|usual| steps(usual, highest, HEIGHT).saturating_sub(1) / STEPS);
            let cell = if filled == 0 && usual == Some(line) { '·' } else { RISING[filled] };
            drawn.extend(std::iter::repeat_n(cell, bar).chain(std::iter::repeat_n(' ', each - bar)));
        }
        lines.push(drawn.trim_end().to_string());
    }
    lines.push(format!("{:>margin$} └{}", "$0", "─".repeat(points.len() * each)));
    let marks: String =
        points.iter().map(|point| if point.marked { "▲" } else { " " }.repeat(bar) + &" ".repeat(each - bar)).collect();
    if !marks.trim_end().is_empty() {
        lines.push(format!("{:margin$}  {}", "", marks.trim_end()));
    }
    lines.push(format!("{:margin$}  {}", "", dates(&points, points.len() * each)));
    lines
}

/// Draws a series in one line, its highest value as a full bar.
pub(super) fn line(values: &[Usd]) -> String {
    let highest = values.iter().max().copied().unwrap_or_default();
    values.iter().map(|value| RISING[steps(*value, highest, 1).max(1)]).collect()
}

/// Returns how many steps of a bar a value fills; what is more than nothing fills one.
fn steps(value: Usd, highest: Usd, height: usize) -> usize {
    let (value, highest) = (value.pico().max(0), highest.pico().max(1));
    // The value is at most the highest, so the quotient is at most the number of steps.
    usize::try_from((value * (height * STEPS) as i128 + highest - 1) / highest).unwrap_or(0)
}

/// Puts neighbours together by their mean until there are no more points than columns.
fn merged(points: &[Point], room: usize) -> Vec<Point> {
    let mean = |values: &mut dyn Iterator<Item = Usd>| {
        let values: Vec<Usd> = values.collect();
        let sum: Usd = values.iter().copied().sum();
        Usd::from_pico(sum.pico() / values.len().max(1) as i128)
    };
    let all = |points: &[Point]| Point {
        label: points[0].label.clone(),
        value: mean(&mut points.iter().map(|point| point.value)),
        usual: points[0].usual.map(|_| mean(&mut points.iter().filter_map(|point| point.usual))),
        marked: points.iter().any(|point| point.marked),
    };
    points.chunks(points.len().div_ceil(room).max(1)).map(all).collect()
}

/// Writes the first label below the first bar and the last one at the end, where they do not meet.
fn dates(points: &[Point], width: usize) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    let gap = width.saturating_sub(first.label.chars().count() + last.label.chars().count());
    if gap < 2 { first.label.clone() } else { format!("{}{}{}", first.label, " ".repeat(gap), last.label) }
}
