//! Columns that add up: how many of what, in each of some times.

use std::fmt::Write as _;

use super::scale::{Scale, number, ticks};
use super::text::{escape, opened};

const HEIGHT: f64 = 200.0;
const LEFT: f64 = 40.0;
const RIGHT: f64 = 708.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 172.0;
const LETTER: f64 = 6.2;
/// Names under columns, at the most.
const NAMES: usize = 10;

/// A drawing of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// What it shows.
    pub title: String,
    /// What is added up, from the bottom: its name and what it is like (`plain`, `good`, `mild`, `bad`).
    pub parts: Vec<(String, &'static str)>,
    /// From the left.
    pub columns: Vec<Column>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What stands under it.
    pub name: String,
    /// How many of each part.
    pub counts: Vec<usize>,
}

impl Columns {
    /// The drawing; nothing where there is nothing to count.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of runs")]
    pub fn svg(&self) -> Option<String> {
        let highest =
            self.columns.iter().map(|column| column.counts.iter().sum::<usize>()).max().filter(|most| *most > 0)?;
        let y = Scale { from: 0.0, to: highest as f64, start: BOTTOM, end: TOP + 8.0 };
        let mut svg = opened(&self.title, HEIGHT);
        let _ = writeln!(svg, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\"/>");
        for tick in ticks(0.0, y.to, 4.0, &[]).into_iter().filter(|tick| tick.fract() == 0.0) {
            let _ = writeln!(
                svg,
                "<text class=\"faint\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                y.place(tick) + 4.0,
                number(tick)
            );
        }
        self.bars(&mut svg, &y);
        self.legend(&mut svg);
        svg.push_str("</svg>\n");
        Some(svg)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of runs")]
    fn bars(&self, svg: &mut String, y: &Scale) {
        let width = (RIGHT - LEFT) / self.columns.len() as f64;
        let every = self.columns.len().div_ceil(NAMES).max(1);
        for (place, column) in self.columns.iter().enumerate() {
            let left = LEFT + width * place as f64;
            let thick = (width * 0.7).min(46.0);
            let (mut below, from) = (0_usize, left + (width - thick) / 2.0);
            for (count, (name, class)) in column.counts.iter().zip(&self.parts).filter(|(count, _)| **count > 0) {
                let (bottom, top) = (y.place(below as f64), y.place((below + count) as f64));
                let said = escape(&format!("{}: {count} {name}", column.name));
                let _ = writeln!(
                    svg,
                    "<rect class=\"fill {class}\" x=\"{from:.1}\" y=\"{top:.1}\" width=\"{thick:.1}\" \
                     height=\"{:.1}\"><title>{said}</title></rect>",
                    bottom - top
                );
                below += count;
            }
            if place % every == 0 {
                let (middle, name) = (left + width / 2.0, escape(&column.name));
                let _ = writeln!(
                    svg,
                    "<text class=\"faint\" x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{name}</text>",
                    BOTTOM + 16.0
                );
            }
        }
    }

    fn legend(&self, svg: &mut String) {
        let mut left = LEFT;
        for (name, class) in &self.parts {
            let _ = writeln!(
                svg,
                "<rect class=\"fill {class}\" x=\"{left:.1}\" y=\"3\" width=\"10\" height=\"10\"/><text x=\"{:.1}\" \
                 y=\"12\">{}</text>",
                left + 14.0,
                escape(name)
            );
            left += 30.0 + LETTER * f64::from(u16::try_from(name.chars().count()).unwrap_or(u16::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_on_one_another() {
        let parts = vec![("kept".to_owned(), "good"), ("rolled back".to_owned(), "mild")];
        let column = |name: &str, counts: &[usize]| Column { name: name.to_owned(), counts: counts.to_vec() };
        let columns =
            Columns { title: "deploys".to_owned(), parts, columns: vec![column("1", &[3, 1]), column("2", &[0, 0])] };
        let svg = columns.svg().unwrap();
        assert_eq!(svg.matches("<title>1: ").count(), 2, "{svg}");
        assert!(svg.contains("1: 3 kept") && svg.contains("1: 1 rolled back"));
        assert_eq!(Columns { columns: vec![column("1", &[0, 0])], ..columns }.svg(), None);
    }
}
