//! Playing a recording again.

use jiff::Timestamp;

use super::recording::KeptWatch;
use super::setting::Setting;
use crate::detect::{Judge, News};
use crate::policy::{Judgement, Verdict};

/// What the judge says of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// What it says.
    pub judgement: Judgement,
    /// Whether the recording ended before the watch would have: what came after is not known.
    pub is_open: bool,
}

/// What the same judge says of the same news, with these settings in place of those it had.
///
/// | the recording ended with | the judge says so again before its end | is open |
/// |--------------------------|----------------------------------------|---------|
/// | any                      | yes                                    | no      |
/// | the end of the watch     | no                                     | no      |
/// | a verdict                | no                                     | yes     |
///
/// An alarm that other settings raise, and for which nobody asked the dependencies, is taken as confirmed where the recording
/// has no such answer later on.
///
/// # Errors
/// A setting that changes nothing in this recording, in words.
pub fn replay(watch: &KeptWatch, settings: &[Setting]) -> Result<Played, String> {
    let mut rules = watch.rules.clone();
    for setting in settings {
        setting.apply(&mut rules)?;
    }
    let last_word = watch.news.iter().rposition(|news| matches!(news, News::Asked { .. }));
    let mut judge = Judge::new(rules);
    for (index, news) in watch.news.iter().enumerate() {
        let mut said = judge.hear(news);
        let is_asked_later = last_word.is_some_and(|last| last > index);
        if said.is_none() && !settings.is_empty() && !is_asked_later && judge.is_waiting() {
            let at = heard_at(news).unwrap_or(watch.judgement.at);
            said = judge.hear(&News::Asked { at, failures: Vec::new(), down: Vec::new() });
        }
        if let Some(mut judgement) = said {
            let asked = watch.news.get(index + 1).filter(|_| judgement.is_unexplained());
            if let Some(asked @ News::Asked { .. }) = asked {
                judgement = judge.explained(judgement, asked);
            }
            return Ok(Played { judgement: as_told(watch.format, judgement), is_open: false });
        }
    }
    let end = watch.concluded_at.unwrap_or(watch.judgement.at);
    let is_open = watch.concluded_at.is_none() && watch.judgement.verdict == Verdict::Unhealthy;
    Ok(Played { judgement: judge.conclude(end), is_open })
}

/// What a version that wrote this format said of a verdict.
fn as_told(format: u32, mut judgement: Judgement) -> Judgement {
    if format == 1 {
        judgement.fired.take_if(|fired| fired.worse.is_some());
        judgement.fired.iter_mut().for_each(|fired| fired.dependencies_down.clear());
    }
    if format < 3 {
        judgement.own_check = None;
    }
    judgement
}

fn heard_at(news: &News) -> Option<Timestamp> {
    match news {
        News::Sample(sample) => Some(sample.at),
        News::Fact(fact) => Some(fact.observed_at),
        News::Counted { at, .. } | News::Asked { at, .. } => Some(*at),
        News::Before { .. } | News::Uncounted { .. } => None,
    }
}
