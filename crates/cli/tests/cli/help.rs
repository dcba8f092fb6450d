//! What `--help` says.

use insta::assert_snapshot;

use crate::place::Place;

#[test]
fn help_lists_every_command() {
    assert_snapshot!(Place::new().run(&["--help"]).well().stdout);
}

#[test]
fn help_of_the_main_job_says_what_it_takes() {
    assert_snapshot!(Place::new().run(&["guard", "--help"]).well().stdout);
}

#[test]
fn help_of_a_rollback_says_what_it_takes() {
    assert_snapshot!(Place::new().run(&["rollback", "--help"]).well().stdout);
}

#[test]
fn nothing_at_all_is_answered_with_help_and_a_usage_exit_code() {
    let left = Place::new().run(&[]);
    assert_eq!(left.code, Some(2));
    assert!(left.stderr.contains("Usage: backout"), "{}", left.shown());
}
