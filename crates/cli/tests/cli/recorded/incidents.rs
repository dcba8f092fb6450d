//! Incidents: opened by what a run does, told by people, rendered the same wherever they are looked at.

use std::fs;
use std::path::Path;

use crate::place::Place;

/// A value that only a process's environment knows to be secret.
const SECRET: &str = "planted-value-of-a-token";

/// A place with one bad deploy that was rolled back, and so one incident.
fn after_a_demo() -> (Place, String) {
    let place = Place::new();
    place.run(&["demo", "-q", "--keep", "demo"]).well();
    let list = place.run_in("demo", &["incident", "list", "--json"]).well().document();
    assert_eq!(list["incidents"].as_array().map(Vec::len), Some(1), "{list:#}");
    let id = list["incidents"][0]["id"].as_str().unwrap().to_owned();
    (place, id)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copy(&entry.path(), &target),
            kind if kind.is_file() => drop(fs::copy(entry.path(), target).unwrap()),
            _ => {}
        }
    }
}

#[test]
fn a_run_that_goes_back_leaves_an_incident_with_its_times() {
    let (place, id) = after_a_demo();
    let case = place.run_in("demo", &["incident", "show", &id, "--json"]).well().document();
    assert_eq!(case["incident"]["status"], "restored");
    for time in ["to_detect_ms", "to_decide_ms", "to_go_back_ms", "to_restore_ms"] {
        assert!(case["moments"][time].as_i64().is_some(), "{time}: {:#}", case["moments"]);
    }
    assert_eq!(case["versions"][0]["to"], "release 1", "{:#}", case["versions"]);
    let shown = place.run_in("demo", &["incident", "show"]).well();
    for part in ["first sign", "detected", "decided", "verified", "rolled back", "to restore:", "incident check"] {
        assert!(shown.shown().contains(part), "{part} is missing: {}", shown.shown());
    }
    let status = place.run_in("demo", &["status", "--json"]).well().document();
    assert_eq!(status["open_incidents"], serde_json::json!([]), "it is restored");
}

#[test]
fn people_say_what_they_know_and_no_secret_is_recorded() {
    let (place, id) = after_a_demo();
    let said = |arguments: &[&str]| place.run_with("demo", &[("DEPLOY_TOKEN", SECRET)], arguments);
    let short = id.trim_start_matches("inc-");
    said(&["incident", "note", short, &format!("a null; the token was {SECRET}"), "--as", "cause", "--severity", "P2"])
        .well();
    said(&["incident", "role", &id, "lead", "anna"]).well();
    said(&["incident", "link", &id, "https://tickets.example/42", "--text", "ticket"]).well();
    said(&["incident", "check", &id, "metrics", "--by", "ben", "--note", "looked at the dashboard"]).well();
    said(&["incident", "check", &id, "runbook", "--not"]).well();
    let unknown = said(&["incident", "check", &id, "nothing"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("the items are: declared, severity"), "{}", unknown.shown());
    let checklist = said(&["incident", "check", &id]).well().stdout;
    for line in
        ["[x] severity", "[x] metrics", "[!] runbook", "[-] backups", "[ ] post-mortem", "[x] steps", "[x] lead"]
    {
        assert!(checklist.contains(line), "{line} is missing:\n{checklist}");
    }
    said(&["incident", "close", &id, "--summary", "a release with a null"]).well();
    assert_eq!(said(&["incident", "close", &id]).code, Some(2), "it is closed already");
    let shown = said(&["incident", "show", &id, "--json"]).well();
    let case = shown.document();
    assert_eq!((&case["incident"]["status"], &case["incident"]["severity"]), (&"closed".into(), &"P2".into()));
    assert!(case["moments"]["in_all_ms"].as_i64().is_some());
    let journal = fs::read(place.work().join("demo/.backout/journal.db")).unwrap();
    let wal = fs::read(place.work().join("demo/.backout/journal.db-wal")).unwrap_or_default();
    for text in
        [shown.shown(), String::from_utf8_lossy(&journal).into_owned(), String::from_utf8_lossy(&wal).into_owned()]
    {
        assert!(!text.contains(SECRET));
    }
    said(&["history", "--verify"]).well();
}

#[test]
fn a_person_opens_an_incident_and_the_status_says_so() {
    let (place, first) = after_a_demo();
    let opened =
        place.run_in("demo", &["incident", "open", "checkout is slow", "--severity", "P1", "--service", "web"]).well();
    let id = opened.stdout.split(':').next().unwrap().to_owned();
    assert_ne!(id, first);
    assert!(place.run_in("demo", &["status"]).well().stdout.contains("checkout is slow"));
    assert_eq!(place.run_in("demo", &["incident", "open", "x", "--service", "nobody"]).code, Some(2));
    assert_eq!(place.run_in("demo", &["incident", "show", "inc-"]).code, Some(2), "two begin so");
    place.run_in("demo", &["incident", "note", &id, "--status", "restored"]).well();
    assert!(!place.run_in("demo", &["status"]).well().stdout.contains("checkout is slow"));
}

#[test]
fn a_replayed_incident_renders_the_same_post_mortem_byte_for_byte() {
    let (place, id) = after_a_demo();
    place.run_in("demo", &["incident", "note", &id, "a null & `web` | <b>", "--as", "cause"]).well();
    let elsewhere = Place::new();
    copy(&place.work().join("demo"), &elsewhere.work().join("far/away"));
    let others = [
        ("TZ", "Asia/Tokyo"),
        ("LANG", "de_DE.UTF-8"),
        ("LC_ALL", "de_DE.UTF-8"),
        ("USER", "somebody"),
        ("COLUMNS", "40"),
    ];
    for format in ["markdown", "html"] {
        let file = format!("page.{format}");
        let arguments = ["incident", "postmortem", &id, "--format", format, "--out", &file];
        place.run_in("demo", &arguments).well();
        elsewhere.run_with("far/away", &others, &arguments).well();
        let page = |folder: std::path::PathBuf| fs::read_to_string(folder.join(&file)).unwrap();
        let (here, there) = (page(place.work().join("demo")), page(elsewhere.work().join("far/away")));
        assert!(here.len() > 2_000 && here == there, "--- here\n{here}\n--- there\n{there}");
    }
    let html = place.run_in("demo", &["incident", "postmortem", "--format", "html"]).well().stdout;
    assert!(html.contains("<svg") && html.contains("a null &amp; <code>web</code> | &lt;b&gt;"), "{html}");
    assert!(html.contains("<figcaption>web.health.up</figcaption>\n<svg"), "what was measured is not drawn: {html}");
    for outside in ["<script", "src=", "href=", "@import", "url("] {
        assert!(!html.contains(outside), "the page needs {outside}");
    }
}

#[test]
fn a_template_of_ones_own_is_used_and_its_mistakes_are_told() {
    let (place, id) = after_a_demo();
    place.write("demo/own.txt", "{{ id }}: {{ times.to_restore_ms|span }} in {{ environment }}\n");
    let own = place.run_in("demo", &["incident", "postmortem", "--template", "own.txt"]).well().stdout;
    assert!(own.starts_with(&format!("{id}: ")) && own.ends_with(" in demo\n"), "{own}");
    place.write("demo/own.txt", "{{ nothing }}");
    let wrong = place.run_in("demo", &["incident", "postmortem", "--template", "own.txt"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.shown());
    assert!(wrong.stderr.contains("the template cannot be used"), "{}", wrong.shown());
}
