//! What the acts do to the server.

use backout_core::data::{DataAct, DataProof, DataStep, LossReport, Method, RestoreSource, TableLoss, TableRows};
use backout_core::port::{DataDone, Evidence, PortError};

use super::content::{Stored, orders};
use super::memory::{LIVE, MemoryDatabase, Server};

impl MemoryDatabase {
    pub(super) async fn carry_out(&self, step: &DataStep) -> Result<DataDone, PortError> {
        let kind = step.act.kind();
        self.fuse.pass(format!("before {kind}")).await;
        if self.state().faults.hangs.contains(kind) {
            std::future::pending::<()>().await;
        }
        let done = {
            let mut server = self.answers()?;
            server.acts.push(kind.to_owned());
            if let Some(times) = server.faults.perform.get_mut(kind).filter(|times| **times > 0) {
                *times -= 1;
                return Err(PortError::new(format!("{kind} failed: the server closed the connection")));
            }
            server.act(&step.act)?
        };
        self.fuse.pass(format!("after {kind}")).await;
        Ok(done)
    }

    pub(super) async fn take_back(&self, step: &DataStep) -> Result<String, PortError> {
        let kind = step.act.kind();
        self.fuse.pass(format!("before undoing {kind}")).await;
        let seen = {
            let mut server = self.answers()?;
            if server.faults.undo {
                return Err(PortError::new(format!("{kind} could not be undone")));
            }
            server.acts.push(format!("undo {kind}"));
            server.undo(&step.act)?
        };
        self.fuse.pass(format!("after undoing {kind}")).await;
        Ok(seen)
    }
}

impl Server {
    fn act(&mut self, act: &DataAct) -> Result<DataDone, PortError> {
        let seen = match act {
            DataAct::RestoreBeside { source, copy, .. } => {
                let restored = self.restored(source)?;
                self.databases.insert(copy.clone(), restored);
                format!("`{copy}` is restored and verified")
            }
            DataAct::Swap { live, copy, aside, .. } => {
                if !self.is_there(act).0 {
                    let new = self.databases.remove(copy).ok_or_else(|| missing(copy))?;
                    let old = self.databases.remove(live).ok_or_else(|| missing(live))?;
                    let (is_taken_back, opened) = (new.is_put_aside, Some(new.rows.clone()));
                    self.databases.insert(live.clone(), Stored { is_put_aside: false, opened, ..new });
                    self.databases.insert(aside.clone(), Stored { is_put_aside: true, is_taken_back, ..old });
                }
                format!("`{live}` was swapped within 90 ms")
            }
            DataAct::ReverseMigrations { undo, .. } => return self.reverse(undo.iter().map(|revision| &*revision.0)),
            DataAct::DropCopy { copy } => {
                self.databases.remove(copy);
                format!("`{copy}` is gone")
            }
            DataAct::RestoreInPlace { source, live, .. } => {
                let restored = self.restored(source)?;
                self.databases.insert(live.clone(), restored);
                format!("`{live}` is restored in its place")
            }
            DataAct::ReportLoss { damaged, .. } => return self.report(damaged),
            DataAct::SoftRestore { .. }
            | DataAct::UndoRows { .. }
            | DataAct::ReplaceTables { .. }
            | DataAct::KeepDump => {
                return Err(PortError::new("a database in memory cannot do that"));
            }
        };
        Ok(DataDone { seen, ..DataDone::default() })
    }

    fn reverse<'a>(&mut self, undo: impl Iterator<Item = &'a str>) -> Result<DataDone, PortError> {
        let live = self.databases.get_mut(LIVE).ok_or_else(|| missing(LIVE))?;
        for revision in undo {
            live.applied.retain(|(name, _)| name != revision);
        }
        let log = Evidence { name: "migrate.log".to_owned(), content: b"rolled back".to_vec() };
        Ok(DataDone { seen: "the migrations are undone".to_owned(), evidence: vec![log], ..DataDone::default() })
    }

    fn report(&self, damaged: &str) -> Result<DataDone, PortError> {
        let (aside, live) = (self.databases.get(damaged), self.databases.get(LIVE));
        let (Some(aside), Some(live)) = (aside, live) else { return Err(missing(damaged)) };
        let opened = aside.as_opened().filter(|_| aside.is_taken_back);
        let [inserted, updated, deleted] = aside.beyond(opened.as_ref().unwrap_or(live));
        let loss = TableLoss { table: orders(), method: Method::Comparison, inserted, updated, deleted };
        let report = LossReport {
            damaged: damaged.to_owned(),
            tables: vec![loss],
            not_compared: Vec::new(),
            file: None,
            methods: vec![Method::Comparison],
            notes: Vec::new(),
            took_ms: 1,
        };
        let rows = TableRows::between([(orders(), aside.count())], [(orders(), live.count())]);
        let proof = DataProof { rows, ..DataProof::default() };
        Ok(DataDone { seen: "every row was compared".to_owned(), loss: Some(report), proof, ..DataDone::default() })
    }

    fn restored(&mut self, source: &RestoreSource) -> Result<Stored, PortError> {
        let point = source.point().ok_or_else(|| PortError::new("there is no log in memory"))?;
        let stored = self.stored.get(&point.id).cloned().ok_or_else(|| missing(point.id.as_str()))?;
        self.made += 1;
        Ok(Stored { oid: self.made, verified: Some(point.id.clone()), ..stored })
    }

    pub(super) fn is_there(&self, act: &DataAct) -> (bool, String) {
        let verified = |name: &str| self.databases.get(name).is_some_and(|stored| stored.verified.is_some());
        match act {
            DataAct::RestoreBeside { copy, .. } => (verified(copy), format!("`{copy}`: verified {}", verified(copy))),
            DataAct::Swap { live, copy, aside, .. } => {
                let names = |name: &String| self.databases.contains_key(name);
                (names(live) && names(aside) && !names(copy), format!("{:?}", self.databases.keys()))
            }
            DataAct::ReverseMigrations { target, .. } => {
                let applied = self.databases.get(LIVE).map(|live| live.ledgers()[0].applied.clone());
                (applied.as_ref() == Some(target), format!("applied: {applied:?}"))
            }
            DataAct::DropCopy { copy } => (!self.databases.contains_key(copy), format!("{:?}", self.databases.keys())),
            DataAct::RestoreInPlace { live, .. } => (verified(live), format!("`{live}`: verified {}", verified(live))),
            DataAct::ReportLoss { .. } => (true, "a report changes nothing".to_owned()),
            DataAct::SoftRestore { .. }
            | DataAct::UndoRows { .. }
            | DataAct::ReplaceTables { .. }
            | DataAct::KeepDump => (false, "a database in memory cannot do that".to_owned()),
        }
    }

    fn undo(&mut self, act: &DataAct) -> Result<String, PortError> {
        match act {
            DataAct::RestoreBeside { copy, .. } => {
                self.databases.remove(copy);
            }
            DataAct::Swap { live, copy, aside, .. } if self.is_there(act).0 => {
                let new = self.databases.remove(live).ok_or_else(|| missing(live))?;
                let old = self.databases.remove(aside).ok_or_else(|| missing(aside))?;
                self.databases.insert(copy.clone(), new);
                self.databases.insert(live.clone(), Stored { is_put_aside: false, ..old });
            }
            _ => {}
        }
        Ok("the database is as it was".to_owned())
    }
}

fn missing(name: &str) -> PortError {
    PortError::new(format!("there is no `{name}`"))
}
