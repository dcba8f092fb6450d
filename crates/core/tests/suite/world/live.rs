//! A world in memory: services that run versions, and files that they have read.

use std::collections::BTreeMap;

use backout_core::id::{Digest, EnvironmentName, ServiceName};
use backout_core::inventory::{
    Artifact, BlobRef, Fact, FileRef, FileState, Health, Instance, InstanceState, Running, Seen, Version,
};
use backout_core::plan::Switch;
use backout_core::policy::{Check, Verdict};
use jiff::Timestamp;

use super::spec::{BAD, Ran};

pub(crate) fn name(text: &str) -> ServiceName {
    ServiceName::new(text).unwrap()
}

pub(crate) fn environment() -> EnvironmentName {
    EnvironmentName::new("staging").unwrap()
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

pub(crate) fn version(n: u8) -> Version {
    Version { code: format!("v{n}"), spec: String::new() }
}

pub(crate) fn digest_of(content: u8) -> Digest {
    Digest::keyed(&[7; 32], &[content])
}

pub(crate) fn blob_of(content: u8) -> BlobRef {
    BlobRef { digest: digest_of(content), bytes: 1 }
}

/// A service that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) version: Version,
    pub(crate) replicas: u32,
    pub(crate) ended: bool,
    /// Its files as they were when it was started.
    pub(crate) read: BTreeMap<String, Option<Digest>>,
}

/// What there is; two worlds are equal where nobody could tell them apart but by the names of the instances.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) services: BTreeMap<ServiceName, Option<Live>>,
    pub(crate) files: BTreeMap<String, Digest>,
    /// Paths that belong to each service.
    paths: BTreeMap<ServiceName, Vec<String>>,
    /// Counts the instances that were made.
    made: u32,
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.services == other.services && self.files == other.files
    }
}

impl World {
    pub(crate) fn put(&mut self, path: &str, content: Option<u8>) {
        self.put_digest(path, content.map(digest_of));
    }

    fn put_digest(&mut self, path: &str, digest: Option<Digest>) {
        match digest {
            Some(digest) => self.files.insert(path.to_owned(), digest),
            None => self.files.remove(path),
        };
    }

    /// Has a service run, or not.
    pub(crate) fn run(&mut self, service: &ServiceName, ran: Option<Ran>, paths: &[String]) {
        self.paths.insert(service.clone(), paths.to_vec());
        self.start(service, ran.map(|ran| (version(ran.version), ran.replicas)));
    }

    fn start(&mut self, service: &ServiceName, what: Option<(Version, u32)>) {
        self.made += 1;
        let paths = self.paths.get(service).into_iter().flatten();
        let read = paths.map(|path| (path.clone(), self.files.get(path).cloned())).collect();
        let live = what.map(|(version, replicas)| Live { version, replicas, ended: false, read });
        self.services.insert(service.clone(), live);
    }

    pub(crate) fn put_back(&mut self, file: &FileRef) {
        let digest = match &file.state {
            FileState::Absent => None,
            FileState::Present { content, .. } => Some(content.digest.clone()),
        };
        self.put_digest(&file.path, digest);
    }

    pub(crate) fn is_back(&self, file: &FileRef) -> bool {
        self.files.get(&file.path) == file.digest()
    }

    /// The part of a switch that follows its files.
    pub(crate) fn switch(&mut self, to: &Artifact) {
        self.start(&to.service, Some((to.version.clone(), to.replicas)));
    }

    pub(crate) fn stop(&mut self, service: &ServiceName) {
        self.services.insert(service.clone(), None);
    }

    /// Whether a service is as an artifact has it, and has read what it reads.
    pub(crate) fn is_at(&self, to: &Artifact) -> bool {
        let Some(Some(live)) = self.services.get(&to.service) else { return false };
        let has_read = |file: &FileRef| {
            !file.needs_restart || live.read.get(&file.path) == Some(&self.files.get(&file.path).cloned())
        };
        live.version == to.version && live.replicas == to.replicas && !live.ended && to.files.iter().all(has_read)
    }

    pub(crate) fn is_done(&self, switch: &Switch) -> bool {
        self.is_at(&switch.to) && switch.files.iter().all(|file| self.is_back(file))
    }

    pub(crate) fn facts(&self, second: i64) -> Vec<Fact> {
        self.services.iter().map(|(service, live)| self.fact(service, live.as_ref(), second)).collect()
    }

    fn fact(&self, service: &ServiceName, live: Option<&Live>, second: i64) -> Fact {
        let instance = |live: &Live, i: u32| Instance {
            id: format!("{service}-{}-{i}", live.version.code),
            name: format!("{service}-{i}"),
            version: live.version.clone(),
            state: if live.ended {
                InstanceState::Exited { code: 1, out_of_memory: false }
            } else {
                InstanceState::Running
            },
            health: if live.version == version(BAD) { Health::Unhealthy } else { Health::Healthy },
            since: Some(at(second)),
            restarts: 0,
        };
        let seen = live.map_or(Seen::Absent, |live| {
            let instances = (0..live.replicas).map(|i| instance(live, i)).collect();
            Seen::Present(Running {
                label: live.version.code.clone(),
                wanted: live.replicas,
                instances,
                unready: Vec::new(),
                trouble: None,
                busy: None,
                next: None,
            })
        });
        let paths = self.paths.get(service).into_iter().flatten();
        let files = paths.filter_map(|path| Some((path.clone(), self.files.get(path)?.clone()))).collect();
        Fact { service: service.clone(), observed_at: at(second), seen, files }
    }

    pub(crate) fn is_well(&self, service: &ServiceName) -> bool {
        matches!(self.services.get(service), Some(Some(live)) if !live.ended && live.version != version(BAD))
    }

    /// One check a service that is there.
    pub(crate) fn checks(&self) -> Vec<Check> {
        let there = self.services.iter().filter(|(_, live)| live.is_some());
        there
            .map(|(service, _)| Check {
                name: format!("{service}.health.up"),
                verdict: if self.is_well(service) { Verdict::Healthy } else { Verdict::Unhealthy },
                what: "as it is".to_owned(),
                was_red_before: false,
                is_advisory: false,
            })
            .collect()
    }
}
