//! What pages say of the program's own words and of its tests: both are looked for in the source.

use std::fs;
use std::path::Path;

use backout_testkit::told::Book;

/// Everything below `crates/` that is Rust, but for this folder's own words.
fn source() -> String {
    let mut text = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("told") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                text.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}

#[test]
fn every_test_that_the_page_about_security_names_is_there() {
    let (page, source) = (Book::open().pages["docs/security.md"].clone(), source());
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter(|word| word.matches('_').count() > 2).collect();
    let missing: Vec<&&str> = named.iter().filter(|name| !source.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "there are no tests {missing:?}");
    assert!(named.len() > 15, "only {named:?}");
}

/// Words stand in quotes there; `…` is for what differs each time.
#[test]
fn everything_that_the_page_about_trouble_quotes_is_said() {
    let (page, source) = (Book::open().pages["docs/troubleshooting.md"].clone(), source());
    let quoted = page.lines().filter_map(|line| line.strip_prefix("| \"")?.split_once('"')).map(|(words, _)| words);
    let parts = quoted.flat_map(|words| words.split('…')).map(|part| part.trim().trim_matches('`').trim());
    let parts: Vec<&str> = parts.filter(|part| part.len() > 5).collect();
    let missing: Vec<&&str> = parts.iter().filter(|part| !source.contains(**part)).collect();
    assert!(missing.is_empty(), "nothing says {missing:?}");
    assert!(parts.len() > 12, "only {parts:?}");
}
