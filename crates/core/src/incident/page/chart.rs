//! The drawings of an incident.

use crate::incident::case::Case;
use crate::incident::moments::Moments;
use crate::incident::timeline::Event;
use crate::report::chart::{Course, Span};

/// No more steps than this are drawn; the timeline has them all.
const STEPS: usize = 12;

/// How long each part of the incident took, and each step of the way back; nothing where there is nothing to show.
pub(super) fn course(case: &Case) -> Option<String> {
    let mut spans = parts(&case.moments);
    spans.extend(steps(&case.timeline));
    Course { title: format!("The course of {}", case.incident.id), spans }.svg()
}

fn parts(moments: &Moments) -> Vec<Span> {
    let began = moments.began_at;
    let ms =
        |at: Option<jiff::Timestamp>| Some(i64::try_from(at?.duration_since(began?).as_millis()).unwrap_or(i64::MAX));
    let part = |name: &str, from, to, class| {
        Some(Span { name: name.to_owned(), from_ms: ms(from)?, to_ms: ms(to)?.max(ms(from)?), class })
    };
    let parts = [
        part("detected", began, moments.detected_at, "bad"),
        part("decided", moments.detected_at, moments.decided_at, "mild"),
        part("went back, until verified", moments.decided_at, moments.restored_at.and(moments.verified_at), "plain"),
        part("restored", began, moments.restored_at, "good"),
    ];
    parts.into_iter().flatten().collect()
}

fn steps(timeline: &[Event]) -> impl Iterator<Item = Span> {
    let timed = timeline.iter().filter_map(|event| Some((event, i64::try_from(event.took_ms?).ok()?)));
    timed.take(STEPS).map(|(event, took)| Span {
        name: event.text.split(": ").next().unwrap_or(&event.text).replace('`', ""),
        from_ms: event.since_ms.saturating_sub(took),
        to_ms: event.since_ms,
        class: if event.is_bad { "bad" } else { "plain" },
    })
}
