//! The template: its scripts run as a runner of GitLab runs those of a job that extends it.

use std::fs;

use serde_json::Value;

use super::runner::{run, variables};
use super::site::Site;

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/gitlab/guard.gitlab-ci.yml");

/// What came of a job.
struct Job {
    code: i32,
    log: String,
    /// The artifacts that are there, by their names.
    kept: Vec<String>,
}

/// Runs a job that extends the template with these variables; the state is the site's unless it is among them.
fn job(site: &Site, own: &[(&str, &str)]) -> Job {
    let template: Value = serde_saphyr::from_str(&fs::read_to_string(TEMPLATE).unwrap()).unwrap();
    let hidden = &template[".backout-guard"];
    let part = |name: &str| -> String {
        let commands = hidden[name].as_array().unwrap().iter().map(|command| command.as_str().unwrap());
        commands.flat_map(|command| [command, "\n"]).collect()
    };
    let mut variables = variables(&site.project());
    let project = site.project().display().to_string();
    let given = [("CI_PROJECT_DIR", project.as_str()), ("BACKOUT_STATE", &site.state())];
    let committed = [("CI_COMMIT_TIMESTAMP", "2026-11-21T08:00:00+01:00")];
    for (name, value) in given.iter().chain(&committed).chain(own) {
        variables.insert((*name).to_owned(), (*value).to_owned());
    }
    // What comes before and the script itself are one script, and what comes after is another, whatever became of the first.
    let main = run(&["sh", "-e"], &format!("{}{}", part("before_script"), part("script")), &site.project(), &variables);
    let after = run(&["sh", "-e"], &part("after_script"), &site.project(), &variables);
    assert_eq!((after.code, hidden["artifacts"]["when"].as_str()), (0, Some("always")), "{}", after.stderr);
    let paths = hidden["artifacts"]["paths"].as_array().unwrap().iter().map(|path| path.as_str().unwrap());
    let kept = paths.filter(|path| site.project().join(path).is_file()).map(str::to_owned).collect();
    Job { code: main.code, log: format!("{}{}", main.stdout, main.stderr), kept }
}

#[test]
fn a_good_job_is_green_and_keeps_its_record() {
    let site = Site::new();
    let own = [("DEPLOY_COMMAND", "./deploy.sh 3"), ("BACKOUT_SOAK", "2s"), ("BACKOUT_REASON", "it's `touch hacked`")];
    let job = job(&site, &own);
    assert_eq!((job.code, job.kept.join(" ").as_str()), (0, "backout-run.txt"), "{}", job.log);
    assert_eq!(site.serves(), "3");
    let record = fs::read_to_string(site.project().join("backout-run.txt")).unwrap();
    assert!(record.contains("it's `touch hacked`") && !site.project().join("hacked").exists(), "{record}");
}

#[test]
fn a_bad_job_is_red_and_keeps_a_post_mortem() {
    let site = Site::new();
    let job = job(&site, &[("DEPLOY_COMMAND", "./deploy.sh 2")]);
    assert_eq!((job.code, job.kept.join(" ").as_str()), (3, "backout-run.txt postmortem.md"), "{}", job.log);
    assert_eq!(site.serves(), "1");
}

#[test]
fn a_job_without_a_state_that_stays_deploys_nothing() {
    let site = Site::new();
    let inside = site.project().join("state").display().to_string();
    // The template itself ends it: later, `backout` would find a reason of its own here, which another project may not give it.
    for (state, code, said) in [("", 2, "name a folder that outlives the job"), (&inside, 1, "emptied between jobs")] {
        let job = job(&site, &[("DEPLOY_COMMAND", "./deploy.sh 3"), ("BACKOUT_STATE", state)]);
        assert!(job.code == code && job.log.contains(said), "{state}: {} {}", job.code, job.log);
        assert_eq!((job.kept.len(), site.serves().as_str()), (0, "1"), "{state}");
    }
}
