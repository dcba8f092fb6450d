//! Finding incidents in the journal, with everything that is about them.

use std::time::Duration;

use backout_core::id::{EnvironmentName, RunId};
use backout_core::incident::{Case, INCIDENT_KINDS, Incident, Limits, Material, Terms, incidents};
use backout_core::journal::Record;
use backout_core::policy::Objective;
use backout_core::port::Store;
use backout_engine::store::SqliteStore;

use crate::error::CliError;
use crate::wire::Setup;

/// What is said about incidents beside their runs.
const ABOUT: [&str; 5] = ["incident", "told", "person_acted", "service_restarted", "stray_removed"];

/// The incidents of an environment.
pub(crate) struct Found {
    /// In the order in which they were opened.
    pub(crate) all: Vec<Incident>,
}

impl Found {
    /// Reads them.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub(crate) async fn of(setup: &Setup) -> Result<Self, CliError> {
        Self::within(setup.store.as_ref(), &setup.environment.name).await
    }

    /// Reads those of a journal.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub(crate) async fn within(store: &SqliteStore, environment: &EnvironmentName) -> Result<Self, CliError> {
        Ok(Self { all: incidents(&store.records(environment, &INCIDENT_KINDS).await?) })
    }

    /// The one whose id begins so, `inc-` may be left out; the newest where none is typed.
    ///
    /// # Errors
    /// Where there is none, or more than one.
    pub(crate) fn one(&self, typed: Option<&str>) -> Result<&Incident, CliError> {
        let Some(typed) = typed else {
            return self.all.last().ok_or_else(|| {
                CliError::usage("there are no incidents")
                    .hint("a run that goes back opens one, and so does `backout incident open TITLE`")
            });
        };
        if let Some(exact) = self.all.iter().find(|incident| incident.id.as_str() == typed) {
            return Ok(exact);
        }
        let begins = |incident: &&Incident| {
            let id = incident.id.as_str();
            id.starts_with(typed) || id.strip_prefix("inc-").is_some_and(|rest| rest.starts_with(typed))
        };
        let found: Vec<&Incident> = self.all.iter().filter(begins).collect();
        match found.as_slice() {
            [one] => Ok(one),
            [] => Err(CliError::usage(format!("there is no incident `{typed}`"))
                .hint("see which there are: `backout incident list`")),
            several => {
                let ids: Vec<&str> = several.iter().map(|incident| incident.id.as_str()).collect();
                Err(CliError::usage(format!("`{typed}` stands for several incidents: {}", ids.join(", ")))
                    .hint("type more of it"))
            }
        }
    }
}

/// The incident that a run belongs to; nothing where it belongs to none, or the journal cannot be read just now.
pub(crate) async fn of_run(setup: &Setup, run: &RunId) -> Option<Incident> {
    Found::of(setup).await.ok()?.all.into_iter().find(|incident| incident.runs.contains(run))
}

/// What the configuration measures incidents by.
pub(super) fn terms(setup: &Setup) -> Terms {
    let objectives = &setup.environment.objectives;
    let ms = |limit: Option<Duration>| limit.and_then(|limit| u64::try_from(limit.as_millis()).ok());
    let limits = |agreed: &Objective| Limits {
        detect_ms: ms(agreed.detect),
        decide_ms: ms(agreed.decide),
        restore_ms: ms(agreed.restore),
    };
    let severities = &setup.environment.policy.rules.objectives;
    Terms {
        severities: severities.iter().map(|(severity, agreed)| (*severity, limits(agreed))).collect(),
        service_ms: ms(objectives.service),
        stack_ms: ms(objectives.stack),
        database_ms: ms(objectives.database),
        restore_ms: ms(objectives.restore),
        emergency_ms: ms(objectives.emergency),
        checklists: setup.environment.incidents.checklists.clone().with_manual(&setup.environment.verify.manual),
    }
}

/// Everything about one incident.
///
/// # Errors
/// A journal that cannot be read.
pub(super) async fn case(setup: &Setup, incident: &Incident) -> Result<Case, CliError> {
    let mut records: Vec<Record> = setup.store.records(&setup.environment.name, &ABOUT).await?;
    for run in &incident.runs {
        records.extend(setup.store.run(run).await?);
    }
    records.sort_by_key(|record| record.seq);
    Ok(Case::of(&Material { incident, records: &records, terms: &terms(setup) }))
}
