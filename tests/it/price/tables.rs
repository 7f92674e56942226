//! A table as a whole: its files, its text, its id.

use super::*;

#[test]
fn every_file_of_the_folder_is_in_the_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pricing");
    let names = fs_err::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let there: BTreeSet<String> = names.filter(|name| name.ends_with(".toml")).collect();
    assert_eq!(Table::builtin_files().map(str::to_string).collect::<BTreeSet<_>>(), there);
    // Read from the disk, the folder is the same table.
    assert_eq!(Table::load(&folder).unwrap().id(), builtin().id());
}

#[test]
fn a_table_in_one_file_may_price_several_sellers() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("private.toml");
    let text = format!(
        "[[model]]\nid = \"big\"\nseller = \"acme\"\n[[model.price]]\n{ROW}\n[[model]]\nid = \"small\"\n\
         seller = \"other\"\n[[model.price]]\n{}",
        ROW.replace("\"1\"", "\"3\"")
    );
    fs_err::write(&file, text).unwrap();
    let table = Table::load(&file).unwrap();
    assert!(table.id().starts_with("custom+"));
    let day = "2026-02-01";
    assert_eq!(ask("acme", "big").of(&table).on(day).usd(&[(Input, 1_000), (Output, 1_000)]), "0.003");
    assert_eq!(ask("other", "small").of(&table).on(day).usd(&[(Input, 1_000)]), "0.003");
    assert_eq!(ask("other", "big").of(&table).on(day).why(ONE), Unpriced::UnknownModel);
}

#[test]
fn a_table_may_be_a_folder_without_a_table_file() {
    let dir = tempfile::tempdir().unwrap();
    fs_err::write(dir.path().join("a.toml"), one_model(ROW)).unwrap();
    fs_err::write(dir.path().join("b.toml"), one_model(ROW).replace("\"s\"", "\"t\"")).unwrap();
    fs_err::write(dir.path().join("notes.txt"), "not a price").unwrap();
    let table = Table::load(dir.path()).unwrap();
    assert_eq!(table.sellers().map(|seller| seller.id.as_str()).collect::<Vec<_>>(), ["s", "t"]);
    let again = Table::from_text(table.text()).unwrap();
    assert_eq!((again.id(), again.text()), (table.id(), table.text()));
    fs_err::write(dir.path().join("TABLE.toml"), "schema = 1\nversion = \"7\"\n").unwrap();
    let versioned = Table::load(dir.path()).unwrap();
    assert_eq!(versioned.id().strip_prefix("7+"), table.id().strip_prefix("custom+"));
}

#[test]
fn the_text_of_the_built_in_table_makes_the_same_table() {
    assert_eq!(Table::from_text(builtin().text()).unwrap().id(), builtin().id());
    assert!(matches!(Table::from_text("seller = \"s\""), Err(PriceError::NotATable(_))));
}

#[test]
fn the_id_follows_the_rates_and_not_the_wording() {
    let id = |text: &str| table(text).id().to_string();
    let plain = one_model(ROW);
    assert_eq!(id(&plain), id(&format!("# a comment\n\n{}", plain.replace(" = ", "  =  "))));
    assert_eq!(id(&plain), id(&plain.replace("from", "src = \"a page\"\nfrom")));
    assert_eq!(id(&plain), id(&plain.replace("\"1\"", "\"1.0\"")));
    for (old, new) in [
        ("\"1\"", "\"1.01\""),
        ("2026-01-01", "2026-01-02"),
        ("id = \"m\"", "id = \"m\"\nnames = [\"n\"]"),
        ("\"standard\"", "\"batch\""),
        ("seller = \"s\"", "seller = \"s\"\nfirst_party = false"),
    ] {
        assert_ne!(id(&plain), id(&plain.replace(old, new)), "{new}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = Table::load(Path::new("/nowhere/prices.toml")).unwrap_err();
    assert!(error.to_string().contains("/nowhere/prices.toml"), "{error}");
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Table::load(empty.path()), Err(PriceError::NoFiles(_))));
}

/// Cuts a price file into its head and its blocks, each model with its rows.
fn blocks_of(text: &str) -> (String, Vec<Vec<String>>) {
    let (mut head, mut blocks): (String, Vec<Vec<String>>) = (String::new(), Vec::new());
    for line in text.split_inclusive('\n') {
        if line.starts_with("[[model.price]]") {
            blocks.last_mut().unwrap().push(String::new());
        } else if line.starts_with('[') {
            blocks.push(vec![String::new()]);
        }
        match blocks.last_mut() {
            Some(block) => block.last_mut().unwrap().push_str(line),
            None => head.push_str(line),
        }
    }
    (head, blocks)
}

/// A shuffle that proptest can repeat: sorts by numbers drawn for each place.
fn shuffled<T>(items: Vec<T>, draw: &mut impl FnMut() -> u64) -> Vec<T> {
    let mut drawn: Vec<(u64, T)> = items.into_iter().map(|item| (draw(), item)).collect();
    drawn.sort_by_key(|(number, _)| *number);
    drawn.into_iter().map(|(_, item)| item).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn the_order_of_blocks_and_rows_changes_nothing(seed in any::<u64>()) {
        let mut state = seed;
        let mut draw = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 16
        };
        let plain = format!("{}#@ file workshop.toml\n{WORKSHOP}#@ overrides deals.toml\n{WORKSHOP_DEALS}", builtin().text());
        let mut mixed = String::new();
        for file in plain.split_inclusive("#@ ") {
            // Each part ends with the mark of the next one.
            let (file, mark) = file.strip_suffix("#@ ").map_or((file, ""), |file| (file, "#@ "));
            let (head, blocks) = blocks_of(file);
            mixed.push_str(&head);
            for mut block in shuffled(blocks, &mut draw) {
                let rows = block.split_off(1);
                block.into_iter().chain(shuffled(rows, &mut draw)).for_each(|part| mixed.push_str(&part));
            }
            mixed.push_str(mark);
        }
        prop_assert_ne!(&plain, &mixed);
        let (plain, mixed) = (Table::from_text(&plain).unwrap(), Table::from_text(&mixed).unwrap());
        prop_assert_eq!(plain.id(), mixed.id());
        for model in plain.models() {
            for mode in Mode::ALL {
                let ask = ask(&model.seller, &model.id).tier(mode.name()).region("eu");
                for day in ["2025-06-01", "2026-10-14T02:45:00Z", "2026-10-25", "2027-02-01"] {
                    let costs = [&plain, &mixed].map(|table| {
                        let plan = table.resolve(&ask.request)?;
                        plan.price(at(day), &tokens(&[(Input, 1_500), (Output, 70)]), [])
                    });
                    prop_assert_eq!(costs[0], costs[1], "{} {}", model.id, mode);
                }
            }
        }
    }
}

#[test]
fn the_id_follows_hours_holidays_regions_and_storage() {
    let id = |text: &str| table(text).id().to_string();
    for (old, new) in [
        ("01:00-04:00", "01:00-04:30"),
        ("days = \"mon-fri\"", "days = \"mon-sat\""),
        (
            "id = \"peak\"\nutc = [\"01:00-04:00\", \"06:00-10:00\"]\ndays = \"mon-fri\"\nexcept = \"feasts\"",
            "id = \"peak\"\nutc = [\"01:00-04:00\", \"06:00-10:00\"]\ndays = \"mon-fri\"",
        ),
        ("covers_through = 2026-12-31", "covers_through = 2027-12-31"),
        ("2026-10-18, ", ""),
        ("region_not = [\"global\", ", "region = [\"global\", "),
        ("from = 2026-10-14T12:00:00Z\nmodels = [\"lathe\"]", "from = 2026-10-14T12:00:00Z"),
        ("usd_per_mtok_hour = \"1\"", "usd_per_mtok_hour = \"2\""),
        ("models = [\"lathe\", \"mill\"]", "models = [\"lathe\"]"),
        ("window = \"peak\"\nfrom = 2026-08-16T16:00:00Z", "window = \"sunday\"\nfrom = 2026-08-16T16:00:00Z"),
        ("withdrawn = 2026-08-10", "withdrawn = 2026-08-11"),
        ("model = \"free\"", "model = \"mill\""),
    ] {
        let changed = WORKSHOP.replace(old, new);
        assert_ne!(WORKSHOP, changed, "{old} is not in the file");
        assert_ne!(id(WORKSHOP), id(&changed), "{new}");
    }
    // What is said twice, and in which order, does not matter.
    assert_eq!(id(WORKSHOP), id(&WORKSHOP.replace("2026-10-01, 2026-10-05", "2026-10-05, 2026-10-01, 2026-10-05")));
    assert_eq!(id(WORKSHOP), id(&WORKSHOP.replace("\"mon-fri\"", "[\"wed-fri\", \"mon\", \"tue\"]")));
}

#[test]
fn line_ends_and_marks_of_order_do_not_matter() {
    let windows = table(&WORKSHOP.replace('\n', "\r\n"));
    assert_eq!(windows.id(), table(WORKSHOP).id());
    assert_eq!(Table::from_text(windows.text()).unwrap().id(), windows.id());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("marked.toml");
    fs_err::write(&file, format!("\u{feff}{WORKSHOP}").trim_end()).unwrap();
    let marked = Table::load(&file).unwrap();
    assert_eq!(marked.id(), table(WORKSHOP).id());
    assert_eq!(Table::from_text(marked.text()).unwrap().id(), marked.id());
}

#[test]
fn a_file_that_contains_the_mark_of_a_file_is_kept_whole() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("odd.toml");
    fs_err::write(&file, one_model(ROW).replace("[[model]]", "#@ file by hand\n[[model]]")).unwrap();
    let table = Table::load(&file).unwrap();
    assert_eq!(Table::from_text(table.text()).unwrap().id(), table.id());
}

#[test]
fn a_version_without_a_table_file_is_checked_too() {
    refused(&format!("version = \"1 b+c\"\n{}", one_model(ROW)), 1, "is not a version", "without blanks");
}
