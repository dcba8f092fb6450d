//! What the journal says about databases: restore points, kept migrations, and what was put aside.

use backout_core::data::{DataAct, DatabaseFact, RestorePoint};
use backout_core::id::{BackupId, DatabaseName, StepId};
use backout_core::inventory::BlobRef;
use backout_core::journal::{Body, Record, StepOutcome};
use backout_core::plan::{Action, Plan};

/// Every restore point that has not been released, the oldest first.
#[must_use]
pub fn restore_points(records: &[Record]) -> Vec<RestorePoint> {
    let mut points: Vec<RestorePoint> = Vec::new();
    for record in records {
        match &record.body {
            Body::BackupTaken { point } => points.push((**point).clone()),
            Body::BackupReleased { backup } => points.retain(|point| point.id != *backup),
            // Only the newest word on how far it holds counts.
            Body::BackupVerified { verification } => {
                if let Some(point) = points.iter_mut().find(|point| point.id == verification.backup) {
                    point.verified = verification.reached;
                }
            }
            _ => {}
        }
    }
    points
}

/// The restore point of that id, whether or not it was released since.
pub(crate) fn taken(records: &[Record], id: &BackupId) -> Option<RestorePoint> {
    records.iter().find_map(|record| match &record.body {
        Body::BackupTaken { point } if point.id == *id => Some((**point).clone()),
        _ => None,
    })
}

/// The migrations that were kept of the newest release that was deployed under guard.
#[must_use]
pub fn vault_of(records: &[Record], name: &DatabaseName) -> Option<BlobRef> {
    records.iter().rev().find_map(|record| match &record.body {
        Body::VaultKept { database, vault } if database == name => Some(vault.clone()),
        _ => None,
    })
}

/// The database that the last swap put aside, by its name on the server, as long as it is there.
#[must_use]
pub fn put_aside(records: &[Record], now: &DatabaseFact) -> Option<String> {
    let kept = &now.state()?.kept;
    let of_run = |record: &Record| {
        records.iter().rev().find_map(|made| match &made.body {
            Body::PlanMade { plan } if made.run == record.run => Some(plan.as_ref()),
            _ => None,
        })
    };
    let aside = records.iter().rev().find_map(|record| match &record.body {
        Body::StepEnded { step, outcome: StepOutcome::Done { .. } | StepOutcome::AlreadyThere { .. }, .. } => {
            swapped_aside(of_run(record)?, *step, &now.database)
        }
        _ => None,
    })?;
    kept.iter().any(|kept| kept.dbname == aside).then(|| aside.to_owned())
}

fn swapped_aside<'a>(plan: &'a Plan, step: StepId, name: &DatabaseName) -> Option<&'a str> {
    match &plan.step(step)?.action {
        Action::Data(data) if data.database == *name => match &data.act {
            DataAct::Swap { aside, .. } => Some(aside),
            _ => None,
        },
        _ => None,
    }
}
