//! Tokenizes and parses each statement of a program with `sqlparser`, in one
//! thread, drops it, and prints as many bytes as a compiler would: what no
//! compiler of such programs can do without.
//!
//! It is no compiler. A statement ends at the next `;` and an ML clause begins
//! at the first `TO`, which is true of the programs of `benches/generate` only.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use sqlparser::dialect::DuckDbDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (Some(program), Some(bytes)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: floor PROGRAM BYTES");
        return ExitCode::from(2);
    };
    let text = fs::read_to_string(program).expect("the program can be read");
    let bytes: usize = bytes.parse().expect("BYTES is a number");
    let statements = text.matches(';').count();
    let share = bytes / statements.max(1);
    let mut out = io::BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let mut rest = text.as_str();
    while let Some(end) = rest.find(';') {
        let statement = &rest[..end];
        rest = &rest[end + 1..];
        parse(statement);
        let mut wanted = share;
        while wanted > 0 {
            let piece = &statement.as_bytes()[..wanted.min(statement.len())];
            out.write_all(piece).expect("standard output takes it");
            wanted -= piece.len();
        }
    }
    out.flush().expect("standard output takes it");
    ExitCode::SUCCESS
}

fn parse(statement: &str) {
    let mut tokens: Vec<TokenWithSpan> = Tokenizer::new(&DuckDbDialect {}, statement)
        .tokenize_with_location()
        .expect("the program has no broken token");
    let clause = tokens.iter().position(
        |token| matches!(&token.token, Token::Word(word) if word.keyword == Keyword::TO),
    );
    tokens.truncate(clause.unwrap_or(tokens.len()));
    Parser::new(&DuckDbDialect {})
        .with_tokens_with_locations(tokens)
        .parse_statement()
        .expect("the program has no broken statement");
}
