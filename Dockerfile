# bench-runner in a small image: docker build -t genlab . && docker run --rm -v "$PWD/runs:/data/runs" genlab --model vae
FROM rust:1.95-bookworm AS builder
WORKDIR /genlab
COPY . .
RUN cargo build --locked --release -p bench-runner

FROM debian:bookworm-slim
COPY --from=builder /genlab/target/release/bench-runner /usr/local/bin/bench-runner
COPY --from=builder /genlab/LICENSE-MIT /genlab/LICENSE-APACHE /usr/share/doc/genlab/
WORKDIR /data
ENTRYPOINT ["bench-runner"]
