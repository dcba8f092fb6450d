//! What the engine sees of the database.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::data::{
    ConstraintCounts, DataStep, DatabaseFact, DatabaseProperties, DatabaseReadiness, DatabaseSeen, DatabaseState,
    KeptDatabase, LargeObjects, Level, LossEstimate, Manifest, Method, Migration, MigrationGraph, Packing, PointKind,
    RestorePoint, Revision, Sealing, StoredObject, TableContent, TableEstimate, Verification,
};
use backout_core::inventory::BlobRef;
use backout_core::policy::{Check, Verdict};
use backout_core::port::{BackupOrder, Blobs, DataDone, Database, ForeignDump, Pending, PortError, Ports, Preflight};

use super::content::{Shift, Stored, orders};
use super::memory::{LIVE, MemoryDatabase, Server};

impl MemoryDatabase {
    fn known(&self, state: &Server) -> Option<DatabaseState> {
        let live = state.databases.get(LIVE)?;
        let is_sound = live.rows.values().all(|value| value != "damaged");
        let integrity = Check {
            name: "values".to_owned(),
            verdict: if is_sound { Verdict::Healthy } else { Verdict::Unhealthy },
            what: "every value is sound".to_owned(),
            was_red_before: false,
            is_advisory: false,
        };
        let kept =
            state.databases.iter().filter(|(_, stored)| stored.is_put_aside).map(|(dbname, stored)| KeptDatabase {
                dbname: dbname.clone(),
                oid: stored.oid,
                bytes: 1_000,
                since: self.clock.now(),
                until: self.clock.now(),
                backup: None,
            });
        Some(DatabaseState {
            dbname: LIVE.to_owned(),
            oid: live.oid,
            server_version: 150_000,
            bytes: 1_000,
            schema: live.schema(),
            ledgers: live.ledgers(),
            integrity: vec![integrity],
            soft_dropped: Vec::new(),
            kept: kept.collect(),
        })
    }

    fn manifest(&self, live: &Stored, order: &BackupOrder) -> Manifest {
        let content = TableContent {
            name: orders(),
            rows: live.rows.len() as u64,
            hash: Some(format!("{:?}", live.rows)),
            key: vec!["id".to_owned()],
            relfilenode: 1,
            counters: [0; 3],
        };
        Manifest {
            version: 1,
            backup: order.id.clone(),
            database: self.name.clone(),
            dbname: LIVE.to_owned(),
            taken_at: self.clock.now(),
            server_version: 150_000,
            system_identifier: None,
            snapshot: None,
            lsn: None,
            slot: None,
            tables: vec![content],
            sequences: Vec::new(),
            constraints: ConstraintCounts::default(),
            properties: DatabaseProperties::default(),
            extensions: Vec::new(),
            roles: Vec::new(),
            large_objects: LargeObjects::default(),
            schema: live.schema(),
            ledgers: live.ledgers(),
            vault: order.vault.clone(),
            tools: BTreeMap::new(),
        }
    }

    async fn take(&self, order: &BackupOrder, blobs: &dyn Blobs) -> Result<RestorePoint, PortError> {
        let takes = self.state().faults.backup_takes;
        self.clock.sleep(takes).await;
        let live = {
            let state = self.answers()?;
            if state.faults.back_up {
                return Err(PortError::new("the store is full").hint("free some space"));
            }
            state.databases.get(LIVE).cloned().ok_or_else(|| PortError::new("there is no database `app`"))?
        };
        let manifest = serde_json::to_vec(&self.manifest(&live, order)).unwrap_or_default();
        let manifest = blobs.put(&manifest).await?;
        self.state().stored.insert(order.id.clone(), live);
        self.fuse.pass("after storing a restore point").await;
        Ok(RestorePoint {
            id: order.id.clone(),
            database: self.name.clone(),
            taken_at: self.clock.now(),
            run: order.run.clone(),
            kind: PointKind::Custom { packing: Packing::None, sealing: Sealing::None },
            store: "memory:".to_owned(),
            objects: vec![StoredObject { name: order.id.to_string(), bytes: 100, sha256: "0".repeat(64) }],
            manifest,
            database_bytes: 1_000,
            took_ms: 1,
            restore_name: None,
            verified: Some(Level::V1),
        })
    }

    fn graph(&self) -> MigrationGraph {
        let state = self.state();
        let applied = state.databases.get(LIVE).map(|live| live.applied.clone()).unwrap_or_default();
        let mut needs = Vec::new();
        let mut migrations = Vec::new();
        for (name, shift) in applied {
            let revision = Revision(name);
            let sql = |forward: bool| match (shift, forward) {
                (Shift::Adds(column), true) | (Shift::Drops(column), false) => {
                    format!("ALTER TABLE orders ADD COLUMN {column} text")
                }
                (Shift::Adds(column), false) | (Shift::Drops(column), true) => {
                    format!("ALTER TABLE orders DROP COLUMN {column}")
                }
            };
            let (up, down) = (Some(sql(true)), Some(sql(false)));
            let needed = std::mem::replace(&mut needs, vec![revision.clone()]);
            let has_inverse = Some(true);
            migrations.push(Migration { revision, needs: needed, has_inverse, compatibility: None, up, down });
        }
        MigrationGraph { migrations }
    }
}

fn estimated(since: jiff::Timestamp, [inserted, updated, deleted]: [u64; 3]) -> LossEstimate {
    let (method, written) = (Method::RowVersions, inserted + updated);
    let tables = vec![TableEstimate { table: orders(), method, written, deleted }];
    let tables = tables.into_iter().filter(|table| table.rows() > 0).collect();
    LossEstimate { since, window_ms: 1, log_bytes: None, tables, limits: Vec::new(), unknown: None }
}

impl Database for MemoryDatabase {
    fn look(&self) -> Pending<'_, DatabaseFact> {
        Box::pin(async move {
            let known = self.answers().map(|state| self.known(&state));
            let seen = match known {
                Ok(Some(state)) => DatabaseSeen::Known(Box::new(state)),
                Ok(None) => DatabaseSeen::Unknown { why: "there is no database `app`".to_owned() },
                Err(error) => DatabaseSeen::Unknown { why: error.what },
            };
            DatabaseFact { database: self.name.clone(), at: self.clock.now(), seen }
        })
    }

    fn readiness(&self) -> Pending<'_, Result<DatabaseReadiness, PortError>> {
        Box::pin(async move {
            drop(self.answers()?);
            Ok(DatabaseReadiness {
                server_version: 150_000,
                client_version: Some(150_000),
                system_identifier: None,
                wal_level: "replica".to_owned(),
                archives_log: false,
                bytes: 1_000,
                free_bytes: Some(1_000_000),
                role: ("app".to_owned(), true),
                may_create: true,
                is_owner: true,
                may_terminate: true,
                slots: Vec::new(),
                subscriptions: Vec::new(),
                replicas: Vec::new(),
                prepared: Vec::new(),
                long_transactions: Vec::new(),
                extensions: Vec::new(),
                without_key: Vec::new(),
                unlogged: Vec::new(),
                large_objects: 0,
                obstacles: Vec::new(),
            })
        })
    }

    fn soundness(&self, _: Duration) -> Pending<'_, Vec<Check>> {
        Box::pin(async { Vec::new() })
    }

    fn back_up<'a>(&'a self, order: &'a BackupOrder, ports: Ports<'a>) -> Pending<'a, Result<RestorePoint, PortError>> {
        Box::pin(self.take(order, ports.blobs))
    }

    fn import<'a>(
        &'a self,
        dump: ForeignDump<'a>,
        _: &'a BackupOrder,
        _: Ports<'a>,
    ) -> Pending<'a, Result<RestorePoint, PortError>> {
        Box::pin(async move { Err(PortError::new(format!("`{dump}` is no dump"))) })
    }

    fn verify<'a>(
        &'a self,
        point: &'a RestorePoint,
        level: Level,
        _: Option<&'a RestorePoint>,
        _: Ports<'a>,
    ) -> Pending<'a, Result<Verification, PortError>> {
        Box::pin(async move {
            let is_there = self.state().stored.contains_key(&point.id);
            Ok(Verification {
                backup: point.id.clone(),
                at: self.clock.now(),
                asked: level,
                reached: is_there.then_some(level),
                checks: Vec::new(),
                restore_ms: None,
            })
        })
    }

    fn is_stored<'a>(&'a self, point: &'a RestorePoint) -> Pending<'a, Preflight> {
        Box::pin(async move {
            let state = self.state();
            if state.stored.contains_key(&point.id) && !state.faults.lost_store {
                return Preflight::Present;
            }
            Preflight::Gone { why: format!("`{}` is not in the store", point.id) }
        })
    }

    fn release<'a>(&'a self, point: &'a RestorePoint) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move {
            let mut state = self.state();
            if state.faults.release {
                return Err(PortError::new("the store cannot be written"));
            }
            state.stored.remove(&point.id);
            Ok(())
        })
    }

    fn estimate<'a>(&'a self, manifest: &'a Manifest) -> Pending<'a, Result<LossEstimate, PortError>> {
        Box::pin(async move {
            let state = self.answers()?;
            let live = state.databases.get(LIVE).cloned().unwrap_or_default();
            let then = state.stored.get(&manifest.backup).cloned().unwrap_or_default();
            Ok(estimated(manifest.taken_at, live.beyond(&then)))
        })
    }

    fn estimate_undo(&self) -> Pending<'_, Result<LossEstimate, PortError>> {
        Box::pin(async move {
            let state = self.answers()?;
            let live = state.databases.get(LIVE).cloned().unwrap_or_default();
            let opened = live.as_opened().ok_or_else(|| PortError::new("`app` was not swapped in"))?;
            Ok(estimated(self.clock.now(), live.beyond(&opened)))
        })
    }

    fn vault<'a>(&'a self, blobs: &'a dyn Blobs) -> Pending<'a, Result<Option<BlobRef>, PortError>> {
        Box::pin(async move {
            if self.state().faults.vault {
                return Err(PortError::new("the container has gone"));
            }
            let graph = serde_json::to_vec(&self.graph()).unwrap_or_default();
            blobs.put(&graph).await.map(Some)
        })
    }

    fn migrations<'a>(
        &'a self,
        vault: Option<&'a BlobRef>,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<Option<MigrationGraph>, PortError>> {
        Box::pin(async move {
            let Some(vault) = vault else { return Err(PortError::new("the release has no down scripts")) };
            let bytes = blobs.get(vault).await?;
            serde_json::from_slice(&bytes).map(Some).map_err(|error| PortError::new(error.to_string()))
        })
    }

    fn perform<'a>(&'a self, step: &'a DataStep, _: Ports<'a>) -> Pending<'a, Result<DataDone, PortError>> {
        Box::pin(self.carry_out(step))
    }

    fn reached<'a>(&'a self, step: &'a DataStep, _: &'a dyn Blobs) -> Pending<'a, Result<(bool, String), PortError>> {
        Box::pin(async move { Ok(self.answers()?.is_there(&step.act)) })
    }

    fn undo<'a>(&'a self, step: &'a DataStep, _: Ports<'a>) -> Pending<'a, Result<String, PortError>> {
        Box::pin(self.take_back(step))
    }
}
