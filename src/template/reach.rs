//! `a.b.c | default(x)` and `a.b.c is defined` where already `a` is undefined.
//!
//! Ansible reaches through undefined values, the engine does not. So exactly these subjects are
//! rewritten to a call of [`NAME`] before compiling; everything else stays strict.

use minijinja::Value;
use minijinja::machinery::ast::{CallArg, Expr, Stmt};
use minijinja::machinery::{parse, parse_expr};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Rest;
use std::borrow::Cow;

/// The function that reaches through undefined values.
pub(super) const NAME: &str = "__reach";

/// The function itself: the first argument's attribute or item, and so on.
#[expect(clippy::needless_pass_by_value, reason = "the engine hands arguments over by value")]
pub(super) fn reach(start: Value, keys: Rest<Value>) -> Result<Value, minijinja::Error> {
    let mut value = start;
    for key in keys.iter() {
        if value.is_undefined() || value.is_none() {
            return Ok(Value::UNDEFINED);
        }
        value = value.get_item(key)?;
    }
    Ok(value)
}

/// The template with such subjects rewritten; as it is when it cannot be parsed.
pub(super) fn template<'a>(source: &'a str, syntax: &SyntaxConfig) -> Cow<'a, str> {
    if !may_ask(source) {
        return Cow::Borrowed(source);
    }
    let mut edits = Edits { source, list: Vec::new() };
    if let Ok(tree) = parse(source, "template", syntax.clone()) {
        edits.statement(&tree);
    }
    edits.apply()
}

/// The same for a bare expression.
pub(super) fn expression(source: &str) -> Cow<'_, str> {
    if !may_ask(source) {
        return Cow::Borrowed(source);
    }
    let mut edits = Edits { source, list: Vec::new() };
    if let Ok(tree) = parse_expr(source) {
        edits.expression(&tree);
    }
    edits.apply()
}

fn may_ask(source: &str) -> bool {
    ["default", "defined", "d("].iter().any(|word| source.contains(word))
}

struct Edits<'a> {
    source: &'a str,
    /// Start, end, and what stands there instead.
    list: Vec<(usize, usize, String)>,
}

impl<'a> Edits<'a> {
    fn apply(mut self) -> Cow<'a, str> {
        if self.list.is_empty() {
            return Cow::Borrowed(self.source);
        }
        // Stable: insertions at one place keep their order.
        self.list.sort_by_key(|(start, ..)| *start);
        let mut text = String::new();
        let mut done = 0;
        for (start, end, instead) in self.list {
            text.push_str(self.source.get(done..start).unwrap_or_default());
            text.push_str(&instead);
            done = end;
        }
        text.push_str(self.source.get(done..).unwrap_or_default());
        Cow::Owned(text)
    }

    fn statements(&mut self, statements: &[Stmt<'_>]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(inner) => self.statements(&inner.children),
            Stmt::EmitExpr(inner) => self.expression(&inner.expr),
            Stmt::ForLoop(inner) => {
                self.expression(&inner.iter);
                self.optional(inner.filter_expr.as_ref());
                self.statements(&inner.body);
                self.statements(&inner.else_body);
            }
            Stmt::IfCond(inner) => {
                self.expression(&inner.expr);
                self.statements(&inner.true_body);
                self.statements(&inner.false_body);
            }
            Stmt::WithBlock(inner) => {
                for (_, value) in &inner.assignments {
                    self.expression(value);
                }
                self.statements(&inner.body);
            }
            Stmt::Set(inner) => self.expression(&inner.expr),
            Stmt::SetBlock(inner) => self.statements(&inner.body),
            Stmt::FilterBlock(inner) => self.statements(&inner.body),
            Stmt::Macro(inner) => self.statements(&inner.body),
            _ => {}
        }
    }

    fn optional(&mut self, expression: Option<&Expr<'_>>) {
        if let Some(expression) = expression {
            self.expression(expression);
        }
    }

    fn expressions(&mut self, expressions: &[Expr<'_>]) {
        for expression in expressions {
            self.expression(expression);
        }
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(value)
                | CallArg::Kwarg(_, value)
                | CallArg::PosSplat(value)
                | CallArg::KwargSplat(value) => self.expression(value),
            }
        }
    }

    fn expression(&mut self, expression: &Expr<'_>) {
        match expression {
            Expr::Var(_) | Expr::Const(_) => {}
            Expr::Slice(inner) => {
                self.expression(&inner.expr);
                self.optional(inner.start.as_ref());
                self.optional(inner.stop.as_ref());
                self.optional(inner.step.as_ref());
            }
            Expr::UnaryOp(inner) => self.expression(&inner.expr),
            Expr::BinOp(inner) => {
                self.expression(&inner.left);
                self.expression(&inner.right);
            }
            Expr::Compare(inner) => {
                self.expression(&inner.expr);
                for operation in &inner.ops {
                    self.expression(&operation.expr);
                }
            }
            Expr::IfExpr(inner) => {
                self.expression(&inner.test_expr);
                self.expression(&inner.true_expr);
                self.optional(inner.false_expr.as_ref());
            }
            Expr::Filter(inner) => {
                if let Some(subject) = &inner.expr {
                    self.subject(subject, matches!(inner.name, "default" | "d"));
                }
                self.arguments(&inner.args);
            }
            Expr::Test(inner) => {
                self.subject(&inner.expr, matches!(inner.name, "defined" | "undefined"));
                self.arguments(&inner.args);
            }
            Expr::GetAttr(inner) => self.expression(&inner.expr),
            Expr::GetItem(inner) => {
                self.expression(&inner.expr);
                self.expression(&inner.subscript_expr);
            }
            Expr::Call(inner) => {
                self.expression(&inner.expr);
                self.arguments(&inner.args);
            }
            Expr::List(inner) => self.expressions(&inner.items),
            Expr::Tuple(inner) => self.expressions(&inner.items),
            Expr::Map(inner) => {
                self.expressions(&inner.keys);
                self.expressions(&inner.values);
            }
        }
    }

    /// What is asked about: `a.b['c']` becomes `__reach(a, 'b', 'c')`.
    fn subject(&mut self, subject: &Expr<'_>, asked: bool) {
        if !asked || !matches!(subject, Expr::GetAttr(_) | Expr::GetItem(_)) {
            return self.expression(subject);
        }
        let start = self.start(subject);
        self.insert(start, &format!("{NAME}("));
        self.keys(subject);
        self.insert(subject.span().end_offset as usize, ")");
    }

    /// Where a chain begins. The engine's spans begin at the dot and leave out parentheses.
    fn start(&self, subject: &Expr<'_>) -> usize {
        match subject {
            Expr::GetAttr(inner) => self.before(&inner.expr, '.'),
            Expr::GetItem(inner) => self.before(&inner.expr, '['),
            other => other.span().start_offset as usize,
        }
    }

    fn before(&self, base: &Expr<'_>, next: char) -> usize {
        let mut start = self.start(base);
        let end = base.span().end_offset as usize;
        let closed =
            self.source.get(end..self.find(end, next)).unwrap_or_default().matches(')').count();
        for _ in 0..closed {
            start = self.source.get(..start).and_then(|text| text.rfind('(')).unwrap_or(start);
        }
        start
    }

    fn keys(&mut self, subject: &Expr<'_>) {
        match subject {
            Expr::GetAttr(inner) => {
                self.keys(&inner.expr);
                let end = inner.span().end_offset as usize;
                let from = self.find(inner.expr.span().end_offset as usize, '.');
                self.list.push((from, end, format!(", '{}'", inner.name)));
            }
            Expr::GetItem(inner) => {
                self.keys(&inner.expr);
                let open = self.find(inner.expr.span().end_offset as usize, '[');
                self.list.push((open, open + 1, ", ".to_owned()));
                self.expression(&inner.subscript_expr);
                let close = (inner.span().end_offset as usize).saturating_sub(1);
                self.list.push((close, close + 1, String::new()));
            }
            other => self.expression(other),
        }
    }

    fn find(&self, from: usize, wanted: char) -> usize {
        self.source.get(from..).and_then(|rest| rest.find(wanted)).map_or(from, |at| from + at)
    }

    fn insert(&mut self, at: usize, text: &str) {
        self.list.push((at, at, text.to_owned()));
    }
}
