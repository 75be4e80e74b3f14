//! Clauses of the language in any order → every target.
#![no_main]

mod input;
#[allow(dead_code, reason = "each target uses its part")]
#[path = "../../tests/support/options.rs"]
mod options;
#[allow(dead_code, reason = "each target uses its part")]
#[path = "../../tests/support/properties.rs"]
mod properties;

use sqlflowc::syntax::sql::Unparsed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (dialect, text) = input::program(data);
    let unparsed = match data.len() % 2 {
        0 => Unparsed::Error,
        _ => Unparsed::Barrier,
    };
    properties::compiles_or_says_why(&text, dialect, unparsed);
});
