//! Noticing that a pod went while something runs in it: the connection may stay open and silent then, for good.

use super::place::Place;
use crate::cluster::{Cluster, Kind};

/// Ends when the container that a program was started in has ended. Costs no request beside the watch of pods.
pub(super) async fn over(cluster: &Cluster, place: &Place) {
    let Ok(pods) = cluster.live(Kind::Pod).await else { return std::future::pending().await };
    let mut changes = pods.changes();
    loop {
        // Not to see is not the same as to see nothing.
        if pods.get(&place.pod).await.is_ok_and(|pod| place.is_over(pod.as_deref())) {
            return;
        }
        if changes.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}
