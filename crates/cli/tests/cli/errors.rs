//! What people read when something is wrong: what happened, where, and what to do next.

use insta::assert_snapshot;

use crate::place::Place;

const ONE_SERVICE: &str = r#"version: 1
project: shop
environments:
  staging:
    platform: { host: {} }
    services:
      web: { releases: app, run: [./start] }
"#;

#[test]
fn no_configuration() {
    assert_snapshot!(Place::new().run(&["status"]).shown());
}

#[test]
fn a_configuration_with_several_problems_shows_all_of_them() {
    let place = Place::new();
    place.write(
        "backout.yaml",
        r#"version: 1
project: shop
environments:
  staging:
    platform: { host: {} }
    services:
      web:
        releases: app
        run: [./start]
        depend_on: [db]
        probes:
          health: { http: "http://127.0.0.1:1/", every: 5 }
    triggers:
      down: { signal: web.helth.up, below: 100% }
"#,
    );
    assert_snapshot!(place.run(&["check"]).shown());
}

#[test]
fn an_environment_that_is_not_configured() {
    let place = Place::new();
    place.write("backout.yaml", ONE_SERVICE);
    assert_snapshot!(place.run(&["status", "-e", "production"]).shown());
}

#[test]
fn a_checkpoint_and_a_run_that_are_not_there() {
    let place = Place::new();
    place.write("backout.yaml", ONE_SERVICE);
    assert_snapshot!(place.run(&["checkpoint", "show", "cp-1"]).shown());
    assert_snapshot!(place.run(&["show", "run-1"]).shown());
    assert_snapshot!(place.run(&["show"]).shown());
}

#[test]
fn no_checkpoint_to_go_back_to() {
    let place = Place::new();
    place.write("backout.yaml", ONE_SERVICE);
    assert_snapshot!(place.run(&["plan"]).shown());
}

#[test]
fn a_force_that_is_no_refusal_or_cannot_be_forced() {
    let place = Place::new();
    place.write("backout.yaml", ONE_SERVICE);
    assert_snapshot!(place.run(&["plan", "--force", "anything"]).shown());
    assert_snapshot!(place.run(&["plan", "--force", "target-gone"]).shown());
}

#[test]
fn an_error_is_a_document_where_documents_are_wanted() {
    let left = Place::new().run(&["status", "--json"]);
    let document = left.document();
    assert_eq!(document["error"]["exit"], 2);
    assert!(document["error"]["hints"].as_array().is_some_and(|hints| !hints.is_empty()), "{}", left.shown());
}

#[test]
fn a_name_that_nothing_explains() {
    assert_snapshot!(Place::new().run(&["explain", "nothing"]).shown());
}
