//! Services under our own supervisor.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Duration;

use backout_core::config::SecretOrText;
use backout_core::id::ServiceName;
use backout_core::inventory::Health;
use backout_core::port::PortError;

use super::{Process, Surroundings, Told, variables};
use crate::files::explain;
use crate::host::source::Standing;
use crate::host::supervisor::{self, Places, State, SuperviseOptions, Supervisor};

/// How much of a log is kept as evidence.
const LOG_TAIL: u64 = 256 * 1024;
/// How long the supervising process has to write down an end that is seen already.
const TO_BE_WRITTEN: Duration = Duration::from_millis(200);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(5);

/// One supervised service.
#[derive(Clone)]
pub(crate) struct Supervised {
    service: ServiceName,
    places: Places,
    run: Vec<String>,
    variables: BTreeMap<String, SecretOrText>,
    surroundings: Surroundings,
}

impl Supervised {
    pub(crate) fn new(
        service: &ServiceName,
        run: &[String],
        variables: &BTreeMap<String, SecretOrText>,
        surroundings: &Surroundings,
    ) -> Self {
        Self {
            service: service.clone(),
            places: Places::new(&surroundings.folder, service.as_str()),
            run: run.to_vec(),
            variables: variables.clone(),
            surroundings: surroundings.clone(),
        }
    }

    pub(crate) async fn look(&self) -> Result<Option<Vec<Process>>, PortError> {
        let Some(state) = self.settled().await? else { return Ok(None) };
        let Some(instance) = state.instance() else { return Ok(None) };
        let id = state.process.as_ref().map_or_else(|| self.service.to_string(), |process| process.pid().to_string());
        Ok(Some(vec![Process {
            id,
            name: self.service.to_string(),
            state: instance,
            health: Health::Unchecked,
            since: Some(state.since),
            restarts: state.restarts,
            told: Told::Written(Standing { version: state.version, label: state.label, folder: state.folder }),
        }]))
    }

    /// The state, once the supervising process has had time to write down an end that is seen already.
    async fn settled(&self) -> Result<Option<State>, PortError> {
        let mut waited = Duration::ZERO;
        loop {
            let state = State::read(&self.places)?;
            if waited >= TO_BE_WRITTEN || !state.as_ref().is_some_and(State::is_about_to_change) {
                return Ok(state);
            }
            self.surroundings.clock.sleep(LOOK).await;
            waited += LOOK;
        }
    }

    pub(crate) async fn restart(&self, standing: &Standing, grace: Duration) -> Result<(), PortError> {
        let variables = variables::resolve(&self.variables, &self.surroundings.secrets).await?;
        let folder = &self.surroundings.folder;
        fs::create_dir_all(folder).map_err(|error| explain("make", folder, &error))?;
        self.stop(grace).await?;
        let options = SuperviseOptions {
            places: self.places.clone(),
            mark: String::new(),
            version: standing.version.clone(),
            label: standing.label.clone(),
            folder: standing.folder.clone(),
            run: self.run.clone(),
            max_restarts: 0,
        };
        let supervisor = Supervisor {
            argv: self.surroundings.supervisor.clone(),
            environment: self.surroundings.environment.clone(),
        };
        supervisor::start(&supervisor, options, variables, &*self.surroundings.clock).await
    }

    pub(crate) async fn stop(&self, grace: Duration) -> Result<(), PortError> {
        supervisor::stop(&self.places, grace, &*self.surroundings.clock).await
    }

    pub(crate) fn evidence(&self) -> Vec<(String, Vec<u8>)> {
        let log = tail(&self.places.log()).unwrap_or_else(|error| error.what.into_bytes());
        let state = fs::read(self.places.state()).unwrap_or_else(|error| error.to_string().into_bytes());
        vec![(format!("{}.log", self.service), log), (format!("{}.state.json", self.service), state)]
    }

    pub(crate) fn changes(&self) -> supervisor::Changes {
        // Without the folder nothing has been started, and the look from time to time finds out when something is.
        fs::create_dir_all(&self.surroundings.folder).ok();
        supervisor::Changes::of(&self.surroundings.folder)
    }
}

fn tail(path: &Path) -> Result<Vec<u8>, PortError> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = fs::File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL)))?;
        let mut content = Vec::new();
        file.take(LOG_TAIL).read_to_end(&mut content)?;
        Ok(content)
    };
    read().map_err(|error| explain("read", path, &error))
}
