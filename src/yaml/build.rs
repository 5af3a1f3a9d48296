//! From parser events to [`Node`]s.

use super::scalar::resolve_plain;
use super::{Node, NodeKind};
use crate::error::{Location, Problem};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::Value;
use std::collections::HashMap;

/// Deeper nesting than any inventory has; it keeps a hostile file from exhausting the stack.
const MAX_DEPTH: usize = 100;

/// More nodes than any inventory needs from aliases: keeps alias bombs out.
const MAX_ALIASED_NODES: usize = 100_000;

/// All documents of `text`. `file` is the name to show in messages.
pub fn parse(file: &str, text: &str) -> Result<Vec<Node>, Problem> {
    let mut builder = Builder {
        file,
        text,
        events: Parser::new_from_str(text),
        anchors: HashMap::new(),
        aliased: 0,
        plain: false,
    };
    let mut documents = Vec::new();
    while let Some((event, span)) = builder.next()? {
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            Event::StreamEnd => break,
            event => documents.push(builder.node(event, span, 0)?),
        }
    }
    Ok(documents)
}

struct Builder<'a> {
    file: &'a str,
    text: &'a str,
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    aliased: usize,
    /// Whether the last node is a scalar without quotes and tag.
    plain: bool,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, Problem> {
        self.events.next_event().transpose().map_err(|error| {
            let mark = error.marker();
            // The parser counts bytes, not characters, in some lines that it does not understand.
            let line = self.text.lines().nth(mark.line().saturating_sub(1));
            let end = line.map_or(0, |line| line.chars().count()) + 1;
            let column = (mark.col() + 1).min(end);
            let location = Location::new(self.file, mark.line().max(1), column);
            Problem::at(location, format!("not valid YAML: {}", error.info()))
        })
    }

    fn location(&self, span: Span) -> Location {
        Location::new(self.file, span.start.line(), span.start.col() + 1)
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Problem> {
        let location = self.location(span);
        if depth > MAX_DEPTH {
            return Err(Problem::at(location, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.plain = matches!(event, Event::Scalar(_, ScalarStyle::Plain, _, None));
        let (anchor, kind) = match event {
            Event::Alias(id) => return self.alias(id, location),
            Event::Scalar(text, style, anchor, tag) => {
                (anchor, scalar(&text, style, tag.as_deref()))
            }
            Event::SequenceStart(anchor, _) => (anchor, self.sequence(depth)?),
            Event::MappingStart(anchor, _) => (anchor, self.mapping(depth)?),
            _ => return Err(Problem::at(location, "not valid YAML: unexpected end")),
        };
        let node = Node { location, kind };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, location: Location) -> Result<Node, Problem> {
        let Some(node) = self.anchors.get(&id) else {
            return Err(Problem::at(location, "an alias inside the anchor it names"));
        };
        self.aliased += count(node);
        if self.aliased > MAX_ALIASED_NODES {
            return Err(Problem::at(location, "aliases expand to too many nodes"));
        }
        Ok(node.clone())
    }

    fn child(&mut self, depth: usize, end: &Event<'a>) -> Result<Option<Node>, Problem> {
        match self.next()? {
            Some((event, _)) if event == *end => Ok(None),
            Some((event, span)) => self.node(event, span, depth + 1).map(Some),
            None => Ok(None),
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<NodeKind, Problem> {
        let mut items = Vec::new();
        while let Some(item) = self.child(depth, &Event::SequenceEnd)? {
            items.push(item);
        }
        Ok(NodeKind::Sequence(items))
    }

    fn mapping(&mut self, depth: usize) -> Result<NodeKind, Problem> {
        let mut merged = Vec::new();
        let mut entries = Vec::new();
        while let Some(key) = self.child(depth, &Event::MappingEnd)? {
            let location = key.location.clone();
            let merges = self.plain && key.as_str() == Some("<<");
            let value = self
                .child(depth, &Event::MappingEnd)?
                .ok_or_else(|| Problem::at(location, "a key without a value"))?;
            if merges {
                merge(&value, &mut merged)?;
            } else {
                entries.push((key, value));
            }
        }
        // What is merged in comes first, so that the mapping's own keys win.
        merged.extend(entries);
        Ok(NodeKind::Mapping(merged))
    }
}

/// Takes the entries of `<<: *a` or `<<: [*a, *b]`; the earlier mapping of a list wins.
fn merge(value: &Node, into: &mut Vec<(Node, Node)>) -> Result<(), Problem> {
    match &value.kind {
        NodeKind::Mapping(entries) => into.extend(entries.iter().cloned()),
        NodeKind::Sequence(items) => {
            for item in items.iter().rev() {
                into.extend(item.mapping("each merged value")?.iter().cloned());
            }
        }
        _ => return Err(value.expected("the value of `<<`", "a mapping or a list of mappings")),
    }
    Ok(())
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> NodeKind {
    match tag {
        Some(tag) if tag.handle == "!" => {
            NodeKind::Tagged { tag: format!("!{}", tag.suffix), text: text.to_owned() }
        }
        Some(tag) if tag.suffix == "str" => NodeKind::Scalar(Value::String(text.to_owned())),
        None if style != ScalarStyle::Plain => NodeKind::Scalar(Value::String(text.to_owned())),
        _ => NodeKind::Scalar(resolve_plain(text)),
    }
}

fn count(node: &Node) -> usize {
    1 + match &node.kind {
        NodeKind::Sequence(items) => items.iter().map(count).sum(),
        NodeKind::Mapping(entries) => entries.iter().map(|(k, v)| count(k) + count(v)).sum(),
        _ => 0,
    }
}
