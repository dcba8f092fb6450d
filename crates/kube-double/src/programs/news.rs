//! What has become of a program, and what that means for its pod.

use std::path::PathBuf;

use crate::cluster::{Answering, Cluster, clock};
use crate::script::Behaviour;

/// What has become of the program of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// It runs, on a port of its own, and writes there.
    Started { port: u16, log: PathBuf },
    /// It could not be started, or has ended.
    Ended { is_well: bool },
    /// Whether it is ready, which is new.
    Ready(bool),
}

/// Tells the cluster.
///
/// | the program            | a pod that is over with it (a Job's) | any other pod                     |
/// |------------------------|--------------------------------------|-----------------------------------|
/// | runs, ready            | runs                                 | is ready as its behaviour says    |
/// | runs, not ready        | runs                                 | is not ready                      |
/// | ended well             | has succeeded                        | has crashed, and does so again    |
/// | failed, or cannot start | has failed                          | has crashed, and does so again    |
pub(crate) fn tell(cluster: &mut Cluster, pod: &str, news: News) {
    let Some(run) = cluster.runs.get_mut(pod) else { return };
    match news {
        News::Started { port, log } => {
            run.answering = Some(Answering { port, is_ready: false });
            run.log = Some(log);
        }
        News::Ready(is_ready) => {
            run.answering = run.answering.map(|answering| Answering { is_ready, ..answering });
        }
        News::Ended { is_well } => {
            run.answering = None;
            let Some(launch) = run.launch.take() else { return };
            if !(launch.ends && is_well) {
                run.behaviours.insert(launch.container, Behaviour::Crash);
                run.started = clock::now();
            }
        }
    }
    if let Some(key) = cluster.store.key_of(pod).cloned() {
        cluster.store.unseen.insert(key);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cluster::{Launch, Run};
    use crate::script::Program;

    fn after(ends: bool, all: Vec<News>) -> Run {
        let program = Program {
            image: "web".to_owned(),
            command: vec!["web".to_owned()],
            folder: "/srv".into(),
            variables: BTreeMap::new(),
        };
        let launch = Launch { container: "app".to_owned(), program, variables: BTreeMap::new(), health: None, ends };
        let mut cluster = Cluster::new();
        let run = Run {
            behaviours: [("app".to_owned(), Behaviour::Ready)].into(),
            launch: Some(launch),
            ..Run::new(clock::now())
        };
        cluster.runs.insert("u".to_owned(), run);
        all.into_iter().for_each(|news| tell(&mut cluster, "u", news));
        cluster.runs["u"].clone()
    }

    fn started() -> News {
        News::Started { port: 7, log: "/log".into() }
    }

    #[test]
    fn a_pod_is_ready_when_its_program_says_so_and_only_as_long() {
        assert_eq!(after(false, Vec::new()).behaviour_now("app"), Behaviour::NeverReady);
        assert_eq!(after(false, vec![started()]).behaviour_now("app"), Behaviour::NeverReady);
        assert_eq!(after(false, vec![started(), News::Ready(true)]).behaviour_now("app"), Behaviour::Ready);
        let unready = after(false, vec![started(), News::Ready(true), News::Ready(false)]);
        assert_eq!(unready.behaviour_now("app"), Behaviour::NeverReady);
        assert_eq!(unready.behaviour_now("another container"), Behaviour::Ready);
    }

    #[test]
    fn a_job_is_not_done_before_its_program_has_ended() {
        let running = after(true, vec![started(), News::Ready(true)]);
        assert_eq!(running.behaviour_now("app"), Behaviour::NeverReady);
        let ended = after(true, vec![started(), News::Ready(true), News::Ended { is_well: true }]);
        assert_eq!(ended.behaviour_now("app"), Behaviour::Ready);
    }

    #[test]
    fn a_program_that_ends_is_a_crash_but_in_a_job() {
        let ended = |ends, is_well| {
            let run = after(ends, vec![started(), News::Ended { is_well }]);
            assert_eq!((run.launch.is_none(), run.answering), (true, None));
            run.behaviour_now("app")
        };
        assert_eq!(ended(false, true), Behaviour::Crash);
        assert_eq!(ended(false, false), Behaviour::Crash);
        assert_eq!(ended(true, true), Behaviour::Ready);
        assert_eq!(ended(true, false), Behaviour::Crash);
    }
}
