//! `{% for … %}` and what `loop` knows.

use super::{Evaluator, Frame};
use crate::template::call::Call;
use crate::template::operators::equal;
use crate::template::value::{carry, items, refuse, truth, tuple, why_missing};
use minijinja::machinery::ast::ForLoop;
use minijinja::value::{Object, ObjectRepr};
use minijinja::{Error, Value};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

/// `loop` in the body of a loop.
#[derive(Debug)]
pub(in crate::template) struct LoopState {
    at: usize,
    items: Arc<Vec<Value>>,
    depth: usize,
    /// The number of the loop, when it may call itself.
    recursive: Option<usize>,
    last_seen: Arc<Mutex<Option<Vec<Value>>>>,
}

impl LoopState {
    /// `loop.cycle` and `loop.changed`.
    pub(in crate::template) fn method(
        &self,
        name: &str,
        call: &Call,
    ) -> Option<Result<Value, Error>> {
        let values = &call.positional;
        match name {
            "cycle" if values.is_empty() => Some(Err(refuse("`cycle` needs something to cycle"))),
            "cycle" => values.get(self.at % values.len()).cloned().map(Ok),
            "changed" => {
                let mut seen = self.last_seen.lock().unwrap_or_else(PoisonError::into_inner);
                let same = seen
                    .as_ref()
                    .is_some_and(|seen| equal(&tuple(seen.clone()), &tuple(values.clone())));
                *seen = Some(values.clone());
                Some(Ok(Value::from(!same)))
            }
            _ => None,
        }
    }
}

impl Object for LoopState {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let count = self.items.len();
        Some(match key.as_str()? {
            "index" => Value::from(self.at + 1),
            "index0" => Value::from(self.at),
            "revindex" => Value::from(count - self.at),
            "revindex0" => Value::from(count - self.at - 1),
            "first" => Value::from(self.at == 0),
            "last" => Value::from(self.at + 1 == count),
            "length" => Value::from(count),
            "depth" => Value::from(self.depth + 1),
            "depth0" => Value::from(self.depth),
            "previtem" => self.items.get(self.at.checked_sub(1)?)?.clone(),
            "nextitem" => self.items.get(self.at + 1)?.clone(),
            _ => return None,
        })
    }
}

impl<'t> Evaluator<'t> {
    pub(super) fn for_loop(
        &mut self,
        frame: &Rc<Frame>,
        node: &'t ForLoop<'t>,
    ) -> Result<(), Error> {
        let over = self.value(frame, &node.iter)?;
        let recursive = node.recursive.then(|| {
            self.recursive.push((node, Rc::clone(frame)));
            self.recursive.len() - 1
        });
        self.run_loop(frame, node, &over, recursive, 0)
    }

    fn run_loop(
        &mut self,
        frame: &Rc<Frame>,
        node: &'t ForLoop<'t>,
        over: &Value,
        recursive: Option<usize>,
        depth: usize,
    ) -> Result<(), Error> {
        let mut picked = Vec::new();
        for item in items(over)? {
            self.scope.chain.work(1)?;
            if let Some(filter) = &node.filter_expr {
                let inner = Frame::inside(frame);
                self.assign(&inner, &node.target, item.clone())?;
                let wanted = self.value(&inner, filter)?;
                if !truth(&wanted)? {
                    continue;
                }
            }
            picked.push(item);
        }
        if picked.is_empty() {
            return self.statements(&Frame::inside(frame), &node.else_body);
        }
        let (picked, last_seen) = (Arc::new(picked), Arc::default());
        for (at, item) in picked.iter().enumerate() {
            let inner = Frame::inside(frame);
            let items = Arc::clone(&picked);
            let state =
                LoopState { at, items, depth, recursive, last_seen: Arc::clone(&last_seen) };
            inner.set("loop", Value::from_object(state));
            self.assign(&inner, &node.target, item.clone())?;
            self.statements(&inner, &node.body)?;
        }
        Ok(())
    }

    /// `loop(items)` in a loop that is marked `recursive`.
    pub(super) fn recurse(&mut self, state: &LoopState, call: Call) -> Result<Value, Error> {
        let found = state.recursive.and_then(|number| self.recursive.get(number).cloned());
        let Some((node, frame)) = found else {
            return Err(refuse("`loop` can only be called where the loop is `recursive`"));
        };
        let Some(over) = call.positional.into_iter().next() else {
            return Err(refuse("`loop` needs what to go through"));
        };
        if let Some(error) = why_missing(&over) {
            return Err(carry(error.clone()));
        }
        let (recursive, depth) = (state.recursive, state.depth + 1);
        self.deeper(|this| {
            this.capture(|this| this.run_loop(&frame, node, &over, recursive, depth))
        })
    }
}
