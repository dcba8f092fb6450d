//! What is kept of pods that went bad, before they are replaced: logs, state, events.

use std::collections::BTreeSet;

use backout_core::port::{Evidence, LogSink, LogSpan, PortError};
use jiff::Timestamp;
use kube::api::ListParams;
use kube::core::DynamicObject;

use super::objects::{Objects, Workloads};
use super::output::{logs, missing, output};
use crate::cluster::{Kind, failed};
use crate::object::{name, text};
use crate::pods::{Family, Member};

impl Workloads<'_> {
    /// The last lines, the state and the events of the pods; the name of the list of events begins with `title`.
    ///
    /// # Errors
    /// The pods cannot be seen.
    pub(crate) async fn evidence(&self, title: &str, now: Timestamp) -> Result<Vec<Evidence>, PortError> {
        let objects = self.objects().await?;
        let mut all = Vec::new();
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for family in self.families(&objects) {
            all.extend(logs(self.cluster, &family.members, now).await);
            all.extend(family.members.iter().map(|member| state(member.pod)));
            names.insert(name(family.workload));
            names.extend(family.members.iter().flat_map(|it| [Some(it.pod), it.revision]).flatten().map(name));
        }
        all.push(self.events(title, &names).await);
        Ok(all)
    }

    /// Hands over what the containers of all pods have written.
    ///
    /// # Errors
    /// The pods cannot be seen, or a log cannot be read.
    pub(crate) async fn output(&self, span: LogSpan, sink: LogSink<'_>) -> Result<(), PortError> {
        let objects = self.objects().await?;
        output(self.cluster, &self.members(&objects), span, sink).await
    }

    fn members<'b>(&self, objects: &'b Objects) -> Vec<Member<'b>> {
        self.families(objects).into_iter().flat_map(|family: Family<'b>| family.members).collect()
    }

    /// The events of some objects, one a line.
    async fn events(&self, title: &str, names: &BTreeSet<&str>) -> Evidence {
        let file = format!("{title}.events.txt");
        let listed = async {
            let listed = self.cluster.api(Kind::Event).await?.list(&ListParams::default()).await;
            listed.map_err(|error| failed("events could not be listed", &error))
        };
        let listed = match listed.await {
            Ok(listed) => listed.items,
            Err(error) => return missing(&file, &error),
        };
        let is_own = |event: &&DynamicObject| {
            text(&event.data, "/involvedObject/name").is_some_and(|object| names.contains(object))
        };
        let mut lines: Vec<String> = listed.iter().filter(is_own).map(line).collect();
        lines.sort_unstable();
        Evidence { name: file, content: lines.concat().into_bytes() }
    }
}

fn line(event: &DynamicObject) -> String {
    let part = |pointer| text(&event.data, pointer).unwrap_or_default();
    let at = if part("/lastTimestamp").is_empty() { part("/eventTime") } else { part("/lastTimestamp") };
    let (kind, object) = (part("/involvedObject/kind"), part("/involvedObject/name"));
    format!("{at} {} {kind}/{object} {}: {}\n", part("/type"), part("/reason"), part("/message"))
}

fn state(pod: &DynamicObject) -> Evidence {
    let status = pod.data.get("status").cloned().unwrap_or_default();
    Evidence { name: format!("{}.status.json", name(pod)), content: format!("{status:#}\n").into_bytes() }
}
