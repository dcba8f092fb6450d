//! Lines over time, with marks for what happened.

use std::fmt::Write as _;

use serde::Serialize;

use super::scale::{Scale, TIMES, number, passed, ticks};
use super::text::{escape, opened};

const HEIGHT: f64 = 200.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 708.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 172.0;
/// About how wide a letter is.
const LETTER: f64 = 6.0;

/// A drawing of lines over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plot {
    /// What it shows.
    pub title: String,
    /// What the numbers are: `%`, `ms`; empty for plain ones.
    pub unit: String,
    /// The lines; three have colours of their own.
    pub series: Vec<Series>,
    /// What happened.
    pub marks: Vec<Mark>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// Milliseconds since the beginning, and the value then; `None` where it was not measured.
    pub points: Vec<(i64, Option<f64>)>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// Milliseconds since the beginning.
    pub at_ms: i64,
    /// What, in a word or two.
    pub label: String,
    /// Whether it is bad news.
    pub is_bad: bool,
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of an incident")]
fn at(ms: i64) -> f64 {
    ms as f64
}

impl Plot {
    /// The drawing; nothing where nothing was measured.
    #[must_use]
    pub fn svg(&self) -> Option<String> {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let times = || points().map(|(ms, _)| *ms).chain(self.marks.iter().map(|mark| mark.at_ms));
        let values = points().filter_map(|(_, value)| value.filter(|value| value.is_finite()));
        let highest = values.reduce(f64::max)?;
        let x = Scale { from: at(times().min()?), to: at(times().max()?), start: LEFT, end: RIGHT };
        let top = if highest > 0.0 { highest * 1.05 } else { 1.0 };
        let y = Scale { from: 0.0, to: top, start: BOTTOM, end: TOP };
        let mut svg = opened(&self.title, HEIGHT);
        self.axes(&mut svg, &x, &y);
        self.lines(&mut svg, &x, &y);
        self.marks(&mut svg, &x);
        svg.push_str("</svg>\n");
        Some(svg)
    }

    fn axes(&self, svg: &mut String, x: &Scale, y: &Scale) {
        let _ = writeln!(svg, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\"/>");
        for tick in ticks(y.from, y.to, 4.0, &[]) {
            let place = y.place(tick);
            let (text, below) = (escape(&format!("{}{}", number(tick), self.unit)), place + 4.0);
            let _ = writeln!(
                svg,
                "<text class=\"faint\" x=\"{:.1}\" y=\"{below:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 6.0
            );
        }
        for tick in ticks(x.from, x.to, 6.0, &TIMES) {
            let text = format!("{}{}", if tick > 0.0 { "+" } else { "" }, passed(tick));
            let _ = writeln!(
                svg,
                "<text class=\"faint\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
                x.place(tick),
                BOTTOM + 16.0
            );
        }
    }

    fn lines(&self, svg: &mut String, x: &Scale, y: &Scale) {
        let mut legend = LEFT;
        for (place, series) in self.series.iter().enumerate() {
            let colour = place % 3 + 1;
            let mut path = String::new();
            let mut is_drawn = false;
            for (ms, value) in &series.points {
                let Some(value) = value.filter(|value| value.is_finite()) else {
                    is_drawn = false;
                    continue;
                };
                let letter = if is_drawn { 'L' } else { 'M' };
                let _ = write!(path, "{letter}{:.1} {:.1}", x.place(at(*ms)), y.place(value));
                is_drawn = true;
            }
            let _ = writeln!(svg, "<path class=\"line c{colour}\" d=\"{path}\"/>");
            let name = escape(&series.name);
            let _ = writeln!(
                svg,
                "<rect class=\"fill c{colour}\" x=\"{legend:.1}\" y=\"{:.1}\" width=\"10\" height=\"3\"/><text \
                 x=\"{:.1}\" y=\"12\">{name}</text>",
                7.0,
                legend + 14.0
            );
            legend += 30.0 + LETTER * f64::from(u16::try_from(series.name.chars().count()).unwrap_or(u16::MAX));
        }
    }

    /// Labels that would lie over one another go on two lines.
    fn marks(&self, svg: &mut String, x: &Scale) {
        let mut ends = [LEFT; 2];
        for mark in &self.marks {
            let place = x.place(at(mark.at_ms));
            let class = if mark.is_bad { "mark bad" } else { "mark" };
            let _ = writeln!(svg, "<path class=\"{class}\" d=\"M{place:.1} {TOP}V{BOTTOM}\"/>");
            let width = LETTER * f64::from(u16::try_from(mark.label.chars().count()).unwrap_or(u16::MAX));
            let (from, anchor) = if place + width > RIGHT { (place - width - 3.0, "end") } else { (place, "start") };
            let Some(row) = ends.iter().position(|end| *end <= from) else { continue };
            if let Some(end) = ends.get_mut(row) {
                *end = from + width + 8.0;
            }
            let (dx, y) = (if anchor == "end" { -3.0 } else { 3.0 }, TOP + 10.0 + 12.0 * f64::from(u8::from(row > 0)));
            let label = escape(&mark.label);
            let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{label}</text>", place + dx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot() -> Plot {
        let points =
            vec![(-5_000, Some(0.5)), (0, Some(1.0)), (5_000, None), (10_000, Some(40.0)), (15_000, Some(f64::NAN))];
        Plot {
            title: "errors <of> web".to_owned(),
            unit: " %".to_owned(),
            series: vec![Series { name: "errors".to_owned(), points }],
            marks: vec![
                Mark { at_ms: 0, label: "deploy".to_owned(), is_bad: false },
                Mark { at_ms: 10_000, label: "alarm".to_owned(), is_bad: true },
            ],
        }
    }

    #[test]
    fn a_gap_is_a_gap_and_text_is_escaped() {
        let svg = plot().svg().unwrap();
        assert_eq!(svg.matches("class=\"line").count(), 1);
        let path = svg.lines().find(|line| line.contains("class=\"line")).unwrap();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
        assert!(svg.contains("errors &lt;of&gt; web") && !svg.contains("<of>") && !svg.contains("NaN"), "{svg}");
        assert_eq!(svg.matches("class=\"mark").count(), 2);
    }

    #[test]
    fn the_same_data_is_the_same_drawing() {
        assert_eq!(plot().svg(), plot().svg());
    }

    #[test]
    fn nothing_measured_is_no_drawing() {
        assert_eq!(Plot { series: Vec::new(), ..plot() }.svg(), None);
    }
}
