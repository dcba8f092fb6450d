//! Takes a restore point.

use std::collections::BTreeMap;

use backout_core::config::{Backup, BackupEncryption};
use backout_core::data::{Level, Manifest, PointKind, RestorePoint, StoredObject, Verification};
use backout_core::policy::Verdict;
use backout_core::port::{BackupOrder, PortError, Ports};

use super::dumped::Order;
use super::held::Held;
use super::running::migrating;
use super::written::Written;
use super::{folder, slot};
use crate::look::{self, Hashes, ManifestHead, content_manifest};
use crate::recovery::name_point;
use crate::restore::MANIFEST;
use crate::seal::Keys;
use crate::store;
use crate::verify::verify;
use crate::{Address, Target};

/// Takes a restore point into the configured store.
///
/// # Errors
/// A migration that runs; what could not be read, written or verified. Nothing of it is left then.
pub(crate) async fn take(target: &Target, order: &BackupOrder, ports: Ports<'_>) -> Result<RestorePoint, PortError> {
    let store = store::open(target).await?;
    let Some(configured) = &target.configured.backup else { return Err(PortError::new("no backups are configured")) };
    can_be_verified(configured)?;
    let address = target.admin_address().await?;
    let keys = Keys::for_writing(target).await?;
    let under = folder::of(target, &order.id);
    let taking = Taking { target, order, ports, configured, address, keys, under };
    let mut written = Written::new(store);
    match taking.taken(&mut written).await {
        Ok(point) => {
            written.keep();
            Ok(point)
        }
        Err(error) => match written.discard().await {
            Ok(()) => Err(error),
            Err(left) => Err(PortError { what: format!("{}; besides, {}", error.what, left.what), ..error }),
        },
    }
}

/// Told before a dump is made, not after.
fn can_be_verified(configured: &Backup) -> Result<(), PortError> {
    match &configured.encrypt {
        Some(BackupEncryption::Age { identity: None, .. }) if configured.require > Level::V0 => {
            let what = format!(
                "a backup must be verified to {}, and the key that reads it is not configured",
                configured.require
            );
            Err(PortError::new(what)
                .hint("name it: `encrypt: { age: { identity: … } }`, or ask for less: `require: V0`"))
        }
        _ => Ok(()),
    }
}

struct Taking<'a> {
    target: &'a Target,
    order: &'a BackupOrder,
    ports: Ports<'a>,
    configured: &'a Backup,
    address: Address,
    keys: Keys,
    under: String,
}

impl Taking<'_> {
    async fn taken(&self, written: &mut Written) -> Result<RestorePoint, PortError> {
        let began = self.target.clock.now();
        let mut held = Held::begin(self.target, &self.address, self.order).await?;
        let restore_name = self.named().await?;
        let (kind, dump, manifest) = self.contents(&held, written).await?;
        if !self.order.is_as_it_is && manifest.ledgers.iter().any(|ledger| ledger.is_dirty) {
            return Err(migrating("a migration is running, or has failed half-way"));
        }
        let kept = held.slot.take();
        let bytes = held.database_bytes;
        // The locks go with it: nothing of the database is held up by what follows.
        drop(held);
        let (content, objects) = self.recorded(&manifest, dump, written).await?;
        let took = self.target.clock.now().duration_since(began);
        let mut point = RestorePoint {
            id: self.order.id.clone(),
            database: self.target.configured.name.clone(),
            taken_at: manifest.taken_at,
            run: self.order.run.clone(),
            kind,
            store: written.store().place(),
            objects,
            manifest: self.ports.blobs.put(&content).await?,
            database_bytes: bytes,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(0),
            restore_name,
            verified: None,
        };
        let verification = verify(self.target, &point, (self.configured.require, None), self.ports).await?;
        point.verified = Some(enough(&verification)?);
        if let Some(slot) = kept {
            slot.keep(&*self.target.admin(self.address.dbname()).await?, &self.order.id).await?;
        }
        Ok(point)
    }

    /// Names the moment in the server's log, where that is archived: right after the snapshot, so that little lies between.
    async fn named(&self) -> Result<Option<String>, PortError> {
        let client = self.address.connect().await?;
        let name = slot::name(&self.order.id);
        Ok(name_point(&client, &name).await?.map(|_| name))
    }

    /// Dumps, and reads meanwhile what is dumped.
    async fn contents(
        &self,
        held: &Held,
        written: &mut Written,
    ) -> Result<(PointKind, StoredObject, Manifest), PortError> {
        let head = ManifestHead {
            backup: self.order.id.clone(),
            taken_at: Some(held.taken_at),
            snapshot: Some(held.snapshot.clone()),
            lsn: Some(held.lsn.clone()),
            slot: held.slot.as_ref().map(|_| slot::name(&self.order.id)),
            vault: self.order.vault.clone(),
            tools: tools(self.target).await?,
            hashes: Hashes::All,
        };
        let order = Order {
            target: self.target,
            address: &self.address,
            held,
            under: &self.under,
            keys: &self.keys,
            jobs: self.configured.jobs,
            progress: self.ports.progress,
        };
        // Sequences know no snapshots. Read before the dump begins, they are never ahead of what it has of them, and what is
        // restored never seems to stand behind.
        let sequences = look::sequences(&held.session).await?;
        let manifest = content_manifest(&held.session, self.target, head);
        let ((kind, dump), manifest) = tokio::try_join!(order.dumped(written), manifest)?;
        Ok((kind, dump, Manifest { sequences, ..manifest }))
    }

    /// The manifest beside the dump, sealed as that is: its bytes, and all objects.
    async fn recorded(
        &self,
        manifest: &Manifest,
        dump: StoredObject,
        written: &mut Written,
    ) -> Result<(Vec<u8>, Vec<StoredObject>), PortError> {
        let content = serde_json::to_vec_pretty(manifest)
            .map_err(|error| PortError::new(format!("the manifest could not be written: {error}")))?;
        let sealing = self.keys.sealing();
        let name = format!("{}{MANIFEST}{}", self.under, folder::endings(backout_core::data::Packing::None, sealing));
        let stored = written.write(&name, content.clone(), sealing, &self.keys).await?;
        Ok((content, vec![dump, stored]))
    }
}

/// The level that was reached, where it is the one that was asked for.
fn enough(verification: &Verification) -> Result<Level, PortError> {
    match verification.reached {
        Some(reached) if reached >= verification.asked => Ok(reached),
        _ => {
            let fallen = verification.checks.iter().filter(|check| check.verdict != Verdict::Healthy);
            let why: Vec<String> = fallen.map(|check| format!("{}: {}", check.name, check.what)).collect();
            let what = format!("the backup did not reach {}: {}", verification.asked, why.join("; "));
            Err(PortError::new(what).hint("nothing of it was kept; see why, or ask for less: `require`"))
        }
    }
}

/// The version of what dumps.
async fn tools(target: &Target) -> Result<BTreeMap<String, String>, PortError> {
    let program = target.tools()?.program("pg_dump")?;
    let said = backout_adapters::command::Command::new(program, &target.environment).arg("--version").run().await?;
    let version = said.text().split_whitespace().nth(2).unwrap_or("unknown").to_owned();
    Ok([("pg_dump".to_owned(), version)].into())
}
