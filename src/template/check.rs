//! What can be said about a template before there are variables.

use super::error::TemplateError;
use super::escapes::{self, Kind};
use super::evaluate::{parse_expression, parse_template, with_loop_tuples};
use super::render::{Whitespace, bare_expression, translate};
use super::scope::Scope;
use super::text::shorten;
use super::{filters, functions, is_template, jinja_tests, lookups};
use minijinja::machinery::ast::{Call, CallArg, Expr, Stmt};

/// Whether the text is a template that can be rendered: syntax, and the names of filters, tests and
/// lookups with their arguments.
pub fn check_text(text: &str) -> Result<(), TemplateError> {
    if !is_template(text) {
        return Ok(());
    }
    let kept = escapes::keep(text, Kind::Text);
    let source = with_loop_tuples(&kept);
    let tree = parse_template(&source, Whitespace::default())
        .map_err(|error| translate(&error, text, &Scope::default()))?;
    statement(&tree)
}

/// Whether the text is an expression that can be evaluated: syntax, and the names of filters, tests
/// and lookups with their arguments.
pub fn check_expression(text: &str) -> Result<(), TemplateError> {
    let bare = bare_expression(text);
    let source = escapes::keep(bare, Kind::Expression);
    let tree = parse_expression(&source).map_err(|error| TemplateError::Syntax {
        what: "expression",
        template: shorten(bare),
        message: error.detail().unwrap_or_default().to_owned(),
    })?;
    expression(&tree)
}

fn statements(list: &[Stmt<'_>]) -> Result<(), TemplateError> {
    list.iter().try_for_each(statement)
}

fn statement(node: &Stmt<'_>) -> Result<(), TemplateError> {
    match node {
        Stmt::Template(inner) => statements(&inner.children),
        Stmt::EmitExpr(inner) => expression(&inner.expr),
        Stmt::ForLoop(inner) => {
            expression(&inner.iter)?;
            inner.filter_expr.iter().try_for_each(expression)?;
            statements(&inner.body)?;
            statements(&inner.else_body)
        }
        Stmt::IfCond(inner) => {
            expression(&inner.expr)?;
            statements(&inner.true_body)?;
            statements(&inner.false_body)
        }
        Stmt::WithBlock(inner) => {
            inner.assignments.iter().try_for_each(|(_, value)| expression(value))?;
            statements(&inner.body)
        }
        Stmt::Set(inner) => expression(&inner.expr),
        Stmt::SetBlock(inner) => {
            inner.filter.iter().try_for_each(expression)?;
            statements(&inner.body)
        }
        Stmt::FilterBlock(inner) => {
            expression(&inner.filter)?;
            statements(&inner.body)
        }
        Stmt::Macro(inner) => {
            inner.defaults.iter().try_for_each(expression)?;
            statements(&inner.body)
        }
        Stmt::CallBlock(inner) => {
            call(&inner.call)?;
            statements(&inner.macro_decl.body)
        }
        Stmt::AutoEscape(inner) => statements(&inner.body),
        Stmt::Block(inner) => statements(&inner.body),
        Stmt::Do(_) => Err(TemplateError::Syntax {
            what: "template",
            template: "{% do … %}".to_owned(),
            message: "Ansible's templates have no `do`; write `{% set _ = … %}`".to_owned(),
        }),
        Stmt::EmitRaw(_)
        | Stmt::Import(_)
        | Stmt::FromImport(_)
        | Stmt::Extends(_)
        | Stmt::Include(_) => Ok(()),
    }
}

fn expressions(list: &[Expr<'_>]) -> Result<(), TemplateError> {
    list.iter().try_for_each(expression)
}

fn expression(node: &Expr<'_>) -> Result<(), TemplateError> {
    match node {
        Expr::Var(_) | Expr::Const(_) => Ok(()),
        Expr::Slice(inner) => {
            expression(&inner.expr)?;
            let bounds = [&inner.start, &inner.stop, &inner.step];
            bounds.into_iter().flatten().try_for_each(expression)
        }
        Expr::UnaryOp(inner) => expression(&inner.expr),
        Expr::BinOp(inner) => {
            expression(&inner.left)?;
            expression(&inner.right)
        }
        Expr::Compare(inner) => {
            expression(&inner.expr)?;
            inner.ops.iter().try_for_each(|operation| expression(&operation.expr))
        }
        Expr::IfExpr(inner) => {
            expression(&inner.test_expr)?;
            expression(&inner.true_expr)?;
            inner.false_expr.iter().try_for_each(expression)
        }
        Expr::Filter(inner) => {
            inner.expr.iter().try_for_each(expression)?;
            let (positional, named) = shape(&inner.args);
            let filter = filters::find(inner.name)?;
            named.map_or(Ok(()), |named| filter.check(positional, &named))?;
            if matches!(filter.name, "map" | "select" | "reject" | "selectattr" | "rejectattr") {
                inner_plugin(filter.name, &inner.args)?;
            }
            arguments(&inner.args)
        }
        Expr::Test(inner) => {
            expression(&inner.expr)?;
            let (positional, named) = shape(&inner.args);
            let test = jinja_tests::find(inner.name)?;
            named.map_or(Ok(()), |named| test.check(positional, &named))?;
            arguments(&inner.args)
        }
        Expr::GetAttr(inner) => expression(&inner.expr),
        Expr::GetItem(inner) => {
            expression(&inner.expr)?;
            expression(&inner.subscript_expr)
        }
        Expr::Call(inner) => call(inner),
        Expr::List(inner) => expressions(&inner.items),
        Expr::Tuple(inner) => expressions(&inner.items),
        Expr::Map(inner) => {
            expressions(&inner.keys)?;
            expressions(&inner.values)
        }
    }
}

/// How many arguments by place, and which by name; nothing when `*` or `**` add unknown ones.
fn shape<'a>(arguments: &[CallArg<'a>]) -> (usize, Option<Vec<&'a str>>) {
    let mut positional = 0;
    let mut named = Vec::new();
    for argument in arguments {
        match argument {
            CallArg::Pos(_) => positional += 1,
            CallArg::Kwarg(name, _) => named.push(*name),
            CallArg::PosSplat(_) | CallArg::KwargSplat(_) => return (0, None),
        }
    }
    (positional, Some(named))
}

fn arguments(list: &[CallArg<'_>]) -> Result<(), TemplateError> {
    list.iter().try_for_each(|argument| match argument {
        CallArg::Pos(value)
        | CallArg::Kwarg(_, value)
        | CallArg::PosSplat(value)
        | CallArg::KwargSplat(value) => expression(value),
    })
}

/// The text at a place among the arguments, when it is written there.
fn written<'a>(arguments: &'a [CallArg<'_>], at: usize) -> Option<&'a str> {
    match arguments.get(at) {
        Some(CallArg::Pos(Expr::Const(constant))) => constant.value.as_str(),
        _ => None,
    }
}

/// The filter or test that `map`, `select` and their kin apply.
fn inner_plugin(filter: &str, arguments: &[CallArg<'_>]) -> Result<(), TemplateError> {
    let at = usize::from(filter.ends_with("attr"));
    match written(arguments, at) {
        Some(name) if filter == "map" => filters::find(name).map(|_| ()),
        Some(name) => jinja_tests::find(name).map(|_| ()),
        None => Ok(()),
    }
}

fn call(node: &Call<'_>) -> Result<(), TemplateError> {
    if let Expr::Var(name) = &node.expr {
        if matches!(name.id, "lookup" | "query" | "q") {
            written(&node.args, 0).map_or(Ok(()), lookups::check)?;
        }
        if let Some(function) = functions::find(name.id) {
            let (positional, named) = shape(&node.args);
            named.map_or(Ok(()), |named| function.check(positional, &named))?;
        }
    }
    expression(&node.expr)?;
    arguments(&node.args)
}
