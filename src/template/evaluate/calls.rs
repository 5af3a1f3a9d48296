//! Calls: of macros, methods and functions.

use super::{Callable, Evaluator, Frame, LoopState};
use crate::template::call::Call;
use crate::template::value::{carry, copy, dict, present, refuse, tuple, type_name, why_missing};
use crate::template::{attributes, methods};
use minijinja::machinery::ast::{Call as CallNode, CallBlock, Expr, Macro};
use minijinja::{Error, Value};
use std::rc::Rc;

impl<'t> Evaluator<'t> {
    pub(super) fn call_expression(
        &mut self,
        frame: &Rc<Frame>,
        node: &'t CallNode<'t>,
    ) -> Result<Value, Error> {
        let callee = match &node.expr {
            Expr::GetAttr(inner) => {
                let receiver = self.value(frame, &inner.expr)?;
                if why_missing(&receiver).is_some() {
                    return Ok(receiver);
                }
                let own = attributes::attribute(&receiver, inner.name);
                own.unwrap_or_else(|| {
                    Value::from_object(Callable::Method { receiver, name: inner.name.to_owned() })
                })
            }
            other => self.value(frame, other)?,
        };
        let call = self.arguments(frame, &node.args)?;
        self.call(&callee, call)
    }

    pub(super) fn call(&mut self, callee: &Value, call: Call) -> Result<Value, Error> {
        if let Some(error) = why_missing(callee) {
            return Err(carry(error.clone()));
        }
        if let Some(state) = callee.downcast_object_ref::<LoopState>() {
            return self.recurse(state, call);
        }
        match callee.downcast_object_ref::<Callable>() {
            Some(Callable::Macro(number)) => self.deeper(|this| this.call_macro(*number, call)),
            Some(Callable::Method { receiver, name }) => {
                methods::call(self.scope, receiver, name, call)
            }
            Some(Callable::Function(function)) => {
                let outcome = function.call(self.scope, Value::from(()), call)?;
                super::settled(outcome)
            }
            Some(Callable::Super { block, level }) => {
                let (block, level) = (block.clone(), *level);
                self.capture(|this| this.block_at(&block, level))
            }
            None => {
                if let Some(value) = methods::call_object(callee) {
                    return Ok(value);
                }
                present(callee)?;
                Err(refuse(format!("`{}` cannot be called", type_name(callee))))
            }
        }
    }

    /// Makes a macro known.
    pub(super) fn declare(&mut self, declared: &'t Macro<'t>, frame: &Rc<Frame>) -> Value {
        self.macros.push((declared, Rc::clone(frame)));
        Value::from_object(Callable::Macro(self.macros.len() - 1))
    }

    fn call_macro(&mut self, number: usize, mut call: Call) -> Result<Value, Error> {
        let Some((declared, around)) = self.macros.get(number).cloned() else {
            return Err(refuse("a macro of another template"));
        };
        let frame = Frame::inside(&around);
        // What a macro changes is its own, as in Ansible.
        call.positional.iter_mut().for_each(|value| *value = copy(value));
        call.named.iter_mut().for_each(|(_, value)| *value = copy(value));
        if let Some(caller) = call.take("caller") {
            frame.set("caller", caller);
        }
        let without_default = declared.args.len() - declared.defaults.len();
        let mut positional = call.positional.into_iter();
        for (at, parameter) in declared.args.iter().enumerate() {
            let Expr::Var(name) = parameter else { continue };
            let named = call.named.iter().position(|(known, _)| known == name.id);
            let value = match (positional.next(), named) {
                (Some(_), Some(_)) => {
                    return Err(refuse(format!("`{}` got `{}` twice", declared.name, name.id)));
                }
                (Some(value), None) => value,
                (None, Some(named)) => call.named.remove(named).1,
                (None, None) => match at.checked_sub(without_default) {
                    Some(default) => match declared.defaults.get(default) {
                        Some(default) => self.value(&frame, default)?,
                        None => self.undefined(name.id),
                    },
                    None => self.undefined(name.id),
                },
            };
            frame.set(name.id, value);
        }
        self.take_more(declared, &frame, positional.collect(), call.named)?;
        self.capture(|this| this.statements(&frame, &declared.body))
    }

    /// What a macro gets beyond its parameters, which it has to ask for.
    fn take_more(
        &self,
        declared: &Macro<'_>,
        frame: &Frame,
        positional: Vec<Value>,
        named: Vec<(String, Value)>,
    ) -> Result<(), Error> {
        if !positional.is_empty() && !self.source.contains("varargs") {
            return Err(refuse(format!(
                "`{}` takes at most {} arguments",
                declared.name,
                declared.args.len()
            )));
        }
        if let Some((name, _)) = named.first().filter(|_| !self.source.contains("kwargs")) {
            return Err(refuse(format!("`{}` has no argument `{name}`", declared.name)));
        }
        frame.set("varargs", tuple(positional));
        frame.set("kwargs", dict(named.into_iter().map(|(name, item)| (Value::from(name), item))));
        Ok(())
    }

    /// `{% call … %}`.
    pub(super) fn call_block(
        &mut self,
        frame: &Rc<Frame>,
        block: &'t CallBlock<'t>,
    ) -> Result<(), Error> {
        let caller = self.declare(&block.macro_decl, frame);
        let callee = self.value(frame, &block.call.expr)?;
        let mut call = self.arguments(frame, &block.call.args)?;
        call.named.push(("caller".to_owned(), caller));
        let value = self.call(&callee, call)?;
        self.output.push(value);
        Ok(())
    }
}
