//! Commands on the host, and in a container that is played by one.

use std::sync::Arc;
use std::time::Duration;

use backout_adapters::probe::{ContainerExec, ContainerOutput, NotExecuted};
use backout_core::config::{Place, ProbeKind};
use backout_core::id::ServiceName;
use backout_core::port::{Pending, ProbeOutcome, Prober};

use super::world::{blamed, excused, hurried, outcome, probe, read, service, with_containers};

fn shell(script: &str, place: Place) -> ProbeKind {
    ProbeKind::Exec { argv: ["sh", "-c", script].map(str::to_owned).to_vec(), place }
}

#[tokio::test]
async fn a_command_holds_by_its_exit_code() {
    let reading = read(&probe(shell("exit 0", Place::Host))).await;
    assert_eq!(reading.outcome, ProbeOutcome::AsExpected { what: "`sh` ended with exit code 0".to_owned() });
    assert!(reading.latency.is_some());
    let script = "echo cannot reach postgres://app:hunter2@db/shop >&2; exit 3";
    let what = blamed(outcome(shell(script, Place::Host)).await);
    assert_eq!(what, "`sh` ended with exit code 3: cannot reach postgres://[redacted]@db/shop");
    assert!(blamed(outcome(shell("kill -9 $$", Place::Host)).await).contains("exit code 137"));
}

#[tokio::test]
async fn a_command_that_is_not_there_blames_nobody() {
    let argv = vec!["no-such-program".to_owned()];
    assert!(excused(outcome(ProbeKind::Exec { argv, place: Place::Host }).await).contains("`no-such-program`"));
    assert!(excused(outcome(shell("no-such-program", Place::Host)).await).contains("127"));
}

#[tokio::test]
async fn a_command_that_does_not_end_times_out() {
    let timed_out = read(&hurried(shell("sleep 60", Place::Host))).await.outcome;
    assert_eq!(timed_out, ProbeOutcome::TimedOut { after: Duration::from_millis(300) });
}

#[tokio::test]
async fn without_a_container_nothing_is_measured() {
    excused(outcome(shell("true", Place::Container)).await);
}

/// Answers as it was told to.
struct Scripted(fn() -> Result<ContainerOutput, NotExecuted>);

impl ContainerExec for Scripted {
    fn exec<'a>(
        &'a self,
        asked: &'a ServiceName,
        argv: &'a [String],
        _limit: Duration,
    ) -> Pending<'a, Result<ContainerOutput, NotExecuted>> {
        Box::pin(async move {
            assert_eq!((asked, argv[0].as_str()), (&service(), "sh"));
            (self.0)()
        })
    }
}

/// Never answers.
struct Hanging;

impl ContainerExec for Hanging {
    fn exec<'a>(
        &'a self,
        _service: &'a ServiceName,
        _argv: &'a [String],
        _limit: Duration,
    ) -> Pending<'a, Result<ContainerOutput, NotExecuted>> {
        Box::pin(std::future::pending())
    }
}

async fn in_container(answer: fn() -> Result<ContainerOutput, NotExecuted>) -> ProbeOutcome {
    let client = with_containers(Arc::new(Scripted(answer)));
    client.probe(&service(), &probe(shell("true", Place::Container))).await.outcome
}

#[tokio::test]
async fn a_command_in_a_container_is_judged_like_one_on_the_host() {
    let ended = in_container(|| Ok(ContainerOutput { exit_code: 0, output: Vec::new() })).await;
    assert_eq!(ended.holds(), Some(true));
    let failed = in_container(|| Ok(ContainerOutput { exit_code: 1, output: b"no database\n".to_vec() })).await;
    assert_eq!(blamed(failed), "`sh` ended with exit code 1: no database");
    let absent = in_container(|| Err(NotExecuted::NotRun { why: "no container runs".to_owned() })).await;
    assert_eq!(excused(absent), "no container runs");
    let slow = in_container(|| Err(NotExecuted::TimedOut)).await;
    assert_eq!(slow.holds(), Some(false));
}

#[tokio::test]
async fn a_container_that_never_answers_does_not_hold_the_probe_up() {
    let client = with_containers(Arc::new(Hanging));
    let outcome = client.probe(&service(), &hurried(shell("true", Place::Container))).await.outcome;
    assert_eq!(outcome, ProbeOutcome::TimedOut { after: Duration::from_millis(300) });
}
