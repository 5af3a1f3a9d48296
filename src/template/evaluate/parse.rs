//! Trees of templates and expressions, none of them too deep to be walked.

use crate::template::render::Whitespace;
use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::machinery::{Token, parse, parse_expr, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Error, ErrorKind};
use std::borrow::Cow;

/// What is chained or nested goes into the tree's depth; longer chains would exhaust the stack.
const LONGEST_CHAIN: usize = 300;

/// The tree of a template.
pub(in crate::template) fn parse_template(
    source: &str,
    whitespace: Whitespace,
) -> Result<Stmt<'_>, Error> {
    let syntax = whitespace.syntax()?;
    check_depth(source, false, syntax.clone())?;
    parse(source, "template", syntax)
}

/// The tree of a bare expression.
pub(in crate::template) fn parse_expression(source: &str) -> Result<Expr<'_>, Error> {
    check_depth(source, true, SyntaxConfig::default())?;
    parse_expr(source)
}

/// The source with parentheses round the bare tuples of loops: `{% for x in 1, 2 %}`.
pub(in crate::template) fn with_loop_tuples(source: &str) -> Cow<'_, str> {
    if !source.contains("for ") {
        return Cow::Borrowed(source);
    }
    let mut places = Vec::new();
    let mut inside: Option<Header> = None;
    let mut tokens =
        tokenize(source, false, SyntaxConfig::default()).map_while(Result::ok).peekable();
    while let Some((token, span)) = tokens.next() {
        let begins = matches!(token, Token::BlockStart);
        if begins && matches!(tokens.peek(), Some((Token::Ident("for"), _))) {
            inside = Some(Header::default());
            continue;
        }
        let Some(header) = &mut inside else { continue };
        if header.take(&token, span.start_offset, span.end_offset) {
            places.extend(header.tuple());
            inside = None;
        }
    }
    if places.is_empty() {
        return Cow::Borrowed(source);
    }
    let mut out = String::new();
    let mut done = 0;
    for (start, end) in places {
        out.push_str(source.get(done..start).unwrap_or_default());
        out.push_str(&format!("({})", source.get(start..end).unwrap_or_default()));
        done = end;
    }
    out.push_str(source.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

/// What was read of `{% for … in … %}`.
#[derive(Default)]
struct Header {
    depth: usize,
    /// Where that begins and ends what is gone through.
    start: Option<u32>,
    end: u32,
    comma: bool,
    after_in: bool,
}

impl Header {
    /// Takes a token; tells whether it ends what is gone through.
    fn take(&mut self, token: &Token<'_>, start: u32, end: u32) -> bool {
        match token {
            Token::BlockEnd => return true,
            Token::Ident("if" | "recursive") if self.depth == 0 && self.after_in => return true,
            Token::Ident("in") if !self.after_in => {
                self.after_in = true;
                return false;
            }
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => self.depth += 1,
            Token::ParenClose | Token::BracketClose | Token::BraceClose => {
                self.depth = self.depth.saturating_sub(1);
            }
            Token::Comma if self.depth == 0 && self.after_in => self.comma = true,
            _ => {}
        }
        if self.after_in {
            self.start.get_or_insert(start);
            self.end = end;
        }
        false
    }

    fn tuple(&self) -> Option<(usize, usize)> {
        let start = self.start.filter(|_| self.comma)?;
        Some((usize::try_from(start).ok()?, usize::try_from(self.end).ok()?))
    }
}

fn check_depth(source: &str, expression: bool, syntax: SyntaxConfig) -> Result<(), Error> {
    let (mut chain, mut branches) = (0, 0);
    for token in tokenize(source, expression, syntax) {
        // Where there is no token, the parser says why.
        let Ok((token, _)) = token else { return Ok(()) };
        match token {
            Token::VariableStart | Token::BlockStart => chain = 0,
            Token::Ident("elif") => branches += 1,
            Token::Ident("and" | "if" | "in" | "is" | "not" | "or")
            | Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::FloorDiv
            | Token::Mod
            | Token::Pow
            | Token::Tilde
            | Token::Pipe
            | Token::Dot
            | Token::BracketOpen
            | Token::ParenOpen => chain += 1,
            _ => {}
        }
        if chain.max(branches) > LONGEST_CHAIN {
            return Err(Error::new(
                ErrorKind::SyntaxError,
                format!("more than {LONGEST_CHAIN} operators in one expression"),
            ));
        }
    }
    Ok(())
}
