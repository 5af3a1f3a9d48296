//! Other files in a template file: `include`, `import`, `extends` and `block`.

use super::{Callable, Evaluator, Frame, parse_template, with_loop_tuples};
use crate::template::error::TemplateError;
use crate::template::escapes::{self, Kind};
use crate::template::render::Whitespace;
use crate::template::value::{carry, dict, is_list, items, list, refuse};
use minijinja::machinery::ast::{self, Expr, FromImport, Import, Include, Stmt};
use minijinja::{Error, Value};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// How a template file and what it includes are read.
#[derive(Debug, Clone)]
pub(in crate::template) struct FileSettings {
    pub(in crate::template) whitespace: Whitespace,
    /// Where included files are looked for, in this order.
    pub(in crate::template) directories: Vec<PathBuf>,
}

/// A block with the names that were known where it stands.
pub(super) type Block<'t> = (&'t ast::Block<'t>, Rc<Frame>);

impl<'t> Evaluator<'t> {
    /// A whole file: its own body, or that of the file it extends.
    pub(super) fn file_body(&mut self, tree: &'t Stmt<'t>, frame: &Rc<Frame>) -> Result<(), Error> {
        let Stmt::Template(template) = tree else { return self.statement(frame, tree) };
        self.collect_blocks(&template.children, frame);
        let extends = template.children.iter().find_map(|statement| match statement {
            Stmt::Extends(inner) => Some(inner),
            _ => None,
        });
        let Some(extends) = extends else { return self.statements(frame, &template.children) };
        // Names are set before the parent runs; whatever else stands outside of blocks is not shown.
        self.capture(|this| {
            let others = template
                .children
                .iter()
                .filter(|statement| !matches!(statement, Stmt::Extends(_) | Stmt::Block(_)));
            others.into_iter().try_for_each(|statement| this.statement(frame, statement))
        })?;
        let name = self.value(frame, &extends.name)?;
        let parent = self.load(&name)?;
        let Some((parent, source, file)) = parent else {
            return Err(self.not_found(&name));
        };
        self.in_file(source, file, |this| this.deeper(|this| this.file_body(parent, frame)))
    }

    fn collect_blocks(&mut self, statements: &'t [Stmt<'t>], frame: &Rc<Frame>) {
        for statement in statements {
            match statement {
                Stmt::Block(block) => {
                    let known = self.blocks.entry(block.name).or_default();
                    known.push((block, Rc::clone(frame)));
                    self.collect_blocks(&block.body, frame);
                }
                Stmt::IfCond(inner) => {
                    self.collect_blocks(&inner.true_body, frame);
                    self.collect_blocks(&inner.false_body, frame);
                }
                Stmt::ForLoop(inner) => self.collect_blocks(&inner.body, frame),
                Stmt::WithBlock(inner) => self.collect_blocks(&inner.body, frame),
                _ => {}
            }
        }
    }

    pub(super) fn block(
        &mut self,
        _frame: &Rc<Frame>,
        block: &'t ast::Block<'t>,
    ) -> Result<(), Error> {
        self.block_at(block.name, 0)
    }

    /// A block's body: that of the outermost child, or of what it replaces.
    pub(super) fn block_at(&mut self, name: &str, level: usize) -> Result<(), Error> {
        let found = self.blocks.get(name).and_then(|known| known.get(level)).cloned();
        let Some((block, around)) = found else {
            return Err(refuse(format!("there is no block above `{name}`")));
        };
        let frame = Frame::inside(&around);
        let above = Callable::Super { block: name.to_owned(), level: level + 1 };
        frame.set("super", Value::from_object(above));
        self.deeper(|this| this.statements(&frame, &block.body))
    }

    pub(super) fn include(
        &mut self,
        frame: &Rc<Frame>,
        include: &'t Include<'t>,
    ) -> Result<(), Error> {
        let name = self.value(frame, &include.name)?;
        match self.load(&name)? {
            Some((tree, source, file)) => {
                let inside = Frame::inside(frame);
                let blocks = std::mem::take(&mut self.blocks);
                let outcome = self.in_file(source, file, |this| {
                    this.deeper(|this| this.file_body(tree, &inside))
                });
                self.blocks = blocks;
                outcome
            }
            None if include.ignore_missing => Ok(()),
            None => Err(self.not_found(&name)),
        }
    }

    /// The names that a file sets, its macros first of all.
    fn module(&mut self, frame: &Rc<Frame>, name: &'t Expr<'t>) -> Result<Rc<Frame>, Error> {
        let name = self.value(frame, name)?;
        let Some((tree, source, file)) = self.load(&name)? else {
            return Err(self.not_found(&name));
        };
        let inside = Rc::new(Frame::default());
        let body = |this: &mut Self| this.deeper(|this| this.file_body(tree, &inside));
        self.in_file(source, file, |this| this.capture(body))?;
        Ok(inside)
    }

    pub(super) fn import(&mut self, frame: &Rc<Frame>, node: &'t Import<'t>) -> Result<(), Error> {
        let module = self.module(frame, &node.expr)?;
        let names = module.names.borrow();
        let names = names.iter().map(|(name, value)| (Value::from(name.as_str()), value.clone()));
        self.assign(frame, &node.name, dict(names))
    }

    pub(super) fn import_names(
        &mut self,
        frame: &Rc<Frame>,
        node: &'t FromImport<'t>,
    ) -> Result<(), Error> {
        let module = self.module(frame, &node.expr)?;
        for (name, alias) in &node.names {
            let Expr::Var(wanted) = name else { continue };
            let found = module.names.borrow().get(wanted.id).cloned();
            let value = found.unwrap_or_else(|| self.undefined(wanted.id));
            self.assign(frame, alias.as_ref().unwrap_or(name), value)?;
        }
        Ok(())
    }

    /// The first file of that name, or of one of those names.
    fn load(&mut self, name: &Value) -> Result<Option<(&'t Stmt<'t>, &'t str, String)>, Error> {
        let names = if is_list(name) { items(name)? } else { items(&list([name.clone()]))? };
        let Some(settings) = self.files.clone() else {
            return Err(refuse("only template files can include other files"));
        };
        for name in &names {
            let Some(name) = name.as_str() else {
                return Err(refuse("the name of a template must be text"));
            };
            let Some(path) = find(&settings.directories, name) else { continue };
            let text = std::fs::read_to_string(&path)
                .map_err(|error| refuse(format!("cannot read `{}`: {error}", path.display())))?;
            let library = self.library;
            let kept = escapes::keep(&text, Kind::File);
            let source = library.sources.keep(with_loop_tuples(&kept).into_owned());
            let tree = parse_template(source, settings.whitespace).map_err(|error| {
                carry(TemplateError::Syntax {
                    what: "template",
                    template: format!("{}:{}", path.display(), error.line().unwrap_or(1)),
                    message: error.detail().unwrap_or_default().to_owned(),
                })
            })?;
            return Ok(Some((library.trees.keep(tree), source, name.to_owned())));
        }
        Ok(None)
    }

    fn not_found(&self, name: &Value) -> Error {
        let tried: Vec<String> = self
            .files
            .iter()
            .flat_map(|files| &files.directories)
            .map(|directory| format!("`{}`", directory.display()))
            .collect();
        refuse(format!("there is no template `{name}` in {}", tried.join(", ")))
    }

    /// Runs something that stands in another file; errors tell which.
    fn in_file<T>(
        &mut self,
        source: &'t str,
        file: String,
        run: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let before = (self.source, self.file.replace(file), self.line);
        self.source = source;
        let outcome = run(self);
        if outcome.is_ok() {
            (self.source, self.file, self.line) = before;
        }
        outcome
    }
}

/// A file below one of the directories; names never lead out of them.
fn find(directories: &[PathBuf], name: &str) -> Option<PathBuf> {
    if Path::new(name).components().any(|part| part == std::path::Component::ParentDir) {
        return None;
    }
    directories
        .iter()
        .map(|directory| directory.join(name.trim_start_matches('/')))
        .find(|path| path.is_file())
}
