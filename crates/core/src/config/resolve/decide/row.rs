//! Rows, exceptions and questions.

use super::when::{Of, when};
use crate::config::ProblemCode;
use crate::config::leaf::Period;
use crate::config::raw::{RawBranch, RawException, RawNext, RawRow};
use crate::config::read::{Field, Located, Scalar};
use crate::config::resolve::context::Context;
use crate::policy::{Branch, Choice, Next, Row, When};

/// A row of a matrix, the `place`-th.
pub(super) fn row(raw: &RawRow, place: usize, of: &Of<'_>, context: &mut Context<'_>) -> Option<Row> {
    let name = context.value(&raw.name).unwrap_or_else(|| format!("row-{place}"));
    let condition = raw.when.value().map_or_else(When::default, |raw| when(raw, of, context));
    let then = context.value(&raw.then)?;
    let within = context.value(&raw.within).map(|Period(within)| within);
    match (then == Choice::RollBackUnlessFixed, raw.within.key()) {
        (true, None) => {
            let message = format!("`{name}` does not say how long a fix is waited for");
            context.contradiction(raw.at(), message, "add `within: 15m`".to_owned());
        }
        (false, Some(at)) => {
            let message = "`within` is for `roll_back_unless_fixed`".to_owned();
            context.contradiction(at, message, "remove it".to_owned());
        }
        _ => {}
    }
    Some(Row { name, when: condition, then, within })
}

/// An exception, the `place`-th.
pub(super) fn exception(raw: &RawException, place: usize, of: &Of<'_>, context: &mut Context<'_>) -> Option<Row> {
    let name = context.value(&raw.name).unwrap_or_else(|| format!("exception-{place}"));
    let condition = raw.when.value().map(|raw| when(raw, of, context));
    let then = context.value(&raw.then).unwrap_or(Choice::FixForward);
    if let (true, Some(scalar)) = (then.goes_back(), raw.then.value()) {
        let message = "what is not to be rolled back cannot be rolled back".to_owned();
        context.contradiction(scalar.span, message, "write `fix_forward`, `hold` or `observe`".to_owned());
    }
    Some(Row { name, when: condition?, then, within: None })
}

/// A question, with everything that follows from it.
pub(super) fn branch(raw: &RawBranch, of: &Of<'_>, context: &mut Context<'_>) -> Option<Branch> {
    let ask = raw.ask.value().map(|raw| when(raw, of, context));
    let (yes, no) = (next(&raw.yes, of, context), next(&raw.no, of, context));
    Some(Branch { ask: ask?, yes: yes?, no: no? })
}

fn next(field: &Field<RawNext>, of: &Of<'_>, context: &mut Context<'_>) -> Option<Next> {
    match field.value()? {
        RawNext::Ask(raw) => branch(raw, of, context).map(|branch| Next::Ask(Box::new(branch))),
        RawNext::Choice(scalar) => choice(scalar, context).map(Next::Choice),
    }
}

fn choice(scalar: &Scalar<Choice>, context: &mut Context<'_>) -> Option<Choice> {
    let choice = context.scalar(scalar)?;
    if choice == Choice::RollBackUnlessFixed {
        let message = "a tree does not say how long a fix is waited for".to_owned();
        let hint = "make it a row of the matrix: `{ then: roll_back_unless_fixed, within: 15m }`".to_owned();
        context.error(ProblemCode::Contradiction, scalar.span, message, hint);
    }
    Some(choice)
}
