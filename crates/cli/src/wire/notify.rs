//! Telling people, beside a command: never in its way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backout_adapters::command::Redactor;
use backout_adapters::notify::{NotifyClient, Wiring};
use backout_adapters::secret::Secrets;
use backout_core::id::NotifierName;
use backout_core::port::Notifier;
use backout_engine::Teller;
use backout_engine::clock::SystemClock;
use backout_engine::state_dir::StateDir;
use backout_engine::store::{Audience, SqliteStore};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Setup;
use crate::commands::planted;

/// People are being told, until this is finished or dropped.
pub(crate) struct Telling {
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Telling {
    /// Begins to tell: what there is at once, and of what is recorded from now on. Nothing where nobody is to be told.
    pub(crate) async fn begin(setup: &Setup) -> Option<Self> {
        Self::with(setup, Arc::clone(&setup.store), true).await
    }

    /// The same, beginning with the next record of this process: until then another process is at it.
    pub(crate) async fn begin_with_next_record(setup: &Setup) -> Option<Self> {
        Self::with(setup, Arc::clone(&setup.store), false).await
    }

    /// For a command that only looks: tells what others have left, if this process may write to the state.
    pub(crate) async fn of_onlooker(setup: &Setup) -> Option<Self> {
        if !setup.state.journal().exists() {
            return None;
        }
        let dir = StateDir::create(setup.state.root()).ok()?;
        let store = SqliteStore::open(&dir, Arc::new(SystemClock)).ok()?;
        Self::with(setup, Arc::new(store), true).await
    }

    async fn with(setup: &Setup, store: Arc<SqliteStore>, at_once: bool) -> Option<Self> {
        if setup.environment.notify.notifiers.is_empty() {
            return None;
        }
        let teller = teller(setup, store).await;
        // Where this fails the journal cannot be written, which the run itself will say.
        teller.store.begin_telling(&teller.audience.environment).await.ok()?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(async move { teller.run(at_once, &stopped).await });
        Some(Self { task, stop })
    }

    /// Tells what there still is, for no longer than `patience`. What nobody took by then is in the outbox.
    pub(crate) async fn finish(mut self, patience: Duration) {
        self.stop.send_replace(true);
        let _ = tokio::time::timeout(patience, &mut self.task).await;
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Who sends what is in the outbox.
pub(crate) async fn teller(setup: &Setup, store: Arc<SqliteStore>) -> Teller {
    let redactor = Redactor::new(planted(&setup.process));
    Teller {
        store,
        audience: Audience {
            project: setup.found.config.project.clone(),
            environment: setup.environment.name.clone(),
            notify: Arc::new(setup.environment.notify.clone()),
            post_mortem: setup.environment.incidents.post_mortem.within,
        },
        notifiers: notifiers(setup),
        templates: templates(setup).await.into_iter().filter_map(|(name, read)| Some((name, read.ok()?))).collect(),
        clock: Arc::new(SystemClock),
        holder: format!("{}-{:08x}", setup.process.pid, super::salt()),
        mask: Arc::new(move |text| redactor.apply(text)),
    }
}

/// How each who is told is reached.
pub(crate) fn notifiers(setup: &Setup) -> BTreeMap<NotifierName, Arc<dyn Notifier>> {
    let wiring = Wiring {
        secrets: Arc::new(Secrets::new(setup.process.variables.clone(), setup.found.folder())),
        environment: setup.process.variables.clone(),
        folder: setup.found.folder().to_path_buf(),
        clock: Arc::new(SystemClock),
    };
    let each = setup.environment.notify.notifiers.iter();
    each.map(|(name, configured)| {
        let client: Arc<dyn Notifier> = Arc::new(NotifyClient::new(wiring.clone(), configured.clone()));
        (name.clone(), client)
    })
    .collect()
}

/// The templates of those who have one of their own, or why it cannot be read.
pub(crate) async fn templates(setup: &Setup) -> BTreeMap<NotifierName, Result<String, String>> {
    let mut templates = BTreeMap::new();
    for (name, configured) in &setup.environment.notify.notifiers {
        let Some(path) = &configured.template else { continue };
        let path = setup.absolute(path);
        let read = tokio::fs::read_to_string(&path).await;
        let read = read.map_err(|error| format!("`{}` cannot be read: {error}", path.display()));
        templates.insert(name.clone(), read);
    }
    templates
}
