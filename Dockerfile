# Two stages: the toolchain builds, a small image runs as nobody.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin roundsman

FROM debian:bookworm-slim
# The system's CA files: the model's, the clusters' and the platforms' certificates are checked against them.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/roundsman /usr/local/bin/roundsman
USER 65532:65532
VOLUME /var/lib/roundsman
ENTRYPOINT ["/usr/local/bin/roundsman"]
CMD ["run", "--config", "/etc/roundsman/roundsman.toml"]
