//! Which checkpoint is meant.

use std::collections::BTreeMap;

use super::asked::{Asked, Line};
use super::names::{commits, is_called, revision};
use crate::inventory::{Artifact, Checkpoint, Detail, Fact, Grade, Graded, Seen, Source, last_known_good};
use crate::plan::{Change, difference};

/// So many others are named.
const NAMED: usize = 3;

/// What is meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<'a> {
    /// The checkpoint.
    pub graded: &'a Graded,
    /// Why it is that one, and which others it could have been; a sentence each.
    pub reasons: Vec<String>,
    /// What is to be said about the words themselves.
    pub warning: Option<String>,
}

/// A checkpoint that fits, and why.
type Fitting<'a> = (&'a Graded, String);

/// The checkpoint of an environment that the words stand for: see the table of this module. `None` where nothing fits.
#[must_use]
pub fn find<'a>(asked: &Asked<'_>, all: &'a [Graded]) -> Option<Found<'a>> {
    if asked.needs_facts() {
        return previous(asked, all);
    }
    if let Some(moment) = asked.moment() {
        let earlier = all.iter().filter(|graded| graded.checkpoint.taken_at <= moment);
        let good = last_known_good(earlier)?;
        return Some(told(asked, (good, format!("it is the newest good one that was taken by {moment:.0}")), &[]));
    }
    let by = |fits: &dyn Fn(&Asked<'_>, &Checkpoint) -> Option<String>| {
        let fitting = all.iter().filter_map(|graded| Some((graded, fits(asked, &graded.checkpoint)?)));
        best(asked, fitting.collect())
    };
    by(&of_revision)
        .or_else(|| by(&so_called))
        .or_else(|| by(&of_commit))
        .or_else(|| asked.lines.iter().find_map(|line| on_line(asked, line, all)))
}

/// The newest good one in which something else ran. While a service cannot be seen, nobody knows which that is.
fn previous<'a>(asked: &Asked<'_>, all: &'a [Graded]) -> Option<Found<'a>> {
    let is_unseen = |fact: &Fact| asked.is_about(&fact.service) && matches!(fact.seen, Seen::Unknown { .. });
    if asked.facts.iter().any(is_unseen) {
        return None;
    }
    let differs = |graded: &&Graded| {
        let changes = difference(&graded.checkpoint, asked.facts);
        changes.iter().any(|(service, change)| asked.is_about(service) && *change != Change::None)
    };
    let good = last_known_good(all.iter().filter(differs))?;
    Some(told(asked, (good, "it is the newest good one in which something else ran than runs now".to_owned()), &[]))
}

fn of_revision(asked: &Asked<'_>, checkpoint: &Checkpoint) -> Option<String> {
    let wanted = asked.revision()?;
    let artifact = of_these(asked, checkpoint).find(|artifact| revision(artifact) == Some(wanted))?;
    Some(format!("`{}` was of revision {wanted} then: {}", artifact.service, artifact.label))
}

fn so_called(asked: &Asked<'_>, checkpoint: &Checkpoint) -> Option<String> {
    if checkpoint.tag.as_deref() == Some(asked.typed) {
        return Some("git was asked for that tag when it was taken".to_owned());
    }
    let artifact = of_these(asked, checkpoint).find(|artifact| is_called(artifact, asked.typed))?;
    Some(format!("`{}` ran {} then", artifact.service, artifact.label))
}

fn of_commit(asked: &Asked<'_>, checkpoint: &Checkpoint) -> Option<String> {
    let digits = asked.commit()?;
    let is_it = |commit: &str| commit.starts_with(digits) || digits.starts_with(commit);
    if let Some(source) = checkpoint.source.as_ref().filter(|source| is_it(&source.commit)) {
        return Some(format!("it came from {source}"));
    }
    let artifact = of_these(asked, checkpoint).find(|artifact| commits(artifact).into_iter().any(is_it))?;
    Some(format!("`{}` ran {} then", artifact.service, artifact.label))
}

/// What came from the commit that git says is meant. Where commits are counted, the nearest before it will do.
fn on_line<'a>(asked: &Asked<'_>, line: &Line, all: &'a [Graded]) -> Option<Found<'a>> {
    let (wanted, _) = line.commits.first()?;
    let places = places(line);
    let mut fitting: Vec<(usize, &Graded)> =
        all.iter().filter_map(|graded| Some((place(asked, line, &places, &graded.checkpoint)?, graded))).collect();
    if !asked.counts_commits() {
        fitting.retain(|(place, _)| *place == 0);
        let why = |graded: &Graded| format!("it is {}, which it came from{}", Source::short(wanted), dirt(graded));
        return best(asked, fitting.into_iter().map(|(_, graded)| (graded, why(graded))).collect());
    }
    let good = fitting.iter().filter(|(_, graded)| graded.grade == Grade::Good).map(|(place, _)| *place).min();
    let nearest = good.or_else(|| fitting.iter().map(|(place, _)| *place).min())?;
    fitting.retain(|(place, _)| *place == nearest);
    let of = line.commits.get(nearest).map_or("", |(commit, _)| Source::short(commit));
    let why = |graded: &Graded| {
        let dirt = dirt(graded);
        if nearest == 0 {
            format!("it came from {of}{dirt}")
        } else {
            format!("it came from {of}{dirt}, the nearest before")
        }
    };
    let found = best(asked, fitting.into_iter().map(|(_, graded)| (graded, why(graded))).collect())?;
    let warning = counted(asked, line, found.graded, all);
    Some(Found { warning: Some(warning), ..found })
}

/// Where each commit of a line stands, by what a checkpoint has of it: the commit of the folder, or the tree of a service. Of
/// several commits with one tree the nearest counts.
fn places(line: &Line) -> BTreeMap<&str, usize> {
    let each = line.commits.iter().enumerate().rev();
    each.map(|(place, (commit, tree))| {
        let known_by = if line.service.is_none() { commit } else { tree };
        (known_by.as_str(), place)
    })
    .collect()
}

fn place(asked: &Asked<'_>, line: &Line, places: &BTreeMap<&str, usize>, checkpoint: &Checkpoint) -> Option<usize> {
    let Some(service) = &line.service else {
        return places.get(checkpoint.source.as_ref()?.commit.as_str()).copied();
    };
    let artifact = checkpoint.artifacts.get(service).filter(|_| asked.is_about(service))?;
    matches!(artifact.detail, Detail::Host(_)).then(|| places.get(artifact.version.code.as_str()).copied())?
}

fn dirt(graded: &Graded) -> &'static str {
    let is_dirty = graded.checkpoint.source.as_ref().is_some_and(|source| source.is_dirty);
    if is_dirty { " (with uncommitted changes)" } else { "" }
}

/// What is to be said where commits are counted: those that count may be of no deploy at all.
fn counted(asked: &Asked<'_>, line: &Line, found: &Graded, all: &[Graded]) -> String {
    let (typed, id) = (asked.typed, &found.checkpoint.id);
    let wanted = line.commits.first().map_or("", |(commit, _)| Source::short(commit));
    let head = Source::short(&line.head);
    let newer =
        all.iter().filter(|other| other.grade == Grade::Good && other.checkpoint.taken_at > found.checkpoint.taken_at);
    let skipped = match newer.count() {
        0 => String::new(),
        1 => "; one good checkpoint is newer".to_owned(),
        several => format!("; {several} good checkpoints are newer"),
    };
    let usual = match last_known_good(all) {
        Some(good) if good.checkpoint.id != *id => format!(", the last known good being `{}`", good.checkpoint.id),
        _ => String::new(),
    };
    format!(
        "`{typed}` counts commits and not deploys: it is {wanted} now that {head} is checked out, and leads to `{id}`{skipped}{usual}"
    )
}

/// What counts of what ran.
fn of_these<'a>(asked: &Asked<'_>, checkpoint: &'a Checkpoint) -> impl Iterator<Item = &'a Artifact> {
    checkpoint.artifacts.values().filter(|artifact| asked.is_about(&artifact.service))
}

/// The newest good one that is kept; else the newest good one; else the newest.
fn best<'a>(asked: &Asked<'_>, mut fitting: Vec<Fitting<'a>>) -> Option<Found<'a>> {
    let rank = |graded: &Graded| (graded.grade == Grade::Good, graded.is_retained, graded.checkpoint.taken_at);
    fitting.sort_by_key(|(graded, _)| (rank(graded), graded.checkpoint.id.clone()));
    let chosen = fitting.pop()?;
    fitting.sort_by_key(|(graded, _)| std::cmp::Reverse(graded.checkpoint.taken_at));
    let others: Vec<&Graded> = fitting.into_iter().map(|(graded, _)| graded).collect();
    Some(told(asked, chosen, &others))
}

fn told<'a>(asked: &Asked<'_>, (graded, why): Fitting<'a>, others: &[&Graded]) -> Found<'a> {
    let (typed, id) = (asked.typed, &graded.checkpoint.id);
    let mut reasons = vec![format!("`{typed}` is `{id}`: {why}")];
    if !others.is_empty() {
        let names: Vec<String> = others.iter().take(NAMED).map(|other| format!("`{}`", other.checkpoint.id)).collect();
        let more = others.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let which = if graded.grade == Grade::Good {
            "the newest good one is meant"
        } else {
            "the newest is meant: none is good"
        };
        reasons.push(format!("{}{more} could be called so as well: {which}", names.join(", ")));
    }
    Found { graded, reasons, warning: None }
}
