//! Random programs in DuckDB's SQL, each statement with what it reads and
//! writes. Who generates a statement knows that without looking at its text,
//! so that it can be held against what the compiler finds in it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A small generator of numbers, the same on every machine.
pub(crate) struct Random(u64);

impl Random {
    /// Seeds that follow one another begin as differently as any.
    pub(crate) fn new(seed: u64) -> Random {
        // The finish of splitmix64.
        let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Random(state ^ (state >> 31))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // Knuth's constants for a linear congruential generator of 64 bits.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    pub(crate) fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// What programs are made from: as many numbers as `SQLFLOWC_PROGRAMS` or the
/// test says, from `SQLFLOWC_SEED` or 0 on.
pub(crate) fn seeds(usual: u64) -> Range<u64> {
    let number = |name: &str, usual: u64| match std::env::var(name) {
        Ok(text) => text.parse().unwrap(),
        Err(_) => usual,
    };
    let first = number("SQLFLOWC_SEED", 0);
    first..first + number("SQLFLOWC_PROGRAMS", usual)
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Effect {
    pub(crate) reads: BTreeSet<String>,
    pub(crate) writes: BTreeSet<String>,
    pub(crate) is_barrier: bool,
}

impl Effect {
    /// Whether the order of two statements matters.
    pub(crate) fn conflicts(&self, other: &Effect) -> bool {
        self.is_barrier
            || other.is_barrier
            || !self.writes.is_disjoint(&other.reads)
            || !self.reads.is_disjoint(&other.writes)
            || !self.writes.is_disjoint(&other.writes)
    }
}

pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) effect: Effect,
    /// Sessions that it takes part in: a transaction, a temporary table.
    pub(crate) sessions: BTreeSet<String>,
    /// A `USE` is no step.
    pub(crate) is_step: bool,
}

/// What a view or a macro names.
#[derive(Debug, Default, Clone)]
struct Body {
    tables: BTreeSet<String>,
    macros: BTreeSet<String>,
    /// What its tables were renamed to since: databases differ in whether a
    /// view follows, so the compiler takes it to read both.
    renamed: BTreeSet<String>,
}

/// Tables and views of one name in two schemas may be one for the compiler,
/// as the documentation says; here no name is in two.
const TABLES: [&str; 8] = [
    "t0", "t1", "t2", "t3", "north.n0", "north.n1", "south.o0", "south.o1",
];
const VIEWS: [&str; 5] = ["v0", "v1", "v2", "north.w0", "south.w1"];
const MACROS: [&str; 2] = ["m0", "m1"];
const SEQUENCES: [&str; 2] = ["q0", "q1"];
const SCHEMAS: [&str; 2] = ["north", "south"];
const FILES: [&str; 2] = ["f0.csv", "f1.csv"];
/// Indexes are made on the tables of the default schema only.
const INDEXES: [&str; 2] = ["i0", "i1"];

/// A program that comes to be, and what is there at its end.
struct Author {
    random: Random,
    statements: Vec<Statement>,
    schemas: BTreeSet<&'static str>,
    tables: BTreeSet<String>,
    views: BTreeMap<String, Body>,
    macros: BTreeMap<String, Body>,
    sequences: BTreeSet<&'static str>,
    files: BTreeSet<&'static str>,
    /// The sequence that the default of a table draws from.
    draws: BTreeMap<String, &'static str>,
    /// The table that a table's foreign key points to.
    parents: BTreeMap<String, String>,
    /// The table that an index is on.
    indexes: BTreeMap<&'static str, String>,
    prepared: BTreeMap<String, Effect>,
    temporary: BTreeSet<String>,
    current: Option<&'static str>,
    /// The transaction that is open, and how many statements it still gets.
    transaction: Option<(String, usize)>,
    effect: Effect,
    sessions: BTreeSet<String>,
}

/// A program of about so many statements, one a line. Each bears its number
/// in a comment.
pub(crate) fn program(seed: u64, length: usize) -> Vec<Statement> {
    let mut author = Author {
        random: Random::new(seed),
        statements: Vec::new(),
        schemas: BTreeSet::new(),
        tables: BTreeSet::new(),
        views: BTreeMap::new(),
        macros: BTreeMap::new(),
        sequences: BTreeSet::new(),
        files: BTreeSet::new(),
        draws: BTreeMap::new(),
        parents: BTreeMap::new(),
        indexes: BTreeMap::new(),
        prepared: BTreeMap::new(),
        temporary: BTreeSet::new(),
        current: None,
        transaction: None,
        effect: Effect::default(),
        sessions: BTreeSet::new(),
    };
    while author.statements.len() < length || author.transaction.is_some() {
        author.next();
    }
    author.statements
}

impl Author {
    fn push(&mut self, text: &str, is_step: bool) {
        let mut effect = std::mem::take(&mut self.effect);
        let mut sessions = std::mem::take(&mut self.sessions);
        if let Some((name, _)) = &self.transaction {
            sessions.insert(name.clone());
        }
        if let Some(schema) = self.current {
            // Its step begins with `USE`.
            effect.reads.insert(format!("schema:{schema}"));
        }
        let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
        let number = self.statements.len();
        self.statements.push(Statement {
            text: format!("{first} /*{number}*/ {rest}"),
            effect,
            sessions,
            is_step,
        });
    }

    fn next(&mut self) {
        match &mut self.transaction {
            Some((_, 0)) => {
                let end = self
                    .random
                    .pick(&["COMMIT TRANSACTION", "ROLLBACK TRANSACTION"]);
                self.push(end, true);
                self.transaction = None;
            }
            Some((_, left)) => {
                *left -= 1;
                self.change();
            }
            None => match self.random.below(25) {
                0..=3 => self.create_table(),
                4 | 5 => self.create_view(),
                6 => self.drop_or_rename(),
                7 => self.schema(),
                8 => self.create_macro(),
                9 => self.sequence(),
                10 => self.use_schema(),
                11 => self.export(),
                12 => self.begin(),
                13 => self.temporary(),
                14 => self.other(),
                15 => self.index(),
                16 | 17 => self.prepared(),
                _ => self.change(),
            },
        }
    }

    fn begin(&mut self) {
        let name = format!("transaction {}", self.statements.len());
        self.transaction = Some((name, 1 + self.random.below(3)));
        self.push("BEGIN TRANSACTION", true);
    }

    /// Notes a table or view that a statement uses, with all behind it.
    fn touch(&self, name: &str, effect: &mut Effect) {
        effect.reads.insert(format!("table:{name}"));
        Self::inside(name, effect);
        if let Some(body) = self.views.get(name) {
            self.touch_body(body, effect);
        }
    }

    fn touch_body(&self, body: &Body, effect: &mut Effect) {
        for table in body.tables.iter().chain(&body.renamed) {
            self.touch(table, effect);
        }
        for name in &body.macros {
            effect.reads.insert(format!("function:{name}"));
            if let Some(body) = self.macros.get(name) {
                self.touch_body(body, effect);
            }
        }
    }

    /// Who uses a table needs its schema.
    fn inside(name: &str, effect: &mut Effect) {
        if let Some((schema, _)) = name.split_once('.') {
            effect.reads.insert(format!("schema:{schema}"));
        }
    }

    fn writes(&mut self, name: &str) {
        self.effect.writes.insert(format!("table:{name}"));
        Self::inside(name, &mut self.effect);
    }

    fn is_there(&self, name: &str) -> bool {
        self.tables.contains(name) || self.views.get(name).is_some_and(|body| self.is_whole(body))
    }

    fn is_whole(&self, body: &Body) -> bool {
        body.tables.iter().all(|table| self.is_there(table))
            && body.macros.iter().all(|name| {
                let found = self.macros.get(name);
                found.is_some_and(|body| self.is_whole(body))
            })
    }

    /// A name as it may be written here; in a definition, as it means the same
    /// everywhere.
    fn spelled(&mut self, name: &str, is_definition: bool) -> String {
        let coin = self.random.below(4);
        match name.split_once('.') {
            Some((schema, table)) if self.current == Some(schema) && !is_definition && coin < 2 => {
                table.to_owned()
            }
            Some((schema, table)) if coin == 3 => format!("{}.\"{table}\"", schema.to_uppercase()),
            Some(_) => name.to_owned(),
            None if is_definition || self.current.is_some() => format!("main.{name}"),
            None => match coin {
                0 => name.to_uppercase(),
                1 => format!("main.{name}"),
                2 => format!("\"{name}\""),
                _ => name.to_owned(),
            },
        }
    }

    /// A relation with a column `x`, noted in the effect and the body. What
    /// leads to `avoid` is not chosen, nor what no later session has.
    fn source(&mut self, body: &mut Body, avoid: Option<&str>) -> String {
        let mut choices: Vec<String> = Vec::new();
        for name in TABLES.iter().chain(&VIEWS) {
            let mut effect = Effect::default();
            self.touch(name, &mut effect);
            let is_avoided = avoid.is_some_and(|avoid| effect.reads.contains(avoid));
            if self.is_there(name) && !is_avoided {
                choices.push((*name).to_owned());
            }
        }
        if avoid.is_none() {
            choices.extend(self.files.iter().map(|file| (*file).to_owned()));
            choices.extend(self.temporary.iter().cloned());
        }
        if choices.is_empty() {
            return format!("(SELECT {} AS x)", self.random.below(100));
        }
        let chosen = choices[self.random.below(choices.len())].clone();
        if FILES.contains(&chosen.as_str()) {
            self.effect.reads.insert(format!("file:{chosen}"));
            return format!("read_csv('{chosen}', header = true, columns = {{'x': 'BIGINT'}})");
        }
        if self.temporary.contains(&chosen) {
            self.sessions.insert(chosen.clone());
            return chosen;
        }
        let mut effect = std::mem::take(&mut self.effect);
        self.touch(&chosen, &mut effect);
        self.effect = effect;
        body.tables.insert(chosen.clone());
        self.spelled(&chosen, avoid.is_some())
    }

    /// A query of one column `x`.
    fn query(&mut self, body: &mut Body, avoid: Option<&str>) -> String {
        let one = self.source(body, avoid);
        let number = self.random.below(100);
        match self.random.below(8) {
            0 => {
                let other = self.source(body, avoid);
                format!("SELECT l.x AS x FROM {one} AS l JOIN {other} AS r ON (l.x = r.x)")
            }
            1 => {
                let other = self.source(body, avoid);
                format!("SELECT x FROM {one} UNION SELECT x FROM {other}")
            }
            2 => {
                let other = self.source(body, avoid);
                format!("SELECT max(x) AS x FROM {one} WHERE x NOT IN (SELECT x FROM {other})")
            }
            // The name of a table, hidden.
            3 => {
                let hidden = self.random.pick(&["t0", "t1", "v0"]);
                format!("WITH {hidden} AS (SELECT x FROM {one}) SELECT x FROM {hidden}")
            }
            4 | 5 if self.current.is_none() => match self.callable(avoid) {
                Some(name) => {
                    body.macros.insert(name.clone());
                    let mut effect = std::mem::take(&mut self.effect);
                    let called = Body {
                        macros: [name.clone()].into(),
                        ..Body::default()
                    };
                    self.touch_body(&called, &mut effect);
                    self.effect = effect;
                    format!("SELECT {name}(x) AS x FROM {one}")
                }
                None => format!("SELECT {number} AS x FROM {one} LIMIT 1"),
            },
            _ => format!("SELECT (x + {number}) % 100 AS x FROM {one}"),
        }
    }

    fn callable(&mut self, avoid: Option<&str>) -> Option<String> {
        let name = self.random.pick(&MACROS).to_owned();
        let body = Body {
            macros: [name.clone()].into(),
            ..Body::default()
        };
        let mut effect = Effect::default();
        self.touch_body(&body, &mut effect);
        let is_avoided = avoid.is_some_and(|avoid| effect.reads.contains(avoid));
        (self.is_whole(&body) && !is_avoided).then_some(name)
    }

    fn plain_query(&mut self) -> String {
        self.query(&mut Body::default(), None)
    }

    /// One of the names whose schema is there.
    fn name(&mut self, names: &[&'static str]) -> &'static str {
        loop {
            let name = self.random.pick(names);
            match name.split_once('.') {
                Some((schema, _)) if !self.schemas.contains(schema) => {}
                _ => return name,
            }
        }
    }

    fn create_table(&mut self) {
        let table = self.name(&TABLES);
        let is_there = self.tables.contains(table);
        if self.is_parent(table) {
            return;
        }
        let drawn = self.draws.get(table).copied();
        let sequence = self.sequences.first().copied();
        let written = self.spelled(table, self.current.is_some());
        let free_of = self.parents.get(table).cloned();
        let text = match self.random.below(8) {
            0 if drawn.is_none() && free_of.is_none() => {
                let query = self.plain_query();
                format!("CREATE TABLE IF NOT EXISTS {written} AS {query}")
            }
            1 => format!("CREATE OR REPLACE TABLE {written} (x BIGINT PRIMARY KEY)"),
            6 | 7 if self.parent_of(table).is_some() => {
                let parent = self.parent_of(table).unwrap();
                self.effect.reads.insert(format!("table:{parent}"));
                let named = self.spelled(&parent, self.current.is_some());
                self.parents.insert(table.to_owned(), parent);
                format!("CREATE OR REPLACE TABLE {written} (x BIGINT REFERENCES {named} (x))")
            }
            2 if !is_there => {
                let query = self.plain_query();
                format!("CREATE TABLE {written} AS {query}")
            }
            3 if self.current.is_none() && sequence.is_some() && !is_there => {
                let sequence = sequence.unwrap();
                self.effect.reads.insert(format!("sequence:{sequence}"));
                self.draws.insert(table.to_owned(), sequence);
                format!("CREATE TABLE {written} (x BIGINT, k BIGINT DEFAULT nextval('{sequence}'))")
            }
            _ => {
                let query = self.plain_query();
                self.draws.remove(table);
                format!("CREATE OR REPLACE TABLE {written} AS {query}")
            }
        };
        if text.contains("PRIMARY KEY") || text.contains("REFERENCES") {
            self.draws.remove(table);
        }
        if let Some(parent) = free_of {
            self.effect.reads.insert(format!("table:{parent}"));
            if !text.contains("REFERENCES") {
                self.parents.remove(table);
            }
        }
        if !text.contains("IF NOT EXISTS") {
            self.indexes.retain(|_, of| of != table);
        }
        if let Some(sequence) = drawn {
            // The sequence must outlive the table that is replaced.
            self.effect.reads.insert(format!("sequence:{sequence}"));
        }
        self.writes(table);
        self.tables.insert(table.to_owned());
        self.push(&text, true);
    }

    fn create_view(&mut self) {
        let view = self.name(&VIEWS);
        let written = self.spelled(view, self.current.is_some());
        let mut body = Body::default();
        let query = self.query(&mut body, Some(&format!("table:{view}")));
        self.writes(view);
        self.views.insert(view.to_owned(), body);
        self.push(
            &format!("CREATE OR REPLACE VIEW {written} AS {query}"),
            true,
        );
    }

    fn create_macro(&mut self) {
        if self.current.is_some() {
            return;
        }
        let name = self.random.pick(&MACROS);
        let mut body = Body::default();
        let source = self.source(&mut body, Some(&format!("function:{name}")));
        self.effect.writes.insert(format!("function:{name}"));
        self.macros.insert(name.to_owned(), body);
        self.push(
            &format!("CREATE OR REPLACE MACRO {name}(a) AS a + (SELECT count(*) FROM {source})"),
            true,
        );
    }

    fn sequence(&mut self) {
        if self.current.is_some() {
            return;
        }
        let sequence = self.random.pick(&SEQUENCES);
        if self.sequences.insert(sequence) {
            self.effect.writes.insert(format!("sequence:{sequence}"));
            self.push(&format!("CREATE SEQUENCE {sequence}"), true);
        }
    }

    fn schema(&mut self) {
        let schema = self.random.pick(&SCHEMAS);
        let is_there = self.schemas.contains(schema);
        if is_there && (self.random.below(3) > 0 || self.current == Some(schema)) {
            return;
        }
        self.effect.writes.insert(format!("schema:{schema}"));
        if is_there {
            let prefix = format!("{schema}.");
            self.schemas.remove(schema);
            self.tables.retain(|name| !name.starts_with(&prefix));
            self.views.retain(|name, _| !name.starts_with(&prefix));
            self.draws.retain(|name, _| !name.starts_with(&prefix));
            self.push(&format!("DROP SCHEMA {schema} CASCADE"), true);
        } else {
            self.schemas.insert(schema);
            self.push(&format!("CREATE SCHEMA {schema}"), true);
        }
    }

    fn use_schema(&mut self) {
        let there: Vec<_> = self.schemas.iter().copied().collect();
        let chosen = self.random.below(there.len() + 1);
        // Its own effect is that of the steps which repeat it.
        self.current = there.get(chosen).copied();
        self.push(&format!("USE {}", self.current.unwrap_or("main")), false);
    }

    fn drop_or_rename(&mut self) {
        let tables: Vec<_> = self.tables.iter().cloned().collect();
        let views: Vec<_> = self.views.keys().cloned().collect();
        if self.random.below(2) == 0 && !views.is_empty() {
            let view = views[self.random.below(views.len())].clone();
            let written = self.spelled(&view, false);
            self.views.remove(&view);
            self.writes(&view);
            return self.push(&format!("DROP VIEW {written}"), true);
        }
        if tables.is_empty() {
            return;
        }
        let table = tables[self.random.below(tables.len())].clone();
        if self.is_parent(&table) {
            return;
        }
        // What hangs on a table makes it hard to rename in DuckDB.
        let is_bound = self.indexes.values().any(|of| *of == table);
        let written = self.spelled(&table, false);
        let parent = self.parents.remove(&table);
        self.indexes.retain(|_, of| *of != table);
        let schema = table.split_once('.').map(|(schema, _)| schema);
        let other = TABLES.iter().find(|other| {
            let own = other.split_once('.').map(|(schema, _)| schema);
            own == schema && !self.tables.contains(**other)
        });
        let draws = self.draws.remove(&table);
        self.tables.remove(&table);
        self.writes(&table);
        match other {
            Some(other) if self.random.below(2) == 0 && parent.is_none() && !is_bound => {
                self.writes(other);
                self.tables.insert((*other).to_owned());
                for body in self.views.values_mut() {
                    if body.tables.contains(&table) || body.renamed.contains(&table) {
                        body.renamed.insert((*other).to_owned());
                    }
                }
                if let Some(sequence) = draws {
                    self.draws.insert((*other).to_owned(), sequence);
                }
                let last = other.rsplit('.').next().unwrap_or_default();
                self.push(&format!("ALTER TABLE {written} RENAME TO {last}"), true);
            }
            _ => {
                if let Some(sequence) = draws {
                    self.effect.reads.insert(format!("sequence:{sequence}"));
                }
                if let Some(parent) = parent {
                    self.effect.reads.insert(format!("table:{parent}"));
                }
                self.push(&format!("DROP TABLE {written}"), true);
            }
        }
    }

    fn is_parent(&self, table: &str) -> bool {
        self.parents.values().any(|parent| parent == table)
    }

    /// A table that a foreign key of another one may point to: DuckDB takes
    /// only those of the same schema.
    fn parent_of(&self, table: &str) -> Option<String> {
        let mut others = self.tables.iter().filter(|other| {
            !other.contains('.') && *other != table && !self.parents.contains_key(*other)
        });
        let other = others.next().filter(|_| !table.contains('.'));
        other.cloned()
    }

    fn index(&mut self) {
        if self.current.is_some() {
            return;
        }
        let index = INDEXES[self.random.below(INDEXES.len())];
        if let Some(table) = self.indexes.remove(index) {
            self.writes(index);
            self.writes(&table);
            return self.push(&format!("DROP INDEX {index}"), true);
        }
        let mut tables = self.tables.iter().filter(|table| !table.contains('.'));
        let Some(table) = tables.next_back().cloned() else {
            return;
        };
        let written = self.spelled(&table, false);
        self.writes(index);
        self.writes(&table);
        self.indexes.insert(index, table);
        self.push(&format!("CREATE INDEX {index} ON {written} (x)"), true);
    }

    /// Prepares an INSERT, or executes what is prepared.
    fn prepared(&mut self) {
        let name = self.prepared.keys().next().cloned();
        if let Some(name) = name.filter(|_| self.random.below(3) > 0) {
            self.effect = self.prepared[&name].clone();
            self.sessions.insert(name.clone());
            self.push(&format!("EXECUTE {name}"), true);
            if self.random.below(2) == 0 {
                self.prepared.remove(&name);
                self.sessions.insert(name.clone());
                self.push(&format!("DEALLOCATE {name}"), true);
            }
            return;
        }
        let tables: Vec<_> = self.tables.iter().cloned().collect();
        if tables.is_empty() || !self.temporary.is_empty() {
            return;
        }
        let table = tables[self.random.below(tables.len())].clone();
        let written = self.spelled(&table, false);
        let query = self.plain_query();
        self.writes(&table);
        if let Some(sequence) = self.draws.get(&table) {
            self.effect.writes.insert(format!("sequence:{sequence}"));
        }
        if let Some(parent) = self.parents.get(&table) {
            self.effect.reads.insert(format!("table:{parent}"));
        }
        let name = format!("p{}", self.statements.len());
        self.prepared.insert(name.clone(), self.effect.clone());
        // Nothing is written before it is executed.
        let mut writes = std::mem::take(&mut self.effect.writes);
        self.effect.reads.append(&mut writes);
        self.sessions.insert(name.clone());
        self.push(
            &format!("PREPARE {name} AS INSERT INTO {written} (x) {query}"),
            true,
        );
    }

    fn export(&mut self) {
        let file = self.random.pick(&FILES);
        let query = self.plain_query();
        if self.effect.reads.contains(&format!("file:{file}")) {
            self.effect = Effect::default();
            self.sessions.clear();
            return;
        }
        self.effect.writes.insert(format!("file:{file}"));
        self.files.insert(file);
        self.push(&format!("COPY ({query}) TO '{file}' (HEADER)"), true);
    }

    fn temporary(&mut self) {
        let there: Vec<_> = self.temporary.iter().cloned().collect();
        if let Some(table) = there.first() {
            self.temporary.remove(table);
            self.sessions.insert(table.clone());
            return self.push(&format!("DROP TABLE {table}"), true);
        }
        let table = format!("x{}", self.statements.len());
        let query = self.plain_query();
        self.sessions.insert(table.clone());
        self.temporary.insert(table.clone());
        self.push(&format!("CREATE TEMPORARY TABLE {table} AS {query}"), true);
    }

    /// What changes no rows.
    fn other(&mut self) {
        match self.random.below(4) {
            0 => {
                self.effect.is_barrier = true;
                self.push("SELECT table_name FROM information_schema.tables", true);
            }
            1 => {
                let query = self.plain_query();
                self.push(&format!("EXPLAIN {query}"), true);
            }
            _ => {
                let query = self.plain_query();
                self.push(&query, true);
            }
        }
    }

    /// Changes the rows of a table.
    fn change(&mut self) {
        let tables: Vec<_> = self.tables.iter().cloned().collect();
        if tables.is_empty() {
            return;
        }
        let table = tables[self.random.below(tables.len())].clone();
        let written = self.spelled(&table, false);
        let number = self.random.below(100);
        let sequence = self.sequences.last().copied();
        let text = match self.random.below(11) {
            0 if self.current.is_none() && sequence.is_some() => {
                let sequence = sequence.unwrap();
                self.effect.writes.insert(format!("sequence:{sequence}"));
                format!("INSERT INTO {written} (x) SELECT 1000 + nextval('{sequence}')")
            }
            0..=2 => {
                let query = self.plain_query();
                format!("INSERT INTO {written} (x) {query}")
            }
            3 => {
                let query = self.plain_query();
                format!("INSERT INTO {written} (x) {query} ON CONFLICT DO NOTHING")
            }
            4 if !self.files.is_empty() => {
                let file = *self.files.first().unwrap();
                self.effect.reads.insert(format!("file:{file}"));
                format!("COPY {written} (x) FROM '{file}' (HEADER)")
            }
            4 | 5 => {
                let query = self.plain_query();
                format!(
                    "MERGE INTO {written} AS m USING ({query}) AS n ON (m.x = n.x) WHEN NOT MATCHED THEN INSERT (x) VALUES (n.x)"
                )
            }
            6 => {
                let query = self.plain_query();
                format!(
                    "UPDATE {written} SET x = n.x + {number} FROM ({query}) AS n WHERE n.x = {number}"
                )
            }
            7 => {
                let query = self.plain_query();
                format!("DELETE FROM {written} AS m USING ({query}) AS n WHERE m.x = n.x")
            }
            8 => format!("TRUNCATE {written}"),
            9 => {
                let query = self.plain_query();
                format!(
                    "INSERT INTO {written} (x) SELECT DISTINCT x FROM ({query}) ON CONFLICT (x) DO UPDATE SET x = excluded.x"
                )
            }
            _ => {
                let query = self.plain_query();
                format!("UPDATE {written} SET x = x + 1 WHERE x IN ({query})")
            }
        };
        // An UPDATE may set the default.
        let is_less = text.starts_with("DELETE") || text.starts_with("TRUNCATE");
        if let Some(sequence) = self.draws.get(&table).filter(|_| !is_less) {
            self.effect.writes.insert(format!("sequence:{sequence}"));
        }
        if let Some(parent) = self.parents.get(&table).filter(|_| !is_less) {
            self.effect.reads.insert(format!("table:{parent}"));
        }
        // New rows alone are nothing to who points here.
        let is_more = (text.starts_with("INSERT") || text.starts_with("COPY"))
            && !text.contains("ON CONFLICT");
        for (child, parent) in &self.parents {
            if *parent == table && !is_more {
                self.effect.reads.insert(format!("table:{child}"));
            }
        }
        self.writes(&table);
        self.push(&text, true);
    }
}
