# Two commands matter: `make demo` shows the main job on real hosts, `make test` passes all tests.
# Both install what they need on a Debian machine with root and Rust.

.PHONY: demo test build lint setup ci advisories fuzz

demo: setup
	cargo build --release --locked
	./demo/quorum-lost.sh target/release/rrecover

test: setup
	cargo test --locked -- --test-threads=2

build: setup
	cargo build --release --locked

lint: setup
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' cargo doc --locked --no-deps --document-private-items
	git ls-files -z '*.sh' | xargs -0 shellcheck --shell=sh
	shellcheck .ci/run
	./tools/deny.sh bans licenses sources

setup:
	./tools/setup.sh

ci:
	./.ci/run

advisories:
	./tools/deny.sh advisories

# Ten minutes a target; needs cargo-fuzz.
fuzz:
	./tools/fuzz.sh 600
