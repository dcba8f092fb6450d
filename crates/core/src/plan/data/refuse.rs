//! Why the data may not go back as it was planned to, or may not stay.

use std::collections::BTreeMap;

use super::case::Case;
use super::loss::Loss;
use super::need::Need;
use super::way::Way;
use crate::data::{DataAct, DatabaseReadiness, RejectedRung, Rung};
use crate::id::DatabaseName;
use crate::migrate::{Compatibility, Since, compatibility};
use crate::plan::Scope;
use crate::policy::{Refusal, RefusalName};

fn refusal(name: RefusalName, what: String, hint: impl Into<String>) -> Refusal {
    Refusal { name, what, hint: hint.into() }
}

/// The database could not be looked at. Where its data has to go back, that cannot be overridden.
pub(super) fn unseen(name: &DatabaseName, why: &str, must_go_back: bool) -> Refusal {
    let what = format!("database `{name}` could not be seen: {why}");
    if must_go_back {
        return refusal(RefusalName::DatabaseNotReady, what, "make it reachable: `backout check` tries to connect");
    }
    refusal(
        RefusalName::DatabaseUnknown,
        what,
        "make it reachable, or leave its data as it is with `--force database-unknown`",
    )
}

/// Nobody knows whether the target's release can run.
pub(super) fn unknown_schema(case: &Case<'_>, need: &Need) -> Refusal {
    refusal(
        RefusalName::SchemaUnknown,
        format!(
            "whether what ran with `{}` can run on `{}` is unknown: {}",
            case.target.id,
            case.name,
            need.unknown.join("; ")
        ),
        "declare the migration under `compatible`, take the data back as well with `--rung`, or override with `--force schema-unknown`",
    )
}

/// Only the code would go back, onto a schema that it cannot run on.
pub(super) fn incompatible(case: &Case<'_>, need: &Need, rejected: &[RejectedRung]) -> Refusal {
    let others = rejected.iter().filter(|it| it.rung != Rung::CodeOnly).map(|it| format!("{}: {}", it.rung, it.why));
    let others: Vec<String> = others.collect();
    let rest =
        if others.is_empty() { String::new() } else { format!(". The data cannot go back: {}", others.join("; ")) };
    let breaks = need.breaks.join("; ");
    refusal(
        RefusalName::SchemaIncompatible,
        format!("what ran with `{}` cannot run on today's schema of `{}`: {breaks}{rest}", case.target.id, case.name),
        "let the data go back as well (leave `--rung code-only` out, or name a restore point with `--backup`); see `backout backup list`",
    )
}

/// No rung leads back.
pub(super) fn no_way(case: &Case<'_>, need: &Need, rejected: &[RejectedRung]) -> Refusal {
    if !need.is_damaged() && case.asked().is_none() {
        return incompatible(case, need, rejected);
    }
    let whys: Vec<String> = rejected.iter().map(|it| format!("{}: {}", it.rung, it.why)).collect();
    let whys = whys.join("; ");
    let needs_point = case.asked().is_none_or(|asked| asked >= Rung::UndoRows && asked != Rung::PointInTime);
    match case.usable() {
        Err(why) if needs_point => refusal(
            RefusalName::BackupGone,
            format!("the data of `{}` cannot go back: {why}. {whys}", case.name),
            "name another restore point with `--backup`: `backout backup list` shows those there are",
        ),
        _ => refusal(
            RefusalName::NoWayBack,
            format!("no way leads the data of `{}` back: {whys}", case.name),
            "ask for another rung with `--rung`, or leave it out to take the cheapest that is enough",
        ),
    }
}

/// There is no database to swap back.
pub(super) fn nothing_aside(name: &DatabaseName, why: &str) -> Refusal {
    let hint = "`backout status` shows what is kept; a restore point can be taken with `--backup`";
    refusal(RefusalName::NoWayBack, format!("`{name}` cannot be swapped back: {why}"), hint)
}

/// Everything that stands in the way of the chosen way.
pub(super) fn of_way(rung: Rung, way: &Way, loss: &Loss, case: &Case<'_>) -> Vec<Refusal> {
    let mut found = Vec::new();
    found.extend(person(rung, case));
    found.extend(approvals(rung, case));
    let acts = || way.beside.iter().chain(&way.before).chain(&way.fenced);
    let needs_server = |act: &DataAct| {
        matches!(act, DataAct::RestoreBeside { .. } | DataAct::Swap { .. } | DataAct::RestoreInPlace { .. })
    };
    if acts().any(needs_server) {
        found.extend(readiness(way, case));
    }
    found.extend(not_kept(way, case));
    found.extend(not_accepted(loss, case));
    found.extend(does_not_fit(way, case));
    found
}

fn person(rung: Rung, case: &Case<'_>) -> Option<Refusal> {
    let needs = case.database.approvals;
    let what = format!("the data of `{}` has to go back ({rung}), and", case.name);
    let (what, hint) = match (case.request.is_automatic, case.database.configured.automatic, needs) {
        (false, ..) | (true, true, 0) => return None,
        (true, _, 1..) => (
            format!("{what} {needs} people must agree to that (`policy: approvals`)"),
            "run it yourself, with the name of everybody who agreed: `backout rollback --approved-by NAME`",
        ),
        (true, false, 0) => (
            format!("{what} an automatic run may not take it there"),
            "run it yourself: `backout rollback`; or let automatic runs with `automatic: true` at the database",
        ),
    };
    Some(refusal(RefusalName::DataNeedsPerson, what, hint))
}

/// Fewer people have agreed to a person's rollback than must.
fn approvals(rung: Rung, case: &Case<'_>) -> Option<Refusal> {
    let needs = usize::try_from(case.database.approvals).unwrap_or(usize::MAX);
    let agreed = case.request.data.approved_by.len();
    (!case.request.is_automatic && agreed < needs).then(|| {
        refusal(
            RefusalName::ApprovalMissing,
            format!("{needs} people must agree before the data of `{}` goes back ({rung}): {agreed} did", case.name),
            "name everybody who agreed: `--approved-by NAME`, once for each",
        )
    })
}

fn readiness(way: &Way, case: &Case<'_>) -> Vec<Refusal> {
    let name = case.name;
    let hint = "`backout check` says what to do about each; nothing was touched";
    let not_ready = |what: &str| refusal(RefusalName::DatabaseNotReady, format!("`{name}` is not ready: {what}"), hint);
    let ready = match case.database.readiness {
        Ok(ready) => ready,
        Err(why) => return vec![not_ready(&format!("what stands in the way could not be found out: {why}"))],
    };
    let mut found = Vec::new();
    let what = obstacles(way, ready);
    if !what.is_empty() {
        found.push(not_ready(&what.join("; ")));
    }
    let replaces = |act: &DataAct| matches!(act, DataAct::Swap { .. } | DataAct::RestoreInPlace { .. });
    if way.fenced.iter().any(replaces) {
        found.extend(slots(ready, case));
    }
    found
}

/// The obstacles that are in the way of this way: a swap meets sessions and rights, a copy needs room.
fn obstacles(way: &Way, ready: &DatabaseReadiness) -> Vec<String> {
    let (copies, swaps) = (!way.beside.is_empty(), !way.fenced.is_empty());
    let is_met = |name: &str| match name {
        "disk" => copies,
        "no-create" | "pooler" => copies || swaps,
        "no-owner" | "no-terminate" | "prepared-transaction" | "pooler-console" => swaps,
        _ => true,
    };
    let met = ready.obstacles.iter().filter(|it| it.blocks && is_met(&it.name));
    met.map(|it| it.what.clone()).collect()
}

fn slots(ready: &DatabaseReadiness, case: &Case<'_>) -> Option<Refusal> {
    let own = case.database.manifest.and_then(|manifest| manifest.slot.as_deref());
    let slots: Vec<String> = ready
        .slots
        .iter()
        .filter(|slot| Some(slot.name.as_str()) != own && !slot.name.starts_with("backout_"))
        .map(|slot| format!("`{}` ({})", slot.name, slot.plugin))
        .collect();
    (!slots.is_empty() && !case.request.data.breaks_slots).then(|| {
        refusal(
            RefusalName::SlotsInTheWay,
            format!(
                "logical slots stay with the database that is put aside, not with `{}`: {}",
                case.name,
                slots.join(", ")
            ),
            "whoever reads them has to take a new snapshot afterwards; agree with `--break-slots`",
        )
    })
}

fn not_accepted(loss: &Loss, case: &Case<'_>) -> Option<Refusal> {
    let by_configuration = case.request.is_automatic && case.database.configured.automatic;
    let (what, hint) = match loss {
        Loss::Nothing => return None,
        _ if by_configuration => return None,
        Loss::Rows(estimate) => {
            let rows = estimate.rows();
            if case.request.data.accept_loss.is_some_and(|accepted| accepted >= rows) {
                return None;
            }
            let what = format!("`{}` would lose about {rows} rows written since {}", case.name, estimate.since);
            (what, format!("they stay in the database that is put aside; accept it with `--accept-loss {rows}`"))
        }
        Loss::Unknown { why, .. } => {
            let what = format!("how many rows `{}` would lose is unknown: {why}", case.name);
            (what, "accept any loss with `--force loss-not-accepted`".to_owned())
        }
    };
    Some(refusal(RefusalName::LossNotAccepted, what, hint))
}

/// The database would be dropped, and nothing of it as it is would be anywhere.
fn not_kept(way: &Way, case: &Case<'_>) -> Option<Refusal> {
    let drops = way.fenced.iter().any(|act| matches!(act, DataAct::RestoreInPlace { .. }));
    let keeps = way.fenced.contains(&DataAct::KeepDump);
    (drops && !keeps).then(|| {
        let why = match case.database.configured.backup {
            Some(_) => "no restore point of it is taken before",
            None => "there is no place for a restore point of it (`backup`)",
        };
        let what = format!("`{}` would be dropped as it is, and nothing of it kept: {why}", case.name);
        let hint = "name a place for backups in the configuration, or go back beside it: `--rung side-by-side`";
        refusal(RefusalName::DamagedNotKept, what, hint)
    })
}

/// The release that will run has to run on the schema that there will be.
fn does_not_fit(way: &Way, case: &Case<'_>) -> Option<Refusal> {
    let after = way.schema.as_ref()?;
    let (release, who) = match case.request.scope {
        Scope::Stack | Scope::Services { .. } => (case.database.schema_then, "the target's release"),
        Scope::Config | Scope::Data => (Some(&case.state.schema), "what runs, and stays,"),
    };
    let none = BTreeMap::new();
    let since = Since { then: &[], now: &[], graph: None, declared: &none };
    let hint = "let the code go with the data, or name another restore point with `--backup`: `backout backup list`";
    let is_its_own = || case.then().is_some_and(|then| then.schema_digest == after.digest());
    let fits = match release {
        Some(release) => compatibility(release, after, &since),
        None if is_its_own() => return None,
        None => Compatibility::Unknown { why: vec!["the schema that it ran on is not known".to_owned()] },
    };
    match fits {
        Compatibility::Compatible { .. } => None,
        Compatibility::Incompatible { why } => {
            let what = format!("{who} cannot run on what `{}` would be then: {}", case.name, why.join("; "));
            Some(refusal(RefusalName::SchemaIncompatible, what, hint))
        }
        Compatibility::Unknown { why } => {
            let what =
                format!("whether {who} can run on what `{}` would be then is unknown: {}", case.name, why.join("; "));
            Some(refusal(RefusalName::SchemaUnknown, what, hint))
        }
    }
}
