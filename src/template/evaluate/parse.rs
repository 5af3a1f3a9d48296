//! Trees of templates and expressions, none of them too deep to be walked.

use crate::template::render::Whitespace;
use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::machinery::{Token, parse, parse_expr, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Error, ErrorKind};

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
