//! Rows of CSV: the line that each stands on, and cells that have no heading.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use attr::read::framing::Framed;
use attr::read::framing::Framing;
use attr::read::framing::Shape;
use proptest::prelude::*;

/// Lines that rows start on, and the reasons of broken ones.
fn rows(text: &str, is_exact: bool) -> Vec<(u64, Result<String, String>)> {
    let mut framing = Framing::open(Box::new(std::io::Cursor::new(text.as_bytes().to_vec()))).unwrap();
    if is_exact {
        framing = framing.with_exact_cells();
    }
    let mut found = Vec::new();
    let shape = framing.shape().unwrap();
    assert!(matches!(shape, Shape::Csv(_)), "{text:?}");
    let each = framing.each(shape, |framed| {
        found.push(match framed {
            Framed::Record(line, tape, text) => {
                let first = tape.root(text).fields().next().map(|(_, cell)| cell.raw().to_string());
                (line, Ok(first.unwrap_or_default()))
            }
            Framed::Broken(line, reason) => (line, Err(reason)),
        });
        true
    });
    each.unwrap();
    found
}

fn lines(text: &str) -> Vec<u64> {
    rows(text, false).into_iter().map(|(line, _)| line).collect()
}

#[test]
fn rows_are_on_their_lines_whatever_ends_those() {
    let text = "a,b\n1,2\n3,4\n5,6\n";
    assert_eq!(lines(text), [2, 3, 4]);
    assert_eq!(lines(&text.replace('\n', "\r\n")), [2, 3, 4]);
    assert_eq!(lines(text.trim_end()), [2, 3, 4]);
    assert_eq!(lines(text.replace('\n', "\r\n").trim_end()), [2, 3, 4]);
    assert_eq!(lines("# told\r\n\r\na,b\r\n1,2\r\n"), [4]);
    assert_eq!(lines("a,b\r\n1,\"x\r\ny\"\r\n3,4\r\n"), [2, 4]);
    assert_eq!(lines("a,b\n1,2\n\n\n3,4\n"), [2, 5]);
    assert_eq!(lines("a,b\r\n\r\n1,2\r\n\r\n3,4"), [3, 5]);
}

#[test]
fn a_surplus_cell_is_broken_and_an_empty_one_where_cells_are_exact() {
    let broken = |text: &str, is_exact| {
        let found = rows(text, is_exact);
        found.into_iter().filter_map(|(line, row)| Some((line, row.err()?))).collect::<Vec<_>>()
    };
    let [(2, reason)] = &broken("a,b\n1,2,3\n", false)[..] else { panic!("one row is broken") };
    assert!(reason.contains("3 cells under 2 headings") && reason.contains("decimal comma"), "{reason}");
    assert!(broken("a,b\n1,2,\n", false).is_empty());
    assert_eq!(broken("a,b\n1,2,\n3,4\n", true).len(), 1);
    // Under another delimiter no number is cut in two.
    assert!(broken("a;b\n1;2;\n", true).is_empty());
    assert_eq!(broken("a;b\n1;2;3\n", true).len(), 1);
}

proptest! {
    /// The line of a row is one more than the ends of lines before it.
    #[test]
    fn lines_count_ends_of_lines(
        rows in prop::collection::vec(("[a-z]{1,9}", prop::option::of("[a-z\n]{0,9}"), 0usize..3), 1..40),
        is_crlf in any::<bool>(),
    ) {
        let end = if is_crlf { "\r\n" } else { "\n" };
        let mut text = format!("a,b{end}");
        let mut expected = Vec::new();
        for (first, second, blank) in rows {
            expected.push(1 + text.matches('\n').count() as u64);
            let second = second.map(|cell| format!("\"{cell}\"")).unwrap_or_default();
            text += &format!("{first},{second}{end}{}", end.repeat(blank));
        }
        prop_assert_eq!(lines(&text), expected);
    }
}
