//! What each statement of a script does.

use sqlparser::ast::{
    AlterTypeOperation, AssignmentTarget, FromTable, Insert, ObjectType, OnInsert, Query, Set, SetExpr,
    Statement as Parsed, TableFactor, TableObject, TableWithJoins, Update,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::name::folded;
use super::{Kind, Loss, Statement, TableName, alter, split};

/// What a statement does and destroys.
type Class = (Kind, Vec<Loss>);

/// Functions that a script may call in a query without anything being lost.
const HARMLESS: [&str; 16] = [
    "SETVAL",
    "NEXTVAL",
    "SET_CONFIG",
    "CURRENT_SETTING",
    "COUNT",
    "MAX",
    "MIN",
    "SUM",
    "NOW",
    "COALESCE",
    "LOWER",
    "UPPER",
    "LENGTH",
    "GREATEST",
    "LEAST",
    "PG_GET_SERIAL_SEQUENCE",
];

/// Words that a parenthesis may follow without anything being called.
const NO_CALLS: [&str; 22] = [
    "AND", "AS", "BY", "CASE", "CONFLICT", "ELSE", "EXISTS", "FROM", "HAVING", "IN", "INTO", "JOIN", "NOT", "ON", "OR",
    "SELECT", "THEN", "USING", "VALUES", "WHEN", "WHERE", "FILTER",
];

/// The statements of a script, each with what it does.
#[must_use]
pub fn classify(script: &str) -> Vec<Statement> {
    let mut has_path = false;
    let classify = |text: &str| {
        let (mut kind, mut destroys) = parsed(text).map_or((Kind::Unknown, Vec::new()), |it| class(&it, text));
        let words = words(text);
        has_path |= words.iter().any(|word| word == "SEARCH_PATH");
        // After the search path was changed, names mean what cannot be told from here.
        if has_path && !matches!(kind, Kind::Control | Kind::Unknown) {
            (kind, destroys) = (Kind::Unknown, Vec::new());
        }
        Statement { text: text.to_owned(), kind, destroys, is_transactional: is_transactional(&words) }
    };
    split::split(script).into_iter().map(classify).collect()
}

fn words(text: &str) -> Vec<String> {
    split::words(text).into_iter().map(|(word, _)| word).collect()
}

/// One statement as the parser has it. It does not know `DROP INDEX CONCURRENTLY`; without that word it means the same.
pub(super) fn parsed(text: &str) -> Option<Parsed> {
    let parse = |text: &str| match Parser::parse_sql(&PostgreSqlDialect {}, text).ok()?.as_mut_slice() {
        [one] => Some(one.clone()),
        _ => None,
    };
    let starts = |start: &[&str]| words(text).iter().zip(start).all(|(word, wanted)| word == wanted);
    parse(text).or_else(|| match starts(&["DROP", "INDEX", "CONCURRENTLY"]) {
        true => parse(&text.replacen("CONCURRENTLY", "", 1).replacen("concurrently", "", 1)),
        false => None,
    })
}

/// Whether a statement may run in a transaction block, told by its words: the server decides by them as well.
fn is_transactional(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let has = |word: &str| words.contains(&word);
    !match words.as_slice() {
        ["VACUUM", ..] | ["ALTER", "SYSTEM", ..] | ["CLUSTER"] => true,
        ["CREATE" | "DROP", "DATABASE" | "TABLESPACE", ..] => true,
        ["CREATE" | "DROP", "INDEX" | "UNIQUE", ..] | ["REINDEX", ..] | ["ALTER", "TABLE", ..] => has("CONCURRENTLY"),
        ["ALTER", "TYPE", ..] => words.windows(2).any(|pair| pair == ["ADD", "VALUE"]),
        _ => false,
    }
}

fn class(statement: &Parsed, text: &str) -> Class {
    let transforming = (Kind::Transforming, Vec::new());
    match statement {
        Parsed::CreateTable(it) if it.query.is_none() && !it.or_replace => (Kind::Additive, Vec::new()),
        Parsed::CreateTable(it) => it.query.as_deref().map_or((Kind::Unknown, Vec::new()), |it| query(it, text)),
        Parsed::CreateIndex(_) | Parsed::CreateSchema { .. } | Parsed::CreateSequence { .. } => additive(),
        Parsed::CreateType { .. } | Parsed::CreateDomain(_) | Parsed::CreateExtension(_) => additive(),
        Parsed::CreateView(it) if !it.or_replace => additive(),
        Parsed::CreateFunction(it) if !it.or_replace => additive(),
        Parsed::CreateView(_) | Parsed::CreateFunction(_) | Parsed::CreateTrigger(_) | Parsed::CreatePolicy(_) => {
            transforming
        }
        Parsed::AlterPolicy(_) | Parsed::DropPolicy(_) | Parsed::DropTrigger(_) | Parsed::DropFunction(_) => {
            transforming
        }
        Parsed::DropProcedure { .. } | Parsed::AlterIndex { .. } | Parsed::Comment { .. } | Parsed::Analyze(_) => {
            transforming
        }
        Parsed::Grant(_) | Parsed::Revoke(_) | Parsed::Lock(_) | Parsed::Vacuum(_) | Parsed::Reset(_) => transforming,
        Parsed::Set(Set::SetTransaction { .. }) => (Kind::Control, Vec::new()),
        Parsed::Set(_) => transforming,
        Parsed::StartTransaction { .. } | Parsed::Commit { .. } => (Kind::Control, Vec::new()),
        Parsed::AlterTable(it) => match TableName::read(&it.name) {
            Some(table) => together(alter::classified(it, &table)),
            None => (Kind::Unknown, Vec::new()),
        },
        Parsed::AlterType(it) => match it.operation {
            AlterTypeOperation::AddValue(_) => additive(),
            AlterTypeOperation::Rename(_) | AlterTypeOperation::RenameValue(_) => transforming,
        },
        Parsed::Drop { object_type, names, cascade, .. } => dropped(*object_type, *cascade, names),
        Parsed::Truncate(it) if it.cascade.is_none() => {
            lost(it.table_names.iter().map(|target| TableName::read(&target.name).map(Loss::Rows)))
        }
        Parsed::Delete(it) => match &it.from {
            FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from) => lost(from.iter().map(rows)),
        },
        Parsed::Update(it) => updated(it),
        Parsed::Insert(it) => inserted(it, text),
        Parsed::Query(it) => query(it, text),
        _ => (Kind::Unknown, Vec::new()),
    }
}

fn additive() -> Class {
    (Kind::Additive, Vec::new())
}

/// A statement that destroys some things; unknown where one of them cannot be named.
fn lost(losses: impl Iterator<Item = Option<Loss>>) -> Class {
    match losses.collect::<Option<Vec<Loss>>>() {
        Some(losses) if !losses.is_empty() => (Kind::Destructive, losses),
        _ => (Kind::Unknown, Vec::new()),
    }
}

/// Several things at once: the worst of them, and all that they destroy.
fn together(classes: Vec<Class>) -> Class {
    let worst = [Kind::Unknown, Kind::Destructive, Kind::Transforming, Kind::Control];
    let kind = worst.into_iter().find(|kind| classes.iter().any(|(it, _)| it == kind)).unwrap_or(Kind::Additive);
    (kind, classes.into_iter().flat_map(|(_, losses)| losses).collect())
}

fn dropped(what: ObjectType, cascade: bool, names: &[sqlparser::ast::ObjectName]) -> Class {
    let named = |loss: fn(TableName) -> Loss| lost(names.iter().map(|name| TableName::read(name).map(loss)));
    match what {
        ObjectType::Table => named(Loss::Table),
        ObjectType::Schema if cascade => named(|name| Loss::Schema(name.name)),
        ObjectType::Type if cascade => named(Loss::Type),
        // Without `CASCADE` the server refuses where anything with rows depends on it.
        ObjectType::Schema | ObjectType::Type | ObjectType::View | ObjectType::MaterializedView => {
            (Kind::Transforming, Vec::new())
        }
        ObjectType::Index | ObjectType::Sequence | ObjectType::Collation => (Kind::Transforming, Vec::new()),
        _ => (Kind::Unknown, Vec::new()),
    }
}

fn table(with_joins: &TableWithJoins) -> Option<TableName> {
    match &with_joins.relation {
        TableFactor::Table { name, .. } => TableName::read(name),
        _ => None,
    }
}

fn rows(with_joins: &TableWithJoins) -> Option<Loss> {
    table(with_joins).map(Loss::Rows)
}

fn updated(update: &Update) -> Class {
    let table = table(&update.table);
    let columns = update.assignments.iter().flat_map(|assignment| match &assignment.target {
        AssignmentTarget::ColumnName(name) => vec![name.clone()],
        AssignmentTarget::Tuple(names) => names.clone(),
    });
    lost(columns.map(|name| {
        let column = folded(name.0.first()?.as_ident()?);
        Some(Loss::Values { table: table.clone()?, column })
    }))
}

fn inserted(insert: &Insert, text: &str) -> Class {
    let from = insert.source.as_deref().map_or_else(additive, |source| query(source, text));
    let to = match (&insert.on, &insert.table) {
        (Some(OnInsert::OnConflict(conflict)), TableObject::TableName(name))
            if !matches!(conflict.action, sqlparser::ast::OnConflictAction::DoNothing) =>
        {
            lost(std::iter::once(TableName::read(name).map(Loss::Rows)))
        }
        _ => additive(),
    };
    together(vec![from, to])
}

/// A query: what its common table expressions do, and whether it calls functions that may do anything.
fn query(query: &Query, text: &str) -> Class {
    let ctes = query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| body(&cte.query.body, text));
    let classes: Vec<Class> = ctes.chain([body(&query.body, text)]).collect();
    together(classes)
}

fn body(body: &SetExpr, text: &str) -> Class {
    match body {
        SetExpr::Insert(it) | SetExpr::Update(it) | SetExpr::Delete(it) => class(it, text),
        SetExpr::Merge(_) => (Kind::Unknown, Vec::new()),
        SetExpr::Query(it) => query(it, text),
        _ if calls_only_harmless(text) => additive(),
        _ => (Kind::Unknown, Vec::new()),
    }
}

fn calls_only_harmless(text: &str) -> bool {
    let calls = split::words(text).into_iter().filter(|(_, next)| *next == Some('('));
    // `INSERT INTO t (a, b)` and `WITH x AS (…)` look like calls: the names after INTO and the like are not.
    let words = split::words(text);
    let is_target = |word: &str| words.windows(2).any(|pair| pair[0].0 == "INTO" && pair[1].0 == word);
    calls
        .map(|(word, _)| word)
        .all(|word| [&HARMLESS[..], &NO_CALLS[..]].concat().contains(&word.as_str()) || is_target(&word))
}
