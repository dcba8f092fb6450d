//! Checkpoints of a service that runs, and the files in them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::place::Place;
use crate::running::{Running, SECRET};

/// Where git is found.
const PROGRAMS: &str = "/usr/local/bin:/usr/bin:/bin";

#[test]
fn a_checkpoint_gives_its_files_back_and_overwrites_nothing() {
    let running = Running::new();
    let place = &running.0;
    let id = place.run(&["checkpoint", "create", "--reason", "a test"]).well().stdout.trim().to_owned();
    let shown = place.run(&["checkpoint", "show", &id]).well().stdout;
    assert!(shown.contains("app.conf") && shown.contains("good"), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");

    let extracted = place.run(&["checkpoint", "show", &id, "--extract", "out"]).well();
    assert_eq!(extracted.stdout, "[PLACE]/work/out/app.conf\n");
    let file = place.work().join("out/app.conf");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("password = {SECRET}\n"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let again = place.run(&["checkpoint", "show", &id, "--extract", "out"]);
    assert_eq!(again.code, Some(2), "{}", again.shown());
}

#[test]
fn what_differs_is_told_by_digests_and_never_by_content() {
    let running = Running::new();
    let place = &running.0;
    let id = place.run(&["checkpoint", "create"]).well().stdout.trim().to_owned();
    assert!(place.run(&["diff"]).well().stdout.contains("nothing differs"));
    place.write("app.conf", &format!("password = changed {SECRET}\n"));
    let diff = place.run(&["diff", &id]).well();
    assert!(diff.stdout.contains("app.conf: "), "{}", diff.shown());
    let status = place.run(&["status"]).well();
    assert!(status.stdout.contains("differs"), "{}", status.shown());
    place.run(&["checkpoint", "grade", &id, "bad"]).well();
    let refused = place.run(&["plan", &id]);
    assert_eq!(refused.code, Some(5), "{}", refused.shown());
    assert!(refused.stdout.contains("override it: `--force target-not-good`"), "{}", refused.shown());
    let plan = place.run(&["plan", &id, "--force", "target-not-good"]).well();
    assert!(plan.stdout.contains("overridden: target-not-good"), "{}", plan.shown());
    assert!(plan.stdout.contains("app.conf goes back"), "{}", plan.shown());
    for left in [diff, status, plan, place.run(&["diff", "--json"]), place.run(&["plan", "--json"])] {
        assert!(!left.shown().contains(SECRET), "{}", left.shown());
    }
}

#[test]
fn a_plan_says_what_runs_and_what_would() {
    let running = Running::new();
    let place = &running.0;
    place.run(&["checkpoint", "create"]).well();
    place.script("deploy.sh", "2").well();
    let plan = place.run(&["plan"]).well().stdout;
    let lines: Vec<&str> = plan.lines().map(str::trim).collect();
    for line in ["- web release 2", "+ web release 1", "2. switch `web` to release 1"] {
        assert!(lines.contains(&line), "{line} is missing:\n{plan}");
    }
}

#[test]
fn a_service_that_runs_well_passes_every_check() {
    let running = Running::new();
    let place = &running.0;
    assert!(place.run(&["verify"]).well().stdout.contains("holds: web.health.up (200 OK)"));
    let check = place.run(&["check"]).well();
    assert!(check.stdout.contains("file of web") && !check.stdout.contains("FAILS"), "{}", check.shown());
    let status = place.run(&["status"]).well();
    assert!(status.stdout.contains("1/1 up"), "{}", status.shown());
}

/// Version 1 and version 3, each recorded as good, and the second one running. What the demo has left is a bad version 2.
fn two_versions(place: &Place, before_each: impl Fn(&str)) -> [String; 2] {
    place.write("copy.sh", "/bin/cp -r app/releases/1 app/releases/3\n");
    place.script("copy.sh", "").well();
    ["1", "3"].map(|version| {
        before_each(version);
        place.script("deploy.sh", version).well();
        eventually(|| place.run(&["verify"]).code == Some(0));
        let created = place.run_with("", &[("PATH", PROGRAMS)], &["checkpoint", "create", "--json"]).well().document();
        assert_eq!(created["grade"], "good", "{created}");
        created["checkpoint"].as_str().unwrap().to_owned()
    })
}

fn eventually(holds: impl Fn() -> bool) {
    let is_met = (0..100).any(|_| {
        let is_met = holds();
        if !is_met {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        is_met
    });
    assert!(is_met);
}

#[test]
fn a_target_goes_by_what_ran_then() {
    let running = Running::new();
    let place = &running.0;
    let [first, second] = two_versions(place, |_| {});
    for typed in ["1", "release 1", "previous", &first, first.trim_start_matches("cp-")] {
        let plan = place.run(&["plan", typed, "--json"]).well().document();
        assert_eq!(plan["plan"]["target"], first, "{typed}");
    }
    let plan = place.run(&["plan", "1"]).well();
    assert!(plan.stdout.contains(&format!("`1` is `{first}`: `web` ran release 1 then")), "{}", plan.shown());
    assert!(place.run(&["diff", "1", "3"]).well().stdout.contains(&format!("+ {second}")));
    assert!(place.run(&["show", "3"]).well().stdout.contains(&second));
    assert!(place.run(&["checkpoint", "list"]).well().stdout.contains("web release 3"));
    let list = place.run(&["checkpoint", "list", "--json"]).well().document();
    assert_eq!(list["checkpoints"][0]["versions"]["web"], "release 3");

    for unknown in ["4", "v1.5.2", "1h ago"] {
        let left = place.run(&["rollback", unknown, "--yes"]);
        assert_eq!(left.code, Some(2), "{}", left.shown());
        assert!(
            left.stderr.contains("these are known: ") && left.stderr.contains("checkpoint list"),
            "{}",
            left.shown()
        );
    }
    let refused = place.run(&["plan", "2"]);
    assert_eq!(refused.code, Some(5), "{}", refused.shown());
    assert!(refused.stdout.contains("target-not-good"), "{}", refused.shown());

    place.run(&["rollback", "1", "--yes"]).well();
    assert_eq!(fs::read_link(place.work().join("app/current")).unwrap().file_name().unwrap(), "1");
}

#[test]
fn commits_cannot_be_counted_where_there_is_no_work_tree() {
    let running = Running::new();
    let place = &running.0;
    place.run(&["checkpoint", "create"]).well();
    for typed in ["HEAD~1", "HEAD", "HEAD^", "main~2"] {
        let ran = place.run(&["plan", typed]);
        assert_eq!(ran.code, Some(2), "{}", ran.shown());
        let what = format!("`{typed}` counts commits, and there is no git work tree");
        assert!(ran.stderr.contains(&what) && ran.stderr.contains("checkpoint list"), "{}", ran.shown());
    }
}

#[test]
fn commits_and_tags_of_the_configuration_lead_to_what_came_from_them() {
    let running = Running::new();
    let place = &running.0;
    let git = "set -eu\n/usr/bin/git -c init.defaultBranch=main -C . init --quiet\n\
        /usr/bin/git -c user.name=t -c user.email=t@localhost commit --quiet --allow-empty -m \"$1\"\n\
        /usr/bin/git tag --force \"at-$1\" >/dev/null\n/usr/bin/git rev-parse HEAD\n";
    place.write("commit.sh", git);
    let commit = |message: &str| place.script("commit.sh", message).well().stdout.trim().to_owned();
    let [first, second] = two_versions(place, |version| drop(commit(version)));
    let third = commit("4");
    let plan = |typed: &str| place.run_with("", &[("PATH", PROGRAMS)], &["plan", typed, "--json"]);
    let target = |typed: &str| plan(typed).document()["plan"]["target"].as_str().unwrap().to_owned();

    assert_eq!([target("at-1"), target("at-3")], [first.clone(), second.clone()]);
    assert_eq!([target("HEAD~2"), target("HEAD~1"), target("HEAD")], [first.clone(), second.clone(), second.clone()]);
    let counted = plan("HEAD~2");
    let warning = "`HEAD~2` counts commits and not deploys: it is ";
    assert!(counted.stderr.contains(warning) && counted.stderr.contains(&third[..10]), "{}", counted.shown());
    let reasons = counted.document()["plan"]["reasons"].to_string();
    assert!(reasons.contains("`HEAD~2` is `cp-") && reasons.contains(warning), "{reasons}");

    let nothing = plan("at-4");
    assert_eq!(nothing.code, Some(2), "{}", nothing.shown());
    assert!(nothing.stderr.contains("no checkpoint of `demo` is known to have come from it"), "{}", nothing.shown());
    let list = place.run(&["checkpoint", "list"]).well().stdout;
    let sha = list.lines().nth(1).and_then(|line| line.split("; at ").nth(1)).unwrap().get(..7).unwrap().to_owned();
    let by_digits = place.run(&["plan", &sha, "--json"]).document();
    assert_eq!(by_digits["plan"]["target"], second, "the digits were recorded: git is not asked");
}
