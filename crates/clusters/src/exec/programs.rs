//! The ports: programs and files where a service runs, and checks in its containers.

use std::sync::Arc;
use std::time::Duration;

use backout_adapters::probe::{ContainerExec, ContainerOutput, NotExecuted};
use backout_core::id::ServiceName;
use backout_core::port::{Errand, ErrandOutput, Inside, Overlay, Pending, PortError};

use super::attached::{Broken, Order, run};
use super::place::Place;
use super::script;
use super::workload::HasPods;
use crate::cluster::{Cluster, Kind};
use crate::workloads::Workloads;

/// How much of what a program writes is kept of each stream, in bytes.
const OUTPUT: usize = 4 * 1024 * 1024;
/// The same of a check.
const OUTPUT_OF_CHECK: usize = 16 * 1024;
/// How large an archive of files may be, in bytes.
const ARCHIVE: usize = 256 * 1024 * 1024;
/// How long it may take to read files, or to copy a release.
const FILES_WITHIN: Duration = Duration::from_secs(120);

/// How long a pod is waited for that is to come: one that went takes a moment to be replaced.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Programs in the pods of the services of one platform.
pub struct Programs {
    whose: Arc<dyn HasPods>,
}

/// A container of a service.
struct Container {
    cluster: Arc<Cluster>,
    place: Place,
}

impl Programs {
    /// Programs in these pods. Nothing is connected to before something is asked.
    #[must_use]
    pub fn new(whose: Arc<dyn HasPods>) -> Self {
        Self { whose }
    }

    /// A container in which a program of a service can be run. Where none is ready and one is to come, it is waited for.
    async fn container(&self, service: &ServiceName, patience: Duration) -> Result<Container, PortError> {
        let of_service = |error: PortError| PortError { what: format!("`{service}`: {}", error.what), ..error };
        let (cluster, workload) = self.whose.pods(service).await?.chosen().map_err(of_service)?;
        let workloads = Workloads::new(&cluster, vec![(workload.kind, workload.name.clone())]);
        let mut changes = cluster.live(Kind::Pod).await?.changes();
        let mut seen = look(&workloads).await?;
        let waited = async {
            while seen == Some(None) && changes.changed().await.is_ok() {
                seen = look(&workloads).await?;
            }
            Ok::<(), PortError>(())
        };
        tokio::time::timeout(patience, waited).await.unwrap_or(Ok(()))?;
        let place = seen.flatten().ok_or_else(|| {
            PortError::new(format!("no pod of `{workload}` is ready, so that no program of `{service}` can be run"))
                .hint("have one run again, then go on; or go back without it, by a restore point")
        })?;
        Ok(Container { cluster, place })
    }

    async fn errand(&self, errand: &Errand) -> Result<ErrandOutput, PortError> {
        let container = self.container(&errand.service, READY_WITHIN).await?;
        let copy = match &errand.files {
            Some(files) => Some(container.copied(files).await?),
            None => None,
        };
        let argv = script::wrapped(&errand.argv, &errand.variables, (errand.limit, copy.as_deref()));
        let order = Order { argv, input: &[], limit: errand.limit, most: OUTPUT };
        let done = run(&container.cluster, &container.place, &order).await;
        let what = format!("`{}` in pod `{}`", errand.argv.join(" "), container.place.pod);
        done.map(|done| done.output).map_err(|broken| in_words(&what, broken, errand.limit))
    }

    async fn archive(&self, service: &ServiceName, folder: &str) -> Result<Vec<u8>, PortError> {
        let container = self.container(service, READY_WITHIN).await?;
        let order = Order { argv: script::archive(folder), input: &[], limit: FILES_WITHIN, most: ARCHIVE };
        let what = format!("`{folder}` of `{service}` (pod `{}`) cannot be read", container.place.pod);
        let done = run(&container.cluster, &container.place, &order).await;
        let done = done.map_err(|broken| in_words(&format!("{what}: `tar`"), broken, FILES_WITHIN))?;
        let said = String::from_utf8_lossy(&done.output.stderr);
        match done.output.code {
            _ if done.is_cut => Err(PortError::new(format!("{what}: it holds more than {} MiB", ARCHIVE >> 20))
                .hint("name the folder of the migrations alone: `folder` of `migrations`")),
            // A file that grew while it was read, which no migration does.
            0 | 1 if !done.output.stdout.is_empty() => Ok(done.output.stdout),
            _ => Err(PortError::new(format!("{what}: {}", said.trim()))),
        }
    }

    async fn check(
        &self,
        service: &ServiceName,
        argv: &[String],
        limit: Duration,
    ) -> Result<ContainerOutput, NotExecuted> {
        let not_run = |error: &PortError| NotExecuted::NotRun { why: error.to_string() };
        let container = self.container(service, Duration::ZERO).await.map_err(|error| not_run(&error))?;
        let order = |argv: Vec<String>| Order { argv, input: &[], limit, most: OUTPUT_OF_CHECK };
        let wrapped = order(script::wrapped(argv, &std::collections::BTreeMap::new(), (limit, None)));
        let ended = match run(&container.cluster, &container.place, &wrapped).await {
            // An image without a shell. A check may be made twice.
            Err(Broken::NotStarted { .. }) => run(&container.cluster, &container.place, &order(argv.to_vec())).await,
            ended => ended,
        };
        match ended {
            Ok(done) => {
                let output = [done.output.stdout, done.output.stderr].concat();
                Ok(ContainerOutput { exit_code: done.output.code, output })
            }
            Err(Broken::TimedOut) => Err(NotExecuted::TimedOut),
            Err(Broken::Refused(error)) => Err(not_run(&error)),
            Err(Broken::NotStarted { why } | Broken::Lost { why }) => Err(NotExecuted::NotRun { why }),
        }
    }
}

/// The place of a workload; `Some(None)` where a pod is to come, and `None` where none is.
async fn look(workloads: &Workloads<'_>) -> Result<Option<Option<Place>>, PortError> {
    let objects = workloads.objects().await?;
    let families = workloads.families(&objects);
    let there = families.first().filter(|family| family.wanted() > 0);
    Ok(there.map(Place::of))
}

impl Container {
    /// Makes a copy of the service's release with files over it, and says where it is.
    async fn copied(&self, files: &Overlay) -> Result<String, PortError> {
        let argv = script::copy(&files.folder, files.tar.len());
        let order = Order { argv, input: &files.tar, limit: FILES_WITHIN, most: OUTPUT_OF_CHECK };
        let what = format!("no copy of the release in pod `{}` could be made to run in", self.place.pod);
        let done = run(&self.cluster, &self.place, &order).await;
        let output = done.map_err(|broken| in_words(&format!("{what}: the copy"), broken, FILES_WITHIN))?.output;
        match (output.code, String::from_utf8(output.stdout)) {
            (0, Ok(place)) if !place.is_empty() => Ok(place),
            _ => Err(PortError::new(format!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim())).hint(
                "a release that lacks the migrations is copied to `/tmp` of its pod, with `cp` and `tar` of its image",
            )),
        }
    }
}

/// What became of something of which nobody saw the end.
fn in_words(what: &str, broken: Broken, limit: Duration) -> PortError {
    match broken {
        Broken::Refused(error) => PortError { what: format!("{what} was not run: {}", error.what), ..error },
        Broken::NotStarted { why } => PortError::new(format!("{what} could not be run: {why}"))
            .hint("the image needs a shell, `sh`; or go back without the program, by a restore point"),
        Broken::Lost { why } => PortError::new(format!("{what}: {why}, and whether it did its work is not known"))
            .hint("going on looks at what was done, and does the rest"),
        Broken::TimedOut => PortError::new(format!("{what} did not end within {} s, and was ended", limit.as_secs())),
    }
}

impl Inside for Programs {
    fn run<'a>(&'a self, errand: &'a Errand) -> Pending<'a, Result<ErrandOutput, PortError>> {
        Box::pin(self.errand(errand))
    }

    fn fetch<'a>(&'a self, service: &'a ServiceName, folder: &'a str) -> Pending<'a, Result<Vec<u8>, PortError>> {
        Box::pin(self.archive(service, folder))
    }
}

impl ContainerExec for Programs {
    fn exec<'a>(
        &'a self,
        service: &'a ServiceName,
        argv: &'a [String],
        limit: Duration,
    ) -> Pending<'a, Result<ContainerOutput, NotExecuted>> {
        Box::pin(self.check(service, argv, limit))
    }
}
