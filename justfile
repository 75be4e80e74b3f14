# Everything that must pass
ci:
    .ci/run

test:
    cargo test

# Accept snapshots after reading them
snapshots:
    INSTA_UPDATE=always cargo test --test snapshots
    git diff --stat snapshots

lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
