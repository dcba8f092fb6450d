//! Random environments: services that depend on one another, what runs now, and what a checkpoint has.

use std::collections::{BTreeMap, BTreeSet};

use backout_core::config::Cache;
use backout_core::id::{CheckpointId, DatabaseName, ServiceName};
use backout_core::inventory::{
    Artifact, Checkpoint, ComposeArtifact, Detail, ExecArtifact, FileRef, FileState, Grade, Graded, HostArtifact,
};
use backout_core::plan::data::DataSituation;
use backout_core::plan::{Estimates, Mode, Plan, Request, Scope, Situation, plan};
use backout_core::port::Preflight;
use proptest::prelude::*;

use super::live::{World, at, blob_of, environment, name, version};

/// Configuration files that there may be.
pub(crate) const PATHS: [&str; 3] = ["/etc/shop/a", "/etc/shop/b", "/etc/shop/c"];
/// Names whose order is not the order of dependencies.
const NAMES: [&str; 6] = ["f", "b", "e", "a", "d", "c"];
/// The version that fails its checks.
pub(crate) const BAD: u8 = 3;

/// A version and how many instances of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) version: u8,
    pub(crate) replicas: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct ServiceSpec {
    /// Bits of the services before it in the list that it depends on.
    pub(crate) needs: u8,
    pub(crate) now: Option<Ran>,
    pub(crate) then: Option<Ran>,
    /// Bits of [`PATHS`].
    pub(crate) files: u8,
    /// Bits of the files that it reads itself.
    pub(crate) restarts: u8,
    pub(crate) can_start_first: bool,
    pub(crate) platform: u8,
    /// What runs now has ended.
    pub(crate) ended: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) services: Vec<ServiceSpec>,
    pub(crate) files_now: [Option<u8>; 3],
    pub(crate) files_then: [Option<u8>; 3],
}

fn ran() -> impl Strategy<Value = Option<Ran>> {
    proptest::option::weighted(0.8, (0..=BAD, 1..3u32).prop_map(|(version, replicas)| Ran { version, replicas }))
}

prop_compose! {
    fn service()(
        (needs, files, restarts) in (any::<u8>(), 0..8u8, 0..8u8),
        (now, then) in (ran(), ran()),
        (can_start_first, platform, ended) in (any::<bool>(), 0..3u8, proptest::bool::weighted(0.15)),
    ) -> ServiceSpec {
        ServiceSpec { needs, now, then, files, restarts, can_start_first, platform, ended }
    }
}

pub(crate) fn specs() -> impl Strategy<Value = Spec> {
    let files = || proptest::array::uniform3(proptest::option::of(0..2u8));
    (proptest::collection::vec(service(), 1..=6), files(), files()).prop_map(|(services, files_now, files_then)| Spec {
        services,
        files_now,
        files_then,
    })
}

pub(crate) fn requests() -> impl Strategy<Value = Request> {
    let scope = prop_oneof![
        3 => Just(Scope::Stack),
        1 => Just(Scope::Config),
        2 => proptest::collection::btree_set(0..6usize, 1..4)
            .prop_map(|picked| Scope::Services { services: picked.into_iter().map(|i| name(NAMES[i])).collect() }),
    ];
    let mode = prop_oneof![Just(Mode::Planned), Just(Mode::Emergency)];
    (scope, mode, proptest::option::of(1..3u32)).prop_map(|(scope, mode, batch)| Request {
        scope,
        mode,
        batch,
        ..request()
    })
}

/// The whole environment, planned, asked for by a person.
pub(crate) fn request() -> Request {
    Request { is_automatic: false, ..Request::automatic() }
}

impl Spec {
    pub(crate) fn name(i: usize) -> ServiceName {
        name(NAMES[i])
    }

    pub(crate) fn depends_on(&self) -> BTreeMap<ServiceName, Vec<ServiceName>> {
        let needs = |i: usize, bits: u8| (0..i).filter(|j| bits & (1 << j) != 0).map(Self::name).collect();
        self.services.iter().enumerate().map(|(i, service)| (Self::name(i), needs(i, service.needs))).collect()
    }

    /// The world as it is now.
    pub(crate) fn world(&self) -> World {
        let mut world = World::default();
        for (path, content) in PATHS.iter().zip(self.files_now) {
            world.put(path, content);
        }
        for (i, service) in self.services.iter().enumerate() {
            world.run(&Self::name(i), service.now, &self.paths(i));
            if let Some(Some(live)) = world.services.get_mut(&Self::name(i)) {
                live.ended = service.ended;
            }
        }
        world
    }

    pub(crate) fn paths(&self, i: usize) -> Vec<String> {
        let bits = self.services[i].files;
        PATHS.iter().enumerate().filter(|(p, _)| bits & (1 << p) != 0).map(|(_, path)| (*path).to_owned()).collect()
    }

    /// A checkpoint that has `ran` of each service, and these files.
    pub(crate) fn checkpoint(&self, ran: impl Fn(&ServiceSpec) -> Option<Ran>, files: [Option<u8>; 3]) -> Checkpoint {
        let mut checkpoint = Checkpoint {
            id: CheckpointId::new("cp-then").unwrap(),
            environment: environment(),
            taken_at: at(0),
            run: None,
            why: "test".to_owned(),
            artifacts: BTreeMap::new(),
            absent: Vec::new(),
            databases: BTreeMap::new(),
            source: None,
            said: BTreeMap::new(),
            tag: None,
        };
        for (i, service) in self.services.iter().enumerate() {
            match ran(service) {
                Some(ran) => {
                    checkpoint.artifacts.insert(Self::name(i), self.artifact(i, ran, files));
                }
                None => checkpoint.absent.push(Self::name(i)),
            }
        }
        checkpoint
    }

    /// The checkpoint to go back to.
    pub(crate) fn then(&self) -> Graded {
        graded(self.checkpoint(|service| service.then, self.files_then))
    }

    fn artifact(&self, i: usize, ran: Ran, files: [Option<u8>; 3]) -> Artifact {
        let service = &self.services[i];
        let file = |p: usize| FileRef {
            path: PATHS[p].to_owned(),
            state: match files[p] {
                None => FileState::Absent,
                Some(content) => FileState::Present { content: blob_of(content), mode: 0o644 },
            },
            needs_restart: service.restarts & (1 << p) != 0,
        };
        let detail = match service.platform {
            0 => Detail::Compose(ComposeArtifact {
                image: "shop:1".to_owned(),
                repo_digests: Vec::new(),
                pin: "backout/shop:1".to_owned(),
                project: blob_of(0),
                can_start_first: service.can_start_first,
                stop_grace_ms: 3_000,
                start_period_ms: 90_000,
            }),
            1 => Detail::Host(HostArtifact { folder: "/srv/shop/releases/1".to_owned() }),
            _ => Detail::Exec(ExecArtifact { state: serde_json::json!({ "n": 1 }) }),
        };
        Artifact {
            service: Self::name(i),
            version: version(ran.version),
            label: format!("shop:{}", ran.version),
            replicas: ran.replicas,
            files: (0..PATHS.len()).filter(|p| service.files & (1 << p) != 0).map(file).collect(),
            detail,
        }
    }
}

pub(crate) fn graded(checkpoint: Checkpoint) -> Graded {
    Graded { checkpoint, grade: Grade::Good, why: "it soaked".to_owned(), is_retained: true }
}

/// The plan from the world to a target, with everything that it needs at hand.
pub(crate) fn make_plan(
    request: &Request,
    target: &Graded,
    world: &World,
    depends_on: &BTreeMap<ServiceName, Vec<ServiceName>>,
) -> Plan {
    plan_with(request, target, world, depends_on, (&BTreeMap::new(), &BTreeMap::new()))
}

/// The same with databases and caches.
pub(crate) fn plan_with(
    request: &Request,
    target: &Graded,
    world: &World,
    depends_on: &BTreeMap<ServiceName, Vec<ServiceName>>,
    (databases, caches): (&BTreeMap<DatabaseName, DataSituation<'_>>, &BTreeMap<String, Cache>),
) -> Plan {
    let mut estimates = Estimates::default();
    if !databases.is_empty() {
        estimates.remember("swap_database", None, 150);
    }
    plan_after(&estimates, request, (target, world), depends_on, (databases, caches))
}

/// The same after steps that took so long.
pub(crate) fn plan_after(
    estimates: &Estimates,
    request: &Request,
    (target, world): (&Graded, &World),
    depends_on: &BTreeMap<ServiceName, Vec<ServiceName>>,
    (databases, caches): (&BTreeMap<DatabaseName, DataSituation<'_>>, &BTreeMap<String, Cache>),
) -> Plan {
    let facts = world.facts(5);
    let names: BTreeSet<&ServiceName> = target.checkpoint.artifacts.keys().collect();
    let preflight = names.into_iter().map(|service| (service.clone(), Preflight::Present)).collect();
    let situation = Situation {
        environment: &environment(),
        depends_on,
        facts: &facts,
        preflight: &preflight,
        unlike: &BTreeMap::new(),
        databases,
        caches,
        estimates,
        attempts: 2,
        suspect: &BTreeMap::new(),
        arrived_at: None,
        held_back: &[],
        target_failed: None,
        now: at(6),
    };
    plan(request, target, &situation)
}
