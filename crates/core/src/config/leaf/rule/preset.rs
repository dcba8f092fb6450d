//! Names of presets.

use crate::config::ProblemCode;
use crate::config::read::{Accepts, Complaint, Leaf, nearest};
use crate::policy::PRESETS;

/// The name of a preset that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct PresetName(pub(in crate::config) &'static str);

impl Leaf for PresetName {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let names = || PRESETS.iter().map(|(name, _)| *name);
        names().find(|name| *name == text).map(Self).ok_or_else(|| {
            let complaint = Complaint::about(ProblemCode::InvalidValue, "is not a decision matrix that is known");
            match nearest(text, names()) {
                Some(name) => complaint.hint(format!("did you mean `{name}`?")),
                None => complaint.hint(format!("write one of `{}`, or rows", names().collect::<Vec<_>>().join("`, `"))),
            }
        })
    }

    fn accepts() -> Accepts {
        let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
        Accepts::text(format!("^({})$", names.join("|")))
    }
}
