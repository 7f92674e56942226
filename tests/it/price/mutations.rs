//! Nothing written in a file makes the room panic: it is a table, or an error that names the file and the line.

use super::*;

/// The files that are spoiled: the built-in ones, and the workshop with what was agreed.
fn originals() -> &'static [Vec<String>] {
    static FILES: std::sync::OnceLock<Vec<Vec<String>>> = std::sync::OnceLock::new();
    FILES.get_or_init(|| {
        let built_in = builtin().text().split("#@ file ").skip(1).map(|file| file.split_once('\n').unwrap().1);
        let all = built_in.chain([WORKSHOP, WORKSHOP_DEALS]).chain(std::iter::repeat_n(WORKSHOP, 3));
        all.map(|file| file.lines().map(str::to_string).collect()).collect()
    })
}

/// Values that stand where others are expected.
const ODD: &[&str] = &[
    "\"\"",
    "\" \"",
    "\"0\"",
    "\"-1\"",
    "\"1e5\"",
    "\"100000\"",
    "\"0.000000000001\"",
    "\"99999999999999999999\"",
    "0.1",
    "-1",
    "9223372036854775807",
    "18446744073709551615",
    "nan",
    "true",
    "[]",
    "{}",
    "[[]]",
    "[\"a\", \"a\"]",
    "\"m\"",
    "1677-09-22",
    "2262-04-11",
    "2262-04-12",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "2026-10-14T23:59:60Z",
    "2026-10-14T00:00:00-23:59",
    "00:30:00",
    "\"\\u0000\"",
    "\"{yyyymmdd}\"",
    "\"{\"",
    "\"standard\"",
    "\"batch\"",
    "{ input = \"1\" }",
    "{ input = \"1\", input = \"2\" }",
    "{ output = \"input\" }",
    "\"mon-sun\"",
    "[\"23:59-00:00\"]",
    "\"peak\"",
    "\"feasts\"",
    "\"lathe\"",
    "[\"lathe\"]",
    "{ region = \"eu\" }",
    "{ region_not = [\"\"] }",
    "\"1.000001\"",
    "\"claude-opus-5\"",
    "\"🦀\"",
    "\"\"\"\nx\n\"\"\"",
    "'",
    "\"",
];

/// Lines that stand where none is expected.
const LINES: &[&str] = &[
    "[[window]]",
    "[[holidays]]",
    "[[storage]]",
    "[[region]]",
    "[[override]]",
    "[[alias]]",
    "[[model]]",
    "[[model.price]]",
    "[model]",
    "[mode_names]",
    "[[tool]]",
    "window = \"peak\"",
    "since_launch = true",
    "withdrawn = 2026-01-01",
    "known = 2026-01-01",
    "usd_per_mtok = {}",
    "prompt_max = 0",
    "prompt_below = 0",
    "prompt_over = 1",
    "prompt_from = 0",
    "from = 2026-01-01",
    "discount = \"0.5\"",
    "seller = \"works\"",
    "id = \"lathe\"",
    "models = []",
    "schema = 1",
    "= 1",
    "fallback = { input = \"input\" }",
    "\u{feff}",
    "\\",
    "[[",
    "]",
    "\"\"\"",
    "#@",
    "\u{0}",
    "first_party = false",
];

/// One way to spoil a file.
#[derive(Clone, Debug)]
enum Spoil {
    Delete(prop::sample::Index),
    Repeat(prop::sample::Index, prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Value(prop::sample::Index, prop::sample::Index),
    Insert(prop::sample::Index, prop::sample::Index),
    Byte(prop::sample::Index, prop::sample::Index, char),
    Borrow(prop::sample::Index, prop::sample::Index),
    Cut(prop::sample::Index),
}

fn spoils() -> impl Strategy<Value = Vec<Spoil>> {
    let at = any::<prop::sample::Index>;
    let one = prop_oneof![
        1 => at().prop_map(Spoil::Delete),
        1 => (at(), at()).prop_map(|(from, to)| Spoil::Repeat(from, to)),
        1 => (at(), at()).prop_map(|(a, b)| Spoil::Swap(a, b)),
        4 => (at(), at()).prop_map(|(line, odd)| Spoil::Value(line, odd)),
        2 => (at(), at()).prop_map(|(line, new)| Spoil::Insert(line, new)),
        1 => (at(), at(), any::<char>()).prop_map(|(line, byte, new)| Spoil::Byte(line, byte, new)),
        2 => (at(), at()).prop_map(|(line, other)| Spoil::Borrow(line, other)),
        1 => at().prop_map(Spoil::Cut),
    ];
    prop::collection::vec(one, 1..4)
}

fn spoil(lines: &mut Vec<String>, how: &Spoil) {
    if lines.is_empty() {
        return;
    }
    let all = lines.len();
    let place = |at: &prop::sample::Index| at.index(all);
    match how {
        Spoil::Delete(at) => drop(lines.remove(place(at))),
        Spoil::Repeat(from, to) => lines.insert(place(to), lines[place(from)].clone()),
        Spoil::Swap(a, b) => lines.swap(place(a), place(b)),
        Spoil::Value(at, odd) => {
            // The next line with a value.
            let line = (place(at)..all).find(|at| lines[*at].contains(" = "));
            if let Some((line, (key, _))) = line.and_then(|line| Some((line, lines[line].split_once(" = ")?))) {
                lines[line] = format!("{key} = {}", odd.get(ODD));
            }
        }
        Spoil::Insert(at, new) => lines.insert(place(at), new.get(LINES).to_string()),
        Spoil::Byte(at, byte, new) => {
            let line = &mut lines[place(at)];
            let mut letters: Vec<char> = line.chars().collect();
            match letters.len() {
                0 => letters.push(*new),
                length => letters[byte.index(length)] = *new,
            }
            *line = letters.into_iter().collect();
        }
        Spoil::Borrow(at, other) => {
            // The value of another line with the same key: well formed, and wrong.
            let at = place(at);
            let key = |line: &String| line.split_once(" = ").map(|(key, _)| key.to_string());
            if let Some(own) = key(&lines[at]) {
                let same: Vec<usize> = (0..all).filter(|n| key(&lines[*n]).as_ref() == Some(&own)).collect();
                lines[at] = lines[same[other.index(same.len())]].clone();
            }
        }
        Spoil::Cut(at) => lines.truncate(place(at)),
    }
}

/// Loads a text as a table or as overrides, and checks that it is a sound table or a precise error.
fn survives(list: &str, overrides: Option<&str>) -> Result<(), TestCaseError> {
    let rest = overrides.map(|text| format!("#@ overrides deals.toml\n{text}\n")).unwrap_or_default();
    match Table::from_text(&format!("#@ file mine.toml\n{list}\n{rest}")) {
        Err(error) => {
            let PriceError::Invalid { file, line, what, .. } = &error else {
                return Err(TestCaseError::fail(format!("no file and line: {error}")));
            };
            let text = if file == "mine.toml" { list } else { overrides.unwrap_or(list) };
            prop_assert!(file == "mine.toml" || file == "deals.toml", "no such file: {}", error);
            prop_assert!(*line >= 1 && *line <= text.split('\n').count() + 1, "no such line: {}", error);
            prop_assert!(!what.trim().is_empty());
        }
        Ok(table) => {
            let again = Table::from_text(table.text()).unwrap();
            prop_assert_eq!(again.id(), table.id());
            let tokens = tokens(&[(Input, 1_234), (CacheRead, 5), (Output, 67)]);
            for model in table.models() {
                for time in ["2025-05-05", "2026-10-14T02:30:00Z", "2026-10-18T00:10:00Z", "2027-01-01T17:00:00Z"] {
                    let request = ask(&model.seller, &model.id).region("eu").request;
                    let Ok(plan) = table.resolve(&request) else { continue };
                    let both = [("search", 1), (attr::domain::call::CACHE_STORAGE, 1_000)];
                    for tools in [&both[..], &[]] {
                        let priced = plan.price(at(time), &tokens, tools.iter().copied());
                        let bill = plan.itemise(at(time), &tokens, tools.iter().copied());
                        prop_assert_eq!(priced.map(|p| p.cost), bill.as_ref().map(|b| b.cost).map_err(|e| *e));
                        if let Ok(bill) = &bill {
                            prop_assert_eq!(Usd::from_atto(by_hand::sums(bill).net), bill.cost);
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_spoiled_file_is_a_table_or_an_error_with_file_and_line(
        which in any::<prop::sample::Index>(),
        how in spoils(),
    ) {
        let mut lines = which.get(originals()).clone();
        how.iter().for_each(|how| spoil(&mut lines, how));
        survives(&lines.join("\n"), None)?;
    }

    #[test]
    fn a_spoiled_file_of_overrides_is_one_or_an_error_with_file_and_line(how in spoils()) {
        let mut lines: Vec<String> = WORKSHOP_DEALS.lines().map(str::to_string).collect();
        how.iter().for_each(|how| spoil(&mut lines, how));
        survives(WORKSHOP, Some(&lines.join("\n")))?;
    }

    #[test]
    fn blocks_of_any_keys_and_values_are_a_table_or_an_error(
        lines in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..24),
    ) {
        const KEYS: &[&str] = &[
            "id", "names", "dated", "strip", "released", "mode", "from", "to", "known", "withdrawn", "prompt_max", "prompt_over",
            "usd_per_mtok", "fallback", "window", "utc", "days", "except", "covers_through", "dates", "usd_per_mtok_hour",
            "usd_per_1000", "per", "models", "modes", "discount", "applies", "when", "mult", "name", "also", "model", "seller",
        ];
        let mut text = "seller = \"s\"\n".to_string();
        for (kind, key, value) in lines {
            match kind.index(4) {
                0 => text.push_str(LINES[key.index(LINES.len())]),
                _ => text.push_str(&format!("{} = {}", key.get(KEYS), value.get(ODD))),
            }
            text.push('\n');
        }
        survives(&text, None)?;
        survives(&one_model(ROW), Some(&text))?;
    }

    #[test]
    fn any_bytes_in_a_file_are_refused_with_its_name(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("bytes.toml");
        fs_err::write(&file, &bytes).unwrap();
        let error = Table::load(&file).unwrap_err().to_string();
        prop_assert!(error.contains("bytes.toml"), "{}", error);
        let list = dir.path().join("list.toml");
        fs_err::write(&list, one_model(ROW)).unwrap();
        let error = Table::assemble(Some(&list), std::slice::from_ref(&file));
        // A file of blanks and comments is a file of no overrides.
        prop_assert!(error.is_ok() || error.unwrap_err().to_string().contains("bytes.toml"));
    }

    #[test]
    fn no_text_makes_a_table_panic(text in "\\PC{0,200}") {
        let wrong = Table::from_text(&format!("#@ file x.toml\n{text}"));
        prop_assert!(wrong.is_err());
    }
}

#[test]
fn nesting_without_end_is_refused() {
    for open in ["[", "a = [", "a = { b = ", "[a.", "x."] {
        let text = open.repeat(20_000);
        let error = load(&text).unwrap_err().to_string();
        assert!(error.starts_with("mine.toml:1: "), "{error}");
    }
}

#[test]
fn the_first_and_last_instants_are_understood_or_refused() {
    // Nanoseconds since 1970 in 64 bits reach from 1677-09-21T00:12:43Z to 2262-04-11T23:47:16Z.
    for (from, fits) in [
        ("1677-09-22", true),
        ("1677-09-21", false),
        ("2262-04-11", true),
        ("2262-04-12", false),
        ("2262-04-11T23:47:16-00:01", false),
        ("1677-09-21T00:12:44+00:01", false),
    ] {
        let text = one_model(&ROW.replace("2026-01-01", from));
        if fits {
            table(&text);
        } else {
            refused(&text, 8, "is not an instant", "out of range");
        }
        let holiday = format!("[[holidays]]\nid = \"h\"\ncovers_through = 2262-04-11\ndates = [{from}]\n");
        assert_eq!(load(&format!("{}{holiday}", one_model(ROW))).is_ok(), fits, "{from}");
    }
}
