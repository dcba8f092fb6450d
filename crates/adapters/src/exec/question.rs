//! What the user's commands get on standard input. Pure.

use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Artifact, Detail};
use backout_core::plan::{Switch, SwitchOrder};
use serde_json::{Value, json};

/// The version of the contract.
pub(crate) const CONTRACT: u32 = 1;

pub(crate) fn observe(service: &ServiceName) -> Value {
    json!({ "version": CONTRACT, "command": "observe", "service": service })
}

pub(crate) fn capture(service: &ServiceName, checkpoint: &CheckpointId) -> Value {
    json!({ "version": CONTRACT, "command": "capture", "service": service, "checkpoint": checkpoint })
}

pub(crate) fn preflight(artifact: &Artifact) -> Value {
    json!({
        "version": CONTRACT,
        "command": "preflight",
        "service": artifact.service,
        "code": artifact.version.code,
        "spec": artifact.version.spec,
        "label": artifact.label,
        "state": state(artifact),
    })
}

pub(crate) fn restore(switch: &Switch) -> Value {
    let order = match switch.order {
        SwitchOrder::StartFirst => "start_first",
        SwitchOrder::StopFirst => "stop_first",
    };
    json!({
        "version": CONTRACT,
        "command": "restore",
        "service": switch.to.service,
        "is": "present",
        "code": switch.to.version.code,
        "spec": switch.to.version.spec,
        "label": switch.to.label,
        "state": state(&switch.to),
        "order": order,
        "grace_ms": switch.grace_ms,
    })
}

pub(crate) fn stop(service: &ServiceName, grace_ms: u64) -> Value {
    json!({ "version": CONTRACT, "command": "restore", "service": service, "is": "absent", "grace_ms": grace_ms })
}

/// What `capture` printed. An artifact of another platform has nothing for these commands.
fn state(artifact: &Artifact) -> Value {
    match &artifact.detail {
        Detail::Exec(exec) => exec.state.clone(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_carry_the_version_of_the_contract() {
        let service = ServiceName::new("legacy").unwrap();
        assert_eq!(observe(&service).to_string(), r#"{"command":"observe","service":"legacy","version":1}"#);
        assert_eq!(
            stop(&service, 1000).to_string(),
            r#"{"command":"restore","grace_ms":1000,"is":"absent","service":"legacy","version":1}"#
        );
    }
}
