//! Clauses of the language in any order → canonical form.
#![no_main]

#[path = "../../tests/support/formatting.rs"]
mod formatting;
mod input;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (dialect, text) = input::program(data);
    formatting::check(&text, dialect);
});
