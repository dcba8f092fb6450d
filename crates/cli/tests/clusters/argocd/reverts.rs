//! Applications that go back by a commit in their repository: real git repositories, and auto-sync that follows them.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backout_kube_double::Instruction;
use backout_testkit::guarded::wait_until;
use backout_testkit::kube::Generation;
use serde_json::{Value, json};

use crate::argocd::stage::deployment;
use crate::site::{SOON, Site};

/// Commits what `web` is to run, pushes it, and waits until Argo CD has synced it.
const DEPLOY: &str = r#"sed -i s,shop/web:1,shop/web:2-crash, work/apps/shop/web.json && cd work &&
    git commit --quiet --all -m "Deploy 2" && git push --quiet origin HEAD:main &&
    kubectl wait application/shop -n argocd --timeout=20s \
        --for=jsonpath='{.status.operationState.syncResult.revision}'=$(git rev-parse HEAD)"#;

struct Repository<'a> {
    site: &'a Site,
}

impl Repository<'_> {
    #[expect(clippy::disallowed_methods, reason = "a person's own git")]
    fn run(&self, folder: &str, words: &[&str]) -> Output {
        let mut command = Command::new("git");
        command.args(words).current_dir(self.site.clients.folder().join(folder));
        command.output().unwrap()
    }

    #[track_caller]
    fn git(&self, folder: &str, words: &[&str]) -> String {
        let output = self.run(folder, words);
        assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// A bare repository with the manifests of `web`, and something else beside them.
    fn make(&self) {
        self.git(".", &["init", "--quiet", "--bare", "-b", "main", "origin.git"]);
        self.git(".", &["clone", "--quiet", "origin.git", "work"]);
        self.git("work", &["config", "user.name", "Tester"]);
        self.git("work", &["config", "user.email", "tester@localhost"]);
        self.site.clients.write("work/apps/shop/web.json", &deployment("shop/web:1").to_string());
        self.site.clients.write("work/apps/other/note", "one");
        self.git("work", &["add", "--all"]);
        self.git("work", &["commit", "--quiet", "-m", "Deploy 1"]);
        self.git("work", &["push", "--quiet", "origin", "HEAD:main"]);
    }

    fn url(&self) -> String {
        self.site.clients.folder().join("origin.git").display().to_string()
    }

    fn head(&self) -> String {
        self.git("origin.git", &["rev-parse", "main"])
    }

    /// What Argo CD's own repository server does: tells of each commit that becomes the branch's newest, until it is over.
    fn serve(&self, is_over: &AtomicBool) {
        let mut told = String::new();
        while !is_over.load(Ordering::Relaxed) {
            let revision = self.head();
            if revision != told {
                let manifest = self.git("origin.git", &["show", &format!("{revision}:apps/shop/web.json")]);
                let manifests = vec![serde_json::from_str(&manifest).unwrap()];
                told.clone_from(&revision);
                self.site.double.tell(Instruction::Commit { repository: self.url(), revision, manifests });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn application(url: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "shop", "namespace": "argocd"},
        "spec": {
            "project": "default", "source": {"repoURL": url, "targetRevision": "main", "path": "apps/shop"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "default"},
            "syncPolicy": {"automated": {"prune": true}},
        },
    })
}

/// Revision of the newest sync, its phase, sync and health, once the controller has looked since.
fn state(site: &Site) -> Option<[String; 4]> {
    let shop = site.double.object("argoproj.io/v1alpha1", "Application", "argocd", "shop")?;
    let text = |at: &str| shop.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let finished = text("/status/operationState/finishedAt");
    let is_settled =
        shop.get("operation").is_none() && !finished.is_empty() && text("/status/reconciledAt") >= finished;
    is_settled.then(|| {
        ["operationState/syncResult/revision", "operationState/phase", "sync/status", "health/status"]
            .map(|at| text(&format!("/status/{at}")))
    })
}

#[track_caller]
fn until_synced(site: &Site, revision: &str) {
    let well = [revision, "Succeeded", "Synced", "Healthy"].map(str::to_owned);
    wait_until(&format!("auto-sync to bring {revision}"), SOON, || state(site).as_ref() == Some(&well));
}

/// A site whose Application follows a branch with auto-sync, recorded as good.
fn with_repository(test: &str, revert: &str, run: impl FnOnce(&Repository<'_>)) {
    let services = format!("shop: {{ platform: {{ argocd: {{}} }}, revert: {revert} }}");
    let Some(site) = Site::new(test, Generation::Helm4, &services) else { return };
    let repository = Repository { site: &site };
    repository.make();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| Repository { site: &site }.serve(&is_over));
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            site.double.apply(&application(&repository.url())).unwrap();
            until_synced(&site, &repository.head());
            site.backout(&["checkpoint", "create"]).expect_code(0);
            run(&repository);
        }));
        is_over.store(true, Ordering::Relaxed);
        if let Err(panic) = ended {
            std::panic::resume_unwind(panic);
        }
    });
}

#[test]
fn a_revert_is_pushed_and_auto_sync_brings_it() {
    with_repository("a_revert_is_pushed_and_auto_sync_brings_it", "{}", |repository| {
        let (site, good, running) = (repository.site, repository.head(), repository.site.running());
        let ended = site.guard(&["sh", "-c", DEPLOY]);
        site.went_back(&ended);
        assert_eq!(site.running(), running, "{}", ended.stderr);
        let reverted = repository.head();
        until_synced(site, &reverted);
        let log = repository.git("origin.git", &["log", "--format=%an %s", "main"]);
        assert_eq!(
            log.lines().collect::<Vec<_>>(),
            [format!("backout Revert shop to {}", &good[..12]).as_str(), "Tester Deploy 2", "Tester Deploy 1"]
        );
        let differs = repository.git("origin.git", &["diff", "--name-only", &good, &reverted]);
        assert_eq!(differs, "", "the folder has what it had, and nothing else was touched");
        let automated = site.clients.kubectl(&[
            "get",
            "application",
            "shop",
            "-n",
            "argocd",
            "-o",
            "jsonpath={.spec.syncPolicy.automated}",
        ]);
        assert_eq!(automated.ok(), r#"{"prune":true}"#, "auto-sync works for the way back, and stays on");
    });
}

#[test]
fn a_change_that_is_published_waits_for_its_merge_and_says_so() {
    let publish = r#"{ publish: [sh, -c, "echo $BACKOUT_BRANCH $BACKOUT_BASE >> ../../../published"] }"#;
    with_repository("a_change_that_is_published_waits_for_its_merge_and_says_so", publish, |repository| {
        let (site, good, running) = (repository.site, repository.head(), repository.site.running());
        let ended = site.guard(&["sh", "-c", DEPLOY]).expect_code(4);
        let bad = repository.head();
        assert_eq!(state(site).map(|[revision, ..]| revision), Some(bad.clone()), "nothing was pushed to the branch");
        let branch = format!("backout/shop-{}-to-{}", &bad[..12], &good[..12]);
        let published = std::fs::read_to_string(site.clients.folder().join("published")).unwrap();
        assert_eq!(published, format!("{branch} main\n"), "the step is tried twice, and the change is opened once");
        let what = format!("the revert is published as `{branch}` (have it merged");
        assert!(ended.stderr.contains(&what) && !ended.stderr.contains("backout resume"), "{}", ended.stderr);
        let status = site.backout(&["status"]).stdout;
        assert!(status.contains(&bad[..12]) && status.contains("differs"), "{status}");

        repository.git("work", &["fetch", "--quiet", "origin"]);
        repository.git("work", &["merge", "--quiet", "--no-ff", "-m", "Merge", &format!("origin/{branch}")]);
        repository.git("work", &["push", "--quiet", "origin", "HEAD:main"]);
        until_synced(site, &repository.head());
        assert_eq!(site.running(), running);
        let status = site.backout(&["status"]).stdout;
        assert!(status.contains("same") && !status.contains("differs"), "{status}");
        site.backout(&["verify"]).expect_code(0);
    });
}

/// Somebody else pushes to the branch again and again: the revert comes on top, and takes nothing of theirs away.
#[test]
fn a_revert_comes_on_top_of_what_others_pushed_meanwhile() {
    with_repository("a_revert_comes_on_top_of_what_others_pushed_meanwhile", "{}", |repository| {
        let (site, running) = (repository.site, repository.site.running());
        let other =
            "echo two > apps/other/note && git commit --quiet --all -m Other && git push --quiet origin HEAD:main";
        let ended = site.guard(&["sh", "-c", &format!("{DEPLOY} && {other}")]);
        site.went_back(&ended);
        until_synced(site, &repository.head());
        assert_eq!(site.running(), running, "{}", ended.stderr);
        assert_eq!(repository.git("origin.git", &["show", "main:apps/other/note"]), "two");
    });
}
