//! Signals and checks by name.

use crate::config::ProblemCode;
use crate::config::read::{Accepts, Complaint, Leaf};
use crate::detect::SignalPath;

/// A check that holds or does not, as its `up` signal: written `SERVICE.PROBE`, or `SERVICE.PROBE.up`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct CheckPath(pub(in crate::config) SignalPath);

impl Leaf for SignalPath {
    fn parse(text: &str) -> Result<Self, Complaint> {
        text.parse().map_err(|_: String| {
            let hint = "write `SERVICE.PROBE.up`, `SERVICE.PROBE.latency`, `SERVICE.memory`, `alerts.NAME` or the name of a signal";
            Complaint::about(ProblemCode::UnknownSignal, "is not a signal").hint(hint)
        })
    }

    fn accepts() -> Accepts {
        Accepts {
            types: &["string", "number"],
            ..Accepts::text(r"^([^.\s]+(\.[^.\s]+\.(up|latency))?|alerts\.[^.\s]+|[^\s]+\.(cpu|memory|restarts))$")
        }
    }
}

impl Leaf for CheckPath {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let path = if text.matches('.').count() == 1 { format!("{text}.up") } else { text.to_owned() };
        match path.parse() {
            Ok(check @ SignalPath::Up(..)) => Ok(Self(check)),
            _ => Err(Complaint::about(ProblemCode::UnknownSignal, "is not a check").hint("write `SERVICE.PROBE`")),
        }
    }

    fn accepts() -> Accepts {
        Accepts::text(r"^[^.\s]+\.[^.\s]+(\.up)?$")
    }
}
