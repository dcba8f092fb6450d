//! What pages tell people to type, typed: on what a demo leaves, and in a folder with the examples.

use std::path::Path;

use backout_testkit::docker::free_port;
use backout_testkit::guarded::end_all_of;
use backout_testkit::told::{Book, Chapter, Stage, copy_examples, play};

use crate::place::Place;
use crate::running::Running;

/// Chapters are shared out, so that several tests play them at once.
const SHARES: usize = 4;

#[test]
fn the_first_share_of_the_pages_does_what_it_says() {
    share(0);
}

#[test]
fn the_second_share_of_the_pages_does_what_it_says() {
    share(1);
}

#[test]
fn the_third_share_of_the_pages_does_what_it_says() {
    share(2);
}

#[test]
fn the_fourth_share_of_the_pages_does_what_it_says() {
    share(3);
}

fn share(which: usize) {
    for chapter in Book::open().chapters(&["demo", "folder"]).iter().skip(which).step_by(SHARES) {
        match chapter.stage.as_str() {
            "demo" => after_a_demo(chapter),
            _ => in_a_folder(chapter),
        }
    }
}

/// Version 1 of the demo's application runs, after a deploy that was rolled back.
fn after_a_demo(chapter: &Chapter) {
    let running = Running::new();
    let words = vec![word("COMMAND", "sh deploy.sh 2"), word("TEXT", "'it was the network'"), port("9797")];
    let stage = stage(&running.0, words);
    let _ended = Ended(&stage.folder);
    let _ = play(chapter, &stage);
}

/// Nothing runs. Everything that was started ends with the test.
fn in_a_folder(chapter: &Chapter) {
    let place = Place::new();
    let words = vec![port("8080"), port("8081")];
    copy_examples(&place.work(), &words);
    let stage = stage(&place, words);
    let _ended = Ended(&stage.folder);
    let _ = play(chapter, &stage);
}

fn stage(place: &Place, words: Vec<(String, String)>) -> Stage {
    let home = ("HOME".into(), place.temporary().into());
    Stage { folder: place.work(), program: env!("CARGO_BIN_EXE_backout").into(), variables: vec![home], words }
}

fn word(word: &str, other: &str) -> (String, String) {
    (word.to_owned(), other.to_owned())
}

/// A port of a page, which another program may have, and one that is free.
fn port(written: &str) -> (String, String) {
    word(written, &free_port().to_string())
}

/// Ends whatever a chapter left running in a folder.
struct Ended<'a>(&'a Path);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        end_all_of(self.0);
    }
}
