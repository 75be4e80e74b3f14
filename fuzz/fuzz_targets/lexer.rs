//! Text of any kind → tokens, in every dialect.
#![no_main]

mod input;
#[allow(dead_code, reason = "each target uses its part")]
#[path = "../../tests/support/options.rs"]
mod options;
#[allow(dead_code, reason = "each target uses its part")]
#[path = "../../tests/support/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (dialect, text) = input::text(data);
    properties::tokens_cover_the_text(&text, dialect);
});
