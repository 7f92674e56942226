//! `attr store`: checking the store and making its derived half anew.

use crate::ops::book::Book;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Report;
use crate::store::StoreError;

/// Compares the store with itself; tells too whether it is sound.
pub fn check(book: &Book) -> Result<(Report, bool), StoreError> {
    let checked = book.store.check()?;
    let mut report = Report::new("store check");
    report.put("calls", checked.calls);
    report.put("segments", checked.segments);
    report.put("cost_usd", checked.cost);
    report.put("problems", &checked.problems);
    let sound = checked.problems.is_empty();
    report.blocks.push(Block::Facts(vec![
        ("calls".into(), Cell::Count(checked.calls)),
        ("segments".into(), Cell::Count(checked.segments)),
        ("cost".into(), Cell::Usd(checked.cost)),
        (
            "verdict".into(),
            Cell::Text(if sound { "sound".into() } else { format!("{} problems", checked.problems.len()) }),
        ),
    ]));
    report.blocks.extend(checked.problems.into_iter().map(Block::Note));
    if !sound {
        report.blocks.push(Block::Note("`attr store rebuild` makes the segments anew from the rows".into()));
    }
    Ok((report, sound))
}

/// Makes the segments anew.
pub fn rebuild(book: &mut Book) -> Result<Report, StoreError> {
    let segments = book.store.rebuild()?;
    let mut report = Report::new("store rebuild");
    report.put("segments", segments);
    report.blocks.push(Block::Note(format!("made {segments} segments anew from the rows")));
    Ok(report)
}
