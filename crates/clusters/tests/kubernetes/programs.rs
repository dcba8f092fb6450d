//! What containers do, said to the double by an image's tag, and to a cluster by a command.

use serde_json::{Value, json};

/// What a container does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Good,
    Newer,
    Missing,
    Crash,
    NeverReady,
    /// Ends unless its `MODE` is `good`.
    Configured,
}

impl Program {
    /// The container that does it.
    pub(crate) fn container(self, is_double: bool) -> Value {
        if is_double { self.of_double() } else { self.of_cluster() }
    }

    fn of_double(self) -> Value {
        let tag = match self {
            Program::Good | Program::Configured => "1",
            Program::Newer => "2",
            Program::Missing => "2-missing",
            Program::Crash => "2-crash",
            Program::NeverReady => "2-never-ready",
        };
        json!({"name": "app", "image": format!("shop/web:{tag}")})
    }

    fn of_cluster(self) -> Value {
        let tag = match self {
            Program::Good | Program::Configured => "1.36",
            Program::Missing => "9.9-missing",
            Program::Newer | Program::Crash | Program::NeverReady => "1.37",
        };
        let script = match self {
            Program::Crash => "exit 1",
            Program::Configured => "[ \"$MODE\" = good ] || exit 1; exec sleep 3600",
            _ => "exec sleep 3600",
        };
        let mut container = json!({"name": "app", "image": format!("busybox:{tag}"), "command": ["sh", "-c", script]});
        if self == Program::NeverReady {
            container["readinessProbe"] = json!({"exec": {"command": ["false"]}, "periodSeconds": 1});
        }
        container
    }
}
