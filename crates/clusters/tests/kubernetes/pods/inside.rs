//! Programs in the pods of a workload. On the double alone: what its pods are is told to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backout_adapters::probe::{ContainerExec as _, NotExecuted};
use backout_clusters::{KubernetesPlatform, Programs};
use backout_core::config::{ClusterAccess, KubernetesService, SecretsPolicy};
use backout_core::port::{Errand, ErrandOutput, Inside as _, Overlay, PortError};
use backout_kube_double::{Double, Program as Image};
use tempfile::TempDir;

use crate::programs::Program;
use crate::world::{WallClock, World, web};

/// How long anything may take that is to come.
const SOON: Duration = Duration::from_secs(30);

/// Two pods of a release in a folder, and who runs programs in them.
struct Ground {
    world: World,
    programs: Arc<Programs>,
    release: TempDir,
}

impl Ground {
    async fn new(test: &str) -> Option<Self> {
        let world = World::new().await;
        let double = world.double(test)?;
        let release = tempfile::tempdir().unwrap();
        for (file, text) in [("manage.py", "print"), ("shop/1.py", "one"), (".git/config", "none")] {
            let path = release.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            #[expect(clippy::disallowed_methods, reason = "a test's own files need no durability")]
            std::fs::write(path, text).unwrap();
        }
        let command = ["sleep", "600"].map(str::to_owned).to_vec();
        let variables = BTreeMap::from([("PASSWORD".to_owned(), "of the pod".to_owned())]);
        let folder = release.path().to_owned();
        double.run(Image { image: "shop/web".to_owned(), command, folder, variables });
        world.deployed(Program::Good).await;
        let service = KubernetesService {
            cluster: ClusterAccess::default(),
            kind: world.kind,
            name: "web".to_owned(),
            secrets: SecretsPolicy::Keep,
            ready_within: None,
        };
        let services = BTreeMap::from([(web(), service)]);
        let platform = KubernetesPlatform::new(Arc::clone(&world.cluster), &services, Arc::new(WallClock));
        let programs = Arc::new(Programs::new(Arc::new(platform)));
        Some(Self { world, programs, release })
    }

    fn double(&self) -> &Double {
        self.world.double("").unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.release.path().join(name)
    }

    async fn run(&self, errand: Errand) -> Result<ErrandOutput, PortError> {
        self.programs.run(&errand).await
    }

    async fn sh(&self, script: &str) -> ErrandOutput {
        self.run(shell(script)).await.unwrap()
    }

    /// Begins a program that writes its number down and then does nothing, and waits for it.
    async fn begun(&self, limit: Duration) -> tokio::task::JoinHandle<Result<ErrandOutput, PortError>> {
        let programs = Arc::clone(&self.programs);
        let errand = Errand { limit, ..shell("echo $$ > number; exec sleep 600") };
        let begun = tokio::spawn(async move { programs.run(&errand).await });
        until("the program to begin", || is_running(&self.file("number"))).await;
        begun
    }
}

fn shell(script: &str) -> Errand {
    let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
    Errand { service: web(), argv, variables: BTreeMap::new(), limit: SOON, files: None }
}

fn is_running(number: &Path) -> bool {
    let Ok(id) = std::fs::read_to_string(number) else { return false };
    !id.is_empty() && Path::new("/proc").join(id.trim()).exists()
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..SOON.as_millis() / 10 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: not after {SOON:?}");
}

#[tokio::test]
async fn a_program_has_the_pods_surroundings_and_leaves_two_outputs_and_a_code() {
    let test = "a_program_has_the_pods_surroundings_and_leaves_two_outputs_and_a_code";
    let Some(ground) = Ground::new(test).await else { return };
    let variables = BTreeMap::from([("PGOPTIONS".to_owned(), "-c a=1 -c b=2".to_owned())]);
    let errand = Errand { variables, ..shell("pwd; echo $PASSWORD $PGOPTIONS; cat; echo wrong >&2; exit 3") };
    let output = ground.run(errand).await.unwrap();
    let folder = ground.release.path().canonicalize().unwrap();
    let expected = format!("{}\nof the pod -c a=1 -c b=2\n", folder.display());
    assert_eq!((String::from_utf8(output.stdout).unwrap(), output.code), (expected, 3));
    assert_eq!(output.stderr, b"wrong\n");
    let much = ground.sh("head -c 3000000 /dev/zero").await;
    assert_eq!((much.stdout.len(), much.code), (3_000_000, 0));
    assert_eq!(ground.sh("kill -TERM $$").await.code, 143);
    let nowhere = Errand { argv: vec!["nowhere".to_owned()], ..shell("") };
    assert_eq!(ground.run(nowhere).await.unwrap().code, 127);
    // What is secret stays where it is: nothing of it was sent.
    let asked = ground.double().requests().into_iter().filter(|request| request.path.ends_with("/exec"));
    assert!(asked.into_iter().all(|request| !request.query.contains("of+the+pod")));
}

#[tokio::test]
async fn files_of_a_release_are_read_and_a_copy_of_it_has_others_over_them() {
    let test = "files_of_a_release_are_read_and_a_copy_of_it_has_others_over_them";
    let Some(ground) = Ground::new(test).await else { return };
    let archive = ground.programs.fetch(&web(), ".").await.unwrap();
    let text = String::from_utf8_lossy(&archive).into_owned();
    assert!(text.contains("./shop/1.py") && text.contains("one") && !text.contains(".git/config"), "{text}");
    let error = ground.programs.fetch(&web(), "nowhere").await.unwrap_err();
    assert!(error.what.contains("`nowhere` of `web`") && error.what.contains("No such file"), "{error}");
    // The archive of one folder, put over another.
    let part = ground.programs.fetch(&web(), "shop").await.unwrap();
    let files = Some(Overlay { folder: "./later".to_owned(), tar: part.clone() });
    let output = ground.run(Errand { files, ..shell("pwd; cat later/1.py manage.py") }).await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (place, files) = said.split_once('\n').unwrap();
    assert_eq!((files, output.code), ("oneprint", 0), "{said}");
    assert!(!Path::new(place).exists() && !ground.file("later").exists(), "{place}");
    let files = Some(Overlay { folder: "/etc".to_owned(), tar: part });
    let error = ground.run(Errand { files, ..shell("true") }).await.unwrap_err();
    assert!(error.what.contains("`/etc` is not within its working folder"), "{error}");
}

#[tokio::test]
async fn a_program_is_ended_that_takes_too_long_or_that_nobody_waits_for() {
    let test = "a_program_is_ended_that_takes_too_long_or_that_nobody_waits_for";
    let Some(ground) = Ground::new(test).await else { return };
    let number = ground.file("number");
    let error = ground.begun(Duration::from_secs(1)).await.await.unwrap().unwrap_err();
    assert!(error.what.contains("did not end within 1 s, and was ended"), "{error}");
    assert!(!is_running(&number));
    std::fs::remove_file(&number).unwrap();
    ground.begun(SOON).await.abort();
    until("its end", || !is_running(&number)).await;
}

#[tokio::test]
async fn a_pod_that_goes_is_not_waited_for_and_nothing_is_run_again() {
    let test = "a_pod_that_goes_is_not_waited_for_and_nothing_is_run_again";
    let Some(ground) = Ground::new(test).await else { return };
    let begun = ground.begun(SOON).await;
    let asked = |ground: &Ground| {
        let requests = ground.double().requests().into_iter().filter(|request| request.path.ends_with("/exec"));
        requests.count()
    };
    assert_eq!(asked(&ground), 1);
    for pod in ground.double().objects("v1", "Pod", &ground.world.namespace) {
        ground.double().delete("v1", "Pod", &ground.world.namespace, pod["metadata"]["name"].as_str().unwrap());
    }
    let error = begun.await.unwrap().unwrap_err();
    assert!(error.what.contains("went while it ran, and whether it did its work is not known"), "{error}");
    assert!(!is_running(&ground.file("number")));
    assert_eq!(asked(&ground), 1);
    ground.world.well().await;
    assert_eq!(ground.sh("exit 0").await.code, 0);
}

#[tokio::test]
async fn a_pod_of_what_was_deployed_last_is_taken_once_it_is_ready() {
    let test = "a_pod_of_what_was_deployed_last_is_taken_once_it_is_ready";
    let Some(ground) = Ground::new(test).await else { return };
    let image = || async { String::from_utf8(ground.sh("printf %s $IMAGE").await.stdout).unwrap() };
    ground.world.deploy(Program::Crash).await;
    ground.world.in_trouble("CrashLoopBackOff").await;
    assert_eq!(image().await, "shop/web:1");
    ground.world.deployed(Program::Newer).await;
    assert_eq!(image().await, "shop/web:2");
    let mut none = ground.world.manifest(Program::Newer);
    none["spec"]["replicas"] = serde_json::json!(0);
    ground.world.apply(&none).await;
    let is_empty = |ground: &Ground| ground.double().objects("v1", "Pod", &ground.world.namespace).is_empty();
    until("no pod to be left", || is_empty(&ground)).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let error = ground.run(shell("true")).await.unwrap_err();
    assert!(error.what.contains("no pod of `deployment/web` is ready") && error.hint.is_some(), "{error}");
}

#[tokio::test]
async fn a_check_is_run_in_a_pod_and_blames_nobody_where_it_cannot_be() {
    let test = "a_check_is_run_in_a_pod_and_blames_nobody_where_it_cannot_be";
    let Some(ground) = Ground::new(test).await else { return };
    let check = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let (web, right, wrong) = (web(), check(&["cat", "manage.py"]), check(&["sh", "-c", "echo bad >&2; exit 4"]));
    let ended = ground.programs.exec(&web, &right, SOON).await.unwrap();
    assert_eq!((ended.exit_code, ended.output.as_slice()), (0, &b"print"[..]));
    let ended = ground.programs.exec(&web, &wrong, SOON).await.unwrap();
    assert_eq!((ended.exit_code, ended.output.as_slice()), (4, &b"bad\n"[..]));
    let slow = check(&["sleep", "600"]);
    assert_eq!(ground.programs.exec(&web, &slow, Duration::from_secs(1)).await, Err(NotExecuted::TimedOut));
    ground.double().deny("create", "pods/exec", "");
    let Err(NotExecuted::NotRun { why }) = ground.programs.exec(&web, &right, SOON).await else { panic!() };
    assert!(why.contains("cannot create resource \"pods/exec\""), "{why}");
}
