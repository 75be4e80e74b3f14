//! Words of the language in any order → statements, in every dialect.
#![no_main]

mod input;
#[allow(dead_code, reason = "each target uses its part")]
#[path = "../../tests/support/options.rs"]
mod options;
#[allow(dead_code, reason = "each target uses its part")]
#[path = "../../tests/support/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (dialect, text) = input::words(data);
    properties::statements_are_independent(&text, dialect);
});
