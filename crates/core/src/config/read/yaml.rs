//! From YAML text to a tree of nodes.
//!
//! Contract: never panics and never takes long: text, depth and the growth by aliases are bounded. A key that stands
//! twice is a problem and its first value counts; whatever else cannot be read ends the reading, with one problem.

use std::collections::HashMap;

use serde_saphyr::granit_parser::{self, Event, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::node::{Node, NodeValue};
use super::shape::Sink;
use crate::config::{Problem, ProblemCode, Span};

const TEXT_LIMIT: usize = 1 << 20;
const DEPTH_LIMIT: usize = 64;
const NODE_LIMIT: usize = 100_000;

/// Reads a text with one document. `None` if it cannot be read or is empty; `sink` then has the reason.
pub(in crate::config) fn tree(text: &str, sink: &mut Sink) -> Option<Node> {
    if text.len() > TEXT_LIMIT {
        sink.push(Problem::error(ProblemCode::TooLarge, None, "the configuration is larger than 1 MiB"));
        return None;
    }
    let options = granit_parser::options! { emit_comments: false };
    let events = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder { text, events, anchors: HashMap::new(), nodes: 0, sink };
    match builder.document() {
        Ok(node) => node,
        Err(problem) => {
            sink.push(*problem);
            None
        }
    }
}

struct Builder<'a> {
    text: &'a str,
    events: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    sink: &'a mut Sink,
}

type Built<T> = Result<T, Box<Problem>>;

fn stop<T>(code: ProblemCode, span: Span, message: &str, hint: &str) -> Built<T> {
    Err(Box::new(Problem::error(code, span, message).hint(Some(hint.to_owned()))))
}

impl<'a> Builder<'a> {
    fn document(&mut self) -> Built<Option<Node>> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                _ if root.is_some() => {
                    let hint = "keep one document to a file: remove the `---` and what follows it";
                    return stop(ProblemCode::YamlFeature, span, "the file holds several documents", hint);
                }
                first => root = Some(self.node(first, span, 0)?),
            }
        }
        Ok(root)
    }

    fn next(&mut self) -> Built<Option<(Event<'a>, Span)>> {
        match self.events.next_event() {
            None => Ok(None),
            Some(Ok((event, span))) => Ok(Some((event, self.place(&span)))),
            Some(Err(error)) => Err(Box::new(self.syntax(&error))),
        }
    }

    fn syntax(&self, error: &ScanError) -> Problem {
        let mark = error.marker();
        let offset = mark.byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        let span = Span { offset, len: 0, line: mark.line().max(1), column: mark.col() + 1 };
        Problem::error(ProblemCode::YamlSyntax, span, format!("this is not YAML: {}", error.info()))
    }

    /// The part of a place that is on its first line.
    fn place(&self, span: &granit_parser::Span) -> Span {
        let whole = span.slice(self.text).unwrap_or_default();
        let len = whole.lines().next().unwrap_or_default().trim_end().len();
        let offset = span.start.byte_offset().unwrap_or_default();
        Span { offset, len, line: span.start.line().max(1), column: span.start.col() + 1 }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Built<Node> {
        self.grow(1, span)?;
        if depth > DEPTH_LIMIT {
            return stop(ProblemCode::TooLarge, span, "this is nested too deep", "use fewer levels");
        }
        let (value, anchor) = match event {
            Event::Alias(id) => return self.alias(id, span),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !is_text(tag.as_deref(), span)?;
                (NodeValue::Scalar { text: text.into_owned(), plain }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                is_text(tag.as_deref(), span)?;
                (NodeValue::List(self.list(depth)?), anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                is_text(tag.as_deref(), span)?;
                (NodeValue::Map(self.map(depth)?), anchor)
            }
            _ => return stop(ProblemCode::YamlSyntax, span, "a value is missing here", "give a value"),
        };
        let node = Node { name: "the configuration".to_owned(), label: span, span, value };
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), node.count()));
        }
        Ok(node)
    }

    fn grow(&mut self, by: usize, span: Span) -> Built<()> {
        self.nodes = self.nodes.saturating_add(by);
        if self.nodes > NODE_LIMIT {
            let hint = "a configuration has room for 100000 values, each alias counted in full";
            return stop(ProblemCode::TooLarge, span, "the configuration is too large", hint);
        }
        Ok(())
    }

    fn alias(&mut self, id: usize, span: Span) -> Built<Node> {
        let Some((node, count)) = self.anchors.get(&id).cloned() else {
            return stop(
                ProblemCode::YamlFeature,
                span,
                "an alias stands inside its own anchor",
                "write the value out",
            );
        };
        self.grow(count, span)?;
        Ok(Node { label: span, span, ..node })
    }

    fn list(&mut self, depth: usize) -> Built<Vec<Node>> {
        let mut nodes = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            nodes.push(self.node(event, span, depth + 1)?.named("an entry", span));
        }
        Ok(nodes)
    }

    fn map(&mut self, depth: usize) -> Built<Vec<Node>> {
        let mut entries = Entries::default();
        let mut merged = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.node(event, span, depth + 1)?;
            let Some((event, span)) = self.next()? else { break };
            let value = self.node(event, span, depth + 1)?;
            match key.value {
                NodeValue::Scalar { text, plain: true } if text == "<<" => merged.append(&mut merge(value)?),
                NodeValue::Scalar { text, .. } => {
                    self.sink.extend(entries.enter(value.named(&text, key.span)));
                }
                _ => return stop(ProblemCode::YamlFeature, key.span, "a key must be text", "write a name"),
            }
        }
        entries.merge(merged);
        Ok(entries.nodes)
    }
}

/// The entries of one mapping, with the line that each key stands on.
#[derive(Default)]
struct Entries {
    nodes: Vec<Node>,
    lines: HashMap<String, usize>,
}

impl Entries {
    /// Adds an entry, unless its key stands there already.
    fn enter(&mut self, node: Node) -> Option<Problem> {
        if let Some(line) = self.lines.get(&node.name) {
            let twice = Problem::error(ProblemCode::DuplicateKey, node.label, format!("`{}` is set twice", node.name));
            return Some(twice.hint(format!("keep one of them; the first is on line {line}")));
        }
        self.lines.insert(node.name.clone(), node.label.line);
        self.nodes.push(node);
        None
    }

    /// Adds entries of merged mappings; what the mapping itself says counts before them.
    fn merge(&mut self, merged: Vec<Node>) {
        for node in merged {
            let _ = self.enter(node);
        }
    }
}

fn merge(value: Node) -> Built<Vec<Node>> {
    match value.value {
        NodeValue::Map(nodes) => Ok(nodes),
        NodeValue::List(nodes) => nodes.into_iter().map(merge).collect::<Built<Vec<_>>>().map(|all| all.concat()),
        NodeValue::Scalar { .. } => stop(
            ProblemCode::YamlFeature,
            value.span,
            "`<<` takes a mapping",
            "write `<<: *name` of an anchored mapping",
        ),
    }
}

/// Whether a tag says that the value is text. Tags beside YAML's own are refused.
fn is_text(tag: Option<&Tag>, span: Span) -> Built<bool> {
    match tag {
        None => Ok(false),
        Some(tag) if tag.is_yaml_core_schema() => Ok(tag.is_yaml_core_schema_tag("str")),
        Some(_) => stop(ProblemCode::YamlFeature, span, "tags have no meaning here", "remove the tag"),
    }
}
