//! Statements.

use super::{Evaluator, Frame};
use crate::template::functions::Namespace;
use crate::template::value::{items, refuse, truth};
use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::{Error, Value};
use std::rc::Rc;

impl<'t> Evaluator<'t> {
    pub(super) fn statements(
        &mut self,
        frame: &Rc<Frame>,
        statements: &'t [Stmt<'t>],
    ) -> Result<(), Error> {
        statements.iter().try_for_each(|statement| self.statement(frame, statement))
    }

    pub(super) fn statement(
        &mut self,
        frame: &Rc<Frame>,
        statement: &'t Stmt<'t>,
    ) -> Result<(), Error> {
        self.note_line(statement);
        match statement {
            Stmt::Template(inner) => self.statements(frame, &inner.children),
            Stmt::EmitRaw(inner) => {
                if !inner.raw.is_empty() {
                    self.output.push(Value::from(inner.raw));
                }
                Ok(())
            }
            Stmt::EmitExpr(inner) => {
                let value = self.value(frame, &inner.expr)?;
                self.output.push(value);
                Ok(())
            }
            Stmt::ForLoop(inner) => self.for_loop(frame, inner),
            Stmt::IfCond(inner) => {
                let holds = self.value(frame, &inner.expr)?;
                let body = if truth(&holds)? { &inner.true_body } else { &inner.false_body };
                self.statements(frame, body)
            }
            Stmt::WithBlock(inner) => {
                let inside = Frame::inside(frame);
                for (target, value) in &inner.assignments {
                    let value = self.value(&inside, value)?;
                    self.assign(&inside, target, value)?;
                }
                self.statements(&inside, &inner.body)
            }
            Stmt::Set(inner) => {
                let value = self.value(frame, &inner.expr)?;
                self.assign(frame, &inner.target, value)
            }
            Stmt::SetBlock(inner) => {
                let value = self.filtered(frame, &inner.body, inner.filter.as_ref())?;
                self.assign(frame, &inner.target, value)
            }
            Stmt::FilterBlock(inner) => {
                let value = self.filtered(frame, &inner.body, Some(&inner.filter))?;
                self.output.push(value);
                Ok(())
            }
            Stmt::Macro(inner) => {
                let value = self.declare(inner, frame);
                frame.set(inner.name, value);
                Ok(())
            }
            Stmt::CallBlock(inner) => self.call_block(frame, inner),
            Stmt::AutoEscape(inner) => self.statements(frame, &inner.body),
            Stmt::Block(inner) => self.block(frame, inner),
            Stmt::Include(inner) => self.include(frame, inner),
            Stmt::Import(inner) => self.import(frame, inner),
            Stmt::FromImport(inner) => self.import_names(frame, inner),
            Stmt::Extends(_) => Err(refuse("`extends` must stand at the top of a template")),
            Stmt::Do(_) => Err(refuse("`do` is no statement of Ansible's templates")),
        }
    }

    /// What a block puts out, gone through its filters.
    fn filtered(
        &mut self,
        frame: &Rc<Frame>,
        body: &'t [Stmt<'t>],
        filter: Option<&'t Expr<'t>>,
    ) -> Result<Value, Error> {
        let inside = Frame::inside(frame);
        let value = self.capture(|this| this.statements(&inside, body))?;
        match filter {
            Some(Expr::Filter(filter)) => self.filter(frame, filter, Some(value)),
            _ => Ok(value),
        }
    }

    /// Binds a name, several names to the parts of a value, or an attribute of a namespace.
    pub(super) fn assign(
        &mut self,
        frame: &Rc<Frame>,
        target: &'t Expr<'t>,
        value: Value,
    ) -> Result<(), Error> {
        let targets = match target {
            Expr::Var(name) => {
                frame.set(name.id, value);
                return Ok(());
            }
            Expr::GetAttr(inner) => {
                let holder = self.value(frame, &inner.expr)?;
                let Some(namespace) = holder.downcast_object_ref::<Namespace>() else {
                    return Err(refuse("only attributes of a `namespace()` can be set"));
                };
                return namespace.set(inner.name, value);
            }
            Expr::List(inner) => &inner.items,
            Expr::Tuple(inner) => &inner.items,
            _ => return Err(refuse("nothing can be set there")),
        };
        let values = items(&value)?;
        if values.len() != targets.len() {
            return Err(refuse(format!(
                "{} values do not fit {} names",
                values.len(),
                targets.len()
            )));
        }
        for (target, value) in targets.iter().zip(values) {
            self.assign(frame, target, value)?;
        }
        Ok(())
    }

    fn note_line(&mut self, statement: &Stmt<'_>) {
        let span = match statement {
            Stmt::EmitExpr(inner) => inner.span(),
            Stmt::ForLoop(inner) => inner.span(),
            Stmt::IfCond(inner) => inner.span(),
            Stmt::Set(inner) => inner.span(),
            Stmt::SetBlock(inner) => inner.span(),
            Stmt::Include(inner) => inner.span(),
            Stmt::Import(inner) => inner.span(),
            Stmt::FromImport(inner) => inner.span(),
            Stmt::WithBlock(inner) => inner.span(),
            Stmt::CallBlock(inner) => inner.span(),
            Stmt::FilterBlock(inner) => inner.span(),
            _ => return,
        };
        self.line = usize::from(span.start_line);
    }
}
