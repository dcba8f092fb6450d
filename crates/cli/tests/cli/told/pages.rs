//! The pages as a book: every page is listed, every link leads somewhere, and nothing that people could type is left out in
//! silence.

use backout_testkit::told::{Book, LeftOut, blocks};

#[test]
fn every_page_stands_in_the_list_of_pages_once() {
    let book = Book::open();
    assert_eq!(book.not_listed_once(), [""; 0], "`docs/SUMMARY.md` has each page exactly once");
    for (name, text) in book.pages.iter().filter(|(name, _)| name.starts_with("docs/")) {
        assert!(text.starts_with("# "), "{name} does not begin with its title");
    }
}

#[test]
fn every_link_leads_to_a_page_and_heading_that_is_there() {
    assert_eq!(Book::open().dead_links(), [""; 0]);
}

/// The last lines are what to read: how many commands are played, and which are not.
#[test]
fn every_command_is_played_or_says_why_not() {
    let told = Book::open().told().unwrap_or_else(|problems| panic!("{}", problems.join("\n")));
    let lines = told.iter().flat_map(|told| &told.chapters).flat_map(|chapter| &chapter.lines);
    let played = lines.filter(|line| line.is_shown).count();
    let left_out: Vec<&LeftOut> = told.iter().flat_map(|told| &told.left_out).collect();
    for LeftOut { page, at, what, why } in &left_out {
        println!("not run: {page}:{at}: `{what}`: {why}");
    }
    println!("commands of the documentation: {played} run, {} not run", left_out.len());
    assert!(played > 60, "only {played} commands are played");
}

#[test]
fn every_document_in_the_pages_parses() {
    for (name, text) in &Book::open().pages {
        for block in blocks(text).unwrap().iter().filter(|block| block.language == "json") {
            let parsed = serde_json::from_str::<serde_json::Value>(&block.text);
            assert!(parsed.is_ok(), "{name}:{}: {}", block.line, parsed.unwrap_err());
        }
    }
}
