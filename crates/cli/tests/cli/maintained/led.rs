//! Users that are led from green back to blue by a link, on a host where both are release folders.

use std::fs;
use std::os::unix::fs::symlink;

use crate::place::Place;

/// Blue and green with release 1 each, and a front that leads to blue.
pub(super) fn place() -> Place {
    let place = Place::new();
    place.write(
        "backout.yaml",
        "version: 1\nproject: shop\nenvironments:\n  staging:\n    platform: { host: {} }\n    services:\n      \
         blue: { releases: blue, command: { restart: 'exit 0' } }\n      \
         amber: { releases: amber, command: { restart: 'exit 0' } }\n      front:\n        traffic:\n          \
         link: upstream.conf\n          to: { blue: blue.conf, amber: amber.conf }\n          \
         check: [sh, -c, 'exit 0']\n          reload: [sh, -c, 'echo told >> told']\n",
    );
    for color in ["blue", "amber"] {
        for release in ["1", "2"] {
            place.write(&format!("{color}/releases/{release}/page"), &format!("{color} {release}\n"));
        }
        symlink("releases/1", place.work().join(color).join("current")).unwrap();
    }
    symlink("blue.conf", place.work().join("upstream.conf")).unwrap();
    let deploy = "ln -sfn releases/2 amber/current && ln -sfn amber.conf upstream.conf\n";
    place.write("deploy.sh", deploy);
    place
}

fn leads(place: &Place, link: &str) -> String {
    fs::read_link(place.work().join(link)).unwrap().display().to_string()
}

#[test]
fn users_are_led_back_before_what_they_used_goes_back() {
    let place = place();
    place.run(&["checkpoint", "create"]).well();
    place.script("deploy.sh", "").well();
    let plan = place.run(&["plan"]).well().stdout;
    let at = |words: &str| plan.find(words).unwrap_or_else(|| panic!("{words} is not in\n{plan}"));
    assert!(at("switch `front` to blue") < at("switch `amber` to "), "{plan}");
    place.run(&["rollback", "--yes"]).well();
    assert_eq!(
        (leads(&place, "upstream.conf"), leads(&place, "amber/current")),
        ("blue.conf".into(), "releases/1".into())
    );
    assert_eq!(fs::read_to_string(place.work().join("told")).unwrap(), "told\n");
}

#[test]
fn users_alone_are_led_back() {
    let place = place();
    place.run(&["checkpoint", "create"]).well();
    place.script("deploy.sh", "").well();
    place.run(&["rollback", "--service", "front", "--yes"]).well();
    assert_eq!(
        (leads(&place, "upstream.conf"), leads(&place, "amber/current")),
        ("blue.conf".into(), "releases/2".into())
    );
}

#[test]
fn where_users_are_led_is_checked() {
    let place = place();
    let found = || {
        let document = place.run(&["check", "--json"]).document();
        let findings = document["findings"].as_array().unwrap().iter();
        let mut found = findings.filter(|finding| finding["check"] == "front is up");
        let finding = found.next().unwrap();
        (finding["result"].as_str().unwrap().to_owned(), finding["what"].as_str().unwrap().to_owned())
    };
    assert_eq!(found(), ("holds".to_owned(), "runs blue".to_owned()));
    let link = place.work().join("upstream.conf");
    fs::remove_file(&link).unwrap();
    assert_eq!(found(), ("fails".to_owned(), "is not there".to_owned()));
    symlink("red.conf", &link).unwrap();
    let (result, what) = found();
    assert!(result == "fails" && what.contains("to none of `amber`, `blue`"), "{result}: {what}");
}
