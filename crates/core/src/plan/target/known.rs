//! What could have been typed in place of words that stand for nothing.

use std::collections::BTreeSet;

use super::asked::Asked;
use super::names::{commits, names, revision, tag};
use crate::config::nearest;
use crate::inventory::{Graded, Source};

/// So many words are offered.
const OFFERED: usize = 5;

/// The nearest to what was typed and the words of the newest checkpoints; for a number, the nearest revisions. Empty where
/// nothing was recorded.
#[must_use]
pub fn known(asked: &Asked<'_>, all: &[Graded]) -> Vec<String> {
    let mut newest: Vec<&Graded> = all.iter().collect();
    newest.sort_by_key(|graded| std::cmp::Reverse(graded.checkpoint.taken_at));
    let mut seen = BTreeSet::new();
    let words = newest.into_iter().flat_map(|graded| words(asked, graded)).filter(|word| seen.insert(word.clone()));
    let mut words: Vec<String> = words.collect();
    if let Some(wanted) = asked.revision() {
        words.sort_by_key(|word| word.parse::<u64>().map_or(u64::MAX, |number| number.abs_diff(wanted)));
    } else if let Some(near) = nearest(asked.typed, words.iter().map(String::as_str)).map(str::to_owned) {
        words.sort_by_key(|word| *word != near);
    }
    words.truncate(OFFERED);
    words
}

/// The shortest words for a checkpoint: a tag in place of an image, revisions where numbers are asked for.
fn words(asked: &Asked<'_>, graded: &Graded) -> Vec<String> {
    let artifacts = || graded.checkpoint.artifacts.values().filter(|artifact| asked.is_about(&artifact.service));
    let revisions: Vec<String> = artifacts().filter_map(revision).map(|number| number.to_string()).collect();
    if asked.revision().is_some() && !revisions.is_empty() {
        return revisions;
    }
    let named = artifacts().filter_map(|artifact| {
        let name = names(artifact).into_iter().next().or_else(|| commits(artifact).into_iter().next())?;
        Some(tag(name).unwrap_or_else(|| Source::short(name)).to_owned())
    });
    let source = graded.checkpoint.source.as_ref().map(|source| Source::short(&source.commit).to_owned());
    named.chain(source).chain(revisions).collect()
}
