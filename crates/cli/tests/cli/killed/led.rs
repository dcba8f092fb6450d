//! Killed between leading users back and telling the proxy.

use std::fs;
use std::os::unix::fs::symlink;

use super::stage::Stage;

/// What leads users to the application, whose proxy takes its time to be told.
const FRONT: &str = "    services:\n      spare: { platform: { host: {} }, releases: spare, command: { restart: 'exit 0' } }\n      front:\n        \
    traffic:\n          link: upstream.conf\n          to: { web: web.conf, spare: spare.conf }\n          \
    reload: [sh, -c, 'echo begins >> told; /bin/sleep 6; /usr/bin/readlink upstream.conf >> told']\n";

#[test]
fn a_proxy_that_may_not_have_been_told_is_told_again() {
    let stage = Stage::new("{ attempts: 1 }", "");
    let place = stage.place();
    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    place.write("backout.yaml", &config.replace("    services:\n", FRONT));
    place.write("spare/releases/1/page", "spare\n");
    symlink("releases/1", place.work().join("spare/current")).unwrap();
    let link = place.work().join("upstream.conf");
    symlink("web.conf", &link).unwrap();
    place.run(&["checkpoint", "create"]).well();
    fs::remove_file(&link).unwrap();
    symlink("spare.conf", &link).unwrap();
    let rollback = place.start(&["rollback", "--service", "front", "--yes"]);
    stage.until("the proxy to be told", || stage.lines("told") == ["begins"]);
    stage.kill(rollback);
    // The link leads back already, and nothing says that the proxy knows.
    assert_eq!(fs::read_link(&link).unwrap().display().to_string(), "web.conf");
    stage.resume().well();
    // The reload that was under way when its parent was killed ends when it ends.
    let twice = ["begins", "begins", "web.conf", "web.conf"];
    stage.until("both reloads to end", || stage.lines("told").len() >= twice.len());
    let mut told = stage.lines("told");
    told.sort();
    assert_eq!(told, twice, "{}", stage.told());
    let status = place.run(&["status", "--json"]).document();
    let mut services = status["services"].as_array().unwrap().iter();
    assert!(services.any(|service| service["label"] == "web"), "{status:#}");
}
