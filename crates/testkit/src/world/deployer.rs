//! Deploy commands as scripts, and the dead-man's switch as a flag.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backout_core::id::{RunId, ServiceName};
use backout_core::journal::DeployExit;
use backout_core::port::{Clock, Deployer, Pending, PortError};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::{Fuse, MemoryDatabase, MemoryFiles, MemoryPlatform, Shift};

/// Process id of the dead-man's switch.
const SWITCH_PID: u32 = 9_000;

/// One thing that a deploy command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// It takes its time.
    Wait(Duration),
    /// It makes a service run a version.
    Deploy(ServiceName, &'static str),
    /// It writes a configuration file.
    Write(&'static str, &'static [u8]),
    /// It removes a service.
    Remove(ServiceName),
    /// It applies a migration to the database.
    Migrate(&'static str, Shift),
    /// It writes a row into the database.
    Insert(u32, &'static str),
    /// It ends with this code; without one it ends with 0.
    Exit(i32),
}

/// Plays a deploy command. The command is a process of its own: it outlives the process that started it. Clones are the
/// same process; [`ScriptedDeployer::of_another_process`] is another one.
#[derive(Clone)]
pub struct ScriptedDeployer {
    script: Arc<[Move]>,
    shared: Arc<Mutex<Shared>>,
    own: Arc<Mutex<Vec<u32>>>,
    platform: MemoryPlatform,
    files: MemoryFiles,
    database: Option<MemoryDatabase>,
    clock: Arc<dyn Clock>,
    fuse: Fuse,
}

#[derive(Default)]
struct Shared {
    processes: BTreeMap<u32, Process>,
    armed: u32,
    cannot_arm: bool,
    cannot_start: bool,
    stopped: Vec<u32>,
}

struct Process {
    exit: watch::Receiver<Option<DeployExit>>,
    abort: AbortHandle,
}

impl ScriptedDeployer {
    /// A deploy command that does these things to a platform and its files.
    #[must_use]
    pub fn new(
        script: Vec<Move>,
        platform: MemoryPlatform,
        files: MemoryFiles,
        clock: Arc<dyn Clock>,
        fuse: Fuse,
    ) -> Self {
        let (shared, own) = (Arc::default(), Arc::default());
        Self { script: script.into(), shared, own, platform, files, database: None, clock, fuse }
    }

    /// The same with a database that the deploy command can reach.
    #[must_use]
    pub fn with_database(mut self, database: Option<MemoryDatabase>) -> Self {
        self.database = database;
        self
    }

    /// What another process sees: the same commands run, and it has started none of them.
    #[must_use]
    pub fn of_another_process(&self) -> Self {
        Self { own: Arc::default(), ..self.clone() }
    }

    /// From now on the dead-man's switch cannot be armed.
    pub fn break_switch(&self) {
        self.shared().cannot_arm = true;
    }

    /// From now on the deploy command cannot be started.
    pub fn break_start(&self) {
        self.shared().cannot_start = true;
    }

    /// How often the deploy command was started, by any process.
    #[must_use]
    pub fn starts(&self) -> usize {
        self.shared().processes.len()
    }

    /// How often the switch was armed.
    #[must_use]
    pub fn armed(&self) -> u32 {
        self.shared().armed
    }

    /// The deploy commands that were ended while they ran.
    #[must_use]
    pub fn stopped(&self) -> Vec<u32> {
        self.shared().stopped.clone()
    }

    /// Whether a deploy command still runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.shared().processes.values().any(|process| process.exit.borrow().is_none())
    }

    fn spawn(&self) -> (u32, u64) {
        let (tell, exit) = watch::channel(None);
        let deployer = self.clone();
        let task = tokio::spawn(async move {
            let code = deployer.play().await;
            drop(deployer);
            tell.send_replace(Some(DeployExit::Code { code }));
            // The receivers live as long as the process is remembered.
            tell.closed().await;
        });
        let mut shared = self.shared();
        let pid = 100 + u32::try_from(shared.processes.len()).unwrap_or_default();
        shared.processes.insert(pid, Process { exit, abort: task.abort_handle() });
        drop(shared);
        self.own.lock().unwrap_or_else(PoisonError::into_inner).push(pid);
        (pid, u64::from(pid) * 10)
    }

    async fn play(&self) -> i32 {
        for step in self.script.iter() {
            match step {
                Move::Wait(duration) => self.clock.sleep(*duration).await,
                Move::Deploy(service, version) => self.platform.deploy(service, version),
                Move::Write(path, bytes) => self.files.put(path, bytes),
                Move::Remove(service) => self.platform.remove(service),
                Move::Migrate(revision, shift) => self.on_database(|database| database.migrate(revision, *shift)),
                Move::Insert(id, value) => self.on_database(|database| database.write(*id, value)),
                Move::Exit(code) => return *code,
            }
        }
        0
    }

    fn on_database(&self, act: impl FnOnce(&MemoryDatabase)) {
        if let Some(database) = &self.database {
            act(database);
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deployer for ScriptedDeployer {
    fn start(&self) -> Pending<'_, Result<(u32, u64), PortError>> {
        Box::pin(async move {
            self.fuse.pass("before starting the deploy command").await;
            if self.shared().cannot_start {
                return Err(PortError::new("`deploy.sh`: no such file"));
            }
            let id = self.spawn();
            self.fuse.pass("after starting the deploy command").await;
            Ok(id)
        })
    }

    fn wait(&self, pid: u32, _: u64) -> Pending<'_, DeployExit> {
        Box::pin(async move {
            let is_own = self.own.lock().unwrap_or_else(PoisonError::into_inner).contains(&pid);
            let exit = self.shared().processes.get(&pid).map(|process| process.exit.clone());
            let Some(mut exit) = exit else { return DeployExit::Unseen };
            let ended = match exit.wait_for(Option::is_some).await {
                Ok(ended) => ended.clone(),
                Err(_) => Some(DeployExit::Signal { signal: 15 }),
            };
            ended.filter(|_| is_own).unwrap_or(DeployExit::Unseen)
        })
    }

    fn stop(&self, pid: u32, _: u64) -> Pending<'_, ()> {
        Box::pin(async move {
            let mut shared = self.shared();
            let Some(process) = shared.processes.get(&pid) else { return };
            if process.exit.borrow().is_none() {
                process.abort.abort();
                shared.stopped.push(pid);
                let (tell, exit) = watch::channel(Some(DeployExit::Signal { signal: 15 }));
                drop(tell);
                if let Some(process) = shared.processes.get_mut(&pid) {
                    process.exit = exit;
                }
            }
        })
    }

    fn arm<'a>(&'a self, _: &'a RunId) -> Pending<'a, Result<u32, PortError>> {
        Box::pin(async move {
            let mut shared = self.shared();
            if shared.cannot_arm {
                return Err(PortError::new("the switch could not be started: too many processes"));
            }
            shared.armed += 1;
            Ok(SWITCH_PID)
        })
    }
}
