//! Expressions.

use super::{Evaluator, Frame, settled};
use crate::template::call::Call;
use crate::template::limits::{looked_at, made};
use crate::template::numbers::Number;
use crate::template::value::{
    carry, dict, is_list, is_map, list, refuse, truth, tuple, type_name, why_missing,
};
use crate::template::{attributes, filters, jinja_tests, nesting, operators};
use minijinja::machinery::ast::{
    BinOp, BinOpKind, Compare, CompareOpKind, Expr, Filter, GetItem, IfExpr, Map, Slice, Test,
    UnaryOp, UnaryOpKind,
};
use minijinja::{Error, Value};
use std::rc::Rc;

impl<'t> Evaluator<'t> {
    pub(super) fn value(
        &mut self,
        frame: &Rc<Frame>,
        expression: &'t Expr<'t>,
    ) -> Result<Value, Error> {
        self.scope.chain.work(1)?;
        match expression {
            Expr::Var(name) => self.variable(frame, name.id),
            Expr::Const(constant) => Ok(constant.value.clone()),
            Expr::Slice(slice) => self.slice(frame, slice),
            Expr::UnaryOp(operation) => self.unary(frame, operation),
            Expr::BinOp(operation) => self.binary(frame, operation),
            Expr::Compare(comparison) => self.comparison(frame, comparison),
            Expr::IfExpr(choice) => self.choice(frame, choice),
            Expr::Filter(filter) => self.filter(frame, filter, None),
            Expr::Test(test) => self.test(frame, test),
            Expr::GetAttr(inner) => {
                let container = self.value(frame, &inner.expr)?;
                let found = attributes::attribute(&container, inner.name);
                self.found(&container, found, expression)
            }
            Expr::GetItem(inner) => self.item(frame, inner, expression),
            Expr::Call(call) => self.call_expression(frame, call),
            Expr::List(inner) => checked(list(self.values(frame, &inner.items)?)),
            Expr::Tuple(inner) => checked(tuple(self.values(frame, &inner.items)?)),
            Expr::Map(map) => self.mapping(frame, map),
        }
    }

    fn values(
        &mut self,
        frame: &Rc<Frame>,
        expressions: &'t [Expr<'t>],
    ) -> Result<Vec<Value>, Error> {
        expressions.iter().map(|expression| self.value(frame, expression)).collect()
    }

    fn mapping(&mut self, frame: &Rc<Frame>, map: &'t Map<'t>) -> Result<Value, Error> {
        let keys = self.values(frame, &map.keys)?;
        if let Some(key) = keys.iter().find(|key| is_map(key) || is_list(key) && !key.is_tuple()) {
            return Err(refuse(format!("`{}` cannot be a key", type_name(key))));
        }
        checked(dict(keys.into_iter().zip(self.values(frame, &map.values)?)))
    }

    fn item(
        &mut self,
        frame: &Rc<Frame>,
        inner: &'t GetItem<'t>,
        whole: &'t Expr<'t>,
    ) -> Result<Value, Error> {
        let container = self.value(frame, &inner.expr)?;
        let key = self.value(frame, &inner.subscript_expr)?;
        if why_missing(&key).is_some() {
            return Ok(key);
        }
        let found = attributes::item(&container, &key);
        self.found(&container, found, whole)
    }

    /// What was found in a container, or why there is nothing.
    fn found(
        &self,
        container: &Value,
        found: Option<Value>,
        whole: &Expr<'_>,
    ) -> Result<Value, Error> {
        if why_missing(container).is_some() {
            return Ok(container.clone());
        }
        match found {
            Some(value) => settled(value),
            None => Ok(self.undefined(&spelled(whole))),
        }
    }

    fn slice(&mut self, frame: &Rc<Frame>, slice: &'t Slice<'t>) -> Result<Value, Error> {
        let value = self.value(frame, &slice.expr)?;
        if why_missing(&value).is_some() {
            return Ok(value);
        }
        let mut bounds = [None; 3];
        for (bound, part) in bounds.iter_mut().zip([&slice.start, &slice.stop, &slice.step]) {
            let Some(part) = part else { continue };
            let part = self.value(frame, part)?;
            *bound = match Number::of(&part) {
                _ if part.is_none() => None,
                Some(Number::Integer(number)) => {
                    Some(i64::try_from(number).unwrap_or(if number < 0 {
                        i64::MIN
                    } else {
                        i64::MAX
                    }))
                }
                _ => return Err(refuse("slices take integers")),
            };
        }
        let [start, stop, step] = bounds;
        self.scope.chain.work(made(&value))?;
        operators::slice(&value, start, stop, step)
    }

    fn unary(&mut self, frame: &Rc<Frame>, operation: &'t UnaryOp<'t>) -> Result<Value, Error> {
        let value = self.value(frame, &operation.expr)?;
        match operation.op {
            UnaryOpKind::Not => Ok(Value::from(!truth(&value)?)),
            UnaryOpKind::Neg => match Number::of(crate::template::value::present(&value)?) {
                Some(number) => number.negate().map(Value::from),
                None => Err(refuse(format!("`{}` has no negative", type_name(&value)))),
            },
        }
    }

    fn binary(&mut self, frame: &Rc<Frame>, operation: &'t BinOp<'t>) -> Result<Value, Error> {
        let left = self.value(frame, &operation.left)?;
        match operation.op {
            BinOpKind::ScAnd if !truth(&left)? => return Ok(left),
            BinOpKind::ScOr if truth(&left)? => return Ok(left),
            BinOpKind::ScAnd | BinOpKind::ScOr => return self.value(frame, &operation.right),
            _ => {}
        }
        let right = self.value(frame, &operation.right)?;
        self.scope.chain.work(looked_at(&left) + looked_at(&right))?;
        let outcome = operators::apply(operation.op, &left, &right)?;
        self.scope.chain.work(made(&outcome))?;
        Ok(outcome)
    }

    /// `a < b < c`.
    fn comparison(
        &mut self,
        frame: &Rc<Frame>,
        comparison: &'t Compare<'t>,
    ) -> Result<Value, Error> {
        let mut left = self.value(frame, &comparison.expr)?;
        for operation in &comparison.ops {
            let right = self.value(frame, &operation.expr)?;
            let (operator, wanted) = match operation.op {
                CompareOpKind::Eq => (BinOpKind::Eq, true),
                CompareOpKind::Ne => (BinOpKind::Ne, true),
                CompareOpKind::Lt => (BinOpKind::Lt, true),
                CompareOpKind::Lte => (BinOpKind::Lte, true),
                CompareOpKind::Gt => (BinOpKind::Gt, true),
                CompareOpKind::Gte => (BinOpKind::Gte, true),
                CompareOpKind::In => (BinOpKind::In, true),
                CompareOpKind::NotIn => (BinOpKind::In, false),
            };
            self.scope.chain.work(looked_at(&left) + looked_at(&right))?;
            if operators::apply(operator, &left, &right)?.is_true() != wanted {
                return Ok(Value::from(false));
            }
            left = right;
        }
        Ok(Value::from(true))
    }

    fn choice(&mut self, frame: &Rc<Frame>, choice: &'t IfExpr<'t>) -> Result<Value, Error> {
        let test = self.value(frame, &choice.test_expr)?;
        match &choice.false_expr {
            _ if truth(&test)? => self.value(frame, &choice.true_expr),
            Some(other) => self.value(frame, other),
            None => Ok(Value::UNDEFINED),
        }
    }

    /// A filter; `start` is what goes into the first one of a `filter` or `set` block.
    pub(super) fn filter(
        &mut self,
        frame: &Rc<Frame>,
        filter: &'t Filter<'t>,
        start: Option<Value>,
    ) -> Result<Value, Error> {
        let input = match (&filter.expr, start) {
            (Some(Expr::Filter(inner)), start) => self.filter(frame, inner, start)?,
            (Some(expression), _) => self.value(frame, expression)?,
            (None, Some(start)) => start,
            (None, None) => return Err(refuse("a filter without a value")),
        };
        let call = self.arguments(frame, &filter.args)?;
        filters::apply(self.scope, filter.name, input, call)
    }

    fn test(&mut self, frame: &Rc<Frame>, tested: &'t Test<'t>) -> Result<Value, Error> {
        let input = self.value(frame, &tested.expr)?;
        let call = self.arguments(frame, &tested.args)?;
        let outcome = jinja_tests::apply(self.scope, tested.name, input, call)?;
        match why_missing(&outcome) {
            Some(error) => Err(carry(error.clone())),
            None => Ok(outcome),
        }
    }

    pub(super) fn arguments(
        &mut self,
        frame: &Rc<Frame>,
        arguments: &'t [minijinja::machinery::ast::CallArg<'t>],
    ) -> Result<Call, Error> {
        use minijinja::machinery::ast::CallArg;
        let mut call = Call::default();
        for argument in arguments {
            match argument {
                CallArg::Pos(value) => call.positional.push(self.value(frame, value)?),
                CallArg::Kwarg(name, value) => {
                    call.named.push(((*name).to_owned(), self.value(frame, value)?));
                }
                CallArg::PosSplat(values) => {
                    let values = self.value(frame, values)?;
                    call.positional.extend(crate::template::value::items(&values)?);
                }
                CallArg::KwargSplat(values) => {
                    let values = self.value(frame, values)?;
                    for (name, value) in crate::template::value::entries(&values, "**")? {
                        call.named.push((name.to_string(), value));
                    }
                }
            }
        }
        Ok(call)
    }
}

/// An expression as somebody would write it: names, attributes and items.
fn spelled(expression: &Expr<'_>) -> String {
    match expression {
        Expr::Var(name) => name.id.to_owned(),
        Expr::GetAttr(inner) => format!("{}.{}", spelled(&inner.expr), inner.name),
        Expr::GetItem(inner) => {
            let base = spelled(&inner.expr);
            match &inner.subscript_expr {
                Expr::Const(constant) => match constant.value.as_str() {
                    Some(key) => format!("{base}['{key}']"),
                    None => format!("{base}[{}]", constant.value),
                },
                other => format!("{base}[{}]", spelled(other)),
            }
        }
        Expr::Call(inner) => format!("{}()", spelled(&inner.expr)),
        Expr::Filter(inner) => {
            let base = inner.expr.as_ref().map(spelled).unwrap_or_default();
            format!("({base} | {})", inner.name)
        }
        _ => "…".to_owned(),
    }
}

/// The value, unless it is nested too deep.
fn checked(value: Value) -> Result<Value, Error> {
    nesting::check(&value).map(|()| value)
}
