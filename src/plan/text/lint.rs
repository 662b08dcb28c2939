//! Comparisons in a text that can never hold: a date with a text, a number with a text. The template engine takes them for false, and
//! the wrong words would be posted without a sign of it.
//!
//! Reads the engine's own tree, which it may change with any release: `Cargo.toml` holds it to one.

use std::fmt;

use minijinja::machinery::ast::{BinOpKind, CallArg, CompareOpKind, Expr, Filter, Stmt, UnaryOpKind};
use minijinja::machinery::parse;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;

use super::dates::{WEEKDAYS, no_day};
use super::format;
use super::reserved::{BUILT_IN, COUNT};
use super::trouble::{TemplateError, trouble};
use crate::plan::schedule::civil;

/// What sort of value an expression yields, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExpressionType {
    Date,
    Time,
    Number,
    Text,
    Open,
}

impl fmt::Display for ExpressionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Date => "a date",
            Self::Time => "a time",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Open => "a value",
        })
    }
}

/// The comparisons of a template that can be read and whose names are all set.
pub(crate) fn check(text: &str, syntax: SyntaxConfig) -> Vec<TemplateError> {
    let mut search = Search { text, found: Vec::new() };
    if let Ok(Stmt::Template(template)) = parse(text, "text", syntax) {
        for child in &template.children {
            if let Stmt::EmitExpr(emit) = child {
                search.sort(&emit.expr);
            }
        }
    }
    search.found
}

struct Search<'t> {
    text: &'t str,
    found: Vec<TemplateError>,
}

impl Search<'_> {
    /// What sort of value it yields; looks at every comparison inside on the way.
    fn sort(&mut self, expr: &Expr<'_>) -> ExpressionType {
        match expr {
            Expr::Var(var) => match var.id {
                "date" => ExpressionType::Date,
                "time" => ExpressionType::Time,
                // Every other name is one of ours or a variable, and they are texts.
                _ => ExpressionType::Text,
            },
            Expr::Const(constant) => match constant.value.kind() {
                ValueKind::String => ExpressionType::Text,
                ValueKind::Number => ExpressionType::Number,
                _ => ExpressionType::Open,
            },
            Expr::GetAttr(part) => self.part(&part.expr),
            Expr::GetItem(part) => {
                self.sort(&part.subscript_expr);
                self.part(&part.expr)
            }
            Expr::Slice(slice) => self.sort(&slice.expr),
            Expr::UnaryOp(op) => match (self.sort(&op.expr), &op.op) {
                (_, UnaryOpKind::Not) => ExpressionType::Open,
                (sort, UnaryOpKind::Neg) => sort,
            },
            Expr::BinOp(op) => self.binary(op.op, &op.left, &op.right),
            Expr::Compare(chain) => {
                let mut left = &chain.expr;
                for op in &chain.ops {
                    let contains = matches!(op.op, CompareOpKind::In | CompareOpKind::NotIn);
                    self.compared(left, &op.expr, contains);
                    left = &op.expr;
                }
                ExpressionType::Open
            }
            Expr::IfExpr(choice) => {
                self.sort(&choice.test_expr);
                let yes = self.sort(&choice.true_expr);
                let no = choice.false_expr.as_ref().map_or(ExpressionType::Open, |no| self.sort(no));
                if yes == no { yes } else { ExpressionType::Open }
            }
            Expr::Filter(filter) => self.filter(filter, expr.span().end_offset as usize),
            Expr::List(list) => {
                for item in &list.items {
                    self.sort(item);
                }
                ExpressionType::Open
            }
            Expr::Tuple(tuple) => {
                for item in &tuple.items {
                    self.sort(item);
                }
                ExpressionType::Open
            }
            Expr::Call(call) if matches!(&call.expr, Expr::Var(var) if var.id == COUNT) => {
                self.day(&call.args, (first_byte(expr), expr.span().end_offset as usize));
                ExpressionType::Number
            }
            Expr::Test(_) | Expr::Call(_) | Expr::Map(_) => ExpressionType::Open,
        }
    }

    fn filter(&mut self, filter: &Filter<'_>, end: usize) -> ExpressionType {
        let of = filter.expr.as_ref().map_or(ExpressionType::Open, |of| self.sort(of));
        let span = (filter.expr.as_ref().map_or(0, first_byte), end);
        match filter.name {
            "format" => {
                self.form(&filter.args, span);
                ExpressionType::Text
            }
            COUNT => {
                self.day(&filter.args, span);
                ExpressionType::Number
            }
            _ => of,
        }
    }

    /// A form that is known now and makes every date look alike, or that holds what is no field.
    fn form(&mut self, args: &[CallArg<'_>], span: (usize, usize)) {
        if let Some((message, help)) = constant(args).and_then(|form| format::flaw(&form)) {
            self.tell(span, message, help);
        }
    }

    /// The day that is counted to.
    fn day(&mut self, args: &[CallArg<'_>], span: (usize, usize)) {
        if let Some(day) = constant(args).filter(|day| civil::date(day).is_err()) {
            self.tell(span, no_day(&day), "the day is written in quotes, in four, two and two digits".to_owned());
        }
    }

    /// Dates are not added and subtracted as numbers are.
    fn reckoned(&mut self, op: BinOpKind, (one, other): (ExpressionType, ExpressionType), span: (usize, usize)) {
        let days = one == ExpressionType::Date && matches!(other, ExpressionType::Number | ExpressionType::Open);
        let help = match op {
            BinOpKind::Sub if !days => {
                "how many days are left is `days_until(\"2026-12-25\")`, as in `D-{{ days_until(\"2026-12-25\") }}`"
            }
            _ => "another day is `date | add_days(7)`, or `date | add_days(-7)`",
        };
        self.tell(span, "dates and times are not added or subtracted".to_owned(), help.to_owned());
    }

    fn part(&mut self, of: &Expr<'_>) -> ExpressionType {
        match self.sort(of) {
            ExpressionType::Date | ExpressionType::Time => ExpressionType::Number,
            ExpressionType::Text => ExpressionType::Text,
            _ => ExpressionType::Open,
        }
    }

    fn binary(&mut self, op: BinOpKind, left: &Expr<'_>, right: &Expr<'_>) -> ExpressionType {
        use BinOpKind as Op;
        match op {
            Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte | Op::In => {
                self.compared(left, right, matches!(op, Op::In));
                ExpressionType::Open
            }
            _ => {
                let sorts = (self.sort(left), self.sort(right));
                let moments =
                    [sorts.0, sorts.1].map(|sort| matches!(sort, ExpressionType::Date | ExpressionType::Time));
                if moments.contains(&true) && matches!(op, Op::Add | Op::Sub) {
                    self.reckoned(op, sorts, (first_byte(left), right.span().end_offset as usize));
                }
                match (op, sorts) {
                    (Op::Concat, _) => ExpressionType::Text,
                    (_, (one, other)) if one == other => one,
                    _ => ExpressionType::Open,
                }
            }
        }
    }

    fn compared(&mut self, left: &Expr<'_>, right: &Expr<'_>, contains: bool) {
        let (one, other) = (self.sort(left), self.sort(right));
        let span = (first_byte(left), right.span().end_offset as usize);
        match (contains, right) {
            (true, Expr::List(list)) => list.items.iter().for_each(|item| self.pair((left, one), item, span)),
            (true, Expr::Tuple(tuple)) => tuple.items.iter().for_each(|item| self.pair((left, one), item, span)),
            // A text contains whatever is printed.
            (true, _) if matches!(other, ExpressionType::Text | ExpressionType::Open) => {}
            (true, _) => self.never((ExpressionType::Text, other), span),
            (false, _) => {
                self.pair((left, one), right, span);
                self.weekday(right, left, span);
            }
        }
    }

    fn pair(&mut self, (left, one): (&Expr<'_>, ExpressionType), right: &Expr<'_>, span: (usize, usize)) {
        let mut quiet = Search { text: self.text, found: Vec::new() };
        let other = quiet.sort(right);
        if one != other && one != ExpressionType::Open && other != ExpressionType::Open {
            self.never((one, other), span);
        }
        self.weekday(left, right, span);
    }

    /// A weekday has one of seven names, and is never `월`.
    fn weekday(&mut self, name: &Expr<'_>, word: &Expr<'_>, span: (usize, usize)) {
        let (Expr::Var(var), Expr::Const(constant)) = (name, word) else { return };
        let Some(word) = constant.value.as_str().filter(|_| BUILT_IN[2] == var.id) else { return };
        if !WEEKDAYS.contains(&word) {
            let message = format!("`weekday` is never `{word}`");
            self.tell(span, message, format!("it is one of {}", crate::yaml::mapping::list(&WEEKDAYS)));
        }
    }

    fn never(&mut self, (one, other): (ExpressionType, ExpressionType), span: (usize, usize)) {
        let either = |sort| one == sort || other == sort;
        let help = match (either(ExpressionType::Date), either(ExpressionType::Time)) {
            (true, true) => "compare a date with a date, and a time with a time".to_owned(),
            _ if either(ExpressionType::Date) && either(ExpressionType::Number) => "compare one of its numbers: `date.year`, `date.month`, `date.day`".to_owned(),
            _ if either(ExpressionType::Time) && either(ExpressionType::Number) => "compare one of its numbers: `time.hour`, `time.minute`".to_owned(),
            (true, _) => "compare what is printed: `date | format(\"%Y-%m-%d\") == \"2026-12-25\"`".to_owned(),
            (_, true) => "compare what is printed: `time | format(\"%H:%M\") == \"09:00\"`".to_owned(),
            _ => "write a number without quotes, as in `date.day == 25`; a variable is a text: compare it with one, as in `date | format(\"%-d\") == day`".to_owned(),
        };
        self.tell(span, format!("{one} and {other} are compared, and are never alike"), help);
    }

    /// Once for each comparison, however many of a list are wrong.
    fn tell(&mut self, (start, end): (usize, usize), message: String, help: String) {
        // The engine counts the blanks in front to an expression.
        let start = start + self.text.get(start..end).map_or(0, |part| part.len() - part.trim_start().len());
        if self.found.iter().all(|found| found.range != (start..end)) {
            self.found.push(TemplateError { always: true, ..trouble(start..end, message, help) });
        }
    }
}

/// The text of a filter's or a function's first argument, if it is written there.
fn constant(args: &[CallArg<'_>]) -> Option<String> {
    match args.first()? {
        CallArg::Pos(Expr::Const(constant)) => constant.value.as_str().map(str::to_owned),
        _ => None,
    }
}

/// Where an expression begins: the engine's own place of a filter is that of its name.
fn first_byte(expr: &Expr<'_>) -> usize {
    match expr {
        Expr::Filter(filter) if filter.expr.is_some() => filter.expr.as_ref().map_or(0, first_byte),
        Expr::BinOp(op) => first_byte(&op.left),
        Expr::GetAttr(part) => first_byte(&part.expr),
        Expr::GetItem(part) => first_byte(&part.expr),
        Expr::Slice(slice) => first_byte(&slice.expr),
        Expr::Call(call) => first_byte(&call.expr),
        expr => expr.span().start_offset as usize,
    }
}
