//! The journal and its leases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backout_core::hook::AlertState;
use backout_core::id::{AlertName, Digest, EnvironmentName, FencingToken, RunId};
use backout_core::journal::{Body, FORMAT, Record, chain};
use backout_core::policy::Approval;
use backout_core::port::{Clock, Holder, Lease, Pending, Store, StoreError};

use super::Fuse;

/// A journal in memory, with the rules of the real one: every record goes through its text form, an expired lease that
/// nobody took over is still good for writing, and each new holder gets a higher token. Clones share it.
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    alerts: Arc<Mutex<BTreeMap<AlertName, AlertState>>>,
    clock: Arc<dyn Clock>,
    fuse: Fuse,
}

#[derive(Default)]
struct State {
    records: Vec<Record>,
    leases: BTreeMap<EnvironmentName, (FencingToken, Option<Holder>)>,
    refused: Option<&'static str>,
}

impl MemoryStore {
    /// An empty journal.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, fuse: Fuse) -> Self {
        Self { state: Arc::default(), alerts: Arc::default(), clock, fuse }
    }

    /// Every record, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Record> {
        self.state().records.clone()
    }

    /// From now on an alert stands like this.
    pub fn tell(&self, alert: &AlertName, state: AlertState) {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner).insert(alert.clone(), state);
    }

    /// From now on no record of this kind is taken; `None` takes all again.
    pub fn refuse(&self, kind: Option<&'static str>) {
        self.state().refused = kind;
    }

    /// Somebody says something about the plan of a run, beside it and without a lease.
    ///
    /// # Errors
    /// None in practice: what is said can be written.
    pub fn agree(&self, environment: &EnvironmentName, run: &RunId, approval: Approval) -> Result<Record, StoreError> {
        self.push(environment, Some(run), &Body::Approved { approval })
    }

    /// Takes the lease of an environment from whoever has it, as if it had expired.
    ///
    /// # Errors
    /// None in practice: nobody can hold it against this.
    pub fn seize(&self, environment: &EnvironmentName, holder: &str, ttl: Duration) -> Result<Lease, StoreError> {
        if let Some((_, held)) = self.state().leases.get_mut(environment) {
            *held = None;
        }
        self.take(environment, holder, ttl)
    }

    fn take(&self, environment: &EnvironmentName, holder: &str, ttl: Duration) -> Result<Lease, StoreError> {
        let now = self.clock.now();
        let mut state = self.state();
        let (token, held) = state.leases.get(environment).cloned().unwrap_or((FencingToken(0), None));
        if let Some(Holder { holder, until, .. }) = held.filter(|held| held.until > now) {
            return Err(StoreError::Held { environment: environment.clone(), holder, until });
        }
        let token = FencingToken(token.0 + 1);
        let until = now.checked_add(ttl).unwrap_or(jiff::Timestamp::MAX);
        let held = Holder { holder: holder.to_owned(), until, token };
        state.leases.insert(environment.clone(), (token, Some(held)));
        Ok(Lease { environment: environment.clone(), token, holder: holder.to_owned() })
    }

    fn prolong(&self, lease: &Lease, ttl: Duration) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut state = self.state();
        match state.leases.get_mut(&lease.environment) {
            Some((token, Some(held))) if *token == lease.token => {
                held.until = now.checked_add(ttl).unwrap_or(jiff::Timestamp::MAX);
                Ok(())
            }
            _ => Err(StoreError::Fenced { environment: lease.environment.clone() }),
        }
    }

    fn give_back(&self, lease: &Lease) {
        let mut state = self.state();
        if let Some((token, held)) = state.leases.get_mut(&lease.environment)
            && *token == lease.token
        {
            *held = None;
            token.0 += 1;
        }
    }

    fn write(&self, lease: &Lease, run: Option<&RunId>, body: &Body) -> Result<Record, StoreError> {
        match self.state().leases.get(&lease.environment) {
            Some((token, Some(_))) if *token == lease.token => {}
            _ => return Err(StoreError::Fenced { environment: lease.environment.clone() }),
        }
        self.push(&lease.environment, run, body)
    }

    fn push(&self, environment: &EnvironmentName, run: Option<&RunId>, body: &Body) -> Result<Record, StoreError> {
        let at = self.clock.now();
        let mut state = self.state();
        if state.refused.is_some_and(|kind| kind == body.kind()) {
            return Err(unusable("append a record: no space left on the device"));
        }
        let text = serde_json::to_string(body).map_err(|error| unusable(&error.to_string()))?;
        let before = state.records.last().map(|record| record.hash.clone());
        let record = Record {
            seq: i64::try_from(state.records.len()).unwrap_or(i64::MAX) + 1,
            format: FORMAT,
            at,
            environment: environment.clone(),
            run: run.cloned(),
            body: serde_json::from_str(&text).map_err(|error| unusable(&error.to_string()))?,
            hash: hash(before.as_ref(), &text),
        };
        state.records.push(record.clone());
        Ok(record)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(before: Option<&Digest>, text: &str) -> Digest {
    chain(before, &[text])
}

fn unusable(what: &str) -> StoreError {
    StoreError::Unusable { what: format!("cannot {what}"), hint: "free some space".to_owned(), source: None }
}

impl Store for MemoryStore {
    fn acquire<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        holder: &'a str,
        ttl: Duration,
    ) -> Pending<'a, Result<Lease, StoreError>> {
        Box::pin(async move { self.take(environment, holder, ttl) })
    }

    fn renew<'a>(&'a self, lease: &'a Lease, ttl: Duration) -> Pending<'a, Result<(), StoreError>> {
        Box::pin(async move { self.prolong(lease, ttl) })
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> Pending<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.give_back(lease);
            Ok(())
        })
    }

    fn holder<'a>(&'a self, environment: &'a EnvironmentName) -> Pending<'a, Result<Option<Holder>, StoreError>> {
        Box::pin(async move { Ok(self.state().leases.get(environment).and_then(|(_, held)| held.clone())) })
    }

    fn environments(&self) -> Pending<'_, Result<Vec<EnvironmentName>, StoreError>> {
        let names: BTreeSet<EnvironmentName> =
            self.state().records.iter().map(|record| record.environment.clone()).collect();
        Box::pin(std::future::ready(Ok(names.into_iter().collect())))
    }

    fn append<'a>(
        &'a self,
        lease: &'a Lease,
        run: Option<&'a RunId>,
        body: &'a Body,
    ) -> Pending<'a, Result<Record, StoreError>> {
        Box::pin(async move {
            self.fuse.pass(format!("before recording {}", body.kind())).await;
            let record = self.write(lease, run, body)?;
            self.fuse.pass(format!("after recording {}", body.kind())).await;
            Ok(record)
        })
    }

    fn alert<'a>(
        &'a self,
        _environment: &'a EnvironmentName,
        alert: &'a AlertName,
    ) -> Pending<'a, Result<AlertState, StoreError>> {
        Box::pin(async move {
            let unheard = AlertState::Unheard { why: "nobody listens".to_owned() };
            Ok(self.alerts.lock().unwrap_or_else(PoisonError::into_inner).get(alert).cloned().unwrap_or(unheard))
        })
    }

    fn run<'a>(&'a self, run: &'a RunId) -> Pending<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(async move { Ok(self.all().into_iter().filter(|record| record.run.as_ref() == Some(run)).collect()) })
    }

    fn records<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        kinds: &'a [&'a str],
    ) -> Pending<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(async move {
            let fits = |record: &Record| {
                record.environment == *environment && (kinds.is_empty() || kinds.contains(&record.body.kind()))
            };
            Ok(self.all().into_iter().filter(fits).collect())
        })
    }
}
