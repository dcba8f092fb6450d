//! What the planner has to know of each database. The costly parts are looked at only where the data may have to go back: a
//! rollback of a service whose schema stayed as it was is not held up by counting rows.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use backout_core::config::Database as Configured;
use backout_core::data::{
    DataPoint, DatabaseFact, DatabaseReadiness, LossEstimate, Manifest, MigrationGraph, RestorePoint, Schema,
};
use backout_core::id::{DatabaseName, RunId};
use backout_core::inventory::{BlobRef, Checkpoint};
use backout_core::journal::{Body, Record};
use backout_core::plan::Request;
use backout_core::plan::data::{DataSituation, may_go_back};
use backout_core::port::{Database, PortError, Preflight};
use serde::de::DeserializeOwned;

use crate::look::look_at;
use crate::past::{put_aside, restore_points, taken, vault_of};
use crate::world::World;

/// How long one question to a database may take: whoever plans is waiting.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
/// How long it may take to read the migrations of a release, which may need a container.
const READ_WITHIN: Duration = Duration::from_secs(60);
/// Said where a question was not asked.
const NOT_NEEDED: &str = "not looked at: nothing asks for its data to go back";

/// What was found out about one database.
pub(super) struct Gathered<'a> {
    configured: &'a Configured,
    now: DatabaseFact,
    then: Option<DataPoint>,
    schema_then: Option<Schema>,
    point: Option<RestorePoint>,
    manifest: Option<Manifest>,
    is_stored: Preflight,
    readiness: Result<DatabaseReadiness, String>,
    estimate: Result<LossEstimate, String>,
    migrations: Result<Option<MigrationGraph>, String>,
    vault: Option<BlobRef>,
    put_aside: Option<String>,
    approvals: u32,
    suffix: String,
}

impl Gathered<'_> {
    /// The same for the planner.
    pub(super) fn situation(&self) -> DataSituation<'_> {
        DataSituation {
            configured: self.configured,
            now: &self.now,
            then: self.then.as_ref(),
            schema_then: self.schema_then.as_ref(),
            point: self.point.as_ref(),
            manifest: self.manifest.as_ref(),
            is_stored: &self.is_stored,
            readiness: self.readiness.as_ref().map_err(String::as_str),
            estimate: self.estimate.as_ref().map_err(String::as_str),
            migrations: self.migrations.as_ref().map(Option::as_ref).map_err(String::as_str),
            vault: self.vault.as_ref(),
            put_aside: self.put_aside.as_deref(),
            approvals: self.approvals,
            suffix: &self.suffix,
        }
    }
}

/// Looks at every database that the environment has.
pub(super) async fn gather<'a>(
    world: &'a World,
    request: &Request,
    target: &Checkpoint,
    records: &[Record],
) -> BTreeMap<DatabaseName, Gathered<'a>> {
    let suffix = suffix(world, records);
    let mut found = BTreeMap::new();
    for (name, configured) in &world.environment.databases {
        let Some(database) = world.databases.get(name) else { continue };
        let asked = Asked { world, database: database.as_ref(), name, request, target, records };
        found.insert(name.clone(), asked.look(configured, &suffix).await);
    }
    found
}

/// The run that is open names the copies that it makes, so that planning again leads to the same names.
fn suffix(world: &World, records: &[Record]) -> String {
    let ended =
        |run: &RunId| records.iter().any(|r| r.run.as_ref() == Some(run) && matches!(r.body, Body::RunEnded { .. }));
    let last = records.iter().rev().find(|record| matches!(record.body, Body::RunStarted(_)));
    match last.and_then(|record| record.run.as_ref()).filter(|run| !ended(run)) {
        Some(run) => run.suffix(),
        None => RunId::mint(world.clock.now(), (world.salt)()).suffix(),
    }
}

/// One database, and what is wanted of it.
struct Asked<'a> {
    world: &'a World,
    database: &'a dyn Database,
    name: &'a DatabaseName,
    request: &'a Request,
    target: &'a Checkpoint,
    records: &'a [Record],
}

impl<'a> Asked<'a> {
    /// How many people must have agreed by now. Where they are waited for, the whole plan is what they agree to.
    fn refused_without(&self) -> u32 {
        let approvals = &self.world.environment.policy.approvals;
        if approvals.within.is_zero() { approvals.database } else { 0 }
    }

    async fn look<'c>(&self, configured: &'c Configured, suffix: &str) -> Gathered<'c> {
        let now = look_at(self.world, self.name).await;
        let then = self.target.databases.get(self.name).cloned();
        let schema_then = match &then {
            Some(point) => self.read(&point.schema).await,
            None => None,
        };
        let mut gathered = Gathered {
            configured,
            vault: None,
            put_aside: put_aside(self.records, &now),
            approvals: self.refused_without(),
            suffix: suffix.to_owned(),
            now,
            then,
            schema_then,
            point: None,
            manifest: None,
            is_stored: Preflight::Unknown { why: NOT_NEEDED.to_owned() },
            readiness: Err(NOT_NEEDED.to_owned()),
            estimate: Err(NOT_NEEDED.to_owned()),
            migrations: Err(NOT_NEEDED.to_owned()),
        };
        if may_go_back(self.request, &gathered.now, gathered.then.as_ref()) {
            self.look_closely(&mut gathered).await;
        }
        gathered
    }

    async fn look_closely(&self, gathered: &mut Gathered<'_>) {
        gathered.readiness = self.within(ANSWERED_WITHIN, self.database.readiness()).await;
        (gathered.point, gathered.manifest) = match self.request.data.undoes_swap {
            true => (self.point_swapped_to(gathered), None),
            false => self.point(gathered.then.as_ref()).await,
        };
        if let Some(point) = &gathered.point {
            gathered.is_stored = tokio::select! {
                found = self.database.is_stored(point) => found,
                () = self.world.clock.sleep(ANSWERED_WITHIN) => Preflight::Unknown { why: too_long(ANSWERED_WITHIN) },
            };
        }
        gathered.estimate = match &gathered.manifest {
            _ if self.request.data.undoes_swap => self.within(ANSWERED_WITHIN, self.database.estimate_undo()).await,
            Some(manifest) => self.within(ANSWERED_WITHIN, self.database.estimate(manifest)).await,
            None => Err("there is no restore point to compare with".to_owned()),
        };
        (gathered.migrations, gathered.vault) = self.migrations(&gathered.now).await;
    }

    /// The restore point that the last swap went to, whether or not it is still stored: its manifest tells what was written
    /// before the swap from what was written since.
    fn point_swapped_to(&self, gathered: &Gathered<'_>) -> Option<RestorePoint> {
        let kept = &gathered.now.state()?.kept;
        let aside = kept.iter().find(|kept| Some(&kept.dbname) == gathered.put_aside.as_ref())?;
        taken(self.records, aside.backup.as_ref()?)
    }

    /// The restore point to take with its manifest: the one asked for; else that of the target checkpoint; else the newest
    /// that has the very schema of the checkpoint.
    async fn point(&self, then: Option<&DataPoint>) -> (Option<RestorePoint>, Option<Manifest>) {
        let kept = restore_points(self.records);
        let of_here = || kept.iter().filter(|point| point.database == *self.name);
        let chosen = match &self.request.data.backup {
            Some(id) => of_here().find(|point| point.id == *id),
            None => {
                let own = then.and_then(|then| then.backup.as_ref());
                own.and_then(|own| of_here().find(|point| point.id == own.id))
            }
        };
        if let Some(point) = chosen {
            return (Some(point.clone()), self.read(&point.manifest).await);
        }
        let Some(then) = then.filter(|_| self.request.data.backup.is_none()) else { return (None, None) };
        for point in of_here().rev() {
            let manifest: Option<Manifest> = self.read(&point.manifest).await;
            if manifest.as_ref().is_some_and(|manifest| manifest.schema.digest() == then.schema_digest) {
                return (Some(point.clone()), manifest);
            }
        }
        (None, None)
    }

    /// The migrations that brought the schema of now, and where they are kept: those that were kept when it was deployed,
    /// where they know everything that was applied, else those of what is deployed.
    async fn migrations(&self, now: &DatabaseFact) -> (Result<Option<MigrationGraph>, String>, Option<BlobRef>) {
        let knows_all = |graph: &MigrationGraph| {
            let applied = now.state().into_iter().flat_map(|state| &state.ledgers).flat_map(|ledger| &ledger.applied);
            applied.into_iter().all(|revision| graph.migrations.iter().any(|known| known.revision == *revision))
        };
        let vault = vault_of(self.records, self.name);
        let kept = match &vault {
            Some(vault) => self.migrations_of(Some(vault)).await,
            None => Ok(None),
        };
        if matches!(&kept, Ok(Some(graph)) if knows_all(graph)) {
            return (kept, vault);
        }
        match self.migrations_of(None).await {
            Ok(Some(graph)) if knows_all(&graph) => (Ok(Some(graph)), None),
            _ if matches!(kept, Ok(Some(_))) => (kept, vault),
            deployed => (deployed, None),
        }
    }

    async fn migrations_of(&self, vault: Option<&BlobRef>) -> Result<Option<MigrationGraph>, String> {
        self.within(READ_WITHIN, self.database.migrations(vault, self.world.blobs.as_ref())).await
    }

    async fn within<T>(
        &self,
        limit: Duration,
        question: impl Future<Output = Result<T, PortError>>,
    ) -> Result<T, String> {
        tokio::select! {
            answer = question => answer.map_err(|error| error.what),
            () = self.world.clock.sleep(limit) => Err(too_long(limit)),
        }
    }

    /// Something that was written down, where it can still be read.
    async fn read<T: DeserializeOwned>(&self, blob: &BlobRef) -> Option<T> {
        let bytes = self.world.blobs.get(blob).await.ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}

fn too_long(limit: Duration) -> String {
    format!("it was not found out within {} s", limit.as_secs())
}
