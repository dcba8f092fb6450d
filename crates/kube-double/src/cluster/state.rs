//! The cluster as a whole: what is stored, what runs, what is scripted, and when to look at what again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use crate::cluster::{Answering, Key, Launch, Store, clock, kinds};
use crate::controllers;
use crate::script::{Behaviour, Script};

/// Everything behind the double's lock.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) store: Store,
    pub(crate) script: Script,
    /// What runs in each pod, by the pod's id.
    pub(crate) runs: BTreeMap<String, Run>,
    /// When a Deployment last came further, by its id, and what it looked like then.
    pub(crate) progress: BTreeMap<String, (String, Timestamp)>,
    /// One timer an object, soonest first; and when that of each object is.
    timers: BTreeSet<(Timestamp, Key)>,
    timer_of: BTreeMap<Key, Timestamp>,
}

/// What happens in one pod: settled when it starts, as a program reads its configuration once.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// By container.
    pub(crate) behaviours: BTreeMap<String, Behaviour>,
    pub(crate) started: Timestamp,
    /// The digest that its image had when it was pulled, by container.
    pub(crate) digests: BTreeMap<String, String>,
    pub(crate) ready_since: Option<Timestamp>,
    /// The program that is to run for it.
    pub(crate) launch: Option<Launch>,
    /// That program, once it runs.
    pub(crate) answering: Option<Answering>,
    /// What that program writes, or has written.
    pub(crate) log: Option<PathBuf>,
}

impl Run {
    /// A pod that has started, of which nothing else is known.
    pub(crate) fn new(started: Timestamp) -> Self {
        Self {
            behaviours: BTreeMap::new(),
            started,
            digests: BTreeMap::new(),
            ready_since: None,
            launch: None,
            answering: None,
            log: None,
        }
    }

    /// How that container is to be looked at now: what a program stands for is ready when the program says so, and what is over
    /// with its program is so when the program has ended.
    pub(crate) fn behaviour_now(&self, container: &str) -> Behaviour {
        let Some(launch) = self.launch.as_ref().filter(|launch| launch.container == container) else {
            return self.behaviour(container);
        };
        let is_ready = self.answering.is_some_and(|answering| answering.is_ready);
        if is_ready && !launch.ends { self.behaviour(container) } else { Behaviour::NeverReady }
    }

    /// How that container behaves.
    pub(crate) fn behaviour(&self, container: &str) -> Behaviour {
        self.behaviours.get(container).copied().unwrap_or(Behaviour::Ready)
    }
}

impl Cluster {
    /// A cluster with one node and the namespaces that every cluster has.
    pub(crate) fn new() -> Self {
        let mut cluster = Self {
            store: Store::new(),
            script: Script::default(),
            runs: BTreeMap::new(),
            progress: BTreeMap::new(),
            timers: BTreeSet::new(),
            timer_of: BTreeMap::new(),
        };
        for name in ["default", "kube-system"] {
            cluster.add_namespace(name);
        }
        let node = json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"},
            "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]},
        });
        if let Some(nodes) = kinds::of_object("v1", "Node") {
            cluster.store.put(&Key::new(nodes, "", "node-1"), node);
        }
        cluster
    }

    /// A namespace with what every namespace has.
    pub(crate) fn add_namespace(&mut self, name: &str) {
        let key = Key::new(&kinds::NAMESPACES, "", name);
        if self.store.get(&key).is_none() {
            self.store.put(
                &key,
                json!({
                    "apiVersion": "v1", "kind": "Namespace",
                    "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
                    "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
                }),
            );
        }
    }

    /// Lets the controllers do all that is due, and returns when the next thing is.
    pub(crate) fn settle(&mut self) -> Option<Timestamp> {
        loop {
            let now = clock::now();
            while self.timers.first().is_some_and(|(due, _)| *due <= now) {
                if let Some((_, key)) = self.timers.pop_first() {
                    self.timer_of.remove(&key);
                    self.store.unseen.insert(key);
                }
            }
            let Some(key) = self.store.unseen.pop_first() else { break };
            let due = controllers::reconcile(self, &key, now);
            self.look_again(&key, due);
        }
        self.timers.first().map(|(due, _)| *due)
    }

    /// Has the object looked at again at that time, and at no other: each look says anew when the next is needed.
    fn look_again(&mut self, key: &Key, due: Option<Timestamp>) {
        if let Some(before) = self.timer_of.remove(key) {
            self.timers.remove(&(before, key.clone()));
        }
        if let Some(due) = due {
            self.timers.insert((due, key.clone()));
            self.timer_of.insert(key.clone(), due);
        }
    }
}

/// The time after a duration; the same time where that cannot be said.
pub(crate) fn after(time: Timestamp, duration: Duration) -> Timestamp {
    time.checked_add(duration).unwrap_or(time)
}
