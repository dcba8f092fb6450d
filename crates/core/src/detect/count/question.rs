//! One question for all counters of a signal: what comes back is of one moment, so that no error is seen without its request.

use crate::config::Counters;

/// The label that tells in an answer which query a series is of.
pub(crate) const OF: &str = "backout_of";

/// What a series is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Requests,
    Errors,
    Latency,
    OldRequests,
    OldErrors,
    Memory,
}

impl Part {
    const ALL: [Part; 6] =
        [Part::Requests, Part::Errors, Part::Latency, Part::OldRequests, Part::OldErrors, Part::Memory];

    fn word(self) -> &'static str {
        match self {
            Part::Requests => "requests",
            Part::Errors => "errors",
            Part::Latency => "latency",
            Part::OldRequests => "baseline_requests",
            Part::OldErrors => "baseline_errors",
            Part::Memory => "memory",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.word() == word)
    }
}

/// The query that asks for all of them, each series labelled with what it is of.
///
/// Source: `label_replace` with an empty source label always matches, and keeps all other labels; `or` keeps every series of
/// both sides whose labels differ.
#[must_use]
pub fn question(counters: &Counters) -> String {
    let beside = counters.beside.as_ref();
    let parts = [
        (Part::Requests, Some(&counters.requests)),
        (Part::Errors, Some(&counters.errors)),
        (Part::Latency, counters.latency.as_ref()),
        (Part::OldRequests, beside.map(|(requests, _)| requests)),
        (Part::OldErrors, beside.map(|(_, errors)| errors)),
        (Part::Memory, counters.memory.as_ref().map(|memory| &memory.promql)),
    ];
    let asked = parts.into_iter().filter_map(|(part, query)| Some((part, query?)));
    // A line of its own ends a comment in the query.
    let labelled =
        asked.map(|(part, query)| format!("label_replace(\n{query}\n, \"{OF}\", \"{}\", \"\", \"\")", part.word()));
    labelled.collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MemoryGauge;

    #[test]
    fn all_counters_are_asked_for_at_once() {
        let mut counters = Counters {
            requests: "a".to_owned(),
            errors: "b{c=\"5..\"} # failed".to_owned(),
            latency: None,
            beside: None,
            memory: None,
        };
        let two = "label_replace(\na\n, \"backout_of\", \"requests\", \"\", \"\") or \
                   label_replace(\nb{c=\"5..\"} # failed\n, \"backout_of\", \"errors\", \"\", \"\")";
        assert_eq!(question(&counters), two);
        counters.latency = Some("h".to_owned());
        counters.beside = Some(("c".to_owned(), "d".to_owned()));
        counters.memory = Some(MemoryGauge { promql: "m".to_owned(), limit: 1.0 });
        assert_eq!(question(&counters).matches(" or ").count(), 5);
    }
}
