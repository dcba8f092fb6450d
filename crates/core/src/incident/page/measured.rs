//! What was measured while a deploy was watched, as drawings over time.
//!
//! | heard of a signal          | drawn                                                         |
//! |----------------------------|---------------------------------------------------------------|
//! | requests and failures      | the share that failed, in %; the old version's beside it      |
//! | latencies                  | what 95 of 100 requests were faster than, in ms, by the edges |
//! | memory                     | MiB                                                           |
//! | samples of a probe         | whether it held (1, 0); seconds as ms                         |
//! | samples of a query, alerts | the value                                                     |
//!
//! What never changed is left out, unless it is what was found to be bad, which comes first.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::detect::{KeptWatch, Measured, News, Resource, SignalPath, Tally};
use crate::incident::moments::Moments;
use crate::report::chart::{Mark, Plot, Series};

/// No more drawings than this; the recording has everything.
const PLOTS: usize = 6;
/// A line has no more points than a drawing has dots.
const POINTS: usize = 360;
/// The share of requests that a latency is drawn of.
const SHARE: f64 = 0.95;

type Points = Vec<(i64, Option<f64>)>;

/// What was heard of all signals: by the title of a drawing its unit, and lines by their names.
#[derive(Default)]
struct Heard {
    plots: BTreeMap<String, (&'static str, BTreeMap<&'static str, Points>)>,
    began_ms: i64,
}

/// The drawings of watches, the oldest first; nothing where nothing was measured that changed.
pub(in crate::incident) fn measured(watches: &[KeptWatch], moments: &Moments) -> Vec<Plot> {
    let first = watches.first().and_then(|watch| watch.concluded_at.or(Some(watch.judgement.at)));
    let Some(began_at) = moments.began_at.or(first) else { return Vec::new() };
    let mut heard = Heard { began_ms: began_at.as_millisecond(), ..Heard::default() };
    watches.iter().flat_map(|watch| &watch.news).for_each(|news| heard.hear(news));
    let findings = watches.iter().flat_map(|watch| &watch.judgement.findings).filter(|finding| !finding.was_before);
    let findings: Vec<String> = findings.map(|finding| format!("{} {}", finding.subject, finding.what)).collect();
    let is_bad = |title: &str| {
        let signal = title.split(": ").next().unwrap_or(title);
        findings.iter().any(|finding| finding.contains(signal))
    };
    let marks = marks(moments, began_at);
    let plots = heard.plots.into_iter().map(|(title, (unit, lines))| {
        let series = lines.into_iter().map(|(name, points)| Series { name: name.to_owned(), points: thinned(points) });
        Plot { unit: unit.to_owned(), series: series.collect(), marks: marks.clone(), title }
    });
    let mut plots: Vec<Plot> = plots.filter(|plot| is_bad(&plot.title) || has_changed(plot)).collect();
    plots.sort_by_key(|plot| !is_bad(&plot.title));
    plots.truncate(PLOTS);
    plots
}

impl Heard {
    fn hear(&mut self, news: &News) {
        match news {
            News::Sample(sample) => {
                let value = match sample.measured {
                    Measured::Value { value } => Some(value),
                    Measured::Unmeasurable { .. } => None,
                };
                let (unit, line, times) = match sample.signal {
                    SignalPath::Up(..) => ("", "holds", 1.0),
                    SignalPath::Latency(..) => (" ms", "answers after", 1000.0),
                    SignalPath::Named(_) => ("", "value", 1.0),
                    SignalPath::Used(_, Resource::Cpu) => (" %", "busy", 100.0),
                    SignalPath::Used(_, Resource::Memory) => (" MiB", "in use", 1.0 / 1_048_576.0),
                    SignalPath::Used(_, Resource::Restarts) => ("", "restarts", 1.0),
                    SignalPath::Alert(_) => ("", "fires", 1.0),
                };
                let title = sample.signal.to_string();
                self.point((title, unit), line, (sample.at.as_millisecond(), value.map(|value| value * times)));
            }
            News::Before { signal, looks } => looks.iter().for_each(|tally| self.tally(signal.as_str(), tally)),
            News::Counted { signal, tally, .. } => self.tally(signal.as_str(), tally),
            News::Fact(_) | News::Uncounted { .. } | News::Asked { .. } => {}
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of this century")]
    fn tally(&mut self, signal: &str, tally: &Tally) {
        let at = (tally.at * 1000.0) as i64;
        let failed = |counts: Option<(f64, f64)>| {
            counts.filter(|(requests, _)| *requests > 0.0).map(|(requests, errors)| errors / requests * 100.0)
        };
        if tally.requests.is_some() || tally.old.is_some() {
            let title = format!("{signal}: requests that failed");
            self.point((title.clone(), " %"), "new", (at, failed(tally.requests)));
            if tally.old.is_some() {
                self.point((title, " %"), "old", (at, failed(tally.old)));
            }
        }
        if !tally.within.is_empty() {
            let title = format!("{signal}: 95 of 100 requests are faster than");
            self.point((title, " ms"), "new", (at, faster_than(&tally.within).map(|seconds| seconds * 1000.0)));
        }
        if let Some(bytes) = tally.memory {
            self.point((format!("{signal}: memory"), " MiB"), "in use", (at, Some(bytes / 1_048_576.0)));
        }
    }

    fn point(&mut self, (title, unit): (String, &'static str), line: &'static str, (at, value): (i64, Option<f64>)) {
        let (_, lines) = self.plots.entry(title).or_insert_with(|| (unit, BTreeMap::new()));
        lines.entry(line).or_default().push((at - self.began_ms, value));
    }
}

/// The edge, in seconds, below which 95 of 100 requests stayed; the last one where they are beyond all; nothing without
/// requests.
fn faster_than(within: &[(Option<f64>, f64)]) -> Option<f64> {
    let all = within.iter().map(|(_, up_to)| *up_to).fold(0.0, f64::max);
    let enough = within.iter().find(|(_, up_to)| *up_to >= all * SHARE).filter(|_| all > 0.0)?;
    enough.0.or_else(|| within.iter().filter_map(|(edge, _)| *edge).reduce(f64::max))
}

/// In order, and the highest of those that would lie on one dot.
fn thinned(mut points: Points) -> Points {
    points.sort_by_key(|(at, _)| *at);
    let highest =
        |those: &[(i64, Option<f64>)]| those.iter().copied().reduce(|one, two| if two.1 > one.1 { two } else { one });
    points.chunks(points.len().div_ceil(POINTS).max(1)).filter_map(highest).collect()
}

fn has_changed(plot: &Plot) -> bool {
    let mut values = plot.series.iter().flat_map(|series| &series.points).filter_map(|(_, value)| *value);
    let first = values.next();
    values.any(|value| Some(value) != first)
}

fn marks(moments: &Moments, began_at: Timestamp) -> Vec<Mark> {
    let mark = |at: Option<Timestamp>, label: &str, is_bad| {
        let at_ms = i64::try_from(at?.duration_since(began_at).as_millis()).ok()?;
        Some(Mark { at_ms, label: label.to_owned(), is_bad })
    };
    let all = [mark(moments.deployed_at, "deploy", false), mark(moments.detected_at, "known", true)];
    all.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Comparing, RECORDING_FORMAT, Rules, Sample};
    use crate::policy::{Finding, Judgement, Verdict};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn tally(second: i64, errors: f64) -> Tally {
        let within = vec![(Some(0.1), 90.0), (Some(0.5), 96.0), (None, 100.0)];
        let at = at(second).as_millisecond() as f64 / 1000.0;
        Tally { at, span: 1.0, requests: Some((100.0, errors)), within, memory: Some(1_048_576.0), ..Tally::default() }
    }

    fn sample(signal: &str, second: i64, value: Option<f64>) -> News {
        let measured = match value {
            Some(value) => Measured::Value { value },
            None => Measured::Unmeasurable { why: "away".to_owned() },
        };
        News::Sample(Sample {
            signal: signal.parse().unwrap(),
            at: at(second),
            measured,
            what: String::new(),
            of: None,
        })
    }

    fn watched(news: Vec<News>, subject: &str) -> Vec<Plot> {
        let finding = Finding { subject: subject.to_owned(), what: "is bad".to_owned(), was_before: false };
        let judgement = Judgement {
            verdict: Verdict::Unhealthy,
            at: at(20),
            first_bad_at: Some(at(10)),
            findings: vec![finding],
            wants_person: false,
            fired: None,
            own_check: None,
        };
        let rules = Rules {
            triggers: Vec::new(),
            required: Vec::new(),
            red_before: Default::default(),
            before: Vec::new(),
            excused: Default::default(),
            own_checks_from: None,
            comparing: Comparing {
                since: at(0),
                horizon: 60.0,
                false_alarms: 0.001,
                counted: Vec::new(),
                dependencies: Default::default(),
                containers: Default::default(),
            },
            bars: Vec::new(),
        };
        let watch = KeptWatch { format: RECORDING_FORMAT, rules, news, concluded_at: None, judgement };
        let moments = Moments {
            began_at: Some(at(10)),
            deployed_at: Some(at(0)),
            detected_at: Some(at(20)),
            ..Moments::default()
        };
        measured(&[watch], &moments)
    }

    #[test]
    fn what_was_counted_is_drawn_from_before_the_deploy_on() {
        let signal = crate::id::SignalName::new("web_errors").unwrap();
        let looks = vec![tally(-20, 0.0), tally(-10, 1.0)];
        let news = vec![
            News::Before { signal: signal.clone(), looks },
            News::Counted { signal, at: at(11), tally: tally(11, 40.0) },
        ];
        let plots = watched(news, "web_errors");
        let titles: Vec<&str> = plots.iter().map(|plot| plot.title.as_str()).collect();
        let all = ["95 of 100 requests are faster than", "memory", "requests that failed"];
        assert_eq!(titles, all.map(|what| format!("web_errors: {what}")));
        let points = |place: usize| &plots[place].series[0].points;
        assert_eq!(points(2)[..], [(-30_000, Some(0.0)), (-20_000, Some(1.0)), (1_000, Some(40.0))]);
        assert_eq!((points(0)[0].1, points(1)[0].1), (Some(500.0), Some(1.0)));
        let marks: Vec<_> = plots[0].marks.iter().map(|mark| (mark.at_ms, mark.label.as_str())).collect();
        assert_eq!(marks, [(-10_000, "deploy"), (10_000, "known")]);
        assert!(plots.iter().all(|plot| plot.svg().is_some()));
    }

    #[test]
    fn what_never_changed_is_left_out_and_what_was_bad_comes_first() {
        let of = |signal: &str, values: &[f64]| {
            let samples = values.iter().zip(0..).map(|(value, second)| sample(signal, second, Some(*value)));
            samples.collect::<Vec<_>>()
        };
        let mut news = of("app.health.up", &[1.0, 1.0]);
        news.extend(of("app.health.latency", &[0.1, 0.2]));
        news.extend(of("queue", &[7.0, 7.0]));
        news.push(sample("queue", 3, None));
        let plots = watched(news, "trigger backlog (queue)");
        let titles: Vec<&str> = plots.iter().map(|plot| plot.title.as_str()).collect();
        assert_eq!(titles, ["queue", "app.health.latency"]);
        assert_eq!(plots[1].series[0].points, [(-10_000, Some(100.0)), (-9_000, Some(200.0))]);
    }

    #[test]
    fn a_long_line_keeps_its_peaks() {
        let points: Points = (0..10_000).map(|at| (at, Some(if at == 5_001 { 9.0 } else { 1.0 }))).collect();
        let thin = thinned(points);
        assert!(thin.len() <= POINTS && thin.contains(&(5_001, Some(9.0))), "{}", thin.len());
    }
}
