//! The file, its environments, and their triggers.

use super::{
    RawCache, RawContact, RawDatabase, RawDrill, RawEscalation, RawFallback, RawGuard, RawIncidents, RawMaintenance,
    RawNotifier, RawObjectives, RawPlatform, RawPolicy, RawService, RawSignal, RawVerify, RawWatch,
};
use crate::config::leaf::{Comparand, Positive, Times};
use crate::config::read::{List, Map, Scalar, raw};
use crate::config::{Threshold, TriggerAction};
use crate::detect::SignalPath;
use crate::policy::Impact;

raw! {
    /// What `backout` guards: one project and its environments.
    RawFile {
        /// Version of the file's format: 1.
        version: required Scalar<u32>,
        /// The project's name.
        project: required Scalar<String>,
        /// The places that are deployed to, by name.
        environments: required Map<RawEnvironment>,
    }
}

raw! {
    /// A named place that is deployed to.
    RawEnvironment {
        /// What runs the services that do not say so themselves.
        platform: optional RawPlatform,
        /// The services, by name.
        services: required Map<RawService>,
        /// Signals that come from queries or from logs, by name.
        signals: optional Map<RawSignal>,
        /// When to go back, by name. Without any: each probe that fails three times in a row.
        triggers: optional Map<RawTrigger>,
        /// How a deploy is guarded.
        guard: optional RawGuard,
        /// What `backout watch` does beside looking.
        watch: optional RawWatch,
        /// What must hold after going back, and for a checkpoint to be good.
        verify: optional RawVerify,
        /// How going back is rehearsed.
        drill: optional RawDrill,
        /// What automatic runs may do.
        policy: optional RawPolicy,
        /// What can be switched on in place of going back, where no affected service has something of its own.
        fallback: optional RawFallback,
        /// How long going back may take.
        objectives: optional RawObjectives,
        /// Databases, by name.
        databases: optional Map<RawDatabase>,
        /// Caches that are emptied after the environment went back, by name.
        caches: optional Map<RawCache>,
        /// What keeps users away while nothing works.
        maintenance: optional RawMaintenance,
        /// Who is told, by name. A notifier that is named after its kind need not say the kind.
        notify: optional Map<RawNotifier>,
        /// The people who can be reached, by name.
        contacts: optional Map<RawContact>,
        /// Whom to call when a person is needed, in this order.
        escalation: optional List<RawEscalation>,
        /// How incidents are kept.
        incidents: optional RawIncidents,
    }
}

raw! {
    /// A rule that turns a signal into an action.
    RawTrigger {
        /// What is looked at: `SERVICE.PROBE.up`, `SERVICE.PROBE.latency`, `SERVICE.cpu`, `SERVICE.memory`, `SERVICE.restarts`, `alerts.NAME`, or the name of a signal.
        signal: required Scalar<SignalPath>,
        /// A sample counts when it is greater: a duration for a latency, a percentage for a share, or a number.
        above: optional Scalar<Threshold>,
        /// A sample counts when it is less. A trigger on an alert needs neither limit.
        below: optional Scalar<Threshold>,
        /// What it is compared with: `baseline` is how it was before, or the old version beside. The default where there is neither `above` nor `below`.
        than: optional Scalar<Comparand>,
        /// With `than: baseline`: how many times as many errors as before are tolerated. Default 1.5.
        tolerance: optional Scalar<Times>,
        /// With `than: baseline`: how many times as slow as before is tolerated. Default 1.25.
        slower: optional Scalar<Times>,
        /// How many samples in a row must count. Default 3.
        consecutive: optional Scalar<Positive>,
        /// What is done: `rollback` (default), `hold` for a person, or `observe`.
        action: optional Scalar<TriggerAction>,
        /// What is the matter when it fires, for the rules of the policy: `errors`, `slow`, `critical_function`, `data_corruption`, … Default: what the signal says by itself.
        impact: optional Scalar<Impact>,
    }
}
