//! What a transaction that is rolled back leaves as it was: the session in
//! PostgreSQL, the definitions in most databases.

use super::scope::Place;
use super::sql::Replayed;
use super::statements::Analyzer;
use crate::ir::Resource;
use crate::syntax::ast::{Detail, Effects, Role, Stretch};
use crate::syntax::sql::Dialect;

/// How everything was where the transaction began or a savepoint was set.
#[derive(Debug)]
pub(super) struct Saved {
    /// None where the transaction began.
    savepoint: Option<String>,
    session: Vec<Replayed>,
    place: Place,
    definitions: Vec<usize>,
    /// How many pieces there were.
    pieces: usize,
}

impl Analyzer<'_> {
    /// Takes note of what begins, ends and undoes transactions.
    pub(super) fn follow_transaction(&mut self, effects: &Effects) {
        let undoes = effects.has(&Detail::Undoes);
        match &effects.role {
            Role::Begin(Stretch::Transaction) if self.saved.is_empty() => self.save(None),
            Role::Savepoint(name) => self.save(Some(name.clone())),
            Role::ToSavepoint(name) => {
                let wanted = |saved: &Saved| saved.savepoint.as_ref() == Some(name);
                let Some(at) = self.saved.iter().rposition(wanted) else {
                    return;
                };
                if undoes {
                    self.undo_to(at);
                } else {
                    self.saved.truncate(at);
                    self.end_if_over();
                }
            }
            Role::End(Stretch::Transaction) | Role::Chain => {
                if undoes && !self.saved.is_empty() {
                    self.undo_to(0);
                }
                self.saved.clear();
                self.end_if_over();
                if effects.role == Role::Chain {
                    self.save(None);
                }
            }
            _ => {}
        }
    }

    fn save(&mut self, savepoint: Option<String>) {
        if self.saved.is_empty() {
            self.definitions.begin();
        }
        let keeps_session = self.undoes_session();
        self.saved.push(Saved {
            savepoint,
            session: match keeps_session {
                true => self.session.texts.clone(),
                false => Vec::new(),
            },
            place: self.definitions.scope.place.clone(),
            definitions: self.definitions.mark(),
            pieces: self.pieces.len(),
        });
    }

    fn undo_to(&mut self, at: usize) {
        self.saved.truncate(at + 1);
        let keeps_session = self.undoes_session();
        let saved = &self.saved[at];
        self.definitions.undo_to(&saved.definitions);
        if keeps_session {
            self.session.texts.clone_from(&saved.session);
            self.definitions.scope.place.clone_from(&saved.place);
        }
        // The columns of the tables that were changed are what they were.
        for piece in &self.pieces[saved.pieces..] {
            for resource in &piece.step.writes {
                if let Resource::Table(table) = resource {
                    self.relations.forget_key(table);
                }
            }
        }
    }

    fn end_if_over(&mut self) {
        if self.saved.is_empty() {
            self.definitions.commit();
        }
    }

    fn undoes_session(&self) -> bool {
        matches!(self.dialect, Dialect::PostgreSql | Dialect::Redshift)
    }
}
