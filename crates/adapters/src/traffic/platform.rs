//! The port: services of traffic, whose version is where they lead.
//!
//! Contract: where something leads is looked at, never remembered. Before it is switched, a mark is left that it may not have been
//! told everywhere, which goes when it has: a link that leads somewhere says nothing of a proxy that was not told, and a kill
//! between the two must not look like the end.
//!
//! | it leads to          | the mark | is seen as                                          |
//! |----------------------|----------|-----------------------------------------------------|
//! | one of its services  | no       | that version                                        |
//! | one of its services  | yes      | another version, so that it is switched once more   |
//! | nothing              | any      | absent                                              |
//! | anything else        | any      | unknown                                             |

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use backout_core::config::TrafficService;
use backout_core::id::{CheckpointId, Digest, ServiceName};
use backout_core::inventory::{
    Artifact, BlobRef, Detail, Fact, Health, Instance, InstanceState, Running, Seen, TrafficArtifact, Version,
};
use backout_core::journal::Former;
use backout_core::plan::Switch;
use backout_core::port::{
    Barrier, Blobs, Captured, Clock, Content, EventSink, Evidence, Files, Pending, Platform, PortError, Preflight,
};
use futures_util::future::join_all;

use crate::files::HostFiles;

/// Permission bits of a mark.
const MODE: u32 = 0o600;

/// A service of traffic, and what leads it to each of its services.
pub struct Lead {
    /// As it is configured.
    pub service: TrafficService,
    /// What switches it, by where it leads then: all of the same link, or of the same object.
    pub by: BTreeMap<ServiceName, Arc<dyn Barrier>>,
}

/// What traffic is switched with.
#[derive(Clone)]
pub struct TrafficOptions {
    /// The folder for marks; of one environment alone.
    pub folder: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The services of traffic of one environment.
pub struct TrafficPlatform {
    leads: BTreeMap<ServiceName, Lead>,
    options: TrafficOptions,
}

impl TrafficPlatform {
    /// Knows services by what switches them. Looks at nothing yet.
    #[must_use]
    pub fn new(leads: BTreeMap<ServiceName, Lead>, options: TrafficOptions) -> Self {
        Self { leads, options }
    }

    fn lead(&self, name: &ServiceName) -> Result<&Lead, PortError> {
        self.leads.get(name).ok_or_else(|| {
            PortError::new(format!("`{name}` leads nowhere in this environment"))
                .hint("it may have been renamed in the configuration since")
        })
    }

    /// Where it leads; `None` where there is nothing that could lead anywhere.
    async fn leads_to(&self, name: &ServiceName) -> Result<Option<&ServiceName>, PortError> {
        let lead = self.lead(name)?;
        let Some(any) = lead.by.values().next() else { return Ok(None) };
        let found = any.look(&Unkept).await?;
        if found == Former::Absent {
            return Ok(None);
        }
        let known = lead.by.keys().map(|to| format!("`{to}`")).collect::<Vec<_>>().join(", ");
        let elsewhere = || {
            PortError::new(format!("{} leads `{name}` to none of {known}", any.name()))
                .hint("lead it to one of them by hand, or add where it leads under `to`")
        };
        lead.service.leads_to(&found).ok_or_else(elsewhere).map(Some)
    }

    async fn look(&self, name: &ServiceName) -> Result<Seen, PortError> {
        let Some(to) = self.leads_to(name).await? else { return Ok(Seen::Absent) };
        let is_marked = HostFiles.read(&self.mark(name)).await?.is_some();
        let code = if is_marked { format!("{to}, not told everywhere") } else { to.to_string() };
        Ok(Seen::Present(running(name, code)))
    }

    async fn observe_one(&self, name: &ServiceName) -> Fact {
        let seen = self.look(name).await.unwrap_or_else(|error| Seen::Unknown { why: error.what });
        Fact { service: name.clone(), observed_at: self.options.clock.now(), seen, files: BTreeMap::new() }
    }

    async fn lead_to(&self, artifact: &Artifact, blobs: &dyn Blobs) -> Result<(), PortError> {
        let name = &artifact.service;
        let by = self.by(artifact)?;
        let (mark, content) = (self.mark(name), Content { bytes: Vec::new(), mode: MODE });
        HostFiles.write(&mark, Some(&content)).await?;
        let before = by.look(blobs).await?;
        by.raise(&before, blobs).await?;
        HostFiles.write(&mark, None).await?;
        Ok(())
    }

    /// What leads to where an artifact led.
    fn by(&self, artifact: &Artifact) -> Result<&Arc<dyn Barrier>, PortError> {
        let name = &artifact.service;
        let Detail::Traffic(TrafficArtifact { to }) = &artifact.detail else {
            return Err(PortError::new(format!("`{name}` was no traffic when the checkpoint was taken"))
                .hint("take it back by hand, and a new checkpoint: `backout checkpoint create`"));
        };
        self.lead(name)?.by.get(to).ok_or_else(|| {
            PortError::new(format!("`{name}` led to `{to}`, which is not under its `to` any more"))
                .hint("add it to the configuration again")
        })
    }

    fn mark(&self, name: &ServiceName) -> String {
        self.options.folder.join(format!("{name}.not-told")).display().to_string()
    }
}

/// The one instance that something that leads somewhere has.
fn running(name: &ServiceName, code: String) -> Running {
    let instance = Instance {
        id: name.to_string(),
        name: name.to_string(),
        version: version(&code),
        state: InstanceState::Running,
        health: Health::Unchecked,
        since: None,
        restarts: 0,
    };
    Running {
        label: code,
        wanted: 1,
        instances: vec![instance],
        unready: Vec::new(),
        trouble: None,
        busy: None,
        next: None,
    }
}

fn version(code: &str) -> Version {
    Version { code: code.to_owned(), spec: String::new() }
}

/// Keeps nothing: where a link leads has no content, and a file that is there instead is none of what is looked for.
struct Unkept;

impl Blobs for Unkept {
    fn put<'a>(&'a self, content: &'a [u8]) -> Pending<'a, Result<BlobRef, PortError>> {
        let bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
        Box::pin(std::future::ready(Ok(BlobRef { digest: Digest::of(content), bytes })))
    }

    fn get<'a>(&'a self, _: &'a BlobRef) -> Pending<'a, Result<Vec<u8>, PortError>> {
        Box::pin(std::future::ready(Err(PortError::new("nothing was kept of what was there"))))
    }

    fn digest(&self, content: &[u8]) -> Digest {
        Digest::of(content)
    }
}

impl Platform for TrafficPlatform {
    fn observe<'a>(&'a self, services: &'a [ServiceName]) -> Pending<'a, Vec<Fact>> {
        Box::pin(join_all(services.iter().map(|name| self.observe_one(name))))
    }

    fn capture<'a>(
        &'a self,
        services: &'a [ServiceName],
        _: &'a CheckpointId,
        _: &'a dyn Blobs,
    ) -> Pending<'a, Result<Captured, PortError>> {
        Box::pin(async move {
            let mut captured = Captured::default();
            for name in services {
                let Some(to) = self.leads_to(name).await? else {
                    captured.absent.push(name.clone());
                    continue;
                };
                captured.artifacts.push(Artifact {
                    service: name.clone(),
                    version: version(to.as_str()),
                    label: to.to_string(),
                    replicas: 1,
                    files: Vec::new(),
                    detail: Detail::Traffic(TrafficArtifact { to: to.clone() }),
                });
            }
            Ok(captured)
        })
    }

    /// Whether what it leads to works is asked of that service: it goes back first.
    fn preflight<'a>(&'a self, artifact: &'a Artifact, _: &'a dyn Blobs) -> Pending<'a, Preflight> {
        let found = match self.by(artifact) {
            Ok(_) => Preflight::Present,
            Err(error) => Preflight::Gone { why: error.what },
        };
        Box::pin(std::future::ready(found))
    }

    fn switch<'a>(&'a self, switch: &'a Switch, blobs: &'a dyn Blobs) -> Pending<'a, Result<(), PortError>> {
        Box::pin(self.lead_to(&switch.to, blobs))
    }

    fn stop<'a>(&'a self, service: &'a ServiceName, _: u64) -> Pending<'a, Result<(), PortError>> {
        let error =
            PortError::new(format!("`{service}` led nowhere when the checkpoint was taken, and leads users now"))
                .hint("take it away by hand, once nobody uses it");
        Box::pin(std::future::ready(Err(error)))
    }

    /// Nothing is pinned: where it led is a name.
    fn release<'a>(&'a self, _: &'a CheckpointId, _: &'a [Artifact]) -> Pending<'a, Result<(), PortError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn evidence<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Vec<Evidence>> {
        Box::pin(async move {
            let content = match self.leads_to(service).await {
                Ok(Some(to)) => format!("leads to {to}\n"),
                Ok(None) => "leads nowhere\n".to_owned(),
                Err(error) => format!("{error}\n"),
            };
            vec![Evidence { name: format!("{service}.leads-to.txt"), content: content.into_bytes() }]
        })
    }

    /// A link tells nobody that it was switched: it is looked at as often as everything.
    fn events<'a>(&'a self, _: EventSink) -> Pending<'a, ()> {
        Box::pin(std::future::pending())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use backout_core::config::{BarrierFile, BarrierKind, WhenOn};
    use backout_core::plan::SwitchOrder;
    use jiff::Timestamp;

    use super::*;
    use crate::command::{Command, Environment};
    use crate::maintenance::FileBarrier;

    /// Nothing here waits.
    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn sleep(&self, _: std::time::Duration) -> Pending<'_, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    fn name(text: &str) -> ServiceName {
        ServiceName::new(text).unwrap()
    }

    /// A front that leads to blue or green by a link, and tells its proxy by a command.
    fn front(folder: &Path, reload: &str) -> TrafficPlatform {
        let path = folder.join("upstream.conf");
        let environment = Environment::from([("PATH".into(), "/usr/bin:/bin".into())]);
        let reload = || Some(Command::new("sh", &environment).args(["-c", reload]).folder(folder));
        let kind = |to: &str| {
            let file = BarrierFile {
                path: path.display().to_string(),
                when_on: WhenOn::Link(format!("{to}.conf")),
                check: None,
                reload: None,
            };
            (name(to), BarrierKind::File(file))
        };
        let barrier = |to: &str| {
            let barrier = FileBarrier::new(path.clone(), WhenOn::Link(format!("{to}.conf")), None, reload());
            (name(to), Arc::new(barrier) as Arc<dyn Barrier>)
        };
        let service = TrafficService { to: ["blue", "green"].map(kind).into() };
        let lead = Lead { service, by: ["blue", "green"].map(barrier).into() };
        let options = TrafficOptions { folder: folder.join("marks"), clock: Arc::new(Still) };
        TrafficPlatform::new([(name("front"), lead)].into(), options)
    }

    async fn seen(platform: &TrafficPlatform) -> Seen {
        platform.observe(&[name("front")]).await.remove(0).seen
    }

    fn leading_to(seen: &Seen) -> &str {
        match seen {
            Seen::Present(running) => &running.label,
            other => panic!("{other:?}"),
        }
    }

    async fn captured(platform: &TrafficPlatform) -> Artifact {
        let checkpoint = CheckpointId::mint(Timestamp::UNIX_EPOCH, 1);
        platform.capture(&[name("front")], &checkpoint, &Unkept).await.unwrap().artifacts.remove(0)
    }

    fn switch(to: Artifact) -> Switch {
        Switch {
            from: None,
            from_label: None,
            to,
            files: Vec::new(),
            order: SwitchOrder::StopFirst,
            grace_ms: 0,
            only: None,
        }
    }

    #[tokio::test]
    async fn users_are_led_where_they_were_led_and_the_proxy_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("upstream.conf");
        let platform = front(folder.path(), "readlink upstream.conf >> told");
        symlink("blue.conf", &link).unwrap();
        let before = captured(&platform).await;
        fs::remove_file(&link).unwrap();
        symlink("green.conf", &link).unwrap();
        assert_eq!(leading_to(&seen(&platform).await), "green");
        platform.switch(&switch(before.clone()), &Unkept).await.unwrap();
        assert_eq!(leading_to(&seen(&platform).await), "blue");
        platform.switch(&switch(before), &Unkept).await.unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("told")).unwrap(), "blue.conf\nblue.conf\n");
    }

    #[tokio::test]
    async fn a_proxy_that_was_not_told_is_told_once_more() {
        let folder = tempfile::tempdir().unwrap();
        symlink("blue.conf", folder.path().join("upstream.conf")).unwrap();
        let before = captured(&front(folder.path(), "exit 0")).await;
        let deaf = front(folder.path(), "exit 1");
        deaf.switch(&switch(before.clone()), &Unkept).await.unwrap_err();
        assert_eq!(leading_to(&seen(&deaf).await), "blue, not told everywhere");
        let platform = front(folder.path(), "exit 0");
        platform.switch(&switch(before), &Unkept).await.unwrap();
        assert_eq!(leading_to(&seen(&platform).await), "blue");
    }

    #[tokio::test]
    async fn what_leads_elsewhere_is_unknown_and_what_is_not_there_is_absent() {
        let folder = tempfile::tempdir().unwrap();
        let platform = front(folder.path(), "exit 0");
        assert_eq!(seen(&platform).await, Seen::Absent);
        symlink("red.conf", folder.path().join("upstream.conf")).unwrap();
        let Seen::Unknown { why } = seen(&platform).await else { panic!("it is known") };
        assert!(why.contains("to none of `blue`, `green`"), "{why}");
    }
}
