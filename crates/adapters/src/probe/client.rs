//! The prober: chooses how a probe is performed, and nothing else.

use std::path::PathBuf;
use std::sync::Arc;

use backout_core::config::{Place, Probe, ProbeKind, VersionQuestion};
use backout_core::detect::{Patterns, Said};
use backout_core::id::ServiceName;
use backout_core::port::{Clock, Pending, Platform, ProbeOutcome, Prober, Reading};
use rustix::process::{Resource, getrlimit};

use super::connect::Endpoint;
use super::container::SeenRunning;
use super::http::Lines;
use super::outcome::{Performed, answered, not_performed, prepared};
use super::redact::Lookup;
use super::tls::install_crypto;
use super::trust::Trust;
use super::{ContainerExec, container, exec, http, postgres, redis};
use crate::command::Environment;
use crate::secret::Secrets;

/// What probes are performed with.
pub struct Wiring {
    /// Where secrets are looked up.
    pub secrets: Arc<Secrets>,
    /// What commands on the host see as their environment.
    pub environment: Environment,
    /// Where commands on the host run: the folder of the configuration.
    pub folder: PathBuf,
    /// Who runs commands in containers, for which services.
    pub containers: Vec<(Vec<ServiceName>, Arc<dyn ContainerExec>)>,
    /// Who knows the state of which services.
    pub platforms: Vec<(Vec<ServiceName>, Arc<dyn Platform>)>,
    /// The time, for how long a certificate is still valid.
    pub clock: Arc<dyn Clock>,
}

/// Performs probes of every kind. Keeps no task or thread between two probes, and no connection but those of HTTP probes that
/// say so.
pub struct ProbeClient {
    wiring: Wiring,
    trust: Trust,
    lines: Lines,
    at_once: usize,
    patterns: Patterns,
    seen: SeenRunning,
}

impl ProbeClient {
    /// A prober. Installs the process's provider of cryptography, if there is none.
    #[must_use]
    pub fn new(wiring: Wiring) -> Self {
        install_crypto();
        let (at_once, kept) = shares(getrlimit(Resource::Nofile).current);
        let (trust, lines) = (Trust::new(wiring.folder.clone()), Lines::with_room_for(kept));
        Self { wiring, trust, lines, at_once, patterns: Patterns::default(), seen: SeenRunning::default() }
    }

    fn asker(&self) -> http::Asker<'_> {
        let Self { trust, lines, patterns, wiring, .. } = self;
        http::Asker { trust, lines, clock: &*wiring.clock, patterns }
    }

    /// What there may be thousands of at once, and what is rare stands in boxes beside it: a future is as large as the largest
    /// thing that it may wait for.
    async fn perform(&self, service: &ServiceName, probe: &Probe, lookup: &mut Lookup<'_>) -> Performed {
        let wiring = &self.wiring;
        match &probe.kind {
            ProbeKind::Http(http) => http::probe(&self.asker(), lookup, (service, probe), http).await,
            ProbeKind::Tcp { address } => tcp(address, probe).await,
            ProbeKind::Exec { argv, place: Place::Host } => {
                Box::pin(exec::on_host((&wiring.environment, &wiring.folder), argv, probe.timeout)).await
            }
            ProbeKind::Exec { argv, place: Place::Container } => {
                let containers = of(&wiring.containers, service)?;
                Box::pin(exec::in_container(&**containers, service, argv, probe.timeout)).await
            }
            ProbeKind::Postgres { url, query } => {
                Box::pin(postgres::probe(self.trust.system(), lookup, probe, (url, query.as_deref()))).await
            }
            ProbeKind::Redis { url } => Box::pin(redis::probe(self.trust.system(), lookup, probe, url)).await,
            ProbeKind::Container => {
                let platform = of(&wiring.platforms, service)?;
                Box::pin(container::probe(&**platform, &self.seen, service, probe.timeout)).await
            }
        }
    }
}

impl Prober for ProbeClient {
    fn probe<'a>(&'a self, service: &'a ServiceName, probe: &'a Probe) -> Pending<'a, Reading> {
        Box::pin(async move {
            let mut lookup = Lookup::new(&self.wiring.secrets);
            let performed = self.perform(service, probe, &mut lookup).await;
            lookup.masked(performed.unwrap_or_else(|outcome| Reading { outcome, latency: None }))
        })
    }

    fn version<'a>(&'a self, _service: &'a ServiceName, question: &'a VersionQuestion) -> Pending<'a, Said> {
        Box::pin(async move {
            let mut lookup = Lookup::new(&self.wiring.secrets);
            let said = http::version(&self.asker(), &mut lookup, question).await;
            let said = said.unwrap_or_else(|outcome| Err(outcome.what()));
            said.map(|says| lookup.mask(&says)).map_err(|why| lookup.mask(&why))
        })
    }

    fn at_once(&self) -> usize {
        self.at_once
    }
}

/// How many probes may be under way at once, and how many connections are kept between two probes: a quarter and five
/// eighths of the descriptors that this process may open. The rest is for everything else that it does.
fn shares(descriptors: Option<u64>) -> (usize, usize) {
    let descriptors = usize::try_from(descriptors.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    ((descriptors / 4).max(16), descriptors / 8 * 5)
}

async fn tcp(address: &str, probe: &Probe) -> Performed {
    let (endpoint, addresses) = prepared(probe.timeout, async {
        let endpoint = Endpoint::parse(address)?;
        let addresses = endpoint.resolve().await?;
        Ok((endpoint, addresses))
    })
    .await?;
    let (stream, took) = answered(probe.timeout, endpoint.connect(&addresses)).await?;
    drop(stream);
    let outcome = ProbeOutcome::AsExpected { what: format!("{endpoint} accepts connections") };
    Ok(Reading { outcome, latency: Some(took) })
}

/// Who is in charge of a service.
fn of<'a, T: ?Sized>(all: &'a [(Vec<ServiceName>, Arc<T>)], service: &ServiceName) -> Performed<&'a Arc<T>> {
    let found = all.iter().find(|(services, _)| services.contains(service)).map(|(_, found)| found);
    found.ok_or_else(|| not_performed(format!("the platform of `{service}` has no containers to look at or run in")))
}
