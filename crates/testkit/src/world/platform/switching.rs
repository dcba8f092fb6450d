//! Switching a service: in two halves, each of which can go wrong.

use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::plan::{Switch, SwitchOrder};
use backout_core::port::PortError;

use super::SwitchFault;
use super::memory::{Act, Did, MemoryPlatform};

/// How long each half of a switch takes.
const HALF: Duration = Duration::from_millis(150);

impl MemoryPlatform {
    pub(super) async fn carry_out(&self, switch: &Switch) -> Result<(), PortError> {
        let (service, version) = (&switch.to.service, switch.to.version.code.as_str());
        let fault = self.begin(switch);
        if let Some(done) = before_the_switch(fault, service).await {
            return done;
        }
        self.fuse.pass(format!("before switching {service}")).await;
        if !self.state().images.contains(version) {
            return Err(PortError::new(format!("no such image: {version}")));
        }
        let old = self.ids(service);
        if switch.order == SwitchOrder::StopFirst {
            self.take_away(service, &old);
        }
        self.clock.sleep(HALF).await;
        self.fuse.pass(format!("half-way through switching {service}")).await;
        let can_start = fault != Some(SwitchFault::PortTaken);
        self.bring_up(switch, can_start);
        self.clock.sleep(HALF).await;
        if switch.order == SwitchOrder::StartFirst && can_start {
            self.take_away(service, &old);
        }
        self.fuse.pass(format!("after switching {service}")).await;
        match fault {
            Some(SwitchFault::PortTaken) => Err(PortError::new(format!("`{service}`: address already in use"))),
            Some(SwitchFault::FailsAfter) => Err(PortError::new(format!("`{service}`: the connection was lost"))),
            Some(SwitchFault::HangsAfter) => std::future::pending().await,
            _ => Ok(()),
        }
    }

    fn begin(&self, switch: &Switch) -> Option<SwitchFault> {
        let now = self.clock.now();
        let service = &switch.to.service;
        let mut state = self.state();
        let version = switch.to.version.code.clone();
        let was_so_already = state.hosted(service).runs(&version, now);
        state.acts.push(Act { service: service.clone(), did: Did::Switch(version), was_so_already });
        state.faults.next_switch(service)
    }

    /// Each instance starts again, as it is, unless the platform only says that it has.
    pub(super) fn start_anew(&self, service: &ServiceName) {
        let now = self.clock.now();
        let mut state = self.state();
        state.acts.push(Act { service: service.clone(), did: Did::Restart, was_so_already: false });
        if state.faults.next_switch(service) != Some(SwitchFault::Lies) {
            for instance in &mut state.hosted(service).instances {
                (instance.started_at, instance.killed) = (Some(now), None);
            }
        }
        drop(state);
        self.tell();
    }

    fn take_away(&self, service: &ServiceName, ids: &[String]) {
        self.state().hosted(service).instances.retain(|instance| !ids.contains(&instance.id));
        self.tell();
    }

    fn bring_up(&self, switch: &Switch, can_start: bool) {
        let (service, now) = (&switch.to.service, self.clock.now());
        let mut state = self.state();
        for _ in 0..switch.to.replicas {
            let mut instance = self.start(&mut state, service, &switch.to.version.code, now);
            if !can_start {
                instance.started_at = None;
            }
            state.hosted(service).instances.push(instance);
        }
        state.hosted(service).wanted = switch.to.replicas;
        drop(state);
        self.tell();
    }
}

async fn before_the_switch(fault: Option<SwitchFault>, service: &ServiceName) -> Option<Result<(), PortError>> {
    match fault? {
        SwitchFault::FailsBefore => Some(Err(PortError::new(format!("`{service}`: refused by the platform")))),
        SwitchFault::HangsBefore => std::future::pending().await,
        SwitchFault::Lies => Some(Ok(())),
        _ => None,
    }
}
