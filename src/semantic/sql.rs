//! Lowers plain SQL statements, and keeps the session that later ones need.

use std::collections::BTreeSet;

use super::definitions::{Access, Outcome, SessionText};
use super::session::{self, Tie};
use super::settings;
use super::statements::{Analyzer, is_about_names};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Action, Query, Resource, Title};
use crate::syntax::ast::{self, Detail, Effects, Name, Role, Stretch};
use crate::syntax::sql::Dialect;

/// The statements that a step replays on its own connection, in order.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) texts: Vec<Replayed>,
    /// How many there have been, which numbers them.
    count: SessionText,
}

#[derive(Debug, Clone)]
pub(super) struct Replayed {
    number: SessionText,
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// Only the last `USE` matters, and the last one before a definition.
    Use(Reach),
    Set,
    /// A later assignment to the same variable takes its place.
    Assignment(String),
    /// Until the transaction ends.
    Local,
    Attach(String),
    /// A definition that only the steps that use it replay.
    Carried,
}

/// What a `USE` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The catalog too, so that no earlier `USE` matters.
    Whole,
    /// A schema of the catalog that is current.
    Schema,
}

impl Reach {
    /// Whether an earlier `USE` no longer matters behind this one.
    fn ends(self, earlier: Reach) -> bool {
        self == Reach::Whole || earlier == Reach::Schema
    }
}

impl Session {
    fn push(&mut self, text: String, kind: Kind) -> SessionText {
        self.count += 1;
        let number = self.count;
        self.texts.push(Replayed { number, text, kind });
        number
    }

    /// The number that the next statement will have.
    fn next(&self) -> SessionText {
        self.count + 1
    }

    fn push_use(&mut self, text: String, reach: Reach) {
        self.end_uses(reach);
        self.push(text, Kind::Use(reach));
    }

    /// A `USE` that no definition stands behind is over with the next one.
    fn end_uses(&mut self, reach: Reach) {
        let carried = self
            .texts
            .iter()
            .rposition(|text| text.kind == Kind::Carried);
        let mut at = carried.map_or(0, |carried| carried + 1);
        while let Some(text) = self.texts.get(at) {
            match text.kind {
                Kind::Use(earlier) if reach.ends(earlier) => drop(self.texts.remove(at)),
                _ => at += 1,
            }
        }
    }

    /// What a step replays that brings these definitions along.
    pub(super) fn replay(
        &self,
        carried: &BTreeSet<SessionText>,
    ) -> Vec<(session::Replayed, String)> {
        let mut replayed = Vec::new();
        for (at, text) in self.texts.iter().enumerate() {
            let is_needed = match &text.kind {
                Kind::Carried => carried.contains(&text.number),
                Kind::Use(reach) => {
                    let behind = &self.texts[at + 1..];
                    let ends =
                        |text: &Replayed| matches!(text.kind, Kind::Use(next) if next.ends(*reach));
                    let next = behind.iter().position(ends);
                    let under = &behind[..next.unwrap_or(behind.len())];
                    next.is_none() || under.iter().any(|text| carried.contains(&text.number))
                }
                Kind::Set | Kind::Assignment(_) | Kind::Local | Kind::Attach(_) => true,
            };
            if is_needed {
                let shown = session::Replayed {
                    number: text.number,
                    is_use: matches!(text.kind, Kind::Use(_)),
                };
                replayed.push((shown, text.text.clone()));
            }
        }
        replayed
    }
}

impl Analyzer<'_> {
    pub(super) fn sql(&mut self, statement: &ast::Statement, sql: &ast::SqlStatement) {
        let effects = &sql.effects;
        let mentioned = self
            .definitions
            .mentioned(self.source.slice(statement.span));
        // What is declared in a session is set in it.
        let is_declared = effects.role == Role::Session && !mentioned.is_empty();
        if !is_declared && self.is_session_state(statement, effects) {
            return;
        }
        if effects.role == Role::Carried {
            return self.carry(statement, sql);
        }
        match self.definitions.statement(effects, &mentioned) {
            Outcome::Step(access) => {
                // What a function or trigger does may change any table; what is
                // unknown of the statement itself is looked at by its verb.
                if access.barrier.is_some() && !matches!(effects.role, Role::Unknown(_)) {
                    self.relations.forget_all();
                }
                self.columns(sql, &access.reads);
                self.push_sql(statement, effects, *access);
            }
            Outcome::Forget(texts) => {
                self.columns(sql, &BTreeSet::new());
                let kept = |text: &Replayed| !texts.contains(&text.number);
                self.session.texts.retain(kept);
            }
        }
        self.becomes_current(effects);
    }

    /// A temporary view, macro or function is no step, unless it is over a
    /// temporary table: then it is one of that table's session.
    fn carry(&mut self, statement: &ast::Statement, sql: &ast::SqlStatement) {
        let next = self.session.next();
        match self.definitions.carry(&sql.effects, next) {
            Some(access) => {
                self.columns(sql, &access.reads);
                self.push_sql(statement, &sql.effects, access);
            }
            None => {
                self.columns(sql, &BTreeSet::new());
                self.remember(statement, Kind::Carried);
            }
        }
    }

    /// Takes in a statement that is no step but state of the session.
    fn is_session_state(&mut self, statement: &ast::Statement, effects: &Effects) -> bool {
        self.definitions.scope.follow(&effects.role);
        match &effects.role {
            Role::Use(_) | Role::UseCatalog(_) | Role::UsePath(_) => {
                let reach = self.reach(&effects.role);
                self.remember(statement, Kind::Use(reach));
            }
            Role::UseDefault => {
                self.session.end_uses(Reach::Whole);
                // A later `USE` does not undo it: it may reset more than that.
                self.remember(statement, Kind::Set);
            }
            Role::Session => self.set(statement, effects),
            Role::Local | Role::LocalPath(_) => {
                self.remember(statement, Kind::Local);
            }
            _ => return false,
        }
        true
    }

    fn set(&mut self, statement: &ast::Statement, effects: &Effects) {
        self.definitions.set(effects);
        let kind = match effects.details.as_slice() {
            [Detail::Attaches { name, .. }] => Kind::Attach(name.clone()),
            [Detail::Detaches(name)] => {
                // What is not attached needs no detaching.
                let attached = Kind::Attach(name.clone());
                let before = self.session.texts.len();
                self.session.texts.retain(|text| text.kind != attached);
                if self.session.texts.len() < before {
                    return;
                }
                Kind::Set
            }
            [Detail::Sets(variable)] => {
                let same = Kind::Assignment(variable.clone());
                self.session.texts.retain(|text| text.kind != same);
                same
            }
            _ => Kind::Set,
        };
        self.remember(statement, kind);
    }

    fn remember(&mut self, statement: &ast::Statement, kind: Kind) {
        let is_plain = matches!(kind, Kind::Set | Kind::Local | Kind::Assignment(_));
        if is_plain && is_about_names(self.source.slice(statement.span)) {
            self.relations.forget_all();
        }
        settings::lower(&statement.directives, &mut self.diagnostics);
        for directive in statement.directives.iter().filter(|d| d.key != "allow") {
            self.diagnostics.push(
                Diagnostic::new(
                    Code::DirectiveWithoutEffect,
                    directive.span,
                    "this statement is session state and no step, so nothing runs with the directive",
                )
                .help("put the directive above the statement that needs it"),
            );
        }
        let text = self.source.slice(statement.span).to_owned();
        match kind {
            Kind::Use(reach) => self.session.push_use(text, reach),
            kind => {
                self.session.push(text, kind);
            }
        }
    }

    fn reach(&self, role: &Role) -> Reach {
        match self.definitions.scope.says_catalog(role) {
            true => Reach::Whole,
            false => Reach::Schema,
        }
    }

    fn push_sql(&mut self, statement: &ast::Statement, effects: &Effects, access: Access) {
        let tie = self.tie(effects);
        let title = sql_title(effects, &tie);
        let action = Action::Query(Query {
            statements: vec![self.source.slice(statement.span).to_owned()],
        });
        if matches!(effects.role, Role::End(_) | Role::Chain) {
            let is_over = |text: &Replayed| text.kind != Kind::Local;
            self.session.texts.retain(is_over);
        }
        let adds_rows = access.adds_rows && !matches!(effects.role, Role::Prepare(_));
        self.push(statement, action, title, access, None, tie);
        self.follow_transaction(effects);
        let at = self.pieces.len() - 1;
        let drawn = self.pieces[at].step.writes.iter();
        let drawn = drawn.filter(|resource| matches!(resource, Resource::Sequence(_)));
        let drawn: Vec<Resource> = drawn.cloned().collect();
        if !drawn.is_empty() || adds_rows {
            self.last_insert = Some(at);
        }
        self.last_drawn
            .extend(drawn.into_iter().map(|sequence| (sequence, at)));
    }

    fn tie(&self, effects: &Effects) -> Tie {
        match &effects.role {
            Role::Begin(stretch) => Tie::Begin(*stretch),
            Role::End(stretch) => Tie::End(*stretch),
            Role::Chain => Tie::Chain,
            Role::Savepoint(name) => Tie::Savepoint(name.clone()),
            Role::ToSavepoint(name) => Tie::ToSavepoint(name.clone()),
            // Oracle's and the standard's statements of rows begin a
            // transaction where none is open.
            _ if matches!(self.dialect, Dialect::Oracle | Dialect::Ansi)
                && [Detail::AddsRows, Detail::ChangesRows, Detail::DeletesRows]
                    .iter()
                    .any(|detail| effects.has(detail))
                && effects.verb != "truncate" =>
            {
                Tie::Implicit
            }
            _ => Tie::None,
        }
    }

    /// Snowflake makes a new schema or database the current one. Later steps
    /// have sessions of their own, so they are told.
    fn becomes_current(&mut self, effects: &Effects) {
        let Some(name) = effects.schemas.first().filter(|_| {
            self.dialect == Dialect::Snowflake
                && effects.verb == "create"
                && effects.role == Role::Plain
        }) else {
            return;
        };
        let is_database = effects.has(&Detail::IsDatabase);
        let written = self.source.slice(name.span);
        let (text, role) = match is_database {
            true => (
                format!("USE DATABASE {written}"),
                Role::UseCatalog(name.clone()),
            ),
            false => (format!("USE SCHEMA {written}"), Role::Use(name.clone())),
        };
        self.definitions.scope.follow(&role);
        let reach = self.reach(&role);
        self.session.push_use(text, reach);
    }
}

fn sql_title(effects: &Effects, tie: &Tie) -> Title {
    if matches!(
        tie,
        Tie::Begin(Stretch::Transaction) | Tie::Begin(Stretch::Manual) | Tie::Savepoint(_)
    ) {
        return Title {
            verb: "begin",
            object: String::new(),
        };
    }
    let sequence = effects.details.iter().find_map(|detail| match detail {
        Detail::Draws(name) => Some(name),
        _ => None,
    });
    let object = effects
        .writes
        .first()
        .or(effects.schemas.first())
        .or(effects.reads.first())
        .or(sequence)
        .map(Name::dotted)
        .or(effects.defines.clone())
        .unwrap_or_default();
    let verb = match effects.verb {
        "create" if !effects.schemas.is_empty() => "create-schema",
        "drop" if !effects.schemas.is_empty() => "drop-schema",
        verb => verb,
    };
    Title { verb, object }
}
