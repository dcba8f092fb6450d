//! The presets: the decision matrices and trees of runbooks, as data. They are written like the `policy` of a
//! configuration, and read by the same code.

/// The presets by name, each with the runbook that it follows.
pub const PRESETS: [(&str, &str); 6] = [
    ("default", "the union of the others"),
    ("heliosdb", "HeliosDB, rollback procedures, 2025-11-17"),
    ("piper-morgan", "Piper Morgan, staging rollback procedures, 2025-08-11"),
    ("himalytix", "Himalytix ERP, deployment rollback runbook 1.0, 2024-01-15"),
    ("predator", "Predator Analytics, rollback procedure, 2026-01-31"),
    ("helm-and-compose", "rollback strategy for Helm and Docker Compose"),
];

/// The text of a preset; `None` where there is none of that name.
#[must_use]
pub fn preset_text(name: &str) -> Option<&'static str> {
    Some(match name {
        "default" => include_str!("../presets/default.yaml"),
        "heliosdb" => include_str!("../presets/heliosdb.yaml"),
        "piper-morgan" => include_str!("../presets/piper-morgan.yaml"),
        "himalytix" => include_str!("../presets/himalytix.yaml"),
        "predator" => include_str!("../presets/predator.yaml"),
        "helm-and-compose" => include_str!("../presets/helm-and-compose.yaml"),
        _ => return None,
    })
}
