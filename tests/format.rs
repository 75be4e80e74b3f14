//! Formatting loses nothing, changes no meaning, and is done after once.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use support::formatting::check;

use std::fmt::Write;

use sqlflowc::source::SourceFile;
use sqlflowc::syntax::format::format;
use sqlflowc::syntax::sql::Dialect;

#[test]
fn programs_keep_their_meaning() {
    let mut programs = support::examples();
    programs.extend(support::programs("errors"));
    programs.extend(support::programs("hostile"));
    for program in programs {
        let source = support::source(&program);
        let text = source.text();
        check(text, Dialect::DuckDb);
        check(&format!("{}{text}", SourceFile::MARK), Dialect::DuckDb);
        let windows = text.replace("\r\n", "\n").replace('\n', "\r\n");
        let windows = check(&windows, Dialect::DuckDb);
        let is_windows = windows.matches('\n').count() == windows.matches("\r\n").count();
        assert!(is_windows, "{}", program.display());
    }
}

#[test]
fn the_examples_are_in_canonical_form() {
    for program in support::examples() {
        let source = support::source(&program);
        let formatted = format(&source, Dialect::DuckDb);
        assert_eq!(formatted.text, source.text(), "{}", program.display());
    }
}

/// Numbers that look random and are the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn pick<'a>(&mut self, among: &[&'a str]) -> &'a str {
        among[self.roll(among.len())]
    }
}

/// Writes random programs, word by word, with anything that may stand between
/// two words.
struct Author {
    dice: Dice,
    text: String,
    comments: usize,
    /// How many of a hundred gaps have a comment.
    share: usize,
}

impl Author {
    fn gap(&mut self) {
        let mut is_apart = false;
        while self.dice.roll(100) < self.share {
            let n = self.comments;
            self.comments += 1;
            let blank = self.dice.pick(&["", " ", "\n", "\n\n", "  ", "\n\t"]);
            let comment = match self.dice.roll(6) {
                0 | 1 => format!("-- c{n}\n"),
                2 | 3 => format!("/* c{n} */"),
                4 => format!("/* c{n}\n  more */"),
                _ => format!("-- sqlflowc: cpu={n}\n"),
            };
            write!(self.text, "{blank}{comment}").unwrap();
            is_apart = true;
        }
        let blanks = [" ", " ", "  ", "\n", "\n    ", "\n\n", " \n\n\n "];
        let blank = self.dice.pick(&blanks);
        if !is_apart || self.dice.roll(2) == 0 {
            self.text.push_str(blank);
        }
    }

    fn say(&mut self, words: &str) {
        for word in words.split(' ') {
            self.gap();
            self.text.push_str(word);
        }
    }

    fn list(&mut self, longest: usize, item: fn(&mut Author)) {
        let count = 1 + self.dice.roll(longest);
        for at in 0..count {
            if at > 0 {
                self.say(",");
            }
            item(self);
        }
    }

    fn name(&mut self) {
        let name = self.dice.pick(&[
            "a",
            "label",
            "with",
            "into",
            "\"x;y\"",
            "_z",
            "column",
            "train",
            "sepal_length",
            "to",
        ]);
        self.say(name);
    }

    fn dotted(&mut self) {
        self.name();
        while self.dice.roll(3) == 0 {
            self.say(".");
            self.name();
        }
    }

    fn value(&mut self) {
        match self.dice.roll(9) {
            0 => self.say("- 1"),
            1 => self.say("[ 64 , 32 , ]"),
            2 => self.say("[ ]"),
            3 => self.say("multi:softmax"),
            4 => self.say("'it''s'"),
            5 => {
                self.gap();
                self.text.push_str("\"SELECT *\n  FROM t -- no comment\"");
            }
            6 => self.say("[ [ - 1 ] , 'a' ]"),
            7 => self.say("true"),
            _ => self.say(".5e-3"),
        }
    }

    fn attribute(&mut self) {
        let name = self
            .dice
            .pick(&["eta", "train . epoch", "train.epoch", "with", "label"]);
        self.say(name);
        self.say("=");
        self.value();
    }

    fn attributes(&mut self) {
        self.say("WITH");
        self.list(7, Author::attribute);
        if self.dice.roll(4) == 0 {
            self.say(",");
        }
    }

    fn column(&mut self) {
        match self.dice.roll(7) {
            0 => self.say("DENSE ( a , none , COMMA )"),
            1 => self.say("INDICATOR ( CROSS ( [ a , BUCKET ( b , [ 1 , - 2 ] ) ] , 10 ) )"),
            2 => self.say("'pixel_.*'"),
            3 => self.say("*"),
            _ => self.name(),
        }
    }

    fn columns(&mut self) {
        self.say("column");
        self.list(9, Author::column);
        if self.dice.roll(4) == 0 {
            self.say(",");
        }
    }

    fn constraint(&mut self) {
        self.say("SUM(x)  <= 10");
        if self.dice.roll(2) == 0 {
            self.say("group by");
            self.name();
        }
    }

    fn one(&mut self, word: &str) {
        self.say(word);
        self.dotted();
    }

    fn sub_clauses(&mut self, among: &[&str]) {
        let mut left: Vec<_> = among.to_vec();
        while !left.is_empty() {
            let word = left.remove(self.dice.roll(left.len()));
            match word {
                "WITH" => self.attributes(),
                "COLUMN" => self.columns(),
                "FOR" => {
                    self.columns();
                    self.say("FOR");
                    self.name();
                }
                "LABEL" => {
                    self.say("LABEL");
                    self.name();
                }
                "CMD" => {
                    self.say("CMD");
                    self.list(4, |author| author.say("\"python\""));
                }
                "CONSTRAINT" => {
                    self.say("CONSTRAINT");
                    self.list(3, Author::constraint);
                }
                word => self.one(word),
            }
        }
    }

    fn statement(&mut self) {
        let query = self.dice.pick(&[
            "SELECT * FROM t",
            "SELECT a\n  AS train -- c\n  FROM t",
            "( SELECT 1 )",
            "WITH a AS (SELECT ';') SELECT * FROM a LIMIT 10",
        ]);
        let kind = self.dice.roll(9);
        if kind > 1 {
            self.gap();
            self.text.push_str(query);
            let to = if kind == 2 { "" } else { "to" };
            if !to.is_empty() {
                self.say(to);
            }
        }
        match kind {
            0 => self.say("INSERT INTO t VALUES (1)"),
            1 => {
                self.say("show train");
                self.dotted();
            }
            2 | 3 => {
                self.say("train DNNClassifier");
                self.sub_clauses(&["WITH", "COLUMN", "FOR", "LABEL", "USING", "INTO"]);
            }
            4 => {
                self.say("predict b .");
                self.dotted();
                self.sub_clauses(&["WITH", "USING"]);
            }
            5 => {
                self.say("Explain m");
                self.sub_clauses(&["WITH", "USING", "INTO"]);
            }
            6 => {
                self.say("evaluate m . n");
                self.sub_clauses(&["LABEL", "WITH"]);
            }
            7 => {
                self.say("RUN host:5000/a/b:v1");
                self.sub_clauses(&["CMD", "INTO"]);
            }
            _ => {
                self.say("MAXIMIZE a  + b");
                self.sub_clauses(&["CONSTRAINT", "WITH", "USING", "INTO"]);
            }
        }
    }

    fn program(&mut self) {
        for _ in 0..1 + self.dice.roll(3) {
            self.statement();
            self.gap();
            self.text.push(';');
            while self.dice.roll(8) == 0 {
                self.gap();
                self.text.push(';');
            }
        }
        if self.dice.roll(3) == 0 {
            self.statement();
        }
        self.gap();
    }
}

#[test]
fn random_programs_keep_their_meaning() {
    let (mut parsed, programs) = (0, 640);
    for seed in 1..=programs {
        let dialect = Dialect::ALL[seed % Dialect::ALL.len()];
        let mut author = Author {
            dice: Dice((seed as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            text: String::new(),
            comments: 0,
            share: [0, 3, 20, 45][seed / Dialect::ALL.len() % 4],
        };
        author.program();
        let formatted = check(&author.text, dialect);
        let source = SourceFile::new("program.sql", formatted);
        parsed += usize::from(format(&source, dialect).errors.is_empty());
    }
    assert!(parsed > programs / 2, "only {parsed} of the programs parse");
}
