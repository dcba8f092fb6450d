//! One environment in memory, and what a test does with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use backout_core::config::{
    Backup, BackupStore, Cache, ComposeProject, Condition, Database, Environment, Flush, GuardPolicy, Maintenance,
    Notify, Objectives, Policy, Probe, ProbeKind, SecretOrText, Sensitive, Service, ServicePlatform, Threshold,
    Trigger, TriggerAction, VerifyPolicy, WatchPolicy,
};
use backout_core::data::Level;
use backout_core::detect::{SignalPath, Unit};
use backout_core::id::{DatabaseName, EnvironmentName, ProbeName, RunId, ServiceName, TriggerName};
use backout_core::journal::{Body, Record, RunKind, RunResult, RunStarted, StepOutcome};
use backout_core::plan::{Mode, Request, Scope};
use backout_core::policy::{Judgement, RefusalName};
use backout_core::port::{Barrier, Cache as CachePort, Clock, Database as DatabasePort, Lease, Store};
use backout_engine::{EngineError, Hosted, Interrupt, OwnedFile, World, begin, resume};
use backout_testkit::world::{
    Fuse, MemoryBlobs, MemoryCache, MemoryDatabase, MemoryFiles, MemoryPlatform, MemoryQuerier, MemoryRepository,
    MemoryStore, MemorySwitchboard, Move, NoProgress, RecordingWatcher, ScriptedDeployer, ScriptedProber, VirtualClock,
};
use jiff::Timestamp;
use tokio::sync::watch;

/// How long a lease lasts.
pub(crate) const TTL: Duration = Duration::from_secs(30);

pub(crate) fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub(crate) fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) fn service(name: &str) -> ServiceName {
    ServiceName::new(name).unwrap()
}

pub(crate) fn health() -> ProbeName {
    ProbeName::new("health").unwrap()
}

/// One environment, and everything behind its ports.
pub(crate) struct Scenario {
    pub(crate) environment: Environment,
    pub(crate) fuse: Fuse,
    pub(crate) clock: Arc<dyn Clock>,
    /// The same clock, to be set forth or back.
    pub(crate) wall: VirtualClock,
    pub(crate) files: MemoryFiles,
    pub(crate) blobs: MemoryBlobs,
    pub(crate) platform: MemoryPlatform,
    pub(crate) store: MemoryStore,
    pub(crate) prober: ScriptedProber,
    pub(crate) querier: MemoryQuerier,
    pub(crate) switchboard: MemorySwitchboard,
    pub(crate) repository: MemoryRepository,
    pub(crate) deployer: ScriptedDeployer,
    pub(crate) watcher: RecordingWatcher,
    pub(crate) interrupt: watch::Sender<Interrupt>,
    pub(crate) database: Option<MemoryDatabase>,
    pub(crate) cache: MemoryCache,
    pub(crate) barriers: Vec<Arc<dyn Barrier>>,
    files_of: BTreeMap<ServiceName, Vec<OwnedFile>>,
    salt: Arc<AtomicU32>,
}

impl Scenario {
    /// Services with what each depends on; each runs `NAME:v1` and is well.
    pub(crate) fn of(services: &[(&str, &[&str])]) -> Self {
        let fuse = Fuse::default();
        let epoch: Timestamp = "2026-07-01T03:00:00Z".parse().unwrap();
        let wall = VirtualClock::starting_at(epoch);
        let clock: Arc<dyn Clock> = Arc::new(wall.clone());
        let files = MemoryFiles::new(fuse.clone());
        let platform = MemoryPlatform::new(Arc::clone(&clock), files.clone(), fuse.clone());
        for (name, _) in services {
            platform.deploy(&service(name), &format!("{name}:v1"));
        }
        Self {
            environment: environment(services),
            clock: Arc::clone(&clock),
            wall,
            blobs: MemoryBlobs::new(fuse.clone()),
            store: MemoryStore::new(Arc::clone(&clock), fuse.clone()),
            querier: MemoryQuerier::new(Arc::clone(&clock)),
            switchboard: MemorySwitchboard::default(),
            repository: MemoryRepository::default(),
            prober: ScriptedProber::new(platform.clone(), Arc::clone(&clock)),
            deployer: ScriptedDeployer::new(Vec::new(), platform.clone(), files.clone(), clock, fuse.clone()),
            watcher: RecordingWatcher::default(),
            interrupt: watch::Sender::new(Interrupt::None),
            database: None,
            cache: MemoryCache::default(),
            barriers: Vec::new(),
            files_of: BTreeMap::new(),
            salt: Arc::default(),
            fuse,
            files,
            platform,
        }
    }

    /// A single service `app` with a probe `health`, whose failing three times in a row means going back.
    pub(crate) fn of_app() -> Self {
        Self::of(&[("app", &[])]).probed("app")
    }

    /// The service gets a probe `health` with the trigger that is implied.
    pub(crate) fn probed(mut self, name: &str) -> Self {
        let probe = Probe {
            name: health(),
            kind: ProbeKind::Tcp { address: "127.0.0.1:8001".to_owned() },
            every: seconds(1),
            timeout: seconds(2),
            start_period: None,
            is_dependency: false,
            implicit: false,
        };
        self.environment.services.get_mut(&service(name)).unwrap().probes.insert(health(), probe);
        self.triggered(name, 3, TriggerAction::Rollback)
    }

    /// How long after its start a service may fail its probe.
    pub(crate) fn set_start_period(&mut self, name: &str, period: Option<Duration>) {
        let service = self.environment.services.get_mut(&service(name)).unwrap();
        service.probes.get_mut(&health()).unwrap().start_period = period;
    }

    /// The trigger on a service's probe.
    pub(crate) fn triggered(mut self, name: &str, consecutive: u32, action: TriggerAction) -> Self {
        let signal = SignalPath::Up(service(name), health());
        self.environment.triggers.retain(|trigger| trigger.signal != signal);
        self.environment.triggers.push(Trigger {
            name: TriggerName::new(&format!("{name}.health")).unwrap(),
            signal,
            condition: Condition::Below(Threshold { value: 1.0, unit: Unit::Ratio }),
            consecutive,
            action,
            impact: None,
            implicit: true,
        });
        self
    }

    /// The service gets a configuration file, which it reads itself when it starts.
    pub(crate) fn configured(mut self, name: &str, path: &str, bytes: &[u8]) -> Self {
        self.files.put(path, bytes);
        self.platform.reads(&service(name), &[path]);
        self.platform.deploy(&service(name), &format!("{name}:v1"));
        let file = OwnedFile { path: path.to_owned(), needs_restart: true };
        self.files_of.entry(service(name)).or_default().push(file);
        self
    }

    /// A file that deploys write and no service reads itself, as `.env` is with Compose; it goes back with every service.
    pub(crate) fn sharing(mut self, path: &str, bytes: &[u8]) -> Self {
        self.files.put(path, bytes);
        for name in self.environment.services.keys() {
            let file = OwnedFile { path: path.to_owned(), needs_restart: false };
            self.files_of.entry(name.clone()).or_default().push(file);
        }
        self
    }

    /// What the deploy command will do.
    pub(crate) fn deploying(mut self, script: Vec<Move>) -> Self {
        self.deployer = ScriptedDeployer::new(
            script,
            self.platform.clone(),
            self.files.clone(),
            Arc::clone(&self.clock),
            self.fuse.clone(),
        )
        .with_database(self.database.clone());
        self
    }

    /// The environment has a database `main` that is backed up before every deploy, and may go back by itself.
    pub(crate) fn with_database(mut self) -> Self {
        let name = DatabaseName::new("main").unwrap();
        let database = MemoryDatabase::new(name.clone(), Arc::clone(&self.clock), self.fuse.clone());
        let used_by = self.environment.services.keys().cloned().collect();
        self.environment.databases.insert(name.clone(), configured_database(name, used_by));
        self.deployer = self.deployer.with_database(Some(database.clone()));
        self.database = Some(database);
        self
    }

    /// The environment has a cache `sessions`, whose database is emptied.
    pub(crate) fn with_cache(mut self) -> Self {
        let redis = SecretOrText::Text(Sensitive::new("redis://localhost/3".to_owned()));
        self.environment.caches.insert("sessions".to_owned(), Cache { redis, flush: Flush::Database });
        self
    }

    /// The database.
    pub(crate) fn data(&self) -> &MemoryDatabase {
        self.database.as_ref().unwrap()
    }

    /// How the database is configured.
    pub(crate) fn configured_data(&mut self) -> &mut Database {
        self.environment.databases.values_mut().next().unwrap()
    }

    /// The world as one process sees it.
    pub(crate) fn world(&self) -> World {
        let salt = Arc::clone(&self.salt);
        World {
            environment: Arc::new(self.environment.clone()),
            platforms: vec![Hosted {
                platform: Arc::new(self.platform.clone()),
                services: self.environment.services.keys().cloned().collect(),
            }],
            databases: self
                .database
                .iter()
                .map(|database| (database.name().clone(), Arc::new(database.clone()) as Arc<dyn DatabasePort>))
                .collect(),
            caches: self
                .environment
                .caches
                .keys()
                .map(|name| (name.clone(), Arc::new(self.cache.clone()) as Arc<dyn CachePort>))
                .collect(),
            barriers: self.barriers.clone(),
            files_of: self.files_of.clone(),
            repository: Arc::new(self.repository.clone()),
            files: Arc::new(self.files.clone()),
            blobs: Arc::new(self.blobs.clone()),
            prober: Arc::new(self.prober.clone()),
            querier: Arc::new(self.querier.clone()),
            switchboard: Arc::new(self.switchboard.clone()),
            store: Arc::new(self.store.clone()),
            clock: Arc::clone(&self.clock),
            deployer: Arc::new(self.deployer.clone()),
            watcher: Arc::new(self.watcher.clone()),
            progress: Arc::new(NoProgress),
            salt: Arc::new(move || salt.fetch_add(1, Ordering::Relaxed)),
            interrupt: self.interrupt.subscribe(),
        }
    }

    /// The world as another process sees it, which goes on with what this one began.
    pub(crate) fn another_world(&self) -> World {
        World { deployer: Arc::new(self.deployer.of_another_process()), ..self.world() }
    }

    /// The lease of the environment, once it can be had.
    pub(crate) async fn lease(&self, holder: &str) -> Lease {
        loop {
            match self.store.acquire(&self.environment.name, holder, TTL).await {
                Ok(lease) => return lease,
                Err(_) => self.clock.sleep(seconds(1)).await,
            }
        }
    }

    /// Guards the deploy command to the end of the run.
    pub(crate) async fn guard(&self) -> Ended {
        self.run(guard(), "run-guard").await.unwrap()
    }

    /// Takes the environment back, as a person wants it, to the end of the run.
    pub(crate) async fn rollback(&self, request: Request) -> Ended {
        self.run(rollback(request), "run-rollback").await.unwrap()
    }

    /// Runs to the end under a lease of its own.
    pub(crate) async fn run(&self, started: RunStarted, name: &str) -> Result<Ended, EngineError> {
        let lease = self.lease(name).await;
        let run = RunId::new(name).unwrap();
        let result = begin(&self.world(), &lease, run.clone(), started).await;
        self.store.release(&lease).await.unwrap();
        result.map(|result| self.ended(&run, result))
    }

    /// Goes on with a run in another process.
    pub(crate) async fn resume(&self, name: &str) -> Result<Ended, EngineError> {
        let lease = self.lease("another process").await;
        let run = RunId::new(name).unwrap();
        let result = resume(&self.another_world(), &lease, run.clone(), "another process".to_owned(), 2).await;
        self.store.release(&lease).await.unwrap();
        result.map(|result| self.ended(&run, result))
    }

    pub(crate) fn ended(&self, run: &RunId, result: RunResult) -> Ended {
        let records: Vec<Record> = self.store.all().into_iter().filter(|r| r.run.as_ref() == Some(run)).collect();
        let summary = records.iter().find_map(|record| match &record.body {
            Body::RunEnded { summary, .. } => Some(summary.clone()),
            _ => None,
        });
        Ended { result, summary: summary.unwrap(), records }
    }

    /// What runs now makes a good checkpoint: a guarded deploy that changes nothing is kept.
    pub(crate) async fn known_good(self) -> Self {
        self.known_good_again("run-0-good").await
    }

    /// The same once more, under another name.
    pub(crate) async fn known_good_again(self, name: &str) -> Self {
        let deployer = self.deployer.clone();
        let quiet = self.deploying(Vec::new());
        let ended = quiet.run(guard(), name).await.unwrap();
        assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
        // Later checkpoints are later.
        quiet.clock.sleep(seconds(60)).await;
        Self { deployer, ..quiet }
    }

    /// The versions that run, by service.
    pub(crate) fn running(&self) -> Vec<String> {
        self.environment.services.keys().flat_map(|service| self.platform.running(service)).collect()
    }

    /// The services that `backout` did something to, in order.
    pub(crate) fn touched(&self) -> Vec<String> {
        self.platform.acts().into_iter().map(|act| act.service.to_string()).collect()
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) result: RunResult,
    pub(crate) summary: String,
    pub(crate) records: Vec<Record>,
}

impl Ended {
    /// What the deploy was judged to be, the first time.
    pub(crate) fn judgement(&self) -> Judgement {
        let judged = self.records.iter().find_map(|record| match &record.body {
            Body::Judged { judgement } => Some(judgement.clone()),
            _ => None,
        });
        judged.unwrap()
    }

    /// The kinds of its records, in order.
    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.records.iter().map(|record| record.body.kind()).collect()
    }

    /// Whether it has a record of this kind.
    pub(crate) fn has(&self, kind: &str) -> bool {
        self.kinds().contains(&kind)
    }

    /// The names of the refusals.
    pub(crate) fn refusals(&self) -> Vec<RefusalName> {
        let refused = self.records.iter().filter_map(|record| match &record.body {
            Body::Refused { refusals } => Some(refusals.iter().map(|refusal| refusal.name)),
            _ => None,
        });
        refused.flatten().collect()
    }

    /// How its steps ended, in order.
    pub(crate) fn outcomes(&self) -> Vec<StepOutcome> {
        let ended = self.records.iter().filter_map(|record| match &record.body {
            Body::StepEnded { outcome, .. } | Body::UndoEnded { outcome, .. } => Some(outcome.clone()),
            _ => None,
        });
        ended.collect()
    }
}

/// A guard with the request that the command line makes.
pub(crate) fn guard() -> RunStarted {
    started(RunKind::Guard { command: vec!["deploy.sh".to_owned()] }, Request::automatic())
}

pub(crate) fn rollback(request: Request) -> RunStarted {
    started(RunKind::Rollback, request)
}

fn started(run: RunKind, request: Request) -> RunStarted {
    let environment = EnvironmentName::new("production").unwrap();
    RunStarted {
        run,
        environment,
        actor: "ada".to_owned(),
        reason: None,
        request,
        agreed: None,
        circumstances: Default::default(),
        observe_ms: 0,
    }
}

/// The whole environment to the last known good checkpoint, as a person wants it.
pub(crate) fn back() -> Request {
    Request {
        target: None,
        named: Vec::new(),
        scope: Scope::Stack,
        mode: Mode::Planned,
        batch: None,
        is_automatic: false,
        forced: BTreeSet::new(),
        data: Box::default(),
    }
}

fn environment(services: &[(&str, &[&str])]) -> Environment {
    let services = services.iter().map(|(name, needs)| (service(name), configured_service(name, needs))).collect();
    Environment {
        name: EnvironmentName::new("production").unwrap(),
        services,
        signals: BTreeMap::new(),
        counted: BTreeMap::new(),
        logged: BTreeMap::new(),
        triggers: Vec::new(),
        guard: GuardPolicy { soak: seconds(10), ..GuardPolicy::default() },
        watch: WatchPolicy::default(),
        verify: VerifyPolicy::default(),
        drill: None,
        policy: Policy::default(),
        fallbacks: BTreeMap::new(),
        objectives: Objectives::default(),
        databases: BTreeMap::new(),
        caches: BTreeMap::new(),
        maintenance: Maintenance::default(),
        notify: Notify::default(),
        incidents: Default::default(),
    }
}

fn configured_service(name: &str, needs: &[&str]) -> Service {
    Service {
        name: service(name),
        tier: None,
        depends_on: needs.iter().map(|need| service(need)).collect(),
        platform: ServicePlatform::Compose(ComposeProject {
            files: Vec::new(),
            env_files: Vec::new(),
            project: None,
            profiles: Vec::new(),
            service: name.to_owned(),
            context: None,
            host: None,
        }),
        config_files: Vec::new(),
        probes: BTreeMap::new(),
        version: None,
        reached_by: Vec::new(),
        stop_timeout: None,
    }
}

fn configured_database(name: DatabaseName, used_by: Vec<ServiceName>) -> Database {
    Database {
        name,
        url: SecretOrText::Text(Sensitive::new("postgres://app@localhost/app".to_owned())),
        admin: None,
        pgbouncer: None,
        replicas: Vec::new(),
        tools: None,
        used_by,
        migrations: None,
        backup: Some(Backup {
            before_deploy: true,
            before_rollback: false,
            keep: 7,
            store: BackupStore::Folder("backups".to_owned()),
            encrypt: None,
            jobs: 1,
            require: Level::V1,
            fresh: None,
            slot: false,
        }),
        recovery: None,
        integrity: [("values".to_owned(), "SELECT true".to_owned())].into(),
        keep_aside: seconds(7 * 86_400),
        automatic: true,
    }
}
