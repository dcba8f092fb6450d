//! What events say of pods that could not be made.
//!
//! The only thing that a look makes requests for: a StatefulSet and a DaemonSet say nowhere else that quota or admission refuse
//! their pods. So it is asked only of a workload that has had fewer pods than it wants for a while, and now and then.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use kube::api::ListParams;
use kube::core::DynamicObject;
use tokio::time::Instant;

use crate::cluster::{Cluster, Kind};

/// How long a workload must have been short of pods, and how long an answer is good: one pod after the other is replaced in any
/// rollout.
const PAUSE: Duration = Duration::from_secs(2);

/// Workloads that are short of pods, by their ids.
#[derive(Default)]
pub(crate) struct Refusals {
    short: Mutex<BTreeMap<String, Short>>,
}

/// One that is.
struct Short {
    next: Instant,
    events: Vec<Arc<DynamicObject>>,
}

impl Cluster {
    /// The events that say that pods of some workloads could not be made. They are given by their ids, and whether each is
    /// short of pods now. What cannot be asked is not known.
    pub(crate) async fn refusals(&self, looked_at: &[(String, bool)]) -> Vec<Arc<DynamicObject>> {
        let of_one = async |(uid, is_short): &(String, bool)| {
            if self.refusals.is_due(uid, *is_short) {
                let asked = self.failed_creations(uid).await;
                self.refusals.answered(uid, asked);
            }
            self.refusals.of(uid)
        };
        join_all(looked_at.iter().map(of_one)).await.concat()
    }

    async fn failed_creations(&self, uid: &str) -> Option<Vec<Arc<DynamicObject>>> {
        let fields = format!("involvedObject.uid={uid},reason=FailedCreate,type=Warning");
        let listed = self.api(Kind::Event).await.ok()?.list(&ListParams::default().fields(&fields)).await;
        Some(listed.ok()?.items.into_iter().map(Arc::new).collect())
    }
}

impl Refusals {
    fn is_due(&self, uid: &str, is_short: bool) -> bool {
        let mut short = self.short.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_short {
            short.remove(uid);
            return false;
        }
        let now = Instant::now();
        let known = short.entry(uid.to_owned()).or_insert_with(|| Short { next: now + PAUSE, events: Vec::new() });
        let is_due = known.next <= now;
        if is_due {
            known.next = now + PAUSE;
        }
        is_due
    }

    fn answered(&self, uid: &str, events: Option<Vec<Arc<DynamicObject>>>) {
        let mut short = self.short.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(known), Some(events)) = (short.get_mut(uid), events) {
            known.events = events;
        }
    }

    fn of(&self, uid: &str) -> Vec<Arc<DynamicObject>> {
        let short = self.short.lock().unwrap_or_else(PoisonError::into_inner);
        short.get(uid).map(|known| known.events.clone()).unwrap_or_default()
    }
}
