//! The compiler carries the step runtime's files, so it is built anew when one
//! of them comes or goes; Cargo would only notice changes of known ones.

fn main() {
    println!("cargo:rerun-if-changed=runtime/src");
}
