//! The course of something: what lasted from when to when, one bar each.

use std::fmt::Write as _;

use super::scale::{Scale, TIMES, passed, ticks};
use super::text::{escape, opened, seconds};

const LEFT: f64 = 250.0;
const RIGHT: f64 = 650.0;
const ROW: f64 = 20.0;
/// A longer name is cut, so that it does not reach into the bars.
const LONGEST: usize = 40;

/// A drawing of what lasted how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// What it shows.
    pub title: String,
    /// From the top.
    pub spans: Vec<Span>,
}

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// What it is.
    pub name: String,
    /// Milliseconds since the beginning.
    pub from_ms: i64,
    /// Milliseconds since the beginning.
    pub to_ms: i64,
    /// What it is like: `plain`, `good`, `mild`, `bad`.
    pub class: &'static str,
}

impl Course {
    /// The drawing; nothing where there is nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of an incident, and a handful of rows")]
    pub fn svg(&self) -> Option<String> {
        let from = self.spans.iter().map(|span| span.from_ms).min()?;
        let to = self.spans.iter().map(|span| span.to_ms).max()?;
        let x = Scale { from: from as f64, to: to as f64, start: LEFT, end: RIGHT };
        let bottom = 6.0 + ROW * self.spans.len() as f64;
        let mut svg = opened(&self.title, bottom + 24.0);
        let _ = writeln!(svg, "<path class=\"axis\" d=\"M{LEFT} 4V{bottom:.1}H{RIGHT}\"/>");
        for (row, span) in self.spans.iter().enumerate() {
            let top = 6.0 + ROW * row as f64;
            let (start, end) = (x.place(span.from_ms as f64), x.place(span.to_ms as f64));
            let took = seconds(span.to_ms - span.from_ms);
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text><rect class=\"fill {}\" x=\"{start:.1}\" \
                 y=\"{top:.1}\" width=\"{:.1}\" height=\"13\" rx=\"2\"/><text class=\"faint\" x=\"{:.1}\" y=\"{:.1}\">{took}</text>",
                LEFT - 8.0,
                top + 11.0,
                escape(&short(&span.name)),
                span.class,
                (end - start).max(2.0),
                end.max(start + 2.0) + 5.0,
                top + 11.0,
            );
        }
        for tick in ticks(x.from, x.to, 5.0, &TIMES) {
            let text = passed(tick);
            let _ = writeln!(
                svg,
                "<text class=\"faint\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
                x.place(tick),
                bottom + 16.0
            );
        }
        svg.push_str("</svg>\n");
        Some(svg)
    }
}

fn short(name: &str) -> String {
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    let cut: String = name.chars().take(LONGEST - 1).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_is_a_bar_that_can_be_seen() {
        let span = |name: &str, from_ms, to_ms| Span { name: name.to_owned(), from_ms, to_ms, class: "plain" };
        let spans =
            vec![span("detect", 0, 900), span("decide & begin", 900, 900), span(&"long ".repeat(20), 900, 60_000)];
        let svg = Course { title: "course".to_owned(), spans }.svg().unwrap();
        assert_eq!(svg.matches("<rect").count(), 3);
        assert!(svg.contains("width=\"2.0\"") && svg.contains("decide &amp; begin") && svg.contains("…"), "{svg}");
        assert_eq!(Course { title: String::new(), spans: Vec::new() }.svg(), None);
    }
}
