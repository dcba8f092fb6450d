//! What leads users to one of several other services.

use std::collections::BTreeMap;

use crate::config::leaf::Word;
use crate::config::raw::RawTraffic;
use crate::config::read::{Either, Located, Map, MapEntry, Scalar};
use crate::config::resolve::context::Context;
use crate::config::{BarrierFile, BarrierKind, ClusterAccess, Redirect, TrafficService, WhenOn};
use crate::id::ServiceName;

/// Where something can lead, as it is written.
type RawTarget = Either<Scalar<String>, Map<Scalar<Word>>>;

/// Resolves it. Whether the services are there is found when all of them are known.
pub(super) fn traffic(
    raw: &RawTraffic,
    cluster: Option<ClusterAccess>,
    context: &mut Context<'_>,
) -> Option<TrafficService> {
    if !context.has_one(raw.at(), &[raw.link.key(), raw.service.key()], "traffic", "`link` and `service`") {
        return None;
    }
    let entries = &raw.to.value()?.0;
    if entries.len() < 2 {
        let at = raw.to.key().unwrap_or(raw.at());
        let hint = "write `to: { blue: blue.conf, green: green.conf }`".to_owned();
        context.contradiction(at, "what leads to one service only leads nowhere else".to_owned(), hint);
        return None;
    }
    let to: Option<BTreeMap<ServiceName, BarrierKind>> = match raw.service.key() {
        Some(_) => by_selector(raw, entries, cluster, context),
        None => by_link(raw, entries, context),
    };
    Some(TrafficService { to: to? })
}

fn by_link(
    raw: &RawTraffic,
    entries: &[MapEntry<RawTarget>],
    context: &mut Context<'_>,
) -> Option<BTreeMap<ServiceName, BarrierKind>> {
    let (path, check, reload) = (context.value(&raw.link), context.argv(&raw.check), context.argv(&raw.reload));
    let mut to = BTreeMap::new();
    for entry in entries {
        let service = context.name::<ServiceName>(&entry.key, entry.at);
        let link = match entry.value.as_ref() {
            Some(Either::Short(link)) => context.scalar(link),
            Some(Either::Long(_)) => {
                let hint = "write where the link leads then: `blue: blue.conf`".to_owned();
                context.contradiction(entry.at, format!("`{}` has labels, and a link has none", entry.key), hint);
                None
            }
            None => None,
        };
        let (check, reload) = (check.clone(), reload.clone());
        let leading = path.clone().zip(link);
        let file = leading.map(|(path, link)| BarrierFile { path, when_on: WhenOn::Link(link), check, reload });
        to.extend(service.zip(file.map(BarrierKind::File)));
    }
    (to.len() == entries.len()).then_some(to)
}

/// The cluster is that of the service or of the environment.
fn by_selector(
    raw: &RawTraffic,
    entries: &[MapEntry<RawTarget>],
    cluster: Option<ClusterAccess>,
    context: &mut Context<'_>,
) -> Option<BTreeMap<ServiceName, BarrierKind>> {
    if let Some(at) = raw.check.key().or(raw.reload.key()) {
        let message = "`check` and `reload` are for `link`, which is not set".to_owned();
        context.contradiction(at, message, "remove them: a Service needs neither".to_owned());
    }
    if cluster.is_none() {
        let hint = "add `platform: { kubernetes: { context: NAME, namespace: NAME } }`".to_owned();
        context.contradiction(raw.at(), "nothing says on which cluster the Service is".to_owned(), hint);
    }
    let (Word(name), cluster) = (context.value(&raw.service)?, cluster?);
    let mut to = BTreeMap::new();
    for entry in entries {
        let service = context.name::<ServiceName>(&entry.key, entry.at);
        let selector = match entry.value.as_ref() {
            Some(Either::Long(labels)) => selector(labels, context),
            _ => BTreeMap::new(),
        };
        if selector.is_empty() {
            let hint = "write the whole selector of the Service then: `blue: { app: web, color: blue }`".to_owned();
            context.contradiction(entry.at, format!("`{}` has no labels", entry.key), hint);
            continue;
        }
        let redirect = Redirect::Service { name: name.clone(), selector };
        let kind = BarrierKind::Cluster { cluster: cluster.clone(), redirect };
        to.extend(service.map(|service| (service, kind)));
    }
    (to.len() == entries.len()).then_some(to)
}

fn selector(labels: &Map<Scalar<Word>>, context: &mut Context<'_>) -> BTreeMap<String, String> {
    let labels = labels.0.iter().filter_map(|label| Some((label.key.clone(), context.scalar(label.value.as_ref()?)?)));
    labels.map(|(key, Word(value))| (key, value)).collect()
}
