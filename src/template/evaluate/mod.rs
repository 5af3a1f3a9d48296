//! Runs templates as Ansible's Jinja does: with Python's operators and methods, lists that can be
//! changed in place, and missing values that may be asked about.
//!
//! The parser is minijinja's; what the tree means is here.

mod calls;
mod expressions;
mod files;
mod loops;
mod parse;
mod shelf;
mod statements;

use super::call::Plugin;
use super::error::TemplateError;
use super::limits::fits;
use super::python::{emitted_text, is_printable};
use super::scope::Scope;
use super::text::{place, shorten};
use super::value::{carry, missing, none, refuse, why_missing};
use files::Block;
use minijinja::machinery::ast::{Expr, ForLoop, Macro, Stmt};
use minijinja::value::{Object, ObjectRepr};
use minijinja::{Error, Value};
use shelf::Shelf;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

pub(super) use files::FileSettings;
pub(super) use loops::LoopState;
pub(super) use parse::{parse_expression, parse_template, with_loop_tuples};

/// Macros and loops that call themselves end here, before the stack does.
const MAX_DEPTH: usize = 40;

/// Local names: those of a loop, a macro, a block. The ones around it are seen, too.
#[derive(Default)]
struct Frame {
    names: RefCell<HashMap<String, Value>>,
    around: Option<Rc<Frame>>,
}

impl Frame {
    fn inside(around: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self { names: RefCell::default(), around: Some(Rc::clone(around)) })
    }

    fn get(&self, name: &str) -> Option<Value> {
        let mut frame = Some(self);
        while let Some(current) = frame {
            if let Some(value) = current.names.borrow().get(name) {
                return Some(value.clone());
            }
            frame = current.around.as_deref();
        }
        None
    }

    fn set(&self, name: &str, value: Value) {
        self.names.borrow_mut().insert(name.to_owned(), value);
    }
}

/// What can be called and is no plain data.
#[derive(Debug)]
pub(super) enum Callable {
    /// A macro or the body of a `call` block, by its number.
    Macro(usize),
    /// A method of a value.
    Method { receiver: Value, name: String },
    /// A global function.
    Function(&'static Plugin),
    /// The block that the current one replaces.
    Super { block: String, level: usize },
}

impl Object for Callable {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

/// Sources and trees of what is included, which live as long as the rendering.
#[derive(Default)]
pub(super) struct Library<'t> {
    sources: Shelf<String>,
    trees: Shelf<Stmt<'t>>,
}

/// One rendering of one template with everything it includes.
pub(super) struct Evaluator<'t> {
    scope: &'t Scope,
    library: &'t Library<'t>,
    /// How files are read, when this is a file.
    files: Option<FileSettings>,
    /// Variables that were read, so that changes in place last until the end.
    read: HashMap<String, Value>,
    output: Vec<Value>,
    macros: Vec<(&'t Macro<'t>, Rc<Frame>)>,
    recursive: Vec<(&'t ForLoop<'t>, Rc<Frame>)>,
    blocks: HashMap<&'t str, Vec<Block<'t>>>,
    source: &'t str,
    file: Option<String>,
    line: usize,
    depth: usize,
}

impl<'t> Evaluator<'t> {
    pub(super) fn new(
        scope: &'t Scope,
        library: &'t Library<'t>,
        source: &'t str,
        files: Option<FileSettings>,
    ) -> Self {
        Self {
            scope,
            library,
            files,
            read: HashMap::new(),
            output: Vec::new(),
            macros: Vec::new(),
            recursive: Vec::new(),
            blocks: HashMap::new(),
            source,
            file: None,
            line: 1,
            depth: 0,
        }
    }

    /// What the template puts out: nothing, the only value with its type, or text.
    pub(super) fn template(&mut self, tree: &'t Stmt<'t>) -> Result<Value, Error> {
        let frame = Rc::new(Frame::default());
        self.file_body(tree, &frame)?;
        let output = std::mem::take(&mut self.output);
        let value = joined(output)?;
        if is_printable(&value) || why_missing(&value).is_some() {
            return Ok(value);
        }
        Err(refuse("this is no data; call it, or make a list or text of it"))
    }

    /// The value of a bare expression.
    pub(super) fn expression(&mut self, tree: &'t Expr<'t>) -> Result<Value, Error> {
        self.value(&Rc::new(Frame::default()), tree)
    }

    /// The statement that is being evaluated, as errors show it.
    pub(super) fn place(&self) -> String {
        let place = place(self.source, self.line);
        match &self.file {
            Some(file) => format!("{file}: {place}"),
            None => place,
        }
    }

    fn variable(&mut self, frame: &Frame, name: &str) -> Result<Value, Error> {
        if let Some(value) = frame.get(name).or_else(|| self.read.get(name).cloned()) {
            return Ok(value);
        }
        let value = match self.scope.lookup(name) {
            Ok(Some(value)) => settled(value)?,
            Ok(None) => match super::functions::find(name) {
                Some(function) => return Ok(Value::from_object(Callable::Function(function))),
                None => return Ok(self.undefined(name)),
            },
            Err(error @ TemplateError::Undefined { .. }) => missing(error),
            Err(error) => return Err(carry(error)),
        };
        self.read.insert(name.to_owned(), value.clone());
        Ok(value)
    }

    fn undefined(&self, name: &str) -> Value {
        missing(TemplateError::Undefined {
            name: name.to_owned(),
            template: shorten(&self.place()),
            chain: self.scope.chain.names(),
            near: Vec::new(),
        })
    }

    /// Runs something and gives what it put out.
    fn capture(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<Value, Error> {
        let outer = std::mem::take(&mut self.output);
        let outcome = run(self);
        let inner = std::mem::replace(&mut self.output, outer);
        outcome?;
        joined(inner)
    }

    fn deeper<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth >= MAX_DEPTH {
            return Err(refuse(format!(
                "macros and loops call each other more than {MAX_DEPTH} deep"
            )));
        }
        self.depth += 1;
        let outcome = run(self);
        self.depth -= 1;
        outcome
    }
}

/// The value, unless reading it failed in another way than that something is undefined.
fn settled(value: Value) -> Result<Value, Error> {
    match why_missing(&value) {
        Some(TemplateError::Undefined { .. }) | None => Ok(value),
        Some(error) => Err(carry(error.clone())),
    }
}

/// What was put out as one value: a single one keeps its type, several are text. `None` is nothing.
fn joined(mut output: Vec<Value>) -> Result<Value, Error> {
    output.retain(|part| !part.is_none());
    match output.len() {
        0 => Ok(none()),
        1 => Ok(output.pop().unwrap_or_default()),
        _ => {
            let mut text = String::new();
            for part in &output {
                text.push_str(&emitted_text(part)?);
                fits(text.len())?;
            }
            Ok(Value::from(text))
        }
    }
}
