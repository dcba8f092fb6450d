//! Wiring: the only place that knows all the crates, and puts them together for one command.

mod barriers;
mod clusters;
mod config;
mod databases;
mod deployer;
mod notify;
mod platforms;
mod process;
mod session;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use backout_adapters::command::Command;
use backout_adapters::files::HostFiles;
use backout_adapters::host::GitRepository;
use backout_core::config::{ComposeProject, Environment, ServicePlatform};
use backout_core::id::ServiceName;
use backout_core::port::{Progress, Watcher};
use backout_engine::blob::{BlobFolder, BlobKey};
use backout_engine::clock::SystemClock;
use backout_engine::state_dir::{Places, StateDir};
use backout_engine::store::SqliteStore;
use backout_engine::{Interrupt, OwnedFile, World};
use barriers::barriers;
pub(crate) use clusters::{applications, cluster};
pub(crate) use config::{FILE_NAME, Found, find, load};
pub(crate) use databases::databases;
use databases::{caches, with_migrations_inside};
use deployer::ProcessDeployer;
pub(crate) use notify::{Telling, notifiers, teller, templates};
pub(crate) use platforms::{Platforms, host_platform, platforms, switchboard};
pub(crate) use process::Process;
pub(crate) use session::{Session, interrupts};
use tokio::sync::watch;

use crate::args::Global;
use crate::error::CliError;
use crate::ui::Ui;

/// What a command may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Look only: works with a state directory that cannot be written, or is not there.
    Read,
    /// Write records.
    Write,
}

/// Everything a command about one environment needs.
pub(crate) struct Setup {
    /// This process.
    pub(crate) process: Process,
    /// The configuration.
    pub(crate) found: Found,
    /// The environment.
    pub(crate) environment: Arc<Environment>,
    /// The state directory.
    pub(crate) state: StateDir,
    /// The journal.
    pub(crate) store: Arc<SqliteStore>,
    /// Captured content.
    pub(crate) blobs: Arc<BlobFolder>,
    /// How to print.
    pub(crate) ui: Ui,
    /// The options that a process started by this one is given as well.
    options: Vec<std::ffi::OsString>,
    /// The options that this command was given, as a person types them.
    typed: String,
}

impl Setup {
    /// Reads the configuration and opens the state.
    ///
    /// # Errors
    /// A configuration or a state directory that cannot be used.
    pub(crate) fn open(global: &Global, ui: Ui, access: Access) -> Result<Self, CliError> {
        let process = Process::current()?;
        let found = load(find(global.config.as_deref(), &process)?, &process, ui)?;
        let mut environment = found.environment(global.environment.as_deref())?;
        with_absolute_logs(&mut environment, found.folder());
        let environment = Arc::new(environment);
        let root = state_root(global, &found, &process)?;
        let (state, store, blobs) = open_state(&root, access)?;
        let options = vec![
            "--config".into(),
            found.path.clone().into(),
            "--environment".into(),
            environment.name.as_str().into(),
            "--state".into(),
            state.root().into(),
        ];
        Ok(Self { process, found, environment, state, store, blobs, ui, options, typed: typed(global) })
    }

    /// The environment with its ports. `deploy` is the deploy command, where there is one.
    ///
    /// # Errors
    /// A platform that cannot be set up at all; one that does not answer is found out by looking.
    pub(crate) fn world<W: Watcher + Progress + 'static>(
        &self,
        deploy: Option<Command>,
        watcher: Arc<W>,
        interrupt: watch::Receiver<Interrupt>,
    ) -> Result<World, CliError> {
        let Platforms { hosted, prober, querier, inside } = platforms(self);
        let databases = with_migrations_inside(self, &inside);
        let stand_by = Command::new(&self.process.program, &self.process.variables)
            .args(self.options())
            .arg("dead-man")
            .folder(&self.process.folder);
        Ok(World {
            environment: Arc::clone(&self.environment),
            platforms: hosted,
            databases: databases.into_iter().map(|(name, database)| (name, database as _)).collect(),
            caches: caches(self),
            barriers: barriers(self),
            files_of: self.files_of(),
            repository: Arc::new(self.repository()),
            files: Arc::new(HostFiles),
            blobs: Arc::clone(&self.blobs) as _,
            prober,
            querier,
            switchboard: switchboard(self),
            store: Arc::clone(&self.store) as _,
            clock: Arc::new(SystemClock),
            deployer: Arc::new(self.deployer(deploy, stand_by)),
            watcher: Arc::clone(&watcher) as _,
            progress: watcher,
            salt: Arc::new(salt),
            interrupt,
        })
    }

    /// The git work tree that the configuration is in, if any.
    pub(crate) fn repository(&self) -> GitRepository {
        GitRepository::of(self.found.folder(), &self.process.variables)
    }

    /// What a drill broke by a command is repaired by the command beside it.
    fn deployer(&self, deploy: Option<Command>, stand_by: Command) -> ProcessDeployer {
        let command = self.environment.drill.as_ref().and_then(|policy| policy.command.as_ref());
        let repair = command.and_then(|(_, repair)| repair.split_first()).map(|(program, arguments)| {
            Command::new(program, &self.process.variables).args(arguments).folder(self.found.folder())
        });
        ProcessDeployer::new(deploy, stand_by, self.state.logs(), self.ui.json).repairing(repair)
    }

    /// The options that make a process started by this one mean the same environment.
    pub(crate) fn options(&self) -> Vec<std::ffi::OsString> {
        self.options.clone()
    }

    /// A command of backout as a person would type it to mean the same environment: `backout -c FILE show RUN`.
    pub(crate) fn typed(&self, words: &str) -> String {
        format!("backout {}{words}", self.typed)
    }

    /// An absolute path from one in the configuration.
    pub(crate) fn absolute(&self, path: &str) -> PathBuf {
        self.found.folder().join(path)
    }

    /// The configuration files of each service, and the environment files of its Compose project.
    fn files_of(&self) -> BTreeMap<ServiceName, Vec<OwnedFile>> {
        let owned =
            |path: &String, needs_restart| OwnedFile { path: self.absolute(path).display().to_string(), needs_restart };
        let each = self.environment.services.iter().map(|(name, service)| {
            let mut files: Vec<OwnedFile> = service.config_files.iter().map(|path| owned(path, true)).collect();
            if let ServicePlatform::Compose(project) = &service.platform {
                files.extend(env_files(project).iter().map(|path| owned(path, false)));
            }
            (name.clone(), files)
        });
        each.collect()
    }
}

/// The files of the log rule, wherever backout is started.
fn with_absolute_logs(environment: &mut Environment, folder: &Path) {
    for file in environment.verify.logs.iter_mut().flat_map(|rule| &mut rule.files) {
        *file = folder.join(&*file).display().to_string();
    }
}

/// The environment files of a Compose project: those named, or the one that Compose takes by itself.
fn env_files(project: &ComposeProject) -> Vec<String> {
    if !project.env_files.is_empty() {
        return project.env_files.clone();
    }
    let first = project.files.first().map_or(Path::new(""), |file| Path::new(file));
    vec![first.with_file_name(".env").display().to_string()]
}

/// The global options that were given, each followed by a space.
fn typed(global: &Global) -> String {
    let config = global.config.as_ref().map(|path| format!("-c {} ", path.display()));
    let environment = global.environment.as_ref().map(|name| format!("-e {name} "));
    let state = global.state.as_ref().map(|path| format!("--state {} ", path.display()));
    [config, environment, state].into_iter().flatten().collect()
}

fn state_root(global: &Global, found: &Found, process: &Process) -> Result<PathBuf, CliError> {
    let named = global.state.as_ref().map(|path| process.folder.join(path));
    let (xdg, home) = (process.path("XDG_STATE_HOME"), process.path("HOME"));
    let places = Places {
        named: named.as_deref(),
        beside: Some(found.folder()),
        xdg_state_home: xdg.as_deref(),
        home: home.as_deref(),
    };
    places.resolve().ok_or_else(|| CliError::usage("there is no place for the state").hint("name one: `--state DIR`"))
}

type State = (StateDir, Arc<SqliteStore>, Arc<BlobFolder>);

fn open_state(root: &Path, access: Access) -> Result<State, CliError> {
    let clock = Arc::new(SystemClock);
    match access {
        Access::Write => {
            let dir = StateDir::create(root)?;
            let store = Arc::new(SqliteStore::open(&dir, clock)?);
            let blobs = Arc::new(BlobFolder::open(&dir)?);
            Ok((dir, store, blobs))
        }
        Access::Read => {
            let dir = StateDir::at(root);
            let store = Arc::new(SqliteStore::open_read_only(&dir, clock)?);
            // Nothing was captured yet, so nothing is compared: any key will do.
            let blobs = match dir.key().exists() {
                true => BlobFolder::open_read_only(&dir)?,
                false => BlobFolder::with_key(dir.blobs(), BlobKey::from_secret(&[0; 32])),
            };
            Ok((dir, store, Arc::new(blobs)))
        }
    }
}

/// A random number for identifiers; the hasher's keys are the standard library's source of randomness.
pub(crate) fn salt() -> u32 {
    use std::hash::{BuildHasher, RandomState};
    let bits = RandomState::new().hash_one(0_u8);
    u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(0)
}
