//! Follows the pods: what is to run runs, and the cluster is told how it does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::cluster::Cluster;
use crate::controllers;
use crate::programs::news::tell;
use crate::programs::{Programs, Wanted, asked};
use crate::wire::Shared;

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(50);
/// Every so many looks programs are asked whether they are ready.
const ASKED_EVERY: u32 = 4;

/// Keeps programs running until they are ended; what they write is kept in that folder.
pub(crate) async fn keep(shared: Arc<Shared>, programs: Arc<Programs>, logs: PathBuf) {
    let mut look = 0_u32;
    loop {
        let Some(mut news) = programs.follow(&shared.look(wanted), &logs) else { return };
        look = look.wrapping_add(1);
        if look.is_multiple_of(ASKED_EVERY) {
            news.extend(programs.hear(asked::all(programs.questions()).await));
        }
        // To change the cluster wakes all watches.
        if !news.is_empty() {
            shared.change(|cluster| news.into_iter().for_each(|(pod, news)| tell(cluster, &pod, news)));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What is to run, by the id of its pod.
fn wanted(cluster: &Cluster) -> Wanted {
    let all = cluster.runs.iter().filter_map(|(id, run)| {
        let (launch, pod) = (run.launch.clone()?, cluster.store.get(cluster.store.key_of(id)?)?);
        let files = controllers::files(cluster, pod, &launch);
        Some((id.clone(), (launch, files)))
    });
    all.collect()
}
