//! A Service as a port of this machine.

use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::Arc;

use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use crate::cluster::{Cluster, Key, kinds, matches_labels, object};
use crate::controllers;
use crate::wire::Shared;

/// Hands each connection on to a pod that the Service leads to, one after the other; where there is none, it is closed.
pub(crate) async fn serve(shared: Arc<Shared>, listener: StdListener, (namespace, name): (String, String)) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut turn = 0_usize;
    loop {
        let Ok((mut client, _)) = listener.accept().await else { continue };
        let pods = shared.look(|cluster| endpoints(cluster, &namespace, &name));
        turn = turn.wrapping_add(1);
        let Some((_, port)) = turn.checked_rem(pods.len()).and_then(|index| pods.get(index)).cloned() else { continue };
        tokio::spawn(async move {
            if let Ok(mut pod) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                // Either side may end it as it likes.
                let _ = tokio::io::copy_bidirectional(&mut client, &mut pod).await;
            }
        });
    }
}

/// The ready pods whose labels the Service selects, by name, with the ports of their programs.
pub(crate) fn endpoints(cluster: &Cluster, namespace: &str, service: &str) -> Vec<(String, u16)> {
    let Some(service) = cluster.store.get(&Key::new(&kinds::SERVICES, namespace, service)) else { return Vec::new() };
    let selector = json!({"matchLabels": object::at(service, "/spec/selector")});
    let pods = cluster.store.list(&kinds::PODS, namespace).map(|(_, pod)| pod);
    let selected = pods.filter(|pod| {
        controllers::is_pod_ready(pod) && matches_labels(&selector, &object::at(pod, "/metadata/labels"))
    });
    let port = |uid: &str| cluster.runs.get(uid).and_then(|run| Some(run.answering?.port));
    selected.filter_map(|pod| Some((object::name(pod).to_owned(), port(object::uid(pod))?))).collect()
}
